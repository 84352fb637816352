//! What a failed turn does to the rest of its session, and to nobody else.

use crate::fired::Fired;
use crate::lines::text;
use mock_llm::{Config, Server};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const SPEC: &str = "\
seed: 304
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(20, 30)', output_distribution: '6'}
load: {type: poisson, stages: [{rate: 80, duration: 500ms}]}
sessions: {turns: 'uniform(1, 5)', delay: 'uniform(0, 10ms)'}
";

fn fire(spec: &str, fault: &str, arguments: &str) -> (Fired, Server) {
    let config = Config {
        itl: Duration::from_millis(2),
        faults: fault
            .split_whitespace()
            .map(|f| f.parse().expect("a fault"))
            .collect(),
        ..Config::default()
    };
    let mut server = Server::start(config).expect("a free port");
    let url = format!("http://{}", server.addr());
    let fired = Fired::new(spec, &url, arguments);
    server.stop();
    (fired, server)
}

/// The records of each session, turn by turn.
fn sessions(fired: &Fired) -> Vec<Vec<&Value>> {
    let mut sessions: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for record in &fired.records {
        sessions
            .entry(text(record, "session"))
            .or_default()
            .push(record);
    }
    sessions.into_values().collect()
}

fn has_failed(record: &Value) -> bool {
    record["outcome"] != "ok" && record["outcome"] != "cancelled"
}

/// Behind the first turn that failed nothing was sent, and before it everything. Gives how many
/// were not sent.
#[track_caller]
fn assert_ended(fired: &Fired) -> usize {
    let mut left_out = 0;
    for turns in sessions(fired) {
        let first = turns.iter().position(|turn| has_failed(turn));
        for turn in turns
            .iter()
            .skip(first.map_or(turns.len(), |first| first + 1))
        {
            assert_eq!(turn["outcome"], "not_sent", "{turn}");
            assert_eq!(turn["error_class"], "session_ended", "{turn}");
            assert_eq!(turn["scheduled_ns"], Value::Null, "{turn}");
            left_out += 1;
        }
    }
    assert_eq!(fired.count("error_class", "session_ended"), left_out);
    left_out
}

#[test]
fn a_failed_turn_ends_its_session_and_no_other_however_it_failed() {
    for (fault, class) in [
        ("status=500@0.2", "status"),
        ("reset@0.2", "reset"),
        ("close@0.2", "cut_short"),
        ("garbage@0.2", "malformed"),
        ("half-close@0.2", "closed"),
        ("no-done@0.2", "stream"),
        ("error-event@0.2", "reported"),
    ] {
        let (fired, server) = fire(SPEC, fault, "--workers 2");
        let arrivals = server.arrivals();
        let seen = fired.seen(&arrivals);
        let failed = fired.count("error_class", class);
        // Every fifth request that arrived was made to fail.
        assert_eq!(failed, arrivals.len() / 5, "{fault}");
        assert_eq!(fired.accounted("error"), failed, "{fault}");
        let left_out = assert_ended(&fired);
        assert!(left_out > 10, "{fault}: {left_out}");
        assert_eq!(arrivals.len() + left_out, fired.lines.len());
        fired.assert_delays_kept(&seen);
    }
}

#[test]
fn a_turn_that_times_out_ends_its_session() {
    let (fired, _) = fire(SPEC, "stall@0.1 silent@0.1", "--timeout 400ms");
    assert!(fired.count("error_class", "stalled") > 3);
    assert!(fired.count("error_class", "no_response") > 3);
    assert!(assert_ended(&fired) > 10);
}

#[test]
fn with_continue_every_turn_is_sent_after_the_failed_one_and_its_delay() {
    let (fired, server) = fire(SPEC, "status=500@0.2", "--on-turn-failure continue");
    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), fired.lines.len());
    assert_eq!(fired.count("error_class", "status"), fired.lines.len() / 5);
    assert_eq!(fired.accounted("not_sent"), 0);
    let seen = fired.seen(&arrivals);
    let sessions = sessions(&fired).len();
    assert_eq!(
        fired.assert_delays_kept(&seen),
        fired.lines.len() - sessions
    );
}

#[test]
fn an_abandoned_turn_is_no_failure() {
    let spec = format!("{SPEC}cancellation: {{rate: 1, after_tokens: 2}}\n");
    let (fired, server) = fire(&spec, "", "");
    assert_eq!(fired.count("outcome", "cancelled"), fired.lines.len());
    let arrivals = server.arrivals();
    let seen = fired.seen(&arrivals);
    let sessions = sessions(&fired).len();
    // The delay counts from the moment when it was abandoned.
    assert_eq!(
        fired.assert_delays_kept(&seen),
        fired.lines.len() - sessions
    );
}

#[test]
fn a_request_behind_a_failed_one_outside_a_session_is_sent() {
    let load = "{type: users, stages: [{users: 4, num_requests: 40, think_time: 2ms}]}";
    let spec = SPEC.lines().filter(|line| !line.starts_with("sessions:"));
    let spec: Vec<&str> = spec.collect();
    let spec = spec.join("\n") + "\n";
    let spec = spec.replace(
        "{type: poisson, stages: [{rate: 80, duration: 500ms}]}",
        load,
    );
    let (fired, server) = fire(&spec, "status=503@0.5", "--workers 2");
    assert_eq!(server.arrivals().len(), 40);
    assert_eq!(fired.count("error_class", "status"), 20);
    assert_eq!(fired.accounted("not_sent"), 0);
}

#[test]
fn a_refused_connection_ends_only_the_sessions_that_met_it() {
    // A connection that is refused was accepted first: what was written on it may be lost.
    let (fired, server) = fire(SPEC, "refuse@0.2", "--reuse never");
    assert!(server.stats().connections_refused > 5);
    let failed: BTreeSet<&str> = fired
        .records
        .iter()
        .filter(|record| has_failed(record) && record["error_class"] != "session_ended")
        .map(|record| text(record, "error_class"))
        .collect();
    let known = BTreeSet::from(["closed", "reset", "write", "connect"]);
    assert!(failed.is_subset(&known), "{failed:?}");
    assert_ended(&fired);
    let ok = fired.count("outcome", "ok");
    assert_eq!(server.arrivals().len(), ok);
}
