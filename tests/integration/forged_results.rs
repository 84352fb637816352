//! Results that were altered and closed anew, so that their files agree with one another, and that
//! cannot be those of a run: told by `replay verify` and by `tests/audit.py`.

use crate::altered::{Records, results};
use crate::verify_results::{assert_named, audit, cover_up, faults};
use harness::Dir;
use replay::bundle::{self, Kind};
use schemas::frames::TokenTimes;
use serde_json::{Value, json};

/// Where in a record these stand.
const SENT: usize = 16;
const TOKEN_COUNT: usize = 136;
const TOKEN_TIME_BYTES: usize = 168;
const RECORD_BYTES: usize = 176;

#[track_caller]
fn assert_audited(dir: &Dir, expected: &str) {
    let found = audit(dir, "");
    assert_eq!(found.status, Some(1), "{}", found.stdout);
    assert!(found.stdout.contains(expected), "{}", found.stdout);
}

#[test]
fn token_times_that_go_beyond_the_last_output_or_are_gone_are_told() {
    let dir = results();
    let file = "results/records.wlr";
    let mut records = Records::read(&dir.path(file));
    let record = &records.records[7];
    let number = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().unwrap());
    let sent_ns = u64::from_le_bytes(record[SENT..SENT + 8].try_into().unwrap());
    let kept = number(TOKEN_TIME_BYTES) as usize;
    assert!(kept > 0 && record.len() == RECORD_BYTES + kept);
    let mut times = TokenTimes::default();
    for token in 0..number(TOKEN_COUNT) {
        times.push(sent_ns, sent_ns + u64::from(token) * 1_000_000_000_000);
    }
    let index = u64::from_le_bytes(record[..8].try_into().unwrap());
    let long = "contradicts itself: not credible";
    let none = "token times are kept, or not, otherwise than effective.token_times says";
    let cases = [
        (times.bytes(), long, "not credible are"),
        (&[], none, "token_times is True in run.json, but not of"),
    ];
    for (bytes, what, told) in cases {
        let record = &mut records.records[7];
        record.truncate(RECORD_BYTES);
        record[TOKEN_TIME_BYTES..][..4].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        record.extend_from_slice(bytes);
        dir.write(file, records.bytes(50));
        cover_up(&dir);
        let place = format!("records.wlr: request {index} at offset ");
        let found = faults(&dir, "--workload w.wlc");
        assert_named(&found, &[&place], Some(1));
        assert!(found[0].contains(what), "{found:?}");
        assert_audited(&dir, &format!("{told} requests [{index}]"));
        // Nor do figures count what contradicts itself.
        let missing = dir.json("results/summary.json")["accounting"]["missing"].clone();
        assert_eq!(missing, u64::from(what == long));
    }
}

#[test]
fn a_run_that_was_cut_to_its_first_requests_is_no_run() {
    let dir = results();
    let file = "results/records.wlr";
    let mut records = Records::read(&dir.path(file));
    records.request_count = 20;
    records
        .records
        .retain(|record| u64::from_le_bytes(record[..8].try_into().unwrap()) < 20);
    dir.write(file, records.bytes(50));
    let mut run = dir.json("results/run.json");
    run["effective"]["requests"] = json!(20);
    run["stages"][0]["requests"] = json!(20);
    dir.write("results/run.json", serde_json::to_vec(&run).unwrap());
    cover_up(&dir);
    for flags in ["", "--workload w.wlc"] {
        let fault =
            "run.json: effective.requests: fired the first 20 of the workload's 50 requests";
        assert_named(&faults(&dir, flags), &[fault], Some(1));
    }
    assert_audited(&dir, "fired 20 of 50 requests");
    run["effective"]["requests"] = json!(50);
    dir.write("results/run.json", serde_json::to_vec(&run).unwrap());
    cover_up(&dir);
    let fault = "run.json: effective.requests: is 50, which is no part of";
    assert_named(&faults(&dir, ""), &[fault], None);
}

#[test]
fn a_document_that_has_two_readings_is_refused() {
    let dir = results();
    let read = |name: &str| String::from_utf8(dir.read(&format!("results/{name}"))).unwrap();
    let (run, summary) = (read("run.json"), read("summary.json"));
    let forged = summary.replacen("{", "{\n  \"verdict\": {\"word\": \"FORGED\"},", 1);
    dir.write("results/summary.json", forged);
    bundle::close(&dir.path("results"), Kind::Run).unwrap();
    let found = faults(&dir, "");
    assert_named(&found, &["summary.json: line "], Some(1));
    assert!(
        found[0].contains("the key \"verdict\" stands twice"),
        "{found:?}"
    );
    assert_audited(&dir, "a key stands twice");
    dir.write("results/summary.json", &summary);
    let with = |change: fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&run).unwrap();
        change(&mut value);
        value.to_string()
    };
    let double = r#""headers": {"via": "a", "via": "b"}"#;
    let twice = run.replacen(r#""headers": {}"#, double, 1);
    assert_ne!(twice, run);
    let cases = [
        (
            with(|run| run["verdict"] = json!("VALID")),
            "run.json: verdict: is not a key of it",
        ),
        (
            with(|run| run["workload"]["seed"] = Value::Null),
            "run.json: workload.seed: is null",
        ),
        (
            with(|run| run["workload"]["spec"] = Value::Null),
            "run.json: workload.spec: is null",
        ),
        (
            with(|run| drop(run["end"].as_object_mut().unwrap().remove("counters"))),
            "run.json: end.counters: is missing",
        ),
        (
            with(|run| run["effective"]["speed"] = json!(1)),
            "run.json: effective.speed: is 1, a reader takes it for 1.0",
        ),
        (twice, "run.json: line "),
    ];
    for (text, fault) in cases {
        dir.write("results/run.json", text);
        cover_up(&dir);
        assert_named(&faults(&dir, ""), &[fault], Some(1));
    }
    dir.write("results/run.json", &run);
    cover_up(&dir);
    assert_eq!(faults(&dir, ""), [""; 0]);
}

#[test]
fn the_second_reader_opens_no_file_outside_the_directory_and_comes_to_an_end() {
    let dir = results();
    let original = dir.json("results/bundle.json");
    for name in [
        "/etc/hostname",
        "../w.wlc",
        ".hidden",
        "a/bundle.json",
        "bundle.json",
    ] {
        let mut statement = original.clone();
        let subject = json!({"name": name, "digest": {"sha256": "00".repeat(32)}});
        statement["subject"].as_array_mut().unwrap().push(subject);
        dir.write("results/bundle.json", statement.to_string());
        assert_audited(&dir, "names no files of this directory");
    }
    dir.write(
        "results/sweep.json",
        json!({"workload": {"content_hash": "00"}}).to_string(),
    );
    std::os::unix::fs::symlink(".", dir.path("results/loop")).unwrap();
    let sweep = |load: &str| {
        let subjects =
            ["sweep.json", load].map(|name| json!({"name": name, "digest": {"sha256": ""}}));
        json!({
            "predicateType": "urn:x-wlc:replay-sweep:v1",
            "subject": subjects,
        })
    };
    dir.write("results/bundle.json", sweep("./bundle.json").to_string());
    assert_audited(&dir, "names no files of this directory");
    dir.write("results/bundle.json", sweep("loop/bundle.json").to_string());
    assert_audited(&dir, "has the predicate urn:x-wlc:replay-sweep:v1 here");
}
