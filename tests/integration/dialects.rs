//! What servers stream in one manner or the other comes to the same counts and times.

use crate::support::{Run, chat_spec};
use mock_llm::{Config, Server};
use serde_json::Value;
use std::time::Duration;

/// Tokens of every answer.
const TOKENS: u32 = 12;
const TTFT_MS: u64 = 20;
const ITL_MS: u64 = 4;

const DIALECTS: [&str; 12] = [
    "role-first",
    "empty-tokens",
    "usage-each",
    "usage-each,empty-tokens=2",
    "crlf",
    "no-space",
    "comments",
    "no-done",
    "multi-line",
    "ndjson",
    "split",
    "role-first,usage-each,crlf,no-space,comments,multi-line,no-done,split",
];

/// The kinds of API that stream, each with what its spec says.
const APIS: [&str; 5] = ["chat", "completion", "responses", "messages", "tgi"];

fn server(dialect: &str) -> Server {
    let config = Config {
        ttft: Duration::from_millis(TTFT_MS),
        itl: Duration::from_millis(ITL_MS),
        dialect: dialect.parse().expect("a dialect"),
        ..Config::default()
    };
    Server::start(config).expect("a free port")
}

fn spec(api: &str) -> String {
    let output = TOKENS.to_string();
    chat_spec(100, "40ms")
        .replace("type: chat", &format!("type: {api}"))
        .replace("uniform(1, 20)", &output)
}

/// Fires four requests; each is answered in `events` events with output. The server's tokens are
/// never early, so neither is the first nor the last.
#[track_caller]
fn assert_read(api: &str, dialect: &str, flags: &str, events: u32) {
    let server = server(dialect);
    let run = Run::new(&spec(api), &format!("http://{}", server.addr()), flags);
    let case = format!("{api} {dialect} {flags}");
    assert_eq!(
        run.count("outcome", "ok"),
        4,
        "{case}: {:?}",
        run.records[0]
    );
    run.assert_all_ok();
    for record in &run.records {
        let ns = |key: &str| {
            record[key]
                .as_u64()
                .unwrap_or_else(|| panic!("{case}: {key}"))
        };
        let times = record["token_times"].as_array().map(Vec::len);
        assert_eq!(times, Some(events as usize), "{case}: {record}");
        assert!(
            ns("first_token_ns") - ns("sent_ns") >= TTFT_MS * 1_000_000,
            "{case}: the first token is early: {record}"
        );
        // The first of an event's tokens is when it is sent.
        let last_ms = TTFT_MS + u64::from((events - 1) * TOKENS.div_ceil(events)) * ITL_MS;
        assert!(
            ns("last_token_ns") - ns("sent_ns") >= last_ms * 1_000_000,
            "{case}: the last token is early: {record}"
        );
        if record["usage_output"] != Value::Null {
            assert_eq!(record["usage_output"], TOKENS, "{case}: {record}");
        }
    }
}

#[test]
fn every_dialect_of_chat_has_its_tokens_counted_and_timed() {
    for dialect in DIALECTS {
        assert_read("chat", dialect, "", TOKENS);
    }
}

#[test]
fn every_dialect_is_read_over_http2_too() {
    for dialect in DIALECTS {
        assert_read("chat", dialect, "--http2", TOKENS);
    }
}

#[test]
fn every_streaming_endpoint_is_read_in_every_framing() {
    for api in APIS {
        for dialect in ["crlf,no-space", "comments,multi-line,split", "ndjson"] {
            assert_read(api, dialect, "", TOKENS);
        }
    }
}

#[test]
fn events_with_several_tokens_count_as_events_and_usage_as_tokens() {
    for (dialect, events) in [("multi-token=4", 3), ("multi-token=6,usage-each", 2)] {
        for api in ["chat", "completion"] {
            assert_read(api, dialect, "", events);
        }
    }
}

#[test]
fn without_token_times_counts_and_ends_stay_and_the_report_goes_on() {
    let server = server("crlf");
    let url = format!("http://{}", server.addr());
    let [with, without] = ["", "--no-token-times"].map(|flags| {
        let run = Run::new(&spec("chat"), &url, flags);
        run.assert_all_ok();
        run
    });
    for (record, kept) in without.records.iter().zip(&with.records) {
        assert_eq!(record["token_times"], Value::Null);
        assert_eq!(
            kept["token_times"].as_array().map(Vec::len),
            Some(TOKENS as usize)
        );
        assert_eq!(record["events"], kept["events"]);
        assert_eq!(record["usage_output"], TOKENS);
        let [first, last] = ["first_token_ns", "last_token_ns"].map(|key| record[key].as_u64());
        assert!(first.is_some() && first < last, "{record}");
    }
    assert_eq!(without.run["effective"]["token_times"], false);
    assert_eq!(with.run["effective"]["token_times"], true);
    assert_eq!(without.summary["itl_s"], Value::Null);
    assert!(with.summary["itl_s"]["median"].is_number());
    for run in [&with, &without] {
        assert!(run.summary["ttft_s"]["median"].is_number());
        assert!(run.summary["tpot_s"]["median"].is_number());
        let tokens = &run.summary["throughput"]["output_tokens_from_usage"];
        assert_eq!(*tokens, 4 * TOKENS);
    }
    let bytes = |run: &Run| run.dir.read("results/records.wlr").len();
    assert!(bytes(&without) < bytes(&with));
    without.dir.replay("report results").run().ok();
}
