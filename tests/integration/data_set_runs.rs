//! Data sets fired at a server: what arrives is what the file says.

use crate::data_sets::{each_second, spec};
use crate::lines::{Lines, text};
use crate::support::{dir, server};
use harness::{Dir, sha256_hex};
use mock_llm::Arrival;
use serde_json::{Value, json};

/// What was fired, and what arrived, sorted by hash.
struct Fired {
    sent: Vec<String>,
    records: Vec<Value>,
    arrivals: Vec<Arrival>,
}

/// Compiles what lies in the directory and fires it; everything is answered well.
#[track_caller]
fn fired(dir: &Dir, spec: &str) -> Fired {
    let mut server = server(0, 0);
    let lines = Lines::with(dir, spec, "").lines;
    dir.wlc("verify lines.wlc").run().ok();
    let url = format!("http://{}", server.addr());
    let call = dir.replay(&format!(
        "run lines.wlc --url {url} --out results --speed 20"
    ));
    call.run().ok();
    server.stop();
    let report = dir.replay("report results --format jsonl").run();
    let records = report.json_lines();
    assert_eq!(records.len(), lines.len());
    assert!(
        records.iter().all(|record| record["outcome"] == "ok"),
        "{records:?}"
    );
    let mut sent: Vec<String> = lines
        .iter()
        .map(|line| sha256_hex(text(line, "body")))
        .collect();
    sent.sort_unstable();
    let mut arrivals = server.arrivals();
    arrivals.sort_by_key(|arrival| arrival.body_sha256.clone());
    Fired {
        sent,
        records,
        arrivals,
    }
}

/// The hashes of what arrived.
fn hashes(arrivals: &[Arrival]) -> Vec<String> {
    arrivals
        .iter()
        .filter_map(|arrival| arrival.body_sha256.clone())
        .collect()
}

#[test]
fn texts_of_a_data_set_arrive_at_every_endpoint() {
    let row = |i: u32| json!({"texts": [format!("query {i} \"é\""), format!("passage {i}")], "output_length": 2 + i});
    let rows: String = (0..5).map(|i| row(i).to_string() + "\n").collect();
    for api in [
        "chat",
        "completion",
        "embeddings",
        "responses",
        "messages",
        "tgi",
        "rerank",
        "kserve",
    ] {
        let dir = dir();
        dir.write("d.jsonl", &rows);
        let spec = spec(
            &format!("type: {api}"),
            "type: single_turn, path: d.jsonl",
            &each_second(5),
        );
        let fired = fired(&dir, &spec);
        assert_eq!(hashes(&fired.arrivals), fired.sent, "{api}");
    }
}

#[test]
fn raw_bodies_arrive_byte_for_byte_streamed_or_not() {
    let bodies = [
        r#"{ "model": "a", "messages": [{"role": "user", "content": "h\u00e9llo"}], "max_tokens": 4, "stream": true }"#,
        r#"{"model":"b","messages":[{"role":"user","content":"x"}],"max_tokens":3}"#,
    ];
    let dir = dir();
    dir.write("d.jsonl", bodies.join("\n"));
    let spec = spec(
        "type: raw, path: /v1/chat/completions",
        "type: raw_payload, path: d.jsonl",
        &each_second(2),
    );
    let fired = fired(&dir, &spec);
    let mut expected = bodies.map(sha256_hex).to_vec();
    expected.sort_unstable();
    assert_eq!(hashes(&fired.arrivals), expected);
    // The streamed one does not ask for usage; its tokens are counted as they come.
    let tokens = fired.records[0]["token_times"].as_array().map(Vec::len);
    assert_eq!(tokens, Some(4));
    assert_eq!(fired.records[1]["token_times"], Value::Null);
    assert_eq!(fired.records[1]["usage_output"], 3);
}

#[test]
fn a_batch_goes_to_the_paths_that_it_names() {
    let line = |id: u32, url: &str, body: &str| {
        format!(r#"{{"custom_id": "{id}", "method": "POST", "url": "{url}", "body": {body}}}"#)
    };
    let dir = dir();
    let lines = [
        line(
            1,
            "/v1/chat/completions",
            r#"{"model":"a","messages":[{"role":"user","content":"x"}],"max_tokens":3}"#,
        ),
        line(2, "/v1/embeddings", r#"{"model":"a","input":["x","y"]}"#),
        line(
            3,
            "/v1/completions",
            r#"{"model":"a","prompt":"x","max_tokens":2}"#,
        ),
    ];
    dir.write("d.jsonl", lines.join("\n"));
    let spec = spec(
        "type: raw, path: /",
        "type: openai_batch, path: d.jsonl",
        &each_second(3),
    );
    let arrivals = fired(&dir, &spec).arrivals;
    let mut paths: Vec<&str> = arrivals.iter().map(|arrival| &*arrival.path).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"]
    );
}

#[test]
fn notes_say_only_what_is_so() {
    let dir = dir();
    dir.write("d.jsonl", "{\"text\": \"a\", \"output_length\": 3}\n");
    let note = |data: &str, api: &str| {
        dir.write("w.yaml", spec(api, data, &each_second(1)));
        dir.wlc("compile w.yaml -o w.wlc").run().ok().stderr
    };
    let data = "type: single_turn, path: d.jsonl";
    assert!(!note(data, "type: chat").contains("normal(512"));
    assert!(note(data, "type: chat").contains("fewer tokens than asked"));
    dir.write("d.jsonl", "{\"text\": \"a\"}\n");
    assert!(note(data, "type: chat").contains("d.jsonl: turns without `output_length`"));
    assert!(!note(data, "type: embeddings").contains("normal(512"));
    assert_eq!(
        note(
            "type: single_turn, path: d.jsonl, output_distribution: 3",
            "type: embeddings"
        ),
        ""
    );
    dir.write("d.jsonl", "{\"prompt\": \"a\", \"max_tokens\": 3}\n");
    assert_eq!(
        note("type: raw_payload, path: d.jsonl", "type: completion"),
        ""
    );
    // The control: a body that is made of texts may be answered with less.
    assert!(note("type: random", "type: completion").contains("fewer tokens than asked"));
}
