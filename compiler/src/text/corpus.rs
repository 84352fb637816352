//! The built-in corpus: 2^17 seeded words, each one token, laid out as sliceable text.
//!
//! Block `k` of 1,024 words comes from stream `k` of `dataset.corpus.words`, so blocks can be
//! made on any thread in any order. Refuses nothing and tokenises nothing: the caller vouches
//! for the words (see [`super::tokenizer::Tokenizer::words`]).

use std::ops::Range;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::rng::{Component, Seed, Stream, Streams};
use crate::samplers::WeightedChoice;

/// Words in the built-in corpus.
pub const CORPUS_WORDS: u32 = 1 << 17;

/// Words drawn from one stream.
pub const BLOCK_WORDS: u32 = 1024;

const _: () = assert!(CORPUS_WORDS.is_multiple_of(BLOCK_WORDS));

/// A text in which every word is preceded by one space, with the place of every word.
pub struct Corpus {
    text: String,
    /// Byte offset of each word's space, and at the end the length of the text.
    starts: Vec<u32>,
    /// The same of each distinct word of the vocabulary, behind the corpus, if there is a need.
    lexicon: Vec<u32>,
}

impl Corpus {
    /// Draws [`CORPUS_WORDS`] from `vocabulary`, which is ordered from frequent to rare: rank r
    /// has weight `2^32 / (r + 10)`, rounded down (Zipf's law with Mandelbrot's offset).
    ///
    /// # Panics
    /// If the vocabulary is empty.
    pub fn generate(seed: Seed, vocabulary: &[impl AsRef<str> + Sync]) -> Self {
        let streams = Streams::new(seed, Component::CorpusWords);
        let choice = WeightedChoice::new((0..vocabulary.len() as u64).map(rank_weight))
            .expect("a corpus needs a vocabulary, of fewer than 2^32 words");
        let ranks: Vec<usize> = (0..CORPUS_WORDS / BLOCK_WORDS)
            .into_par_iter()
            .flat_map_iter(|block| block_ranks(&choice, streams.stream(u64::from(block))))
            .collect();
        Self::from_words(ranks.into_iter().map(|rank| vocabulary[rank].as_ref()))
    }

    /// Lays out these words, in this order.
    ///
    /// # Panics
    /// If there are no words or their text passes 4 GiB.
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        let mut starts = vec![0];
        for word in words {
            text.push(' ');
            text.push_str(word);
            starts.push(u32::try_from(text.len()).expect("corpus under 4 GiB"));
        }
        assert!(starts.len() > 1, "a corpus needs words");
        Self {
            text,
            starts,
            lexicon: Vec::new(),
        }
    }

    /// Appends every word once, so that each can be had by its number.
    ///
    /// # Panics
    /// If the text passes 4 GiB.
    pub fn append_lexicon<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) {
        self.lexicon = vec![self.text.len() as u32];
        for word in words {
            self.text.push(' ');
            self.text.push_str(word);
            let end = u32::try_from(self.text.len()).expect("corpus under 4 GiB");
            self.lexicon.push(end);
        }
    }

    /// Words in the lexicon.
    pub fn lexicon_words(&self) -> u32 {
        self.lexicon.len().saturating_sub(1) as u32
    }

    /// The bytes of a word of the lexicon with its leading space, as a range of
    /// [`text`](Self::text).
    pub fn lexicon_word(&self, word: u32) -> Range<u32> {
        self.lexicon[word as usize]..self.lexicon[word as usize + 1]
    }

    /// The whole text, starting with a space.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many words there are.
    pub fn words(&self) -> u32 {
        (self.starts.len() - 1) as u32
    }

    /// The bytes of words `a..b`, each with its leading space, as a range of [`text`](Self::text).
    pub fn slice(&self, words: Range<u32>) -> Range<u32> {
        self.starts[words.start as usize]..self.starts[words.end as usize]
    }

    /// The text of a rope of byte ranges, for display and proof; compiling never joins it.
    pub fn render(&self, rope: &[Range<u32>]) -> String {
        let part = |range: &Range<u32>| &self.text[range.start as usize..range.end as usize];
        rope.iter().map(part).collect()
    }

    /// SHA-256 of the text without the lexicon: the identity of the corpus in a manifest.
    pub fn sha256(&self) -> [u8; 32] {
        let end = self.starts[self.starts.len() - 1];
        Sha256::digest(&self.text[..end as usize]).into()
    }
}

/// The weight of the word at this rank, counted from 0.
pub(super) fn rank_weight(rank: u64) -> u64 {
    (1 << 32) / (rank + 10)
}

/// The vocabulary ranks of one block's words.
fn block_ranks(choice: &WeightedChoice, mut stream: Stream) -> impl Iterator<Item = usize> {
    (0..BLOCK_WORDS).map(move |_| choice.choose(&mut stream))
}
