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

/// Where a text stands in its string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing is in front of it: it begins without a space.
    Start,
    /// It goes on where another text ends, and begins with a space.
    Behind,
}

/// Appends the byte ranges of a prompt of `tokens` tokens to `out`.
///
/// Draws, all `below(corpus.words())`: one per head word, then one for the start of the slice
/// if there is a rest. The first word is taken without its leading space.
pub fn prompt(corpus: &Corpus, stream: &mut Stream, tokens: u32, out: &mut Vec<Range<u32>>) {
    prompt_at(corpus, stream, tokens, Place::Start, &mut |slice| {
        out.push(slice);
    });
}

/// The same at any place.
pub(super) fn prompt_at(
    corpus: &Corpus,
    stream: &mut Stream,
    tokens: u32,
    place: Place,
    push: &mut dyn FnMut(Range<u32>),
) {
    let words = corpus.words();
    let mut position = || stream.below(u64::from(words)) as u32;
    let head = tokens.min(HEAD_WORDS);
    for i in 0..head {
        let at = position();
        let mut word = corpus.slice(at..at + 1);
        word.start += u32::from(i == 0 && place == Place::Start);
        push(word);
    }
    if tokens > head {
        let start = position();
        each_cyclic(words, start, tokens - head, |words| {
            push(corpus.slice(words));
        });
    }
}

/// The ranges of `count` of `all` items from `start` on, going round at their end.
pub(super) fn each_cyclic(
    all: u32,
    mut start: u32,
    mut count: u32,
    mut take: impl FnMut(Range<u32>),
) {
    while count > 0 {
        let taken = count.min(all - start);
        take(start..start + taken);
        count -= taken;
        start = 0;
    }
}
