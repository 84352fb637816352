//! Leads that no two texts share: the identity of a text, spelt in words of the vocabulary.
//!
//! The least significant digit comes first, so that texts made one after the other part at their
//! first word. As all leads of a workload have the same number of words, none is the beginning of
//! another.

use super::prompt::Place;
use super::source::TextOut;

/// Words that spell `identities` identities in a vocabulary of `words`: at least one.
///
/// # Panics
/// If there are fewer than two words.
pub fn lead_words(identities: u64, words: usize) -> u32 {
    assert!(words > 1, "one word spells nothing");
    let mut count = 1;
    let mut spelt = words as u128;
    while spelt < u128::from(identities) {
        spelt *= words as u128;
        count += 1;
    }
    count
}

/// Appends the `count` words that spell `identity`, each one token.
pub fn unique_lead(
    mut identity: u64,
    count: u32,
    words: &[String],
    mut place: Place,
    out: &mut TextOut,
) {
    for _ in 0..count {
        let digit = identity % words.len() as u64;
        identity /= words.len() as u64;
        out.push_word(&words[digit as usize], place);
        place = Place::Behind;
    }
    debug_assert_eq!(identity, 0, "more identities than leads");
}
