//! `replay verify`: honest results of every kind of load pass, and each way in which results can be
//! wrong is named.

use crate::altered::{Records, results};
use crate::support::{await_arrivals, chat_spec, compile, dir, root, server};
use harness::{Call, Dir, Outcome};
use mock_llm::{Config, Fault, FaultKind, Server};
use replay::analysis::{self, Asked, Window};
use replay::bundle::{self, Kind};
use serde_json::{Value, json};

/// Where in a record these stand.
const SCHEDULED: usize = 8;
const END: usize = 56;
const LEAF: usize = 80;
const MODEL: usize = 124;

pub fn verify(dir: &Dir, arguments: &str) -> Outcome {
    dir.replay(&format!("verify results {arguments}")).run()
}

/// The faults, a line for each.
#[track_caller]
pub fn faults(dir: &Dir, arguments: &str) -> Vec<String> {
    let outcome = verify(dir, arguments);
    let found = outcome.stdout.lines();
    let faults: Vec<String> = found
        .filter(|line| {
            !["note: ", "signed by "]
                .iter()
                .any(|other| line.starts_with(other))
                && !line.contains("verified")
        })
        .map(str::to_owned)
        .collect();
    let expected = if faults.is_empty() { 0 } else { 1 };
    assert_eq!(outcome.status, Some(expected), "{}", outcome.stdout);
    faults
}

/// Some fault begins with each of these, and there are no more faults than `all` where that is given.
#[track_caller]
pub fn assert_named(faults: &[String], begins: &[&str], all: Option<usize>) {
    for begin in begins {
        let is_named = faults.iter().any(|fault| fault.starts_with(begin));
        assert!(is_named, "no {begin:?} in {faults:#?}");
    }
    assert!(all.is_none_or(|all| faults.len() == all), "{faults:#?}");
}

/// Works out the summary anew and closes the results, as somebody does who covers something up.
pub fn cover_up(dir: &Dir) {
    let results = dir.path("results");
    let data = analysis::open(&results, Window::ALL).unwrap();
    let summary = analysis::summarize(&data, &Asked::of_run(&data.info));
    analysis::write_summary(&results, &summary).unwrap();
    bundle::close(&results, Kind::Run).unwrap();
}

/// What the second reader says of `results` and a workload.
pub fn audit(dir: &Dir, workload: &str) -> Outcome {
    let call = Call::new("python3").cwd(dir.path("."));
    let call = call.arg(root().join("tests/audit.py"));
    call.words(&format!("results {workload}")).run()
}

#[test]
fn honest_results_of_every_kind_of_load_are_verified() {
    let base = "seed: 3\napi: {type: chat, streaming: true}\nmodels: [{name: m}, {name: n}]\n";
    let data = "data: {type: synthetic, input_distribution: '5', output_distribution: '4'";
    let even = "load: {type: constant, stages: [{rate: 40, duration: 1}]}\n";
    let loads = [
        (
            format!("{data}, salt: true}}\n{even}"),
            "--speed 3.7 --salt words",
        ),
        (
            format!("{data}}}\n{even}cancellation: {{rate: 0.5, delay: 3ms}}\n"),
            "--no-token-times",
        ),
        (
            format!("{data}}}\nsessions: {{turns: 3, delay: 5ms, history: live}}\n{even}"),
            "--workers 2 --http2",
        ),
        (
            format!(
                "{data}}}\nload: {{type: concurrent, stages: [{{num_requests: 40, \
                 concurrency_level: 4}}]}}\n"
            ),
            "",
        ),
        (
            format!(
                "{data}}}\nload: {{type: constant, stages: [{{rate: 20, duration: 1}}, {{rate: 90, duration: 0.5}}]}}\n"
            ),
            "--max-in-flight 1 --overload drop --no-verify",
        ),
    ];
    let config = Config {
        faults: vec![Fault {
            kind: FaultKind::Status(500),
            share_ppm: 200_000,
        }],
        ..Config::default()
    };
    let server = Server::start(config).expect("a free port");
    let url = format!("http://{}", server.addr());
    for (load, flags) in loads {
        let dir = dir();
        compile(&dir, "w", &format!("{base}{load}"), "");
        let run = format!("run w.wlc --url {url} --out results {flags}");
        dir.replay(&run).run().ok();
        assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0], "{load}");
        assert_eq!(audit(&dir, "w.wlc").stdout, "results: verified\n", "{load}");
        let found = verify(&dir, "--json").json();
        assert_eq!(found["workload"], Value::Null);
        let unverified = "run.json: the workload was not verified before it was fired";
        let notes = found["notes"].as_array().unwrap();
        assert_eq!(
            notes.contains(&json!(unverified)),
            flags.contains("--no-verify")
        );
    }
}

#[test]
fn the_outcome_is_told_as_json_with_the_keys_of_the_contract() {
    let dir = results();
    let found = verify(&dir, "--workload w.wlc --json").json();
    let statement = dir.json("results/bundle.json");
    assert_eq!(
        found,
        json!({
            "verified": true,
            "directory": "results",
            "content_hash": statement["predicate"]["content_hash"],
            "requests": 50,
            "records": 50,
            "records_root": statement["predicate"]["records"]["root"],
            "workload": "checked",
            "signature": null,
            "faults": [],
            "notes": ["not signed: whoever can write these files can make others like them"],
        })
    );
    dir.write("results/stray.csv", "a report");
    let text = verify(&dir, "").ok().stdout;
    assert!(
        text.contains("note: stray.csv: not in the statement"),
        "{text}"
    );
    assert!(text.contains("note: no workload was given"), "{text}");
    assert!(
        text.ends_with("verified: 50 records of 50 requests\n"),
        "{text}"
    );
    std::fs::remove_file(dir.path("results/summary.json")).unwrap();
    let outcome = verify(&dir, "--json");
    assert_eq!(outcome.status, Some(1));
    let found: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(found["verified"], false);
    let fault = json!({"file": "summary.json", "place": "whole file", "what": "not there"});
    assert_eq!(found["faults"][0], fault);
}

#[test]
fn truncated_altered_reordered_and_missing_records_are_each_named() {
    let dir = results();
    let file = "results/records.wlr";
    let bytes = dir.read(file);
    let whole = Records::read(&dir.path(file));
    let length = whole.records.len();
    let mut altered = bytes.clone();
    altered[bytes.len() / 2] ^= 1;
    let mut reordered = whole.clone();
    reordered.records.reverse();
    let mut missing = whole.clone();
    missing.records.remove(7);
    let lost = u64::from_le_bytes(whole.records[7][..8].try_into().unwrap());
    let mut doubled = whole.clone();
    doubled.records.push(whole.records[7].clone());
    let mut fewer = whole.clone();
    fewer.request_count -= 1;
    let lost_from = bytes.len() - 20;
    let cases: [(Vec<u8>, Vec<String>); 7] = [
        (
            bytes[..lost_from].to_vec(),
            vec![
                "records.wlr: END: no end mark".into(),
                "bundle.json: predicate.records.root".into(),
            ],
        ),
        (altered, vec!["records.wlr: FRAME 1 at offset".into()]),
        (
            reordered.bytes(length),
            vec!["records.wlr: whole file: SHA-256 is".into()],
        ),
        (
            whole.bytes(10),
            vec!["records.wlr: whole file: SHA-256 is".into()],
        ),
        (
            missing.bytes(length),
            vec![
                format!("records.wlr: request {lost}: without a record are requests: {lost}"),
                "bundle.json: predicate.records.root: is".into(),
                "summary.json: ".into(),
            ],
        ),
        (
            doubled.bytes(length),
            vec![format!(
                "records.wlr: request {lost}: beyond the first, there is a record of"
            )],
        ),
        (
            fewer.bytes(length),
            vec![
                "records.wlr: HEADER at offset 48: request_count is 49, run.json says 50".into(),
                "records.wlr: request 49: records of requests that there are not: 49".into(),
            ],
        ),
    ];
    for (bytes, begins) in cases {
        dir.write(file, bytes);
        let found = faults(&dir, "--workload w.wlc");
        let begins: Vec<&str> = begins.iter().map(String::as_str).collect();
        assert_named(&found, &begins, None);
        // Said of records that are the statement's, and of no others.
        let has = |what: &str| found.iter().any(|fault| fault.contains(what));
        let are_others = has("predicate.records.root") || has("FRAME ");
        assert_eq!(has("reordered"), !are_others, "{found:?}");
    }
    dir.write(file, bytes);
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
}

#[test]
fn what_is_covered_up_by_closing_anew_is_held_against_the_workload() {
    let dir = results();
    let file = "results/records.wlr";
    let original = dir.read(file);
    let whole = Records::read(&dir.path(file));
    type Change = fn(&mut Records);
    let changes: [(&str, Change); 4] = [
        ("leaf is not what the workload has", |records| {
            records.records[7][LEAF] ^= 1
        }),
        ("model is not what the workload has", |records| {
            records.records[7][MODEL] ^= 1
        }),
        ("scheduled_ns is not what the workload has", |records| {
            records.shift(7, SCHEDULED, 1);
        }),
        ("contradicts itself", |records| {
            records.shift(7, END, -1_000_000)
        }),
    ];
    let index = u64::from_le_bytes(whole.records[7][..8].try_into().unwrap());
    for (what, change) in changes {
        let mut records = whole.clone();
        change(&mut records);
        dir.write(file, records.bytes(50));
        cover_up(&dir);
        let found = faults(&dir, "--workload w.wlc");
        let place = format!("records.wlr: request {index} at offset");
        assert_named(&found, &[&place], Some(1));
        assert!(found[0].contains(what), "{found:?}");
        let found = audit(&dir, "w.wlc").stdout;
        assert!(found.contains(&index.to_string()), "{what}: {found}");
    }
    dir.write(file, original);
    let text = String::from_utf8(dir.read("results/run.json")).unwrap();
    let run: Value = serde_json::from_str(&text).unwrap();
    for (pointer, value, key) in [
        (
            "/workload/footer_hash",
            json!("00".repeat(32)),
            "workload.footer_hash",
        ),
        ("/workload/seed", json!(12), "workload.seed"),
        ("/workload/spec/text", json!("seed: 12"), "workload.spec"),
        ("/stages/0/rate", json!(49.0), "stages"),
        ("/populations", json!(["p"]), "populations"),
        (
            "/effective/salt",
            json!({"text": "a", "words": ["b"]}),
            "effective.salt",
        ),
    ] {
        let mut other = run.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        dir.write(
            "results/run.json",
            serde_json::to_vec_pretty(&other).unwrap(),
        );
        cover_up(&dir);
        let found = faults(&dir, "--workload w.wlc");
        assert_named(&found, &[&format!("run.json: {key}: ")], Some(1));
        // Which of it the second reader looks at, its documentation says.
        let is_left_out = ["stages", "effective.salt"].contains(&key);
        let expected = if is_left_out { 0 } else { 1 };
        let found = audit(&dir, "w.wlc");
        assert_eq!(found.status, Some(expected), "{key}: {}", found.stdout);
        // Only the workload knows.
        assert_eq!(faults(&dir, ""), [""; 0], "{key}");
    }
    dir.write("results/run.json", text);
    cover_up(&dir);
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
}

#[test]
fn a_figure_that_does_not_follow_from_the_records_is_named() {
    let dir = results();
    let mut summary = dir.json("results/summary.json");
    let median = summary["ttft_s"]["median"].as_f64().unwrap();
    summary["ttft_s"]["median"] = json!(median / 2.0);
    summary["stages"][0]["errors"]["failed"] = json!(3);
    dir.write(
        "results/summary.json",
        serde_json::to_vec(&summary).unwrap(),
    );
    bundle::close(&dir.path("results"), Kind::Run).unwrap();
    let found = faults(&dir, "");
    let named = [
        "summary.json: ttft_s.median: is ",
        "summary.json: stages[0].errors.failed: is 3, the records give 0",
    ];
    assert_named(&found, &named, Some(2));
}

#[test]
fn another_workload_a_damaged_one_and_none_are_told_apart() {
    let dir = results();
    compile(
        &dir,
        "other",
        &chat_spec(50, "1").replace("seed: 11", "seed: 12"),
        "",
    );
    let found = faults(&dir, "--workload other.wlc");
    assert_named(&found, &["run.json: workload.content_hash: is "], Some(1));
    assert!(found[0].contains("another load"), "{found:?}");
    let mut damaged = dir.read("w.wlc");
    damaged[20] ^= 1;
    dir.write("damaged.wlc", damaged);
    let found = faults(&dir, "--workload damaged.wlc");
    assert_named(&found, &["damaged.wlc: BLOB at offset"], Some(1));
    dir.write("none.wlc", "x".repeat(10_000));
    for (file, what) in [
        ("none.wlc", "not a workload file"),
        ("absent.wlc", "cannot read"),
    ] {
        let outcome = verify(&dir, &format!("--workload {file}"));
        assert_eq!(outcome.status, Some(2));
        assert!(outcome.stderr.contains(what), "{}", outcome.stderr);
    }
    // As in an archive.
    dir.write("results/workload.wlc", dir.read("w.wlc"));
    assert_eq!(verify(&dir, "--json").json()["workload"], "checked");
    dir.write("results/manifest.json", "{}");
    let found = faults(&dir, "");
    assert_named(&found, &["manifest.json: offset 1: "], Some(1));
}

#[test]
fn what_is_no_result_or_of_another_version_is_refused() {
    let dir = results();
    dir.write("empty/notes.txt", "");
    let outcome = dir.replay("verify empty").run();
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.stderr.contains("holds no results"),
        "{}",
        outcome.stderr
    );
    let outcome = verify(&dir, "--allowed-signers absent");
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("absent"), "{}", outcome.stderr);
    let whole = dir.read("results/bundle.json");
    let text = String::from_utf8(whole.clone()).unwrap();
    dir.write(
        "results/bundle.json",
        text.replace("replay-run:v1", "replay-run:v2"),
    );
    let outcome = verify(&dir, "");
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("too new"), "{}", outcome.stderr);
    std::fs::remove_file(dir.path("results/bundle.json")).unwrap();
    assert_named(
        &faults(&dir, ""),
        &["bundle.json: whole file: not there: "],
        Some(1),
    );
    dir.write("results/bundle.json", whole);
    assert_eq!(faults(&dir, ""), [""; 0]);
}

/// `tests/golden/README.md` says where they come from.
#[test]
fn golden_results_are_verified_by_two_readers_and_with_a_byte_altered_by_none() {
    let dir = dir();
    let golden = root().join("tests/golden");
    let names = [
        "bundle.json",
        "bundle.json.sig",
        "records.wlr",
        "run.json",
        "summary.json",
    ];
    let read = |name: &str| std::fs::read(golden.join("result").join(name)).unwrap();
    for name in names {
        dir.write(&format!("results/{name}"), read(name));
    }
    for name in ["conversation.wlc", "result.signers"] {
        dir.write(name, std::fs::read(golden.join(name)).unwrap());
    }
    let flags = "--workload conversation.wlc --allowed-signers result.signers";
    let python = || audit(&dir, "conversation.wlc");
    assert_eq!(faults(&dir, flags), [""; 0]);
    assert_eq!(python().status, Some(0));
    for name in names {
        let mut altered = read(name);
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        dir.write(&format!("results/{name}"), altered);
        assert_eq!(verify(&dir, flags).status, Some(1), "{name}");
        // Signatures are for others to check.
        let expected = if name.ends_with(".sig") { 0 } else { 1 };
        let found = python();
        assert_eq!(found.status, Some(expected), "{name}: {}", found.stdout);
        dir.write(&format!("results/{name}"), read(name));
    }
}

#[test]
fn a_run_that_was_stopped_is_verified_as_one() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(50, "60"), "");
    let server = server(1, 1);
    let url = format!("http://{}", server.addr());
    let run = dir.replay(&format!("run w.wlc --url {url} --out results"));
    let running = run.start();
    await_arrivals(5, || server.arrivals().len());
    running.interrupt();
    assert_eq!(running.wait().status, Some(130));
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
}

#[test]
fn a_sweep_is_verified_with_all_its_loads() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(50, "12"), "");
    let server = server(1, 1);
    let url = format!("http://{}", server.addr());
    let flags = "--up-to 50 --steps 2 --step-duration 500ms";
    dir.replay(&format!("sweep w.wlc --url {url} --out results {flags}"))
        .run()
        .ok();
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
    assert_eq!(audit(&dir, "w.wlc").stdout, "results: verified\n");
    let found = verify(&dir, "--json").json();
    assert_eq!(found["records_root"], Value::Null);
    assert!(found["records"].as_u64().unwrap() > 10, "{found}");
    let is_told = |note: &Value| {
        let part = "step-01/run.json: fired the first ";
        note.as_str().unwrap().starts_with(part)
    };
    assert!(
        found["notes"].as_array().unwrap().iter().any(is_told),
        "{found}"
    );
    let file = "results/step-02/records.wlr";
    let bytes = dir.read(file);
    let mut altered = bytes.clone();
    altered[200] ^= 1;
    dir.write(file, altered);
    let named = [
        "step-02/records.wlr: FRAME ",
        "step-02/records.wlr: whole file: SHA-256",
    ];
    assert_named(&faults(&dir, ""), &named, Some(2));
    // Closed anew, the load no longer is what the sweep speaks of.
    dir.write(file, bytes);
    let summary = dir.read("results/step-02/summary.json");
    dir.write(
        "results/step-02/summary.json",
        [&summary[..], b"\n"].concat(),
    );
    bundle::close(&dir.path("results/step-02"), Kind::Run).unwrap();
    let named = ["step-02/bundle.json: whole file: SHA-256"];
    assert_named(&faults(&dir, ""), &named, Some(1));
    dir.write("results/step-02/summary.json", summary);
    bundle::close(&dir.path("results/step-02"), Kind::Run).unwrap();
    assert_eq!(faults(&dir, ""), [""; 0]);
    dir.write("other/x", "");
    std::fs::remove_file(dir.path("results/step-01/bundle.json")).unwrap();
    let named = ["step-01/bundle.json: whole file: not there"];
    assert_named(&faults(&dir, ""), &named, None);
}
