//! Whether a run may be believed as a measurement, and why not.
//!
//! A pure function of a few facts and of what they are held against. It judges the generator, not
//! the server: errors and slow answers are results and never make a run invalid. Refuses to judge a
//! rate from too few requests, and says so.

mod check;
mod facts;
mod thresholds;

pub use check::{Check, Level, Reason, Word};
pub use facts::{ClientLoad, Facts};
pub use thresholds::{Threshold, Thresholds};

use serde::{Deserialize, Serialize};

/// The verdict and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The heaviest reason decides.
    pub verdict: Word,
    /// Everything that crossed a threshold, heaviest first.
    pub reasons: Vec<Reason>,
    /// What was held against what.
    pub thresholds: Thresholds,
}

impl Verdict {
    /// Whether the run is not a measurement of its workload: what `--strict` exits 1 for.
    pub fn is_invalid(&self) -> bool {
        self.verdict == Word::Invalid
    }
}

/// Judges a run.
pub fn judge(facts: &Facts, thresholds: &Thresholds) -> Verdict {
    let mut reasons: Vec<Reason> = yes_or_no(facts).collect();
    reasons.extend(counts(facts));
    reasons.extend(judge_dropped(facts, thresholds));
    reasons.extend(judge_delay(facts, thresholds));
    reasons.extend(judge_rate(facts, thresholds));
    reasons.extend(judge_client(facts, thresholds));
    reasons.extend(notes(facts, thresholds));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.level));
    Verdict {
        verdict: match reasons.first().map(|reason| reason.level) {
            Some(Level::Invalid) => Word::Invalid,
            Some(Level::Degraded) => Word::Degraded,
            Some(Level::Note) | None => Word::Valid,
        },
        reasons,
        thresholds: thresholds.clone(),
    }
}

fn yes_or_no(facts: &Facts) -> impl Iterator<Item = Reason> {
    let checks = [
        (facts.truncated, Check::Truncated, Level::Invalid),
        (facts.interrupted, Check::Interrupted, Level::Invalid),
        (facts.cut_short, Check::CutShort, Level::Invalid),
        (!facts.finished, Check::NotFinished, Level::Invalid),
        (facts.measured == 0, Check::NothingMeasured, Level::Invalid),
        (
            facts.error_share == Some(1.0),
            Check::NothingAnswered,
            Level::Degraded,
        ),
        (
            !facts.workload_verified,
            Check::WorkloadNotVerified,
            Level::Degraded,
        ),
    ];
    let found = checks.into_iter().filter(|(found, ..)| *found);
    found.map(|(_, check, level)| Reason {
        check,
        value: None,
        threshold: None,
        level,
    })
}

fn counts(facts: &Facts) -> impl Iterator<Item = Reason> {
    let checks = [
        (facts.unaccounted, Check::Unaccounted, Level::Invalid),
        (facts.not_sent, Check::NotSent, Level::Invalid),
        (facts.session_ended, Check::SessionEnded, Level::Note),
    ];
    let found = checks.into_iter().filter(|(count, ..)| *count > 0);
    found.map(|(count, check, level)| reason(check, count as f64, 0.0, level))
}

fn judge_dropped(facts: &Facts, thresholds: &Thresholds) -> Option<Reason> {
    let limits = (thresholds.dropped_degraded, thresholds.dropped_invalid);
    degraded_or_invalid(Check::Dropped, facts.dropped_share?, limits)
}

fn judge_delay(facts: &Facts, thresholds: &Thresholds) -> Option<Reason> {
    let limits = (
        thresholds.schedule_delay_p99_degraded_s,
        thresholds.schedule_delay_p99_invalid_s,
    );
    degraded_or_invalid(Check::ScheduleDelayP99, facts.delay_p99_s?, limits)
}

fn judge_rate(facts: &Facts, thresholds: &Thresholds) -> Option<Reason> {
    if facts.paced == 0 {
        return None;
    }
    if facts.paced < thresholds.rate_min_requests {
        let (paced, least) = (facts.paced as f64, thresholds.rate_min_requests as f64);
        let check = Check::AchievedRateTooFewRequests;
        return Some(reason(check, paced, least, Level::Note));
    }
    let (span_s, least_s) = (
        facts.scheduled_span_s.unwrap_or(0.0),
        thresholds.rate_min_span_s,
    );
    if span_s < least_s {
        let check = Check::AchievedRateShortSpan;
        return Some(reason(check, span_s, least_s, Level::Note));
    }
    let limits = (
        thresholds.rate_error_degraded,
        thresholds.rate_error_invalid,
    );
    degraded_or_invalid(Check::AchievedRate, (facts.rate_ratio? - 1.0).abs(), limits)
}

/// Whether the generator had the processors that it needed.
fn judge_client<'a>(
    facts: &'a Facts,
    thresholds: &'a Thresholds,
) -> impl Iterator<Item = Reason> + 'a {
    let (client, limits) = (&facts.client, thresholds);
    let checks = [
        (
            Check::RunQueue,
            client.run_queue,
            (limits.run_queue_note, limits.run_queue_degraded),
        ),
        (
            Check::Steal,
            client.steal,
            (limits.steal_note, limits.steal_degraded),
        ),
        (
            Check::ClientBusy,
            client.busy,
            (limits.client_busy_note, limits.client_busy_degraded),
        ),
    ];
    checks
        .into_iter()
        .filter_map(|(check, value, (note, degraded))| {
            let levels = [(Level::Degraded, degraded), (Level::Note, note)];
            heaviest(check, value?, levels)
        })
}

fn notes<'a>(facts: &'a Facts, thresholds: &'a Thresholds) -> impl Iterator<Item = Reason> + 'a {
    let checks = [
        (Check::ErrorShare, facts.error_share, 0.0),
        (
            Check::InvoluntaryContextSwitches,
            facts.switches_per_s,
            thresholds.involuntary_context_switches_per_s_note,
        ),
    ];
    checks
        .into_iter()
        .filter_map(|(check, value, threshold)| heaviest(check, value?, [(Level::Note, threshold)]))
}

fn degraded_or_invalid(
    check: Check,
    value: f64,
    (degraded, invalid): (f64, f64),
) -> Option<Reason> {
    let levels = [(Level::Invalid, invalid), (Level::Degraded, degraded)];
    heaviest(check, value, levels)
}

/// The first level whose threshold is crossed; the heaviest stands first.
fn heaviest<const N: usize>(check: Check, value: f64, levels: [(Level, f64); N]) -> Option<Reason> {
    let crossed = levels.into_iter().find(|(_, threshold)| value > *threshold);
    crossed.map(|(level, threshold)| reason(check, value, threshold, level))
}

fn reason(check: Check, value: f64, threshold: f64, level: Level) -> Reason {
    Reason {
        check,
        value: Some(value),
        threshold: Some(threshold),
        level,
    }
}

#[cfg(test)]
mod tests;
