//! A text of any kind, cut into pieces that are counted once, when it is read; a prompt is a run of
//! them, filled up with words that are one token each.
//!
//! Under an embedded vocabulary the counts add up by construction
//! (see [`Tokenizer::pieces`]); windows are encoded nevertheless when the text is read. Under a
//! tokenizer from a file, or should a window not add up, every prompt is encoded and corrected
//! (`exact`). Refuses a text of few tokens. Escaping for JSON changes no count: what is counted is
//! the text as it was read.

mod cut;
mod exact;
mod lay;

use std::ops::Range;

use rayon::prelude::*;

use super::prompt::Place;
use super::source::{Cut, TextOut};
use super::tokenizer::{Tokenizer, TokenizerError};
use crate::escape::{escaped, places};
use crate::rng::Stream;
use lay::{Draws, Part};

/// Fewest tokens of a text.
pub const MIN_TOKENS: u32 = 1_000;

/// Windows that are encoded to see that counts add up.
const PROOFS: u32 = 64;

/// Tokens of a window.
const PROOF_TOKENS: u32 = 256;

/// A text, where its pieces are, and the words to fill up with.
pub struct Pieces {
    name: String,
    tokenizer: Tokenizer,
    /// As it was read.
    raw: String,
    /// Begin of each piece in `raw`, and the end of the last.
    raw_at: Vec<u32>,
    /// Tokens before each piece, and of all.
    tokens: Vec<u32>,
    /// Pieces that a run may begin with.
    starts: Vec<u32>,
    words: Vec<String>,
    /// Escaped for JSON: `raw`, each word with a space before it, a line end.
    text: String,
    /// Begin of each piece in `text`, and the end of the last.
    at: Vec<u32>,
    /// The same of each word.
    words_at: Vec<u32>,
    line_end: Range<u32>,
    /// Whether the counts of pieces add up.
    adds_up: bool,
}

impl Pieces {
    /// How many pieces there are.
    pub fn count(&self) -> u32 {
        (self.at.len() - 1) as u32
    }

    /// Cuts `raw`, which the spec calls `name`; `words` are those of `tokenizer`.
    ///
    /// # Errors
    /// [`TokenizerError::CorpusTooShort`] and [`TokenizerError::Encode`].
    ///
    /// # Panics
    /// If the text passes 4 GiB escaped.
    pub fn new(
        name: &str,
        raw: &str,
        words: &[String],
        tokenizer: &Tokenizer,
    ) -> Result<Self, TokenizerError> {
        // Behind the end of the last piece a word will stand.
        let raw = raw.trim_end();
        let (mut raw_at, mut tokens) = (vec![0], vec![0]);
        let (mut end, mut counted) = (0, 0);
        for piece in cut::cut(raw, tokenizer)? {
            end += piece.bytes;
            counted += piece.tokens;
            raw_at.push(end);
            tokens.push(counted);
        }
        let too_short = || TokenizerError::CorpusTooShort {
            corpus: name.to_owned(),
            name: tokenizer.name().to_owned(),
            tokens: counted.into(),
            floor: MIN_TOKENS,
        };
        let starts = starts(raw, &raw_at);
        if counted < MIN_TOKENS || starts.is_empty() {
            return Err(too_short());
        }
        let mut pieces = Self {
            name: name.to_owned(),
            tokenizer: tokenizer.clone(),
            at: places(raw, &raw_at),
            text: escaped(raw),
            raw: raw.to_owned(),
            raw_at,
            tokens,
            starts,
            words: words.to_vec(),
            words_at: Vec::new(),
            line_end: 0..0,
            adds_up: tokenizer.adds_up(),
        };
        pieces.append_words();
        pieces.adds_up = pieces.adds_up && pieces.is_proven()?;
        Ok(pieces)
    }

    /// Lays the words and a line end behind the text.
    fn append_words(&mut self) {
        let place = |text: &String| u32::try_from(text.len()).expect("corpus under 4 GiB");
        self.words_at.push(place(&self.text));
        for word in &self.words {
            self.text.push(' ');
            self.text.push_str(word);
            self.words_at.push(place(&self.text));
        }
        let begin = place(&self.text);
        self.text.push_str("\\n");
        self.line_end = begin..place(&self.text);
    }

    /// What [`Cut::Corpus`] points into, escaped for JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text that was cut, without the white space at its end.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Tokens of the text.
    pub fn tokens(&self) -> u32 {
        self.tokens[self.tokens.len() - 1]
    }

    /// Whether texts are made without encoding them.
    pub fn adds_up(&self) -> bool {
        self.adds_up
    }

    /// Appends a text of exactly `tokens` tokens; see [`Source::append`](super::source::Source).
    pub fn append(
        &self,
        stream: &mut Stream,
        tokens: u32,
        place: Place,
        out: &mut TextOut,
    ) -> Result<(), TokenizerError> {
        let mut parts = Vec::new();
        let mut draws = Draws::new(self, stream, tokens);
        match self.adds_up {
            true => self.lay(&mut draws, &mut parts),
            false => self.lay_exactly(&mut draws, place, &mut parts)?,
        }
        let mut place = place;
        for part in &parts {
            let mut slice = self.slice(part);
            slice.start += u32::from(place == Place::Start);
            place = Place::Behind;
            out.rope.push(Cut::Corpus(slice));
        }
        Ok(())
    }

    /// Where a part is in `text`.
    fn slice(&self, part: &Part) -> Range<u32> {
        let of = |at: &[u32], items: &Range<u32>| at[items.start as usize]..at[items.end as usize];
        match part {
            Part::Words(words) => of(&self.words_at, words),
            Part::LineEnd => self.line_end.clone(),
            Part::Run(pieces) => of(&self.at, pieces),
        }
    }

    /// The text of parts as a server counts it, without escapes.
    fn spelt(&self, parts: &[Part], place: Place) -> String {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Words(words) => {
                    for word in &self.words[words.start as usize..words.end as usize] {
                        text.push(' ');
                        text.push_str(word);
                    }
                }
                Part::LineEnd => text.push('\n'),
                Part::Run(run) => {
                    let at = |piece: u32| self.raw_at[piece as usize] as usize;
                    text.push_str(&self.raw[at(run.start)..at(run.end)]);
                }
            }
        }
        if place == Place::Start && !text.is_empty() {
            text.remove(0);
        }
        text
    }

    /// Encodes windows spread over the text, each as a prompt holds it.
    fn is_proven(&self) -> Result<bool, TokenizerError> {
        let window = |proof: u32| {
            let start = u64::from(proof) * self.starts.len() as u64 / u64::from(PROOFS);
            let mut parts = Vec::new();
            let mut draws = Draws::proof(start as u32, PROOF_TOKENS);
            self.lay(&mut draws, &mut parts);
            let counted = self.tokenizer.count(&self.spelt(&parts, Place::Start))?;
            Ok(counted == PROOF_TOKENS as usize)
        };
        let proofs: Vec<bool> = (0..PROOFS)
            .into_par_iter()
            .map(window)
            .collect::<Result<_, _>>()?;
        Ok(proofs.into_iter().all(|is_exact| is_exact))
    }
}

/// Pieces that a run may begin with, behind a word or behind a line end: those that begin with white
/// space, those at the begin of a line, and those of scripts that have no spaces.
fn starts(raw: &str, raw_at: &[u32]) -> Vec<u32> {
    let is_start = |piece: &u32| {
        let at = raw_at[*piece as usize] as usize;
        let first = raw[at..].chars().next();
        let is_line = at == 0 || raw.as_bytes()[at - 1] == b'\n';
        first.is_some_and(|first| match first {
            // Some expressions take it to a line end before it.
            '/' => false,
            _ => is_line || first.is_whitespace() || !first.is_ascii(),
        })
    };
    let pieces = raw_at.len() as u32 - 1;
    (0..pieces).filter(is_start).collect()
}
