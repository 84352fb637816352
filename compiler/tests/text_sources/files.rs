//! Tokenizers from files, one of each family, against the encoders of `oracles`.

use crate::corpora::{file, mixed};
use crate::oracles::{self, Count};
use crate::{ALL_PROMPTS, PROMPTS, SEED, inexact, make};
use compiler::spec::CorpusRef;
use compiler::text::source::Source;
use compiler::text::tokenizer::Tokenizer;
use serde_json::Value;
use std::sync::Arc;

/// A tokenizer, another implementation of it, and its words.
struct Family {
    name: &'static str,
    tokenizer: Tokenizer,
    count: Count,
    words: Arc<[String]>,
}

impl Family {
    fn new(name: &'static str, made: &Value, count: fn(&Value) -> Count) -> Self {
        let (_dir, path) = make::saved(made);
        let tokenizer = Tokenizer::from_file(&path, name).expect("a tokenizer");
        Self {
            name,
            words: tokenizer.words().expect("words").into(),
            tokenizer,
            count: count(made),
        }
    }

    fn source(&self, corpus: &CorpusRef) -> Source {
        Source::new(corpus, SEED, &self.words, &self.tokenizer).expect("a source")
    }

    /// Checks `prompts` texts, as many of each corpus.
    fn check(&self, prompts: u64) {
        let corpora = [
            CorpusRef::Words,
            CorpusRef::Random,
            CorpusRef::Code,
            file(&prose()),
        ];
        for corpus in &corpora {
            let share = prompts / corpora.len() as u64;
            let wrong = inexact(&self.source(corpus), share, &self.words[0], &self.count);
            assert_eq!(wrong, 0, "{} {}", self.name, corpus.name());
        }
    }
}

/// The oracles read ASCII.
fn prose() -> String {
    mixed(&make::made_up_words(), 20_000, false)
}

fn byte_level() -> Family {
    Family::new("byte-level", &make::BYTE_LEVEL, oracles::byte_level)
}

fn ignoring_merges() -> Family {
    let made = make::byte_level_ignoring_merges(true);
    Family::new("ignoring merges", &made, oracles::byte_level)
}

fn word_piece() -> Family {
    Family::new("WordPiece", &make::WORD_PIECE, oracles::word_piece)
}

fn unigram() -> Family {
    Family::new("Unigram", &make::UNIGRAM, oracles::unigram)
}

#[test]
fn texts_of_byte_level_bpe_are_exact() {
    byte_level().check(PROMPTS);
}

#[test]
fn texts_of_byte_level_bpe_are_exact_with_merges_ignored() {
    ignoring_merges().check(PROMPTS);
}

#[test]
fn texts_of_word_piece_are_exact() {
    word_piece().check(PROMPTS);
}

#[test]
fn texts_of_unigram_are_exact() {
    unigram().check(PROMPTS);
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn all_texts_are_exact() {
    for family in [byte_level(), ignoring_merges(), word_piece(), unigram()] {
        family.check(ALL_PROMPTS);
    }
}

#[test]
fn control_oracles_differ_where_the_files_do() {
    let text = "wyx qwyzj wyx";
    let count = |family: &Family| (family.count)(text);
    assert_eq!(count(&ignoring_merges()), 3);
    assert!(count(&byte_level()) > 3);
    for family in [byte_level(), ignoring_merges(), word_piece(), unigram()] {
        assert_eq!(
            (family.count)(text),
            family.tokenizer.count(text).unwrap(),
            "{}",
            family.name
        );
    }
}

/// Words of one letter of `ab`, one of `cd` and so on, 30 in all, each one token with its space; and
/// tokens that reach over the space behind a `g`.
fn uncut() -> Value {
    let mut tokens: Vec<String> = "▁abcdefgh".chars().map(String::from).collect();
    let mut merges: Vec<[String; 2]> = Vec::new();
    let mut stems = vec!["▁".to_owned()];
    for letters in ["ab", "cd", "ef", "gh"] {
        let mut longer = Vec::new();
        for stem in &stems {
            for letter in letters.chars() {
                longer.push([stem.clone(), letter.to_string()]);
            }
        }
        stems = longer.iter().map(|pair| pair.concat()).collect();
        merges.extend(longer);
    }
    merges.push(["g", "▁"].map(str::to_owned));
    merges.push(["g▁", "b"].map(str::to_owned));
    tokens.extend(merges.iter().map(|pair| pair.concat()));
    let tokens: Vec<&str> = tokens.iter().map(|token| &**token).collect();
    let merges: Vec<[&str; 2]> = merges.iter().map(|[a, b]| [&**a, &**b]).collect();
    make::uncut(&tokens, &merges)
}

#[test]
fn texts_of_bpe_that_cuts_no_words_are_exact() {
    let made = uncut();
    let (_dir, path) = make::saved(&made);
    let tokenizer = Tokenizer::from_file(&path, "uncut").expect("a tokenizer");
    let words = tokenizer.words_at_least(10).expect("words");
    // No word of the vocabulary ends in what a token takes with the space; words of the text do.
    assert!(words.iter().all(|word| !word.ends_with('g')), "{words:?}");
    let mut draws = make::Draws(9);
    let mut letters = |n: usize| -> String {
        let letter = |_| char::from(b"abcdefgh"[draws.below(8)]);
        (0..n).map(letter).collect()
    };
    let text: Vec<String> = (0..4_000).map(|at| letters(1 + at % 4)).collect();
    let words: Arc<[String]> = words.into();
    let count = oracles::uncut(&made);
    for word in words.iter() {
        assert_eq!(count(&format!("{word} {word}")), 2, "{word}");
    }
    let text = text.join(" ");
    assert_eq!(count(&text[..900]), tokenizer.count(&text[..900]).unwrap());
    let source = Source::new(&file(&text), SEED, &words, &tokenizer).expect("a source");
    assert_eq!(inexact(&source, 300, &words[0], count), 0);
}

/// Runs of 40 pieces whose counts together are not that of their text, and all runs.
fn wrong_runs(family: &Family, pieces: &[(&str, usize)]) -> (usize, usize) {
    let runs = pieces.chunks_exact(40);
    let all = runs.len();
    let is_wrong = |run: &&[(&str, usize)]| {
        let text: String = run.iter().map(|(piece, _)| *piece).collect();
        run.iter().map(|(_, tokens)| tokens).sum::<usize>() != (family.count)(&text)
    };
    (runs.filter(is_wrong).count(), all)
}

#[test]
fn control_pieces_cut_anywhere_do_not_add_up() {
    let text = prose();
    let cuts = (0..4_000).map(|at| &text[at * 7..at * 7 + 7]);
    for family in [byte_level(), ignoring_merges(), word_piece(), unigram()] {
        let counted = cuts.clone().map(|piece| (piece, (family.count)(piece)));
        let (wrong, all) = wrong_runs(&family, &counted.collect::<Vec<_>>());
        assert!(wrong > all * 9 / 10, "{}: {wrong} of {all}", family.name);
    }
}

#[test]
fn what_is_guessed_of_pieces_is_wrong_at_times_and_corrected() {
    let text = prose();
    let mut wrong_at_all = 0;
    for family in [byte_level(), ignoring_merges(), word_piece(), unigram()] {
        let mut from = 0;
        let pieces = family.tokenizer.pieces(&text).unwrap().into_iter();
        let guessed = pieces.map(|piece| {
            let begin = from;
            from += piece.bytes as usize;
            (&text[begin..from], piece.tokens as usize)
        });
        let (wrong, all) = wrong_runs(&family, &guessed.collect::<Vec<_>>());
        assert!(wrong < all, "{}: all of {all}", family.name);
        wrong_at_all += wrong;
        println!("{} {wrong} {all}", family.name);
    }
    assert!(wrong_at_all > 0);
}
