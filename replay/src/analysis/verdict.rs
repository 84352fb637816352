//! Whether a run may be believed as a measurement, and why not.
//!
//! A pure function of a few facts. It judges the generator, not the server: errors and slow
//! answers are results and never make a run invalid. Refuses to judge a rate from too few
//! requests, and says so.

use serde::{Deserialize, Serialize};

/// Schedule delay p99 above which a run is degraded, in seconds: the 10 ms that inference-perf's
/// guide asks of the median.
pub const DELAY_P99_DEGRADED_S: f64 = 0.010;
/// Schedule delay p99 above which a run is invalid, in seconds.
pub const DELAY_P99_INVALID_S: f64 = 0.100;
/// `|paced_rate / scheduled_rate - 1|` above which a run is degraded.
pub const RATE_ERROR_DEGRADED: f64 = 0.01;
/// `|paced_rate / scheduled_rate - 1|` above which a run is invalid.
pub const RATE_ERROR_INVALID: f64 = 0.05;
/// Share of the requests dropped by `--overload drop` above which a run is degraded.
pub const DROPPED_DEGRADED: f64 = 0.0;
/// Share of the requests dropped by `--overload drop` above which a run is invalid: as much as a
/// rate may be off by, since the rates of what was sent do not show what was dropped.
pub const DROPPED_INVALID: f64 = 0.05;
/// Fewest requests whose rate is judged: with fewer, one late sending moves it by more than 1 %.
pub const RATE_MIN_REQUESTS: u64 = 100;
/// Shortest scheduled span whose rate is judged, in seconds: below, 10 ms of delay are 1 % of it.
pub const RATE_MIN_SPAN_S: f64 = 1.0;
/// Involuntary context switches per second above which the CPU is noted to be short.
pub const SWITCHES_PER_S_NOTE: f64 = 10.0;

/// The verdict on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Word {
    /// The load was put on as the workload says.
    Valid,
    /// Usable with care.
    Degraded,
    /// Not a measurement of this workload.
    Invalid,
}

/// How heavily a reason weighs. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Worth knowing; leaves the verdict as it is.
    Note,
    /// The verdict is at best `DEGRADED`.
    Degraded,
    /// The verdict is `INVALID`.
    Invalid,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The workload's hashes were not recomputed before t0. Value and threshold are null.
    WorkloadNotVerified,
    /// Value: requests without a believable record plus surplus records.
    Unaccounted,
    /// Value: requests that never reached a socket and are in neither of the next two.
    NotSent,
    /// Value: requests dropped by `--overload drop` as a share of all.
    Dropped,
    /// Value: turns that were not sent because one before them did not end well.
    SessionEnded,
    /// The records were cut off. Value and threshold are null.
    Truncated,
    /// The user stopped the run. Value and threshold are null.
    Interrupted,
    /// `run.json` has no end: the run goes on or was killed. Value and threshold are null.
    NotFinished,
    /// No request outside warm-up stages was sent. Value and threshold are null.
    NothingMeasured,
    /// Every request that was sent and not abandoned failed. Value and threshold are null.
    NothingAnswered,
    /// Value: 99th percentile of `sent - scheduled` in seconds.
    ScheduleDelayP99,
    /// Value: `|paced_rate / scheduled_rate - 1|`.
    AchievedRate,
    /// The rate is not judged; value: paced requests sent, threshold: [`RATE_MIN_REQUESTS`].
    AchievedRateTooFewRequests,
    /// The rate is not judged; value: scheduled span in seconds, threshold: [`RATE_MIN_SPAN_S`].
    AchievedRateShortSpan,
    /// Value: errors and timeouts as a share of the requests sent and not abandoned.
    ErrorShare,
    /// Value: involuntary context switches of the generator per second of the run.
    InvoluntaryContextSwitches,
}

/// One finding that crossed its threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// What was found.
    pub check: Check,
    /// What was measured; null where the check is a plain yes or no.
    pub value: Option<f64>,
    /// What it was held against; null where the check is a plain yes or no.
    pub threshold: Option<f64>,
    /// How heavily it weighs.
    pub level: Level,
}

/// The constants of this module, so that a summary can be read without the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Thresholds {
    pub schedule_delay_p99_degraded_s: f64,
    pub schedule_delay_p99_invalid_s: f64,
    pub rate_error_degraded: f64,
    pub rate_error_invalid: f64,
    pub dropped_degraded: f64,
    pub dropped_invalid: f64,
    pub rate_min_requests: u64,
    pub rate_min_span_s: f64,
    pub involuntary_context_switches_per_s_note: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            schedule_delay_p99_degraded_s: DELAY_P99_DEGRADED_S,
            schedule_delay_p99_invalid_s: DELAY_P99_INVALID_S,
            rate_error_degraded: RATE_ERROR_DEGRADED,
            rate_error_invalid: RATE_ERROR_INVALID,
            dropped_degraded: DROPPED_DEGRADED,
            dropped_invalid: DROPPED_INVALID,
            rate_min_requests: RATE_MIN_REQUESTS,
            rate_min_span_s: RATE_MIN_SPAN_S,
            involuntary_context_switches_per_s_note: SWITCHES_PER_S_NOTE,
        }
    }
}

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

/// What a verdict is based on.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Every hash of the workload was recomputed before t0.
    pub workload_verified: bool,
    /// [`crate::analysis::accounting::Accounting::unaccounted`].
    pub unaccounted: u64,
    /// Requests that never reached a socket, warm-up included, but for the next two.
    pub not_sent: u64,
    /// Requests dropped under `--overload drop` as a share of all, warm-up included.
    pub dropped_share: Option<f64>,
    /// Turns that were not sent because one before them did not end well, warm-up included.
    pub session_ended: u64,
    /// The records were cut off.
    pub truncated: bool,
    /// `run.json` says how the run ended.
    pub finished: bool,
    /// The user stopped it.
    pub interrupted: bool,
    /// Errors and timeouts as a share of the requests sent and not abandoned, warm-up included.
    pub error_share: Option<f64>,
    /// Requests sent outside warm-up stages.
    pub measured: u64,
    /// Those of them whose time the workload sets.
    pub paced: u64,
    /// The schedule delay's 99th percentile in seconds, over all that are measured.
    pub delay_p99_s: Option<f64>,
    /// From the first to the last scheduled time of the paced ones, in seconds.
    pub scheduled_span_s: Option<f64>,
    /// `paced_rate / scheduled_rate`.
    pub rate_ratio: Option<f64>,
    /// Involuntary context switches per second between t0 and the end.
    pub switches_per_s: Option<f64>,
}

/// Judges a run.
pub fn judge(facts: &Facts) -> Verdict {
    let mut reasons: Vec<Reason> = yes_or_no(facts).collect();
    reasons.extend(counts(facts));
    reasons.extend(facts.dropped_share.and_then(judge_dropped));
    reasons.extend(facts.delay_p99_s.and_then(judge_delay));
    reasons.extend(judge_rate(facts));
    reasons.extend(notes(facts));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.level));
    Verdict {
        verdict: match reasons.first().map(|reason| reason.level) {
            Some(Level::Invalid) => Word::Invalid,
            Some(Level::Degraded) => Word::Degraded,
            Some(Level::Note) | None => Word::Valid,
        },
        reasons,
        thresholds: Thresholds::default(),
    }
}

fn yes_or_no(facts: &Facts) -> impl Iterator<Item = Reason> {
    let checks = [
        (facts.truncated, Check::Truncated, Level::Invalid),
        (facts.interrupted, Check::Interrupted, Level::Invalid),
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

fn judge_dropped(share: f64) -> Option<Reason> {
    two_limits(Check::Dropped, share, (DROPPED_DEGRADED, DROPPED_INVALID))
}

fn judge_delay(p99_s: f64) -> Option<Reason> {
    let limits = (DELAY_P99_DEGRADED_S, DELAY_P99_INVALID_S);
    two_limits(Check::ScheduleDelayP99, p99_s, limits)
}

fn judge_rate(facts: &Facts) -> Option<Reason> {
    let span_s = facts.scheduled_span_s.unwrap_or(0.0);
    if facts.paced == 0 {
        return None;
    }
    if facts.paced < RATE_MIN_REQUESTS {
        let (check, minimum) = (Check::AchievedRateTooFewRequests, RATE_MIN_REQUESTS as f64);
        return Some(reason(check, facts.paced as f64, minimum, Level::Note));
    }
    if span_s < RATE_MIN_SPAN_S {
        let check = Check::AchievedRateShortSpan;
        return Some(reason(check, span_s, RATE_MIN_SPAN_S, Level::Note));
    }
    let limits = (RATE_ERROR_DEGRADED, RATE_ERROR_INVALID);
    two_limits(Check::AchievedRate, (facts.rate_ratio? - 1.0).abs(), limits)
}

fn notes(facts: &Facts) -> impl Iterator<Item = Reason> {
    let checks = [
        (facts.error_share, Check::ErrorShare, 0.0),
        (
            facts.switches_per_s,
            Check::InvoluntaryContextSwitches,
            SWITCHES_PER_S_NOTE,
        ),
    ];
    checks.into_iter().filter_map(|(value, check, threshold)| {
        let value = value.filter(|value| *value > threshold)?;
        Some(reason(check, value, threshold, Level::Note))
    })
}

fn two_limits(check: Check, value: f64, (degraded, invalid): (f64, f64)) -> Option<Reason> {
    if value > invalid {
        Some(reason(check, value, invalid, Level::Invalid))
    } else if value > degraded {
        Some(reason(check, value, degraded, Level::Degraded))
    } else {
        None
    }
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
