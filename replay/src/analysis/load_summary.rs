//! How the load was put on, and what of it had a pace to keep.
//!
//! Only a request of a scheduled stage that waits for no turn before it has a time that the
//! workload sets. In a closed loop, and within a conversation, the server sets the pace: no rate
//! is asked for there, and none is judged.

use crate::analysis::sent::{Sent, extent_s, per_second, stats};
use crate::analysis::stats::Stats;
use crate::analysis::times::Times;
use crate::run_info::StageInfo;
use schemas::kinds::StageKind;
use schemas::layout::optional_u32;
use serde::{Deserialize, Serialize};

/// How the load was put on: inference-perf's `load_summary`, its keys and units, with what is said
/// of paced requests added. *Paced* is a request whose time the workload sets: of a scheduled
/// stage, and not a turn after the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadSummary {
    /// Requests that were sent, whatever became of them.
    pub count: u64,
    /// `sent - scheduled` in seconds. Of a request that waits for others or for a place in a
    /// closed stage, `scheduled` is when it waited no longer.
    pub schedule_delay: Option<Stats>,
    /// From the first sending to the last, in seconds.
    pub send_duration: Option<f64>,
    /// `count / send_duration`. Null for fewer than two requests.
    pub achieved_rate: Option<f64>,
    /// Requests per second that were asked for: the stage's rate, or `scheduled_rate` for several
    /// stages or one without a rate. Null in a closed loop, where nobody asks for one.
    pub requested_rate: Option<f64>,
    /// Paced requests that were sent.
    pub paced: u64,
    /// From the first to the last scheduled time of the paced requests, in seconds.
    pub schedule_duration: Option<f64>,
    /// `paced / schedule_duration`: what `paced_rate` is held against. Drawn arrivals do not hit
    /// the asked rate exactly, and `n` requests span only `n - 1` intervals. Null for fewer than
    /// two.
    pub scheduled_rate: Option<f64>,
    /// `paced` by the time from their first sending to their last. Null for fewer than two.
    pub paced_rate: Option<f64>,
}

/// Summarises the load of these requests, whose stages are among `stages`. `asked_rate` is in
/// requests per second.
pub fn summarize(sent: &[Sent<'_>], stages: &[StageInfo], asked_rate: Option<f64>) -> LoadSummary {
    let send_duration = sending_s(sent);
    let paced: Vec<Sent<'_>> = sent
        .iter()
        .copied()
        .filter(|sent| is_paced(sent, stages))
        .collect();
    let schedule_duration = extent_s(paced.iter().filter_map(|sent| sent.times().scheduled_ns));
    let scheduled_rate = rate(&paced, schedule_duration);
    LoadSummary {
        count: sent.len() as u64,
        schedule_delay: stats(sent, Times::delay_ns),
        send_duration,
        achieved_rate: rate(sent, send_duration),
        requested_rate: asked_rate.or(scheduled_rate),
        paced: paced.len() as u64,
        schedule_duration,
        scheduled_rate,
        paced_rate: rate(&paced, sending_s(&paced)),
    }
}

fn is_paced(sent: &Sent<'_>, stages: &[StageInfo]) -> bool {
    let record = sent.record();
    let stage = &stages[record.stage.get() as usize];
    stage.kind == StageKind::Scheduled.name() && optional_u32(record.turn).unwrap_or(0) == 0
}

fn sending_s(sent: &[Sent<'_>]) -> Option<f64> {
    extent_s(sent.iter().filter_map(|sent| sent.times().sent_ns))
}

/// `None` for fewer than two requests.
fn rate(sent: &[Sent<'_>], duration_s: Option<f64>) -> Option<f64> {
    let duration_s = duration_s.filter(|_| sent.len() >= 2);
    per_second(sent.len() as u64, duration_s)
}
