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

pub fn prefixed(prefix: &str, file: &str, item: &str, but: &[&str]) -> Vec<String> {
    let names = members(file, item).into_iter();
    names
        .filter(|name| !but.contains(&name.as_str()))
        .map(|name| format!("{prefix}{name}"))
        .collect()
}

pub fn assert_keys(marker: &str, parts: &[Vec<String>]) {
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
        "slos",
        "stages",
        "clock",
        "threads",
        "host",
        "engine",
        "counters",
    ];
    assert_keys(
        "run keys",
        &[
            prefixed("", file, "RunInfo", &objects),
            prefixed("workload.", file, "WorkloadInfo", &[]),
            prefixed("origins.", file, "Origins", &[]),
            prefixed("effective.", file, "Settings", &[]),
            prefixed("effective.salt.", file, "Salting", &[]),
            prefixed("engine.", file, "EngineInfo", &[]),
            prefixed("targets[].", file, "Target", &[]),
            prefixed("targets[].tls.", file, "TlsFacts", &[]),
            prefixed("stages[].", file, "StageInfo", &[]),
            prefixed("clock.", file, "ClockInfo", &["timer"]),
            prefixed("clock.timer.", file, "TimerCalibration", &[]),
            prefixed("slos[].", "analysis/slo.rs", "Slo", &[]),
            prefixed("threads[].", file, "ThreadInfo", &[]),
            prefixed("threads[].used.", file, "ThreadUse", &[]),
            prefixed("host.", file, "HostInfo", &[]),
            prefixed("counters.", file, "Counters", &[]),
            prefixed("end.", file, "RunEnd", &[]),
        ],
    );
}

#[test]
fn summary_json_keys_are_those_of_the_program() {
    let (summary, measures) = ("analysis/summary.rs", "analysis/measures.rs");
    let (tokens, goodput) = ("analysis/tokens.rs", "analysis/goodput.rs");
    let objects = [
        "workload",
        "slos",
        "window",
        "verdict",
        "accounting",
        "overall",
        "stages",
        "models",
        "adapters",
        "adapter_stages",
        "populations",
        "sessions",
        "connections",
    ];
    let parts = [
        "load_summary",
        "throughput",
        "usage",
        "cancellation",
        "errors",
        "goodput",
    ];
    let named = |list: &str| prefixed(list, summary, "NamedSummary", &["measures"]);
    let of = |prefix: &str, file: &str, item: &str| {
        prefixed(prefix, &format!("analysis/{file}.rs"), item, &[])
    };
    assert_keys(
        "summary keys",
        &[
            prefixed("", summary, "Summary", &objects),
            prefixed("workload.", summary, "Fired", &[]),
            prefixed("slos[].", summary, "SloLimit", &[]),
            prefixed("window.", summary, "Measured", &[]),
            prefixed("stages[].", summary, "StageSummary", &["measures"]),
            named("models[]."),
            named("adapters[]."),
            prefixed(
                "adapter_stages[].",
                summary,
                "AdapterStageSummary",
                &["measures"],
            ),
            named("populations[]."),
            prefixed("connections.", summary, "Connections", &[]),
            prefixed("", measures, "Measures", &parts),
            of("load_summary.", "load_summary", "LoadSummary"),
            of("cancellation.", "cancellation", "Cancellation"),
            prefixed("throughput.", tokens, "Throughput", &[]),
            prefixed("usage.", tokens, "Usage", &[]),
            of("errors.", "errors", "Errors"),
            prefixed("goodput.", goodput, "Goodput", &["slos"]),
            prefixed("goodput.slos[].", goodput, "Attainment", &[]),
            of("sessions.", "sessions", "Sessions"),
            of("accounting.", "accounting", "Accounting"),
            prefixed("verdict.", "analysis/verdict/mod.rs", "Verdict", &[]),
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
fn every_metric_is_a_distribution_of_its_unit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../replay/src/analysis/metric.rs");
    let source = std::fs::read_to_string(path).unwrap();
    let (_, keys) = source.split_once("pub fn key(self)").unwrap();
    let (keys, units) = keys.split_once("pub fn unit(self)").unwrap();
    let (units, _) = units.split_once("\n    }\n").unwrap();
    let unit_of = |metric: &str| {
        let name = format!("Metric::{metric}");
        let named = |line: &&str| line.split([' ', '|']).any(|word| word == name);
        let line = units.lines().find(named).unwrap_or("=> Unit::Seconds,");
        match line.split("Unit::").nth(1).unwrap().trim_end_matches(',') {
            "Seconds" => "s",
            "Tokens" => "tokens",
            "TokensPerSecond" => "tokens/s",
            "Bytes" => "bytes",
            "Requests" => "requests",
            other => panic!("{other}"),
        }
    };
    let rows = table(RESULTS, "summary keys");
    let mut metrics = 0;
    for line in keys.lines().filter(|line| line.contains("=> \"")) {
        let metric = line.trim().trim_start_matches("Metric::");
        let metric = metric.split(' ').next().unwrap();
        let key = line.split('"').nth(1).unwrap();
        let row = rows.iter().find(|row| row[0] == key).expect(key);
        assert_eq!(
            row[1],
            format!("{}, distribution", unit_of(metric)),
            "{key}"
        );
        metrics += 1;
    }
    // Those of sessions are of sessions, not of requests.
    let of_requests = rows
        .iter()
        .filter(|row| row[1].ends_with("distribution") && !row[0].starts_with("sessions."));
    assert_eq!(of_requests.count(), metrics);
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
    let actual = members("analysis/verdict/check.rs", "Check")
        .into_iter()
        .map(snake)
        .collect();
    assert_keys("verdict checks", &[actual]);
}

/// Key and default of each threshold, from the source of `replay`.
fn thresholds() -> Vec<(String, f64)> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../replay/src/analysis/verdict/thresholds.rs");
    let source = std::fs::read_to_string(path).unwrap();
    let (_, defaults) = source.split_once("impl Default for Thresholds").unwrap();
    let (_, defaults) = defaults.split_once("Thresholds {\n").unwrap();
    let (defaults, _) = defaults.split_once('}').unwrap();
    let pairs = defaults.lines().filter_map(|line| line.split_once(':'));
    pairs
        .map(|(key, value)| {
            let value = value.trim().trim_end_matches(',').parse().expect(key);
            (key.trim().to_owned(), value)
        })
        .collect()
}

#[test]
fn verdict_thresholds_are_those_of_the_program() {
    let rows = table(RESULTS, "verdict thresholds");
    let said: Vec<(String, f64)> = rows
        .iter()
        .map(|row| (row[0].to_owned(), row[1].parse().expect(row[0])))
        .collect();
    assert_eq!(said, thresholds());
    for row in table(RESULTS, "verdict checks") {
        let named = row[3].split('`').nth(1);
        let Some(start) = named.and_then(|named| named.strip_suffix('…')) else {
            continue;
        };
        let levels = said.iter().filter(|(key, _)| key.starts_with(start));
        assert_eq!(levels.count(), row[1].split(", ").count(), "{}", row[0]);
    }
}
