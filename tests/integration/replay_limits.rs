//! Limits that the user sets: requests in flight, time for an answer, verification, strictness.

use crate::support::{Run, chat_spec, dir, requests, server};
use harness::Call;
use serde_json::Value;

#[test]
fn one_in_flight_at_a_slow_server_is_late_and_still_sends_all() {
    let mut server = server(30, 0);
    let url = format!("http://{}", server.addr());
    let run = Run::new(&chat_spec(100, "200ms"), &url, "--max-in-flight 1");
    server.stop();
    run.assert_all_ok();
    assert_eq!(server.stats().peak_in_flight, 1);
    // 20 answers of at least 30 ms, one after the other; the last was due after 190 ms.
    let last = run.records.last().expect("records");
    let lag_ns = last["lag_ns"].as_i64().expect("a lag");
    assert!(lag_ns >= 19 * 30_000_000 - 190_000_000, "lag {lag_ns} ns");
    let lags: Vec<i64> = run
        .column("lag_ns")
        .iter()
        .filter_map(|lag| lag.as_i64())
        .collect();
    assert!(lags.iter().all(|lag| *lag >= 0));
    assert_ne!(
        run.summary["verdict"]["verdict"], "VALID",
        "a late run is not valid"
    );
}

#[test]
fn an_answer_that_takes_too_long_is_a_timeout() {
    let server = server(20_000, 0);
    let url = format!("http://{}", server.addr());
    let run = Run::new(&chat_spec(20, "500ms"), &url, "--timeout 200ms");
    run.assert_accounted();
    assert_eq!(run.outcome.status, Some(0));
    assert_eq!(run.count("outcome", "timeout"), 10);
    // The head of the answer comes at once.
    assert_eq!(run.count("error_class", "stalled"), 10);
    for record in &run.records {
        let took = record["end_ns"].as_u64().zip(record["sent_ns"].as_u64());
        let took_ns = took.map(|(end, sent)| end - sent).expect("both times");
        assert!(took_ns >= 190_000_000, "given up after {took_ns} ns");
        for absent in ["first_token_ns", "last_token_ns", "usage_output"] {
            assert_eq!(record[absent], Value::Null, "{absent}");
        }
    }
    assert_eq!(run.summary["accounting"]["timeout"], 10);
}

#[test]
fn a_timeout_in_the_middle_of_a_stream_keeps_the_tokens_that_came() {
    // The head comes at once, tokens every 100 ms.
    let server = server(0, 100);
    let url = format!("http://{}", server.addr());
    let spec = chat_spec(20, "250ms").replace("uniform(1, 20)", "50");
    let run = Run::new(&spec, &url, "--timeout 350ms");
    run.assert_accounted();
    assert_eq!(run.count("outcome", "timeout"), 5);
    assert_eq!(run.count("error_class", "stalled"), 5);
    for record in &run.records {
        let tokens = record["token_times"].as_array().expect("a list").len();
        assert!((1..50).contains(&tokens), "{tokens} tokens");
        assert_eq!(record["http_status"], 200);
    }
}

#[test]
fn a_run_without_verification_is_not_valid() {
    let server = server(0, 0);
    let url = format!("http://{}", server.addr());
    let run = Run::new(&chat_spec(50, "1"), &url, "--no-verify");
    run.assert_all_ok();
    assert_eq!(run.run["workload"]["verified"], false);
    assert_ne!(run.summary["verdict"]["verdict"], "VALID");
}

#[test]
fn strict_turns_an_invalid_run_into_status_1() {
    let server = server(30, 0);
    let url = format!("http://{}", server.addr());
    // Twenty requests in a row at 30 ms each, asked for within 0.2 s.
    for (flags, status) in [("", 0), ("--strict", 1)] {
        let flags = format!("--max-in-flight 1 {flags}");
        let run = Run::new(&chat_spec(100, "200ms"), &url, &flags);
        run.assert_accounted();
        assert_eq!(run.summary["verdict"]["verdict"], "INVALID");
        assert_eq!(run.outcome.status, Some(status), "{}", run.outcome.stderr);
    }
}

#[test]
fn a_run_of_nothing_but_errors_is_noted() {
    let server = server(0, 0);
    let url = format!("http://{}/nowhere", server.addr());
    let run = Run::new(&chat_spec(50, "1"), &url, "");
    run.assert_accounted();
    let reasons = run.summary["verdict"]["reasons"]
        .as_array()
        .expect("a list");
    let noted = |reason: &&Value| reason["check"] == "error_share" && reason["value"] == 1.0;
    assert_eq!(reasons.iter().filter(noted).count(), 1, "{reasons:?}");
}

#[test]
fn a_run_without_a_single_good_answer_is_degraded() {
    let server = server(0, 0);
    let url = format!("http://{}/nowhere", server.addr());
    let run = Run::new(&chat_spec(20, "500ms"), &url, "");
    run.assert_accounted();
    assert_eq!(run.count("http_status", 404), 10);
    let verdict = &run.summary["verdict"];
    let reasons = verdict["reasons"].as_array().expect("a list");
    let found = |reason: &&Value| reason["check"] == "nothing_answered";
    let found: Vec<&Value> = reasons.iter().filter(found).collect();
    assert_eq!(found.len(), 1, "{reasons:?}");
    assert_eq!(found[0]["level"], "DEGRADED");
    // A machine that is too busy to be on time may make it worse.
    let late = reasons.iter().any(|r| r["check"] == "schedule_delay_p99");
    assert!(verdict["verdict"] == "DEGRADED" || late, "{verdict}");
}

#[test]
fn the_defaults_fit_a_low_limit_on_open_files() {
    let dir = dir();
    // By its rate, this would be the most connections that are ever opened by default.
    let workload = requests(&dir, "w", &chat_spec(2_400, "250ms"), "");
    let server = server(0, 0);
    let call = Call::new("sh")
        .cwd(dir.path("."))
        .words("-c")
        .arg("ulimit -n 200; exec \"$0\" \"$@\"")
        .arg(dir.program())
        .words(&format!(
            "replay run w.wlc --url http://{} --out results",
            server.addr()
        ));
    let run = Run::read(dir, workload, call.run());
    run.assert_all_ok();
    let connections = run.run["effective"]["connections"].as_u64();
    assert!((1..200).contains(&connections.expect("a number")));
}
