//! Reports in other tools' formats, and the tables, of the requests made by hand.

use crate::fixture::{data, info, requests};
use crate::hand;
use replay::analysis::metric::Metric;
use replay::analysis::report::text::{MAX_COLUMNS, MAX_LINES};
use replay::analysis::report::{self, FilesFormat, Format, NamedFile};
use replay::analysis::stats::Stats;
use replay::analysis::{Asked, RunData, Summary, Window, open, summarize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

fn by_hand() -> RunData {
    open(hand::directory(&hand::lines()).path(), Window::ALL).unwrap()
}

fn summary(data: &RunData) -> Summary {
    summarize(data, &Asked::of_run(&data.info))
}

fn text(data: &RunData, format: Format) -> String {
    let mut out = Vec::new();
    report::write(format, data, &Asked::of_run(&data.info), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn files(data: &RunData, format: FilesFormat) -> Vec<NamedFile> {
    report::files(format, data, &Asked::of_run(&data.info))
}

fn names(files: &[NamedFile]) -> Vec<&str> {
    files.iter().map(|file| file.name.as_str()).collect()
}

fn json_lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Reads a table by RFC 4180.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut chars = csv.chars().peekable();
    let mut is_quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(!is_quoted && row.is_empty() && cell.is_empty());
    rows
}

/// A value of a JSON line as its cell.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Each cell against the same key of the same record's line.
fn assert_table_has_the_lines(data: &RunData) {
    let lines = json_lines(&text(data, Format::Jsonl));
    let table = rows(&text(data, Format::Csv));
    assert_eq!(table.len(), lines.len() + 1);
    let keys: BTreeSet<&str> = table[0].iter().map(String::as_str).collect();
    for (row, line) in table[1..].iter().zip(&lines) {
        let line = line.as_object().unwrap();
        let expected: BTreeSet<&str> = line.keys().map(String::as_str).collect();
        assert_eq!(
            expected.difference(&keys).collect::<Vec<_>>(),
            [&"token_times"]
        );
        assert_eq!(row.len(), table[0].len());
        for (key, found) in table[0].iter().zip(row) {
            assert_eq!(*found, cell(&line[key]), "{key}");
        }
    }
}

#[test]
fn a_table_has_every_cell_of_the_lines() {
    assert_table_has_the_lines(&by_hand());
    // Names that would break a table, were they not quoted.
    let mut hostile = data(info(), 14, &requests());
    hostile.strings = vec!["a,b\n".into(), "say \"no\"".into(), "\r".into()];
    assert_table_has_the_lines(&hostile);
    let populations = json_lines(&text(&by_hand(), Format::Jsonl));
    assert_eq!(populations[0]["population"], "chat");
    assert_eq!(populations[1]["population"], "batch");
    assert_eq!(populations.last().unwrap()["population"], Value::Null);
}

#[test]
fn tables_of_seconds_and_sessions_add_up_to_the_summary() {
    let data = by_hand();
    let accounting = &data.accounting;
    let column = |table: &[Vec<String>], name: &str| -> Vec<String> {
        let place = table[0].iter().position(|key| key == name).expect(name);
        table[1..].iter().map(|row| row[place].clone()).collect()
    };
    let sum = |cells: Vec<String>| -> u64 { cells.iter().map(|c| c.parse::<u64>().unwrap()).sum() };
    let series = rows(&text(&data, Format::Series));
    assert_eq!(column(&series, "at_s"), ["0", "1", "2", "3", "4"]);
    assert_eq!(sum(column(&series, "sent")), accounting.sent);
    assert_eq!(sum(column(&series, "ok")), accounting.ok);
    assert_eq!(
        sum(column(&series, "failed")),
        accounting.error + accounting.timeout
    );
    assert_eq!(column(&series, "warm_up")[..2], ["true", "false"]);
    let sessions = rows(&text(&data, Format::Sessions));
    assert_eq!(column(&sessions, "session"), ["s1", "s2", "s3", "s4"]);
    assert_eq!(
        column(&sessions, "complete"),
        ["true", "true", "true", "false"]
    );
    // s1: sent at 1001 ms, its last turn ended at 4201 ms.
    assert_eq!(column(&sessions, "duration_ns")[0], "3200000000");
}

/// The example that inference-perf's guide prints of its `load_summary`.
const GUIDE: [&str; 5] = [
    "count",
    "schedule_delay",
    "send_duration",
    "requested_rate",
    "achieved_rate",
];
/// The guide's distribution, in its order.
const GUIDE_NUMBERS: [&str; 14] = [
    "mean", "min", "p0.1", "p1", "p5", "p10", "p25", "median", "p75", "p90", "p95", "p99", "p99.9",
    "max",
];

/// Every key with the keys above it, those of distributions left out.
fn keys(value: &Value, way: &str, found: &mut BTreeSet<String>) {
    let Some(map) = value.as_object() else { return };
    let inner = map.keys().filter(|key| !GUIDE_NUMBERS.contains(&&***key));
    for key in inner {
        let way = format!("{way}{key}");
        keys(&map[key], &format!("{way}."), found);
        found.insert(way);
    }
}

fn json_of(files: &[NamedFile], name: &str) -> Value {
    let name = format!("{name}_lifecycle_metrics.json");
    let file = files.iter().find(|file| file.name == name).expect(&name);
    serde_json::from_slice(&file.bytes).unwrap()
}

#[test]
fn inference_perf_finds_its_files_and_its_keys() {
    let files = files(&by_hand(), FilesFormat::InferencePerf);
    let expected = "summary stage_0 stage_1 stage_2 adapter_movie adapter_legal \
        adapter_movie_stage_1 adapter_movie_stage_2 adapter_legal_stage_1 adapter_legal_stage_2";
    let expected = expected.split_whitespace();
    let expected: BTreeSet<String> = expected
        .map(|name| format!("{name}_lifecycle_metrics.json"))
        .collect();
    let found: BTreeSet<String> = files.iter().map(|file| file.name.clone()).collect();
    assert_eq!(found, expected);

    let stage = json_of(&files, "stage_1");
    let load: BTreeSet<&str> = stage["load_summary"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(load, GUIDE.into_iter().collect());
    let delay = stage["load_summary"]["schedule_delay"].as_object().unwrap();
    let numbers: BTreeSet<&str> = delay.keys().map(String::as_str).collect();
    assert_eq!(numbers, GUIDE_NUMBERS.into_iter().collect());

    let mut found = BTreeSet::new();
    keys(&json_of(&files, "summary"), "", &mut found);
    let classes = found
        .iter()
        .filter(|key| key.starts_with("failures.by_label."));
    // 17 classes but the one of warm-up, each with its count and messages.
    assert!(classes.count() >= 16 * 3);
    found.retain(|key| !key.starts_with("failures.by_label."));
    let expected = "benchmark_time_seconds failures failures.by_label failures.count \
        failures.request_latency load_summary load_summary.count load_summary.schedule_delay \
        successes successes.count successes.goodput_metrics \
        successes.goodput_metrics.good_requests successes.goodput_metrics.goodput_percentage \
        successes.goodput_metrics.itl_attainment_percentage \
        successes.goodput_metrics.latency_from_scheduled_attainment_percentage \
        successes.goodput_metrics.ntpot_attainment_percentage \
        successes.goodput_metrics.request_goodput \
        successes.goodput_metrics.request_latency_attainment_percentage \
        successes.goodput_metrics.total_requests \
        successes.goodput_metrics.tpot_attainment_percentage \
        successes.goodput_metrics.ttft_attainment_percentage \
        successes.goodput_metrics.ttft_from_scheduled_attainment_percentage \
        successes.latency successes.latency.inter_token_latency \
        successes.latency.normalized_time_per_output_token successes.latency.request_latency \
        successes.latency.time_per_output_token successes.latency.time_to_first_token \
        successes.output_len successes.output_tokens successes.output_tokens.total \
        successes.prompt_tokens successes.prompt_tokens.total successes.throughput \
        successes.throughput.input_tokens_per_sec successes.throughput.output_tokens_per_sec \
        successes.throughput.requests_per_sec successes.throughput.total_tokens_per_sec \
        successes.token_count_mismatches";
    let expected: BTreeSet<String> = expected.split_whitespace().map(String::from).collect();
    assert_eq!(found, expected);
}

#[test]
fn inference_perf_finds_the_figures_of_the_summary() {
    let data = by_hand();
    let (files, summary) = (files(&data, FilesFormat::InferencePerf), summary(&data));
    let found = json_of(&files, "summary");
    let ours = serde_json::to_value(&summary).unwrap();
    for (theirs, pointer) in [
        ("/benchmark_time_seconds", "/throughput/duration_s"),
        ("/load_summary/count", "/load_summary/count"),
        (
            "/load_summary/schedule_delay/p99",
            "/load_summary/schedule_delay/p99",
        ),
        (
            "/successes/latency/request_latency/mean",
            "/latency_from_sent_s/mean",
        ),
        ("/successes/latency/time_to_first_token/p90", "/ttft_s/p90"),
        (
            "/successes/latency/time_per_output_token/median",
            "/tpot_s/median",
        ),
        ("/successes/latency/inter_token_latency/max", "/itl_s/max"),
        (
            "/successes/latency/normalized_time_per_output_token/mean",
            "/ntpot_s/mean",
        ),
        ("/successes/prompt_tokens/mean", "/input_tokens/mean"),
        ("/successes/output_tokens/max", "/output_tokens/max"),
        ("/failures/request_latency/mean", "/failed_latency_s/mean"),
        (
            "/successes/throughput/total_tokens_per_sec",
            "/throughput/total_tokens_per_s",
        ),
    ] {
        let value = found.pointer(theirs).unwrap_or_else(|| panic!("{theirs}"));
        assert!(value.is_number(), "{theirs}: {value}");
        assert_eq!(value, ours.pointer(pointer).unwrap(), "{theirs}");
    }
    // By hand: without warm-up 14 ok, 13 failed, 3 not sent, 2 cancelled of 32.
    assert_eq!(found["successes"]["count"], 14);
    assert_eq!(found["failures"]["count"], 16);
    assert_eq!(
        found["failures"]["by_label"]["stalled"],
        json!({"count": 1, "messages": []})
    );
    assert_eq!(found["successes"]["prompt_tokens"]["total"], 130 + 148);
    assert_eq!(found["successes"]["output_tokens"]["total"], 27 + 7);
    // A closed stage has no asked rate, and that is not 0.
    let closed = json_of(&files, "stage_2");
    assert_eq!(closed["load_summary"]["requested_rate"], Value::Null);
    assert!(closed["load_summary"]["achieved_rate"].is_number());
}

#[test]
fn aiperf_finds_a_line_for_each_request_that_was_sent() {
    let data = by_hand();
    let lines = json_lines(&text(&data, Format::Aiperf));
    assert_eq!(lines.len() as u64, data.accounting.sent);
    assert_eq!(report::aiperf::left_out(&data), 37 - 32);
    let of = |index: u64| {
        let found = lines.iter().find(|l| l["metadata"]["session_num"] == index);
        found.unwrap_or_else(|| panic!("no line of {index}"))
    };
    // Sent at 1001 ms; tokens at 1101, 1151, 1201 and 1301, ended at 1302. t0 is 2 ns.
    let expected = json!({
        "metadata": {
            "session_num": 4, "x_request_id": "4", "x_correlation_id": "s1",
            "conversation_id": "s1", "turn_index": 0, "credit_issued_ns": 1_000_000_002,
            "request_start_ns": 1_001_000_002, "request_ack_ns": 1_101_000_002,
            "request_end_ns": 1_302_000_002, "worker_id": "worker_0",
            "record_processor_id": "replay", "benchmark_phase": "profiling",
            "was_cancelled": false, "cancellation_time_ns": null,
        },
        "metrics": {
            "request_latency": {"value": 301.0, "unit": "ms"},
            "time_to_first_token": {"value": 100.0, "unit": "ms"},
            "time_to_second_token": {"value": 50.0, "unit": "ms"},
            "inter_token_latency": {"value": 66.666667, "unit": "ms"},
            "inter_chunk_latency": {"value": [50.0, 50.0, 100.0], "unit": "ms"},
            "output_sequence_length": {"value": 4, "unit": "tokens"},
            "input_sequence_length": {"value": 10, "unit": "tokens"},
        },
        "error": null,
    });
    let mut found = of(4).clone();
    let metrics = found["metrics"].as_object_mut().unwrap();
    let each = metrics.remove("output_token_throughput_per_user").unwrap();
    assert_eq!(found, expected);
    assert!((each["value"].as_f64().unwrap() - 15.0).abs() < 1e-6);
    assert_eq!(each["unit"], "tokens/sec/user");
    assert_eq!(of(0)["metadata"]["benchmark_phase"], "warmup");
    assert_eq!(of(0)["metadata"]["conversation_id"], "0");
    // Not streamed: no first token, rather than one at 0.
    assert_eq!(of(28)["metrics"].get("time_to_first_token"), None);
    let failed = of(10);
    let said =
        json!({"code": 500, "type": "status", "message": "error class status, HTTP status 500"});
    assert_eq!(failed["error"], said);
    assert_eq!(
        failed["metrics"],
        json!({"error_isl": {"value": 5, "unit": "tokens"}})
    );
    let cancelled = of(14);
    assert_eq!(cancelled["metadata"]["was_cancelled"], true);
    assert_eq!(
        cancelled["metadata"]["cancellation_time_ns"],
        2_301_300_002u64
    );
    assert_eq!(cancelled["error"]["code"], 499);
}

/// Value, share and count of each line, and the count that the end of the file says.
fn histogram(text: &str) -> (Vec<(f64, f64, u64)>, u64) {
    let cells = |line: &str| -> Vec<f64> {
        let words = line.split_whitespace();
        words.map(|word| word.parse().unwrap()).collect()
    };
    let lines = text.lines().skip(2).filter(|line| !line.starts_with('#'));
    let read = lines.map(|line| {
        let cells = cells(line);
        (cells[0], cells[1], cells[2] as u64)
    });
    let total = text.split("Total count    =").nth(1).unwrap();
    let total = total.split(']').next().unwrap().trim().parse().unwrap();
    (read.collect(), total)
}

#[test]
fn histograms_are_of_every_metric_with_samples_and_agree_with_the_summary() {
    let data = by_hand();
    let (files, summary) = (files(&data, FilesFormat::Hgrm), summary(&data));
    let expected: Vec<String> = Metric::ALL
        .iter()
        .filter(|metric| **metric != Metric::InFlight)
        .map(|metric| format!("{}.hgrm", metric.key()))
        .collect();
    assert_eq!(names(&files), expected);
    for (file, metric) in files.iter().zip(Metric::ALL) {
        let (lines, total) = histogram(std::str::from_utf8(&file.bytes).unwrap());
        let stats: &Stats = summary.overall.distribution(*metric).unwrap();
        let unit = if metric.unit().name() == "s" {
            1e3
        } else {
            1.0
        };
        let (first, last) = (lines[0], *lines.last().unwrap());
        let close = |found: f64, expected: f64| {
            assert!(
                (found - expected * unit).abs() < 1e-6,
                "{}: {found}, {expected}",
                file.name
            );
        };
        close(first.0, stats.min);
        close(last.0, stats.max);
        assert_eq!((last.1, last.2), (1.0, total), "{}", file.name);
        let median = lines.iter().find(|line| line.1 >= 0.5).unwrap();
        assert!(median.0 >= stats.min * unit && median.0 <= stats.max * unit);
    }
    let gaps = files.iter().find(|file| file.name == "itl_s.hgrm").unwrap();
    // 3 + 2 + 2 gaps of three answers, one each of three.
    assert_eq!(histogram(std::str::from_utf8(&gaps.bytes).unwrap()).1, 10);
}

#[test]
fn one_screen_is_enough_for_every_fixture() {
    let by_hand = by_hand();
    for (name, shown) in [
        ("fixture", text(&data(info(), 14, &requests()), PLAIN)),
        ("by hand", text(&by_hand, PLAIN)),
    ] {
        assert!(shown.lines().count() <= MAX_LINES, "{name}:\n{shown}");
        let widest = shown.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(MAX_COLUMNS), "{name}:\n{shown}");
    }
    let shown = text(&by_hand, PLAIN);
    for said in [
        "goodput  ",
        "ttft <= 150.0 ms: ",
        "in flight  ",
        "stages  ",
        "host  ",
    ] {
        assert!(shown.contains(said), "{said}:\n{shown}");
    }
}

const PLAIN: Format = Format::Text { colour: false };

fn report(directory: &Path, options: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_replay"))
        .arg("report")
        .arg(directory)
        .args(options.split_whitespace())
        .current_dir(directory)
        .output()
        .unwrap()
}

#[test]
fn the_program_writes_what_is_asked_for_and_refuses_what_would_change_nothing() {
    let directory = hand::directory(&hand::lines());
    let path = directory.path();
    let told = |options: &str, status: i32| {
        let output = report(path, options);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{options}: {told}");
        told
    };
    assert!(told("--format hgrm", 2).contains("with -o"));
    told("--format hgrm -o plots", 0);
    assert!(path.join("plots/ttft_s.hgrm").exists());
    assert!(told("--format hgrm -o plots", 2).contains("already there"));
    told("--format inference-perf -o theirs", 0);
    assert!(path.join("theirs/stage_1_lifecycle_metrics.json").exists());
    assert!(told("--format aiperf -o a.jsonl", 0).contains("have no line: 5"));
    assert!(told("--format csv --from 1s", 2).contains("--from and --to"));
    assert!(told("--format series --slo ttft=1s", 2).contains("--slo"));
    assert!(told("--from 2s --to 1s", 2).contains("--to"));
    assert!(told("--slo ttft=1s --slo ttft=2s", 2).contains("ttft"));
}

#[test]
fn a_window_and_objectives_of_a_report_replace_those_of_the_run() {
    let directory = hand::directory(&hand::lines());
    let output = report(
        directory.path(),
        "--format json --from 1s --to 2s --slo latency=10s --threshold error_share_is_no_key=1",
    );
    assert_eq!(output.status.code(), Some(2));
    let output = report(
        directory.path(),
        "--format json --from 1s --to 2s --slo latency=10s --threshold rate_min_requests=3",
    );
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    // 1000 to 1900 ms: 4 to 13.
    assert_eq!(summary["errors"]["requests"], 10);
    assert_eq!(summary["window"]["to_s"], 2.0);
    assert_eq!(
        summary["slos"],
        json!([{"metric": "latency", "limit_s": 10.0}])
    );
    assert_eq!(summary["verdict"]["thresholds"]["rate_min_requests"], 3);
}

/// The report on a terminal, made by Python's standard library.
fn on_a_terminal(directory: &Path, no_color: &str) -> String {
    let output = Command::new("python3")
        .args(["-c", "import pty, sys; pty.spawn(sys.argv[1:])"])
        .args([env!("CARGO_BIN_EXE_replay"), "report", "."])
        .current_dir(directory)
        .env("NO_COLOR", no_color)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("python3, which the tests need");
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

#[test]
fn colour_is_for_a_terminal_whose_user_has_not_forbidden_it() {
    let directory = hand::directory(&hand::lines());
    let plain = String::from_utf8(report(directory.path(), "").stdout).unwrap();
    assert!(plain.contains("INVALID") && !plain.contains('\u{1b}'));
    assert_eq!(on_a_terminal(directory.path(), "1"), plain);
    let coloured = on_a_terminal(directory.path(), "");
    assert!(coloured.contains("\u{1b}[1;31mINVALID"), "{coloured}");
}
