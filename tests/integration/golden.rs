//! Pinned hashes: what this version compiles, every later one with the same algorithm version
//! compiles too, byte for byte. `UPDATE_GOLDEN=1` writes the pins anew; see tests/golden/README.md.

use crate::support::{dir, root};
use harness::Dir;
use schemas::writer::Finished;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

#[allow(dead_code)]
#[path = "../../schemas/examples/conversation.rs"]
mod conversation;
/// The writers of tests/golden/*.wlc; they need `schemas` only.
#[allow(dead_code)]
#[path = "../../schemas/examples/tiny.rs"]
mod tiny;

const ADVICE: &str = "\
the bytes of a workload that people share by hash have changed. If that is meant, raise the
algorithm version (ALGORITHM in compiler/src/compile.rs) or the format version, write a line in
CHANGELOG.md, and run: UPDATE_GOLDEN=1 cargo test -p integration golden";

fn golden() -> PathBuf {
    root().join("tests/golden")
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

/// Does something with every spec by its name, on two threads with a directory each.
pub fn for_each_spec(check: impl Fn(&Dir, &str) + Sync) {
    let specs = specs();
    assert!(specs.len() > 30);
    let (some, others) = specs.split_at(specs.len() / 2);
    let all = |names: &[String]| {
        let dir = dir();
        names.iter().for_each(|name| check(&dir, name));
    };
    std::thread::scope(|scope| {
        scope.spawn(|| all(some));
        all(others);
    });
}

/// Names of all specs, sorted.
pub fn specs() -> Vec<String> {
    let entries = std::fs::read_dir(golden()).expect("tests/golden");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a plain name")
        })
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    names.sort_unstable();
    names
}

/// What every spec compiles to.
fn compiled() -> Value {
    let dir = dir();
    let pins = specs().into_iter().map(|name| {
        let spec = golden().join(format!("{name}.yaml"));
        let call = dir.wlc(&format!("compile -o {name}.wlc --json")).arg(spec);
        let value = call.run().json();
        dir.wlc(&format!("verify {name}.wlc")).run().ok();
        let pinned = [
            "content_hash",
            "file_hash",
            "requests",
            "input_tokens",
            "output_tokens",
        ];
        let pin: Map<_, _> = pinned
            .into_iter()
            .map(|key| (key.to_owned(), value[key].clone()))
            .collect();
        (name, pin.into())
    });
    Value::Object(pins.collect())
}

#[test]
fn golden_specs_compile_to_their_pinned_hashes() {
    let pins = golden().join("hashes.json");
    let now = compiled();
    if updating() {
        let text = serde_json::to_string_pretty(&now).expect("JSON") + "\n";
        std::fs::write(&pins, text).expect("tests/golden can be written");
        return;
    }
    let pinned = std::fs::read(&pins).expect("tests/golden/hashes.json");
    let pinned: Value = serde_json::from_slice(&pinned).expect("JSON");
    let names = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(names(&now), names(&pinned), "specs and pins; {ADVICE}");
    for name in specs() {
        assert_eq!(now[&name], pinned[&name], "{name}: {ADVICE}");
    }
}

/// Compares a written file with the pinned one, verifies it, and gives its requests.
fn requests_of_golden(name: &str, write: fn(&Path) -> Finished) -> Vec<Value> {
    let path = golden().join(name);
    let dir = dir();
    write(&dir.path(name));
    if updating() {
        std::fs::copy(dir.path(name), &path).expect("tests/golden can be written");
    }
    let pinned = std::fs::read(&path).expect("a file of tests/golden");
    assert!(dir.read(name) == pinned, "{name}: {ADVICE}");
    dir.wlc("verify").arg(&path).run().ok();
    let inspect = dir.wlc("inspect --requests --json --bodies").arg(&path);
    inspect.run().json_lines()
}

#[test]
fn golden_tiny_file_is_written_and_read_as_ever() {
    let requests = requests_of_golden("tiny.wlc", tiny::write);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["cancel_after_ns"], 5_000_000);
    assert_eq!(requests[0]["cancel_after_tokens"], Value::Null);
    assert_eq!(requests[0]["body_parts"], Value::Null);
    assert!(requests[0]["body"].is_string());
}

#[test]
fn golden_conversation_is_written_and_read_as_ever() {
    let requests = requests_of_golden("conversation.wlc", conversation::write);
    assert_eq!(requests.len(), 4);
    assert_eq!(requests[1]["at_ns"], Value::Null);
    let after = json!({"request": 0, "delay_ns": 1_500_000_000});
    assert_eq!(requests[1]["after"], after);
    assert_eq!(requests[2]["at_ns"], 4_000_000_000_u64);
    assert_eq!(requests[2]["after"], json!({"request": 1, "delay_ns": 0}));
    assert_eq!(requests[3]["cancel_after_tokens"], 3);
    assert_eq!(requests[1]["body"], Value::Null);
    let parts = requests[2]["body_parts"].as_array().expect("a list");
    // What stands in several segments is one text.
    assert_eq!(parts.len(), 5);
    assert_eq!(parts[1], json!({"answer_to": 0}));
    assert_eq!(parts[3], json!({"answer_to": 1}));
    assert_eq!(parts[4], "\"},{\"role\":\"user\",\"content\":\"Go on\"}]}");
}

#[test]
fn inspect_prints_the_keys_of_the_contract() {
    let dir = dir();
    let path = golden().join("tiny.wlc");
    let mut expected = vec![
        "index",
        "at_ns",
        "after",
        "stage",
        "session",
        "turn",
        "model",
        "adapter",
        "method",
        "path",
        "headers",
        "stream",
        "input_tokens",
        "output_tokens",
        "cancel_after_ns",
        "cancel_after_tokens",
        "labels",
        "leaf",
    ];
    for (bodies, more) in [("", &[][..]), ("--bodies", &["body", "body_parts"])] {
        expected.extend(more);
        expected.sort_unstable();
        let call = dir
            .wlc(&format!("inspect --requests --json {bodies}"))
            .arg(&path);
        let request = call.run().json();
        let keys: Vec<&str> = request
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, expected);
    }
}
