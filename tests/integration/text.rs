//! Token counts are exact: every prompt, re-encoded by an implementation that is not ours.

use crate::lines::{body, number, texts};
use crate::support::{dir, requests};
use harness::Inspected;
use serde_json::Value;
use std::num::NonZeroUsize;
use std::sync::LazyLock;
use tiktoken_rs::CoreBPE;

static ENCODER: LazyLock<CoreBPE> =
    LazyLock::new(|| tiktoken_rs::o200k_base().expect("the vocabulary is built in"));

/// The tokens of a text, by an implementation that is not ours.
pub fn encoded(text: &str) -> Vec<u32> {
    ENCODER.encode_ordinary(text)
}

/// Requests (lines of `wlc inspect`) whose texts do not encode to the stated count in all.
pub fn miscounted_in_all(lines: &[Value]) -> Vec<u64> {
    let wrong = |line: &&Value| {
        let texts = texts(&body(line));
        let tokens: usize = texts.iter().map(|text| encoded(text).len()).sum();
        tokens as u64 != number(line, "input_tokens")
    };
    let lines = lines.iter().filter(wrong);
    lines.map(|line| number(line, "index")).collect()
}

/// Requests whose prompt does not encode to the stated count.
pub fn miscounted(requests: &[Inspected]) -> Vec<u64> {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = requests.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = requests
            .chunks(share)
            .map(|part| scope.spawn(|| miscounted_in(part)))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().expect("no panic"))
            .collect()
    })
}

fn miscounted_in(requests: &[Inspected]) -> Vec<u64> {
    let wrong =
        |request: &&Inspected| encoded(&request.prompt()).len() != request.input_tokens as usize;
    requests
        .iter()
        .filter(wrong)
        .map(|request| request.index)
        .collect()
}

fn spec(kind: &str, rate: u32, input: &str) -> String {
    format!(
        "seed: 5\napi: {{type: {kind}, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: '{input}', output_distribution: '8'}}\n\
         load: {{type: constant, stages: [{{rate: {rate}, duration: 1}}]}}\n"
    )
}

#[test]
fn every_prompt_re_encodes_to_its_stated_count() {
    let dir = dir();
    for (kind, rate, input) in [
        ("chat", 1500, "uniform(1, 600)"),
        ("completion", 1500, "uniform(1, 600)"),
        ("chat", 500, "uniform(1, 6)"),
        ("completion", 500, "lognormal(128, 256)"),
    ] {
        let requests = requests(&dir, "w", &spec(kind, rate, input), "");
        assert_eq!(requests.len(), rate as usize);
        assert_eq!(miscounted(&requests), [0; 0], "{kind} {input}");
    }
}

#[test]
fn a_prompt_longer_than_the_corpus_is_exact() {
    let dir = dir();
    let requests = requests(&dir, "w", &spec("chat", 2, "140000"), "");
    assert_eq!(requests[0].input_tokens, 140_000);
    assert_eq!(miscounted(&requests), [0; 0]);
}

#[test]
fn control_altered_prompts_are_noticed() {
    let dir = dir();
    let good = requests(&dir, "w", &spec("completion", 20, "uniform(20, 40)"), "");
    assert_eq!(miscounted(&good), [0; 0]);
    let altered = |change: fn(&str) -> String| {
        let mut requests = good.clone();
        for request in &mut requests {
            let mut body = request.json();
            body["prompt"] = change(&request.prompt()).into();
            request.body = body.to_string();
        }
        miscounted(&requests).len()
    };
    let all = good.len();
    assert_eq!(
        altered(|text| text.replacen(' ', "  !", 1)),
        all,
        "one character altered"
    );
    // Some of these have the right number of tokens by accident.
    let merged = altered(|text| text.replace(' ', ""));
    assert!(
        merged > all / 2,
        "words run together: {merged} of {all} noticed"
    );
    assert_eq!(
        altered(|text| format!("{text} more")),
        all,
        "a word too many"
    );
}
