//! A comparison for a reader: first in what the runs were not alike, then the figures in columns.
//!
//! Refuses to show more figures than a reader compares: the rest is in the JSON.

use crate::analysis::compare::pair::{Change, Pair};
use crate::analysis::compare::spread::Range;
use crate::analysis::compare::{Comparison, Difference, Stat};
use crate::analysis::metric::Metric;
use crate::analysis::report::text::clip;
use serde_json::Value;
use std::io::{self, Write};

/// Most runs that are listed; of the rest only the number is told.
const MAX_RUNS: usize = 26;
/// Metrics that are shown.
const SHOWN: [Metric; 6] = [
    Metric::ScheduleDelay,
    Metric::LatencyFromScheduled,
    Metric::Ttft,
    Metric::Itl,
    Metric::Tpot,
    Metric::OutputRate,
];
/// What stands for a figure that is not known.
const UNKNOWN: &str = "-";

/// Writes the comparison.
pub fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    for difference in &comparison.differences {
        warning(difference, out)?;
    }
    for (i, run) in comparison.runs.iter().enumerate().take(MAX_RUNS) {
        let word = serde_json::to_value(run.verdict).unwrap_or_default();
        let (word, requests) = (word.as_str().unwrap_or_default().to_owned(), run.requests);
        let line = format!(
            "{}  {word:<8}  {requests} requests  {}",
            letter(i),
            run.directory
        );
        writeln!(out, "{}", clip(&line))?;
    }
    if comparison.runs.len() > MAX_RUNS {
        writeln!(out, "and {} more", comparison.runs.len() - MAX_RUNS)?;
    }
    writeln!(out)?;
    match &comparison.pair {
        Some(pair) => changes(pair, out),
        None => ranges(&comparison.spread, out),
    }
}

fn warning(difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
    let loud = match difference.what.as_str() {
        "workload.content_hash" => "DIFFERENT WORKLOADS".to_owned(),
        "effective.speed" => "DIFFERENT SPEED".to_owned(),
        "effective.salt" => "DIFFERENT SALT".to_owned(),
        "targets[].url" => "DIFFERENT ENDPOINTS".to_owned(),
        "verdict.verdict" => "NOT VALID".to_owned(),
        what => format!("DIFFERENT {}", what.to_uppercase()),
    };
    writeln!(out, "{}", clip(&format!("{loud}: {}", difference.means)))?;
    for (i, value) in difference.values.iter().enumerate().take(MAX_RUNS) {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        writeln!(out, "{}", clip(&format!("    {}  {text}", letter(i))))?;
    }
    writeln!(out)
}

/// A, B, …; behind Z nothing is listed.
fn letter(i: usize) -> char {
    char::from(b'A' + i as u8)
}

fn changes(pair: &Pair, out: &mut dyn Write) -> io::Result<()> {
    let head = ["A", "B", "change", "95 % of B - A"];
    let [a, b, change, interval] = head;
    writeln!(out, "{:<36}{a:>14}{b:>14}{change:>10}  {interval:>22}", "")?;
    for it in pair.changes.iter().filter(|it| is_shown(it.key)) {
        writeln!(out, "{}", clip(change_line(it).trim_end()))?;
    }
    let [a, b] = pair.blocks;
    writeln!(
        out,
        "\n* the interval does not hold 0. {} replicates of {a} and {b} blocks of requests; it knows\n\
         nothing of how runs differ from day to day: compare three or more for that. Of twenty\n\
         intervals one misses by chance. All figures: --json",
        pair.replicates
    )
}

fn change_line(it: &Change) -> String {
    let [a, b] = [it.a, it.b].map(|value| shown(value, it.unit));
    let change = it.change.map_or(UNKNOWN.to_owned(), |change| {
        format!("{:+.1} %", change * 100.0)
    });
    let interval = it.interval.map_or(UNKNOWN.to_owned(), |ends| {
        let [low, high] = ends.map(|end| plain(end * scale(it.unit), true));
        format!("{low} … {high}")
    });
    let mark = if it.is_marked { "*" } else { "" };
    let name = name(it.key, it.stat, it.unit);
    format!("{name:<36}{a:>14}{b:>14}{change:>10}  {interval:>22} {mark}")
}

fn ranges(ranges: &[Range], out: &mut dyn Write) -> io::Result<()> {
    let head = ["mean", "min", "max", "std", "CV"];
    let [mean, min, max, std, cv] = head;
    writeln!(
        out,
        "{:<36}{mean:>13}{min:>13}{max:>13}{std:>13}{cv:>9}",
        ""
    )?;
    for it in ranges.iter().filter(|it| is_shown(it.key)) {
        let name = name(it.key, it.stat, it.unit);
        let [mean, min, max] = [it.mean, it.min, it.max].map(|value| shown(Some(value), it.unit));
        let std = shown(it.std, it.unit);
        let cv = it
            .cv
            .map_or(UNKNOWN.to_owned(), |cv| format!("{:.1} %", cv * 100.0));
        writeln!(
            out,
            "{name:<36}{mean:>13}{min:>13}{max:>13}{std:>13}{cv:>9}"
        )?;
    }
    writeln!(
        out,
        "\nstd and CV (std / mean) are of the runs' figures, each run once. All figures: --json"
    )
}

fn is_shown(key: &str) -> bool {
    let metric = Metric::ALL.iter().find(|metric| metric.key() == key);
    metric.is_none_or(|metric| SHOWN.contains(metric))
}

/// A key of the summary, what of it, and in what.
fn name(key: &str, stat: Option<Stat>, unit: &str) -> String {
    let key = key.rsplit('.').next().unwrap_or(key);
    let key = key.trim_end_matches("_per_s").trim_end_matches("_s");
    let key = match key {
        "share" => "good",
        "rate" => "errors",
        key => key,
    };
    let unit = match unit {
        "s" => "ms",
        "of 1" => "%",
        unit => unit,
    };
    let stat = stat.map_or("", Stat::name);
    format!(
        "{} {stat}{}{unit}",
        key.replace('_', " "),
        if stat.is_empty() { "" } else { " " }
    )
}

/// From a unit to the one that is shown.
fn scale(unit: &str) -> f64 {
    match unit {
        "s" => 1e3,
        "of 1" => 1e2,
        _ => 1.0,
    }
}

fn shown(value: Option<f64>, unit: &str) -> String {
    value.map_or(UNKNOWN.to_owned(), |value| {
        plain(value * scale(unit), false)
    })
}

/// With as many digits as mean something beside others.
fn plain(value: f64, signed: bool) -> String {
    let digits = match value.abs() {
        0.0..1.0 => 4,
        1.0..100.0 => 3,
        100.0..10_000.0 => 2,
        _ => 0,
    };
    match signed {
        true => format!("{value:+.digits$}"),
        false => format!("{value:.digits$}"),
    }
}
