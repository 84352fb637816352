//! What it costs to make prompts of exact length, beside what it costs only to count them: each
//! corpus, and the embedded tokenizer over the same texts. Prints ratios; asserts nothing but
//! that the counts are right.
//!
//!     cargo bench -p integration --bench text [-- --prompts N --tokens N]

use compiler::rng::{Component, Seed, Streams};
use compiler::spec::CorpusRef;
use compiler::text::prompt::Place;
use compiler::text::source::{Source, TextOut};
use compiler::text::tokenizer::Tokenizer;
use std::sync::Arc;
use std::time::Instant;

fn main() {
    let (mut prompts, mut tokens) = (20_000_u64, 1_000_u32);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().and_then(|value| value.parse::<u32>().ok());
        match arg.as_str() {
            "--prompts" => prompts = value().expect("--prompts N").into(),
            "--tokens" => tokens = value().expect("--tokens N"),
            // What cargo passes to every benchmark.
            "--bench" => {}
            other => panic!("unknown argument {other}"),
        }
    }
    for tokenizer in [Tokenizer::o200k_base(), Tokenizer::cl100k_base()] {
        println!(
            "{}: {prompts} prompts of {tokens} tokens, one thread",
            tokenizer.name()
        );
        let words: Arc<[String]> = tokenizer.words().expect("words").into();
        let text: Arc<str> = words
            .chunks(12)
            .fold(String::new(), |text, line| text + &line.join(" ") + ".\n")
            .into();
        let name = "words in lines".to_owned();
        let corpora = [
            CorpusRef::Words,
            CorpusRef::Random,
            CorpusRef::Code,
            CorpusRef::File { name, text },
        ];
        println!("  corpus            make    count  of counting  inexact");
        for corpus in corpora {
            row(&corpus, &words, &tokenizer, prompts, tokens);
        }
    }
}

/// One corpus: microseconds a prompt, made and counted.
fn row(
    corpus: &CorpusRef,
    words: &Arc<[String]>,
    tokenizer: &Tokenizer,
    prompts: u64,
    tokens: u32,
) {
    let source = Source::new(corpus, Seed(42), words, tokenizer).expect("a corpus");
    let streams = Streams::new(Seed(42), Component::PromptCorpus);
    let make = |index: u64, out: &mut TextOut| {
        out.rope.clear();
        out.own.clear();
        let stream = &mut streams.stream(index);
        let made = source.append(stream, tokens, Place::Start, out);
        made.expect("an embedded tokenizer needs no correction");
    };
    let mut out = TextOut::default();
    let start = Instant::now();
    for index in 0..prompts {
        make(index, &mut out);
        std::hint::black_box(&out);
    }
    let made = start.elapsed();
    // Counting is slow: a tenth is enough to know its speed.
    let counted_prompts = prompts.div_ceil(10);
    let texts: Vec<String> = (0..counted_prompts)
        .map(|index| {
            make(index, &mut out);
            let escaped = format!("\"{}\"", source.render(&out));
            serde_json::from_str(&escaped).expect("escaped text")
        })
        .collect();
    let start = Instant::now();
    let inexact = texts
        .iter()
        .filter(|text| tokenizer.count(text).expect("a count") != tokens as usize)
        .count();
    let counted = start.elapsed();
    assert_eq!(inexact, 0, "prompts of other lengths than asked");
    let micros = |time: std::time::Duration, count: u64| time.as_secs_f64() * 1e6 / count as f64;
    let (made, counted) = (micros(made, prompts), micros(counted, counted_prompts));
    println!(
        "  {:14} {made:7.2} µs {counted:7.1} µs  {:10.3} ×  {inexact:7}",
        corpus.name(),
        made / counted
    );
}
