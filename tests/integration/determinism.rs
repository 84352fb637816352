//! The same inputs give the same bytes, whatever else differs; other inputs do not.

use crate::golden::for_each_spec;
use crate::support::{compile, dir, root};
use harness::{Call, Dir};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

const POISSON: &str = "\
seed: 21
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'lognormal(64, 64)', output_distribution: 'normal(32, 16, min=1)'}
load: {type: poisson, stages: [{rate: 300, duration: 2}, {rate: 600, duration: 1}]}
";

/// Bytes of the workload that a call writes to `name`.
#[track_caller]
fn written(dir: &Dir, call: Call, name: &str) -> Vec<u8> {
    call.run().ok();
    dir.read(name)
}

/// Compiles a spec with one thread, with two and with five.
#[track_caller]
fn assert_same_for_all_threads(dir: &Dir, spec: &Path) {
    let with = |threads: u32| {
        let name = format!("{threads}.wlc");
        let call = dir.wlc(&format!("compile -o {name} --threads {threads}"));
        // A long workload on one thread of a busy machine, in debug.
        let call = call.limit(Duration::from_secs(300));
        written(dir, call.arg(spec), &name)
    };
    let one = with(1);
    let spec = spec.display();
    assert!(one == with(2), "{spec}: with two threads");
    assert!(one == with(5), "{spec}: with five threads");
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let dir = dir();
    dir.write("s.yaml", POISSON);
    assert_same_for_all_threads(&dir, &dir.path("s.yaml"));
    let again = written(
        &dir,
        dir.wlc("compile s.yaml -o again.wlc --threads 1"),
        "again.wlc",
    );
    assert!(again == dir.read("1.wlc"), "twice with one thread");
}

#[test]
fn the_bytes_of_no_golden_spec_depend_on_the_number_of_threads() {
    let golden = root().join("tests/golden");
    for_each_spec(|dir, name| {
        assert_same_for_all_threads(dir, &golden.join(format!("{name}.yaml")));
    });
}

/// More requests than are made at once (32,768), of which every kind of state that could leak from
/// one batch into the next has some: answers to earlier turns, texts of one body only, times that
/// wait for others, cancellations counted over all.
const LONG: &str = "\
seed: 23
api: {type: chat, streaming: true}
populations:
- name: talk
  models: [{name: a, weight: 2}, {name: b, weight: 1}]
  data: {type: synthetic, input_distribution: 'uniform(1, 5)', output_distribution: 'uniform(1, 9)'}
  load: {type: gamma, burstiness: 0.5, stages: [{rate: 4k, duration: 4}]}
  sessions: {turns: 'uniform(1, 4)', delay: 'uniform(1s, 2s)', history: live}
  sampling: {temperature: 'uniform(0, 1)', seed: true}
  cancellation: {rate: 0.1, count: exact, delay: 'uniform(1ms, 1s)'}
- name: group
  models: [c]
  data: {type: shared_prefix, shared_prefix: {num_groups: 20, num_prompts_per_group: 500, enable_multi_turn_chat: true}}
  load: {type: poisson, stages: [{rate: 3k, duration: 4}]}
";

#[test]
fn the_bytes_of_a_long_workload_do_not_depend_on_the_number_of_threads() {
    let dir = dir();
    dir.write("s.yaml", LONG);
    assert_same_for_all_threads(&dir, &dir.path("s.yaml"));
    let requests = dir.wlc("verify 1.wlc --json").run().json()["requests"].clone();
    assert!(requests.as_u64() > Some(40_000), "{requests}");
}

#[test]
fn the_bytes_do_not_depend_on_place_or_environment() {
    let dir = dir();
    dir.write("s.yaml", POISSON)
        .write("sub/deep/s.yaml", POISSON);
    let here = written(&dir, dir.wlc("compile s.yaml -o a.wlc"), "a.wlc");
    let there = dir
        .wlc("compile ./deep/s.yaml -o ../other-name.wlc")
        .cwd(dir.path("sub"))
        .env("TZ", "Asia/Kathmandu")
        .env("LANG", "de_DE.UTF-8")
        .env("HOME", "/nowhere")
        .env("USER", "somebody")
        .env("RAYON_NUM_THREADS", "3");
    assert!(here == written(&dir, there, "other-name.wlc"));
}

#[test]
fn nothing_about_the_machine_is_in_the_file() {
    let dir = dir();
    dir.write("s.yaml", POISSON);
    let call = dir
        .wlc("compile s.yaml -o secret-name.wlc")
        .env("USER", "somebody");
    let bytes = written(&dir, call, "secret-name.wlc");
    let place = dir.path("").to_string_lossy().into_owned();
    for word in ["secret-name", "somebody", place.trim_end_matches('/')] {
        let found = bytes
            .windows(word.len())
            .any(|window| window == word.as_bytes());
        assert!(!found, "{word} is in the file");
    }
}

#[test]
fn another_seed_gives_another_load() {
    let dir = dir();
    let spec = compile(&dir, "a", POISSON, "");
    let other = compile(&dir, "b", POISSON, "--seed 22");
    let same = compile(&dir, "c", POISSON, "--seed 21");
    assert_ne!(spec["content_hash"], other["content_hash"]);
    assert_eq!(spec["content_hash"], same["content_hash"]);
}

#[test]
fn a_seed_that_nobody_gave_is_recorded_and_reproduces_the_load() {
    let dir = dir();
    let unseeded = POISSON.replace("seed: 21\n", "");
    let first = compile(&dir, "a", &unseeded, "");
    let second = compile(&dir, "b", &unseeded, "");
    assert_ne!(first["seed"], second["seed"]);
    assert_ne!(first["content_hash"], second["content_hash"]);
    let manifest = dir.wlc("inspect a.wlc --json").run().json()["manifest"].clone();
    assert_eq!(manifest["seed"], first["seed"]);
    let again = compile(&dir, "c", &unseeded, &format!("--seed {}", first["seed"]));
    let pick = |value: &Value| [value["content_hash"].clone(), value["file_hash"].clone()];
    assert_eq!(pick(&first), pick(&again));
    assert!(dir.read("a.wlc") == dir.read("c.wlc"));
}

#[test]
fn the_printed_hashes_are_those_of_the_file() {
    let dir = dir();
    let compiled = compile(&dir, "a", POISSON, "");
    let file_hash = harness::sha256_hex(dir.read("a.wlc"));
    assert_eq!(compiled["file_hash"], file_hash);
    let keys: Vec<&str> = compiled
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = [
        "content_hash",
        "file_hash",
        "seed",
        "requests",
        "sessions",
        "duration_ns",
        "input_tokens",
        "output_tokens",
        "body_bytes",
        "file_bytes",
        "seconds",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    let verified = dir.wlc("verify a.wlc --json").run().json();
    assert_eq!(verified["content_hash"], compiled["content_hash"]);
    assert_eq!(verified["file_hash"], file_hash);
}
