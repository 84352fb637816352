//! What can be found of a run, and how heavily it weighs.

use serde::{Deserialize, Serialize};

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
    /// Its longest time was over before it was done. Value and threshold are null.
    CutShort,
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
    /// The rate is not judged; value: paced requests sent, threshold: `rate_min_requests`.
    AchievedRateTooFewRequests,
    /// The rate is not judged; value: scheduled span in seconds, threshold: `rate_min_span_s`.
    AchievedRateShortSpan,
    /// Value: errors and timeouts as a share of the requests sent and not abandoned.
    ErrorShare,
    /// Value: time that a worker wanted to run and had no processor, as a share of the run; of the
    /// worker that waited longest.
    RunQueue,
    /// Value: time that a hypervisor took from the processors, as a share of the run.
    Steal,
    /// Value: time that a worker ran, without looking at the clock, as a share of the run; of the
    /// busiest.
    ClientBusy,
    /// Value: involuntary context switches of the workers per second of the run.
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
