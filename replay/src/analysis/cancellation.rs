//! Requests that the workload asks to abandon: how many were, and how exactly.
//!
//! Such a request is neither an error nor a success. Refuses to count one that was never sent.

use crate::analysis::sent::{Sent, stats};
use crate::analysis::stats::Stats;
use crate::analysis::times::Times;
use schemas::records::{Outcome, RESULT_CANCEL};
use serde::{Deserialize, Serialize};

/// What became of the requests that were to be abandoned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cancellation {
    /// Requests that were sent and that the workload asks to abandon.
    pub asked: u64,
    /// Those that were abandoned.
    pub cancelled: u64,
    /// Those that were answered well before it was due. The rest failed or timed out.
    pub answered_before: u64,
    /// How late the connection or stream was closed, in seconds: `end - cancel_due` of those that
    /// were abandoned.
    pub error_s: Option<Stats>,
}

/// Counts the cancellations among the requests that were sent.
pub fn take(sent: &[Sent<'_>]) -> Cancellation {
    let asked: Vec<Sent<'_>> = sent
        .iter()
        .copied()
        .filter(|sent| sent.record().flags & RESULT_CANCEL != 0)
        .collect();
    let cancelled: Vec<Sent<'_>> = asked
        .iter()
        .copied()
        .filter(|sent| sent.is(Outcome::Cancelled))
        .collect();
    let answered = asked.iter().filter(|sent| sent.is(Outcome::Ok));
    Cancellation {
        asked: asked.len() as u64,
        cancelled: cancelled.len() as u64,
        answered_before: answered.count() as u64,
        error_s: stats(&cancelled, Times::cancel_error_ns),
    }
}
