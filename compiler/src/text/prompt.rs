//! A prompt of exactly N tokens, as a rope of corpus slices.
//!
//! The first three words come each from a place of their own, so that two prompts practically
//! never begin alike and a server's prefix cache is not hit by accident; the rest is one slice.
//! Refuses nothing: N may be 0 (an empty rope, no draw) or exceed the corpus (it repeats).

use std::ops::Range;

use super::corpus::Corpus;
use crate::rng::Stream;

/// Words at the head of a prompt that are drawn one by one.
pub const HEAD_WORDS: u32 = 3;

/// Appends the byte ranges of a prompt of `tokens` tokens to `out`. Unless it stands `behind`
/// another text, its first word is taken without its leading space.
///
/// Draws, all `below(corpus.words())`: one per head word, then one for the start of the slice
/// if there is a rest.
pub fn prompt(
    corpus: &Corpus,
    stream: &mut Stream,
    tokens: u32,
    behind: bool,
    out: &mut Vec<Range<u32>>,
) {
    let words = corpus.words();
    let mut position = || stream.below(u64::from(words)) as u32;
    let head = tokens.min(HEAD_WORDS);
    for i in 0..head {
        let at = position();
        let mut word = corpus.slice(at..at + 1);
        word.start += u32::from(i == 0 && !behind);
        out.push(word);
    }
    if tokens > head {
        let start = position();
        push_cyclic(corpus, start, tokens - head, out);
    }
}

/// Appends `count` words from word `start` on, going round at the end of the corpus.
pub(super) fn push_cyclic(
    corpus: &Corpus,
    mut start: u32,
    mut count: u32,
    out: &mut Vec<Range<u32>>,
) {
    while count > 0 {
        let taken = count.min(corpus.words() - start);
        out.push(corpus.slice(start..start + taken));
        count -= taken;
        start = 0;
    }
}
