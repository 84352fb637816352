//! Whether to believe the run, and why not: the first thing on the screen.

use super::{Screen, millis, percent};
use crate::analysis::summary::Summary;
use crate::analysis::verdict::{Check, Level, Reason, Word};
use std::io;

/// Most reasons that are given, the heaviest; the rest is counted.
const MAX_REASONS: usize = 6;

/// Writes the verdict and its reasons.
pub fn write(screen: &mut Screen<'_>, summary: &Summary) -> io::Result<()> {
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
    let reasons = &summary.verdict.reasons;
    for reason in reasons.iter().take(MAX_REASONS) {
        let level = match reason.level {
            Level::Note => "  note",
            Level::Degraded => "  degraded",
            Level::Invalid => "  invalid",
        };
        screen.line(level, &words(reason))?;
    }
    let more = reasons.len().saturating_sub(MAX_REASONS);
    if more > 0 {
        screen.line("", &format!("and {more} more: see --format json"))?;
    }
    screen.gap()
}

/// The cause and, where there is one, the next step.
pub fn words(reason: &Reason) -> String {
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
        Check::CutShort => "ended when its longest time was over".into(),
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
        Check::RunQueue => {
            format!(
                "a worker waited for a processor {value_pc} of the time (> {limit_pc}): free the CPU"
            )
        }
        Check::Steal => {
            format!(
                "the hypervisor took the CPU {value_pc} of the time (> {limit_pc}): use another machine"
            )
        }
        Check::ClientBusy => {
            format!("a worker was busy {value_pc} of the time (> {limit_pc}): add --workers")
        }
        Check::InvoluntaryContextSwitches => {
            format!("the CPU was taken away {value:.1} times per second (> {limit})")
        }
    }
}
