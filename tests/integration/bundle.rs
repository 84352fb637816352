//! `bundle.json`: what it says follows from the files, and it is there when, and only when, they are
//! complete.

use crate::support::{await_arrivals, chat_spec, compile, dir, server};
use harness::{Call, Dir, sha256_hex};
use replay::bundle::{self, BundleError, Kind};
use serde_json::Value;
use std::collections::BTreeSet;

/// Names that a closed run has.
const OF_RUN: [&str; 4] = ["bundle.json", "records.wlr", "run.json", "summary.json"];

/// A finished run of so many requests in `results` of a directory.
#[track_caller]
pub fn closed_run(requests: u32) -> Dir {
    let dir = dir();
    let server = server(1, 1);
    compile(&dir, "w", &chat_spec(requests, "1"), "");
    let url = format!("http://{}", server.addr());
    dir.replay(&format!("run w.wlc --url {url} --out results --speed 10"))
        .run()
        .ok();
    dir
}

/// A finished sweep of two steps in `results` of a directory.
#[track_caller]
pub fn closed_sweep() -> Dir {
    let dir = dir();
    let server = server(1, 1);
    compile(&dir, "w", &chat_spec(100, "6"), "");
    let flags = "--up-to 200 --steps 2 --step-duration 1s";
    let url = format!("http://{}", server.addr());
    dir.replay(&format!("sweep w.wlc --url {url} --out results {flags}"))
        .run()
        .ok();
    dir
}

/// Subjects of a statement, each held against the file of that name.
#[track_caller]
fn subjects(dir: &Dir, directory: &str) -> Vec<String> {
    let statement = dir.json(&format!("{directory}/bundle.json"));
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    let subjects = statement["subject"].as_array().expect("a list").iter();
    let names = subjects.map(|subject| {
        let name = subject["name"].as_str().expect("a name");
        let bytes = dir.read(&format!("{directory}/{name}"));
        assert_eq!(subject["digest"]["sha256"], sha256_hex(&bytes), "{name}");
        name.to_owned()
    });
    names.collect()
}

/// Makes the root over the records by RESULTS.md alone: 176 bytes a record, a hash where flag bit 2 is
/// set, token times; frames of kind 2.
const ROOT_BY_HAND: &str = r#"
import sys, struct, hashlib
data = open(sys.argv[1], "rb").read()
records, at = [], 64
while at < len(data):
    kind, length, items, _ = struct.unpack_from("<4I", data, at)
    at += 16
    place = at
    for _ in range(items if kind == 2 else 0):
        size = 176 + (32 if data[place + 166] & 4 else 0) + struct.unpack_from("<I", data, place + 168)[0]
        records.append((struct.unpack_from("<Q", data, place)[0], place, data[place:place + size]))
        place += size
    at += length
sha = lambda data: hashlib.sha256(data).digest()
def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha(b"\1" + root(leaves[:half]) + root(leaves[half:]))
leaves = [sha(b"\0wlc1rec\0" + bytes) for _, _, bytes in sorted(records)]
print(root(leaves).hex(), len(leaves))
"#;

#[test]
fn a_run_is_closed_with_the_hash_of_each_file_and_the_root_over_its_records() {
    let dir = closed_run(37);
    assert_eq!(dir.list("results"), OF_RUN, "no temporary file is left");
    assert_eq!(subjects(&dir, "results"), OF_RUN[1..]);
    let statement = dir.json("results/bundle.json");
    assert_eq!(statement["predicateType"], "urn:x-wlc:replay-run:v1");
    let (predicate, run) = (&statement["predicate"], dir.json("results/run.json"));
    assert_eq!(predicate["content_hash"], run["workload"]["content_hash"]);
    assert_eq!(predicate["run"], run);
    assert_eq!(predicate["records"]["count"], 37);
    assert_eq!(predicate["records"]["requests"], 37);
    let python = Call::new("python3").arg("-c").arg(ROOT_BY_HAND);
    let by_hand = python.arg(dir.path("results/records.wlr")).run().ok();
    let root = predicate["records"]["root"].as_str().expect("a hash");
    assert_eq!(by_hand.stdout.trim(), format!("{root} 37"));
    // Verbatim: not a blank of run.json is lost.
    let text = String::from_utf8(dir.read("results/bundle.json")).expect("JSON");
    let run = String::from_utf8(dir.read("results/run.json")).expect("JSON");
    assert!(text.contains(run.trim_end_matches('\n')));
    assert_eq!(bundle::check(&dir.path("results")), Ok(()));
}

#[test]
fn what_is_not_the_runs_is_not_in_the_statement_and_not_missed() {
    let dir = closed_run(5);
    let before = dir.read("results/bundle.json");
    dir.write("results/notes.txt", "mine");
    dir.write("results/.hidden", "mine");
    bundle::close(&dir.path("results"), Kind::Run).expect("complete");
    assert_eq!(dir.read("results/bundle.json"), before);
    assert_eq!(bundle::check(&dir.path("results")), Ok(()));
}

#[test]
fn every_altered_missing_or_linked_file_is_found() {
    let dir = closed_run(5);
    let results = dir.path("results");
    let wrong = |what: &str| {
        let found = bundle::check(&results).expect_err(what);
        found.join("\n")
    };
    for name in &OF_RUN[1..] {
        let path = format!("results/{name}");
        let original = dir.read(&path);
        // White space decides nothing in JSON, and is found all the same.
        dir.write(&path, [&original[..], b"\n"].concat());
        wrong(name);
        std::fs::remove_file(dir.path(&path)).expect("it is there");
        assert!(wrong(name).contains(name));
        dir.write("elsewhere", &original);
        std::os::unix::fs::symlink(dir.path("elsewhere"), dir.path(&path)).expect("a link");
        assert!(wrong(name).contains("no regular file"));
        std::fs::remove_file(dir.path(&path)).expect("it is there");
        dir.write(&path, &original);
        assert_eq!(bundle::check(&results), Ok(()));
    }
}

#[test]
fn a_statement_that_is_spelled_otherwise_is_not_the_one_that_the_files_give() {
    let dir = closed_run(5);
    let results = dir.path("results");
    let original = String::from_utf8(dir.read("results/bundle.json")).expect("JSON");
    let value: Value = serde_json::from_str(&original).expect("JSON");
    let swapped = {
        let mut value = value.clone();
        value["subject"].as_array_mut().expect("a list").swap(0, 1);
        serde_json::to_string_pretty(&value).expect("JSON") + "\n"
    };
    let others = [
        value.to_string(),
        original.replacen("  ", "\t", 1),
        original.replacen("\"subject\"", "\"\\u0073ubject\"", 1),
        swapped,
    ];
    for other in others {
        assert_ne!(other, original);
        dir.write("results/bundle.json", &other);
        let found = bundle::check(&results).expect_err(&other);
        assert!(found[0].contains("is not what the files give"), "{found:?}");
    }
}

#[test]
fn other_versions_and_names_that_lead_elsewhere_are_refused() {
    let dir = closed_run(5);
    let original = String::from_utf8(dir.read("results/bundle.json")).expect("JSON");
    let read = |from: &str, to: &str| {
        assert!(original.contains(from), "{from}");
        dir.write("results/bundle.json", original.replacen(from, to, 1));
        let error = bundle::read(&dir.path("results")).expect_err(to);
        (error.to_string(), error)
    };
    let version = |to: &str| read("replay-run:v1", to).0;
    assert!(version("replay-run:v2").contains("too new"));
    assert!(version("replay-run:v0").contains("too old"));
    assert!(version("somebody-else:v1").contains("predicateType"));
    assert!(read("Statement/v1", "Statement/v2").0.contains("_type"));
    for name in [
        "../run.json",
        "/etc/passwd",
        "..",
        "a/bundle.json",
        ".run.json",
        "records.wlr",
        "bundle.json",
        "workload.wlc",
        "",
    ] {
        let error = read("\"run.json\"", &format!("{name:?}")).1;
        assert!(matches!(error, BundleError::Name(_)), "{name}: {error}");
    }
    assert!(matches!(
        read("\"count\"", "\"counts\"").1,
        BundleError::Shape(_)
    ));
    let (said, error) = read("\"predicate\": {", "\"predicate\": }");
    let place = original.find("\"predicate\": {").expect("it is there") + "\"predicate\": ".len();
    let BundleError::NotJson { offset, .. } = error else {
        panic!("{said}")
    };
    assert_eq!(offset, place as u64, "{said}");
    std::fs::remove_file(dir.path("results/bundle.json")).expect("it is there");
    let error = bundle::read(&dir.path("results")).expect_err("not there");
    assert!(error.to_string().contains("not closed"), "{error}");
}

#[test]
fn an_interrupted_run_is_closed_and_a_killed_one_is_not() {
    for interrupted in [true, false] {
        let dir = dir();
        compile(&dir, "w", &chat_spec(50, "60"), "");
        let server = server(1, 1);
        let url = format!("http://{}", server.addr());
        let running = dir
            .replay(&format!("run w.wlc --url {url} --out results"))
            .start();
        await_arrivals(10, || server.arrivals().len());
        match interrupted {
            true => running.interrupt(),
            false => running.kill(),
        }
        let outcome = running.wait();
        assert_eq!(outcome.status, interrupted.then_some(130));
        let found = bundle::check(&dir.path("results"));
        match interrupted {
            true => assert_eq!(found, Ok(())),
            false => assert!(found.expect_err("not closed")[0].contains("not closed")),
        }
    }
}

#[test]
fn a_sweep_is_closed_over_the_statements_of_its_loads() {
    let dir = closed_sweep();
    let loads = ["step-01/bundle.json", "step-02/bundle.json"];
    assert_eq!(
        subjects(&dir, "results"),
        [&loads[..], &["sweep.json"]].concat()
    );
    let statement = dir.json("results/bundle.json");
    assert_eq!(statement["predicateType"], "urn:x-wlc:replay-sweep:v1");
    assert_eq!(
        statement["predicate"]["sweep"],
        dir.json("results/sweep.json")
    );
    assert_eq!(subjects(&dir, "results/step-01"), OF_RUN[1..]);
    let results = dir.path("results");
    assert_eq!(bundle::check(&results), Ok(()));
    // A file of a load is covered by the load's own statement.
    let summary = dir.read("results/step-02/summary.json");
    dir.write(
        "results/step-02/summary.json",
        [&summary[..], b" "].concat(),
    );
    let found = bundle::check(&results).expect_err("altered");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("step-02: bundle.json: "), "{found:?}");
    bundle::close(&dir.path("results/step-02"), Kind::Run).expect("complete");
    // Closed anew, and now another statement than the sweep's says.
    let found = bundle::check(&results).expect_err("replaced");
    assert!(found[0].starts_with("bundle.json: "), "{found:?}");
}

/// Paths of all keys; what `run` and `sweep` hold is specified elsewhere.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) if !["predicate.run", "predicate.sweep"].contains(&path) => {
            for (key, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                keys(value, &format!("{path}{dot}{key}"), found);
            }
        }
        Value::Array(elements) => {
            let path = format!("{path}[]");
            elements.iter().for_each(|value| keys(value, &path, found));
        }
        _ => _ = found.insert(path.to_owned()),
    }
}

#[test]
fn the_specification_names_every_key_and_no_other() {
    let mut found = BTreeSet::new();
    keys(&closed_run(5).json("results/bundle.json"), "", &mut found);
    keys(&closed_sweep().json("results/bundle.json"), "", &mut found);
    let (_, behind) = schemas::documents::RESULTS
        .split_once("<!-- bundle keys -->")
        .expect("the table");
    let rows = behind.trim_start().lines().skip(2);
    let rows = rows.map_while(|row| row.strip_prefix("| ")?.split_once(" |"));
    let specified: BTreeSet<String> = rows.map(|(key, _)| key.to_owned()).collect();
    assert_eq!(found, specified);
}
