//! What the screen, the summary and the lines of the fixture say.

use crate::fixture::{Made, data, info, requests, summary};
use replay::analysis::Asked;
use replay::analysis::report::{
    self, Format,
    text::{MAX_COLUMNS, MAX_LINES},
};
use replay::run_info::RunInfo;
use serde_json::{Value, json};

fn report_of(format: Format, info: RunInfo, made: &[Made]) -> String {
    let data = data(info, 14, made);
    let mut out = Vec::new();
    report::write(format, &data, &Asked::of_run(&data.info), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn report(format: Format) -> String {
    report_of(format, info(), &requests())
}

fn lines() -> Vec<Value> {
    let text = report(Format::Jsonl);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const PLAIN: Format = Format::Text { colour: false };

#[test]
fn the_screen_of_the_fixture() {
    let golden = include_str!("screen.txt");
    assert_eq!(report(PLAIN), golden, "\n{}", report(PLAIN));
}

#[test]
fn no_line_is_longer_than_the_screen() {
    let mut info = info();
    info.targets[0].url = format!("http://{}", "long.".repeat(50));
    info.targets.extend(vec![info.targets[0].clone(); 30]);
    info.stages[1].name = Some("\u{1b}[31mred and endless".repeat(20));
    info.stages.extend(vec![info.stages[1].clone(); 30]);
    let text = report_of(PLAIN, info, &requests());
    assert!(!text.contains('\u{1b}'));
    for line in text.lines() {
        assert!(line.chars().count() <= MAX_COLUMNS, "{line}");
    }
    assert!(text.lines().count() <= MAX_LINES, "{text}");
}

#[test]
fn every_target_is_named_or_counted_and_unchecked_certificates_are_said_aloud() {
    let screen = |targets: usize, insecure: bool| {
        let mut info = info();
        info.targets = vec![info.targets[0].clone(); targets];
        info.effective.insecure = insecure;
        report_of(PLAIN, info, &requests())
    };
    let two = screen(2, false);
    assert_eq!(two.matches("(127.0.0.1:8000)").count(), 2);
    assert!(!two.contains("more, see run.json") && !two.contains("certificates"));
    let many = screen(7, true);
    assert_eq!(many.matches("(127.0.0.1:8000)").count(), 2);
    assert!(many.contains("and 5 more"), "{many}");
    assert!(many.contains("TLS certificates were not checked (--insecure)"));
}

#[test]
fn token_times_that_were_not_kept_are_null_and_never_an_empty_list() {
    let mut made = requests();
    made.iter_mut().for_each(|made| made.token_ns.clear());
    let text = report_of(Format::Jsonl, info(), &made);
    for (line, with) in text.lines().zip(lines()) {
        let mut expected = with;
        if expected["token_times"] != json!([]) {
            expected["token_times"] = Value::Null;
        }
        let found: Value = serde_json::from_str(line).unwrap();
        assert_eq!(found, expected);
    }
}

#[test]
fn colour_is_the_only_difference_that_colour_makes() {
    let coloured = report(Format::Text { colour: true });
    assert!(coloured.contains("\x1b[1;31mINVALID\x1b[0m"));
    let stripped = coloured.replace("\x1b[1;31m", "").replace("\x1b[0m", "");
    assert_eq!(stripped, report(PLAIN));
}

#[test]
fn json_is_the_summary_with_its_keys_in_order() {
    let text = report(Format::Json);
    let expected = serde_json::to_string_pretty(&summary(&data(info(), 14, &requests())));
    assert_eq!(text, expected.unwrap() + "\n");
    let keys = text
        .lines()
        .filter_map(|line| line.strip_prefix("  \"")?.split('"').next());
    let expected = [
        "format",
        "workload",
        "speed",
        "salt",
        "slos",
        "window",
        "verdict",
        "accounting",
        "load_summary",
        "latency_from_scheduled_s",
        "latency_from_sent_s",
        "ttft_s",
        "ttft_from_scheduled_s",
        "ttst_s",
        "itl_s",
        "tpot_s",
        "ntpot_s",
        "output_rate",
        "input_tokens",
        "output_tokens",
        "response_bytes",
        "failed_latency_s",
        "in_flight",
        "throughput",
        "usage",
        "cancellation",
        "errors",
        "goodput",
        "stages",
        "models",
        "adapters",
        "adapter_stages",
        "populations",
        "groups_left_out",
        "sessions",
        "connections",
    ];
    assert_eq!(keys.collect::<Vec<_>>(), expected);
    assert!(text.contains(r#""verdict": "INVALID""#));
    assert!(text.contains(r#""check": "not_sent""#));
}

#[test]
fn jsonl_has_every_key_of_a_request() {
    let expected = json!({
        "index": 2, "scheduled_ns": 1_000_000_000, "sent_ns": 1_000_100_000,
        "body_written_ns": 1_000_100_000, "first_byte_ns": 1_000_100_000,
        "first_token_ns": 1_020_100_000, "last_token_ns": 1_060_100_000,
        "end_ns": 1_061_100_000, "cancel_due_ns": null, "cancel_error_ns": null, "lag_ns": 100_000, "outcome": "ok", "http_status": 200,
        "error_class": null, "events": 4, "bytes": 100,
        "token_times": [1_020_100_000, 1_030_100_000, 1_040_100_000, 1_060_100_000],
        "input_tokens": 10, "output_tokens": 4, "usage_input": 10, "usage_output": 4,
        "connection": 0, "new_connection": false, "worker": 0, "target": 0, "stage": 1,
        "model": "llama-3.1-8b", "adapter": "movie", "session": "session_000007", "turn": 0, "population": null,
        "leaf": "02".repeat(32), "sent_sha256": null,
    });
    assert_eq!(lines()[2], expected);
}

#[test]
fn jsonl_writes_null_for_what_did_not_happen() {
    let lines = lines();
    let nulls = |line: &Value| {
        let fields = line.as_object().unwrap().iter();
        fields
            .filter(|(_, value)| value.is_null())
            .map(|(key, _)| key.clone())
            .collect::<Vec<_>>()
    };
    // Never sent: nothing but the plan, the reason and the worker is known.
    let mut expected: Vec<&str> = "sent_ns body_written_ns first_byte_ns first_token_ns \
        last_token_ns end_ns cancel_due_ns cancel_error_ns lag_ns sent_sha256 http_status events bytes token_times usage_input usage_output \
        connection new_connection adapter session turn population"
        .split_whitespace()
        .collect();
    let mut never = nulls(&lines[10]);
    never.sort();
    expected.sort();
    assert_eq!(never, expected);
    assert_eq!(lines[10]["outcome"], "not_sent");
    assert_eq!(lines[10]["error_class"], "connect");
    // Not streamed: no events, rather than 0 of them. Streamed without output: 0 and [].
    assert_eq!(
        (&lines[4]["events"], &lines[4]["token_times"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&lines[12]["events"], &lines[12]["token_times"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(lines[7]["http_status"], Value::Null);
    assert_eq!(lines[13]["new_connection"], true);
}

#[test]
fn jsonl_says_how_exactly_it_was_abandoned_where_it_went_and_what_was_sent() {
    let mut made = requests();
    // Due, but its answer was complete at the same time.
    made[9] = made[9].clone().cancel_after(110);
    made[9].record.target = 3.into();
    made[9].sent_sha256 = Some([0xee; 32]);
    let lines: Vec<Value> = report_of(Format::Jsonl, info(), &made)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [cancelled, answered] = [&lines[8], &lines[9]];
    assert_eq!(cancelled["outcome"], "cancelled");
    assert_eq!(cancelled["cancel_due_ns"], 1_649_800_000);
    assert_eq!(cancelled["cancel_error_ns"], 300_000);
    assert_eq!(cancelled["error_class"], Value::Null);
    assert_eq!(answered["cancel_due_ns"], answered["end_ns"]);
    assert_eq!(answered["cancel_error_ns"], Value::Null);
    assert_eq!(answered["target"], 3);
    assert_eq!(answered["sent_sha256"], "ee".repeat(32));
    // What stands behind the hash is still read as it was written.
    assert_eq!(answered["token_times"], json!([1_710_400_000]));
}

#[test]
fn jsonl_is_sorted_by_index_and_hides_no_record() {
    let mut made = requests();
    made.push(made[3].clone());
    made.reverse();
    let text = report_of(Format::Jsonl, info(), &made);
    let index = |line| {
        serde_json::from_str::<Value>(line).unwrap()["index"]
            .as_u64()
            .unwrap()
    };
    let indices: Vec<u64> = text.lines().map(index).collect();
    assert_eq!(indices, [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
}
