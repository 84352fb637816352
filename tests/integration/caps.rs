//! How many may be in flight: a stage's cap and `--max-in-flight`, and what becomes of a request
//! that is due while that many are.

use crate::fired::{Fired, served};
use crate::lines::number;
use crate::support::{compile, dir, server};
use harness::peak;
use mock_llm::{Arrival, Server};
use serde_json::Value;

/// 40 requests within 40 ms.
const SPEC: &str = "\
seed: 306
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(20, 30)', output_distribution: '2'}
load: {type: constant, stages: [{rate: 1000, duration: 40ms}]}
";

fn capped() -> String {
    SPEC.replace("duration: 40ms", "duration: 40ms, max_concurrency: 5")
}

fn fire(spec: &str, server: &mut Server, arguments: &str) -> (Fired, Vec<Arrival>) {
    let fired = Fired::new(spec, &format!("http://{}", server.addr()), arguments);
    server.stop();
    (fired, server.arrivals())
}

/// Every request was sent when its place was free: those beyond the first five late.
#[track_caller]
fn assert_waited(fired: &Fired, arrivals: &[Arrival]) {
    fired.assert_all_ok();
    fired.seen(arrivals);
    assert_eq!(peak(arrivals.iter().map(served)), 5);
    for (line, record) in fired.lines.iter().zip(&fired.records) {
        // Waiting is lag, and moves no time of the schedule.
        assert_eq!(record["scheduled_ns"], line["at_ns"]);
    }
    // Eight waves of 20 ms from requests that were due within 40: the last waits 100 ms or more.
    let waited = fired
        .records
        .iter()
        .filter(|r| number(r, "lag_ns") > 60_000_000);
    assert!(waited.count() >= 5);
    let mut by_time: Vec<&Value> = fired.records.iter().collect();
    by_time.sort_by_key(|record| number(record, "sent_ns"));
    for (sent, record) in by_time.iter().enumerate().skip(5) {
        let sent_ns = number(record, "sent_ns");
        let ended = by_time.iter().filter(|r| number(r, "end_ns") <= sent_ns);
        assert!(ended.count() + 5 > sent, "{record}");
    }
}

#[test]
fn what_finds_no_place_waits_and_is_late_under_a_stages_cap_and_under_max_in_flight() {
    for (spec, arguments) in [
        (capped(), "--workers 1"),
        (capped(), "--workers 3"),
        (SPEC.to_owned(), "--max-in-flight 5"),
        (
            SPEC.to_owned(),
            "--max-in-flight 5 --workers 2 --overload wait",
        ),
        (capped(), "--workers 2 --http2"),
    ] {
        let mut server = server(20, 0);
        let (fired, arrivals) = fire(&spec, &mut server, arguments);
        assert_waited(&fired, &arrivals);
    }
}

#[test]
fn control_without_a_cap_more_are_in_flight() {
    let mut server = server(300, 0);
    let (fired, arrivals) = fire(SPEC, &mut server, "");
    fired.assert_all_ok();
    assert_eq!(peak(arrivals.iter().map(served)), 40);
}

#[test]
fn what_finds_no_place_is_dropped_and_accounted_for_when_asked() {
    for (spec, arguments) in [
        (capped(), "--workers 1"),
        (capped(), "--workers 3"),
        (SPEC.to_owned(), "--max-in-flight 5"),
        (SPEC.to_owned(), "--max-in-flight 5 --workers 2"),
        (capped(), "--workers 1 --http2"),
    ] {
        // Nobody is answered before all were due.
        let mut server = server(2_000, 0);
        let arguments = format!("{arguments} --overload drop");
        let (fired, arrivals) = fire(&spec, &mut server, &arguments);
        assert_eq!(arrivals.len(), 5, "{arguments}");
        fired.seen(&arrivals);
        assert_eq!(fired.count("outcome", "ok"), 5);
        assert_eq!(fired.count("error_class", "overload"), 35);
        assert_eq!(fired.accounted("not_sent"), 35);
        let by_class = &fired.summary["accounting"]["errors_by_class"];
        assert_eq!(by_class["overload"], 35);
        for (line, record) in fired.lines.iter().zip(&fired.records) {
            assert_eq!(record["scheduled_ns"], line["at_ns"], "{record}");
            let sent = record["outcome"] == "ok";
            assert_eq!(record["sent_ns"].is_u64(), sent, "{record}");
        }
        // Each worker has its share of the places; the first that are due get them.
        if !arguments.contains("--workers 2") && !arguments.contains("--workers 3") {
            let first = fired.records.iter().take(5);
            assert!(first.into_iter().all(|record| record["outcome"] == "ok"));
        }
    }
}

#[test]
fn places_that_are_free_again_are_taken_by_those_that_are_due_then() {
    // 200 requests in 200 ms, answers after 30 ms.
    let spec = capped().replace("duration: 40ms", "duration: 200ms");
    let mut server = server(30, 0);
    let (fired, arrivals) = fire(&spec, &mut server, "--overload drop");
    assert!(peak(arrivals.iter().map(served)) <= 5);
    fired.seen(&arrivals);
    let (ok, dropped) = (
        fired.count("outcome", "ok"),
        fired.count("error_class", "overload"),
    );
    assert_eq!(ok + dropped, 200);
    assert!(ok > 5 && dropped > 100, "{ok} and {dropped}");
    assert_eq!(arrivals.len(), ok);
}

#[test]
fn a_closed_stage_drops_nothing_and_is_refused_where_it_cannot_be_held() {
    let spec = SPEC.replace(
        "{type: constant, stages: [{rate: 1000, duration: 40ms}]}",
        "{type: concurrent, stages: [{num_requests: 24, concurrency_level: 8}]}",
    );
    for overload in ["wait", "drop"] {
        let mut server = server(50, 0);
        let arguments = format!("--max-in-flight 8 --overload {overload}");
        let (fired, arrivals) = fire(&spec, &mut server, &arguments);
        fired.assert_all_ok();
        fired.seen(&arrivals);
        assert_eq!(peak(arrivals.iter().map(served)), 8);
    }
    let server = server(0, 0);
    let dir = dir();
    compile(&dir, "w", &spec, "");
    let command = format!("run w.wlc --url http://{} --max-in-flight 7", server.addr());
    let refused = dir.replay(&command).run().expect(2);
    assert!(
        refused.stderr.contains("--max-in-flight 8"),
        "{}",
        refused.stderr
    );
    assert_eq!(server.arrivals().len(), 0);
}

#[test]
fn a_dropped_turn_ends_its_session() {
    let spec = format!("{}sessions: {{turns: 2, delay: 0}}\n", capped());
    let mut server = server(2_000, 0);
    let (fired, arrivals) = fire(&spec, &mut server, "--overload drop");
    fired.seen(&arrivals);
    assert_eq!(fired.lines.len(), 80);
    assert_eq!(fired.count("error_class", "overload"), 35);
    assert_eq!(fired.count("error_class", "session_ended"), 35);
    assert_eq!(fired.count("outcome", "ok"), 10);
}
