//! Texts of every corpus have exactly the tokens they were asked for, at the start and behind a
//! word, by the count of encoders that share no code with the compiler: `tiktoken-rs` for the
//! vocabularies inside the program, and for tokenizers from files small ones written here (byte-level
//! merges, greedy longest pieces, the likeliest split). Ways in which this goes wrong are counted by
//! the same encoders, and found.

mod corpora;
mod embedded;
mod errors;
mod files;
mod hostile;
#[allow(dead_code, reason = "other tests make more of it")]
#[path = "../tokenizer_files/make.rs"]
mod make;
mod oracles;
mod unique;

use compiler::rng::{Component, Seed, Streams};
use compiler::text::prompt::Place;
use compiler::text::source::{Source, TextOut};
use rayon::prelude::*;

const SEED: Seed = Seed(42);

/// Texts of each tokenizer that a plain run checks. All of [`ALL_PROMPTS`] take minutes without
/// optimisation and are checked by `--ignored`.
const PROMPTS: u64 = 5_000;
const ALL_PROMPTS: u64 = 100_000;

/// Tokens of the longest of them.
const LONGEST: u64 = 300;

/// The text of one request, as a server reads it.
fn text(source: &Source, index: u64, tokens: u32, place: Place) -> String {
    let mut out = TextOut::default();
    let mut stream = Streams::new(SEED, Component::PromptCorpus).stream(index);
    let appended = source.append(&mut stream, tokens, place, &mut out);
    appended.expect("a text");
    let escaped = source.render(&out);
    serde_json::from_str(&format!("\"{escaped}\"")).expect("a JSON string")
}

/// How many of `prompts` texts of 1 to [`LONGEST`] tokens, in turn at each place, do not have the
/// tokens they were asked for; `before` is a word that is one token.
fn inexact(
    source: &Source,
    prompts: u64,
    before: &str,
    count: impl Fn(&str) -> usize + Sync,
) -> usize {
    let is_inexact = |index: &u64| {
        let tokens = (index * 7919 % LONGEST + 1) as usize;
        match index % 2 {
            0 => count(&text(source, *index, tokens as u32, Place::Start)) != tokens,
            _ => {
                let text = text(source, *index, tokens as u32, Place::Behind);
                assert!(text.starts_with(' '), "{text:?}");
                count(&format!("{before}{text}")) != tokens + 1
            }
        }
    };
    (0..prompts).into_par_iter().filter(is_inexact).count()
}
