//! Sampling parameters, as the server reads them in the body.

use crate::lines::{Lines, body, number, text};
use serde_json::Value;
use std::collections::BTreeSet;

const BASE: &str = "\
seed: 81
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: '3', output_distribution: '7'}
load: {type: constant, stages: [{rate: 600, duration: 1}]}
";
const KEYS: [&str; 4] = ["temperature", "top_p", "top_k", "seed"];

fn with(sampling: &str) -> Lines {
    Lines::of(&format!("{BASE}sampling: {sampling}\n"))
}

/// The parameters in a body.
fn sent(line: &Value) -> Vec<&'static str> {
    let body = body(line);
    KEYS.into_iter()
        .filter(|key| body.get(key).is_some())
        .collect()
}

fn drawn(workload: &Lines) -> Vec<String> {
    let mut drawn = workload.drawn_from();
    drawn.retain(|name| name.starts_with("composer.sampling."));
    drawn
}

#[test]
fn temperature_0_sends_nothing_else_and_draws_nothing() {
    let greedy =
        with("{temperature: 0, top_p: 'uniform(0.5, 1)', top_k: 'uniform(1, 9)', seed: true}");
    for line in &greedy.lines {
        assert_eq!(sent(line), ["temperature"]);
        assert!(
            text(line, "body").contains(r#""temperature":0.0,"#),
            "{line}"
        );
    }
    assert_eq!(drawn(&greedy), [""; 0]);
    // Control: at another temperature all of it is sent and drawn.
    let warm =
        with("{temperature: 0.1, top_p: 'uniform(0.5, 1)', top_k: 'uniform(1, 9)', seed: true}");
    assert!(warm.lines.iter().all(|line| sent(line) == KEYS));
    let names = ["seed", "top_k", "top_p"].map(|name| format!("composer.sampling.{name}"));
    assert_eq!(drawn(&warm), names);
}

#[test]
fn a_request_that_drew_temperature_0_sends_nothing_else() {
    let mixed =
        with("{temperature: {type: empirical, values: {0: 1, 0.5: 1}}, top_k: 9, seed: true}");
    let greedy = |line: &&Value| body(line)["temperature"] == 0.0;
    let (cold, warm): (Vec<_>, Vec<_>) = mixed.lines.iter().partition(greedy);
    assert!(cold.len() > 200 && warm.len() > 200);
    assert!(cold.into_iter().all(|line| sent(line) == ["temperature"]));
    assert!(
        warm.into_iter()
            .all(|line| sent(line) == ["temperature", "top_k", "seed"])
    );
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    assert!(
        Lines::of(BASE)
            .lines
            .iter()
            .all(|line| sent(line) == [""; 0])
    );
    assert!(
        with("{seed: false, top_k: 5}")
            .lines
            .iter()
            .all(|line| sent(line) == ["top_k"])
    );
}

#[test]
fn decimals_stand_in_the_body_as_they_were_written() {
    for (written, json) in [
        ("0.1", "0.1"),
        ("0.7", "0.7"),
        ("1", "1.0"),
        ("0.000001", "0.000001"),
        ("1.234567", "1.234567"),
        ("0.30", "0.3"),
    ] {
        let workload = with(&format!("{{temperature: {written}, top_k: 40}}"));
        let expected = format!(r#","temperature":{json},"top_k":40,"#);
        let lines = &workload.lines;
        assert!(
            lines
                .iter()
                .all(|line| text(line, "body").contains(&expected)),
            "{written}"
        );
        assert_eq!(drawn(&workload), [""; 0]);
    }
}

#[test]
fn drawn_parameters_are_in_range_and_each_request_has_its_own() {
    let workload = with(
        "{temperature: 'uniform(0.2, 1.0)', top_p: 'uniform(0.5, 0.9)', top_k: 'uniform(10, 20)'}",
    );
    let value = |line: &Value, key: &str| body(line)[key].as_f64().expect("a number");
    let mut temperatures = BTreeSet::new();
    for line in &workload.lines {
        assert!((0.2..=1.0).contains(&value(line, "temperature")), "{line}");
        assert!((0.5..=0.9).contains(&value(line, "top_p")), "{line}");
        assert!((10..=20).contains(&number(&body(line), "top_k")), "{line}");
        temperatures.insert(body(line)["temperature"].to_string());
    }
    assert!(temperatures.len() > 590, "{}", temperatures.len());
    let of = workload.lines.len() as f64;
    let mean = workload
        .lines
        .iter()
        .map(|line| value(line, "temperature"))
        .sum::<f64>()
        / of;
    assert!((mean - 0.6).abs() < 0.04, "{mean}");
}

#[test]
fn server_seeds_are_distinct_and_every_json_reader_keeps_them() {
    let seeds = |workload: &Lines| -> Vec<u64> {
        let seeds = workload
            .lines
            .iter()
            .map(|line| number(&body(line), "seed"));
        seeds.collect()
    };
    let base = seeds(&with("{seed: true}"));
    let distinct: BTreeSet<u64> = base.iter().copied().collect();
    assert_eq!(distinct.len(), base.len());
    assert!(base.iter().all(|seed| *seed < 1 << 53));
    assert!(
        base.iter().any(|seed| *seed > 1 << 52),
        "control: all 53 bits are used"
    );
    assert_eq!(
        seeds(&with("{seed: true, temperature: 'uniform(0.5, 1)'}")),
        base
    );
    let other = BASE.replace("seed: 81", "seed: 82");
    assert_ne!(
        seeds(&Lines::of(&format!("{other}sampling: {{seed: true}}\n"))),
        base
    );
}
