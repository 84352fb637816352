//! The embedded tokenizer, o200k_base, and the words that are one token in it.
//!
//! Refuses to decode (`bpe-openai` panics on ids past its vocabulary) and knows no special
//! tokens: text is counted as ordinary text. Nothing is downloaded.

/// The shortest corpus word, in letters: single letters read as noise.
const MIN_WORD_LETTERS: usize = 2;

/// A tokenizer that ships inside the program.
///
/// The tables behind it are unpacked once per process (about 80 ms) at the first call of
/// [`Tokenizer::o200k_base`]; a copy is one pointer.
#[derive(Clone, Copy)]
pub struct Tokenizer {
    inner: &'static bpe_openai::Tokenizer,
}

impl Tokenizer {
    /// OpenAI's `o200k_base`: 199,998 ordinary tokens.
    pub fn o200k_base() -> Self {
        Self {
            inner: bpe_openai::o200k_base(),
        }
    }

    /// The name under which others publish the same vocabulary.
    pub fn name(&self) -> &'static str {
        "o200k_base"
    }

    /// How many tokens `text` is.
    pub fn count(&self, text: &str) -> usize {
        self.inner.count(text)
    }

    /// The words of two or more ASCII lower-case letters that are one token both alone and
    /// after a space, by ascending id of the form with the space, each proven by encoding it.
    ///
    /// The pre-tokenizer cuts before every space, so words joined by single spaces never merge:
    /// a text of such words, the first with or without its space, has one token per word.
    pub fn single_token_words(&self) -> Vec<&'static str> {
        let mut alone: Vec<&[u8]> = self.tokens().filter(|token| is_word(token)).collect();
        alone.sort_unstable();
        self.tokens()
            .filter_map(|token| token.strip_prefix(b" "))
            // Encoding costs a microsecond or two; the look-up spares it for four of five.
            .filter(|word| is_word(word) && alone.binary_search(word).is_ok())
            .filter_map(|word| std::str::from_utf8(word).ok())
            .filter(|word| self.count(word) == 1 && self.count(&format!(" {word}")) == 1)
            .collect()
    }

    /// Every ordinary token's bytes, by ascending id.
    fn tokens(&self) -> impl Iterator<Item = &'static [u8]> {
        let bpe = &self.inner.bpe;
        (0..bpe.num_tokens()).map(|id| bpe.token_bytes(id as u32))
    }
}

fn is_word(token: &[u8]) -> bool {
    token.len() >= MIN_WORD_LETTERS && token.iter().all(u8::is_ascii_lowercase)
}
