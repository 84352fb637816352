//! What is taken of a trace and how fast it is played: window, limit, sample, speed, rate, loop
//! and start, and that every row is accounted for.

use crate::lines::{Lines, body, is_near, number, texts};
use crate::support::{dir, root};
use harness::Dir;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const ROWS: u64 = 300;
const SECOND: u64 = 1_000_000_000;

/// When row `row` is due, in ns on the trace's own clock: irregular, and never at 0.
fn due_ns(row: u64) -> u64 {
    7 * SECOND + row * SECOND + (row * row * 7_919) % 999_999_937
}

/// A trace whose rows are told apart by their input tokens: row + 1.
fn trace() -> String {
    let row = |row| format!("{},{},{}\n", due_ns(row), row + 1, row % 5 + 1);
    "t,in,out\n".to_owned() + &(0..ROWS).map(row).collect::<String>()
}

fn spec(options: &str) -> String {
    let trace = "file: t.csv, format: csv, columns: {timestamp: t, input_tokens: in, output_tokens: out}, time_unit: ns";
    format!(
        "seed: 111\napi: {{type: completion, streaming: true}}\nmodels: [{{name: m}}]\n\
         load: {{type: trace_replay, trace: {{{trace}, {options}}}}}\n\
         data: {{type: random, trace: {{{trace}}}}}\n"
    )
}

fn workload(options: &str) -> Lines {
    let dir = dir();
    dir.write("t.csv", trace());
    let workload = Lines::with(&dir, &spec(options), "");
    assert_accounted(&workload.summary);
    workload
}

/// Every row of every trace is replayed or left out for a stated reason.
#[track_caller]
fn assert_accounted(summary: &Value) {
    for source in summary["manifest"]["traces"].as_array().expect("a list") {
        let dropped = source["dropped"].as_object().expect("reasons");
        let dropped: u64 = dropped
            .keys()
            .map(|reason| number(&source["dropped"], reason))
            .sum();
        let known = number(source, "emitted") + dropped;
        assert_eq!(number(source, "rows_read"), known, "{source}");
    }
}

/// Row and start of every request.
fn starts(workload: &Lines) -> Vec<(u64, u64)> {
    let start = |line: &Value| (number(line, "input_tokens") - 1, number(line, "at_ns"));
    workload.lines.iter().map(start).collect()
}

fn rows(workload: &Lines) -> Vec<u64> {
    starts(workload).into_iter().map(|(row, _)| row).collect()
}

/// Text by row.
fn prompts(workload: &Lines) -> BTreeMap<u64, String> {
    let prompt = |line: &Value| {
        (
            number(line, "input_tokens") - 1,
            texts(&body(line)).remove(0),
        )
    };
    workload.lines.iter().map(prompt).collect()
}

fn left_out(workload: &Lines) -> &Value {
    &workload.summary["manifest"]["traces"][0]["dropped"]
}

/// The rows that lie in the window, by the digits of the trace.
fn in_window(from_s: u64, to_s: u64) -> Vec<u64> {
    let window = from_s * SECOND..to_s * SECOND;
    (0..ROWS)
        .filter(|row| window.contains(&(due_ns(*row) - due_ns(0))))
        .collect()
}

#[test]
fn a_window_keeps_its_rows_and_begins_with_the_first_of_them() {
    let window = workload("window: {from: 100s, to: 200s}");
    let kept = in_window(100, 200);
    assert!(kept.len() > 90);
    let expected: Vec<(u64, u64)> = kept
        .iter()
        .map(|row| (*row, due_ns(*row) - due_ns(kept[0])))
        .collect();
    assert_eq!(starts(&window), expected);
    assert_eq!(
        left_out(&window)["outside_window"],
        ROWS - kept.len() as u64
    );
    assert_ne!(
        rows(&window),
        in_window(101, 201),
        "control: another window"
    );
}

#[test]
fn a_window_may_begin_before_its_first_request() {
    let window = workload("window: {from: 100s, to: 200s}, start: window");
    let begin_ns = due_ns(0) + 100 * SECOND;
    let expected = in_window(100, 200)
        .into_iter()
        .map(|row| (row, due_ns(row) - begin_ns));
    assert_eq!(starts(&window), expected.collect::<Vec<_>>());
    assert!(
        starts(&window)[0].1 > 0,
        "control: the first request is later"
    );
}

#[test]
fn an_open_window_reaches_to_the_end_of_the_trace() {
    assert_eq!(
        rows(&workload("window: {from: 250s}")),
        in_window(250, 1000)
    );
    assert_eq!(rows(&workload("window: {to: 20s}")), in_window(0, 20));
}

#[test]
fn a_limit_keeps_the_earliest_rows() {
    let limited = workload("limit: 40");
    assert_eq!(rows(&limited), (0..40).collect::<Vec<_>>());
    assert_eq!(left_out(&limited)["over_limit"], ROWS - 40);
    let both = workload("window: {from: 100s, to: 200s}, limit: 40");
    assert_eq!(rows(&both), in_window(100, 200)[..40]);
    let sampled = workload("sample: 0.5, limit: 40");
    assert_eq!(rows(&sampled), rows(&workload("sample: 0.5"))[..40]);
}

#[test]
fn a_sample_keeps_the_same_rows_in_every_window_with_the_same_prompts() {
    let whole = workload("sample: 0.3");
    let kept: BTreeSet<u64> = rows(&whole).into_iter().collect();
    assert!(is_near(kept.len(), ROWS as usize, 0.3), "{}", kept.len());
    assert_eq!(left_out(&whole)["not_sampled"], ROWS - kept.len() as u64);
    let window = workload("sample: 0.3, window: {from: 100s, to: 200s}");
    let expected: Vec<u64> = in_window(100, 200)
        .into_iter()
        .filter(|row| kept.contains(row))
        .collect();
    assert_eq!(rows(&window), expected);
    let all = prompts(&workload("limit: 300"));
    for (row, prompt) in prompts(&window) {
        assert_eq!(all[&row], prompt, "row {row}");
    }
    let larger = rows(&workload("sample: 0.6"));
    assert!(
        kept.iter().all(|row| larger.contains(row)),
        "a larger sample keeps them"
    );
    let dir = dir();
    dir.write("t.csv", trace());
    let other = Lines::with(&dir, &spec("sample: 0.3"), "--seed 112");
    assert_ne!(rows(&other), rows(&whole), "control: another seed");
}

#[test]
fn speed_divides_every_time_and_changes_nothing_else() {
    let plain = workload("limit: 50");
    for (speed, multiply, divide) in [("2", 1, 2), ("0.5", 2, 1), ("3", 1, 3), ("1.25", 4, 5)] {
        let fast = workload(&format!("limit: 50, speed: {speed}"));
        let expected: Vec<(u64, u64)> = starts(&plain)
            .into_iter()
            .map(|(row, at)| (row, at * multiply / divide))
            .collect();
        assert_eq!(starts(&fast), expected, "{speed}");
        assert_eq!(prompts(&fast), prompts(&plain));
    }
}

/// Requests per second between the first and the last.
fn rate(workload: &Lines) -> f64 {
    let starts = starts(workload);
    let span_ns = starts[starts.len() - 1].1 - starts[0].1;
    (starts.len() - 1) as f64 * 1e9 / span_ns as f64
}

#[test]
fn a_rate_is_the_mean_rate_and_keeps_the_shape() {
    let plain = workload("limit: 100");
    for asked in ["0.5", "20", "1.5k/s"] {
        let stretched = workload(&format!("limit: 100, rate: {asked}"));
        let value = match asked {
            "1.5k/s" => 1500.0,
            number => number.parse().expect("a number"),
        };
        assert!(
            (rate(&stretched) / value - 1.0).abs() < 1e-6,
            "{}",
            rate(&stretched)
        );
        assert_eq!(stretched.summary["stages"][0]["rate"].as_f64(), Some(value));
        let factor = rate(&plain) / value;
        for ((row, at), (plain_row, plain_at)) in starts(&stretched).into_iter().zip(starts(&plain))
        {
            assert_eq!(row, plain_row);
            assert!((at as f64 - plain_at as f64 * factor).abs() < 2.0 + 1e-9 * at as f64);
        }
    }
    assert!(
        (rate(&plain) / 20.0 - 1.0).abs() > 0.5,
        "control: not the trace's own rate"
    );
}

#[test]
fn a_loop_plays_the_rows_again_one_period_later_with_new_prompts() {
    const PASSES: usize = 3;
    let once = workload("limit: 40");
    let looped = workload("limit: 40, loop: 3");
    let (once_starts, starts) = (starts(&once), starts(&looped));
    assert_eq!(starts.len(), 40 * PASSES);
    let span_ns = once_starts[39].1;
    let period_ns = span_ns + span_ns / 39;
    for (i, (row, at)) in starts.iter().enumerate() {
        let (once_row, once_at) = once_starts[i % 40];
        assert_eq!(
            (*row, *at),
            (once_row, once_at + (i / 40) as u64 * period_ns)
        );
    }
    let bodies = looped.column("body");
    assert_eq!(
        bodies[..40],
        once.column("body"),
        "the first pass is the trace played once"
    );
    let distinct: BTreeSet<&str> = bodies
        .iter()
        .map(|body| body.as_str().expect("a text"))
        .collect();
    // The shortest prompts have too few words to differ always.
    assert!(distinct.len() > 115, "{}", distinct.len());
    assert_eq!(
        number(&looped.summary["manifest"]["traces"][0], "passes"),
        PASSES as u64
    );
}

#[test]
fn the_period_of_a_window_is_the_window() {
    let looped = workload("window: {from: 100s, to: 200s}, loop: 2");
    let starts = starts(&looped);
    let half = starts.len() / 2;
    for (first, second) in starts[..half].iter().zip(&starts[half..]) {
        assert_eq!((first.0, first.1 + 100 * SECOND), *second);
    }
}

#[test]
fn rows_that_a_limit_cuts_off_a_window_leave_no_gap() {
    let limited = "window: {from: 100s, to: 200s}, limit: 10";
    let stretched = workload(&format!("{limited}, rate: 20"));
    assert!(
        (rate(&stretched) / 20.0 - 1.0).abs() < 1e-6,
        "{}",
        rate(&stretched)
    );
    let looped = starts(&workload(&format!("{limited}, loop: 2")));
    let span_ns = looped[9].1;
    assert_eq!(looped[10].1, span_ns + span_ns / 9);
    // Control: without a limit the period is the window.
    assert!(span_ns + span_ns / 9 < 15 * SECOND);
}

#[test]
fn a_speed_and_a_sample_hold_for_every_pass() {
    let plain = starts(&workload("sample: 0.5, loop: 2"));
    let fast = starts(&workload("sample: 0.5, loop: 2, speed: 4"));
    let expected: Vec<(u64, u64)> = plain.iter().map(|(row, at)| (*row, at / 4)).collect();
    assert_eq!(fast, expected);
    let (first, second) = plain.split_at(plain.len() / 2);
    assert!(
        first
            .iter()
            .map(|(row, _)| row)
            .eq(second.iter().map(|(row, _)| row))
    );
}

#[test]
fn every_row_of_every_sample_is_replayed_or_left_out_for_a_reason() {
    let dir = dir();
    let golden = root().join("tests/golden");
    let mut traces = 0;
    for entry in std::fs::read_dir(golden).expect("the golden specs") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a plain name");
        if !name.starts_with("trace_") || !name.ends_with(".yaml") {
            continue;
        }
        traces += 1;
        assert_accounted(&summary_of(&dir, &path));
    }
    assert!(traces >= 10, "{traces}");
}

fn summary_of(dir: &Dir, spec: &std::path::Path) -> Value {
    dir.wlc("compile -o t.wlc").arg(spec).run().ok();
    dir.wlc("inspect t.wlc --json").run().json()
}

#[test]
#[should_panic(expected = "rows_read")]
fn control_a_row_that_is_nowhere_is_noticed() {
    let mut summary = workload("limit: 40").summary;
    summary["manifest"]["traces"][0]["emitted"] = 39.into();
    assert_accounted(&summary);
}
