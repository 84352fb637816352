//! Data sets of every type become the bodies that they say, and every text of them is counted as an
//! encoder that is not ours counts it.

use crate::lines::{Lines, body, number, text};
use crate::support::dir;
use crate::text::encoded;
use harness::Dir;
use serde_json::{Value, json};

/// A spec of one population: entries of `api`, of `data`, and of `load`.
pub fn spec(api: &str, data: &str, load: &str) -> String {
    format!("seed: 5\nmodels: [{{name: m}}]\napi: {{{api}}}\ndata: {{{data}}}\nload: {{{load}}}\n")
}

/// `count` requests, a second apart.
pub fn each_second(count: u32) -> String {
    format!("type: constant, stages: [{{rate: 1, duration: {count}}}]")
}

/// The lines of a workload whose data set is this text, in `d.jsonl`.
#[track_caller]
pub fn lines_of(set: &str, api: &str, data: &str, requests: u32) -> Lines {
    let dir = dir();
    dir.write("d.jsonl", set);
    Lines::with(&dir, &spec(api, data, &each_second(requests)), "")
}

/// Every text that a body says, in its order.
pub fn said(body: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    for key in [
        "system",
        "messages",
        "input",
        "prompt",
        "inputs",
        "text_input",
        "query",
    ] {
        gather(&body[key], &mut texts);
    }
    for key in ["documents", "texts", "passages"] {
        gather(&body[key], &mut texts);
    }
    texts
}

fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(_) => {
            gather(&value["content"], texts);
            gather(&value["text"], texts);
        }
        _ => {}
    }
}

/// The tokens of all texts of a body, each by itself.
pub fn tokens_of(body: &Value) -> u64 {
    let texts = said(body).into_iter();
    texts.map(|text| encoded(&text).len() as u64).sum()
}

#[track_caller]
pub fn assert_counted(lines: &Lines) {
    for line in &lines.lines {
        let body = body(line);
        assert_eq!(number(line, "input_tokens"), tokens_of(&body), "{body}");
    }
}

/// Texts that break whatever is not escaped, or counted in one piece.
pub const HOSTILE: [&str; 12] = [
    "\"}],\\ \u{1}\u{7f}\n\t{{x}} é 🦀 \u{2028}",
    " begins and ends with spaces  ",
    "\n\nbegins with line ends\r\n",
    "'s and 'LL",
    "antidisestablishmentarianism",
    "1234567",
    "👩‍👩‍👧‍👦🇩🇪",
    "<|endoftext|> <|im_start|>",
    "\\u0000 is no escape here, \\\\ neither",
    "\u{0}",
    "日本語のテキスト",
    "...!?",
];

fn jsonl(rows: impl IntoIterator<Item = Value>) -> String {
    rows.into_iter().map(|row| format!("{row}\n")).collect()
}

#[test]
fn hostile_texts_arrive_as_they_are_and_are_counted_at_every_endpoint() {
    let rows = jsonl(HOSTILE.map(|text| json!({"text": text, "output_length": 3})));
    let fronts = [
        "",
        ", salt: true",
        ", prefix: {count: 2, length: 5}",
        ", system_prompt: {length: 4}, user_context: {length: 3}",
        ", salt: true, prefix: {count: 2, length: 5}, system_prompt: {length: 4}",
    ];
    for api in [
        "chat",
        "completion",
        "responses",
        "messages",
        "embeddings",
        "tgi",
        "kserve",
    ] {
        for front in fronts {
            let data = format!("type: single_turn, path: ./d.jsonl{front}");
            let lines = lines_of(&rows, &format!("type: {api}"), &data, HOSTILE.len() as u32);
            assert_counted(&lines);
            for (line, text) in lines.lines.iter().zip(HOSTILE) {
                let said = said(&body(line));
                let last = said.last().expect("something is said");
                assert!(last.ends_with(text), "{api}{front}: {last:?} {text:?}");
                assert!(last == text || !front.is_empty(), "{api}: {last:?}");
            }
        }
    }
}

#[test]
fn control_texts_counted_apart_are_miscounted_where_they_are_joined() {
    let texts = ["anti\n", "\ndis", "'s \n", "\n 1"];
    let apart: usize = texts.iter().map(|text| encoded(text).len()).sum();
    assert_ne!(apart, encoded(&texts.join(" ")).len());
    let rows = jsonl([json!({"texts": texts, "output_length": 1})]);
    let data = "type: single_turn, path: ./d.jsonl";
    let lines = lines_of(&rows, "type: completion", data, 1);
    assert_eq!(body(&lines.lines[0])["prompt"], texts.join(" "));
    assert_counted(&lines);
}

#[test]
fn a_conversation_in_one_prompt_is_counted_as_one_text() {
    let turn = |text: &str| json!({"text": text, "output_length": 4});
    let answer = |text: &str| json!({"role": "assistant", "text": text});
    let rows = jsonl([
        json!({"turns": [turn("anti "), answer("\ndis"), turn("'s\n\n"), answer(" 12 "), turn("34")]}),
        json!({"turns": [turn("anti\n"), turn("\n's"), answer("dis"), turn("\n 1"), turn("!")]}),
    ]);
    for front in [
        "",
        ", salt: true",
        ", prefix: {count: 1, length: 3}",
        ", system_prompt: {length: 2}",
    ] {
        let data = format!("type: multi_turn, path: ./d.jsonl{front}");
        let lines = lines_of(&rows, "type: completion", &data, 2);
        assert_eq!(lines.lines.len(), 7);
        assert_counted(&lines);
    }
}

#[test]
fn single_turn_says_everything_that_a_request_has() {
    let rows = jsonl([
        json!({"text": "hello", "model": "n", "output_length": 9, "extra": {"user": "a\"b", "n": 1.5, "logit_bias": {"1": -2}}, "headers": {"X-Route": "blue"}}),
        json!({"texts": ["one", {"name": "x", "contents": ["two", "three"]}], "output_length": 2}),
    ]);
    let dir = dir();
    // As people write it.
    dir.write("d.jsonl", rows.replace("1.5", "1.50"));
    let spec = "seed: 5\nmodels: [m, n]\napi: {type: chat, headers: {x-route: red, x-all: a}}\n\
                data: {type: single_turn, path: ./d.jsonl}\nserver: {type: vllm}\n\
                sampling: {temperature: 0.5}\nload: {type: constant, stages: [{rate: 2, duration: 1}]}\n";
    let lines = Lines::with(&dir, spec, "");
    let [first, second] = &lines.lines[..] else {
        panic!("two requests");
    };
    assert_eq!(
        body(first),
        json!({
            "model": "n", "messages": [{"role": "user", "content": "hello"}], "temperature": 0.5,
            "user": "a\"b", "n": 1.5, "logit_bias": {"1": -2},
            "max_tokens": 9, "ignore_eos": true, "min_tokens": 9, "stream": false,
        })
    );
    // Numbers are sent digit by digit.
    assert!(text(first, "body").contains("\"n\":1.50"));
    assert_eq!(first["model"], "n");
    let headers = json!({"accept": "application/json", "content-type": "application/json", "x-all": "a", "x-route": "blue"});
    assert_eq!(first["headers"], headers);
    assert_eq!(second["headers"]["x-route"], "red");
    let part = |text: &str| json!({"type": "text", "text": text});
    let content = json!([part("one"), part("two"), part("three")]);
    assert_eq!(
        body(second)["messages"],
        json!([{"role": "user", "content": content}])
    );
    assert_eq!(number(second, "output_tokens"), 2);
    assert_counted(&lines);
}

#[test]
fn a_template_allowance_counts_every_message() {
    let rows = jsonl([json!({"turns": [
        {"role": "system", "text": "be brief"}, {"text": "hi"}, {"role": "assistant", "text": "yes"},
        {"text": "why", "output_length": 3},
    ]})]);
    let dir = dir();
    dir.write("d.jsonl", rows);
    let spec = spec(
        "type: chat",
        "type: multi_turn, path: ./d.jsonl",
        &each_second(1),
    );
    let spec = format!("{spec}tokenizer: {{template_overhead: {{request: 3, message: 4}}}}\n");
    let lines = Lines::with(&dir, &spec, "");
    for line in &lines.lines {
        let body = body(line);
        let messages = body["messages"].as_array().expect("a chat").len() as u64;
        assert_eq!(
            number(line, "input_tokens"),
            tokens_of(&body) + 3 + 4 * messages
        );
    }
    assert_eq!(lines.lines.len(), 2);
}

#[test]
fn recorded_answers_stand_in_the_history_and_say_how_long_an_answer_is() {
    let rows = jsonl([json!({"turns": [
        {"role": "assistant", "text": "What is it?"},
        {"text": "Why?"}, {"role": "assistant", "text": "Because of that."},
        {"role": "system", "text": "be brief"}, {"text": "So?", "output_length": 6}, {"text": "And?", "output_length": 2},
    ]})]);
    let lines = lines_of(&rows, "type: chat", "type: multi_turn, path: ./d.jsonl", 1);
    let message = |role: &str, content: &str| json!({"role": role, "content": content});
    let mut history = vec![message("assistant", "What is it?"), message("user", "Why?")];
    let messages = |line: &Value| body(line)["messages"].as_array().expect("a chat").clone();
    assert_eq!(messages(&lines.lines[0]), history);
    let recorded = encoded("Because of that.").len() as u64;
    assert_eq!(number(&lines.lines[0], "output_tokens"), recorded);
    history.extend([
        message("assistant", "Because of that."),
        message("system", "be brief"),
        message("user", "So?"),
    ]);
    assert_eq!(messages(&lines.lines[1]), history);
    // Nobody recorded this one: it is made up, as long as it was asked to be.
    let last = messages(&lines.lines[2]);
    assert_eq!(last[..5], history);
    let made_up = last[5]["content"].as_str().expect("a text");
    assert_eq!(
        (last[5]["role"].as_str(), encoded(made_up).len()),
        (Some("assistant"), 6)
    );
    assert_eq!(last[6], message("user", "And?"));
    assert_counted(&lines);
    let turns: Vec<u64> = lines.numbers("turn");
    assert_eq!(turns, [0, 1, 2]);
}

#[test]
fn live_history_leaves_room_for_the_servers_answers() {
    let rows = jsonl([json!({"turns": [
        {"text": "Why?", "output_length": 5}, {"role": "assistant", "text": "never sent"}, {"text": "So?", "output_length": 1},
    ]})]);
    let dir = dir();
    dir.write("d.jsonl", rows);
    let data = "type: multi_turn, path: ./d.jsonl";
    let spec = spec("type: chat", data, &each_second(1)) + "sessions: {history: live}\n";
    let lines = Lines::with(&dir, &spec, "");
    let parts = lines.lines[1]["body_parts"].as_array().expect("parts");
    assert_eq!(parts[1], json!({"answer_to": 0}));
    let around: Vec<&str> = [0, 2].iter().filter_map(|i| parts[*i].as_str()).collect();
    assert!(around[0].ends_with("\"Why?\"},{\"role\":\"assistant\",\"content\":\""));
    assert!(around[1].starts_with("\"},{\"role\":\"user\",\"content\":\"So?\"}]"));
    let expected = encoded("Why?").len() + 5 + encoded("So?").len();
    assert_eq!(number(&lines.lines[1], "input_tokens"), expected as u64);
}

#[test]
fn texts_of_a_row_are_a_query_and_its_passages_or_a_batch() {
    let rows = jsonl([json!({"texts": [
        {"name": "passages", "contents": ["first", "second"]}, {"name": "query", "contents": ["what?"]},
    ]})]);
    let data = "type: single_turn, path: ./d.jsonl";
    let lines = lines_of(&rows, "type: rerank", data, 1);
    let expected = json!({"model": "m", "query": "what?", "documents": ["first", "second"]});
    assert_eq!(body(&lines.lines[0]), expected);
    assert_counted(&lines);
    let lines = lines_of(&rows, "type: embeddings", data, 1);
    assert_eq!(
        body(&lines.lines[0])["input"],
        json!(["what?", "first", "second"])
    );
    assert_counted(&lines);
}

#[test]
fn a_random_pool_joins_a_line_of_each_file() {
    let dir = dir();
    let texts = |name: &str| jsonl((0..20).map(|i| json!({"text": format!("{name} {i}")})));
    dir.write("pools/b.jsonl", texts("passage"));
    dir.write("pools/query.jsonl", texts("query"));
    let data = "type: random_pool, path: ./pools, output_distribution: 4";
    let lines = Lines::with(
        &dir,
        &spec("type: rerank, format: tei", data, &each_second(60)),
        "",
    );
    assert_counted(&lines);
    let mut pairs = Vec::new();
    for line in &lines.lines {
        let body = body(line);
        let query = text(&body, "query")
            .strip_prefix("query ")
            .expect("of its pool");
        let passage = body["texts"][0]
            .as_str()
            .and_then(|text| text.strip_prefix("passage "));
        pairs.push((query.to_owned(), passage.expect("of its pool").to_owned()));
    }
    // Each is drawn by itself: neither pool follows the other.
    assert!(pairs.iter().any(|(query, passage)| query != passage));
    assert!(
        pairs
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len()
            > 40
    );
    assert!(
        lines
            .drawn_from()
            .iter()
            .any(|name| name == "dataset.loader.random_pool")
    );
}

/// Compiles raw bodies; each line is sent byte for byte.
#[track_caller]
fn assert_verbatim(dir: &Dir, kind: &str, api: &str, bodies: &[&str]) -> Lines {
    let data = format!("type: {kind}, path: ./d");
    let count = bodies.len() as u32;
    let lines = Lines::with(dir, &spec(api, &data, &each_second(count)), "");
    let sent: Vec<&str> = lines.lines.iter().map(|line| text(line, "body")).collect();
    assert_eq!(sent, bodies);
    lines
}

const BODIES: [&str; 3] = [
    r#"{ "model":"a" ,"messages":[{"role":"user","content":"h\u00e9llo"}],"max_tokens":5,"stream":true}"#,
    r#"{"prompt":["one two",[1,2,3]],"stream":false,"x":1.0e3}"#,
    r#"{"model":"b","input":"three","max_output_tokens":7}"#,
];

#[test]
fn raw_bodies_are_sent_byte_for_byte_and_read_off() {
    let dir = dir();
    dir.write("d", BODIES.join("\n"));
    let api = "type: raw, path: /v1/chat/completions";
    let lines = assert_verbatim(&dir, "raw_payload", api, &BODIES);
    let counts = ["héllo", "one two", "three"].map(|text| encoded(text).len() as u64);
    assert_eq!(
        lines.numbers("input_tokens"),
        [counts[0], counts[1] + 3, counts[2]]
    );
    assert_eq!(
        lines.column("output_tokens"),
        [&json!(5), &Value::Null, &json!(7)]
    );
    assert_eq!(lines.column("stream"), [true, false, false]);
    assert_eq!(lines.lines[0]["headers"]["accept"], "text/event-stream");
    assert_eq!(lines.lines[1]["headers"]["accept"], "application/json");
    assert_eq!(lines.column("model")[..1], ["a"]);
}

#[test]
fn inputs_json_and_a_batch_are_sent_byte_for_byte() {
    let dir = dir();
    let sessions = format!(
        "{{\"data\": [{{\"session_id\": \"s\", \"payloads\": [{}, {}]}},\n {{\"session_id\": \"t\", \"payloads\": [{}]}}]}}",
        BODIES[0], BODIES[1], BODIES[2]
    );
    dir.write("d", sessions);
    let data = "type: inputs_json, path: ./d";
    let api = "type: raw, path: /v1/chat/completions";
    let lines = Lines::with(&dir, &spec(api, data, &each_second(2)), "");
    let sent: Vec<&str> = lines.lines.iter().map(|line| text(line, "body")).collect();
    let mut sorted = sent.clone();
    sorted.sort_unstable();
    let mut expected = BODIES.to_vec();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    let after: Vec<_> = lines
        .lines
        .iter()
        .filter(|line| !line["after"].is_null())
        .collect();
    assert_eq!(after.len(), 1);
    assert_eq!(text(after[0], "body"), BODIES[1]);
    let line = |id: u32, url: &str, body: &str| {
        format!(r#"{{"custom_id": "{id}", "method": "POST", "url": "{url}", "body": {body}}}"#)
    };
    let urls = ["/v1/chat/completions", "/v1/completions", "/v1/responses"];
    let batch = (0..3).map(|i| line(i, urls[i as usize], BODIES[i as usize]));
    dir.write("d", batch.collect::<Vec<_>>().join("\n"));
    let lines = assert_verbatim(&dir, "openai_batch", api, &BODIES);
    assert_eq!(lines.column("path"), urls);
}
