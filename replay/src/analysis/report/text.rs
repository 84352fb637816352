//! One screen for a reader: what was fired, whether to believe it, what came back.
//!
//! Units stand on every line; no line is longer than [`MAX_COLUMNS`]. Refuses to show more
//! figures than a reader compares: the rest is in the JSON.

use crate::analysis::cancellation::Cancellation;
use crate::analysis::load_summary::LoadSummary;
use crate::analysis::measures::Measures;
use crate::analysis::stats::Stats;
use crate::analysis::summary::{StageSummary, Summary};
use crate::analysis::verdict::{Check, Level, Reason, Word};
use crate::run_info::RunInfo;
use std::io::{self, Write};

/// Longest line in characters, colour not counted.
pub const MAX_COLUMNS: usize = 100;
/// Most stages that are listed; the rest is counted.
pub const MAX_STAGES: usize = 8;
/// Most targets that are named.
const MAX_TARGETS: usize = 4;
/// What is said of a run with `--insecure`, on stderr and in the report.
pub const NOT_CHECKED: &str = "TLS certificates were not checked (--insecure)";
/// What stands for a figure that is not known.
const UNKNOWN: &str = "-";

/// Writes the screen; `colour` marks the verdict with ANSI colours.
pub fn write(
    info: &RunInfo,
    summary: &Summary,
    colour: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut screen = Screen { out, colour };
    headline(&mut screen, info, summary)?;
    verdict(&mut screen, summary)?;
    accounting(&mut screen, summary)?;
    load(&mut screen, &summary.overall.load_summary)?;
    cancellation(&mut screen, &summary.overall.cancellation)?;
    durations(&mut screen, &summary.overall)?;
    server(&mut screen, summary)?;
    stages(&mut screen, &summary.stages)
}

/// Lines in two columns, cut to the width.
struct Screen<'a> {
    out: &'a mut dyn Write,
    colour: bool,
}

impl Screen<'_> {
    fn line(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.plain(&format!("{label:<14}{text}"))
    }

    /// A line whose label is marked.
    fn marked(&mut self, label: &str, level: Level, text: &str) -> io::Result<()> {
        let line = clip(&format!("{label:<14}{text}"));
        let rest = line.strip_prefix(label).filter(|_| self.colour);
        match rest {
            Some(rest) => writeln!(self.out, "\x1b[1;{}m{label}\x1b[0m{rest}", ansi(level)),
            None => writeln!(self.out, "{line}"),
        }
    }

    fn plain(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", clip(text.trim_end()))
    }

    fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }
}

fn ansi(level: Level) -> u8 {
    match level {
        Level::Note => 32,
        Level::Degraded => 33,
        Level::Invalid => 31,
    }
}

/// Cuts a line that is too long, visibly; control characters, which a name from a workload may
/// contain, become `?`.
fn clip(line: &str) -> String {
    let printable = |c: char| if c.is_control() { '?' } else { c };
    if line.chars().count() <= MAX_COLUMNS {
        return line.chars().map(printable).collect();
    }
    let kept = line.chars().take(MAX_COLUMNS - 1).map(printable);
    kept.chain(['…']).collect()
}

fn headline(screen: &mut Screen<'_>, info: &RunInfo, summary: &Summary) -> io::Result<()> {
    let hash = &summary.workload.content_hash;
    let short: String = hash.chars().take(12).collect();
    let speed = summary
        .speed
        .map_or(UNKNOWN.into(), |speed| format!("{speed}"));
    screen.line(
        "workload",
        &format!("{short}, {} requests", summary.workload.requests),
    )?;
    screen.line("content hash", hash)?;
    for target in info.targets.iter().take(MAX_TARGETS) {
        screen.line("target", &format!("{} ({})", target.url, target.address))?;
    }
    if info.targets.len() > MAX_TARGETS {
        let more = info.targets.len() - MAX_TARGETS;
        screen.line("", &format!("and {more} more, see run.json"))?;
    }
    if info.effective.insecure {
        screen.line("note", NOT_CHECKED)?;
    }
    screen.line("speed", &format!("{speed} ×"))?;
    if let Some(salt) = &info.effective.salt {
        let words = salt.words.join(" ");
        screen.line("salt", &format!("{} ({words})", salt.text))?;
    }
    screen.gap()
}

fn verdict(screen: &mut Screen<'_>, summary: &Summary) -> io::Result<()> {
    let (word, level, meaning) = match summary.verdict.verdict {
        Word::Valid => (
            "VALID",
            Level::Note,
            "the load was put on as the workload says",
        ),
        Word::Degraded => ("DEGRADED", Level::Degraded, "usable with care"),
        Word::Invalid => (
            "INVALID",
            Level::Invalid,
            "not a measurement of this workload",
        ),
    };
    screen.marked(word, level, meaning)?;
    for reason in &summary.verdict.reasons {
        let level = match reason.level {
            Level::Note => "  note",
            Level::Degraded => "  degraded",
            Level::Invalid => "  invalid",
        };
        screen.line(level, &words(reason))?;
    }
    screen.gap()
}

/// The cause and, where there is one, the next step.
fn words(reason: &Reason) -> String {
    let value = reason.value.unwrap_or_default();
    let limit = reason.threshold.unwrap_or_default();
    let (value_ms, limit_ms) = (millis(value), millis(limit));
    let (value_pc, limit_pc) = (percent(value), percent(limit));
    match reason.check {
        Check::WorkloadNotVerified => {
            "hashes of the workload not checked: run without --no-verify".into()
        }
        Check::Unaccounted => format!("requests unaccounted for: {value}"),
        Check::NotSent => format!("requests not sent: {value}, see errors below"),
        Check::Dropped => {
            format!("{value_pc} of the requests dropped: lift --max-in-flight or the stage's cap")
        }
        Check::SessionEnded => {
            format!("turns not sent because one before them failed: {value}")
        }
        Check::Truncated => "records cut off: the run was killed or the disk is full".into(),
        Check::Interrupted => "interrupted by the user".into(),
        Check::NotFinished => "no end in run.json: the run goes on or was killed".into(),
        Check::NothingMeasured => "no request outside warm-up stages was sent".into(),
        Check::NothingAnswered => "every request failed: is --url right? see errors below".into(),
        Check::ScheduleDelayP99 => {
            format!(
                "schedule delay p99 {value_ms} > {limit_ms}: free the CPU, add --workers, lift --max-in-flight"
            )
        }
        Check::AchievedRate => {
            format!("achieved rate is {value_pc} off schedule (> {limit_pc}): add --workers")
        }
        Check::AchievedRateTooFewRequests => {
            format!(
                "achieved rate not judged: requests with their own time: {value}, needed: {limit}"
            )
        }
        Check::AchievedRateShortSpan => {
            format!("achieved rate not judged: schedule spans {value_ms}, needed: {limit_ms}")
        }
        Check::ErrorShare => format!("{value_pc} of the requests sent and not cancelled failed"),
        Check::InvoluntaryContextSwitches => {
            format!("the CPU was taken away {value:.1} times per second (> {limit})")
        }
    }
}

fn accounting(screen: &mut Screen<'_>, summary: &Summary) -> io::Result<()> {
    let a = &summary.accounting;
    let requests = format!(
        "{} scheduled: {} sent, {} not sent, {} unaccounted",
        a.scheduled, a.sent, a.not_sent, a.unaccounted
    );
    screen.line("requests", &requests)?;
    let outcomes = format!(
        "{} ok, {} error, {} timeout, {} cancelled",
        a.ok, a.error, a.timeout, a.cancelled
    );
    screen.line("outcomes", &outcomes)?;
    if !a.errors_by_class.is_empty() {
        let classes = a.errors_by_class.iter();
        let classes: Vec<String> = classes
            .map(|(class, count)| format!("{count} {class}"))
            .collect();
        screen.line("errors", &classes.join(", "))?;
    }
    if let Some(why) = &a.truncated {
        screen.line("truncated", why)?;
    }
    screen.gap()
}

fn load(screen: &mut Screen<'_>, load: &LoadSummary) -> io::Result<()> {
    let text = format!(
        "{} req/s asked, {} scheduled, {} achieved; {} requests in {}",
        rate(load.requested_rate),
        rate(load.scheduled_rate),
        rate(load.achieved_rate),
        load.count,
        seconds(load.send_duration),
    );
    screen.line("load", &text)?;
    if load.paced < load.count && load.paced > 0 {
        let text = format!(
            "{} requests with their own time: {} req/s scheduled, {} achieved",
            load.paced,
            rate(load.scheduled_rate),
            rate(load.paced_rate),
        );
        screen.line("on schedule", &text)?;
    }
    screen.line("sent late by", &late(load.schedule_delay.as_ref()))
}

fn cancellation(screen: &mut Screen<'_>, requests: &Cancellation) -> io::Result<()> {
    if requests.asked > 0 {
        let text = format!(
            "{} of {} that were to be, {} answered before",
            requests.cancelled, requests.asked, requests.answered_before
        );
        screen.line("cancelled", &text)?;
        screen.line("  late by", &late(requests.error_s.as_ref()))?;
    }
    screen.gap()
}

fn late(delay: Option<&Stats>) -> String {
    delay.map_or(UNKNOWN.into(), |delay| {
        let (median, p99, max) = (millis(delay.median), millis(delay.p99), millis(delay.max));
        format!("{median} median, {p99} p99, {max} max")
    })
}

fn durations(screen: &mut Screen<'_>, measures: &Measures) -> io::Result<()> {
    let columns = ["mean", "median", "p90", "p99", "max"];
    screen.plain(&row("", columns.map(String::from)))?;
    for (name, stats) in [
        ("latency from schedule", &measures.latency_from_scheduled_s),
        ("latency from sending", &measures.latency_from_sent_s),
        ("TTFT from schedule", &measures.ttft_from_scheduled_s),
        ("TTFT from sending", &measures.ttft_s),
        ("ITL", &measures.itl_s),
        ("TPOT", &measures.tpot_s),
    ] {
        let unknown = || [UNKNOWN; 5].map(String::from);
        let known = |s: &Stats| [s.mean, s.median, s.p90, s.p99, s.max].map(millis);
        screen.plain(&row(name, stats.as_ref().map_or_else(unknown, known)))?;
    }
    screen.gap()
}

/// A name and five figures, right-aligned.
fn row(name: &str, [a, b, c, d, e]: [String; 5]) -> String {
    format!("{name:<24}{a:>13}{b:>13}{c:>13}{d:>13}{e:>13}")
}

fn server(screen: &mut Screen<'_>, summary: &Summary) -> io::Result<()> {
    let done = &summary.overall.throughput;
    let text = format!(
        "{} output tok/s, {} input tok/s, {} ok req/s over {}",
        rate(done.output_tokens_per_s),
        rate(done.input_tokens_per_s),
        rate(done.requests_per_s),
        seconds(done.duration_s),
    );
    screen.line("throughput", &text)?;
    let text = format!(
        "{} by server usage, {} by events; requests with neither: {}",
        done.output_tokens_from_usage, done.output_tokens_from_events, done.output_unknown_requests
    );
    screen.line("output tokens", &text)?;
    let usage = &summary.overall.usage;
    let text = format!(
        "requests with it: {}; other than the workload says: {} input, {} output",
        usage.reported, usage.input_mismatches, usage.output_mismatches
    );
    screen.line("server usage", &text)?;
    let opened = summary.connections.new_during_run;
    screen.line("connections", &format!("opened during the run: {opened}"))
}

/// Stages, when there is more than the one that the figures above are of.
fn stages(screen: &mut Screen<'_>, stages: &[StageSummary]) -> io::Result<()> {
    if stages.len() < 2 {
        return Ok(());
    }
    screen.gap()?;
    let columns = ["asked", "achieved", "late p99", "TTFT p99", "latency p99"];
    screen.plain(&row("stage", columns.map(String::from)))?;
    for stage in stages.iter().take(MAX_STAGES) {
        screen.plain(&stage_row(stage))?;
    }
    let more = stages.len().saturating_sub(MAX_STAGES);
    if more > 0 {
        screen.plain(&format!("and {more} more: see --format json"))?;
    }
    Ok(())
}

fn stage_row(stage: &StageSummary) -> String {
    let name = stage.name.as_deref().unwrap_or_default();
    let warm_up = if stage.warm_up { "(warm-up)" } else { "" };
    let name: String = format!("{} {name} {warm_up}", stage.stage)
        .chars()
        .take(24)
        .collect();
    let load = &stage.measures.load_summary;
    let per_second = |value: Option<f64>| match value {
        Some(_) => format!("{}/s", rate(value)),
        None => UNKNOWN.into(),
    };
    let p99 = |stats: &Option<Stats>| stats.as_ref().map_or(UNKNOWN.into(), |s| millis(s.p99));
    let figures = [
        per_second(load.requested_rate),
        per_second(load.achieved_rate),
        p99(&load.schedule_delay),
        p99(&stage.measures.ttft_s),
        p99(&stage.measures.latency_from_scheduled_s),
    ];
    row(&name, figures)
}

/// Four significant digits or all whole ones.
fn digits(value: f64) -> String {
    match value.abs() {
        small if small < 9.9995 => format!("{value:.3}"),
        middle if middle < 99.995 => format!("{value:.2}"),
        large if large < 999.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn millis(seconds: f64) -> String {
    format!("{} ms", digits(seconds * 1e3))
}

fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or(UNKNOWN.into(), |seconds| format!("{} s", digits(seconds)))
}

fn percent(share: f64) -> String {
    format!("{} %", digits(share * 100.0))
}

fn rate(per_second: Option<f64>) -> String {
    per_second.map_or(UNKNOWN.into(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_four_digits() {
        let shown = [0.00005, 9.9996, 12.3456, 123.456, 999.96, 12345.6, -0.17].map(digits);
        let expected = [
            "0.000", "10.00", "12.35", "123.5", "1000", "12346", "-0.170",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_long_line_is_cut_visibly_and_never_inside_a_character() {
        assert_eq!(clip(&"é".repeat(100)), "é".repeat(100));
        assert_eq!(clip(&"é".repeat(101)), "é".repeat(99) + "…");
        assert_eq!(clip("a\x1b[2Jb"), "a?[2Jb");
    }
}
