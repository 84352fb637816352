//! Files of another version: each reader says whether it is too old or too new and which program to
//! use, and reads every version that was ever released.

use crate::support::{dir, root};
use harness::Dir;
use serde_json::json;
use std::path::PathBuf;

/// What an older and a later version of anything is called.
const TOO_OLD: &[&str] = &["too old", "use the "];
const TOO_NEW: &[&str] = &["too new", "use a later "];

fn golden() -> PathBuf {
    root().join("tests/golden")
}

/// Everything in `tests/golden` whose name this holds for.
fn golden_files(is_one: fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(golden()).expect("tests/golden");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let name = |path: &PathBuf| path.file_name().map(|name| name.display().to_string());
    paths
        .filter(|path| name(path).is_some_and(|name| is_one(&name)))
        .collect()
}

/// A copy of the results of an older format.
fn results() -> Dir {
    let dir = dir();
    for name in ["records.wlr", "run.json", "summary.json"] {
        let file = std::fs::read(golden().join("run-format-2").join(name));
        dir.write(&format!("r/{name}"), file.expect("a golden result"));
    }
    dir
}

/// Each program, with these arguments, refuses it in these words.
#[track_caller]
fn assert_refused(call: harness::Call, words: &[&str]) {
    let outcome = call.run().expect(2);
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "no {word:?} in: {}",
            outcome.stderr
        );
    }
    assert_eq!(outcome.stdout, "");
}

/// Writes major and minor version where both binary formats have them.
fn with_version(mut bytes: Vec<u8>, major: u16, minor: u16) -> Vec<u8> {
    bytes[8..10].copy_from_slice(&major.to_le_bytes());
    bytes[10..12].copy_from_slice(&minor.to_le_bytes());
    bytes
}

#[test]
fn a_workload_of_another_version_is_refused_by_every_verb() {
    let dir = dir();
    let tiny = std::fs::read(golden().join("tiny.wlc")).expect("a golden file");
    dir.write("good.wlc", &tiny);
    dir.wlc("verify good.wlc").run().ok();
    for (major, minor, words) in [(0, 9, TOO_OLD), (1, 1, TOO_NEW), (2, 0, TOO_NEW)] {
        dir.write("w.wlc", with_version(tiny.clone(), major, minor));
        let version = format!("{major}.{minor}");
        let words = [words, &[&version, "which reads 1.0"]].concat();
        for verb in [
            "verify w.wlc",
            "inspect w.wlc",
            "reproduce w.wlc",
            "diff good.wlc w.wlc",
        ] {
            assert_refused(dir.wlc(verb), &words);
        }
        let run = "run w.wlc --url http://127.0.0.1:9 --out r";
        assert_refused(dir.replay(run), &words);
    }
}

#[test]
fn records_of_another_version_are_refused() {
    let dir = results();
    let good = dir.read("r/records.wlr");
    for (major, minor, words) in [(0, 9, TOO_OLD), (1, 2, TOO_NEW), (2, 0, TOO_NEW)] {
        dir.write("r/records.wlr", with_version(good.clone(), major, minor));
        let version = format!("version {major}.{minor}");
        let words = [words, &[&version, "which reads 1.0 to 1.1"]].concat();
        assert_refused(dir.replay("report r --format json"), &words);
    }
    dir.write("r/records.wlr", good);
    dir.replay("report r --format json").run().ok();
}

#[test]
fn a_run_and_a_sweep_of_another_format_are_refused() {
    let dir = results();
    let good = dir.json("r/run.json");
    for (format, words) in [(0, TOO_OLD), (4, TOO_NEW)] {
        let mut run = good.clone();
        run["format"] = json!(format);
        dir.write("r/run.json", run.to_string());
        let said = format!("format {format}");
        let words = [words, &[&said, "which reads 1 to 3"]].concat();
        assert_refused(dir.replay("report r --format json"), &words);
    }
    for (format, words) in [(0, TOO_OLD), (2, TOO_NEW)] {
        dir.write("s/sweep.json", json!({"format": format}).to_string());
        let said = format!("format {format}");
        let words = [words, &[&said, "which reads 1"]].concat();
        assert_refused(dir.replay("report s"), &words);
    }
}

#[test]
fn a_proof_of_another_format_is_refused() {
    let dir = dir();
    for (format, words) in [(0, TOO_OLD), (2, TOO_NEW)] {
        dir.write("p.json", json!({"format": format}).to_string());
        let said = format!(": {format} is");
        let words = [words, &[&said, "which reads 1"]].concat();
        assert_refused(dir.wlc("check-proof p.json"), &words);
    }
}

#[test]
fn a_statement_of_another_version_is_refused() {
    let dir = results();
    for (version, words) in [(0, ["too old", "use the "]), (2, ["too new", "use the "])] {
        for kind in ["run", "sweep"] {
            let predicate = format!("urn:x-wlc:replay-{kind}:v{version}");
            let statement = json!({
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [],
                "predicateType": predicate,
                "predicate": {},
            });
            dir.write("r/bundle.json", statement.to_string());
            let words = [&words[..], &[&predicate]].concat();
            assert_refused(dir.replay("verify r"), &words);
        }
    }
}

#[test]
fn every_golden_file_of_every_version_is_read() {
    let dir = dir();
    let workloads = golden_files(|name| name.ends_with(".wlc"));
    assert!(workloads.len() >= 2);
    for path in workloads {
        dir.wlc("verify").arg(&path).run().ok();
        dir.wlc("inspect --requests --bodies --json")
            .arg(&path)
            .run()
            .ok();
    }
    let results = golden_files(|name| name.starts_with("run-format-"));
    assert!(!results.is_empty());
    for path in results {
        for format in ["text", "json", "csv", "jsonl"] {
            let call = dir.replay(&format!("report --format {format}"));
            call.arg(&path).run().ok();
        }
    }
}
