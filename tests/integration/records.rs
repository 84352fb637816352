//! What a record says of its request: keys, order of times, tokens, connections.

use crate::support::{Run, chat_spec, server};
use serde_json::Value;

/// DESIGN, sections 7 and 8, and what RESULTS.md adds.
const KEYS: [&str; 33] = [
    "index",
    "scheduled_ns",
    "sent_ns",
    "body_written_ns",
    "first_byte_ns",
    "first_token_ns",
    "last_token_ns",
    "end_ns",
    "cancel_due_ns",
    "cancel_error_ns",
    "lag_ns",
    "outcome",
    "http_status",
    "error_class",
    "events",
    "bytes",
    "token_times",
    "input_tokens",
    "output_tokens",
    "usage_input",
    "usage_output",
    "connection",
    "new_connection",
    "worker",
    "target",
    "stage",
    "model",
    "adapter",
    "population",
    "session",
    "turn",
    "leaf",
    "sent_sha256",
];

fn streamed() -> Run {
    let server = server(3, 1);
    let run = Run::new(
        &chat_spec(100, "1"),
        &format!("http://{}", server.addr()),
        "",
    );
    run.assert_all_ok();
    run
}

fn ns(record: &Value, key: &str) -> u64 {
    record[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} in {record}"))
}

#[test]
fn a_record_has_the_keys_of_the_contract() {
    let mut keys = KEYS;
    keys.sort_unstable();
    for record in &streamed().records {
        let found: Vec<&str> = record
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(found, keys);
    }
}

#[test]
fn the_times_of_a_request_are_in_order() {
    let order = [
        "scheduled_ns",
        "sent_ns",
        "first_byte_ns",
        "first_token_ns",
        "last_token_ns",
        "end_ns",
    ];
    for record in &streamed().records {
        let times = order.map(|key| ns(record, key));
        // The answer may be there before the write has returned.
        let written_ns = ns(record, "body_written_ns");
        assert!(times[1] <= written_ns && written_ns <= times[5]);
        assert!(
            times.is_sorted(),
            "{order:?} are {times:?} in request {}",
            record["index"]
        );
        let lag = record["lag_ns"].as_i64().expect("a lag");
        assert_eq!(lag, times[1] as i64 - times[0] as i64);
        let tokens: Vec<u64> =
            serde_json::from_value(record["token_times"].clone()).expect("times");
        assert!(tokens.is_sorted());
        assert_eq!(tokens.first(), Some(&times[3]));
        assert_eq!(tokens.last(), Some(&times[4]));
    }
}

#[test]
fn every_token_is_timed_and_counted_as_the_server_counts() {
    let run = streamed();
    for (record, request) in run.records.iter().zip(&run.workload) {
        let tokens = record["token_times"].as_array().expect("a list").len();
        assert_eq!(tokens, request.output_tokens as usize);
        assert_eq!(record["usage_input"], request.input_tokens);
        assert_eq!(record["usage_output"], request.output_tokens);
        assert_eq!(record["input_tokens"], request.input_tokens);
        assert_eq!(record["output_tokens"], request.output_tokens);
        assert!(ns(record, "events") >= tokens as u64);
        assert!(ns(record, "bytes") > 0);
    }
    let usage = &run.summary["usage"];
    assert_eq!(
        [
            &usage["reported"],
            &usage["input_mismatches"],
            &usage["output_mismatches"]
        ],
        [100, 0, 0]
    );
}

#[test]
fn a_record_names_its_request() {
    let run = streamed();
    for (record, request) in run.records.iter().zip(&run.workload) {
        assert_eq!(record["leaf"], request.leaf);
        assert_eq!(record["scheduled_ns"], request.at_ns);
        assert_eq!(record["model"], "m");
        assert_eq!(
            (&record["stage"], &record["http_status"]),
            (&0.into(), &200.into())
        );
        for absent in ["adapter", "session", "turn", "error_class"] {
            assert_eq!(record[absent], Value::Null, "{absent}");
        }
    }
}

#[test]
fn the_run_is_described() {
    let run = streamed();
    let of = |pointer: &str| {
        run.run
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer}"))
    };
    let summary = run.dir.wlc("inspect w.wlc --json").run().json();
    assert_eq!(of("/workload/content_hash"), &summary["content_hash"]);
    assert_eq!(of("/workload/requests"), 100);
    assert_eq!(of("/workload/verified"), true);
    assert_eq!(of("/end/interrupted"), false);
    assert_eq!(of("/requested/workers"), &Value::Null);
    assert_eq!(of("/effective/workers"), 1);
    assert_eq!(of("/clock/name"), "CLOCK_MONOTONIC");
    assert!(of("/end/cpu_ns").as_u64() > Some(0));
}

#[test]
fn a_request_that_pays_for_a_connection_says_so() {
    // 20 requests in 0.2 s on one connection that is busy for 0.1 s at a time.
    let mut server = server(100, 0);
    let url = format!("http://{}", server.addr());
    let run = Run::new(&chat_spec(100, "200ms"), &url, "--connections 1");
    server.stop();
    run.assert_all_ok();
    assert_eq!(
        run.records[0]["new_connection"], false,
        "the first finds one open"
    );
    let new = run.count("new_connection", true);
    assert!(new > 0, "no request paid for a connection");
    assert_eq!(run.run["end"]["connections_opened"], new as u64 + 1);
    assert_eq!(run.summary["connections"]["new_during_run"], new as u64);
    // One asked for the models, and one more may have tried whether the target answers at all.
    let seen = server.stats().connections_opened - new as u64;
    assert!(
        (2..=3).contains(&seen),
        "{seen} connections nobody paid for"
    );
}

#[test]
fn a_run_on_open_connections_pays_for_none() {
    let server = server(5, 0);
    let url = format!("http://{}", server.addr());
    let run = Run::new(&chat_spec(50, "1"), &url, "--connections 60");
    run.assert_all_ok();
    assert_eq!(run.count("new_connection", true), 0);
    assert_eq!(run.run["end"]["connections_opened"], 60);
}
