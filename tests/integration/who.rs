//! Who is asked: models and adapters, and how often each.

use crate::lines::{Lines, body, is_near, text};
use crate::support::{dir, root};
use serde_json::Value;

const BASE: &str = "\
seed: 61
api: {type: completion, streaming: true}
data: {type: synthetic, input_distribution: '3', output_distribution: '2'}
load: {type: constant, stages: [{rate: 2000, duration: 1}]}
";

const ADAPTERS: &str = "models: [base]\nlora_traffic_split: [{name: a, split: 0.7}, {name: b, split: 0.2}, {name: c, split: 0.1}]\n";

/// How many requests have each of these values under `key`.
fn shares(lines: &[Value], key: &str, names: [&str; 3]) -> [usize; 3] {
    names.map(|name| lines.iter().filter(|line| line[key] == name).count())
}

fn all_near(counts: [usize; 3], shares: [f64; 3]) -> bool {
    let of = counts.iter().sum();
    counts
        .iter()
        .zip(shares)
        .all(|(count, share)| is_near(*count, of, share))
}

#[test]
fn round_robin_takes_every_model_in_turn_and_draws_nothing() {
    let workload = Lines::of(&format!(
        "{BASE}models: [a, b, c]\nmodel_selection: round_robin\n"
    ));
    for (i, line) in workload.lines.iter().enumerate() {
        assert_eq!(line["model"], ["a", "b", "c"][i % 3]);
        assert_eq!(body(line)["model"], line["model"]);
    }
    let drawn = workload.drawn_from();
    assert!(
        !drawn.iter().any(|name| name.contains("selection")),
        "{drawn:?}"
    );
}

#[test]
fn random_models_are_equally_frequent_and_not_in_turn() {
    let Lines { lines, .. } = Lines::of(&format!(
        "{BASE}models: [a, b, c]\nmodel_selection: random\n"
    ));
    assert!(all_near(
        shares(&lines, "model", ["a", "b", "c"]),
        [1.0 / 3.0; 3]
    ));
    let in_turn = lines
        .iter()
        .enumerate()
        .filter(|(i, line)| line["model"] == ["a", "b", "c"][i % 3]);
    assert!(is_near(in_turn.count(), lines.len(), 1.0 / 3.0));
}

#[test]
fn weighted_models_have_their_shares() {
    let models = "models: [{name: a, weight: 0.5}, {name: b, weight: 3}, {name: c, weight: 1.5}]\n";
    let Lines { lines, .. } = Lines::of(&format!("{BASE}{models}"));
    let counts = shares(&lines, "model", ["a", "b", "c"]);
    assert!(all_near(counts, [0.1, 0.6, 0.3]), "{counts:?}");
    assert!(
        !all_near(counts, [0.15, 0.55, 0.3]),
        "control: other weights"
    );
    assert!(
        lines
            .iter()
            .all(|line| body(line)["model"] == line["model"])
    );
}

/// Adapters near their split, in the body where servers look for them; the base model in the
/// record.
#[track_caller]
fn assert_split(lines: &[Value], base: &str) {
    let counts = shares(lines, "adapter", ["a", "b", "c"]);
    assert_eq!(counts.iter().sum::<usize>(), lines.len());
    assert!(all_near(counts, [0.7, 0.2, 0.1]), "{counts:?}");
    for line in lines {
        assert_eq!(body(line)["model"], line["adapter"]);
        assert_eq!(text(line, "model"), base);
    }
}

#[test]
fn adapters_have_their_split_and_stand_in_the_body() {
    let Lines { lines, .. } = Lines::of(&format!("{BASE}{ADAPTERS}"));
    assert_split(&lines, "base");
    let counts = shares(&lines, "adapter", ["a", "b", "c"]);
    assert!(!all_near(counts, [0.6, 0.3, 0.1]), "control: another split");
}

#[test]
fn a_closed_loop_splits_its_traffic_too() {
    let closed = "{type: concurrent, stages: [{num_requests: 1500, concurrency_level: 9}]}";
    let open = "{type: constant, stages: [{rate: 2000, duration: 1}]}";
    let Lines { lines, .. } = Lines::of(&format!("{BASE}{ADAPTERS}").replace(open, closed));
    assert_eq!(lines.len(), 1500);
    assert_split(&lines, "base");
}

#[test]
fn a_replayed_trace_splits_its_traffic_too() {
    let dir = dir();
    let sample = root().join("traces/data/azure_code_sample.csv");
    dir.write(
        "t.csv",
        std::fs::read(sample).expect("the sample is in the repository"),
    );
    let trace = "trace: {file: t.csv, format: AzurePublicDataset";
    let spec = format!(
        "seed: 62\n{ADAPTERS}load: {{type: trace_replay, {trace}, loop: 50}}}}\n\
         data: {{type: synthetic, input_distribution: '3', output_distribution: '2'}}\n"
    );
    let Lines { lines, .. } = Lines::with(&dir, &spec, "");
    assert_eq!(lines.len(), 1000);
    assert_split(&lines, "base");
}

#[test]
fn a_conversation_keeps_its_model_and_its_adapter() {
    let spec = format!("{BASE}{ADAPTERS}sessions: {{turns: 3}}\n")
        .replace("[base]", "[one, two]\nmodel_selection: random")
        .replace("rate: 2000", "rate: 200");
    let Lines { lines, .. } = Lines::of(&spec);
    assert_eq!(lines.len(), 600);
    let who = |line: &Value| (line["model"].clone(), line["adapter"].clone());
    assert!(
        lines
            .chunks(3)
            .all(|turns| turns.iter().all(|turn| who(turn) == who(&turns[0])))
    );
    let neighbours = lines.chunks(3).zip(lines[3..].chunks(3));
    assert!(
        neighbours.filter(|(a, b)| who(&a[0]) != who(&b[0])).count() > 50,
        "control"
    );
}
