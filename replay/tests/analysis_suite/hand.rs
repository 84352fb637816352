//! Thirty-six requests made by hand (`fixtures/hand.jsonl`), with every outcome and every error
//! class: the summary against plain numbers, and each of its values against
//! `tests/recompute.py`, which works them out from the same two files by `RESULTS.md` alone.

use crate::fixture;
use replay::analysis::{Asked, Window, open, summarize};
use replay::run_info::*;
use schemas::frames::{TokenTimes, encode_strings, push_result, records_header, write_frame};
use schemas::layout::{NONE_U32, NONE_U64};
use schemas::records::{
    ErrorClass, FrameKind, NONE_U16, Outcome, RESULT_CANCEL, RESULT_LIVE, RESULT_NEW_CONNECTION,
    RESULT_STREAM, ResultRecord,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use zerocopy::{FromZeros, IntoBytes};

/// One request a line, in the order of the file; times in ms from t0, what is left out is none.
const HAND: &str = include_str!("../fixtures/hand.jsonl");
/// What ids of strings refer to.
const STRINGS: [&str; 8] = ["big", "small", "movie", "legal", "s1", "s2", "s3", "s4"];
const POPULATIONS: [&str; 2] = ["chat", "batch"];
/// One more than have a record.
const REQUESTS: u64 = 37;

pub fn lines() -> Vec<Value> {
    let line = |line| serde_json::from_str(line).expect(line);
    HAND.lines().map(line).collect()
}

fn ns(ms: &Value) -> u64 {
    (ms.as_f64().expect("ms") * 1e6).round() as u64
}

/// Position of a name among others.
fn place(names: &[&str], name: &Value) -> Option<usize> {
    let name = name.as_str()?;
    Some(names.iter().position(|known| *known == name).expect(name))
}

/// What follows a record, and the record.
fn record(line: &Value) -> (ResultRecord, Vec<u64>) {
    let mut record = ResultRecord::new_zeroed();
    let time = |key: &str| line.get(key).map_or(NONE_U64, ns).into();
    let number = |key: &str| line[key].as_u64().map_or(NONE_U32, |n| n as u32).into();
    let string = |key: &str| {
        place(&STRINGS, &line[key])
            .map_or(NONE_U32, |id| id as u32)
            .into()
    };
    let set = |key: &str, bit: u8| if line[key] == true { bit } else { 0 };
    let tokens: Vec<u64> = line["tokens"]
        .as_array()
        .into_iter()
        .flatten()
        .map(ns)
        .collect();
    let at = |ns: Option<&u64>| ns.copied().unwrap_or(NONE_U64).into();
    record.index = line["i"].as_u64().unwrap().into();
    record.scheduled_ns = time("due");
    record.sent_ns = time("sent");
    record.body_written_ns = time("written");
    record.first_byte_ns = time("first_byte");
    record.first_token_ns = at(tokens.first());
    record.last_token_ns = at(tokens.last());
    record.end_ns = time("end");
    record.cancel_due_ns = time("cancel_due");
    record.response_bytes = line["bytes"].as_u64().unwrap_or(0).into();
    record.stage = number("stage");
    record.session = string("session");
    record.turn = number("turn");
    record.model = string("model");
    record.adapter = string("adapter");
    record.events = (tokens.len() as u32).into();
    record.token_count = (tokens.len() as u32).into();
    record.input_tokens = number("in");
    record.output_tokens = number("out");
    record.usage_input = number("usage_in");
    record.usage_output = number("usage_out");
    record.connection = NONE_U32.into();
    record.http_status = line["status"]
        .as_u64()
        .map_or(NONE_U16, |n| n as u16)
        .into();
    let class = line["class"].as_str().unwrap_or("none");
    let mut classes = (0..=u8::MAX).filter_map(ErrorClass::from_number);
    record.error_class = classes.find(|known| known.name() == class).expect(class) as u8;
    let mut outcomes = (0..=u8::MAX).filter_map(Outcome::from_number);
    let outcome = outcomes.find(|known| line["outcome"] == known.name());
    record.outcome = outcome.expect("an outcome") as u8;
    record.flags = set("new_connection", RESULT_NEW_CONNECTION)
        | set("stream", RESULT_STREAM)
        | set("answers", RESULT_LIVE)
        | set("cancel", RESULT_CANCEL);
    let population = place(&POPULATIONS, &line["population"]);
    record.population = population.map_or(0, |place| place as u16 + 1).into();
    let kept = match line.get("times_kept") {
        None => tokens,
        Some(others) => others.as_array().into_iter().flatten().map(ns).collect(),
    };
    (record, kept)
}

/// The records file: two frames, the requests of the last stage first.
fn records_file(lines: &[Value]) -> Vec<u8> {
    let mut out = records_header(fixture::HASH, REQUESTS).as_bytes().to_vec();
    let (items, payload) = encode_strings(STRINGS.into_iter());
    write_frame(&mut out, FrameKind::Strings, items, &payload).unwrap();
    for part in lines.chunks(20) {
        let mut payload = Vec::new();
        for line in part {
            let (record, token_ns) = record(line);
            let mut times = TokenTimes::default();
            for at_ns in token_ns {
                times.push(record.sent_ns.get(), at_ns);
            }
            let hash = (line["answers"] == true).then_some([7; 32]);
            push_result(&mut payload, &record, hash.as_ref(), times.bytes());
        }
        write_frame(&mut out, FrameKind::Records, part.len() as u32, &payload).unwrap();
    }
    write_frame(&mut out, FrameKind::End, 0, &[]).unwrap();
    out
}

/// The description that goes with them: it gives cause for most of what a verdict can find.
fn info() -> RunInfo {
    let mut info = fixture::info();
    let mut closed = fixture::stage("closed", false, 4_000_000_000, 10);
    "closed".clone_into(&mut closed.kind);
    closed.rate = None;
    info.workload.requests = 50;
    info.workload.verified = false;
    info.populations = POPULATIONS.map(str::to_owned).to_vec();
    info.effective.speed = Some(2.0);
    info.effective.salt = Some(Salting {
        text: "again".into(),
        words: vec!["a".into()],
    });
    info.stages = vec![
        fixture::stage("warm", true, 0, 4),
        fixture::stage("steady", false, 1_000_000_000, 22),
        closed,
    ];
    let slos = [
        "ttft=150ms",
        "tpot=70ms",
        "itl=70ms",
        "ntpot=100ms",
        "latency=500ms",
    ];
    let early = ["ttft_from_scheduled=101ms", "latency_from_scheduled=302ms"];
    let slos = slos.iter().chain(&early);
    info.slos = slos.map(|slo| slo.parse().unwrap()).collect();
    info.thresholds.rate_min_requests = 10;
    info.threads = vec![
        thread(0, 0, 4_200_000_000, 100_000_000),
        // It ran all the time, but mostly watched the clock.
        thread(1, 4_000_000_000, 5_000_000_000, 0),
    ];
    let end = info.end.as_mut().expect("it has ended");
    end.ended_ns = 5_000_000_000;
    end.steal_ns = Some(300_000_000);
    end.involuntary_context_switches = Some(60);
    info
}

fn thread(worker: u32, spun_ns: u64, cpu_ns: u64, run_queue_ns: u64) -> ThreadInfo {
    ThreadInfo {
        worker,
        cpu: None,
        fifo_priority: None,
        timer_slack_ns: None,
        spin_ns: if spun_ns > 0 { 50_000 } else { 0 },
        refused: vec![],
        used: Some(ThreadUse {
            cpu_ns,
            spun_ns,
            run_queue_ns,
            voluntary_switches: 1_000,
            involuntary_switches: 30,
        }),
    }
}

/// A result directory of these requests.
pub fn directory(lines: &[Value]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(RECORDS_FILE), records_file(lines)).unwrap();
    info().write(directory.path()).unwrap();
    directory
}

/// What the program says.
fn ours(directory: &Path) -> Value {
    let data = open(directory, Window::ALL).unwrap();
    let summary = summarize(&data, &Asked::of_run(&data.info));
    serde_json::to_value(summary).unwrap()
}

/// What the script says.
fn theirs(directory: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recompute.py");
    let done = Command::new("python3").arg(script).arg(directory).output();
    let done = done.expect("python3, which the tests need");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_slice(&done.stdout).expect("JSON")
}

/// Every value that is no object and no array, by its way there. Reasons are told by their check:
/// only the order of levels is promised.
fn leaves(value: &Value, way: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) => {
            found.insert(format!("{way} keys"), json!(map.len()));
            for (key, value) in map {
                leaves(value, &format!("{way}.{key}"), found);
            }
        }
        Value::Array(list) => {
            found.insert(format!("{way} length"), json!(list.len()));
            for (i, value) in list.iter().enumerate() {
                let name = value["check"].as_str().map_or(i.to_string(), str::to_owned);
                leaves(value, &format!("{way}[{name}]"), found);
            }
        }
        leaf => assert_eq!(found.insert(way.to_owned(), leaf.clone()), None, "{way}"),
    }
}

/// Means and percentiles are kept to a thousandth of a ns.
const KEPT: f64 = 1e-12;

/// Percentiles of gaps between tokens are from counts: RESULTS.md, section 3.
fn allowed(way: &str) -> f64 {
    const EXACT: [&str; 4] = ["mean", "min", "max", "std"];
    let percentile = !EXACT.iter().any(|key| way.ends_with(key));
    match way.contains("itl_s.") && percentile {
        true => 1.0 / 2048.0,
        false => 1e-9,
    }
}

fn are_equal(way: &str, ours: &Value, theirs: &Value) -> bool {
    match (ours.as_f64(), theirs.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= (allowed(way) * a.abs().max(b.abs())).max(KEPT),
        _ => ours == theirs,
    }
}

/// Each value of either that the other has not, or has otherwise.
fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut all = [BTreeMap::new(), BTreeMap::new()];
    leaves(ours, "", &mut all[0]);
    leaves(theirs, "", &mut all[1]);
    let [ours, theirs] = all;
    let ways: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let pairs = ways
        .into_iter()
        .map(|way| (way, ours.get(way), theirs.get(way)));
    pairs
        .filter(|(way, ours, theirs)| match (ours, theirs) {
            (Some(ours), Some(theirs)) => !are_equal(way, ours, theirs),
            _ => true,
        })
        .map(|(way, ours, theirs)| format!("{way}: {ours:?}, but {theirs:?}"))
        .collect()
}

#[test]
fn every_value_of_the_summary_is_what_the_specification_alone_gives() {
    let directory = directory(&lines());
    let (ours, theirs) = (ours(directory.path()), theirs(directory.path()));
    let found = differences(&ours, &theirs);
    assert!(found.is_empty(), "{}", found.join("\n"));
    // Nothing was compared with nothing: every distribution has values somewhere.
    let text = ours.to_string();
    assert!(text.len() > 50_000, "{}", text.len());
    let levels = ours["verdict"]["reasons"].as_array().unwrap().iter();
    let weights = ["INVALID", "DEGRADED", "NOTE"];
    let levels = levels.map(|reason| weights.iter().position(|w| reason["level"] == *w));
    assert!(levels.is_sorted());
}

/// A run that a program of that format made and summarised; see tests/golden.
#[test]
fn a_result_of_format_2_has_the_summary_that_it_had_here_and_there() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/run-format-2");
    let kept = std::fs::read(golden.join("summary.json")).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    for (who, found) in [("here", ours(&golden)), ("there", theirs(&golden))] {
        let found = differences(&kept, &found);
        assert!(found.is_empty(), "{who}: {}", found.join("\n"));
    }
}

#[test]
fn token_times_that_end_elsewhere_than_the_output_are_believed_by_neither() {
    let mut moved = lines();
    let is_stream = |line: &&mut Value| line["tokens"].as_array().is_some_and(|all| all.len() > 2);
    let line = moved.iter_mut().find(is_stream).unwrap();
    let mut kept = line["tokens"].clone();
    *kept.as_array_mut().unwrap().last_mut().unwrap() = json!(1e9);
    line["times_kept"] = kept;
    let (hand, moved) = (directory(&lines()), directory(&moved));
    let missing = |summary: &Value| summary["accounting"]["missing"].as_u64().unwrap();
    let (before, here) = (ours(hand.path()), ours(moved.path()));
    assert_eq!(missing(&here), missing(&before) + 1);
    let found = differences(&here, &theirs(moved.path()));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_microsecond_and_a_lost_key_are_seen() {
    let mut moved = lines();
    let six = moved.iter_mut().find(|line| line["i"] == 6).unwrap();
    six["end"] = json!(1801.001);
    let (hand, moved) = (directory(&lines()), directory(&moved));
    let (ours, mut theirs) = (ours(moved.path()), theirs(hand.path()));
    let found = differences(&ours, &theirs);
    let latency = ".latency_from_sent_s.mean: ";
    assert!(
        found.iter().any(|told| told.starts_with(latency)),
        "{found:?}"
    );
    let key = theirs["sessions"].as_object_mut().unwrap().remove("failed");
    assert_eq!(key, Some(json!(1)));
    let lost = differences(&ours, &theirs);
    assert!(
        lost.iter()
            .any(|told| told.starts_with(".sessions.failed: ")),
        "{lost:?}"
    );
}

/// Worked out in the head, so that two equal misreadings of the specification are seen.
#[test]
fn a_few_values_are_what_anyone_can_add_up() {
    let directory = directory(&lines());
    let summary = ours(directory.path());
    for (pointer, expected) in [
        ("/accounting/scheduled", 37.0),
        ("/accounting/sent", 32.0),
        ("/accounting/not_sent", 4.0),
        ("/accounting/ok", 17.0),
        ("/accounting/error", 11.0),
        ("/accounting/timeout", 2.0),
        ("/accounting/cancelled", 2.0),
        ("/accounting/missing", 1.0),
        ("/accounting/surplus", 2.0),
        // 1000 to 3100 ms, less one not sent and one second turn.
        ("/load_summary/paced", 20.0),
        ("/load_summary/schedule_duration", 2.1),
        ("/load_summary/paced_rate", 20.0 / 2.129),
        // 49.9, 50, 99.8, five of 100, 298.
        ("/ttft_s/median", 0.1),
        ("/ttft_s/mean", 0.9977 / 9.0),
        // 0, 0, 33⅓, 40, 50, 66⅔, 80, 150.
        ("/tpot_s/median", 0.045),
        ("/tpot_s/max", 0.150),
        // 0, 0, 33, 40, 50, 50, 50, 67, 100, 300.
        ("/itl_s/mean", 0.069),
        ("/cancellation/error_s/mean", 0.00065),
        ("/cancellation/answered_before", 1.0),
        ("/throughput/duration_s", 3.7252),
        ("/throughput/output_tokens_from_usage", 27.0),
        ("/throughput/output_tokens_from_events", 7.0),
        ("/throughput/output_unknown_requests", 3.0),
        ("/throughput/input_tokens_from_usage", 130.0),
        ("/throughput/input_tokens_from_workload", 148.0),
        ("/usage/reported", 9.0),
        ("/usage/input_mismatches", 1.0),
        ("/usage/output_mismatches", 1.0),
        ("/errors/rate", 13.0 / 27.0),
        ("/goodput/requests", 30.0),
        // Not 5, late; not 6, 9, 28, 32 and 33, which have no first token.
        ("/goodput/slos/0/met", 8.0),
        ("/goodput/slos/0/unknown", 5.0),
        // 4, 7, 9, 15, 26, 27, 34 and 35; not known of 6, 28, 32 and 33.
        ("/goodput/slos/1/met", 8.0),
        ("/goodput/slos/1/unknown", 4.0),
        ("/sessions/complete", 3.0),
        ("/sessions/failed", 1.0),
        ("/sessions/duration_s/max", 3.6242),
        ("/connections/new_during_run", 2.0),
    ] {
        let found = summary.pointer(pointer).and_then(Value::as_f64);
        let found = found.unwrap_or_else(|| panic!("{pointer}: {:?}", summary.pointer(pointer)));
        assert!(
            (found - expected).abs() < 1e-12,
            "{pointer}: {found}, not {expected}"
        );
    }
    let classes = summary["accounting"]["errors_by_class"]
        .as_object()
        .unwrap();
    assert_eq!(classes.len(), 17);
    assert!(classes.values().all(|count| *count == 1), "{classes:?}");
    assert_eq!(summary["verdict"]["verdict"], "INVALID");
}
