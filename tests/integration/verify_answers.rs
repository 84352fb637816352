//! `replay verify` on the answers of an audit: they are there, and of these requests.

use crate::altered::results;
use crate::support::{await_arrivals, compile, dir, root};
use crate::verify_results::{assert_named, faults};
use harness::Dir;
use mock_llm::{Config, Server};
use replay::bundle::{self, Kind};
use serde_json::{Value, json};
use std::time::Duration;

const ANSWERS: &str = "results/answers.jsonl";

/// `w.wlc`, a small audit, and a server that takes so long to answer.
fn audit(ttft_ms: u64) -> (Dir, Server) {
    let dir = dir();
    let spec = std::fs::read_to_string(root().join("tests/golden/audit.yaml")).unwrap();
    compile(&dir, "w", &spec, "");
    let config = Config {
        ttft: Duration::from_millis(ttft_ms),
        itl: Duration::ZERO,
        ..Config::default()
    };
    (dir, Server::start(config).expect("a free port"))
}

/// A directory with `w.wlc`, a small audit, and `results` of a run of it.
#[track_caller]
pub fn audited() -> Dir {
    let (dir, server) = audit(1);
    let url = format!("http://{}", server.addr());
    dir.replay(&format!("run w.wlc --url {url} --out results"))
        .run()
        .ok();
    dir
}

fn lines(dir: &Dir) -> Vec<Value> {
    let text = String::from_utf8(dir.read(ANSWERS)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn close(dir: &Dir) {
    bundle::close(&dir.path("results"), Kind::Run).unwrap();
}

#[track_caller]
fn forge(dir: &Dir, lines: &[Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    dir.write(ANSWERS, text);
    close(dir);
}

#[test]
fn answers_are_asked_for_and_held_against_records_and_workload() {
    let dir = audited();
    let honest = lines(&dir);
    assert!(honest.len() > 20);
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
    assert_eq!(faults(&dir, ""), [""; 0]);
    type Change = fn(&mut Vec<Value>);
    // What is named, and whether it takes the workload to see it.
    let forged: [(&str, bool, Change); 6] = [
        (
            "line 4: is of request 4, and the record of 3",
            false,
            |lines| {
                lines.remove(3);
            },
        ),
        (
            "line 1: is of request 1, and the record of 0",
            false,
            |lines| lines.swap(0, 1),
        ),
        ("whole file: has ", false, |lines| {
            lines.pop();
        }),
        (
            "line 3: cannot be read: its text has the hash ",
            false,
            |lines| {
                lines[2]["pieces"] = json!(["another answer"]);
            },
        ),
        (
            "request 5: stage is not what the workload has: requests 5",
            true,
            |lines| {
                lines[5]["stage"] = json!(77);
            },
        ),
        (
            "request 6: labels are not what the workload has: requests 6",
            true,
            |lines| {
                lines[6]["labels"]["audit_role"] = json!("other");
            },
        ),
    ];
    for (what, needs_workload, change) in forged {
        let mut lines = honest.clone();
        change(&mut lines);
        forge(&dir, &lines);
        let named = format!("answers.jsonl: {what}");
        assert_named(&faults(&dir, "--workload w.wlc"), &[&named], Some(1));
        let without = faults(&dir, "");
        match needs_workload {
            true => assert_eq!(without, [""; 0]),
            false => assert_named(&without, &[&named], Some(1)),
        }
    }
    std::fs::remove_file(dir.path(ANSWERS)).unwrap();
    close(&dir);
    let named = "answers.jsonl: whole file: not there, and the workload asks for answers";
    assert_named(&faults(&dir, "--workload w.wlc"), &[named], Some(1));
    // Put back, but not stated.
    let text: String = honest.iter().map(|line| format!("{line}\n")).collect();
    dir.write(ANSWERS, text);
    let named = "answers.jsonl: whole file: not in the statement";
    assert_named(&faults(&dir, "--workload w.wlc"), &[named], Some(1));
    close(&dir);
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
}

#[test]
fn answers_of_a_load_that_asks_for_none_are_a_fault() {
    let dir = results();
    dir.write(ANSWERS, "");
    close(&dir);
    let named = "answers.jsonl: whole file: the workload does not ask for answers";
    assert_named(&faults(&dir, "--workload w.wlc"), &[named], Some(1));
    // Without the workload it is not known, but these are not the answers of the records.
    let named = "answers.jsonl: whole file: has 0 lines, and there are records of 50 requests";
    assert_named(&faults(&dir, ""), &[named], Some(1));
}

#[test]
fn what_was_not_sent_has_no_answer() {
    let (dir, server) = audit(300);
    let url = format!("http://{}", server.addr());
    let running = dir
        .replay(&format!("run w.wlc --url {url} --out results"))
        .start();
    await_arrivals(2, || server.arrivals().len());
    running.interrupt();
    running.wait().expect(130);
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
    let honest = lines(&dir);
    let last = honest.len() - 1;
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let text = [("pieces", json!(["a", "bc"])), ("sha256", json!(hash))];
    for forged in [&text[..], &[("id", json!("chatcmpl-audit-0"))]] {
        let mut lines = honest.clone();
        for (key, value) in forged {
            lines[last][key] = value.clone();
        }
        forge(&dir, &lines);
        let named = format!(
            "answers.jsonl: request {last}: holds an answer, and by its record none came back: requests {last}"
        );
        assert_named(&faults(&dir, ""), &[&named], Some(1));
    }
}
