//! Every prompt has exactly the tokens it was asked for, by the count of another tokenizer
//! implementation (`tiktoken-rs`), and the same check catches the ways in which others get it
//! wrong.

use std::ops::Range;
use std::sync::LazyLock;

use compiler::rng::{Component, Seed, Stream, Streams};
use compiler::text::corpus::{CORPUS_WORDS, Corpus};
use compiler::text::prompt::prompt;
use compiler::text::tokenizer::Tokenizer;
use proptest::prelude::*;
use rayon::prelude::*;

const SEED: Seed = Seed(42);
const PROMPTS: u64 = 2_000;
const LARGEST: u64 = 3_000;

static WORDS: LazyLock<Vec<String>> =
    LazyLock::new(|| Tokenizer::o200k_base().words().expect("words"));
static VOCABULARY: LazyLock<Vec<&str>> =
    LazyLock::new(|| WORDS.iter().map(String::as_str).collect());
static CORPUS: LazyLock<Corpus> = LazyLock::new(|| Corpus::generate(SEED, &VOCABULARY));

fn oracle(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton()
        .encode_ordinary(text)
        .len()
}

fn item(index: u64) -> Stream {
    Streams::new(SEED, Component::PromptCorpus).stream(index)
}

fn rope(corpus: &Corpus, index: u64, tokens: u32) -> Vec<Range<u32>> {
    let mut rope = Vec::new();
    prompt(corpus, &mut item(index), tokens, &mut rope);
    rope
}

fn text_of(corpus: &Corpus, index: u64, tokens: u32) -> String {
    corpus.render(&rope(corpus, index, tokens))
}

/// 1 to 4 and then sizes spread over 1..=LARGEST, all different modulo nothing simple.
fn size(index: u64) -> u32 {
    let spread = if index < 4 {
        index
    } else {
        index * 7919 % LARGEST
    };
    spread as u32 + 1
}

/// How many of `prompts` prompts do not have the tokens they were asked for.
fn inexact(prompts: u64, text: impl Fn(u64, u32) -> String + Sync) -> usize {
    (0..prompts)
        .into_par_iter()
        .filter(|&index| oracle(&text(index, size(index))) != size(index) as usize)
        .count()
}

#[test]
fn every_prompt_has_exactly_its_tokens() {
    assert_eq!(
        inexact(PROMPTS, |index, tokens| text_of(&CORPUS, index, tokens)),
        0
    );
}

#[test]
fn a_prompt_longer_than_the_corpus_has_exactly_its_tokens() {
    let tokens = 2 * CORPUS_WORDS + 77;
    let text = text_of(&CORPUS, 9, tokens);
    assert_eq!(oracle(&text), tokens as usize);
    assert_eq!(
        Tokenizer::o200k_base().count(&text).unwrap(),
        tokens as usize
    );
}

#[test]
fn control_words_joined_without_spaces_merge() {
    let joined = |index, tokens| text_of(&CORPUS, index, tokens).replace(' ', "");
    assert!(inexact(50, joined) > 45);
}

#[test]
fn control_a_corpus_of_any_words_splits() {
    // One made-up word in eight is enough: it is two or more tokens.
    let mixed = VOCABULARY.iter().take(700).chain(&["wlcxq"; 100]).copied();
    let corpus = Corpus::from_words(mixed);
    assert!(inexact(50, |index, tokens| text_of(&corpus, index, tokens)) > 40);
}

#[test]
fn control_random_token_ids_decoded_do_not_encode_back() {
    // What benchmarks do that draw token ids: joined at random, tokens merge and split.
    let bpe = &bpe_openai::o200k_base().bpe;
    let decoded = |index: u64, tokens: u32| {
        let mut stream = item(index);
        let ids: Vec<u32> = (0..tokens)
            .map(|_| stream.below(bpe.num_tokens() as u64) as u32)
            .collect();
        String::from_utf8_lossy(&bpe.decode_tokens(&ids)).into_owned()
    };
    assert!(inexact(50, decoded) > 45);
}

#[test]
fn vocabulary_words_are_one_token_with_and_without_a_space() {
    assert!(VOCABULARY.len() > 10_000);
    for word in VOCABULARY.iter() {
        assert!(
            word.len() >= 2 && word.bytes().all(|b| b.is_ascii_lowercase()),
            "{word}"
        );
        assert_eq!(
            (oracle(word), oracle(&format!(" {word}"))),
            (1, 1),
            "{word}"
        );
    }
}

#[test]
fn vocabulary_is_in_the_order_of_token_ids() {
    let id =
        |word: &&str| tiktoken_rs::o200k_base_singleton().encode_ordinary(&format!(" {word}"))[0];
    assert!(VOCABULARY.is_sorted_by_key(id));
}

#[test]
fn both_tokenizers_count_other_text_alike() {
    let tokenizer = Tokenizer::o200k_base();
    assert_eq!(tokenizer.name(), "o200k_base");
    for text in [
        "",
        " ",
        "a",
        "Don't panic!\n\n  42 µs",
        "日本語のテキスト",
        "<|endoftext|>",
        "{\"a\": [1.5e3]}",
    ] {
        assert_eq!(tokenizer.count(text).unwrap(), oracle(text), "{text:?}");
    }
}

#[test]
fn the_corpus_is_the_same_on_any_number_of_threads_and_differs_by_seed() {
    let on = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| Corpus::generate(seed, &VOCABULARY).sha256())
    };
    assert_eq!(on(1, SEED), on(5, SEED));
    assert_eq!(on(3, SEED), CORPUS.sha256());
    assert_ne!(on(1, Seed(43)), CORPUS.sha256());
}

#[test]
fn prompts_do_not_begin_alike() {
    let twins = |mut heads: Vec<String>| {
        let all = heads.len();
        heads.sort_unstable();
        heads.dedup();
        all - heads.len()
    };
    let first_words = |text: String| text.split(' ').take(4).collect::<Vec<_>>().join(" ");
    let ours = (0..10_000).map(|index| first_words(text_of(&CORPUS, index, 16)));
    assert_eq!(twins(ours.collect()), 0);
    // The control: one slice from one position, of which there are only 2^17.
    let one_slice = (0..10_000).map(|index| {
        let start = item(index).below(u64::from(CORPUS_WORDS - 16)) as u32;
        first_words(CORPUS.render(&[CORPUS.slice(start..start + 16)]))
    });
    assert!(twins(one_slice.collect()) > 100);
}

#[test]
fn a_prompt_takes_no_draw_beyond_those_it_needs() {
    for (tokens, draws) in [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 4),
        (5000, 4),
        (300_000, 4),
    ] {
        let mut used = item(0);
        prompt(&CORPUS, &mut used, tokens, &mut Vec::new());
        let mut counted = item(0);
        // 2^17 divides 2^64, so `below` never rejects: one draw a position.
        (0..draws).for_each(|_| _ = counted.next_u64());
        assert_eq!(used.next_u64(), counted.next_u64(), "{tokens} tokens");
    }
}

proptest! {
    #[test]
    fn a_rope_is_n_words_one_space_apart(
        words in prop::collection::vec("[a-z]{2,8}", 1..40),
        tokens in 0_u32..200,
        index: u64,
    ) {
        let corpus = Corpus::from_words(words.iter().map(String::as_str));
        let rope = rope(&corpus, index, tokens);
        prop_assert!(rope.iter().all(|range| range.start < range.end));
        let text = corpus.render(&rope);
        let found: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        prop_assert_eq!(found.len(), tokens as usize);
        prop_assert_eq!(found.join(" "), &text[..]);
        // After the head the words follow each other cyclically.
        let pairs: Vec<_> = (0..words.len()).map(|i| (&*words[i], &*words[(i + 1) % words.len()])).collect();
        for pair in found.get(3..).unwrap_or_default().windows(2) {
            prop_assert!(pairs.contains(&(pair[0], pair[1])));
        }
    }

    #[test]
    fn a_prompt_appends_to_what_is_there(tokens in 0_u32..50) {
        let mut twice = rope(&CORPUS, 1, tokens);
        let once = twice.clone();
        prompt(&CORPUS, &mut item(1), tokens, &mut twice);
        prop_assert_eq!(twice, [once.clone(), once].concat());
    }
}
