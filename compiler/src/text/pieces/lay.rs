//! The parts of one text: words of the vocabulary, then runs of pieces, then words again.
//!
//! Why the counts add up: a match of the pre-tokenizer that ends in a letter never goes on with white
//! space, one that ends in a line end never goes on with anything else than white space or `/`, and
//! one that ends in another character never goes on with a space. The first run stands behind a word
//! and begins with white space, or behind a line end; each run ends in something other than white
//! space, and a space follows.

use std::ops::Range;

use super::Pieces;
use crate::rng::Stream;
use crate::text::prompt::{HEAD_WORDS, each_cyclic};

/// A part of a text. The first is always of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Words of the vocabulary.
    Words(Range<u32>),
    LineEnd,
    /// Pieces of the text.
    Run(Range<u32>),
}

/// What was drawn for a text.
pub struct Draws<'s> {
    /// Words to begin with.
    head: [u32; HEAD_WORDS as usize],
    /// Which of the starts the first run begins at.
    start: u32,
    /// Word to fill up with, drawn when it is needed.
    fill: Option<u32>,
    stream: Option<&'s mut Stream>,
    pub tokens: u32,
}

impl<'s> Draws<'s> {
    /// Draws for a text of `tokens` tokens.
    pub fn new(pieces: &Pieces, stream: &'s mut Stream, tokens: u32) -> Self {
        let words = pieces.words.len() as u64;
        let mut head = [0; HEAD_WORDS as usize];
        for word in head.iter_mut().take(tokens as usize) {
            *word = stream.below(words) as u32;
        }
        let start = match tokens > HEAD_WORDS {
            true => stream.below(pieces.starts.len() as u64) as u32,
            false => 0,
        };
        Self {
            head,
            start,
            fill: None,
            stream: Some(stream),
            tokens,
        }
    }

    /// The first words, and this start: nothing is drawn.
    pub fn proof(start: u32, tokens: u32) -> Self {
        Self {
            head: [0; HEAD_WORDS as usize],
            start,
            fill: None,
            stream: None,
            tokens,
        }
    }

    /// Tokens of the words to begin with.
    pub fn head_tokens(&self) -> u32 {
        self.tokens.min(HEAD_WORDS)
    }

    fn fill(&mut self, words: u64) -> u32 {
        let stream = &mut self.stream;
        let draw = || {
            stream
                .as_mut()
                .map_or(0, |stream| stream.below(words) as u32)
        };
        *self.fill.get_or_insert_with(draw)
    }
}

/// Words of the vocabulary, one behind the other in its order.
struct Filler {
    next: u32,
}

impl Pieces {
    /// A text as the counts of its pieces say.
    pub fn lay(&self, draws: &mut Draws, parts: &mut Vec<Part>) {
        let rest = draws.tokens - draws.head_tokens();
        self.lay_run(draws, rest, i64::from(rest), parts);
    }

    /// Words to begin with, runs of at most `budget` tokens, then words up to `rest`. Gives the number
    /// of these words, or the lack of them if it is negative: then there are none.
    pub fn lay_run(&self, draws: &mut Draws, budget: u32, rest: i64, parts: &mut Vec<Part>) -> i64 {
        let head = draws.head_tokens() as usize;
        parts.extend(
            draws.head[..head]
                .iter()
                .map(|word| Part::Words(*word..word + 1)),
        );
        let mut filler = Filler { next: 0 };
        let mut left = budget;
        let mut piece = self.starts[draws.start as usize];
        let mut is_first = true;
        while left > 0 {
            if !is_first {
                // Round the end of the text.
                self.fill(draws, &mut filler, 1, parts);
                left -= 1;
                piece = self.starts[0];
            }
            is_first = false;
            let line_end = u32::from(!self.begins_with_space(piece));
            let end = self.run_end(piece, left.saturating_sub(line_end));
            if end == piece {
                break;
            }
            if line_end > 0 {
                parts.push(Part::LineEnd);
            }
            parts.push(Part::Run(piece..end));
            left -= line_end + self.tokens[end as usize] - self.tokens[piece as usize];
            if end < self.pieces() {
                break;
            }
        }
        let words = rest - i64::from(budget - left);
        self.fill(draws, &mut filler, words.max(0) as u32, parts);
        words
    }

    fn fill(&self, draws: &mut Draws, filler: &mut Filler, words: u32, parts: &mut Vec<Part>) {
        if words > 0 {
            let all = self.words.len() as u32;
            let first = (draws.fill(all.into()) + filler.next) % all;
            each_cyclic(all, first, words, |words| parts.push(Part::Words(words)));
            filler.next = (filler.next + words) % all;
        }
    }

    /// The last piece that a run of at most `tokens` tokens from `piece` on can end before: `piece`
    /// itself if there is none.
    fn run_end(&self, piece: u32, tokens: u32) -> u32 {
        let up_to = self.tokens[piece as usize].saturating_add(tokens);
        let mut end = self.tokens.partition_point(|before| *before <= up_to) as u32 - 1;
        while end > piece && self.ends_in_space(end) {
            end -= 1;
        }
        end.max(piece)
    }

    fn pieces(&self) -> u32 {
        self.raw_at.len() as u32 - 1
    }

    fn begins_with_space(&self, piece: u32) -> bool {
        let at = self.raw_at[piece as usize] as usize;
        self.raw[at..].starts_with(char::is_whitespace)
    }

    fn ends_in_space(&self, end: u32) -> bool {
        let at = self.raw_at[end as usize] as usize;
        self.raw[..at].ends_with(char::is_whitespace)
    }
}
