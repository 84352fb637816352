//! The test vectors of keys, draws and text printed in `schemas/RANDOMNESS.md` are recomputed from
//! the printed inputs, so that document and code cannot drift apart. The tables are parsed, not
//! copied. The samplers' are in `sampler_vectors.rs`.

mod document;

use compiler::rng::{Component, Seed, Streams, index};
use compiler::text::corpus::{BLOCK_WORDS, CORPUS_WORDS, Corpus};
use compiler::text::prompt;
use compiler::text::tokenizer::Tokenizer;
use document::{Row, SEED, call, check, component, hex, list, number, stream, table};
use sha2::{Digest, Sha256};

#[test]
fn registry_in_the_document_is_the_registry_in_the_code() {
    let code: Vec<Row> = Component::ALL
        .map(|c| {
            [c.identifier(), c.index_counts(), c.draws()]
                .map(str::to_owned)
                .to_vec()
        })
        .to_vec();
    assert_eq!(table(" 2. Registry"), code);
}

#[test]
fn keys_are_as_printed() {
    check(" Vectors: keys", 2, |inputs| {
        let (population, component) = in_population(&inputs[1]);
        let seed = Seed(number(&inputs[0]));
        let streams = Streams::in_population(seed, population, component);
        if population.is_none() {
            assert_eq!(streams, Streams::new(seed, component));
        }
        vec![hex(streams.key())]
    });
    let printed: Vec<String> = table(" Vectors: keys")
        .into_iter()
        .filter_map(|row| (row[0] == "42").then(|| row[1].clone()))
        .collect();
    let wanted = Component::ALL.map(Component::identifier);
    assert_eq!(
        printed[..wanted.len()],
        wanted,
        "every component, at seed 42"
    );
}

/// Splits what is more than three parts into population and component.
fn in_population(text: &str) -> (Option<&str>, Component) {
    match text.rmatch_indices('.').nth(2) {
        None => (None, component(text)),
        Some((dot, _)) => (Some(&text[..dot]), component(&text[dot + 1..])),
    }
}

#[test]
fn composed_indices_are_as_printed() {
    check(" Vectors: indices", 1, |inputs| {
        let (name, args) = call(&inputs[0]);
        let compose = match name {
            "request_index" => index::request_index,
            "looped_ordinal" => index::looped_ordinal,
            other => panic!("no index {other}"),
        };
        vec![compose(number(args[0]), number(args[1])).to_string()]
    });
}

#[test]
fn draws_are_as_printed() {
    check(" Vectors: draws", 2, |inputs| {
        let mut stream = stream(&inputs[0], &inputs[1]);
        (0..4)
            .map(|_| format!("{:016x}", stream.next_u64()))
            .collect()
    });
    let printed: Vec<Row> = table(" Vectors: draws")
        .iter()
        .map(|row| row[..2].to_vec())
        .collect();
    let wanted: Vec<Row> = Component::ALL
        .into_iter()
        .flat_map(|c| [0, 1, 1 << 40].map(|i: u64| vec![c.identifier().to_owned(), i.to_string()]))
        .collect();
    assert_eq!(printed, wanted, "every component, at streams 0, 1 and 2^40");
}

#[test]
fn far_draws_are_as_printed() {
    check(" Vectors: far draws", 2, |inputs| {
        let mut stream = stream(&inputs[0], &inputs[1]);
        let draws: Vec<u64> = (0..33).map(|_| stream.next_u64()).collect();
        [7, 8, 32].map(|i| format!("{:016x}", draws[i])).to_vec()
    });
}

#[test]
fn corpus_and_prompts_are_as_printed() {
    let words = Tokenizer::o200k_base().words().expect("words");
    let vocabulary: Vec<&str> = words.iter().map(String::as_str).collect();
    let corpus = Corpus::generate(SEED, &vocabulary);
    check(" Vectors: corpus blocks", 1, |inputs| {
        block_row(&vocabulary, &corpus, &inputs[0])
    });
    check(" Vectors: corpus", 1, |inputs| {
        vec![corpus_fact(&vocabulary, &corpus, &inputs[0])]
    });
    check(" Vectors: prompts", 2, |inputs| {
        prompt_row(&corpus, &inputs[0], &inputs[1])
    });
}

fn block_row(vocabulary: &[&str], corpus: &Corpus, block: &str) -> Row {
    let first = number::<u32>(block) * BLOCK_WORDS;
    let range = corpus.slice(first..first + 8);
    let text = corpus.render(&[range]);
    let rank = |word: &str| vocabulary.iter().position(|entry| *entry == word).unwrap();
    vec![
        list(text.split_whitespace().map(rank)),
        text.trim_start().to_owned(),
    ]
}

fn corpus_fact(vocabulary: &[&str], corpus: &Corpus, what: &str) -> String {
    match what {
        "vocabulary words" => vocabulary.len().to_string(),
        "vocabulary SHA-256" => {
            let lines: String = vocabulary.iter().map(|word| format!("{word}\n")).collect();
            hex(&Sha256::digest(lines))
        }
        "corpus bytes" => corpus.text().len().to_string(),
        "corpus SHA-256" => hex(&corpus.sha256()),
        other => panic!("no fact {other}"),
    }
}

fn prompt_row(corpus: &Corpus, index: &str, tokens: &str) -> Row {
    let tokens: u32 = number(tokens);
    let mut rope = Vec::new();
    prompt::prompt(
        corpus,
        &mut stream("dataset.prompt.corpus", index),
        tokens,
        &mut rope,
    );
    let starts: Vec<u32> = (0..=CORPUS_WORDS)
        .map(|word| corpus.slice(0..word).end)
        .collect();
    let word_at = |byte: u32| starts.binary_search(&byte).unwrap();
    let head = tokens.min(prompt::HEAD_WORDS) as usize;
    let first = word_at(rope[0].start - 1).to_string();
    let mut pieces = vec![first];
    pieces.extend(
        rope[1..head]
            .iter()
            .map(|range| word_at(range.start).to_string()),
    );
    if rope.len() > head {
        pieces.push(format!(
            "{}+{}",
            word_at(rope[head].start),
            tokens - prompt::HEAD_WORDS
        ));
    }
    vec![
        pieces.join(", "),
        hex(&Sha256::digest(corpus.render(&rope))),
    ]
}
