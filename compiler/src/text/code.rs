//! A corpus that looks like code: functions with calls, conditions, loops, comments and literals,
//! indented by four spaces, of the vocabulary's words.
//!
//! Block `k` of 64 lines comes from stream `k` of `dataset.corpus.code`. The text is one a parser
//! of Python would mostly accept; what it means, nobody should ask.

use std::fmt::Write as _;

use rayon::prelude::*;

use crate::rng::{Component, Seed, Stream, Streams};
use crate::samplers::WeightedChoice;

/// Blocks of the corpus.
const BLOCKS: u64 = 256;

/// Lines of a block, which begins with a function.
const BLOCK_LINES: u32 = 64;

/// Deepest indentation.
const MAX_DEPTH: usize = 4;

/// Numbers are below this.
const NUMBERS: u64 = 1_000;

const OPERATORS: [&str; 6] = ["==", "!=", "<", ">", "<=", ">="];
const SIGNS: [&str; 5] = ["+", "-", "*", "//", "%"];

/// The whole text. Words are weighted as in the corpus of words.
///
/// # Panics
/// If the vocabulary is empty.
pub fn generate(seed: Seed, vocabulary: &[impl AsRef<str> + Sync]) -> String {
    let streams = Streams::new(seed, Component::CodeWords);
    let weights = (0..vocabulary.len() as u64).map(super::corpus::rank_weight);
    let choice = WeightedChoice::new(weights).expect("code needs a vocabulary");
    let block = |block| {
        let mut block = Block {
            stream: streams.stream(block),
            choice: &choice,
            word: &|rank| vocabulary[rank].as_ref(),
            text: String::new(),
            depth: 0,
        };
        (0..BLOCK_LINES).for_each(|_| block.line());
        block.text
    };
    let blocks: Vec<String> = (0..BLOCKS).into_par_iter().map(block).collect();
    blocks.concat()
}

/// A block in the making.
struct Block<'v> {
    stream: Stream,
    choice: &'v WeightedChoice,
    word: &'v (dyn Fn(usize) -> &'v str + Sync),
    text: String,
    /// Of the next line; 0 before a function.
    depth: usize,
}

impl Block<'_> {
    fn line(&mut self) {
        for _ in 0..self.depth {
            self.text.push_str("    ");
        }
        if self.depth == 0 {
            self.function();
        } else {
            self.statement();
        }
        self.text.push('\n');
    }

    fn function(&mut self) {
        self.text.push_str("def ");
        self.name();
        self.list('(', ')');
        self.text.push(':');
        self.depth = 1;
    }

    fn statement(&mut self) {
        // A block inside a block is not opened at the deepest line.
        let shapes = if self.depth < MAX_DEPTH { 9 } else { 7 };
        match self.stream.below(shapes) {
            0 => self.comment(),
            1 => {
                self.text.push_str("return ");
                self.word();
                self.depth -= 1;
            }
            2 => {
                self.word();
                self.text.push_str(" = ");
                self.call();
            }
            3 => {
                self.word();
                self.text.push('.');
                self.call();
            }
            4 => {
                self.word();
                self.text.push_str(" = ");
                self.word();
                self.one_of(&SIGNS);
                self.number();
            }
            5 => {
                self.word();
                self.text.push_str("[\"");
                self.name();
                self.text.push_str("\"] = ");
                self.word();
            }
            6 => {
                self.text.push_str("assert ");
                self.comparison();
            }
            7 => {
                self.text.push_str("if ");
                self.comparison();
                self.text.push(':');
                self.depth += 1;
            }
            _ => {
                self.text.push_str("for ");
                self.word();
                self.text.push_str(" in ");
                self.call();
                self.text.push(':');
                self.depth += 1;
            }
        }
    }

    fn comment(&mut self) {
        self.text.push('#');
        for _ in 0..3 + self.stream.below(6) {
            self.text.push(' ');
            self.word();
        }
    }

    fn comparison(&mut self) {
        self.word();
        self.one_of(&OPERATORS);
        match self.stream.below(2) {
            0 => self.number(),
            _ => self.word(),
        }
    }

    fn call(&mut self) {
        self.name();
        self.list('(', ')');
    }

    /// One or two words.
    fn name(&mut self) {
        self.word();
        if self.stream.below(2) == 1 {
            self.text.push('_');
            self.word();
        }
    }

    /// Up to three words.
    fn list(&mut self, open: char, close: char) {
        self.text.push(open);
        for i in 0..self.stream.below(4) {
            if i > 0 {
                self.text.push_str(", ");
            }
            self.word();
        }
        self.text.push(close);
    }

    fn word(&mut self) {
        let rank = self.choice.choose(&mut self.stream);
        self.text.push_str((self.word)(rank));
    }

    fn one_of(&mut self, words: &[&str]) {
        let word = words[self.stream.below(words.len() as u64) as usize];
        self.text.push(' ');
        self.text.push_str(word);
        self.text.push(' ');
    }

    fn number(&mut self) {
        let number = self.stream.below(NUMBERS);
        write!(self.text, "{number}").expect("a string takes everything");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 4] = ["alpha", "beta", "gamma", "delta"];

    fn on(threads: usize, seed: u64) -> String {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().expect("a pool");
        pool.install(|| generate(Seed(seed), &WORDS))
    }

    #[test]
    fn code_is_the_same_on_any_number_of_threads_and_differs_by_seed() {
        assert!(on(1, 1) == on(3, 1));
        assert!(on(1, 1) != on(1, 2));
    }

    #[test]
    fn a_line_is_indented_by_what_opened_before_it() {
        let text = on(2, 1);
        assert_eq!(text.lines().count() as u64, BLOCKS * u64::from(BLOCK_LINES));
        let mut allowed = 0;
        for (at, line) in text.lines().enumerate() {
            if at % BLOCK_LINES as usize == 0 {
                allowed = 0;
            }
            let body = line.trim_start();
            let depth = (line.len() - body.len()) / 4;
            assert_eq!(depth, allowed, "{line}");
            assert_eq!(body.starts_with("def "), depth == 0, "{line}");
            allowed += usize::from(body.ends_with(':'));
            allowed -= usize::from(body.starts_with("return "));
            assert!(allowed <= MAX_DEPTH, "{line}");
        }
    }
}
