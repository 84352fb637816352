//! The same inputs give the same bytes, whatever else differs; other inputs do not.

use crate::support::{compile, dir};
use harness::{Call, Dir};
use serde_json::Value;

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

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let dir = dir();
    dir.write("s.yaml", POISSON);
    let with = |threads: u32| {
        let name = format!("{threads}.wlc");
        let call = dir.wlc(&format!("compile s.yaml -o {name} --threads {threads}"));
        written(&dir, call, &name)
    };
    let one = with(1);
    assert!(one == with(1), "twice with one thread");
    assert!(one == with(2), "with two threads");
    assert!(one == with(5), "with five threads");
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
