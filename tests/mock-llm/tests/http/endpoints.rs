//! The endpoints beside chat and completions: shapes of answers and refusals, what is counted.

use mock_llm::{Config, Server};
use serde_json::{Value, json};

use crate::client::{Client, Reply};

fn server() -> Server {
    Server::start(Config::default()).expect("the server starts")
}

fn post(server: &Server, path: &str, body: &Value) -> Reply {
    Client::connect(server.addr()).post(path, &body.to_string())
}

/// The data of every event of a stream; a named event has its type as its name.
fn events(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.head.contains("text/event-stream"), "{}", reply.head);
    let events = reply.body.split("\n\n").filter(|event| !event.is_empty());
    events
        .map(|event| {
            let (name, data) = event.split_once("data:").expect("an event has data");
            let data: Value = serde_json::from_str(data.trim_start()).expect("JSON");
            if let Some(name) = name.strip_prefix("event: ") {
                assert_eq!(data["type"], name.trim_end());
            }
            data
        })
        .collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    let mut types: Vec<&str> = events.iter().filter_map(|e| e["type"].as_str()).collect();
    types.dedup();
    types
}

#[test]
fn embeddings_are_one_for_each_text() {
    let server = server();
    for (input, number, words) in [
        (json!("a b c"), 1, 3),
        (json!(["a b", "c"]), 2, 3),
        (json!([1, 2, 3]), 1, 3),
        (json!([[1, 2], [3]]), 2, 3),
    ] {
        let body = json!({ "model": "m", "input": input, "encoding_format": "float" });
        let answer = post(&server, "/v1/embeddings", &body).json();
        assert_eq!(answer["object"], "list");
        assert_eq!(answer["model"], "m");
        let data = answer["data"].as_array().expect("a list");
        assert_eq!(data.len(), number);
        for (index, item) in data.iter().enumerate() {
            assert_eq!(
                (&item["object"], &item["index"]),
                (&json!("embedding"), &json!(index))
            );
            assert!(item["embedding"].as_array().is_some_and(|v| !v.is_empty()));
        }
        let usage = json!({ "prompt_tokens": words, "total_tokens": words });
        assert_eq!(answer["usage"], usage);
    }
    let body = json!({ "model": "m", "input": "a", "encoding_format": "base64" });
    let answer = post(&server, "/v1/embeddings", &body).json();
    assert!(answer["data"][0]["embedding"].is_string());
}

#[test]
fn a_response_is_typed_events_or_one_json() {
    let server = server();
    let body = json!({
        "model": "m", "instructions": "be brief", "max_output_tokens": 3, "stream": true,
        "input": [{ "role": "user", "content": [{ "type": "input_text", "text": "a b" }] }],
    });
    let events = events(&post(&server, "/v1/responses", &body));
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.incomplete",
    ];
    assert_eq!(types(&events), expected);
    let numbers: Vec<u64> = events
        .iter()
        .filter_map(|e| e["sequence_number"].as_u64())
        .collect();
    assert!(
        numbers.iter().copied().eq(0..events.len() as u64),
        "{numbers:?}"
    );
    let deltas: String = events.iter().filter_map(|e| e["delta"].as_str()).collect();
    assert_eq!(deltas, " tok tok tok");
    assert_eq!(events[7]["text"], deltas.as_str());
    let ended = &events[events.len() - 1]["response"];
    assert_eq!(ended["usage"]["input_tokens"], 4);
    assert_eq!(ended["usage"]["output_tokens"], 3);
    assert!(events[0]["response"]["usage"].is_null());

    let body = json!({ "model": "m", "input": "a b c", "max_output_tokens": 2 });
    let answer = post(&server, "/v1/responses", &body).json();
    assert_eq!(answer["object"], "response");
    assert_eq!(answer["output"][0]["content"][0]["text"], " tok tok");
    assert_eq!(answer["usage"]["total_tokens"], 5);
}

#[test]
fn a_message_is_typed_events_or_one_json() {
    let server = server();
    let mut body = json!({
        "model": "m", "max_tokens": 3, "stream": true, "system": "be brief",
        "messages": [{ "role": "user", "content": [
            { "type": "text", "text": "a b" },
            { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "QUJD" } },
        ] }],
    });
    let events = events(&post(&server, "/v1/messages", &body));
    let expected = [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(types(&events), expected);
    assert_eq!(events[0]["message"]["usage"]["input_tokens"], 4);
    assert_eq!(events.len(), 6 + 3);
    assert_eq!(
        events[3]["delta"],
        json!({ "type": "text_delta", "text": " tok" })
    );
    assert_eq!(events[7]["usage"]["output_tokens"], 3);

    body["stream"] = json!(false);
    let answer = post(&server, "/v1/messages", &body).json();
    assert_eq!(
        (&answer["type"], &answer["role"]),
        (&json!("message"), &json!("assistant"))
    );
    assert_eq!(answer["content"][0]["text"], " tok tok tok");
    assert_eq!(answer["stop_reason"], "max_tokens");
    assert_eq!(answer["usage"]["output_tokens"], 3);
    let arrivals = server.arrivals();
    assert!(
        arrivals
            .iter()
            .all(|a| a.images == 1 && a.endpoint.as_deref() == Some("messages"))
    );
}

#[test]
fn tgi_streams_one_event_for_each_token() {
    let server = server();
    let body = json!({ "inputs": "a b", "parameters": { "max_new_tokens": 3 } });
    let events = events(&post(&server, "/generate_stream", &body));
    let indices: Vec<&Value> = events.iter().map(|event| &event["index"]).collect();
    assert_eq!(indices, [1, 2, 3]);
    for event in &events {
        assert_eq!(event["token"]["text"], " tok");
        assert_eq!(event["token"]["special"], false);
        assert_eq!(event["generated_text"].is_null(), event["index"] != 3);
    }
    let details = &events[2]["details"];
    assert_eq!(
        (&details["generated_tokens"], &details["input_length"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(events[2]["generated_text"], " tok tok tok");

    let answer = post(&server, "/generate", &body).json();
    assert_eq!(answer, json!({ "generated_text": " tok tok tok" }));
    let body = json!({ "inputs": "a", "parameters": { "max_new_tokens": 2, "details": true } });
    let answer = post(&server, "/generate", &body).json();
    assert_eq!(answer["details"]["generated_tokens"], 2);
}

#[test]
fn rerankers_answer_in_three_shapes() {
    let server = server();
    let cohere =
        json!({ "model": "m", "query": "q r", "documents": ["a b", { "text": "c" }], "top_n": 1 });
    for path in ["/v2/rerank", "/v1/rerank"] {
        let answer = post(&server, path, &cohere).json();
        assert_eq!(
            answer["results"],
            json!([{ "index": 0, "relevance_score": 1.0 }])
        );
    }
    let answer = post(&server, "/v1/rerank", &cohere).json();
    assert_eq!(answer["usage"], json!({ "total_tokens": 5 }));
    let tei = json!({ "query": "q", "texts": ["a", "b"], "raw_scores": false });
    let answer = post(&server, "/rerank", &tei).json();
    assert_eq!(
        answer,
        json!([{ "index": 0, "score": 1.0 }, { "index": 1, "score": 0.5 }])
    );
    let nim = json!({ "model": "m", "query": { "text": "q" }, "passages": [{ "text": "a b" }], "truncate": "END" });
    let answer = post(&server, "/v1/ranking", &nim).json();
    assert_eq!(answer["rankings"], json!([{ "index": 0, "logit": 1.0 }]));
    assert_eq!(answer["usage"]["prompt_tokens"], 3);
    let documents: Vec<u64> = server.arrivals().iter().map(|a| a.documents).collect();
    assert_eq!(documents, [2, 2, 2, 2, 1]);
}

#[test]
fn triton_answers_with_its_model_of_the_path() {
    let server = server();
    for body in [
        json!({ "text_input": "a", "max_tokens": 2, "stream": true }),
        json!({ "text_input": "a", "parameters": { "max_tokens": 2, "stream": true, "temperature": 0 } }),
    ] {
        let events = events(&post(
            &server,
            "/v2/models/m/versions/1/generate_stream",
            &body,
        ));
        let event = json!({ "model_name": "m", "model_version": "1", "text_output": " tok" });
        assert_eq!(events, [event.clone(), event]);
        assert_eq!(
            post(&server, "/v2/models/m/generate", &body).status,
            400,
            "one response only"
        );
    }
    let body = json!({ "text_input": "a", "max_tokens": 2, "stream": false });
    let answer = post(&server, "/v2/models/m/generate", &body).json();
    assert_eq!(answer["text_output"], " tok tok");
    assert_eq!(server.arrivals()[0].model.as_deref(), Some("m"));
}

#[test]
fn every_api_refuses_in_its_own_shape() {
    let server = server();
    let mut client = Client::connect(server.addr());
    for (path, body, status, message) in [
        ("/v1/embeddings", r#"{"model":"m"}"#, 400, "/error/message"),
        (
            "/v1/embeddings",
            r#"{"model":"m","input":[]}"#,
            400,
            "/error/message",
        ),
        ("/v1/embeddings", r#"{"input":"a"}"#, 400, "/error/message"),
        (
            "/v1/embeddings",
            r#"{"model":"m","input":"a","encoding_format":"x"}"#,
            400,
            "/error/message",
        ),
        ("/v1/responses", r#"{"model":"m"}"#, 400, "/error/message"),
        (
            "/v1/responses",
            r#"{"model":"m","input":"a","max_output_tokens":0}"#,
            400,
            "/error/message",
        ),
        (
            "/v1/messages",
            r#"{"model":"m","messages":[]}"#,
            400,
            "/error/message",
        ),
        ("/generate", "{}", 422, "/error"),
        ("/generate", r#"{"inputs":["a"]}"#, 422, "/error"),
        (
            "/generate_stream",
            r#"{"inputs":"","parameters":{}}"#,
            422,
            "/error",
        ),
        (
            "/generate",
            r#"{"inputs":"a","parameters":{"max_new_tokens":"3"}}"#,
            422,
            "/error",
        ),
        (
            "/v2/rerank",
            r#"{"model":"m","query":"q"}"#,
            400,
            "/message",
        ),
        (
            "/v2/rerank",
            r#"{"query":"q","documents":["a"]}"#,
            400,
            "/message",
        ),
        (
            "/v2/rerank",
            r#"{"model":"m","query":"q","documents":["a"],"top_n":0}"#,
            400,
            "/message",
        ),
        (
            "/v1/rerank",
            r#"{"model":"m","query":"q","documents":[]}"#,
            400,
            "/error/message",
        ),
        (
            "/rerank",
            r#"{"query":"q","documents":["a"]}"#,
            422,
            "/error",
        ),
        (
            "/v1/ranking",
            r#"{"model":"m","query":"q","passages":[{"text":"a"}]}"#,
            422,
            "/detail/0/msg",
        ),
        ("/v2/models/m/generate", r#"{"inputs":"a"}"#, 400, "/error"),
        (
            "/v2/models/m/generate",
            r#"{"text_input":"a","max_tokens":"2"}"#,
            400,
            "/error",
        ),
        ("/v2/models/m/infer", "{}", 404, "/error/message"),
    ] {
        let reply = client.post(path, body);
        assert_eq!(reply.status, status, "{path} {body}");
        let message = reply.json().pointer(message).cloned();
        assert!(
            message.is_some_and(|m| m.is_string()),
            "{path}: {}",
            reply.body
        );
    }
    let refused = client.post("/v1/messages", "{}").json();
    assert_eq!(
        (&refused["type"], &refused["error"]["type"]),
        (&json!("error"), &json!("invalid_request_error"))
    );
    assert_eq!(
        client.post("/generate", "{}").json()["error_type"],
        "validation"
    );
    assert_eq!(
        client.post("/rerank", "{}").json()["error_type"],
        "Validation"
    );
}
