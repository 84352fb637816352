//! What is exported says what the workload says: the round trips through our own readers of the same
//! formats, and what a format cannot say is counted.

use crate::data_sets::{each_second, spec};
use crate::lines::{Lines, number, text};
use crate::made;
use crate::made_tokenizers::BYTE_LEVEL;
use crate::support::dir;
use harness::{Call, Dir, sha256_hex};
use schemas::body::Piece;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Conversations that repeat what was said, with salt and parameters.
const CONVERSATIONS: &str = "\
seed: 20
api: {type: chat, streaming: true}
models: [one, two]
data: {type: synthetic, input_distribution: 'uniform(1, 20)', output_distribution: 'uniform(1, 20)'}
sessions: {turns: 'uniform(1, 4)', delay: 'normal(2s, 500ms)', history: materialised}
sampling: {temperature: 0.5}
load: {type: poisson, stages: [{rate: 5, duration: 3}]}
";

/// Single questions at times of a whole number of ns.
const QUESTIONS: &str = "\
seed: 21
api: {type: chat, streaming: true}
models: m
data: {type: synthetic, input_distribution: 'uniform(1, 40)', output_distribution: 'uniform(1, 20)'}
load: {type: poisson, stages: [{rate: 10, duration: 3}]}
";

fn export(dir: &Dir, arguments: &str) -> harness::Outcome {
    dir.wlc(&format!("export lines.wlc --to {arguments}")).run()
}

fn rows(bytes: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(bytes).expect("UTF-8").lines();
    let rows = lines.map(|line| serde_json::from_str(line).expect("JSON"));
    rows.collect()
}

/// The bodies of each session, under a name that is a key or a label.
fn by_session(lines: &[Value], name: impl Fn(&Value) -> String) -> BTreeMap<String, Vec<String>> {
    let mut sessions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        let bodies = sessions.entry(name(line)).or_default();
        bodies.push(text(line, "body").to_owned());
    }
    sessions
}

#[test]
fn bodies_come_back_byte_for_byte_from_inputs_json() {
    let dir = dir();
    let before = Lines::with(&dir, CONVERSATIONS, "").lines;
    let outcome = export(&dir, "aiperf -o out").ok();
    let turns = before.iter().filter(|line| line["turn"] != 0).count();
    assert!(turns > 3);
    let noted = format!(
        "fixed_schedule.jsonl: requests that lose the earlier turns that they repeat: {turns}"
    );
    assert!(outcome.stderr.contains(&noted), "{}", outcome.stderr);
    let all = before.len();
    let noted = format!(
        "fixed_schedule.jsonl: requests that lose parameters of their body, such as temperature: {all}"
    );
    assert!(outcome.stderr.contains(&noted), "{}", outcome.stderr);

    let inputs: Value = dir.json("out/inputs.json");
    let mut firsts: Vec<&str> = Vec::new();
    for line in &before {
        let session = text(line, "session");
        if !firsts.contains(&session) {
            firsts.push(session);
        }
    }
    let listed = inputs["data"].as_array().expect("a list").iter();
    let listed: Vec<&str> = listed.map(|one| text(one, "session_id")).collect();
    assert_eq!(listed, firsts);

    let again = spec(
        "type: raw, path: /v1/chat/completions",
        "type: inputs_json, path: out/inputs.json, sampling: sequential",
        &each_second(firsts.len() as u32),
    );
    let again = again.replace("{name: m}", "{name: one}, {name: two}");
    let after = Lines::with(&dir, &again, "").lines;
    let label = |line: &Value| text(&line["labels"], "data_session").to_owned();
    let session = |line: &Value| text(line, "session").to_owned();
    assert_eq!(by_session(&after, label), by_session(&before, session));
    // A conversation of one request has no turns.
    let begun = after
        .iter()
        .filter(|line| line["turn"].as_u64().is_none_or(|turn| turn == 0));
    let begun = begun.map(label);
    assert_eq!(begun.collect::<Vec<_>>(), firsts);
}

#[test]
fn times_texts_and_lengths_come_back_from_the_fixed_schedule() {
    let dir = dir();
    let before = Lines::with(&dir, QUESTIONS, "").lines;
    export(&dir, "aiperf -o out").ok();
    let again = spec(
        "type: chat, streaming: true",
        "type: single_turn, path: out/fixed_schedule.jsonl",
        "type: fixed_schedule",
    );
    let after = Lines::with(&dir, &again, "").lines;
    assert_eq!(after.len(), before.len());
    // The reader's clock begins with the first line.
    let base = number(&before[0], "at_ns");
    assert!(
        before
            .iter()
            .any(|line| !number(line, "at_ns").is_multiple_of(1000))
    );
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(number(after, "at_ns"), number(before, "at_ns") - base);
        assert_eq!(after["output_tokens"], before["output_tokens"]);
        assert_eq!(after["input_tokens"], before["input_tokens"]);
        let said = |line| crate::lines::body(line)["messages"][0]["content"].clone();
        assert_eq!(said(after), said(before));
    }
}

#[test]
fn a_turn_that_waits_keeps_its_delay_and_what_cannot_be_said_is_left_out() {
    let dir = dir();
    let before = Lines::with(&dir, CONVERSATIONS, "").lines;
    export(&dir, "aiperf -o out").ok();
    let lines = rows(&dir.read("out/fixed_schedule.jsonl"));
    assert_eq!(lines.len(), before.len());
    for (line, request) in lines.iter().zip(&before) {
        assert_eq!(line["session_id"], request["session"]);
        let messages = crate::lines::body(request)["messages"].clone();
        let last = messages
            .as_array()
            .and_then(|all| all.last())
            .expect("said");
        assert_eq!(line["text"], last["content"]);
        let (key, ns) = match request["turn"] == 0 {
            true => ("timestamp", number(request, "at_ns")),
            false => ("delay", number(&request["after"], "delay_ns")),
        };
        let ms = line[key].as_f64().expect("a number");
        assert_eq!((ms * 1e6).round() as u64, ns);
        assert_eq!(line["output_length"], request["output_tokens"]);
        assert_eq!(line["model"], request["model"]);
    }
    // A closed loop has no times: bodies are written, the schedule is not.
    let closed = QUESTIONS.replace(
        "type: poisson, stages: [{rate: 10, duration: 3}]",
        "type: concurrent, stages: [{num_requests: 4, concurrency_level: 2}]",
    );
    Lines::with(&dir, &closed, "");
    let outcome = export(&dir, "aiperf -o closed").ok();
    assert_eq!(dir.list("closed"), ["inputs.json"]);
    let noted = "requests that are left out, as they start when a place is free: 4";
    assert!(outcome.stderr.contains(noted), "{}", outcome.stderr);
}

/// Bodies that say more than a line of text, each in its way.
#[test]
fn what_a_body_says_beside_its_last_text_is_counted_by_reason() {
    let dir = dir();
    let user = |content: Value| json!({"role": "user", "content": content});
    let system = json!({"role": "system", "content": "Be brief."});
    let part = |text: &str| json!({"type": "text", "text": text});
    let image = json!({"type": "image_url", "image_url": {"url": "http://127.0.0.1/a.png"}});
    let bodies = [
        json!({"model": "m", "max_tokens": 4, "messages": [user("plain".into())]}),
        json!({"model": "m", "messages": [system, user("led".into())], "top_p": 0.5}),
        json!({"model": "m", "messages": [user("tooled".into())], "tools": []}),
        json!({"model": "m", "messages": [user(json!([part("seen"), image]))]}),
        json!({"model": "m", "messages": [user(json!([part("two"), part("texts")]))]}),
        json!({"model": "m", "messages": [user("a".into()), {"role": "assistant", "content": "b"}]}),
        json!({"model": "m", "max_tokens": 2, "prompt": [1, 2, 3]}),
    ];
    dir.write(
        "d.jsonl",
        bodies.clone().map(|body| format!("{body}\n")).concat(),
    );
    let data = "type: raw_payload, path: d.jsonl";
    Lines::with(&dir, &spec("type: chat", data, &each_second(7)), "");
    let outcome = export(&dir, "aiperf -o out").ok();
    let texts: Vec<Value> = rows(&dir.read("out/fixed_schedule.jsonl"))
        .iter()
        .map(|row| row["text"].clone())
        .collect();
    assert_eq!(texts, ["plain", "led", "tooled", "seen"]);
    let written = "note: fixed_schedule.jsonl: ";
    let notes = outcome
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix(written));
    let notes: Vec<&str> = notes.skip(1).collect();
    assert_eq!(
        notes,
        [
            "requests that are left out, as what the user says last is not one text: 3",
            "requests that lose parameters of their body, such as temperature: 1",
            "requests that lose their images and clips: 1",
            "requests that lose their tools: 1",
            "requests that lose what the system says in front: 1",
        ]
    );
    // Only two say how long the answer is, and one of them in tokens.
    let outcome = export(&dir, "mooncake").ok();
    assert_eq!(rows(outcome.stdout.as_bytes()).len(), 1);
    for note in [
        "note: requests that are left out, as the prompt is given as tokens, not as text: 1",
        "note: requests that are left out, as they do not say how long the answer is: 5",
    ] {
        assert!(outcome.stderr.contains(note), "{}", outcome.stderr);
    }
}

#[test]
fn a_mooncake_trace_comes_back_with_the_same_lengths_and_the_same_shared_blocks() {
    let dir = dir();
    let trace = [
        json!({"timestamp": 0, "input_length": 1100, "output_length": 5, "hash_ids": [7, 8, 9]}),
        json!({"timestamp": 10, "input_length": 1024, "output_length": 6, "hash_ids": [7, 8]}),
        json!({"timestamp": 10, "input_length": 1024, "output_length": 7, "hash_ids": [7, 12]}),
        json!({"timestamp": 250, "input_length": 40, "output_length": 1, "hash_ids": [20]}),
        json!({"timestamp": 999, "input_length": 1100, "output_length": 9, "hash_ids": [7, 8, 9]}),
    ];
    dir.write(
        "t.jsonl",
        trace.clone().map(|row| format!("{row}\n")).concat(),
    );
    let spec = "seed: 4\napi: {type: chat, streaming: true}\nmodels: [{name: m}]\n\
        data: {type: random, trace: {file: t.jsonl, format: Mooncake}}\n\
        load: {type: trace_replay, trace: {file: t.jsonl, format: Mooncake}}\n";
    Lines::with(&dir, spec, "");
    let outcome = export(&dir, "mooncake -o again.jsonl").ok();
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    let again = rows(&dir.read("again.jsonl"));
    assert_eq!(again.len(), trace.len());
    // Ids are numbers in order of appearance: equal exactly where the trace's are.
    let (mut there, mut back) = (BTreeMap::new(), BTreeMap::new());
    for (before, after) in trace.iter().zip(&again) {
        for key in ["timestamp", "input_length", "output_length"] {
            assert_eq!(after[key], before[key], "{key}");
        }
        let ids = |row: &Value| -> Vec<u64> {
            let ids = row["hash_ids"].as_array().expect("a list").iter();
            ids.map(|id| id.as_u64().expect("an id")).collect()
        };
        let (before, after) = (ids(before), ids(after));
        assert_eq!(after.len(), before.len());
        for (before, after) in before.into_iter().zip(after) {
            assert_eq!(*there.entry(before).or_insert(after), after);
            assert_eq!(*back.entry(after).or_insert(before), before);
        }
    }
    assert_eq!(there.len(), 5);
    // What was written can be replayed.
    let replayed = spec.replace("t.jsonl", "again.jsonl");
    assert_eq!(Lines::with(&dir, &replayed, "").lines.len(), trace.len());
}

#[test]
fn mooncake_counts_by_the_tokenizer_of_the_workload_and_by_no_other() {
    let dir = dir();
    dir.write("tokenizer.json", BYTE_LEVEL.to_string());
    let named = format!("tokenizer: {{path: tokenizer.json}}\n{QUESTIONS}");
    let requests = Lines::with(&dir, &named, "").lines;
    let rows = rows(export(&dir, "mooncake").ok().stdout.as_bytes());
    assert_eq!(rows.len(), requests.len());
    for (row, request) in rows.iter().zip(&requests) {
        assert_eq!(row["input_length"], request["input_tokens"]);
        assert_eq!(row["timestamp"], number(request, "at_ns") / 1_000_000);
    }
    let sound = sha256_hex(BYTE_LEVEL.to_string());
    let other = format!("{} ", *BYTE_LEVEL);
    dir.write("tokenizer.json", &other);
    let refused = export(&dir, "mooncake -o m.jsonl").expect(2).stderr;
    assert!(
        refused.contains(&sound) && refused.contains(&sha256_hex(&other)),
        "{refused}"
    );
    assert!(!dir.path("m.jsonl").exists());
}

#[test]
fn jsonl_is_what_inspect_prints_and_csv_says_the_same_of_every_request() {
    let dir = dir();
    let lines = Lines::with(&dir, CONVERSATIONS, "").lines;
    let jsonl = export(&dir, "jsonl").ok().stdout;
    let inspect = dir.wlc("inspect lines.wlc --requests --bodies --json");
    assert_eq!(jsonl, inspect.run().ok().stdout);
    export(&dir, "csv -o w.csv").ok();
    let bytes = dir.read("w.csv");
    let text = std::str::from_utf8(&bytes).expect("UTF-8");
    assert_eq!(text.matches("\r\n").count(), lines.len() + 1);
    // A reader of CSV that is not ours.
    let reader = "import csv, json, sys\n\
        rows = csv.DictReader(open(sys.argv[1], newline='', encoding='utf-8'), strict=True)\n\
        print(json.dumps(list(rows)))";
    let call = Call::new("python3").arg("-c").arg(reader);
    let cells = call.arg(dir.path("w.csv")).run().json();
    let cells = cells.as_array().expect("a list");
    assert_eq!(cells.len(), lines.len());
    for (row, line) in cells.iter().zip(&lines) {
        let cell = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut left = row.as_object().expect("a row").clone();
        let mut take = |key: &str| left.remove(key).expect(key);
        let body = crate::lines::text(line, "body");
        assert_eq!(take("body_sha256"), sha256_hex(body));
        assert_eq!(take("body_bytes"), body.len().to_string());
        assert_eq!(take("after_request"), cell(&line["after"]["request"]));
        assert_eq!(take("after_delay_ns"), cell(&line["after"]["delay_ns"]));
        for (key, value) in line.as_object().expect("an object") {
            if !["after", "body", "body_parts"].contains(&key.as_str()) {
                assert_eq!(take(key), cell(value), "{key}");
            }
        }
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn an_export_is_the_same_bytes_every_time() {
    let dir = dir();
    Lines::with(&dir, CONVERSATIONS, "");
    for format in ["jsonl", "csv", "mooncake"] {
        let first = export(&dir, format).ok().stdout;
        export(&dir, &format!("{format} -o {format}")).ok();
        assert_eq!(dir.read(format), first.as_bytes(), "{format}");
    }
    export(&dir, "aiperf -o one").ok();
    export(&dir, "aiperf -o two").ok();
    for file in ["inputs.json", "fixed_schedule.jsonl"] {
        let [one, two] = ["one", "two"].map(|out| dir.read(&format!("{out}/{file}")));
        assert_eq!(one, two, "{file}");
    }
}

#[test]
fn nothing_is_written_of_what_is_refused() {
    let dir = dir();
    let live = CONVERSATIONS.replace("materialised", "live");
    Lines::with(&dir, &live, "");
    let refused = |arguments: &str, named: &str| {
        let before = dir.list(".");
        let outcome = export(&dir, arguments).expect(2);
        assert!(outcome.stderr.contains(named), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
        assert_eq!(dir.list("."), before);
    };
    refused("aiperf -o out", "repeats the server's answers");
    refused("aiperf", "name a directory");
    refused("jsonl -o lines.wlc", "is there already");
    refused("jsonl -o none/w.jsonl", "cannot write");
    // Only first turns have a time of their own, and they can be said.
    let counted = export(&dir, "mooncake").ok().stderr;
    assert!(
        counted.contains("they start when others have ended"),
        "{counted}"
    );

    let closed = QUESTIONS.replace(
        "type: poisson, stages: [{rate: 10, duration: 3}]",
        "type: concurrent, stages: [{num_requests: 4, concurrency_level: 2}]",
    );
    Lines::with(&dir, &closed, "");
    refused("mooncake -o m.jsonl", "nothing remains");
    refused(
        "mooncake",
        "requests that are left out, as they start when others have ended: 4",
    );

    // A body of bytes that are no text.
    made::write(&dir.path("bytes.wlc"), |made| {
        made.bodies[1] = vec![Piece::Bytes(&[0xff])];
    });
    std::fs::rename(dir.path("bytes.wlc"), dir.path("lines.wlc")).expect("one directory");
    refused("jsonl -o w.jsonl", "REQUESTS record 1");
    refused("aiperf -o out", "request 1: its body is not UTF-8");
    let csv = export(&dir, "csv").ok().stdout;
    assert!(csv.contains(&sha256_hex([0xff])), "{csv}");

    let mut bytes = dir.read("lines.wlc");
    bytes[20] ^= 1;
    dir.write("lines.wlc", bytes);
    refused("csv -o w.csv", "BLOB");
}
