//! Streams in other dialects: what a client puts together from them is the same.

use std::time::{Duration, Instant};

use mock_llm::{AnswerText, Config, Server, echo_text};
use serde_json::{Value, json};

use crate::client::{Client, Reply, post_bytes};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"messages":[{"role":"user","content":"a b"}],"max_tokens":7,"stream":true}"#;

fn server(dialect: &str, answer: AnswerText) -> Server {
    Server::start(Config {
        dialect: dialect.parse().expect("a dialect"),
        answer,
        ..Config::default()
    })
    .expect("the server starts")
}

fn streamed(dialect: &str) -> Reply {
    let server = server(dialect, AnswerText::Same);
    Client::connect(server.addr()).post(CHAT, BODY)
}

/// The data of every event, by a reader of server-sent events as the standard describes it.
fn data_of(body: &str) -> Vec<String> {
    let body = body.replace("\r\n", "\n");
    let blocks = body.split("\n\n").map(|block| {
        let lines = block.lines().filter_map(|line| line.strip_prefix("data:"));
        lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n")
    });
    blocks.filter(|data| !data.is_empty()).collect()
}

fn content(data: &[String]) -> String {
    let json = data.iter().filter(|data| *data != "[DONE]");
    json.map(|data| {
        let event: Value = serde_json::from_str(data).expect("JSON");
        let text = event["choices"][0]["delta"]["content"].as_str();
        text.unwrap_or_default().to_owned()
    })
    .collect()
}

#[test]
fn framing_differs_and_the_content_does_not() {
    for (dialect, has, has_not) in [
        ("crlf", "\r\n\r\ndata: {", "}\n\n"),
        ("no-space", "data:{", "data: "),
        ("comments", ": keep-alive\n\ndata: {", "\r"),
        ("multi-line", "data: {\ndata: \"", "data: {\""),
        ("split", "data: {", "\r"),
        (
            "crlf,no-space,comments,multi-line,split",
            "data:{\r\ndata:\"",
            " data",
        ),
    ] {
        let body = streamed(dialect).body;
        assert!(
            body.contains(has) && !body.contains(has_not),
            "{dialect}: {body}"
        );
        let data = data_of(&body);
        assert_eq!(data.len(), 1 + 7 + 1 + 1, "{dialect}");
        assert_eq!(content(&data), " tok".repeat(7), "{dialect}");
        assert_eq!(data.last().map(String::as_str), Some("[DONE]"));
    }
}

#[test]
fn no_done_still_has_a_finish_reason() {
    let data = data_of(&streamed("no-done").body);
    assert_eq!(data.len(), 1 + 7 + 1);
    assert!(data[8].contains(r#""finish_reason":"length""#));
}

#[test]
fn ndjson_is_a_json_a_line() {
    let reply = streamed("ndjson");
    assert!(reply.head.contains("content-type: application/x-ndjson"));
    let lines: Vec<Value> = reply
        .body
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 1 + 7 + 1);
}

#[test]
fn the_role_can_come_alone() {
    let data = data_of(&streamed("role-first").body);
    let first: Value = serde_json::from_str(&data[0]).expect("JSON");
    assert_eq!(first["choices"][0]["delta"], json!({ "role": "assistant" }));
    assert_eq!(content(&data), " tok".repeat(7));
}

#[test]
fn tokens_can_be_empty_or_several_to_an_event() {
    let data = data_of(&streamed("empty-tokens=3,usage-each").body);
    assert_eq!(data.len(), 1 + 7 + 1 + 1);
    assert_eq!(content(&data), " tok".repeat(5));
    assert!(data[3].contains(r#""content":"""#) && data[3].contains(r#""completion_tokens":3"#));
    let data = data_of(&streamed("multi-token=3,usage-each").body);
    assert_eq!(data.len(), 1 + 3 + 1 + 1);
    assert_eq!(content(&data), " tok".repeat(7));
    let usage = |data: &str| {
        let event: Value = serde_json::from_str(data).expect("JSON");
        event["usage"].clone()
    };
    let counts: Vec<_> = data[..5]
        .iter()
        .map(|d| usage(d)["completion_tokens"].clone())
        .collect();
    assert_eq!(counts, [0, 3, 6, 7, 7]);
    assert!(data[..5].iter().all(|d| usage(d)["prompt_tokens"] == 2));
    assert_eq!(usage(&data[2])["total_tokens"], 8);
}

/// The third event of three tokens is due six token times after the first.
#[test]
fn several_tokens_come_no_faster_than_one_by_one() {
    let itl = Duration::from_millis(5);
    let server = Server::start(Config {
        itl,
        dialect: "multi-token=3".parse().expect("a dialect"),
        ..Config::default()
    })
    .expect("it starts");
    let start = Instant::now();
    Client::connect(server.addr()).post(CHAT, BODY);
    assert!(start.elapsed() >= itl * 6);
}

/// Every API says the same words, streamed and not, and `echo_text` knows them.
#[test]
fn an_echo_is_known_beforehand_and_comes_through_every_dialect() {
    let text_of = |event: &Value, path: &str| -> String {
        let text = match path {
            CHAT => &event["choices"][0]["delta"]["content"],
            "/v1/completions" => &event["choices"][0]["text"],
            "/v1/responses" => &event["delta"],
            "/v1/messages" => &event["delta"]["text"],
            "/generate_stream" => &event["token"]["text"],
            _ => &event["text_output"],
        };
        text.as_str().unwrap_or_default().to_owned()
    };
    let tokens = 60;
    for dialect in ["crlf", "split", "multi-token=7,multi-line,split"] {
        let server = server(dialect, AnswerText::Echo);
        for (path, body) in [
            (
                CHAT,
                json!({ "messages": [], "max_tokens": tokens, "stream": true }),
            ),
            (
                "/v1/completions",
                json!({ "prompt": "\u{1}", "max_tokens": tokens, "stream": true }),
            ),
            (
                "/v1/responses",
                json!({ "model": "\u{1}", "input": "a", "max_output_tokens": tokens, "stream": true }),
            ),
            (
                "/v1/messages",
                json!({ "model": "m", "max_tokens": tokens, "stream": true,
                    "messages": [{ "role": "user", "content": "a" }] }),
            ),
            (
                "/generate_stream",
                json!({ "inputs": "a", "parameters": { "max_new_tokens": tokens } }),
            ),
            (
                "/v2/models/m/generate_stream",
                json!({ "text_input": "a", "parameters": { "max_tokens": tokens } }),
            ),
        ] {
            let body = body.to_string();
            let reply = Client::connect(server.addr()).post(path, &body);
            assert_eq!(reply.status, 200, "{path}: {}", reply.body);
            let data = data_of(&reply.body);
            let json = data.iter().filter(|data| *data != "[DONE]");
            let events = json.map(|data| serde_json::from_str::<Value>(data).expect("JSON"));
            let deltas: String = events.map(|event| text_of(&event, path)).collect();
            assert_eq!(
                deltas,
                echo_text(body.as_bytes(), tokens),
                "{dialect} {path}"
            );
        }
        let body = format!(r#"{{"messages":[],"max_tokens":{tokens}}}"#);
        let answer = Client::connect(server.addr()).post(CHAT, &body).json();
        let whole = &answer["choices"][0]["message"]["content"];
        assert_eq!(whole, &echo_text(body.as_bytes(), tokens));
    }
}

/// Split means several chunks to an event: the control of the tests above.
#[test]
fn split_events_come_in_pieces() {
    let server = server("split", AnswerText::Same);
    let mut client = Client::connect(server.addr());
    client.send(&post_bytes(CHAT, BODY));
    client.skip_head();
    let pieces: Vec<String> = std::iter::from_fn(|| client.chunk()).collect();
    assert!(pieces.iter().all(|piece| piece.len() <= 40));
    assert!(pieces.iter().filter(|piece| piece.contains("\n\n")).count() <= 10);
    assert!(pieces.len() > 30);
}
