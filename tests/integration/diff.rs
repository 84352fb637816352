//! `wlc diff`: what it says differs is what `wlc inspect` shows to differ, to the count.

use crate::rewritten::rewrite;
use crate::support::{compile, dir};
use harness::{Dir, sha256_hex};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SPEC: &str = "\
seed: 21
api: {type: chat, streaming: true}
models: [{name: m, weight: 2}, {name: n, weight: 1}]
data: {type: synthetic, input_distribution: 'uniform(1, 40)', output_distribution: 'uniform(1, 9)'}
load:
  type: poisson
  stages: [{rate: 40, duration: 1}]
";

/// Runs `wlc diff A.wlc B.wlc --json`; equal means status 0.
#[track_caller]
fn diffed(dir: &Dir, a: &str, b: &str) -> Value {
    let outcome = dir.wlc(&format!("diff {a}.wlc {b}.wlc --json")).run();
    let found: Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
    let equal = found["equal"].as_bool().expect("a truth value");
    outcome.expect(if equal { 0 } else { 1 });
    found
}

fn shown(dir: &Dir, name: &str) -> Vec<Value> {
    let call = dir.wlc(&format!("inspect {name}.wlc --requests --bodies --json"));
    call.run().json_lines()
}

/// Holds the columns, counts and examples of a difference against what `inspect` prints of both
/// files. Columns that `inspect` does not have are in `unseen`.
#[track_caller]
fn assert_agrees(dir: &Dir, a: &str, b: &str, unseen: &[&str]) -> Value {
    let found = diffed(dir, a, b);
    let (a, b) = (shown(dir, a), shown(dir, b));
    let pairs: Vec<(&Value, &Value)> = a.iter().zip(&b).collect();
    let differing = |key: &str| -> Vec<u64> {
        let differ = |(a, b): &(&Value, &Value)| match key {
            "body" => a["body"] != b["body"] || a["body_parts"] != b["body_parts"],
            key => a[key] != b[key],
        };
        let pairs = (0..).zip(&pairs).filter(|(_, pair)| differ(pair));
        pairs.map(|(index, _)| index).collect()
    };
    let listed = found["columns"].as_array().expect("a list");
    let names: BTreeSet<&str> = listed
        .iter()
        .map(|column| column["column"].as_str().expect("a name"))
        .collect();
    let keys = pairs[0].0.as_object().expect("an object").keys();
    let keys = keys.filter(|key| !["index", "leaf", "body_parts"].contains(&key.as_str()));
    let mut expected: BTreeSet<&str> = keys
        .map(String::as_str)
        .filter(|key| !differing(key).is_empty())
        .collect();
    expected.extend(unseen);
    assert_eq!(names, expected);
    for column in listed {
        let name = column["column"].as_str().expect("a name");
        if unseen.contains(&name) {
            continue;
        }
        let requests = differing(name);
        assert_eq!(column["requests"], requests.len(), "{name}");
        let examples = column["examples"].as_array().expect("a list");
        assert_eq!(examples.len(), requests.len().min(3), "{name}");
        for (example, request) in examples.iter().zip(&requests) {
            assert_eq!(example["request"], *request, "{name}");
            let (a, b) = pairs[*request as usize];
            if name != "body" {
                assert_eq!(example["values"], json!([a[name], b[name]]));
            } else if let (Some(a), Some(b)) = (a[name].as_str(), b[name].as_str()) {
                assert_body(&example["values"], a, b);
            }
        }
    }
    let leaves = differing("leaf");
    assert_eq!(found["requests_differing"], leaves.len());
    let shorter = (a.len() != b.len()).then_some(pairs.len() as u64);
    assert_eq!(
        found["first_differing"],
        json!(leaves.first().copied().or(shorter))
    );
    assert_eq!(found["requests"], json!([a.len(), b.len()]));
    let only = [&a, &b].map(|requests| requests.len() - pairs.len());
    assert_eq!(found["only_in"], json!(only));
    found
}

#[track_caller]
fn assert_body(values: &Value, a: &str, b: &str) {
    let at = a.bytes().zip(b.bytes()).position(|(a, b)| a != b);
    let at = at.unwrap_or(a.len().min(b.len()));
    let said = |body: &str| json!({"bytes": body.len(), "sha256": sha256_hex(body), "at": at});
    assert_eq!(*values, json!([said(a), said(b)]));
}

#[track_caller]
fn column(found: &Value, name: &str) -> Value {
    let columns = found["columns"].as_array().expect("a list");
    let column = columns.iter().find(|column| column["column"] == name);
    column
        .unwrap_or_else(|| panic!("no {name} in {found}"))
        .clone()
}

#[test]
fn equal_files_and_equal_content_are_said_to_be_equal() {
    let dir = dir();
    compile(&dir, "a", SPEC, "");
    compile(&dir, "b", SPEC, "");
    let found = assert_agrees(&dir, "a", "b", &[]);
    assert_eq!(found["equal"], true);
    assert_eq!(found["layout_differs"], false);
    assert_eq!(found["spec"], json!([]));
    assert_eq!(found["file_hash"][0], sha256_hex(dir.read("b.wlc")));
    let text = dir.wlc("diff a.wlc b.wlc").run().ok().stdout;
    assert!(text.contains("the files are equal byte for byte"), "{text}");

    rewrite(&dir.path("a.wlc"), &dir.path("cut.wlc"), |w| w.cut = true);
    let found = assert_agrees(&dir, "a", "cut", &[]);
    assert_eq!(found["equal"], true);
    assert_eq!(found["layout_differs"], true);
    assert_ne!(found["file_hash"][0], found["file_hash"][1]);
    let text = dir.wlc("diff a.wlc cut.wlc").run().ok().stdout;
    assert!(text.contains("equal: both fire the same"), "{text}");
    assert!(text.contains("laid out in other bytes"), "{text}");

    // The same values in other words of the spec: the load is equal, and what was asked is told.
    compile(&dir, "worded", &SPEC.replace("rate: 40", "rate: 40.0"), "");
    let found = assert_agrees(&dir, "a", "worded", &[]);
    assert_eq!(found["equal"], true);
    assert_eq!(found["layout_differs"], false);
    let lines = [
        "  stages: [{rate: 40, duration: 1}]",
        "  stages: [{rate: 40.0, duration: 1}]",
    ];
    let said = json!([{"key": "spec.text", "line": 7, "values": lines}]);
    assert_eq!(found["spec"], said);
}

#[test]
fn what_differs_is_counted_column_by_column() {
    let dir = dir();
    compile(&dir, "a", SPEC, "");
    compile(&dir, "seed", SPEC, "--seed 22");
    let found = assert_agrees(&dir, "a", "seed", &[]);
    assert_eq!(found["equal"], false);
    // The words that prompts are cut from are shuffled by the seed.
    let keys = ["corpora.0.sha256", "seed"].map(Value::from);
    let spec = found["spec"].as_array().expect("a list");
    assert_eq!(
        spec.iter()
            .map(|said| said["key"].clone())
            .collect::<Vec<_>>(),
        keys
    );
    assert_eq!(spec[1]["values"], json!([21, 22]));
    for name in ["at_ns", "model", "input_tokens", "output_tokens", "body"] {
        assert_ne!(column(&found, name)["requests"], 0);
    }

    let set = "load.stages.0.rate=80";
    compile(&dir, "rate", SPEC, &format!("--set {set}"));
    let found = assert_agrees(&dir, "a", "rate", &[]);
    assert_eq!(
        found["spec"],
        json!([{"key": "spec.sets", "values": [[], [set]]}])
    );
    let stages = found["stages"].as_array().expect("a list");
    assert!(stages.contains(&json!({"stage": 0, "column": "rate", "values": [40.0, 80.0]})));
    let columns = found["columns"].as_array().expect("a list");
    assert_eq!(
        columns.len(),
        1,
        "each request keeps all but its time: {found}"
    );
    assert_eq!(columns[0]["column"], "at_ns");
    let text = dir.wlc("diff a.wlc rate.wlc").run().expect(1).stdout;
    for words in [
        "they differ:",
        "only in B [\"load.stages.0.rate=80\"]",
        "stage 0: rate 40.0 → 80.0",
        "at_ns: in ",
    ] {
        assert!(text.contains(words), "no {words:?} in: {text}");
    }

    let path = |line: &Value| line["path"].clone();
    compile(&dir, "api", &SPEC.replace("chat", "completion"), "");
    let found = assert_agrees(&dir, "a", "api", &["response_format"]);
    let [a, b] = ["a", "api"].map(|name| path(&shown(&dir, name)[0]));
    assert_eq!(
        column(&found, "path")["examples"][0]["values"],
        json!([a, b])
    );
    let format = column(&found, "response_format");
    assert_eq!(format["requests"], found["requests"][0]);
}

#[test]
fn a_shorter_file_has_the_rest_missing_and_nothing_else() {
    let dir = dir();
    compile(&dir, "a", SPEC, "");
    compile(&dir, "short", SPEC, "--set load.stages.0.duration=0.5");
    let found = assert_agrees(&dir, "a", "short", &[]);
    assert_eq!(found["columns"], json!([]));
    assert_ne!(found["only_in"][0], 0);
    assert_eq!(found["only_in"][1], 0);
    assert_eq!(found["first_differing"], found["requests"][1]);
    let text = dir.wlc("diff a.wlc short.wlc").run().expect(1).stdout;
    assert!(text.contains("only in A: "), "{text}");
}

#[test]
fn answers_in_bodies_are_compared_too() {
    let dir = dir();
    let sessions = "sessions: {turns: 'uniform(2, 3)', delay: 1s, history: live}\n";
    let spec = SPEC.to_owned() + sessions;
    compile(&dir, "a", &spec, "");
    compile(&dir, "b", &spec, "--seed 22");
    let found = assert_agrees(&dir, "a", "b", &[]);
    assert_ne!(column(&found, "body")["requests"], 0);
}

#[test]
fn one_label_of_one_request_is_found() {
    let dir = dir();
    compile(&dir, "a", SPEC, "");
    rewrite(&dir.path("a.wlc"), &dir.path("label.wlc"), |w| {
        let labels = w.tables.pair_list(&[("who", "somebody")]).expect("room");
        w.requests[5].labels = labels.into();
    });
    dir.wlc("verify label.wlc").run().ok();
    let found = assert_agrees(&dir, "a", "label", &[]);
    let said = column(&found, "labels");
    assert_eq!(said["requests"], 1);
    assert_eq!(
        said["examples"],
        json!([{"request": 5, "values": [{}, {"who": "somebody"}]}])
    );
    assert_eq!(found["columns"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["spec"], json!([]));
}

#[test]
fn what_no_column_shows_is_not_passed_over() {
    let dir = dir();
    compile(&dir, "plain", SPEC, "");
    let with = |name: &str, labels: [(&str, &str); 2]| {
        rewrite(&dir.path("plain.wlc"), &dir.path(name), |w| {
            w.requests[2].labels = w.tables.pair_list(&labels).expect("room").into();
        });
    };
    with("a.wlc", [("x", "1"), ("y", "2")]);
    with("b.wlc", [("y", "2"), ("x", "1")]);
    let found = diffed(&dir, "a", "b");
    assert_eq!(found["requests_differing"], 1);
    assert_eq!(column(&found, "leaf")["examples"][0]["request"], 2);
}

#[test]
fn a_damaged_file_is_not_compared() {
    let dir = dir();
    compile(&dir, "a", SPEC, "");
    let mut bytes = dir.read("a.wlc");
    // In the blob: the stored leaves would still be equal.
    bytes[40] ^= 1;
    dir.write("b.wlc", bytes);
    for files in ["a.wlc b.wlc", "b.wlc a.wlc"] {
        let outcome = dir.wlc(&format!("diff {files} --json")).run().expect(2);
        assert_eq!(outcome.stdout, "");
        assert!(
            outcome.stderr.contains("b.wlc: BLOB at"),
            "{}",
            outcome.stderr
        );
    }
    dir.wlc("diff a.wlc none.wlc").run().expect(2);
}
