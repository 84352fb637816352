//! A text of n words is n tokens, counted by the library itself on the file as it is.

use crate::make::{self, Draws, UNMERGED, saved};
use compiler::text::tokenizer::{MIN_WORDS, Tokenizer, TokenizerError};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const TEXTS: u64 = 2_000;

fn load(made: &Value) -> Tokenizer {
    let (_dir, path) = saved(made);
    Tokenizer::from_file(&path, "made").expect("a tokenizer")
}

fn words(made: &Value) -> Vec<String> {
    load(made).words().expect("words")
}

/// How many texts of 1 to 600 of these words are not one token a word.
fn inexact(path: &Path, words: &[String], texts: u64) -> usize {
    let oracle = tokenizers::Tokenizer::from_file(path).expect("a tokenizer");
    let is_inexact = |index: &u64| {
        let mut draws = Draws(1_000 + index);
        let n = 1 + draws.below(600);
        let text: Vec<&str> = (0..n).map(|_| &*words[draws.below(words.len())]).collect();
        let encoding = oracle.encode(text.join(" "), false).expect("encoded");
        encoding.get_ids().len() != n
    };
    (0..texts).into_par_iter().filter(is_inexact).count()
}

/// Every run of letters that a token of the file spells, which is what one would take unproven.
fn unproven(path: &Path) -> Vec<String> {
    let file = tokenizers::Tokenizer::from_file(path).expect("a tokenizer");
    let letters = |token: String| -> String {
        let kept = token.chars().filter(char::is_ascii_lowercase);
        kept.collect()
    };
    let spelt: BTreeSet<String> = file.get_vocab(true).into_keys().map(letters).collect();
    spelt.into_iter().filter(|word| word.len() > 1).collect()
}

fn check_family(made: &Value) {
    let (_dir, path) = saved(made);
    let tokenizer = Tokenizer::from_file(&path, "made").expect("a tokenizer");
    let words = tokenizer.words().expect("words");
    assert!(words.len() >= MIN_WORDS, "{}", words.len());
    let is_word = |word: &String| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
    assert!(words.iter().all(is_word));
    assert_eq!(inexact(&path, &words, TEXTS), 0);
    let control = inexact(&path, &unproven(&path), 50);
    assert!(control > 45, "the control is exact: {control} of 50");
    assert_eq!(tokenizer.words().unwrap(), words, "twice the same");
    let text = words.join(" ");
    assert_eq!(tokenizer.count(&text).unwrap(), words.len());
}

#[test]
fn texts_of_byte_level_bpe_words_are_exact() {
    check_family(&make::BYTE_LEVEL);
}

#[test]
fn texts_of_byte_level_bpe_words_are_exact_with_merges_ignored() {
    check_family(&make::byte_level_ignoring_merges(true));
}

#[test]
fn texts_of_word_piece_words_are_exact() {
    check_family(&make::WORD_PIECE);
}

#[test]
fn texts_of_unigram_words_are_exact() {
    check_family(&make::UNIGRAM);
}

#[test]
fn words_without_merges_count_only_where_merges_are_ignored() {
    let found = |ignore| {
        let words = words(&make::byte_level_ignoring_merges(ignore));
        UNMERGED.map(|word| words.iter().any(|found| found == word))
    };
    assert_eq!(found(true), [true; 3]);
    assert_eq!(found(false), [false; 3]);
}

#[test]
fn words_stand_in_the_order_of_their_ids_after_a_space() {
    for made in [&*make::BYTE_LEVEL, &make::WORD_PIECE, &make::UNIGRAM] {
        let (_dir, path) = saved(made);
        let oracle = tokenizers::Tokenizer::from_file(&path).unwrap();
        let id = |word: &String| {
            oracle
                .encode(format!("ba {word}"), false)
                .unwrap()
                .get_ids()[1]
        };
        let words = words(made);
        assert!(words.is_sorted_by_key(id));
        // The control: not the order of the alphabet, nor of the vocabulary's forms alone.
        assert!(!words.is_sorted());
    }
}

#[test]
fn truncation_and_padding_of_the_file_change_no_count() {
    let mut made = make::BYTE_LEVEL.clone();
    made["truncation"] =
        json!({"direction": "Right", "max_length": 16, "strategy": "LongestFirst", "stride": 0});
    made["padding"] = json!({"strategy": {"Fixed": 32}, "direction": "Right",
        "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "!"});
    let tokenizer = load(&made);
    let words = tokenizer.words().expect("words");
    assert_eq!(words, self::words(&make::BYTE_LEVEL));
    for n in [1, 16, 17, 32, 100] {
        assert_eq!(tokenizer.count(&words[..n].join(" ")).unwrap(), n);
    }
    // The control: the library on the same file gives 32 whatever the text.
    let (_dir, path) = saved(&made);
    let oracle = tokenizers::Tokenizer::from_file(path).unwrap();
    let counted = oracle.encode(words[..100].join(" "), false).unwrap();
    assert_eq!(counted.get_ids().len(), 32);
}

#[test]
fn tokens_put_around_a_text_are_not_counted() {
    let mut made = make::WORD_PIECE.clone();
    made["post_processor"] =
        json!({"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]});
    let tokenizer = load(&made);
    let words = tokenizer.words().expect("words");
    assert_eq!(tokenizer.count(&words[..9].join(" ")).unwrap(), 9);
}

#[test]
fn added_tokens_are_no_words() {
    let plain = words(&make::WORD_PIECE);
    let mut made = make::WORD_PIECE.clone();
    let id = &made["model"]["vocab"][&plain[0]];
    let token = json!({"id": id, "content": plain[0], "single_word": true, "lstrip": false,
        "rstrip": false, "normalized": false, "special": true});
    made["added_tokens"].as_array_mut().unwrap().push(token);
    assert_eq!(words(&made), plain[1..]);
}

/// Words of one letter of `ab`, one of `cd` and so on, 16 of four letters, each `▁word` one
/// token; and, after these, what the test adds.
fn uncut(more: &[[&str; 2]]) -> Value {
    let mut tokens: Vec<String> = "▁abcdefgh".chars().map(String::from).collect();
    let mut merges: Vec<[String; 2]> = Vec::new();
    let mut stems = vec!["▁".to_owned()];
    for letters in ["ab", "cd", "ef", "gh"] {
        let longer = stems.iter().flat_map(|stem| {
            let pair = move |letter: char| [stem.clone(), letter.to_string()];
            letters.chars().map(pair)
        });
        let longer: Vec<[String; 2]> = longer.collect();
        stems = longer.iter().map(|pair| pair.concat()).collect();
        tokens.extend(stems.clone());
        merges.extend(longer);
    }
    for pair in more {
        tokens.push(pair.concat());
        merges.push(pair.map(str::to_owned));
    }
    let tokens: Vec<&str> = tokens.iter().map(|token| &**token).collect();
    let merges: Vec<[&str; 2]> = merges.iter().map(|[a, b]| [&**a, &**b]).collect();
    make::uncut(&tokens, &merges)
}

#[test]
fn words_that_a_token_joins_over_a_space_are_left_out() {
    let all = load(&uncut(&[])).words_at_least(16).expect("words");
    // 2 + 4 + 8 + 16 words, but a single letter is none.
    assert_eq!(all.len(), 28);
    // One token for these two words, one after the other, and for no other pair: a sample of
    // texts would hardly meet it.
    let pair = [["▁aceg", "▁bdfh"]];
    let kept = load(&uncut(&pair)).words_at_least(16).expect("words");
    let expected: Vec<&String> = all.iter().filter(|word| *word != "aceg").collect();
    assert_eq!(kept.iter().collect::<Vec<_>>(), expected);
    // It is live: the words left in would have been counted wrongly.
    assert_eq!(load(&uncut(&pair)).count("aceg bdfh").unwrap(), 1);
    // A token that takes the end of any word with the space.
    let end = [["g", "▁"]];
    let kept = load(&uncut(&end)).words_at_least(14).expect("words");
    assert!(kept.iter().all(|word| !word.ends_with('g')), "{kept:?}");
}

#[test]
fn text_cut_at_fixed_lengths_has_no_words() {
    let mut made = uncut(&[]);
    made["pre_tokenizer"] = json!({"type": "FixedLength", "length": 25});
    let error = load(&made).words_at_least(16).expect_err("no words");
    assert!(
        matches!(
            error,
            TokenizerError::TooFewWords {
                single: 28,
                words: 0,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_end_of_word_mark_is_learned_too() {
    // As CLIP: no mark for a space, one for the end of a word.
    let vocabulary = json!({"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "ab</w>": 4, "ba</w>": 5});
    let made = json!({
        "version": "1.0",
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": vocabulary,
            "merges": [["b", "a</w>"], ["a", "b</w>"]]},
    });
    assert_eq!(load(&made).words_at_least(2).unwrap(), ["ab", "ba"]);
}

#[test]
fn unknown_words_are_no_words() {
    // `bo` is the unknown token alone, whatever it is after a space.
    let vocabulary = json!({"[UNK]": 0, "ba": 1, "▁ba": 2, "▁bo": 3, "xbo": 4});
    let made = json!({
        "version": "1.0",
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": true},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    });
    assert_eq!(load(&made).words_at_least(1).unwrap(), ["ba"]);
    assert_eq!(load(&made).count("bo bo").unwrap(), 2, "as many as words");
}

/// GPT-2's printable character for each byte.
fn printable(byte: u8) -> char {
    let is_printable = |b: u8| matches!(b, 33..=126 | 161..=172 | 174..=255);
    if is_printable(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|b| !is_printable(*b)).count() as u32;
    char::from_u32(256 + before).expect("a character")
}

#[test]
fn o200k_base_in_a_file_has_the_words_of_the_embedded_one() {
    let bpe = &bpe_openai::o200k_base().bpe;
    let vocabulary: serde_json::Map<String, Value> = (0..bpe.num_tokens())
        .map(|id| {
            let bytes = bpe.token_bytes(id as u32);
            (bytes.iter().map(|b| printable(*b)).collect(), id.into())
        })
        .collect();
    let cut = json!({"type": "Split", "pattern": {"Regex": " ?[^ ]+| +"}, "behavior": "Isolated", "invert": false});
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
    let made = json!({
        "version": "1.0",
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [cut, bytes]},
        "model": {"type": "BPE", "vocab": vocabulary, "merges": [], "ignore_merges": true},
    });
    let tokenizer = load(&made);
    // Not `assert_eq!`: it would print ten thousand words.
    assert!(tokenizer.words().unwrap() == Tokenizer::o200k_base().words().unwrap());
}
