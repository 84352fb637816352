//! Token counts come from where the spec says, and are what the body asks for.

use crate::lines::{Lines, body, is_near};
use crate::support::dir;
use harness::{Dir, sha256_hex};

const REQUESTS: usize = 2000;

fn spec(data: &str) -> String {
    format!(
        "seed: 91\napi: {{type: completion, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, {data}}}\n\
         load: {{type: constant, stages: [{{rate: {REQUESTS}, duration: 1}}]}}\n"
    )
}

/// Answers of the given distribution, by request.
fn outputs(dir: &Dir, distribution: &str) -> Vec<u64> {
    let data = format!("input_distribution: '2', output_distribution: {distribution}");
    let workload = Lines::with(dir, &spec(&data), "");
    let outputs = workload.numbers("output_tokens");
    assert_eq!(outputs.len(), REQUESTS);
    outputs
}

fn mean(values: &[u64]) -> f64 {
    values.iter().sum::<u64>() as f64 / values.len() as f64
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

fn count(values: &[u64], of: u64) -> usize {
    values.iter().filter(|value| **value == of).count()
}

#[test]
fn the_body_asks_for_the_stated_number_of_tokens() {
    let workload = Lines::of(&spec(
        "input_distribution: '2', output_distribution: 'uniform(1, 99)'",
    ));
    for line in &workload.lines {
        assert_eq!(body(line)["max_tokens"], line["output_tokens"]);
    }
}

#[test]
fn poisson_lengths_have_their_mean_and_their_spread() {
    let drawn = outputs(&dir(), "{type: poisson, mean: 30, min: 1, max: 1000}");
    // The standard deviation of the mean is sqrt(30 / 2000) = 0.12.
    assert!((mean(&drawn) - 30.0).abs() < 0.5, "{}", mean(&drawn));
    let squares: Vec<u64> = drawn.iter().map(|x| x.abs_diff(30).pow(2)).collect();
    assert!(
        (mean(&squares) - 30.0).abs() < 4.0,
        "variance {}",
        mean(&squares)
    );
    let even = outputs(&dir(), "'uniform(1, 59)'");
    let squares: Vec<u64> = even.iter().map(|x| x.abs_diff(30).pow(2)).collect();
    assert!(
        mean(&squares) > 200.0,
        "control: uniform lengths of the same mean"
    );
}

#[test]
fn zipf_lengths_are_as_frequent_as_their_rank() {
    let drawn = outputs(&dir(), "{type: zipf, exponent: 1.5, min: 1, max: 100}");
    let weight = |rank: u32| libm::pow(f64::from(rank), -1.5);
    let all: f64 = (1..=100).map(weight).sum();
    for rank in 1..=10 {
        let share = weight(rank) / all;
        assert!(
            is_near(count(&drawn, rank.into()), REQUESTS, share),
            "{rank}"
        );
    }
    assert!(
        !is_near(count(&drawn, 1), REQUESTS, weight(2) / all),
        "control"
    );
}

#[test]
fn skewed_lengths_lean_to_the_side_that_was_asked() {
    let skewed = |skew: i32| {
        let drawn = outputs(
            &dir(),
            &format!(
                "{{type: skew_normal, mean: 400, std_dev: 100, skew: {skew}, min: 1, max: 2000}}"
            ),
        );
        mean(&drawn) - median(&drawn) as f64
    };
    assert!(skewed(6) > 5.0, "a long tail to the right lifts the mean");
    assert!(skewed(-6) < -5.0);
    assert!(skewed(0).abs() < 5.0, "control: no skew, no lean");
}

#[test]
fn exponential_lengths_have_the_share_of_long_ones_that_they_must() {
    let drawn = outputs(
        &dir(),
        "{type: exponential, mean: 200, min: 1, max: 100000}",
    );
    let longer = |than: u64| drawn.iter().filter(|tokens| **tokens > than).count();
    for (than, multiple) in [(100, 0.5), (200, 1.0), (600, 3.0)] {
        // Lengths are rounded to whole tokens.
        let share = libm::exp(-multiple - 0.0025);
        assert!(
            is_near(longer(than), REQUESTS, share),
            "{than}: {}",
            longer(than)
        );
    }
    assert!(
        !is_near(longer(200), REQUESTS, 0.5),
        "control: a symmetric distribution"
    );
}

const VALUES: &str = "{type: empirical, values: {8: 5, 16: 3, 64: 2}}";

#[test]
fn empirical_lengths_are_the_listed_ones_in_their_shares() {
    let drawn = outputs(&dir(), VALUES);
    let counts = [8, 16, 64].map(|tokens| count(&drawn, tokens));
    assert_eq!(counts.iter().sum::<usize>(), REQUESTS, "no other length");
    let near = |shares: [f64; 3]| (0..3).all(|i| is_near(counts[i], REQUESTS, shares[i]));
    assert!(near([0.5, 0.3, 0.2]), "{counts:?}");
    assert!(!near([0.4, 0.4, 0.2]), "control: other weights");
}

#[test]
fn a_histogram_file_is_the_same_as_its_values_and_is_known_by_its_hash() {
    const CSV: &str = "tokens,weight\n64,2\n8,5\n16,3\n";
    let dir = dir();
    dir.write("h.csv", CSV)
        .write("h.json", r#"{"8": 5, "64": 2, "16": 3}"#);
    let listed = outputs(&dir, VALUES);
    assert_eq!(outputs(&dir, "{type: empirical, file: h.json}"), listed);
    assert_eq!(outputs(&dir, "{type: empirical, file: h.csv}"), listed);
    let inputs = &dir.wlc("inspect lines.wlc --json").run().json()["manifest"]["inputs"];
    assert_eq!(inputs[0]["file"], "h.csv");
    assert_eq!(inputs[0]["sha256"], sha256_hex(CSV));
    dir.write("h.csv", "tokens,weight\n64,2\n8,3\n16,5\n");
    assert_ne!(
        outputs(&dir, "{type: empirical, file: h.csv}"),
        listed,
        "control"
    );
}

#[test]
fn pairs_are_drawn_together() {
    let pairs = "sequence_distribution: '25,12:40;50,6:60'";
    let workload = Lines::of(&spec(pairs));
    let inputs = workload.numbers("input_tokens");
    let drawn: Vec<(u64, u64)> = inputs
        .into_iter()
        .zip(workload.numbers("output_tokens"))
        .collect();
    let count = |pair| drawn.iter().filter(|drawn| **drawn == pair).count();
    assert_eq!(count((25, 12)) + count((50, 6)), REQUESTS, "and no mixture");
    assert!(is_near(count((25, 12)), REQUESTS, 0.4));
    assert!(
        !is_near(count((25, 12)), REQUESTS, 0.5),
        "control: another share"
    );
}

#[test]
fn spread_around_a_pair_is_the_one_that_was_asked() {
    let workload = Lines::of(&spec("sequence_distribution: '400|20,300|5:100'"));
    for (key, mean_tokens, std_dev) in [("input_tokens", 400, 20.0), ("output_tokens", 300, 5.0)] {
        let values = workload.numbers(key);
        assert!(
            (mean(&values) - mean_tokens as f64).abs() < 0.1 * std_dev,
            "{key}"
        );
        let squares: Vec<u64> = values
            .iter()
            .map(|x| x.abs_diff(mean_tokens).pow(2))
            .collect();
        let measured = mean(&squares).sqrt();
        assert!((measured / std_dev - 1.0).abs() < 0.08, "{key}: {measured}");
    }
}

#[test]
fn another_trace_gives_its_lengths_in_turn() {
    let dir = dir();
    dir.write("t.csv", "at,in,out\n3,30,3\n1,10,1\n2,20,2\n");
    let trace = "{file: t.csv, format: csv, columns: {timestamp: at, input_tokens: in, output_tokens: out}, time_unit: s}";
    let workload = Lines::with(&dir, &spec(&format!("trace: {trace}")), "");
    for (i, line) in workload.lines.iter().enumerate() {
        let expected = [(10, 1), (20, 2), (30, 3)][i % 3];
        assert_eq!(
            (
                line["input_tokens"].as_u64(),
                line["output_tokens"].as_u64()
            ),
            (Some(expected.0), Some(expected.1))
        );
    }
    let source = &workload.summary["manifest"]["traces"][0];
    assert_eq!(
        (&source["rows_read"], &source["emitted"]),
        (&3.into(), &3.into())
    );
}
