//! Every test vector printed in `schemas/RANDOMNESS.md` is recomputed from the printed inputs,
//! so that document and code cannot drift apart. The tables are parsed, not copied.

use std::fmt::{Debug, Write as _};

use compiler::plan::samplers::{self, LengthDistribution, WeightedChoice};
use compiler::rng::{Component, Seed, Stream, Streams};
use compiler::text::corpus::{BLOCK_WORDS, CORPUS_WORDS, Corpus};
use compiler::text::prompt;
use compiler::text::tokenizer::Tokenizer;
use sha2::{Digest, Sha256};

const DOCUMENT: &str = include_str!("../../schemas/RANDOMNESS.md");
const SEED: Seed = Seed(42);

type Row = Vec<String>;

/// The body rows of the first table under a heading.
fn table(heading: &str) -> Vec<Row> {
    let mut lines = DOCUMENT
        .lines()
        .skip_while(|line| line.trim_start_matches('#') != heading);
    assert!(
        lines.next().is_some(),
        "no heading {heading:?} in RANDOMNESS.md"
    );
    let rows: Vec<Row> = lines
        .take_while(|line| !line.starts_with('#'))
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(cell).collect())
        .collect();
    assert!(!rows.is_empty(), "no table under {heading:?}");
    rows
}

fn cell(text: &str) -> String {
    text.trim().trim_matches('`').to_owned()
}

/// Recomputes each row from its first `inputs` cells and reports all that differ at once.
fn check(heading: &str, inputs: usize, compute: impl Fn(&[String]) -> Row) {
    let mut wrong = String::new();
    for row in table(heading) {
        let computed = compute(&row[..inputs]);
        if row[inputs..] != computed[..] {
            let printed = row.join(" | ");
            let line = [&row[..inputs], &computed[..]].concat().join(" | ");
            writeln!(wrong, "document: {printed}\n    code: {line}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{heading}\n{wrong}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn list<T: Debug>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("{item:?}")).collect();
    items.join(", ")
}

fn component(identifier: &str) -> Component {
    let named = |component: &Component| component.identifier() == identifier;
    Component::ALL
        .into_iter()
        .find(named)
        .unwrap_or_else(|| panic!("{identifier} unregistered"))
}

fn stream(identifier: &str, index: &str) -> Stream {
    Streams::new(SEED, component(identifier)).stream(index.parse().unwrap())
}

/// Splits `name(1, 2)` into the name and its arguments.
fn call(text: &str) -> (&str, Vec<&str>) {
    let (name, rest) = text.split_once('(').unwrap();
    let inside = rest.trim_end_matches(')');
    (
        name,
        inside
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect(),
    )
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|_| panic!("not a number: {text}"))
}

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
        let streams = Streams::new(Seed(number(&inputs[0])), component(&inputs[1]));
        vec![hex(streams.key())]
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

/// Four calls of one sampler, printed so that they read back exactly.
fn four_results(text: &str, stream: &mut Stream) -> String {
    let (name, args) = call(text);
    let integer = |i: usize| number::<u64>(args[i]);
    let float = |i: usize| number::<f64>(args[i]);
    match name {
        "below" => list([(); 4].map(|()| stream.below(integer(0)))),
        "uniform_inclusive" => {
            let (min, max) = (integer(0), integer(1));
            list([(); 4].map(|()| samplers::uniform_inclusive(stream, min, max)))
        }
        "weighted" => {
            let weights = (0..args.len()).map(integer);
            let choice = WeightedChoice::new(weights).unwrap();
            list([(); 4].map(|()| choice.choose(stream)))
        }
        "unit_open_closed" => list([(); 4].map(|()| stream.unit_open_closed())),
        "unit_half_open" => list([(); 4].map(|()| stream.unit_half_open())),
        "exponential" => list([(); 4].map(|()| samplers::exponential(stream))),
        "exponential_exposure" => list([(); 4].map(|()| samplers::exponential_exposure(stream))),
        "standard_normal" => list([(); 4].map(|()| samplers::standard_normal(stream))),
        "normal" => list([(); 4].map(|()| samplers::normal(stream, float(0), float(1)))),
        "lognormal" => list([(); 4].map(|()| samplers::lognormal(stream, float(0), float(1)))),
        other => panic!("no sampler {other}"),
    }
}

#[test]
fn sampler_calls_are_as_printed() {
    check(" Vectors: calls", 3, |inputs| {
        let mut stream = stream(&inputs[1], &inputs[2]);
        let results = four_results(&inputs[0], &mut stream);
        vec![results, format!("{:016x}", stream.next_u64())]
    });
}

fn length_distribution(text: &str) -> LengthDistribution {
    let (name, args) = call(text);
    let tokens = |i: usize| number::<u32>(args[i]);
    let float = |i: usize| number::<f64>(args[i]);
    match name {
        "fixed" => LengthDistribution::Fixed(tokens(0)),
        "uniform" => LengthDistribution::Uniform {
            min: tokens(0),
            max: tokens(1),
        },
        "normal" => LengthDistribution::Normal {
            mean: float(0),
            std_dev: float(1),
            min: tokens(2),
            max: tokens(3),
        },
        "lognormal" => LengthDistribution::LogNormal {
            mean: float(0),
            std_dev: float(1),
            min: tokens(2),
            max: tokens(3),
        },
        other => panic!("no distribution {other}"),
    }
}

#[test]
fn lengths_are_as_printed() {
    check(" Vectors: lengths", 2, |inputs| {
        let lengths = length_distribution(&inputs[0]);
        let streams = Streams::new(SEED, component(&inputs[1]));
        vec![list((0..8).map(|item| lengths.sample(&streams, item)))]
    });
}

#[test]
fn corpus_and_prompts_are_as_printed() {
    let vocabulary = Tokenizer::o200k_base().single_token_words();
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
