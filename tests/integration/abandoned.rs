//! Requests that are abandoned, as the server sees them: each is gone, none before its time, what
//! had come stays, and nobody else is touched.

use crate::fired::Fired;
use crate::lines::number;
use crate::tls::Authority;
use mock_llm::{Arrival, Config, Server};
use serde_json::Value;
use std::time::Duration;

const SPEC: &str = "\
seed: 305
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(20, 30)', output_distribution: '100'}
load: {type: poisson, stages: [{rate: 100, duration: 500ms}]}
";
/// From long before the first token to long after it, and never past the last one at 500 ms.
const BY_TIME: &str = "{rate: 0.5, count: exact, delay: 'uniform(10ms, 250ms)'}";
const BY_TOKENS: &str = "{rate: 0.5, count: exact, after_tokens: 'uniform(1, 40)'}";

/// Fires at a server that answers with a token every 5 ms from 30 ms on.
fn fire(cancellation: &str, arguments: &str) -> (Fired, Vec<Arrival>, Server) {
    fire_at(Config::default(), cancellation, arguments)
}

/// The same with a server that is `like` this but for its delays.
fn fire_at(like: Config, cancellation: &str, arguments: &str) -> (Fired, Vec<Arrival>, Server) {
    let scheme = like.tls.as_ref().map_or("http", |_| "https");
    let config = Config {
        ttft: Duration::from_millis(30),
        itl: Duration::from_millis(5),
        ..like
    };
    let mut server = Server::start(config).expect("a free port");
    let spec = format!("{SPEC}cancellation: {cancellation}\n");
    let url = format!("{scheme}://{}", server.addr());
    let fired = Fired::new(&spec, &url, arguments);
    server.stop();
    let arrivals = server.arrivals();
    (fired, arrivals, server)
}

fn is_chosen(line: &Value) -> bool {
    line["cancel_after_ns"].is_u64() || line["cancel_after_tokens"].is_u64()
}

fn times(record: &Value, key: &str) -> Vec<u64> {
    serde_json::from_value(record[key].clone()).expect("times")
}

/// When the request was to be abandoned, from the workload and the record's other times.
fn due_ns(line: &Value, record: &Value) -> u64 {
    match line["cancel_after_ns"].as_u64() {
        Some(after_ns) => number(record, "body_written_ns") + after_ns,
        None => times(record, "token_times")[number(line, "cancel_after_tokens") as usize - 1],
    }
}

/// Every chosen request is abandoned at its time, all others are answered. Gives the abandoned
/// ones, with what the server saw.
#[track_caller]
fn assert_abandoned<'a>(
    fired: &Fired,
    arrivals: &'a [Arrival],
) -> Vec<(usize, Option<&'a Arrival>)> {
    let seen = fired.seen(arrivals);
    let mut abandoned = Vec::new();
    for (request, line) in fired.lines.iter().enumerate() {
        let record = &fired.records[request];
        if !is_chosen(line) {
            let arrival = seen[request].expect("it was sent");
            assert_eq!(record["outcome"], "ok", "{record}");
            assert_eq!(times(record, "token_times").len(), 100);
            assert_eq!(
                (arrival.closed_early_ns, &record["cancel_due_ns"]),
                (None, &Value::Null)
            );
            continue;
        }
        assert_eq!(record["outcome"], "cancelled", "{record}");
        assert_eq!(record["error_class"], Value::Null, "{record}");
        let (due_ns, end_ns) = (due_ns(line, record), number(record, "end_ns"));
        assert_eq!(number(record, "cancel_due_ns"), due_ns);
        // Unsigned: never before it was due.
        assert_eq!(number(record, "cancel_error_ns"), end_ns - due_ns);
        if let Some(arrival) = seen[request] {
            let closed_ns = arrival.closed_early_ns.expect("the client left");
            assert!(closed_ns >= fired.t0_ns() + due_ns, "{record}");
            assert_eq!(arrival.answered_ns, None);
        }
        abandoned.push((request, seen[request]));
    }
    let looked_at = abandoned.iter().filter(|(_, arrival)| arrival.is_some());
    assert!(2 * looked_at.count() > abandoned.len());
    assert_eq!(fired.count("outcome", "cancelled"), abandoned.len());
    assert_eq!(abandoned.len(), fired.lines.len().div_ceil(2));
    assert_eq!(fired.accounted("cancelled"), abandoned.len());
    let summary = &fired.summary["cancellation"];
    assert_eq!(number(summary, "asked"), abandoned.len() as u64);
    assert_eq!(number(summary, "answered_before"), 0);
    abandoned
}

/// What had come of the abandoned answers is on the record. Gives how many had begun.
#[track_caller]
fn assert_kept(fired: &Fired, abandoned: &[(usize, Option<&Arrival>)]) -> usize {
    let mut begun = 0;
    for (request, _) in abandoned {
        let (line, record) = (&fired.lines[*request], &fired.records[*request]);
        let times = times(record, "token_times");
        let inside = number(record, "sent_ns")..=number(record, "end_ns");
        assert!(
            times.is_sorted() && times.iter().all(|ns| inside.contains(ns)),
            "{record}"
        );
        assert_eq!(record["first_token_ns"].as_u64(), times.first().copied());
        assert_eq!(record["last_token_ns"].as_u64(), times.last().copied());
        assert!(
            number(record, "events") >= times.len() as u64 && times.len() < 100,
            "{record}"
        );
        assert_eq!(
            number(record, "bytes") > 0,
            number(record, "events") > 0,
            "{record}"
        );
        if let Some(tokens) = line["cancel_after_tokens"].as_u64() {
            assert!(times.len() as u64 >= tokens, "{record}");
        }
        begun += usize::from(!times.is_empty());
    }
    begun
}

#[test]
fn what_is_abandoned_by_time_is_gone_from_the_server_at_its_deadline_and_never_before() {
    for workers in 1..=2 {
        let (fired, arrivals, _) = fire(BY_TIME, &format!("--workers {workers}"));
        let abandoned = assert_abandoned(&fired, &arrivals);
        let begun = assert_kept(&fired, &abandoned);
        assert!(
            (5..abandoned.len()).contains(&begun),
            "before and after the first token"
        );
        assert_connections_left(&arrivals, &abandoned);
    }
}

#[test]
fn what_is_abandoned_by_tokens_is_gone_when_the_token_has_come() {
    let (fired, arrivals, _) = fire(BY_TOKENS, "--workers 2");
    let abandoned = assert_abandoned(&fired, &arrivals);
    assert_eq!(assert_kept(&fired, &abandoned), abandoned.len());
    assert_connections_left(&arrivals, &abandoned);
}

/// No request came on a connection after one on it was abandoned; on others some did.
#[track_caller]
fn assert_connections_left(arrivals: &[Arrival], abandoned: &[(usize, Option<&Arrival>)]) {
    let later = |gone: &Arrival| {
        let same = arrivals.iter().filter(|a| a.connection == gone.connection);
        same.filter(|a| a.seq > gone.seq).count()
    };
    let reused: usize = abandoned
        .iter()
        .filter_map(|(_, gone)| *gone)
        .map(later)
        .sum();
    assert_eq!(reused, 0);
}

#[test]
fn a_connection_of_an_answered_request_is_used_again_and_one_of_an_abandoned_is_not() {
    // One request after the other, so that whether a connection can be used again decides.
    let spec = SPEC.replace("'100'", "'4'").replace(
        "{type: poisson, stages: [{rate: 100, duration: 500ms}]}",
        "{type: concurrent, stages: [{num_requests: 12, concurrency_level: 1}]}",
    );
    let spec = format!("{spec}cancellation: {{rate: 0.5, count: exact, after_tokens: 2}}\n");
    let server = crate::support::server(10, 10);
    let fired = Fired::new(&spec, &format!("http://{}", server.addr()), "");
    let arrivals = server.arrivals();
    let seen = fired.seen(&arrivals);
    let connection = |request: usize| seen[request].map(|arrival| arrival.connection);
    for (request, line) in fired.lines.iter().enumerate().take(11) {
        let goes_on = connection(request) == connection(request + 1);
        assert_eq!(goes_on, !is_chosen(line), "{line}");
    }
    assert_eq!(fired.count("outcome", "cancelled"), 6);
}

#[test]
fn over_http2_the_stream_is_reset_and_the_connection_survives() {
    for cancellation in [BY_TIME, BY_TOKENS] {
        let (fired, arrivals, server) = fire(cancellation, "--http2");
        let abandoned = assert_abandoned(&fired, &arrivals);
        assert!(assert_kept(&fired, &abandoned) >= 5);
        let first = arrivals[0].connection;
        assert!(arrivals.iter().all(|arrival| arrival.connection == first));
        // Beside it there are only the one that found out which address answers and the one that
        // asked for the models.
        assert!(server.stats().connections_opened <= 3);
        assert_eq!(fired.run["end"]["connections_opened"], 1);
    }
}

#[test]
fn over_tls_the_server_sees_the_end_of_what_is_abandoned_too() {
    let authority = Authority::new("ours");
    for (cancellation, flags) in [
        (BY_TIME, ""),
        (BY_TOKENS, "--workers 2"),
        (BY_TIME, "--http2"),
        (BY_TOKENS, "--http2"),
    ] {
        let config = authority.config("127.0.0.1", false);
        let arguments = format!("{} {flags}", authority.ca());
        let (fired, arrivals, _) = fire_at(config, cancellation, &arguments);
        let abandoned = assert_abandoned(&fired, &arrivals);
        assert!(assert_kept(&fired, &abandoned) >= 5);
        match flags.contains("--http2") {
            true => assert_eq!(fired.run["end"]["connections_opened"], 1),
            false => assert_connections_left(&arrivals, &abandoned),
        }
    }
}

#[test]
fn what_is_answered_before_its_deadline_is_ok() {
    for (cancellation, arguments) in [
        ("{rate: 1, delay: 60s}", ""),
        ("{rate: 1, delay: 60s}", "--http2"),
        ("{rate: 1, after_tokens: 101}", ""),
    ] {
        let (fired, arrivals, server) = fire(cancellation, arguments);
        fired.assert_all_ok();
        fired.seen(&arrivals);
        assert_eq!(server.stats().closed_early, 0);
        let due = fired
            .records
            .iter()
            .filter(|r| !r["cancel_due_ns"].is_null());
        assert_eq!(due.count(), 0);
        let summary = &fired.summary["cancellation"];
        assert_eq!(number(summary, "answered_before"), fired.lines.len() as u64);
        assert_eq!(number(summary, "asked"), fired.lines.len() as u64);
        assert_eq!(summary["error_s"], Value::Null);
    }
}

#[test]
fn an_answer_that_is_no_stream_is_abandoned_by_time() {
    let spec = SPEC.replace("streaming: true", "streaming: false");
    let spec = format!("{spec}cancellation: {{rate: 1, delay: 'uniform(10ms, 50ms)'}}\n");
    for arguments in ["", "--http2"] {
        let server = crate::support::server(2_000, 0);
        let fired = Fired::new(&spec, &format!("http://{}", server.addr()), arguments);
        assert_eq!(fired.count("outcome", "cancelled"), fired.lines.len());
        let arrivals = server.arrivals();
        for (request, arrival) in fired.seen(&arrivals).into_iter().enumerate() {
            let Some(arrival) = arrival else {
                continue;
            };
            let closed_ns = arrival.closed_early_ns.expect("the client left");
            assert!(closed_ns >= fired.at_ns(request, "cancel_due_ns"));
        }
    }
}
