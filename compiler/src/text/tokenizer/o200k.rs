//! The embedded vocabulary, o200k_base, and the words that are one token in it.
//!
//! Refuses to decode (`bpe-openai` panics on ids past its vocabulary) and knows no special
//! tokens: text is counted as ordinary text.

use super::is_word;
use bpe_openai::Tokenizer;

/// The words of two or more ASCII lower-case letters that are one token both alone and after a
/// space, by ascending id of the form with the space, each proven by encoding it.
///
/// The pre-tokenizer cuts before every space, so words joined by single spaces never merge: a
/// text of such words, the first with or without its space, has one token per word.
pub fn words(tokenizer: &'static Tokenizer) -> Vec<&'static str> {
    let one = |text: &str| tokenizer.count(text) == 1;
    let mut alone: Vec<&[u8]> = tokens(tokenizer).filter(|token| is_word(token)).collect();
    alone.sort_unstable();
    tokens(tokenizer)
        .filter_map(|token| token.strip_prefix(b" "))
        // Encoding costs a microsecond or two; the look-up spares it for four of five.
        .filter(|word| is_word(word) && alone.binary_search(word).is_ok())
        .filter_map(|word| std::str::from_utf8(word).ok())
        .filter(|word| one(word) && one(&format!(" {word}")))
        .collect()
}

/// Every ordinary token's bytes, by ascending id.
fn tokens(tokenizer: &'static Tokenizer) -> impl Iterator<Item = &'static [u8]> {
    let bpe = &tokenizer.bpe;
    (0..bpe.num_tokens()).map(|id| bpe.token_bytes(id as u32))
}
