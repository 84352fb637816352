//! `answers.jsonl`: what a run of an audit workload keeps of the answers, and that no other run does.

use crate::support::{chat_spec, compile, dir, server};
use harness::{Dir, sha256_hex};
use mock_llm::{Config, Dialect, SamplerKind, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const SPEC: &str = "\
seed: 5
api: {type: chat, streaming: true, extra: {return_token_ids: true}}
server: {type: vllm}
models: [{name: m}]
audit: {probes: 1, neighbours: [2], tokens: 8}
";

/// Compiles the audit, fires it, and gives every line.
#[track_caller]
fn answers(dir: &Dir, config: Config) -> Vec<Value> {
    compile(dir, "w", SPEC, "");
    let server = Server::start(config).expect("a free port");
    let url = format!("http://{}", server.addr());
    let call = dir.replay(&format!("run w.wlc --url {url} --out results --quiet"));
    let outcome = call.run().ok();
    assert!(
        outcome.stderr.contains("next: replay audit results\n"),
        "{}",
        outcome.stderr
    );
    lines(dir)
}

#[track_caller]
fn lines(dir: &Dir) -> Vec<Value> {
    let text = String::from_utf8(dir.read("results/answers.jsonl")).expect("UTF-8");
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("a line of JSON")
}

fn sampling() -> Config {
    Config {
        itl: Duration::from_millis(1),
        sampler: Some(SamplerKind::PerRequest),
        ..Config::default()
    }
}

#[test]
fn each_answer_stands_with_its_labels_tokens_and_hash() {
    let dir = dir();
    let answers = answers(&dir, sampling());
    let inspect = dir.wlc("inspect w.wlc --requests --json").run();
    let requests = inspect.json_lines();
    assert_eq!(answers.len(), requests.len());
    for (answer, request) in answers.iter().zip(&requests) {
        for key in ["index", "stage", "labels"] {
            assert_eq!(answer[key], request[key], "{key}");
        }
        let pieces: Vec<String> = serde_json::from_value(answer["pieces"].clone()).unwrap();
        let ids: Vec<u32> = serde_json::from_value(answer["token_ids"].clone()).unwrap();
        let texts: Vec<String> = ids.iter().map(|id| format!(" w{id:02x}")).collect();
        assert_eq!(pieces, texts, "the model's token {ids:?}");
        assert_eq!(request["output_tokens"], pieces.len());
        assert_eq!(answer["sha256"], sha256_hex(pieces.concat()));
        assert_eq!(answer["error"], Value::Null);
        let id = answer["id"].as_str().expect("an id");
        let role = answer["labels"]["audit_role"].as_str().expect("a role");
        let is_named = role.starts_with("id_");
        assert_eq!(id.starts_with("chatcmpl-audit-"), is_named, "{answer}");
    }
}

/// Without a sampler the server's text depends on the request alone, whatever its framing.
#[test]
fn how_a_stream_is_cut_into_lines_and_packets_changes_no_piece() {
    let of = |dialect: Dialect| {
        let config = Config {
            dialect,
            ..Config::default()
        };
        let mut answers = answers(&dir(), config);
        // The server numbers connections, which neighbours take as they are free.
        for answer in &mut answers {
            let id = answer["id"].take();
            assert!(id.as_str().is_some_and(|id| id.starts_with("chatcmpl-")));
        }
        answers
    };
    let plain = of(Dialect::default());
    assert!(plain.iter().all(|answer| answer["token_ids"].is_null()));
    assert!(
        plain
            .iter()
            .all(|answer| answer["pieces"].as_array().map(Vec::len) >= Some(8))
    );
    for name in ["split", "crlf,no-space", "comments,multi-line,split"] {
        let dialect = name.parse().expect("a dialect");
        assert_eq!(plain, of(dialect), "{name}");
    }
}

#[test]
fn what_a_server_says_to_refuse_a_request_is_kept() {
    let config = Config {
        refuse_seed: true,
        ..sampling()
    };
    let mut kinds = BTreeMap::new();
    for answer in answers(&dir(), config) {
        let labels = &answer["labels"];
        let kind = labels["audit_kind"].as_str().expect("a kind").to_owned();
        if labels["audit_role"] != "alone" {
            continue;
        }
        let error = answer["error"].as_str().map(str::to_owned);
        if error.is_some() {
            assert_eq!(answer["sha256"], Value::Null);
            assert_eq!(answer["pieces"], json!([]));
            assert_eq!(answer["token_ids"], Value::Null);
            assert_eq!(answer["id"], Value::Null);
        }
        kinds.insert(kind, error);
    }
    let refused = |kind: &str| kinds[kind].as_ref().map(|body| body.contains("'seed'"));
    for kind in ["flat", "peaked"] {
        assert_eq!(refused(kind), Some(true), "{kinds:?}");
    }
    for kind in ["greedy", "unseeded"] {
        assert_eq!(refused(kind), None, "{kinds:?}");
    }
}

#[test]
fn a_run_that_is_no_audit_keeps_no_answers() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(50, "100ms"), "");
    let server = server(0, 0);
    let url = format!("http://{}", server.addr());
    let outcome = dir
        .replay(&format!("run w.wlc --url {url} --out results"))
        .run()
        .ok();
    assert!(
        !outcome.stderr.contains("replay audit"),
        "{}",
        outcome.stderr
    );
    assert!(!dir.list("results").contains(&"answers.jsonl".to_owned()));
}

#[test]
fn answers_stay_after_ctrl_c() {
    let dir = dir();
    compile(&dir, "w", SPEC, "--set audit.probes=20");
    let server = Server::start(sampling()).expect("a free port");
    let url = format!("http://{}", server.addr());
    let running = dir
        .replay(&format!("run w.wlc --url {url} --out results"))
        .start();
    crate::support::await_arrivals(10, || server.arrivals().len());
    running.interrupt();
    running.wait().expect(130);
    let answers = lines(&dir);
    let all = dir.json("results/run.json")["workload"]["requests"].clone();
    assert_eq!(
        all,
        answers.len(),
        "a line for each request, also for those not sent"
    );
    let answered = |answer: &&Value| answer["sha256"].is_string();
    let count = answers.iter().filter(answered).count();
    assert!(count >= 5 && count < answers.len(), "{count}");
}

#[test]
fn a_sweep_of_an_audit_is_refused() {
    let dir = dir();
    compile(&dir, "w", SPEC, "");
    let server = server(0, 0);
    let url = format!("http://{}", server.addr());
    let call = dir.replay(&format!("sweep w.wlc --url {url} --out results"));
    let outcome = call.run().expect(2);
    assert!(outcome.stderr.contains("replay run"), "{}", outcome.stderr);
}
