//! The embedded vocabularies, o200k_base and cl100k_base, and the words that are one token in
//! them.
//!
//! Refuses to decode (`bpe-openai` panics on ids past its vocabulary) and knows no special
//! tokens: text is counted as ordinary text.

use super::is_word;
use bpe_openai::Tokenizer;

/// One of the vocabularies.
#[derive(Clone, Copy)]
pub struct Embedded {
    pub name: &'static str,
    pub bpe: &'static Tokenizer,
}

impl Embedded {
    pub fn o200k_base() -> Self {
        Self {
            name: "o200k_base",
            bpe: bpe_openai::o200k_base(),
        }
    }

    pub fn cl100k_base() -> Self {
        Self {
            name: "cl100k_base",
            bpe: bpe_openai::cl100k_base(),
        }
    }

    /// The words of two or more ASCII lower-case letters that are one token both alone and after
    /// a space, by ascending id of the form with the space, each proven by encoding it.
    ///
    /// The pre-tokenizers cut before every space, so words joined by single spaces never merge: a
    /// text of such words, the first with or without its space, has one token per word.
    pub fn words(&self) -> Vec<&'static str> {
        let one = |text: &str| self.bpe.count(text) == 1;
        let mut alone: Vec<&[u8]> = self.tokens().filter(|token| is_word(token)).collect();
        alone.sort_unstable();
        self.tokens()
            .filter_map(|token| token.strip_prefix(b" "))
            // Encoding costs a microsecond or two; the look-up spares it for four of five.
            .filter(|word| is_word(word) && alone.binary_search(word).is_ok())
            .filter_map(|word| std::str::from_utf8(word).ok())
            .filter(|word| one(word) && one(&format!(" {word}")))
            .collect()
    }

    /// Every ordinary token's bytes, by ascending id.
    fn tokens(&self) -> impl Iterator<Item = &'static [u8]> {
        let bpe = &self.bpe.bpe;
        (0..bpe.num_tokens()).map(|id| bpe.token_bytes(id as u32))
    }
}
