//! Runs side by side: what changed is found, what did not is not marked, and what was not alike
//! before anything came back is said first.

use crate::fixture::{self, Made};
use replay::analysis::compare::resample::Resampled;
use replay::analysis::compare::{Change, Comparison, Figure, Run, Stat, pair, spread, write_text};
use replay::analysis::{Asked, RunData, Window, open, summarize};
use replay::run_info::{RECORDS_FILE, RunInfo};
use schemas::records::{ErrorClass, Outcome};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const REQUESTS: u64 = 1_200;

/// A run of requests 10 ms apart, each of which takes about this long, in tenths of a ms; one in
/// twenty fails.
fn requests(took: u64) -> Vec<Made> {
    let request = |i: u64| {
        let took = took + i * 7_919 % 97;
        let made = fixture::sent(i, 0, i * 100, i % 3, took);
        match i % 20 {
            7 => made.ended(Outcome::Error, ErrorClass::Status),
            _ => made.stream(&[took / 4, took / 2, took]),
        }
    };
    (0..REQUESTS).map(request).collect()
}

fn info() -> RunInfo {
    let mut info = fixture::info();
    info.stages = vec![fixture::stage("steady", false, 0, REQUESTS)];
    info.slos = vec!["ttft=10ms".parse().unwrap()];
    info.end.as_mut().unwrap().ended_ns = 12_000_000_000;
    info
}

fn run(name: &str, made: &[Made], info: RunInfo) -> (Run, RunData) {
    let directory = tempfile::tempdir().unwrap();
    let bytes = fixture::file_bytes(made.len() as u64, made, true);
    std::fs::write(directory.path().join(RECORDS_FILE), bytes).unwrap();
    info.write(directory.path()).unwrap();
    let data = open(directory.path(), Window::ALL).unwrap();
    let summary = summarize(&data, &Asked::of_run(&data.info));
    let directory = name.to_owned();
    (
        Run {
            directory,
            info,
            summary,
        },
        data,
    )
}

fn changes(a: &(Run, RunData), b: &(Run, RunData)) -> Vec<Change> {
    pair([&a.0, &b.0], [&a.1, &b.1]).changes
}

/// Keys of `effective` and the others that are told.
fn told(change: impl FnOnce(&mut RunInfo)) -> Vec<String> {
    let made = requests(400);
    let mut other = info();
    change(&mut other);
    let runs = [run("a", &made, info()).0, run("b", &made, other).0];
    let told = Comparison::of(&runs).differences.into_iter();
    told.map(|difference| difference.what).collect()
}

#[test]
fn drawing_every_block_once_gives_the_summary() {
    let (run, data) = run("a", &requests(400), info());
    let resampled = Resampled::of(&data, &data.info.slos);
    let figures = resampled.figures(&vec![1; resampled.blocks()]);
    assert!(figures.len() > 40, "{}", figures.len());
    for (figure, value) in figures {
        let expected = figure.value(&run.summary).unwrap();
        assert!(
            (value - expected).abs() <= 1e-9 * expected.abs(),
            "{figure:?}"
        );
    }
    // 1,200 requests are enough for a 99th percentile, 35 blocks are ⌈√1200⌉.
    assert_eq!(resampled.blocks(), 35);
}

#[test]
fn what_changed_is_marked_and_what_did_not_is_not() {
    let (a, b) = (
        run("a", &requests(400), info()),
        run("b", &requests(440), info()),
    );
    let found = changes(&a, &b);
    let changed = [
        "latency",
        "ttft",
        "ttst",
        "tpot",
        "ntpot",
        "output_rate",
        "failed",
    ];
    let mut marked = 0;
    for change in &found {
        let of_time = changed.iter().any(|key| change.key.starts_with(key));
        let is_known = change.interval.is_some();
        // Goodput's limit is within what changed; throughput is the schedule's.
        if change.key.starts_with("goodput") {
            continue;
        }
        assert_eq!(change.is_marked, of_time && is_known, "{change:?}");
        marked += usize::from(change.is_marked);
    }
    assert!(marked >= 20, "{marked}");
    let latency = found
        .iter()
        .find(|it| it.key == "latency_from_sent_s" && it.stat == Some(Stat::Mean))
        .unwrap();
    let [low, high] = latency.interval.unwrap();
    assert!(low < 0.004 && 0.004 < high, "{latency:?}");
    assert!((latency.b.unwrap() - latency.a.unwrap() - 0.004).abs() < 1e-9);
    let change = latency.b.unwrap() / latency.a.unwrap() - 1.0;
    assert_eq!(latency.change, Some(change));
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let (a, b) = (
        run("a", &requests(400), info()),
        run("b", &requests(400), info()),
    );
    let found = changes(&a, &b);
    let known = found
        .iter()
        .filter_map(|change| Some((change, change.interval?)));
    let mut count = 0;
    for (change, [low, high]) in known {
        assert!(low <= 0.0 && 0.0 <= high && !change.is_marked, "{change:?}");
        count += 1;
    }
    assert!(count > 30, "{count}");
    // The same twice: no chance decides what is printed.
    assert_eq!(found, changes(&a, &b));
    let rates = found.iter().filter(|change| change.stat.is_none());
    assert_eq!(rates.count(), Figure::RATES.len());
}

#[test]
fn few_requests_have_figures_and_no_interval() {
    let first = |count| {
        let made: Vec<Made> = requests(400).into_iter().take(count).collect();
        let (a, b) = (run("a", &made, info()), run("b", &made, info()));
        changes(&a, &b)
    };
    for count in [15, 399] {
        let found = first(count);
        assert!(!found.is_empty());
        assert!(found.iter().all(|change| change.interval.is_none()));
    }
    let enough = first(400);
    let known = enough.iter().filter(|change| change.interval.is_some());
    assert!(known.count() > 20);
}

#[test]
fn each_thing_in_which_runs_are_not_alike_is_named() {
    assert_eq!(told(|_| {}), [""; 0]);
    let url = |info: &mut RunInfo| info.targets[0].url = "http://other:8000".into();
    assert_eq!(told(url), ["targets[].url"]);
    assert_eq!(
        told(|info| info.effective.speed = Some(2.0)),
        ["effective.speed"]
    );
    assert_eq!(
        told(|info| info.effective.http2 = true),
        ["effective.http2"]
    );
    assert_eq!(told(|info| info.slos.clear()), ["slos"]);
    assert_eq!(told(|info| info.host.cpus = 64), ["host"]);
    assert_eq!(
        told(|info| info.replay_version = "9".into()),
        ["replay_version"]
    );
    let unverified = |info: &mut RunInfo| info.workload.verified = false;
    assert_eq!(told(unverified), ["verdict.verdict"]);
    let several = |info: &mut RunInfo| {
        info.effective.workers = Some(9);
        info.effective.speed = Some(2.0);
        info.targets[0].url = "http://other:8000".into();
    };
    let order = ["effective.speed", "effective.workers", "targets[].url"];
    assert_eq!(told(several), order);
}

#[test]
fn another_workload_is_the_first_thing_that_is_said() {
    let made = requests(400);
    let (a, mut b) = (run("a", &made, info()), run("b", &made, info()));
    b.0.info.workload.content_hash = "cd".repeat(32);
    b.0.info.effective.speed = Some(2.0);
    let mut comparison = Comparison::of(&[a.0, b.0]);
    let [first, second] = &comparison.differences[..] else {
        panic!("{:?}", comparison.differences);
    };
    assert_eq!(first.what, "workload.content_hash");
    assert_eq!(
        first.values,
        [json!("ab".repeat(32)), json!("cd".repeat(32))]
    );
    assert_eq!(second.what, "effective.speed");
    comparison.pair = None;
    let mut text = Vec::new();
    write_text(&comparison, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("DIFFERENT WORKLOADS: "), "{text}");
    assert!(text.contains("\nDIFFERENT SPEED: "), "{text}");
}

#[test]
fn three_runs_have_a_spread_that_anyone_can_work_out() {
    let one = |took: u64| {
        let made: Vec<Made> = (0..4)
            .map(|i| fixture::sent(i, 0, i * 1_000, 0, took))
            .collect();
        run("r", &made, info()).0
    };
    let runs = [one(1_000), one(2_000), one(3_000)];
    let ranges = spread(&runs);
    let latency = ranges
        .iter()
        .find(|range| range.key == "latency_from_sent_s" && range.stat == Some(Stat::P99))
        .unwrap();
    assert_eq!(latency.values, [Some(0.1), Some(0.2), Some(0.3)]);
    for (found, expected) in [
        (latency.mean, 0.2),
        (latency.min, 0.1),
        (latency.max, 0.3),
        (latency.std.unwrap(), 0.1),
        (latency.cv.unwrap(), 0.5),
    ] {
        assert!((found - expected).abs() < 1e-12, "{latency:?}");
    }
    assert!(ranges.iter().all(|range| range.key != "ttft_s"));
}

#[test]
fn no_line_is_longer_than_a_screen_is_wide() {
    let mut other = info();
    other.targets[0].url = format!("http://{}:8000", "long.".repeat(40));
    let (a, b) = (
        run("a", &requests(400), info()),
        run("b\n", &requests(440), other),
    );
    let mut comparisons = Vec::new();
    let mut of_two = Comparison::of(&[a.0, b.0]);
    let (a, b) = (
        run("a", &requests(400), info()),
        run("b", &requests(440), info()),
    );
    of_two.pair = Some(pair([&a.0, &b.0], [&a.1, &b.1]));
    comparisons.push(of_two);
    let runs = [a.0, b.0, run("c", &requests(420), info()).0];
    let mut of_three = Comparison::of(&runs);
    of_three.spread = spread(&runs);
    comparisons.push(of_three);
    for comparison in comparisons {
        let mut text = Vec::new();
        write_text(&comparison, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();

        assert!(text.lines().count() < 50, "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        for name in ["ttft p99 ms", "errors %", "requests requests/s"] {
            assert!(text.contains(name), "{name}: {text}");
        }
    }
}

/// Every key with a value that is no object, arrays of objects as `[]`.
fn keys(value: &Value, way: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let dot = if way.is_empty() { "" } else { "." };
                keys(value, &format!("{way}{dot}{key}"), found);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for value in list {
                keys(value, &format!("{way}[]"), found);
            }
        }
        _ => {
            found.insert(way.to_owned());
        }
    }
}

#[test]
fn the_specification_has_every_key() {
    let mut other = info();
    other.effective.speed = Some(2.0);
    let (a, b) = (
        run("a", &requests(400), info()),
        run("b", &requests(440), other),
    );
    let pair = pair([&a.0, &b.0], [&a.1, &b.1]);
    let mut comparison = Comparison::of(&[a.0, b.0]);
    comparison.pair = Some(pair);
    let runs = ["a", "b", "c"].map(|name| run(name, &requests(400), info()).0);
    comparison.spread = spread(&runs);
    let mut actual = BTreeSet::new();
    keys(&serde_json::to_value(comparison).unwrap(), "", &mut actual);
    let specification = include_str!("../../../schemas/RESULTS.md");
    let (_, table) = specification
        .split_once("<!-- comparison keys -->")
        .unwrap();
    let rows = table
        .trim()
        .lines()
        .take_while(|line| line.starts_with('|'));
    let said: BTreeSet<String> = rows
        .skip(2)
        .map(|row| row.split('|').nth(1).unwrap().trim().to_owned())
        .collect();
    assert_eq!(said, actual);
}
