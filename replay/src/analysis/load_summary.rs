//! How the load was put on, and what of it had a pace to keep.
//!
//! Only a request of a scheduled stage that waits for no turn before it has a time that the
//! workload sets. In a closed loop, and within a conversation, the server sets the pace: no rate
//! is asked for there, and none is judged.

use crate::analysis::extent::{Extent, per_second};
use crate::analysis::row::{Row, known};
use crate::analysis::stats::Stats;
use crate::run_info::StageInfo;
use schemas::kinds::StageKind;
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

/// The load of a set of requests, added up one by one.
#[derive(Clone, Debug, Default)]
pub struct Load {
    count: u64,
    sent: Extent,
    paced: u64,
    paced_scheduled: Extent,
    paced_sent: Extent,
}

impl Load {
    /// Adds a request of one of these stages; one that was not sent is passed over.
    pub fn add(&mut self, row: &Row, stages: &[StageInfo]) {
        if !row.is_sent() {
            return;
        }
        let times = row.times();
        self.count += 1;
        self.sent.add(times.sent_ns);
        if is_paced(row, stages) {
            self.paced += 1;
            self.paced_scheduled.add(times.scheduled_ns);
            self.paced_sent.add(times.sent_ns);
        }
    }

    /// The sum. `asked_rate` is in requests per second.
    pub fn summary(&self, schedule_delay: Option<Stats>, asked_rate: Option<f64>) -> LoadSummary {
        let scheduled_rate = rate(self.paced, self.paced_scheduled);
        LoadSummary {
            count: self.count,
            schedule_delay,
            send_duration: self.sent.seconds(),
            achieved_rate: rate(self.count, self.sent),
            requested_rate: asked_rate.or(scheduled_rate),
            paced: self.paced,
            schedule_duration: self.paced_scheduled.seconds(),
            scheduled_rate,
            paced_rate: rate(self.paced, self.paced_sent),
        }
    }
}

/// Whether the workload sets a request's time.
pub fn is_paced(row: &Row, stages: &[StageInfo]) -> bool {
    let stage = &stages[row.stage as usize];
    stage.kind == StageKind::Scheduled.name() && known(row.turn).unwrap_or(0) == 0
}

/// `None` for fewer than two requests.
fn rate(count: u64, over: Extent) -> Option<f64> {
    per_second(count as f64, over.seconds().filter(|_| count >= 2))
}
