//! The records file, `run.json` and `summary.json` against the program.

use super::{RESULTS, block, bytes_of, table};
use schemas::frames::{TokenTimes, records_header};
use schemas::records::RecordsHeader;
use std::collections::BTreeSet;
use std::path::Path;
use zerocopy::IntoBytes;

#[test]
fn the_token_time_example_is_right() {
    let lines = block(RESULTS, "<!-- token times example -->\n");
    let line = |name: &str| {
        lines
            .iter()
            .find_map(|line| line.strip_prefix(name))
            .expect(name)
    };
    let sent_ns: u64 = line("sent_ns").trim().parse().unwrap();
    let mut times = TokenTimes::default();
    for time in line("token_ns").split_whitespace() {
        times.push(sent_ns, time.parse().unwrap());
    }
    assert_eq!(times.bytes(), bytes_of(line("bytes")));
}

#[test]
fn the_checksum_is_the_named_one_over_the_named_bytes() {
    assert!(RESULTS.contains(&format!(
        "of `123456789`: {:08x}",
        crc32c::crc32c(b"123456789")
    )));
    let header = records_header([7; 32], 9);
    assert_eq!(
        header.crc32c.get(),
        crc32c::crc32c(&header.as_bytes()[..56])
    );
    assert_eq!(std::mem::offset_of!(RecordsHeader, crc32c), 56);
}

/// Field names of a `pub struct` and variants of a `pub enum` in a source file of `replay`, which
/// this crate cannot depend on.
fn members(file: &str, item: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../replay/src")
        .join(file);
    let source = std::fs::read_to_string(&path).unwrap();
    let start = source
        .find(&format!("pub struct {item} {{"))
        .or_else(|| source.find(&format!("pub enum {item} {{")))
        .unwrap_or_else(|| panic!("{file} has no {item}"));
    let body = source[start..]
        .lines()
        .skip(1)
        .take_while(|line| *line != "}");
    let lines = body
        .map(str::trim)
        .filter(|line| !line.starts_with("//") && !line.is_empty());
    let mut renamed = None;
    let mut names = Vec::new();
    for line in lines {
        match (
            line.strip_prefix("#[serde(rename = \""),
            line.starts_with('#'),
        ) {
            (Some(rest), _) => renamed = rest.split('"').next().map(str::to_owned),
            (None, true) => {}
            (None, false) => {
                let name = line
                    .trim_start_matches("pub ")
                    .split([':', ','])
                    .next()
                    .unwrap();
                names.push(renamed.take().unwrap_or_else(|| name.to_owned()));
            }
        }
    }
    names
}

fn prefixed(prefix: &str, file: &str, item: &str, but: &[&str]) -> Vec<String> {
    let names = members(file, item).into_iter();
    names
        .filter(|name| !but.contains(&name.as_str()))
        .map(|name| format!("{prefix}{name}"))
        .collect()
}

fn assert_keys(marker: &str, parts: &[Vec<String>]) {
    let rows = table(RESULTS, marker);
    let said: BTreeSet<_> = rows.iter().map(|row| row[0].to_owned()).collect();
    let actual: BTreeSet<_> = parts.iter().flatten().cloned().collect();
    assert_eq!(
        said, actual,
        "{marker}: left RESULTS.md, right replay's types"
    );
    assert_eq!(said.len(), rows.len(), "{marker}: a key stands twice");
}

#[test]
fn run_json_keys_are_those_of_the_program() {
    let file = "run_info.rs";
    let objects = [
        "workload",
        "origins",
        "effective",
        "targets",
        "stages",
        "clock",
        "threads",
        "host",
    ];
    assert_keys(
        "run keys",
        &[
            prefixed("", file, "RunInfo", &objects),
            prefixed("workload.", file, "WorkloadInfo", &[]),
            prefixed("origins.", file, "Origins", &[]),
            prefixed("effective.", file, "Settings", &[]),
            prefixed("effective.salt.", file, "Salting", &[]),
            prefixed("targets[].", file, "Target", &[]),
            prefixed("stages[].", file, "StageInfo", &[]),
            prefixed("clock.", file, "ClockInfo", &["timer"]),
            prefixed("clock.timer.", file, "TimerCalibration", &[]),
            prefixed("threads[].", file, "ThreadInfo", &[]),
            prefixed("host.", file, "HostInfo", &[]),
            prefixed("end.", file, "RunEnd", &[]),
        ],
    );
}

#[test]
fn summary_json_keys_are_those_of_the_program() {
    let (summary, measures) = ("analysis/summary.rs", "analysis/measures.rs");
    let objects = [
        "workload",
        "verdict",
        "accounting",
        "overall",
        "stages",
        "connections",
    ];
    assert_keys(
        "summary keys",
        &[
            prefixed("", summary, "Summary", &objects),
            prefixed("workload.", summary, "Fired", &[]),
            prefixed("stages[].", summary, "StageSummary", &["measures"]),
            prefixed("connections.", summary, "Connections", &[]),
            prefixed(
                "",
                measures,
                "Measures",
                &["load_summary", "throughput", "usage", "cancellation"],
            ),
            prefixed(
                "load_summary.",
                "analysis/load_summary.rs",
                "LoadSummary",
                &[],
            ),
            prefixed(
                "cancellation.",
                "analysis/cancellation.rs",
                "Cancellation",
                &[],
            ),
            prefixed("throughput.", measures, "Throughput", &[]),
            prefixed("usage.", measures, "Usage", &[]),
            prefixed("accounting.", "analysis/accounting.rs", "Accounting", &[]),
            prefixed("verdict.", "analysis/verdict.rs", "Verdict", &[]),
        ],
    );
    for name in members("analysis/stats.rs", "Stats") {
        assert!(
            RESULTS.contains(&format!("`{name}`")),
            "distribution key {name}"
        );
    }
}

#[test]
fn verdict_checks_are_those_of_the_program() {
    let snake = |name: String| {
        let parts = name.char_indices().map(|(at, letter)| match letter {
            upper if upper.is_ascii_uppercase() && at > 0 => {
                format!("_{}", upper.to_ascii_lowercase())
            }
            other => other.to_ascii_lowercase().to_string(),
        });
        parts.collect::<String>()
    };
    let actual = members("analysis/verdict.rs", "Check")
        .into_iter()
        .map(snake)
        .collect();
    assert_keys("verdict checks", &[actual]);
    for name in members("analysis/verdict.rs", "Thresholds") {
        assert!(
            RESULTS.contains(&format!("`{name}`")),
            "threshold key {name}"
        );
    }
}

/// The value of a `pub const` number in `replay/src/analysis/verdict.rs`.
fn verdict_constant(name: &str) -> f64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../replay/src/analysis/verdict.rs");
    let source = std::fs::read_to_string(path).unwrap();
    let (_, rest) = source
        .split_once(&format!("pub const {name}: "))
        .expect(name);
    let (_, value) = rest.split_once("= ").expect(name);
    value.split(';').next().unwrap().parse().unwrap()
}

#[test]
fn verdict_thresholds_are_those_of_the_program() {
    let rows = table(RESULTS, "verdict checks");
    for (check, constants) in [
        (
            "schedule_delay_p99",
            &["DELAY_P99_DEGRADED_S", "DELAY_P99_INVALID_S"][..],
        ),
        (
            "achieved_rate",
            &["RATE_ERROR_DEGRADED", "RATE_ERROR_INVALID"],
        ),
        ("dropped", &["DROPPED_DEGRADED", "DROPPED_INVALID"]),
        ("achieved_rate_too_few_requests", &["RATE_MIN_REQUESTS"]),
        ("achieved_rate_short_span", &["RATE_MIN_SPAN_S"]),
        ("involuntary_context_switches", &["SWITCHES_PER_S_NOTE"]),
    ] {
        let row = rows.iter().find(|row| row[0] == check).expect(check);
        let words = row[3]
            .split([' ', ',', ':'])
            .filter_map(|word| word.parse::<f64>().ok());
        let actual: Vec<_> = constants
            .iter()
            .map(|name| verdict_constant(name))
            .collect();
        assert_eq!(words.collect::<Vec<_>>(), actual, "{check}");
    }
}
