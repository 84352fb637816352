//! Which conversation of a data set is sent when: samplers, loads, times of its own, and that nothing
//! else decides it.

use crate::data_sets::{each_second, spec};
use crate::lines::{Lines, body, number};
use crate::support::{compile, dir};
use harness::Dir;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const ROWS: u64 = 40;

/// A directory with `d.jsonl`, whose rows say their numbers.
fn numbered() -> Dir {
    let dir = dir();
    let row = |i: u64| json!({"text": format!("{i}"), "output_length": 3}).to_string() + "\n";
    dir.write("d.jsonl", (0..ROWS).map(row).collect::<String>());
    dir
}

/// The numbers that requests say.
fn said(lines: &[Value]) -> Vec<u64> {
    let said = |line: &Value| {
        let text = body(line)["messages"][0]["content"].clone();
        text.as_str()
            .and_then(|text| text.parse().ok())
            .expect("a number")
    };
    lines.iter().map(said).collect()
}

const DATA: &str = "type: single_turn, path: ./d.jsonl";

/// What is sent so.
#[track_caller]
fn taken(data: &str, requests: u32, options: &str) -> Vec<u64> {
    let spec = spec(
        "type: chat",
        &format!("{DATA}{data}"),
        &each_second(requests),
    );
    said(&Lines::with(&numbered(), &spec, options).lines)
}

#[test]
fn the_order_is_the_files_unless_another_is_asked_for() {
    let expected: Vec<u64> = (0..ROWS).chain(0..ROWS).collect();
    assert_eq!(taken("", 80, ""), expected);
    assert_eq!(taken(", sampling: sequential", 80, ""), expected);
    let some: Vec<u64> = (0..8).map(|i| i % 3).collect();
    assert_eq!(taken(", entries: 3", 8, ""), some);
}

#[test]
fn a_shuffle_visits_each_once_in_every_pass_and_random_does_not() {
    let shuffled = taken(", sampling: shuffle", 120, "");
    let passes: Vec<&[u64]> = shuffled.chunks(ROWS as usize).collect();
    let all: BTreeSet<u64> = (0..ROWS).collect();
    for pass in &passes {
        assert_eq!(pass.iter().copied().collect::<BTreeSet<_>>(), all);
    }
    assert!(passes[0] != passes[1] && passes[1] != passes[2]);
    assert!(!passes[0].is_sorted());
    let random = taken(", sampling: random", 40, "");
    assert!(
        random.iter().copied().collect::<BTreeSet<_>>().len() < 36,
        "with replacement"
    );
    assert_ne!(random, taken(", sampling: random", 40, "--seed 6"));
}

#[test]
fn users_and_slots_take_the_data_sets_conversations_in_turn() {
    let rows: Vec<u64> = (0..12).collect();
    for load in [
        "type: concurrent, stages: [{num_requests: 12, concurrency_level: 3}]",
        "type: users, stages: [{users: 4, num_requests: 12, think_time: 1s}]",
    ] {
        let lines = Lines::with(&numbered(), &spec("type: chat", DATA, load), "");
        let mut said = said(&lines.lines);
        said.sort_unstable();
        assert_eq!(said, rows, "{load}");
    }
}

#[test]
fn a_trace_says_when_and_the_data_set_what() {
    let dir = numbered();
    dir.write(
        "t.csv",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.5,4808,10\n2023-11-16 18:17:05.0,3180,8\n",
    );
    let load = "type: trace_replay, trace: {file: t.csv, format: AzurePublicDataset}";
    let lines = Lines::with(&dir, &spec("type: chat", DATA, load), "");
    assert_eq!(said(&lines.lines), [0, 1]);
    assert_eq!(lines.numbers("at_ns"), [0, 1_500_000_000]);
    assert_eq!(lines.numbers("output_tokens"), [3, 3]);
}

#[test]
fn delays_of_the_file_stand_between_turns_and_the_specs_where_it_says_none() {
    let dir = dir();
    let turns = json!({"turns": [{"text": "a"}, {"text": "b", "delay": 250.5}, {"text": "c"}]});
    dir.write("d.jsonl", format!("{turns}\n"));
    let data = "type: multi_turn, path: ./d.jsonl, output_distribution: 2";
    let spec = spec("type: chat", data, &each_second(1)) + "sessions: {delay: 3s}\n";
    let lines = Lines::with(&dir, &spec, "").lines;
    assert_eq!(
        lines[1]["after"],
        json!({"request": 0, "delay_ns": 250_500_000})
    );
    assert_eq!(
        lines[2]["after"],
        json!({"request": 1, "delay_ns": 3_000_000_000_u64})
    );
}

#[test]
fn a_fixed_schedule_has_the_files_times_and_no_turn_overtakes_the_one_before() {
    let dir = dir();
    let rows = [
        json!({"turns": [{"text": "a", "timestamp": 2000}, {"text": "b", "delay": 100}, {"text": "c", "timestamp": 5000}]}),
        json!({"turns": [{"text": "d", "timestamp": 1000.25}, {"text": "e", "timestamp": 1500}]}),
    ];
    dir.write("d.jsonl", rows.map(|row| format!("{row}\n")).concat());
    let data = "type: multi_turn, path: ./d.jsonl, output_distribution: 2";
    let lines = Lines::with(&dir, &spec("type: chat", data, "type: fixed_schedule"), "").lines;
    let last = |line: &Value| {
        let body = body(line);
        let messages = body["messages"].as_array().expect("a chat").clone();
        messages.last().expect("something is said")["content"]
            .as_str()
            .map(str::to_owned)
    };
    let order: Vec<String> = lines.iter().filter_map(last).collect();
    let at = |name: &str| {
        order
            .iter()
            .position(|one| one == name)
            .expect("it is sent")
    };
    let ms = 1_000_000_u64;
    assert_eq!(number(&lines[at("d")], "at_ns"), 0);
    assert_eq!(lines[at("e")]["at_ns"], 499_750_000);
    assert_eq!(
        lines[at("e")]["after"],
        json!({"request": at("d"), "delay_ns": 0})
    );
    assert_eq!(lines[at("a")]["at_ns"], 999_750_000);
    assert_eq!(
        lines[at("b")]["after"],
        json!({"request": at("a"), "delay_ns": 100 * ms})
    );
    assert_eq!(lines[at("c")]["at_ns"], 3_999_750_000_u64);
    assert_eq!(
        lines[at("c")]["after"],
        json!({"request": at("b"), "delay_ns": 0})
    );
    assert_eq!(
        body(&lines[at("c")])["messages"].as_array().map(Vec::len),
        Some(5)
    );
}

const TWO: &str = "\
seed: 5
api: {type: chat}
populations:
- {name: one, models: m, data: {type: single_turn, path: ./d.jsonl, sampling: SAMPLING}, load: {type: constant, stages: [{rate: 1, duration: 30}]}}
- {name: two, models: m, data: {type: single_turn, path: ./d.jsonl, sampling: SAMPLING}, load: {type: constant, stages: [{rate: 1, duration: 30}]}}
";

/// What each of two populations sends.
fn of_two(sampling: &str, more: &str) -> [Vec<u64>; 2] {
    let spec = TWO.replace("SAMPLING", sampling) + more;
    let lines = Lines::with(&numbered(), &spec, "").lines;
    ["one", "two"].map(|name| {
        let own = lines
            .iter()
            .filter(|line| line["labels"]["population"] == name);
        said(&own.cloned().collect::<Vec<_>>())
    })
}

#[test]
fn neither_a_neighbour_nor_a_feature_moves_a_choice() {
    for sampling in ["random", "shuffle"] {
        let alone = taken(&format!(", sampling: {sampling}"), 30, "");
        let [one, two] = of_two(sampling, "");
        assert_eq!(one, alone, "{sampling}");
        // The control: another population is another choice.
        assert_ne!(two, alone, "{sampling}");
        let cancelled = spec(
            "type: chat",
            &format!("{DATA}, sampling: {sampling}"),
            &each_second(30),
        ) + "cancellation: {rate: 0.5, delay: 'uniform(10ms, 1s)'}\nsampling: {temperature: 'uniform(0, 1)'}\n";
        let lines = Lines::with(&numbered(), &cancelled, "");
        assert_eq!(said(&lines.lines), alone, "{sampling}");
        assert!(
            lines
                .lines
                .iter()
                .any(|line| !line["cancel_after_ns"].is_null())
        );
    }
}

#[test]
fn a_data_set_of_two_populations_is_in_the_file_and_the_manifest_once() {
    let dir = numbered();
    let spec = TWO.replace("SAMPLING", "sequential");
    let manifest = Lines::with(&dir, &spec, "").summary["manifest"].clone();
    assert_eq!(
        manifest["data_sets"],
        json!([{"path": "./d.jsonl", "type": "single_turn", "rows": 40, "kept": 40, "left_out": {}, "conversations": 40}])
    );
    let files: Vec<&Value> = manifest["inputs"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0]["file"], "./d.jsonl");
    assert_eq!(files[0]["sha256"], harness::sha256_hex(dir.read("d.jsonl")));
}

/// A ShareGPT file of so many made-up conversations, of which every tenth cannot be sent.
fn sharegpt(conversations: usize) -> String {
    let conversation = |i: usize| {
        let message = |from: &str, j: usize| json!({"from": from, "value": format!("{from} says {i} {j} \"é\"")});
        let mut messages: Vec<Value> = (0..1 + i % 5)
            .flat_map(|j| [message("human", j), message("gpt", j)])
            .collect();
        match i % 30 {
            0 => messages.clear(),
            10 => messages.push(json!({"from": "gpt", "value": ""})),
            20 => messages.push(json!({"from": "tool", "value": "x"})),
            _ if i.is_multiple_of(7) => messages.insert(0, message("gpt", 9)),
            _ => {}
        }
        json!({"id": format!("c{i}"), "conversations": messages}).to_string()
    };
    let all: Vec<String> = (0..conversations).map(conversation).collect();
    format!("[\n{}\n]\n", all.join(",\n"))
}

#[test]
fn sharegpt_of_20_000_conversations_is_sent_and_every_row_accounted() {
    let dir = dir();
    dir.write("sets/s.json", sharegpt(20_000));
    let data = "type: shareGPT, path: sets/s.json, sampling: shuffle";
    let load = "type: constant, stages: [{rate: 18000, duration: 1}]";
    dir.write("w.yaml", spec("type: chat", data, load));
    let call = dir.wlc("compile w.yaml -o w.wlc --json");
    let outcome = call.limit(Duration::from_secs(300)).run().ok();
    let note = |count: u32, why: &str, line: u32| {
        format!("note: sets/s.json: {count} conversations left out ({why}): lines {line}, ")
    };
    for (count, why, line) in [
        (667, "no_human_turn", 2),
        (667, "empty_message", 12),
        (666, "tool_messages", 22),
    ] {
        assert!(
            outcome.stderr.contains(&note(count, why, line)),
            "{}",
            outcome.stderr
        );
    }
    // Every turn has a recorded answer.
    assert!(
        !outcome.stderr.contains("inference-perf's default"),
        "{}",
        outcome.stderr
    );
    dir.wlc("verify w.wlc").run().ok();
    let manifest = dir.wlc("inspect w.wlc --json").run().json()["manifest"].clone();
    let left_out = json!({"empty_message": 667, "no_human_turn": 667, "tool_messages": 666});
    let expected = json!([{"path": "sets/s.json", "type": "sharegpt", "rows": 20_000, "kept": 18_000, "left_out": left_out, "conversations": 18_000}]);
    assert_eq!(manifest["data_sets"], expected);
    let json: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(json["sessions"].as_u64(), Some(sessions(20_000)));
}

/// Sent conversations of more than one turn.
fn sessions(conversations: usize) -> u64 {
    (0..conversations)
        .filter(|i| i % 10 != 0 && i % 5 > 0)
        .count() as u64
}

#[test]
fn the_file_is_the_same_on_any_number_of_threads() {
    let dir = dir();
    dir.write("s.json", sharegpt(600));
    let data = "type: sharegpt, path: s.json, sampling: shuffle, entries: 300";
    let load = "type: poisson, stages: [{rate: 1000, duration: 1}]";
    let spec = spec("type: chat", data, load);
    let files = [1, 2, 5].map(|threads| {
        compile(&dir, "w", &spec, &format!("--threads {threads}"));
        dir.read("w.wlc")
    });
    assert!(files[0] == files[1] && files[1] == files[2]);
    compile(&dir, "w", &spec, "--seed 6");
    assert!(files[0] != dir.read("w.wlc"), "the control");
}
