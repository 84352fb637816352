//! What a population's texts are cut from: one function gives a text of exactly N tokens.
//!
//! A text begins with words of the vocabulary, drawn one by one, whatever it is cut from: two texts
//! practically never begin alike, so a server's prefix cache is not hit by accident, and what
//! follows stands behind a letter, which is where the counts of [`pieces`](super::pieces) add up.

use std::ops::Range;
use std::sync::Arc;

use super::code;
use super::corpus::Corpus;
use super::pieces::Pieces;
use super::prompt::{Place, prompt_at};
use super::tokenizer::{Tokenizer, TokenizerError};
use crate::rng::{Component, Seed, Stream};
use crate::spec::CorpusRef;
use sha2::{Digest as _, Sha256};

/// What texts are cut from; a copy is a pointer.
#[derive(Clone)]
pub enum Source {
    /// The built-in words, laid out once.
    Words(Arc<Corpus>),
    /// These words, each drawn by itself: no text but its own.
    Random(Arc<[String]>),
    /// A text of any kind, cut where counts add up.
    Pieces(Arc<Pieces>),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Bytes of [`Source::text`].
    Corpus(Range<u32>),
    /// Bytes of [`TextOut::own`].
    Own(Range<usize>),
}

/// Texts in the making. Everything in it is escaped for JSON.
#[derive(Clone, Debug, Default)]
pub struct TextOut {
    pub rope: Vec<Cut>,
    /// Text that stands nowhere else.
    pub own: String,
}

impl TextOut {
    /// Appends one word of its own, with its space unless it begins a text.
    pub(super) fn push_word(&mut self, word: &str, place: Place) {
        let begin = self.own.len();
        if place == Place::Behind {
            self.own.push(' ');
        }
        self.own.push_str(word);
        match self.rope.last_mut() {
            Some(Cut::Own(last)) if last.end == begin => last.end = self.own.len(),
            _ => self.rope.push(Cut::Own(begin..self.own.len())),
        }
    }
}

impl Source {
    /// Makes or reads what `named` says; `words` are those of `tokenizer`.
    ///
    /// # Errors
    /// [`TokenizerError::CorpusTooShort`], or what the tokenizer has against the text.
    pub fn new(
        named: &CorpusRef,
        seed: Seed,
        words: &Arc<[String]>,
        tokenizer: &Tokenizer,
    ) -> Result<Self, TokenizerError> {
        let pieces = |text: &str| {
            let pieces = Pieces::new(named.name(), text, words, tokenizer)?;
            Ok(Self::Pieces(Arc::new(pieces)))
        };
        match named {
            CorpusRef::Words => Ok(Self::Words(Arc::new(Corpus::generate(seed, words)))),
            CorpusRef::Random => Ok(Self::Random(Arc::clone(words))),
            CorpusRef::Code => pieces(&code::generate(seed, words)),
            CorpusRef::File { text, .. } => pieces(text),
        }
    }

    /// What [`Cut::Corpus`] points into: bytes for the blob, escaped for JSON.
    pub fn text(&self) -> &str {
        match self {
            Self::Words(corpus) => corpus.text(),
            Self::Random(_) => "",
            Self::Pieces(pieces) => pieces.text(),
        }
    }

    /// The places at which texts can be cut; none where each has words of its own.
    pub fn parts(&self) -> u32 {
        match self {
            Self::Words(corpus) => corpus.words(),
            Self::Random(_) => 0,
            Self::Pieces(pieces) => pieces.count(),
        }
    }

    /// SHA-256 of the text, without a lexicon behind it: the identity of the corpus in a manifest.
    pub fn sha256(&self) -> [u8; 32] {
        match self {
            Self::Words(corpus) => corpus.sha256(),
            Self::Random(_) | Self::Pieces(_) => Sha256::digest(self.text()).into(),
        }
    }

    /// What the corpus itself was drawn from.
    pub fn component(named: &CorpusRef) -> Option<Component> {
        match named {
            CorpusRef::Words => Some(Component::CorpusWords),
            CorpusRef::Code => Some(Component::CodeWords),
            CorpusRef::Random | CorpusRef::File { .. } => None,
        }
    }

    /// Appends a text of exactly `tokens` tokens: alone if it stands at the start, and else as
    /// many more behind a word.
    ///
    /// Draws of `Random`: one word for each token. Of `Words`: one word position for each of the
    /// first three tokens, then, if there is a rest, one slice start. Of `Pieces`: the same with
    /// words of the vocabulary, then one piece to begin with, then one word to fill up with, if
    /// the pieces leave a gap.
    ///
    /// # Errors
    /// Only under a tokenizer from a file: [`TokenizerError::Inexact`] and
    /// [`TokenizerError::Encode`].
    pub fn append(
        &self,
        stream: &mut Stream,
        tokens: u32,
        place: Place,
        out: &mut TextOut,
    ) -> Result<(), TokenizerError> {
        match self {
            Self::Words(corpus) => {
                let mut push = |slice| out.rope.push(Cut::Corpus(slice));
                prompt_at(corpus, stream, tokens, place, &mut push);
            }
            Self::Random(words) => {
                let mut place = place;
                for _ in 0..tokens {
                    let word = stream.below(words.len() as u64) as usize;
                    out.push_word(&words[word], place);
                    place = Place::Behind;
                }
            }
            Self::Pieces(pieces) => return pieces.append(stream, tokens, place, out),
        }
        Ok(())
    }

    /// The text of cuts, escaped for JSON, for display and proof; compiling never joins it.
    pub fn render(&self, out: &TextOut) -> String {
        let text = self.text();
        let part = |cut: &Cut| match cut {
            Cut::Corpus(range) => &text[range.start as usize..range.end as usize],
            Cut::Own(range) => &out.own[range.clone()],
        };
        out.rope.iter().map(part).collect()
    }
}
