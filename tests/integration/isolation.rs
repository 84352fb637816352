//! Changing one thing changes nothing else: what others drew stays as it was.

use crate::support::{compile, dir, requests};
use harness::Inspected;

const SPEC: &str = "\
seed: 8
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(4, 300)', output_distribution: 'uniform(1, 100)'}
load: {type: poisson, stages: [{rate: 200, duration: 2}]}
";

const OTHER_OUTPUT: &str = "--set data.output_distribution=normal(40,20,min=1)";
const OTHER_INPUT: &str = "--set data.input_distribution=normal(40,20,min=1)";

fn column<T>(requests: &[Inspected], of: impl Fn(&Inspected) -> T) -> Vec<T> {
    requests.iter().map(of).collect()
}

#[test]
fn another_output_distribution_leaves_times_inputs_and_prompts() {
    let dir = dir();
    let base = requests(&dir, "a", SPEC, "");
    let changed = requests(&dir, "b", SPEC, OTHER_OUTPUT);
    let kept = |r: &Inspected| (r.at_ns, r.stage, r.input_tokens, r.prompt());
    assert_eq!(column(&base, kept), column(&changed, kept));
    let moved = |r: &Inspected| r.output_tokens;
    assert_ne!(column(&base, moved), column(&changed, moved));
}

#[test]
fn another_input_distribution_leaves_times_and_outputs() {
    let dir = dir();
    let base = requests(&dir, "a", SPEC, "");
    let changed = requests(&dir, "b", SPEC, OTHER_INPUT);
    let kept = |r: &Inspected| (r.at_ns, r.stage, r.output_tokens);
    assert_eq!(column(&base, kept), column(&changed, kept));
    let moved = |r: &Inspected| r.input_tokens;
    assert_ne!(column(&base, moved), column(&changed, moved));
}

#[test]
fn another_rate_leaves_lengths_and_prompts() {
    let dir = dir();
    let base = requests(&dir, "a", SPEC, "");
    let changed = requests(&dir, "b", SPEC, "--set load.stages.0.rate=400");
    assert!(changed.len() > base.len());
    let kept = |r: &Inspected| (r.input_tokens, r.output_tokens, r.body.clone());
    assert_eq!(column(&base, kept), column(&changed[..base.len()], kept));
    let moved = |r: &Inspected| r.at_ns;
    assert_ne!(column(&base, moved), column(&changed[..base.len()], moved));
}

#[test]
fn a_further_stage_leaves_the_requests_before_it_as_they_were() {
    let dir = dir();
    let base = requests(&dir, "a", SPEC, "");
    let two = "{rate: 200, duration: 2}, {rate: 300, duration: 1}";
    let longer = SPEC.replace("{rate: 200, duration: 2}", two);
    let longer = requests(&dir, "b", &longer, "");
    assert!(longer.len() > base.len());
    assert_eq!(base, longer[..base.len()], "leaves included");
}

#[test]
fn control_another_seed_moves_everything() {
    let dir = dir();
    let base = requests(&dir, "a", SPEC, "");
    let other = requests(&dir, "b", SPEC, "--seed 9");
    let n = base.len().min(other.len());
    let same = (0..n).filter(|&i| {
        let (a, b) = (&base[i], &other[i]);
        a.at_ns == b.at_ns || a.prompt() == b.prompt()
    });
    assert_eq!(same.count(), 0);
}

/// What the manifest says was drawn from.
fn drawn_from(spec: &str, more: &str) -> Vec<String> {
    let dir = dir();
    compile(&dir, "w", spec, more);
    let summary = dir.wlc("inspect w.wlc --json").run().json();
    let identifiers = &summary["manifest"]["rng"]["identifiers"];
    serde_json::from_value(identifiers.clone()).expect("a list of names")
}

#[test]
fn what_is_certain_draws_nothing() {
    const TEXT: [&str; 2] = ["dataset.corpus.words", "dataset.prompt.corpus"];
    let fixed = "--set data.input_distribution=32 --set data.output_distribution=fixed(16)";
    let even = SPEC.replace("type: poisson", "type: constant");
    assert_eq!(drawn_from(&even, fixed), TEXT);
    // Control: what is not certain is listed.
    let mut all = [
        &TEXT[..],
        &[
            "timing.request.poisson_interval",
            "dataset.prompt.length",
            "composer.turn.max_tokens",
        ],
    ]
    .concat();
    all.sort_unstable();
    assert_eq!(drawn_from(SPEC, ""), all);
}
