//! Who hangs up, and when; and that nobody else notices.

use crate::lines::{Lines, is_near};
use serde_json::Value;

const BASE: &str = "\
seed: 71
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(1, 9)', output_distribution: 'uniform(1, 9)'}
load: {type: poisson, interval: 0, stages: [{rate: 500, duration: 2}]}
";

fn with(cancellation: &str) -> Vec<Value> {
    Lines::of(&format!("{BASE}cancellation: {cancellation}\n")).lines
}

/// Indices of the requests that are abandoned.
fn chosen(lines: &[Value]) -> Vec<usize> {
    let cancelled = |line: &Value| {
        let (delay, tokens) = (&line["cancel_after_ns"], &line["cancel_after_tokens"]);
        assert!(delay.is_null() || tokens.is_null(), "{line}");
        !(delay.is_null() && tokens.is_null())
    };
    (0..lines.len()).filter(|i| cancelled(&lines[*i])).collect()
}

/// Everything but what cancellation is about: the leaf covers all columns.
fn others(lines: &[Value]) -> Vec<Value> {
    let mut lines = lines.to_vec();
    for line in &mut lines {
        let line = line.as_object_mut().expect("an object");
        for key in ["cancel_after_ns", "cancel_after_tokens", "leaf"] {
            line.remove(key).expect("a key of the contract");
        }
    }
    lines
}

#[test]
fn an_exact_share_is_exact() {
    let requests = Lines::of(BASE).lines.len();
    for (share, millionths) in [
        ("0", 0),
        ("0.0005", 500),
        ("0.1", 100_000),
        ("0.333", 333_000),
        ("1", 1_000_000),
    ] {
        let lines = with(&format!("{{rate: {share}, count: exact, delay: 5ms}}"));
        assert_eq!(lines.len(), requests);
        let expected = (requests * millionths + 500_000) / 1_000_000;
        assert_eq!(chosen(&lines).len(), expected, "{share} of {requests}");
    }
}

#[test]
fn an_exact_share_is_drawn_from_all_requests() {
    let lines = with("{rate: 0.5, count: exact, delay: 5ms}");
    let half = lines.len() / 2;
    let early = chosen(&lines).into_iter().filter(|i| *i < half).count();
    assert!(is_near(early, half, 0.5), "{early} of the first {half}");
}

#[test]
fn a_bernoulli_share_is_near_and_not_exact() {
    let lines = with("{rate: 0.3, delay: 5ms}");
    let count = chosen(&lines).len();
    assert!(
        is_near(count, lines.len(), 0.3),
        "{count} of {}",
        lines.len()
    );
    assert!(!is_near(count, lines.len(), 0.4), "control: another share");
    assert_eq!(chosen(&with("{rate: 0, delay: 5ms}")), [0; 0]);
    assert_eq!(chosen(&with("{rate: 1, delay: 5ms}")).len(), lines.len());
}

#[test]
fn who_hangs_up_depends_on_the_request_and_not_on_how_many_there_are() {
    let long = with("{rate: 0.3, delay: 'uniform(1ms, 9s)'}");
    let short = BASE.replace("duration: 2", "duration: 1");
    let short = Lines::of(&format!(
        "{short}cancellation: {{rate: 0.3, delay: 'uniform(1ms, 9s)'}}\n"
    ))
    .lines;
    assert!(short.len() > 400 && short.len() < long.len());
    let delays = |lines: &[Value]| -> Vec<Value> {
        let column = lines[..short.len()].iter();
        column.map(|line| line["cancel_after_ns"].clone()).collect()
    };
    assert_eq!(delays(&short), delays(&long));
    let other = BASE.replace("seed: 71", "seed: 72");
    let other = Lines::of(&format!(
        "{other}cancellation: {{rate: 0.3, delay: 'uniform(1ms, 9s)'}}\n"
    ))
    .lines;
    assert_ne!(chosen(&other), chosen(&long), "control");
}

#[test]
fn a_larger_share_keeps_those_of_a_smaller_one() {
    for count in ["exact", "bernoulli"] {
        let few = chosen(&with(&format!("{{rate: 0.1, count: {count}, delay: 5ms}}")));
        let many = chosen(&with(&format!("{{rate: 0.2, count: {count}, delay: 5ms}}")));
        assert!(few.len() < many.len());
        assert!(few.iter().all(|request| many.contains(request)), "{count}");
    }
}

#[test]
fn delays_and_token_counts_are_as_asked() {
    let all = |lines: Vec<Value>, key: &str, range: std::ops::RangeInclusive<u64>| {
        let values = chosen(&lines)
            .into_iter()
            .map(|i| lines[i][key].as_u64().expect(key));
        let values: Vec<u64> = values.collect();
        assert!(!values.is_empty());
        assert!(
            values.iter().all(|value| range.contains(value)),
            "{key}: {values:?}"
        );
        values
    };
    all(
        with("{rate: 0.1, delay: 500ms}"),
        "cancel_after_ns",
        500_000_000..=500_000_000,
    );
    let drawn = with("{rate: 0.5, delay: 'uniform(10ms, 20ms)'}");
    let mut drawn = all(drawn, "cancel_after_ns", 10_000_000..=20_000_000);
    let mean = drawn.iter().sum::<u64>() / drawn.len() as u64;
    assert!(mean.abs_diff(15_000_000) < 500_000, "{mean}");
    let number = drawn.len();
    drawn.sort_unstable();
    drawn.dedup();
    assert!(drawn.len() > number * 99 / 100, "each draws its own");
    all(
        with("{rate: 0.1, after_tokens: 5}"),
        "cancel_after_tokens",
        5..=5,
    );
    all(
        with("{rate: 0.1, after_tokens: 'uniform(1, 7)'}"),
        "cancel_after_tokens",
        1..=7,
    );
}

#[test]
fn no_other_column_moves() {
    let base = others(&Lines::of(BASE).lines);
    for cancellation in [
        "{rate: 0.3, delay: 'uniform(10ms, 20ms)'}",
        "{rate: 0.3, count: exact, after_tokens: 'uniform(1, 5)'}",
    ] {
        assert_eq!(others(&with(cancellation)), base, "{cancellation}");
    }
    let stages = |spec: &str| Lines::of(spec).summary["stages"].clone();
    let cancelling = format!("{BASE}cancellation: {{rate: 1, delay: 1ms}}\n");
    assert_eq!(stages(BASE), stages(&cancelling));
}
