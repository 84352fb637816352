//! Texts come out as they went in: quotes, backslashes, control characters, emoji, line ends of every
//! kind; and whatever a file holds, counts are exact.

use crate::corpora::{file, mixed};
use crate::{SEED, make, text};
use compiler::rng::{Component, Streams};
use compiler::text::prompt::Place;
use compiler::text::source::{Cut, Source, TextOut};
use compiler::text::tokenizer::Tokenizer;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

static TOKENIZERS: LazyLock<[(Tokenizer, Arc<[String]>); 2]> = LazyLock::new(|| {
    [Tokenizer::o200k_base(), Tokenizer::cl100k_base()].map(|tokenizer| {
        let words = tokenizer.words().expect("words").into();
        (tokenizer, words)
    })
});

fn oracle(tokenizer: &Tokenizer, text: &str) -> usize {
    let oracle = match tokenizer.name() {
        "o200k_base" => tiktoken_rs::o200k_base_singleton(),
        _ => tiktoken_rs::cl100k_base_singleton(),
    };
    oracle.encode_ordinary(text).len()
}

#[test]
fn a_text_holds_what_the_file_holds() {
    let raw = mixed(&make::made_up_words(), 20_000, true);
    let (tokenizer, words) = &TOKENIZERS[0];
    let source = Source::new(&file(&raw), SEED, words, tokenizer).unwrap();
    let is_filler = |text: &str| {
        text.split(' ')
            .skip(1)
            .all(|word| words.iter().any(|w| w == word))
    };
    let mut found = 0;
    for index in 0..200 {
        let mut out = TextOut::default();
        let mut stream = Streams::new(SEED, Component::PromptCorpus).stream(index);
        source
            .append(&mut stream, 250, Place::Start, &mut out)
            .unwrap();
        assert!(out.own.is_empty(), "everything is in the corpus");
        let unescaped = out.rope.iter().map(|cut| {
            let Cut::Corpus(range) = cut else {
                panic!("{cut:?}")
            };
            // Each slice alone is JSON: no escape is cut in two.
            let slice = &source.text()[range.start as usize..range.end as usize];
            serde_json::from_str::<String>(&format!("\"{slice}\"")).expect("whole escapes")
        });
        let slices: Vec<String> = unescaped.collect();
        let longest = slices.iter().max_by_key(|slice| slice.len()).unwrap();
        found += usize::from(raw.contains(&**longest) && !is_filler(longest));
    }
    assert!(found > 190, "{found}");
}

#[test]
fn slices_of_escaped_text_are_not_those_of_the_text_as_it_was_read() {
    // The control for the places: what they would be without escapes.
    let raw = mixed(&make::made_up_words(), 20_000, true);
    let escaped = serde_json::to_string(&raw).unwrap();
    let differs = |at: &usize| escaped.as_bytes()[at + 1] != raw.as_bytes()[*at];
    assert!((1_000..raw.len()).filter(differs).count() > raw.len() / 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_a_file_holds_counts_are_exact(
        parts in prop::collection::vec("[a-zA-Z0-9 \\r\\n\\t'/\"\\\\.,!éß日本\u{301}\u{3000}\u{a0}🚀ǅ١\\x00]{1,30}|[a-z ]{1,40}|\\PC{1,10}", 40..120),
        index: u64,
        tokens in 1_u32..400,
    ) {
        let once = parts.concat();
        let raw = once.repeat(1 + 9_000 / once.len());
        for (tokenizer, words) in TOKENIZERS.iter() {
            let source = Source::new(&file(&raw), SEED, words, tokenizer).unwrap();
            let Source::Pieces(pieces) = &source else { panic!() };
            prop_assert!(pieces.adds_up());
            let at_start = text(&source, index, tokens, Place::Start);
            prop_assert_eq!(oracle(tokenizer, &at_start), tokens as usize, "{:?}", at_start);
            let behind = format!("word{}", text(&source, index, tokens, Place::Behind));
            prop_assert_eq!(oracle(tokenizer, &behind), tokens as usize + 1, "{:?}", behind);
            // Further texts of the same string stand behind it.
            let more = text(&source, index ^ 1, tokens, Place::Behind);
            let all = format!("{at_start}{more}");
            prop_assert_eq!(oracle(tokenizer, &all), 2 * tokens as usize, "{:?}", all);
        }
    }
}
