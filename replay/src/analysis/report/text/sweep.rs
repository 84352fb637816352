//! One screen for the reader of a sweep: where the server is saturated, up to where it keeps up,
//! what rate meets the SLOs, and a line for each step.

use super::{UNKNOWN, ansi, clip, digits, labelled as line, millis, percent};
use crate::analysis::verdict::{Level, Word};
use crate::sweep::result::{Goal, Knee, LimitedBy, Saturation, StepResult, SweepResult};
use schemas::hints::Progression;
use std::io::{self, Write};

/// Most steps that are listed.
const MAX_STEPS: usize = 24;
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// Writes the screen; `colour` marks the knee's step and verdicts with ANSI colours.
pub fn write(sweep: &SweepResult, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    headline(sweep, out)?;
    if let Some(found) = &sweep.saturation {
        line(out, "saturation", &saturation(found))?;
        line(out, limit(found.limited_by), &found.why)?;
    }
    if !sweep.steps.is_empty() {
        knee(sweep.knee.as_ref(), out)?;
    }
    if let Some(goal) = &sweep.goal {
        line(out, "goal", &reached(goal))?;
        line(out, limit(goal.limited_by), &goal.why)?;
    }
    steps(sweep, colour, out)
}

/// The saturation with its range.
pub fn saturation(found: &Saturation) -> String {
    let range = format!(
        "{} to {} req/s at 95 %",
        digits(found.low),
        digits(found.high)
    );
    let by = match found.percentile {
        Some(percentile) => format!("p{percentile} within a probe; its mean {range}"),
        None => range,
    };
    let paced = match found.paced_rate < found.rate {
        true => format!("; {} without turns", digits(found.paced_rate)),
        false => String::new(),
    };
    format!(
        "{} req/s ({by}), {} in flight{paced}",
        digits(found.rate),
        found.in_flight
    )
}

fn headline(sweep: &SweepResult, out: &mut dyn Write) -> io::Result<()> {
    let hash: String = sweep.workload.content_hash.chars().take(12).collect();
    let shape = match sweep.progression {
        Progression::Linear => "linear",
        Progression::Geometric => "geometric",
    };
    let text = format!(
        "{hash}, {} requests; {shape} steps of {} s",
        sweep.workload.requests, sweep.step_duration_s
    );
    line(out, "workload", &text)?;
    if sweep.interrupted {
        line(out, "note", "the sweep did not come to its end")?;
    }
    let slos = sweep.slos.iter();
    let slos = slos.map(|slo| format!("{} at most {}", slo.metric.name(), millis(slo.limit_s)));
    let slos: Vec<String> = slos.collect();
    if !slos.is_empty() {
        line(out, "SLOs", &slos.join(", "))?;
    }
    Ok(())
}

fn knee(knee: Option<&Knee>, out: &mut dyn Write) -> io::Result<()> {
    let Some(knee) = knee else {
        return line(
            out,
            "knee",
            "none: it takes three steps, one of them kept up with",
        );
    };
    let text = format!("{} req/s, step {}", digits(knee.rate), knee.step + 1);
    line(out, "knee", &text)?;
    line(out, "", &knee.why)
}

fn reached(goal: &Goal) -> String {
    let share = percent(goal.share);
    let trials = goal.trials.len();
    match (goal.rate, goal.fails_at) {
        (Some(rate), Some(fails)) => format!(
            "{} req/s is the highest at which {share} meet the SLOs (within {}; {trials} trials)",
            digits(rate),
            percent(fails / rate - 1.0)
        ),
        (Some(rate), None) => format!(
            "at least {} req/s: {share} meet the SLOs there ({trials} trials)",
            digits(rate)
        ),
        (None, _) => format!("no rate tried at which {share} meet the SLOs ({trials} trials)"),
    }
}

/// What stands in front of the words that say what a figure is limited by.
fn limit(by: LimitedBy) -> &'static str {
    match by {
        LimitedBy::Server => "  by server",
        LimitedBy::None => "  lower bound",
        LimitedBy::Client => "  by client",
        LimitedBy::Errors => "  by errors",
        LimitedBy::TooFewRequests => "  by workload",
    }
}

fn steps(sweep: &SweepResult, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    if sweep.steps.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let has_slos = !sweep.slos.is_empty();
    let good = if has_slos { "good" } else { "" };
    let heads = [
        "req/s", "done/s", "lat p50", "p99", "TTFT p50", "p99", "TPOT p50", "tok/s", good, "failed",
    ];
    writeln!(out, "{}", row(heads.map(String::from)).trim_end())?;
    let knee = sweep.knee.as_ref().map(|knee| knee.step);
    for (index, step) in sweep.steps.iter().take(MAX_STEPS).enumerate() {
        let mark = if knee == Some(index) { " < knee" } else { "" };
        let text = clip(&format!("{}{}{mark}", row(figures(step)), verdict(step)));
        match (colour, step.verdict) {
            (true, Word::Invalid) => writeln!(out, "\x1b[{}m{text}{PLAIN}", ansi(Level::Invalid))?,
            (true, _) if knee == Some(index) => writeln!(out, "{BOLD}{text}{PLAIN}")?,
            _ => writeln!(out, "{text}")?,
        }
    }
    let more = sweep.steps.len().saturating_sub(MAX_STEPS);
    if more > 0 {
        writeln!(out, "and {more} more: see --format json")?;
    }
    if sweep.steps.iter().any(|step| step.is_short) {
        writeln!(
            out,
            "* shorter than asked: the workload has no more requests"
        )?;
    }
    writeln!(out, "latency (p50, p99) from schedule, TTFT from sending")
}

fn figures(step: &StepResult) -> [String; 10] {
    let or_unknown = |value: Option<f64>, shown: fn(f64) -> String| {
        value.map_or_else(|| UNKNOWN.to_owned(), shown)
    };
    let share = |value: Option<f64>| or_unknown(value, percent);
    [
        digits(step.asked_rate) + if step.is_short { "*" } else { "" },
        or_unknown(step.completed_rate, digits),
        or_unknown(step.latency_p50_s, millis),
        or_unknown(step.latency_p99_s, millis),
        or_unknown(step.ttft_p50_s, millis),
        or_unknown(step.ttft_p99_s, millis),
        or_unknown(step.tpot_p50_s, millis),
        or_unknown(step.output_tokens_per_s, digits),
        step.goodput_share.map_or_else(String::new, percent),
        share(step.error_rate),
    ]
}

fn verdict(step: &StepResult) -> &'static str {
    match step.verdict {
        Word::Valid => "",
        Word::Degraded => " DEGRADED",
        Word::Invalid => " INVALID",
    }
}

/// Figures, right-aligned. Two more columns, the verdict and the mark of the knee, follow.
fn row([rate, done, l50, l99, t50, t99, tpot, tokens, good, failed]: [String; 10]) -> String {
    format!(
        "{rate:>6}{done:>8}{l50:>9}{l99:>9}{t50:>9}{t99:>9}{tpot:>9}{tokens:>7}{good:>9}{failed:>9}"
    )
}
