//! Every endpoint from the workload to the record: a small workload, fired at the mock, streamed and
//! not; and what each family answers when something is wrong.

use crate::answers::server as answering;
use crate::made::{self, Made, REQUESTS};
use crate::support::{dir, server};
use harness::Dir;
use schemas::body::Piece;
use schemas::layout::{REQUEST_STREAM, ResponseFormat};
use serde_json::{Value, json};

/// One way to call an endpoint; the records of its answers.
struct Endpoint {
    path: &'static str,
    format: ResponseFormat,
    stream: bool,
    body: &'static str,
    /// Events, those with output, and the tokens of prompt and answer that are reported.
    seen: (u64, usize, Option<u64>, Option<u64>),
}

const fn endpoint(
    path: &'static str,
    format: ResponseFormat,
    stream: bool,
    body: &'static str,
    seen: (u64, usize, Option<u64>, Option<u64>),
) -> Endpoint {
    Endpoint {
        path,
        format,
        stream,
        body,
        seen,
    }
}

use ResponseFormat as Format;

/// Each asks for three tokens, where tokens are generated.
const ENDPOINTS: &[Endpoint] = &[
    endpoint(
        "/v1/chat/completions",
        Format::OpenAiChat,
        true,
        r#"{"model":"m","messages":[{"role":"user","content":"a b"}],"max_tokens":3,"stream":true,"stream_options":{"include_usage":true}}"#,
        (6, 3, Some(2), Some(3)),
    ),
    endpoint(
        "/v1/completions",
        Format::OpenAiCompletion,
        false,
        r#"{"model":"m","prompt":"a b","max_tokens":3}"#,
        (0, 0, Some(2), Some(3)),
    ),
    endpoint(
        "/v1/embeddings",
        Format::OpenAiEmbeddings,
        false,
        r#"{"model":"m","input":["a b","c"]}"#,
        (0, 0, Some(3), None),
    ),
    endpoint(
        "/v1/responses",
        Format::OpenAiResponses,
        true,
        r#"{"model":"m","input":"a b","max_output_tokens":3,"stream":true}"#,
        (11, 3, Some(2), Some(3)),
    ),
    endpoint(
        "/v1/responses",
        Format::OpenAiResponses,
        false,
        r#"{"model":"m","input":"a b","max_output_tokens":3}"#,
        (0, 0, Some(2), Some(3)),
    ),
    endpoint(
        "/v1/messages",
        Format::AnthropicMessages,
        true,
        r#"{"model":"m","messages":[{"role":"user","content":"a b"}],"max_tokens":3,"stream":true}"#,
        (9, 3, Some(2), Some(3)),
    ),
    endpoint(
        "/v1/messages",
        Format::AnthropicMessages,
        false,
        r#"{"model":"m","messages":[{"role":"user","content":"a b"}],"max_tokens":3}"#,
        (0, 0, Some(2), Some(3)),
    ),
    endpoint(
        "/generate_stream",
        Format::TgiGenerate,
        true,
        r#"{"inputs":"a b","parameters":{"max_new_tokens":3}}"#,
        (3, 3, Some(2), Some(3)),
    ),
    endpoint(
        "/generate",
        Format::TgiGenerate,
        false,
        r#"{"inputs":"a b","parameters":{"max_new_tokens":3,"details":true}}"#,
        (0, 0, None, Some(3)),
    ),
    endpoint(
        "/v2/rerank",
        Format::Rerank,
        false,
        r#"{"model":"m","query":"q","documents":["a b","c"]}"#,
        (0, 0, None, None),
    ),
    endpoint(
        "/rerank",
        Format::Rerank,
        false,
        r#"{"query":"q","texts":["a b","c"]}"#,
        (0, 0, None, None),
    ),
    endpoint(
        "/v1/ranking",
        Format::Rerank,
        false,
        r#"{"model":"m","query":{"text":"q"},"passages":[{"text":"a b"},{"text":"c"}]}"#,
        (0, 0, Some(4), None),
    ),
    endpoint(
        "/v2/models/m/generate_stream",
        Format::KserveGenerate,
        true,
        r#"{"text_input":"a b","max_tokens":3,"stream":true}"#,
        (3, 3, None, None),
    ),
    endpoint(
        "/v2/models/m/generate",
        Format::KserveGenerate,
        false,
        r#"{"text_input":"a b","max_tokens":3,"stream":false}"#,
        (0, 0, None, None),
    ),
    // Whatever is behind it: all events count, a role and a finish reason, too.
    endpoint(
        "/v1/chat/completions?any",
        Format::Generic,
        true,
        r#"{"model":"m","messages":[{"role":"user","content":"a b"}],"max_tokens":3,"stream":true}"#,
        (5, 5, None, None),
    ),
];

/// A workload of equal requests.
fn workload(path: &'static str, format: Format, stream: bool, body: &'static [u8]) -> Dir {
    let dir = dir();
    made::write_at(&dir.path("w.wlc"), path, |made: &mut Made| {
        for request in &mut made.requests {
            request.response_format = format as u8;
            request.flags = if stream { REQUEST_STREAM } else { 0 };
        }
        made.bodies = std::array::from_fn(|_| vec![Piece::Bytes(body)]);
    });
    dir
}

/// Fires it; the records.
#[track_caller]
fn fire(dir: &Dir, url: &str) -> Vec<Value> {
    let command = format!("run w.wlc --url {url} --out results --timeout 10s");
    dir.replay(&command).run().ok();
    let report = dir.replay("report results --format jsonl").run();
    let records = report.json_lines();
    assert_eq!(records.len(), REQUESTS);
    records
}

#[test]
fn every_endpoint_is_sent_answered_and_read() {
    for endpoint in ENDPOINTS {
        let name = (endpoint.path, endpoint.stream);
        let server = server(1, 1);
        let (format, stream) = (endpoint.format, endpoint.stream);
        let dir = workload(endpoint.path, format, stream, endpoint.body.as_bytes());
        let (events, tokens, input, output) = endpoint.seen;
        for record in fire(&dir, &format!("http://{}", server.addr())) {
            let expected = json!({
                "outcome": "ok",
                // What is no stream has no events, and no times of them.
                "events": stream.then_some(events),
                "tokens": stream.then_some(tokens),
                "usage_input": input,
                "usage_output": output,
                "has_first_token": tokens > 0,
            });
            let found = json!({
                "outcome": record["outcome"],
                "events": record["events"],
                "tokens": record["token_times"].as_array().map(Vec::len),
                "usage_input": record["usage_input"],
                "usage_output": record["usage_output"],
                "has_first_token": !record["first_token_ns"].is_null(),
            });
            assert_eq!(found, expected, "{name:?}");
        }
        for arrival in server.arrivals() {
            assert_eq!(arrival.status, Some(200), "{name:?}");
            let path = endpoint.path.split('?').next();
            assert_eq!(Some(arrival.path.as_str()), path);
        }
    }
}

#[test]
fn a_body_of_another_endpoint_is_refused_everywhere() {
    let server = server(0, 0);
    let url = format!("http://{}", server.addr());
    for endpoint in ENDPOINTS {
        let (format, stream) = (endpoint.format, endpoint.stream);
        let dir = workload(endpoint.path, format, stream, br#"{"input_text":"a"}"#);
        for record in fire(&dir, &url) {
            assert_eq!(record["outcome"], "error", "{}: {record}", endpoint.path);
            assert_eq!(record["error_class"], "status", "{}", endpoint.path);
            assert!([400, 422].contains(&record["http_status"].as_u64().expect("a status")));
        }
    }
}

/// A stream that ends with its connection.
fn stream(events: &[&str]) -> String {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let events: String = events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    format!("{head}{events}")
}

/// What every request of a streamed format comes to when it is answered so: outcome, error class,
/// number of tokens.
#[track_caller]
fn ends(format: Format, answer: String, expected: (&str, &str, usize)) {
    let dir = workload("/x", format, true, b"{}");
    for record in fire(&dir, &answering(answer)) {
        let class = record["error_class"].as_str().unwrap_or("none");
        let tokens = record["token_times"].as_array().map_or(0, Vec::len);
        let outcome = record["outcome"].as_str().unwrap_or_default();
        assert_eq!(
            (outcome, class, tokens),
            expected,
            "{}: {record}",
            format.name()
        );
    }
}

/// One event with output, the event that ends the stream, and one that reports an error.
const EVENTS: [(Format, &str, &str, &str); 4] = [
    (
        Format::OpenAiResponses,
        r#"{"type":"response.output_text.delta","delta":"a"}"#,
        r#"{"type":"response.completed","response":{"usage":null}}"#,
        r#"{"type":"response.failed","response":{"error":{"code":"server_error"}}}"#,
    ),
    (
        Format::AnthropicMessages,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
        r#"{"type":"message_stop"}"#,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
    ),
    (
        Format::TgiGenerate,
        r#"{"token":{"id":1,"text":"a","special":false},"generated_text":null}"#,
        r#"{"token":{"id":2,"text":"</s>","special":true},"generated_text":"a"}"#,
        r#"{"error":"Request failed during generation","error_type":"generation"}"#,
    ),
    (
        Format::KserveGenerate,
        r#"{"model_name":"m","text_output":"a"}"#,
        r#"{"model_name":"m","text_output":""}"#,
        r#"{"error":"inference failed"}"#,
    ),
];

#[test]
fn a_stream_that_reports_an_error_is_an_error_in_every_family() {
    for (format, token, last, error) in EVENTS {
        ends(
            format,
            stream(&[token, token, error]),
            ("error", "reported", 2),
        );
        // The control: without the error it is complete.
        ends(format, stream(&[token, token, last]), ("ok", "none", 2));
    }
}

#[test]
fn a_stream_without_its_last_event_is_an_error_where_there_is_one() {
    for (format, token, ..) in EVENTS {
        let expected = match format {
            // Its end is the connection's.
            Format::KserveGenerate => ("ok", "none", 1),
            _ => ("error", "stream", 1),
        };
        ends(format, stream(&[token]), expected);
        ends(format, stream(&[]), ("error", "stream", 0));
    }
    ends(Format::Generic, stream(&["a", "b"]), ("ok", "none", 2));
    ends(Format::Generic, stream(&[]), ("error", "stream", 0));
}

#[test]
fn a_response_that_failed_in_spite_of_its_status_is_an_error() {
    let body =
        r#"{"object":"response","status":"failed","error":{"code":"server_error"},"usage":null}"#;
    let answer = |body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    let dir = || workload("/v1/responses", Format::OpenAiResponses, false, b"{}");
    for record in fire(&dir(), &answering(answer(body))) {
        assert_eq!(record["outcome"], "error", "{record}");
        assert_eq!(record["error_class"], "reported", "{record}");
    }
    let error = r#"{"code":"server_error"}"#;
    assert!(body.contains(error));
    // Each of the two says so alone.
    for half in [
        body.replace(error, "null"),
        body.replace("failed", "completed"),
    ] {
        for record in fire(&dir(), &answering(answer(&half))) {
            assert_eq!(record["error_class"], "reported", "{record}");
        }
    }
    let completed = body.replace("failed", "completed").replace(error, "null");
    for record in fire(&dir(), &answering(answer(&completed))) {
        assert_eq!(record["outcome"], "ok", "{record}");
    }
}
