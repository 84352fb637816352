//! Finds, by encoding, the words that are one token each wherever they stand.
//!
//! What marks a space (`Ġ`, `▁`, nothing) is learned from what comes out, not from the file's
//! settings. Three proofs: alone and after a space (every word); no token reaches over a space
//! between two of them (every token of the vocabulary); long texts of all of them, mixed, are
//! exactly as many tokens (a sample). A word that fails one is left out.

use super::error::TokenizerError;
use super::file::FileTokenizer;
use super::{MIN_WORD_LETTERS, is_word};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Fewer words than this make prompts that repeat themselves more than any text would.
pub const MIN_WORDS: usize = 1_000;

/// Words in a text of the last proof.
const TEXT_WORDS: usize = 600;

/// How often words that failed in a text are left out before giving up.
const ROUNDS: u64 = 8;

/// A word that is one token alone and one token after a space.
struct Single {
    /// Token of the form after a space.
    id: u32,
    word: String,
    /// What stands for the space at the beginning of that token.
    marker: String,
}

/// The words, by ascending id of the form after a space.
pub fn prove(tokenizer: &FileTokenizer, floor: usize) -> Result<Vec<String>, TokenizerError> {
    let tokens = tokenizer.tokens();
    let candidates: BTreeSet<&str> = tokens.iter().filter_map(|token| candidate(token)).collect();
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let added = tokenizer.added_ids();
    let mut singles: Vec<Single> = candidates
        .par_iter()
        .filter_map(|word| single(tokenizer, &added, word))
        .collect();
    singles.sort_unstable_by(|a, b| (a.id, &a.word).cmp(&(b.id, &b.word)));
    let single = singles.len();
    let crossing = Crossing::of(&tokens, &singles);
    let mut words: Vec<String> = singles.into_iter().map(|single| single.word).collect();
    words.retain(|word| !crossing.begins_with(word));
    let settled = settle(tokenizer, &mut words);
    if words.len() < floor {
        return Err(TokenizerError::TooFewWords {
            name: tokenizer.name().to_owned(),
            tokens: tokens.len(),
            candidates: candidates.len(),
            single,
            words: words.len(),
            floor,
        });
    }
    settled.map(|()| words)
}

/// The word that a token spells: its only run of two or more lower-case letters, if there are
/// neither capitals nor digits about it. Only a guess: what it is worth, encoding shows.
fn candidate(token: &str) -> Option<&str> {
    if token.contains(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()) {
        return None;
    }
    let mut runs = token
        .split(|c: char| !c.is_ascii_lowercase())
        .filter(|run| run.len() >= MIN_WORD_LETTERS);
    let only = runs.next()?;
    (runs.next().is_none() && is_word(only.as_bytes())).then_some(only)
}

/// Proves one word: one token alone, and one more after itself and a space.
fn single(tokenizer: &FileTokenizer, added: &[u32], word: &str) -> Option<Single> {
    // The cheaper first: most candidates fail here.
    let &[alone] = &tokenizer.ids(word).ok()?[..] else {
        return None;
    };
    let twice = tokenizer.ids(&format!("{word} {word}")).ok()?;
    let &[first, id] = &twice[..] else {
        return None;
    };
    if first != alone {
        return None;
    }
    // A token that does not spell the word is the unknown token; an added one may be special.
    let marker = |id: u32| {
        let spelling = tokenizer.spelling(id)?;
        let (before, _) = spelling.split_once(word)?;
        let ordinary = added.binary_search(&id).is_err();
        let marks = before.chars().all(|c| !c.is_ascii_alphanumeric());
        (ordinary && marks).then(|| before.to_owned())
    };
    marker(first)?;
    Some(Single {
        id,
        word: word.to_owned(),
        marker: marker(id)?,
    })
}

/// What stands before a space inside a token: such a token could swallow the end of a word and
/// the space after it.
#[derive(Default)]
struct Crossing {
    /// Whole words, as in `Ġof Ġthe`.
    words: BTreeSet<String>,
    /// Ends of words, as in `s Ġof`.
    ends: BTreeSet<String>,
}

impl Crossing {
    fn of(tokens: &[String], singles: &[Single]) -> Self {
        let markers: BTreeSet<&str> = singles
            .iter()
            .map(|single| &*single.marker)
            .filter(|marker| !marker.is_empty())
            .collect();
        let mut crossing = Self::default();
        for token in tokens {
            let plain = markers
                .iter()
                .fold(token.to_ascii_lowercase(), |token, marker| {
                    token.replace(marker, " ")
                });
            crossing.add(&plain);
        }
        crossing
    }

    /// Notes the first word in `token` that a space follows.
    fn add(&mut self, token: &str) {
        // Other tokens do not occur in a text of words.
        if !token.bytes().all(|b| b == b' ' || b.is_ascii_lowercase()) {
            return;
        }
        let begins_with_space = token.starts_with(' ');
        if let Some((word, _)) = token.trim_start().split_once(' ') {
            let set = match begins_with_space {
                true => &mut self.words,
                false => &mut self.ends,
            };
            set.insert(word.to_owned());
        }
    }

    /// Whether a token could begin in this word and reach over the space after it.
    fn begins_with(&self, word: &str) -> bool {
        let mut ends = (0..word.len()).map(|at| &word[at..]);
        self.words.contains(word) || ends.any(|end| self.ends.contains(end))
    }
}

/// Leaves out words until texts of all of them, in several orders, have one token a word.
fn settle(tokenizer: &FileTokenizer, words: &mut Vec<String>) -> Result<(), TokenizerError> {
    for round in 0..ROUNDS {
        let order = shuffled(words.len(), round);
        let mixed: Vec<&str> = order.iter().map(|&at| &*words[at]).collect();
        let failed: BTreeSet<String> = mixed
            .par_chunks(TEXT_WORDS)
            .flat_map_iter(|text| culprits(tokenizer, text))
            .map(str::to_owned)
            .collect();
        if failed.is_empty() {
            // At last all in one text: a prompt may be as long.
            return exact(tokenizer, &mixed);
        }
        words.retain(|word| !failed.contains(word));
    }
    // Every order finds others: there is no such list.
    words.clear();
    Ok(())
}

/// `Ok` if a text of these words is one token a word.
fn exact(tokenizer: &FileTokenizer, words: &[&str]) -> Result<(), TokenizerError> {
    let tokens = tokenizer.ids(&words.join(" "))?.len();
    if tokens == words.len() {
        return Ok(());
    }
    Err(TokenizerError::NotAdditive {
        name: tokenizer.name().to_owned(),
        words: words.len(),
        tokens,
    })
}

/// The words to leave out so that this text is exact, found by halving it.
fn culprits<'t>(tokenizer: &FileTokenizer, text: &[&'t str]) -> Vec<&'t str> {
    if exact(tokenizer, text).is_ok() {
        return Vec::new();
    }
    let (left, right) = text.split_at(text.len() / 2);
    let (Some(last), Some(first)) = (left.last(), right.first()) else {
        return text.to_vec();
    };
    let mut found = culprits(tokenizer, left);
    found.extend(culprits(tokenizer, right));
    if !found.is_empty() {
        return found;
    }
    // Each half is exact: either these two do not go together, or it is a matter of length.
    match exact(tokenizer, &[last, first]) {
        Ok(()) => text.to_vec(),
        Err(_) => vec![last],
    }
}

/// 0..n in an order that depends on `n` and `round` alone (Fisher and Yates; Knuth's MMIX
/// generator, upper half). Not from the workload's randomness: the words of a tokenizer are the
/// same for every seed.
fn shuffled(n: usize, round: u64) -> Vec<usize> {
    let mut state = round;
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        order.swap(i, ((state >> 32) % (i as u64 + 1)) as usize);
    }
    order
}
