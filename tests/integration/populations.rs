//! Several populations side by side: merged by time, each as it would be without the others.

use crate::lines::{Lines, number};
use serde_json::{Value, json};

const OPEN: &str = "\
- name: open
  models: [{name: a}]
  data: {type: synthetic, input_distribution: 'uniform(1, 30)', output_distribution: 'uniform(1, 9)'}
  load: {type: poisson, stages: [{rate: 40, duration: 2, name: only}]}
  sampling: {seed: true}
";
const TALK: &str = "\
- name: talk
  models: [{name: b}]
  data: {type: synthetic, input_distribution: 'uniform(1, 30)', output_distribution: 'uniform(1, 9)'}
  load: {type: gamma, burstiness: 0.5, stages: [{rate: 10, duration: 3}]}
  sessions: {turns: 'uniform(1, 3)', delay: 1s}
  cancellation: {rate: 0.4, delay: 'uniform(1ms, 1s)'}
";
const THIRD: &str = "\
- name: third
  models: [{name: c}]
  data: {type: synthetic, input_distribution: 'uniform(1, 30)', output_distribution: 'uniform(1, 9)'}
  load: {type: poisson, stages: [{rate: 70, duration: 1}, {rate: 10, duration: 1}]}
  cancellation: {rate: 0.4, delay: 'uniform(1ms, 1s)'}
";

fn spec(populations: &[&str]) -> String {
    let populations = populations.concat();
    format!("seed: 141\napi: {{type: chat, streaming: true}}\npopulations:\n{populations}")
}

/// What a population sends, without its place in the file.
fn of(lines: &[Value], population: &str) -> Vec<Value> {
    let own = |line: &&Value| line["labels"]["population"] == population;
    let kept = |line: &Value| {
        let mut line = line.clone();
        let position = number(&line, "index");
        let after = line["after"]["request"].as_u64();
        let fields = line.as_object_mut().expect("an object");
        for key in ["index", "leaf", "stage"] {
            fields.remove(key).expect("a key of the contract");
        }
        // How far back the awaited request stands, which for turns is 1.
        if let Some(after) = after {
            line["after"]["request"] = (position - after).into();
        }
        line
    };
    lines.iter().filter(own).map(kept).collect()
}

#[test]
fn populations_are_merged_in_order_of_time() {
    let Lines { lines, .. } = Lines::of(&spec(&[OPEN, TALK, THIRD]));
    let starts: Vec<u64> = lines
        .iter()
        .filter_map(|line| line["at_ns"].as_u64())
        .collect();
    assert!(starts.is_sorted());
    let names = lines
        .iter()
        .map(|line| line["labels"]["population"].as_str().expect("a label"));
    let names: Vec<&str> = names.collect();
    let changes = names.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(changes > 50, "they are mixed: {changes}");
    for name in ["open", "talk", "third"] {
        assert!(
            names.iter().filter(|of| **of == name).count() > 20,
            "{name}"
        );
    }
}

#[test]
fn one_more_population_leaves_the_others_as_they_were() {
    let two = Lines::of(&spec(&[OPEN, TALK])).lines;
    let three = Lines::of(&spec(&[OPEN, TALK, THIRD])).lines;
    assert!(three.len() > two.len() + 50);
    for name in ["open", "talk"] {
        assert!(of(&two, name).len() > 20);
        assert_eq!(of(&two, name), of(&three, name), "{name}");
    }
    assert_eq!(of(&two, "third"), [Value::Null; 0]);
}

#[test]
fn the_order_of_further_populations_does_not_matter_to_any() {
    let one = Lines::of(&spec(&[OPEN, TALK, THIRD])).lines;
    let other = Lines::of(&spec(&[OPEN, THIRD, TALK])).lines;
    for name in ["open", "talk", "third"] {
        assert_eq!(of(&one, name), of(&other, name), "{name}");
    }
}

#[test]
fn control_another_name_or_another_first_population_draws_anew() {
    let base = of(&Lines::of(&spec(&[OPEN, TALK])).lines, "talk");
    let renamed = TALK.replace("name: talk", "name: chat");
    let renamed = of(&Lines::of(&spec(&[OPEN, &renamed])).lines, "chat");
    let starts = |lines: &[Value]| -> Vec<Value> {
        lines.iter().map(|line| line["at_ns"].clone()).collect()
    };
    assert_ne!(starts(&base), starts(&renamed));
    // The first population draws under the plain identifiers.
    let first = of(&Lines::of(&spec(&[TALK, OPEN])).lines, "talk");
    assert_ne!(starts(&base), starts(&first));
}

#[test]
fn equal_populations_send_different_requests() {
    let twin = OPEN.replace("name: open", "name: twin");
    let lines = Lines::of(&spec(&[OPEN, &twin])).lines;
    let bodies = |name: &str| -> Vec<Value> {
        of(&lines, name)
            .iter()
            .map(|line| line["body"].clone())
            .collect()
    };
    let (open, twin) = (bodies("open"), bodies("twin"));
    let same = open.iter().zip(&twin).filter(|(a, b)| a == b).count();
    assert_eq!(same, 0);
}

#[test]
fn names_are_in_labels_stages_sessions_and_identifiers() {
    let workload = Lines::of(&spec(&[OPEN, TALK, THIRD]));
    let names: Vec<&Value> = workload.summary["stages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|stage| &stage["name"])
        .collect();
    assert_eq!(names, ["open/only", "talk", "third", "third"]);
    assert_eq!(
        workload.summary["manifest"]["populations"],
        json!(["open", "talk", "third"])
    );
    for line in &workload.lines {
        let population = line["labels"]["population"].as_str().expect("a label");
        assert_eq!(line["session"].is_null(), population != "talk");
        let stage = number(line, "stage");
        assert_eq!(
            population,
            ["open", "talk", "third", "third"][stage as usize]
        );
    }
    let drawn = workload.drawn_from();
    for name in [
        "timing.request.poisson_interval",
        "third.timing.request.poisson_interval",
        "talk.timing.request.gamma_interval",
        "talk.timing.request.cancellation",
        "composer.sampling.seed",
    ] {
        assert!(drawn.iter().any(|drawn| drawn == name), "{name}");
    }
    assert!(
        !drawn.iter().any(|name| name.starts_with("open.")),
        "{drawn:?}"
    );
}

#[test]
fn closed_loops_and_traces_run_beside_open_loads() {
    let closed = "- name: closed\n  models: [{name: d}]\n  load: {type: concurrent, stages: [{num_requests: 5, concurrency_level: 2}, {num_requests: 4, concurrency_level: 4}]}\n";
    let Lines { lines, .. } = Lines::of(&spec(&[OPEN, closed]));
    let slots = |stage: u64| {
        lines
            .iter()
            .filter(|line| line["stage"] == stage && line["at_ns"].is_null())
            .count()
    };
    assert_eq!((slots(1), slots(2)), (5, 4));
    // A stage that waits for another stands behind everything that counts from t0.
    assert!(
        lines[lines.len() - 4..]
            .iter()
            .all(|line| line["stage"] == 2)
    );
    assert_eq!(
        of(&lines, "open"),
        of(&Lines::of(&spec(&[OPEN])).lines, "open")
    );
}
