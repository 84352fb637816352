//! Everything that is known of a run, in one value: `summary.json`.
//!
//! Derived from `run.json` and the records alone, so that anyone can compute it again. Warm-up
//! stages are left out of the overall figures but not of the accounting.

use crate::analysis::accounting::{self, Accounting, Accounts};
use crate::analysis::measures::{Measures, measure};
use crate::analysis::verdict::{Facts, Verdict, judge};
use crate::run_info::{RunInfo, StageInfo};
use schemas::frames::{Records, RequestResult};
use schemas::records::{ErrorClass, RESULT_NEW_CONNECTION};
use serde::{Deserialize, Serialize};

/// Version of the summary's shape.
pub const SUMMARY_FORMAT: u32 = 1;

/// The whole of `summary.json`. Durations are in seconds, rates per second; null is "not known".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`SUMMARY_FORMAT`].
    pub format: u32,
    /// What was fired.
    pub workload: Fired,
    /// The schedule's times were divided by this.
    pub speed: Option<f64>,
    /// `--salt`; null when the bodies were sent as they stand in the workload.
    pub salt: Option<String>,
    /// Whether the run may be believed.
    pub verdict: Verdict,
    /// What became of every request, warm-up included.
    pub accounting: Accounting,
    /// Figures over all stages that are not warm-up.
    #[serde(flatten)]
    pub overall: Measures,
    /// Figures stage by stage, warm-up included.
    pub stages: Vec<StageSummary>,
    /// Connections, warm-up included.
    pub connections: Connections,
}

/// What was fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fired {
    /// Merkle root of the workload, hexadecimal.
    pub content_hash: String,
    /// Requests in the workload.
    pub requests: u64,
}

/// The figures of one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageSummary {
    /// Its index in the workload.
    pub stage: u32,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Left out of the overall figures.
    pub warm_up: bool,
    /// Its figures.
    #[serde(flatten)]
    pub measures: Measures,
}

/// Connections of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// Requests that waited for a connection which was opened for them after t0.
    pub new_during_run: u64,
}

/// Derives the summary of a run.
pub fn summarize(info: &RunInfo, records: &Records) -> Summary {
    let Accounts {
        accounting,
        believed,
    } = accounting::take(records, info.stages.len());
    let overall = measure_overall(&info.stages, &believed);
    Summary {
        format: SUMMARY_FORMAT,
        workload: Fired {
            content_hash: info.workload.content_hash.clone(),
            requests: info.workload.requests,
        },
        speed: info.effective.speed,
        salt: info.effective.salt.as_ref().map(|salt| salt.text.clone()),
        verdict: judge(&facts(info, &accounting, &overall)),
        accounting,
        overall,
        stages: measure_stages(&info.stages, &believed),
        connections: Connections {
            new_during_run: believed.iter().filter(|result| is_new(result)).count() as u64,
        },
    }
}

fn is_new(result: &RequestResult) -> bool {
    result.record.flags & RESULT_NEW_CONNECTION != 0
}

/// All stages but warm-ups; the asked rate is known only if there is just one.
fn measure_overall(stages: &[StageInfo], believed: &[&RequestResult]) -> Measures {
    let measured: Vec<&StageInfo> = stages.iter().filter(|stage| !stage.warm_up).collect();
    let asked_rate = match measured.as_slice() {
        [only] => only.rate,
        _ => None,
    };
    let counts = |result: &&&RequestResult| !stages[result.record.stage.get() as usize].warm_up;
    let results: Vec<&RequestResult> = believed.iter().filter(counts).copied().collect();
    measure(&results, stages, asked_rate)
}

fn measure_stages(stages: &[StageInfo], believed: &[&RequestResult]) -> Vec<StageSummary> {
    let mut by_stage = vec![Vec::new(); stages.len()];
    for result in believed {
        by_stage[result.record.stage.get() as usize].push(*result);
    }
    let numbered = (0..).zip(stages.iter().zip(by_stage));
    numbered
        .map(|(stage, (info, results))| StageSummary {
            stage,
            name: info.name.clone(),
            warm_up: info.warm_up,
            measures: measure(&results, stages, info.rate),
        })
        .collect()
}

fn facts(info: &RunInfo, accounting: &Accounting, overall: &Measures) -> Facts {
    let load = &overall.load_summary;
    let end = info.end.as_ref();
    let rates = load.paced_rate.zip(load.scheduled_rate);
    let dropped = accounting.of_class(ErrorClass::Overload);
    let session_ended = accounting.of_class(ErrorClass::SessionEnded);
    let failed = accounting.error + accounting.timeout;
    Facts {
        workload_verified: info.workload.verified,
        unaccounted: accounting.unaccounted,
        not_sent: accounting.not_sent.saturating_sub(dropped + session_ended),
        dropped_share: share(dropped, accounting.scheduled as f64),
        session_ended,
        truncated: accounting.truncated.is_some(),
        finished: end.is_some(),
        interrupted: end.is_some_and(|end| end.interrupted),
        error_share: share(failed, (accounting.ok + failed) as f64),
        measured: load.count,
        paced: load.paced,
        delay_p99_s: load.schedule_delay.as_ref().map(|delay| delay.p99),
        scheduled_span_s: load.schedule_duration,
        rate_ratio: rates.map(|(paced, scheduled)| paced / scheduled),
        switches_per_s: end
            .and_then(|end| share(end.involuntary_context_switches, end.ended_ns as f64 / 1e9)),
    }
}

/// `None` for a share of nothing.
fn share(part: u64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part as f64 / whole)
}
