//! Answers that are sampled: their shape, the seed's promise, and the batch that they share.

use std::time::Duration;

use mock_llm::{BatchStats, Config, SamplerKind, Server};
use serde_json::{Value, json};

use crate::client::{Client, Reply, arrivals_when, now_ns, post_bytes};

const CHAT: &str = "/v1/chat/completions";
const COMPLETIONS: &str = "/v1/completions";

fn config(kind: SamplerKind) -> Config {
    Config {
        sampler: Some(kind),
        itl: Duration::from_millis(1),
        ..Config::default()
    }
}

fn server(kind: SamplerKind) -> Server {
    Server::start(config(kind)).expect("the server starts")
}

fn chat(more: &Value) -> Value {
    let mut body = json!({
        "messages": [{ "role": "user", "content": "a b" }],
        "max_tokens": 24, "stream": true, "temperature": 2.0, "return_token_ids": true,
        "stream_options": { "include_usage": true },
    });
    let more = more.as_object().expect("members").clone();
    body.as_object_mut().expect("an object").extend(more);
    body
}

fn post(server: &Server, body: &Value) -> Reply {
    Client::connect(server.addr()).post(CHAT, &body.to_string())
}

/// Texts and token ids of a chat's stream.
fn generated(reply: &Reply) -> (String, Vec<u64>) {
    let (mut text, mut ids) = (String::new(), Vec::new());
    for chunk in reply.chunks() {
        let choice = &chunk["choices"][0];
        text += choice["delta"]["content"].as_str().unwrap_or_default();
        let of_chunk = choice["token_ids"].as_array().into_iter().flatten();
        ids.extend(of_chunk.map(|id| id.as_u64().expect("an id")));
    }
    (text, ids)
}

fn batch(server: &Server) -> BatchStats {
    server.stats().batch.expect("there is a sampler")
}

fn batch_when(server: &Server, condition: impl Fn(BatchStats) -> bool) -> BatchStats {
    arrivals_when(server, |_| condition(batch(server)));
    batch(server)
}

#[test]
fn a_stream_has_an_event_a_token_with_its_id_and_usage() {
    let server = server(SamplerKind::PerRequest);
    let reply = post(&server, &chat(&json!({ "seed": 7 })));
    let chunks = reply.chunks();
    assert_eq!(chunks.len(), 1 + 24 + 1 + 1);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(chunks[25]["choices"][0]["finish_reason"], "length");
    let usage = json!({ "prompt_tokens": 2, "completion_tokens": 24, "total_tokens": 26 });
    assert_eq!(chunks[26]["usage"], usage);
    let (text, ids) = generated(&reply);
    let words: String = ids.iter().map(|id| format!(" w{id:02x}")).collect();
    assert_eq!(text, words);
    assert_eq!(ids.len(), 24);
    // Unasked, there are no ids; the text is the same.
    let unasked = chat(&json!({ "seed": 7, "return_token_ids": false }));
    assert_eq!(generated(&post(&server, &unasked)), (text, Vec::new()));
}

#[test]
fn an_answer_is_called_as_the_client_says() {
    let id = |server: &Server, path: &str, header: &str| {
        let body = chat(&json!({ "stream": false, "prompt": "a" })).to_string();
        let bytes = String::from_utf8(post_bytes(path, &body)).expect("UTF-8");
        let mut client = Client::connect(server.addr());
        client.send(
            bytes
                .replacen("\r\n", &format!("\r\n{header}"), 1)
                .as_bytes(),
        );
        client.receive().json()["id"].clone()
    };
    let sampled = server(SamplerKind::PerRequest);
    let header = "x-request-id: a\"b\r\n";
    assert_eq!(id(&sampled, CHAT, header), "chatcmpl-a\"b");
    assert_eq!(id(&sampled, COMPLETIONS, header), "cmpl-a\"b");
    assert_ne!(id(&sampled, CHAT, ""), id(&sampled, CHAT, ""));
    let plain = Server::start(Config::default()).expect("the server starts");
    assert!(!id(&plain, CHAT, header).to_string().contains("a\\\"b"));
}

#[test]
fn an_answer_in_one_piece_is_that_of_the_stream() {
    let server = server(SamplerKind::PerRequest);
    let (text, ids) = generated(&post(&server, &chat(&json!({ "seed": 7 }))));
    let whole = post(&server, &chat(&json!({ "seed": 7, "stream": false }))).json();
    let choice = &whole["choices"][0];
    assert_eq!(choice["message"]["content"], text.as_str());
    assert_eq!(choice["token_ids"], json!(ids));
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!(whole["usage"]["completion_tokens"], 24);
}

#[test]
fn completions_are_sampled_too() {
    let server = server(SamplerKind::PerRequest);
    let ask = |stream| {
        let body = json!({ "prompt": "a", "seed": 3, "stream": stream, "max_tokens": 5 });
        Client::connect(server.addr()).post(COMPLETIONS, &body.to_string())
    };
    let streamed: String = ask(true)
        .chunks()
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["text"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(ask(false).json()["choices"][0]["text"], streamed.as_str());
    assert_eq!(streamed.split_whitespace().count(), 5);
}

#[test]
fn seed_prompt_and_temperature_decide_the_tokens() {
    let server = server(SamplerKind::PerRequest);
    let ids = |more: Value| generated(&post(&server, &chat(&more))).1;
    let seven = ids(json!({ "seed": 7 }));
    assert_eq!(ids(json!({ "seed": 7 })), seven);
    assert_ne!(ids(json!({ "seed": 8 })), seven);
    assert_ne!(ids(json!({ "seed": 7, "temperature": 0.7 })), seven);
    assert_ne!(ids(json!({})), ids(json!({})), "unseeded");
    let greedy = ids(json!({ "temperature": 0 }));
    assert_eq!(ids(json!({ "temperature": 0, "seed": 8 })), greedy);
    let other = json!([{ "role": "user", "content": "a c" }]);
    assert_ne!(ids(json!({ "seed": 7, "messages": other })), seven);
}

#[test]
fn only_a_leaky_server_goes_on_where_an_id_was_used_before() {
    let twice = |kind| {
        let server = server(kind);
        let body = chat(&json!({ "seed": 7 })).to_string();
        let length = body.len();
        let ask = || {
            let mut client = Client::connect(server.addr());
            client.send(
                format!("POST {CHAT} HTTP/1.1\r\nHost: mock\r\nX-Request-Id: one\r\nContent-Length: {length}\r\n\r\n{body}")
                    .as_bytes(),
            );
            generated(&client.receive()).1
        };
        (ask(), ask())
    };
    let (first, second) = twice(SamplerKind::PerRequest);
    assert_eq!(first, second);
    let (first, second) = twice(SamplerKind::LeakyId);
    assert_ne!(first, second);
}

#[test]
fn overlapping_streams_share_steps_and_one_after_the_other_do_not() {
    let server = server(SamplerKind::PerRequest);
    post(&server, &chat(&json!({ "seed": 1 })));
    post(&server, &chat(&json!({ "seed": 2 })));
    let apart = batch(&server);
    assert_eq!((apart.steps, apart.tokens), (48, 48));
    let mut long = Client::connect(server.addr());
    let endless = chat(&json!({ "seed": 3, "max_tokens": 1_000_000 }));
    long.send(&post_bytes(CHAT, &endless.to_string()));
    batch_when(&server, |batch| batch.rows == 1);
    let among = generated(&post(&server, &chat(&json!({ "seed": 1 }))));
    let together = batch(&server);
    // The short one had a row in 24 steps in each of which the long one had one too.
    assert_eq!(together.tokens - together.steps, 24);
    assert_eq!(together.rows, 1);
    drop(long);
    let idle = batch_when(&server, |batch| batch.rows == 0);
    assert_eq!(idle.generators, 0);
    assert_eq!(
        generated(&post(&server, &chat(&json!({ "seed": 1 })))),
        among
    );
}

#[test]
fn a_cancelled_stream_leaves_the_batch() {
    for stream in [true, false] {
        let server = server(SamplerKind::PerRequest);
        let mut client = Client::connect(server.addr());
        let endless = chat(&json!({ "max_tokens": 1_000_000, "stream": stream }));
        client.send(&post_bytes(CHAT, &endless.to_string()));
        let during = batch_when(&server, |batch| batch.rows == 1);
        assert_eq!(during.generators, 1);
        drop(client);
        let after = batch_when(&server, |batch| batch.rows == 0);
        assert_eq!(after.generators, 0);
        arrivals_when(&server, |arrivals| arrivals[0].closed_early_ns.is_some());
    }
}

#[test]
fn a_server_stops_while_its_batch_is_full_and_its_step_far_away() {
    let config = Config {
        itl: Duration::from_secs(3600),
        ..config(SamplerKind::PerRequest)
    };
    let mut server = Server::start(config).expect("it starts");
    let mut client = Client::connect(server.addr());
    client.send(&post_bytes(CHAT, &chat(&json!({})).to_string()));
    batch_when(&server, |batch| batch.rows == 1);
    server.stop();
    assert_eq!(batch(&server).tokens, 1);
}

#[test]
fn one_slot_serves_one_after_the_other() {
    let config = Config {
        slots: Some(1),
        ..config(SamplerKind::PerRequest)
    };
    let server = Server::start(config).expect("it starts");
    let mut first = Client::connect(server.addr());
    let endless = chat(&json!({ "max_tokens": 1_000_000 }));
    first.send(&post_bytes(CHAT, &endless.to_string()));
    batch_when(&server, |batch| batch.rows == 1);
    let mut second = Client::connect(server.addr());
    second.send(&post_bytes(CHAT, &chat(&json!({})).to_string()));
    let arrivals = arrivals_when(&server, |a| a.len() == 2 && a[1].status == Some(200));
    let body_end_ns = arrivals[1].body_end_ns.expect("it was read");
    let waited_ns = now_ns() - body_end_ns;
    drop(first);
    assert_eq!(generated(&second.receive()).1.len(), 24);
    let batch = batch(&server);
    assert_eq!(batch.steps, batch.tokens, "never two rows");
    assert!(server.stats().longest_wait_ns >= Some(waited_ns));
}

#[test]
fn a_seed_is_refused_where_so_configured() {
    let config = Config {
        refuse_seed: true,
        ..config(SamplerKind::PerRequest)
    };
    let server = Server::start(config).expect("it starts");
    let reply = post(&server, &chat(&json!({ "seed": 7 })));
    assert_eq!(reply.status, 400);
    let error = json!({
        "message": "Unsupported parameter: 'seed'", "type": "invalid_request_error",
        "param": "seed", "code": null,
    });
    assert_eq!(reply.json(), json!({ "error": error }));
    assert_eq!(post(&server, &chat(&json!({}))).status, 200);
    assert_eq!(
        post(&server, &chat(&json!({ "temperature": -1 }))).status,
        400
    );
}

#[test]
fn other_endpoints_answer_as_without() {
    let server = server(SamplerKind::PerRequest);
    let reply = Client::connect(server.addr()).post(
        "/v1/messages",
        r#"{"model":"m","max_tokens":2,"messages":[{"role":"user","content":"a"}]}"#,
    );
    assert_eq!(reply.json()["content"][0]["text"], " tok tok");
    assert_eq!(batch(&server), BatchStats::default());
}

#[test]
fn what_a_sampler_cannot_do_is_refused_at_the_start() {
    let refused = |config: Config| Server::start(config).err().map(|error| error.to_string());
    let sampled = || config(SamplerKind::PerRequest);
    for (config, flag) in [
        (
            Config {
                tokens: Some(3),
                ..sampled()
            },
            "--tokens",
        ),
        (
            Config {
                answer: mock_llm::AnswerText::Echo,
                ..sampled()
            },
            "--answer echo",
        ),
        (
            Config {
                dialect: "crlf".parse().expect("a dialect"),
                ..sampled()
            },
            "--dialect",
        ),
        (
            Config {
                faults: vec!["reset".parse().expect("a fault")],
                ..sampled()
            },
            "--fault",
        ),
    ] {
        let message = format!("--sampler and {flag} exclude each other");
        assert_eq!(refused(config), Some(message));
    }
}
