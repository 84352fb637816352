//! What is answered: shapes, counts, usage, refusals.

use mock_llm::{Config, Server};
use serde_json::{Value, json};

use crate::client::{Client, Reply};

const CHAT: &str = "/v1/chat/completions";
const COMPLETIONS: &str = "/v1/completions";

fn server() -> Server {
    Server::start(Config::default()).expect("the server starts")
}

fn post(server: &Server, path: &str, body: &Value) -> Reply {
    Client::connect(server.addr()).post(path, &body.to_string())
}

fn hello() -> Value {
    json!([{ "role": "system", "content": "be brief" }, { "role": "user", "content": "a b c" }])
}

#[test]
fn a_chat_answer_has_its_tokens_and_usage() {
    let body = json!({ "model": "m\"1", "messages": hello(), "max_tokens": 4 });
    let reply = post(&server(), CHAT, &body);
    assert_eq!(reply.status, 200);
    let answer = reply.json();
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["model"], "m\"1");
    assert_eq!(answer["choices"][0]["message"]["role"], "assistant");
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    let text = answer["choices"][0]["message"]["content"]
        .as_str()
        .expect("a text");
    assert_eq!(text.split_whitespace().count(), 4);
    let usage = json!({ "prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9 });
    assert_eq!(answer["usage"], usage);
}

#[test]
fn a_completion_has_its_tokens_and_usage() {
    let answer = post(
        &server(),
        COMPLETIONS,
        &json!({ "model": "m", "prompt": "a b c" }),
    )
    .json();
    assert_eq!(answer["object"], "text_completion");
    let text = answer["choices"][0]["text"].as_str().expect("a text");
    assert_eq!(
        text.split_whitespace().count(),
        mock_llm::DEFAULT_TOKENS as usize
    );
    let usage = json!({ "prompt_tokens": 3, "completion_tokens": 16, "total_tokens": 19 });
    assert_eq!(answer["usage"], usage);
}

#[test]
fn a_chat_stream_is_role_tokens_finish_usage_done() {
    let body = json!({
        "model": "m", "messages": hello(), "max_completion_tokens": 3, "stream": true,
        "stream_options": { "include_usage": true },
    });
    let reply = post(&server(), CHAT, &body);
    assert!(reply.head.contains("text/event-stream"), "{}", reply.head);
    let chunks = reply.chunks();
    assert_eq!(chunks.len(), 1 + 3 + 1 + 1);
    assert!(
        chunks
            .iter()
            .all(|c| c["object"] == "chat.completion.chunk" && c["model"] == "m")
    );
    assert!(chunks.iter().all(|c| c["id"] == chunks[0]["id"]));
    let delta = |i: usize| &chunks[i]["choices"][0]["delta"];
    assert_eq!(delta(0), &json!({ "role": "assistant", "content": "" }));
    for chunk in &chunks[1..=3] {
        assert_eq!(chunk["choices"][0]["delta"], json!({ "content": " tok" }));
        assert!(chunk["choices"][0]["finish_reason"].is_null());
    }
    assert_eq!(delta(4), &json!({}));
    assert_eq!(chunks[4]["choices"][0]["finish_reason"], "length");
    assert_eq!(chunks[5]["choices"], json!([]));
    let usage = json!({ "prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8 });
    assert_eq!(chunks[5]["usage"], usage);
}

#[test]
fn a_completion_stream_without_usage_is_tokens_finish_done() {
    let body = json!({ "prompt": "a", "max_tokens": 5, "stream": true });
    let chunks = post(&server(), COMPLETIONS, &body).chunks();
    assert_eq!(chunks.len(), 5 + 1);
    assert!(
        chunks[..5]
            .iter()
            .all(|c| c["choices"][0]["text"] == " tok")
    );
    assert_eq!(chunks[5]["choices"][0]["finish_reason"], "length");
    assert!(chunks.iter().all(|c| c.get("usage").is_none()));
}

#[test]
fn a_long_stream_and_a_long_body_are_whole() {
    let body = json!({ "prompt": "word ".repeat(200_000), "max_tokens": 5000, "stream": true,
        "stream_options": { "include_usage": true } });
    let chunks = post(&server(), COMPLETIONS, &body).chunks();
    assert_eq!(chunks.len(), 5000 + 2);
    assert_eq!(chunks[5001]["usage"]["prompt_tokens"], 200_000);
}

#[test]
fn the_servers_tokens_win() {
    let server = Server::start(Config {
        tokens: Some(2),
        ..Config::default()
    })
    .expect("it starts");
    let answer = post(
        &server,
        CHAT,
        &json!({ "messages": hello(), "max_tokens": 99 }),
    )
    .json();
    assert_eq!(answer["usage"]["completion_tokens"], 2);
}

#[test]
fn what_cannot_be_answered_is_refused_in_openais_shape() {
    let server = server();
    let mut client = Client::connect(server.addr());
    for (method, path, body, status) in [
        ("POST", CHAT, "{\"messages\":[", 400),
        ("POST", CHAT, "{}", 400),
        ("POST", COMPLETIONS, "{\"messages\":[]}", 400),
        ("POST", CHAT, "{\"messages\":[],\"max_tokens\":0}", 400),
        ("POST", "/v1/nothing", "{}", 404),
        ("POST", "/health", "{}", 405),
        ("POST", "/arrivals", "", 405),
        ("GET", CHAT, "", 405),
        ("GET", "/nothing", "", 404),
        ("PUT", "/stats", "", 405),
    ] {
        // All on one connection: a refusal does not cost it.
        let reply = if method == "POST" {
            client.post(path, body)
        } else {
            client.call(method, path)
        };
        assert_eq!(reply.status, status, "{method} {path} {body}");
        let error = &reply.json()["error"];
        assert!(
            error["message"].as_str().is_some_and(|m| !m.is_empty()),
            "{error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
        assert_eq!(
            reply.head.to_ascii_lowercase().contains("\r\nallow: "),
            status == 405
        );
    }
    assert_eq!(server.stats().errors, 7);
}

#[test]
fn models_and_health_are_there() {
    let server = server();
    let mut client = Client::connect(server.addr());
    assert_eq!(
        client.call("GET", "/v1/models").json()["data"][0]["object"],
        "model"
    );
    assert_eq!(client.call("GET", "/health").json()["status"], "ok");
}

#[test]
fn a_connection_beyond_the_limit_is_closed() {
    let config = Config {
        max_connections: 1,
        ..Config::default()
    };
    let server = Server::start(config).expect("it starts");
    let mut first = Client::connect(server.addr());
    assert_eq!(first.call("GET", "/health").status, 200);
    let mut second = std::net::TcpStream::connect(server.addr()).expect("the kernel accepts");
    let read = std::io::Read::read(&mut second, &mut [0]);
    assert!(matches!(read, Ok(0) | Err(_)));
    assert_eq!(server.stats().connections_refused, 1);
}
