//! Requests that the workload asks to abandon: how many were, and how exactly.
//!
//! Such a request is neither an error nor a success. Refuses to count one that was never sent.

use crate::analysis::row::Row;
use crate::analysis::stats::Stats;
use schemas::records::Outcome;
use serde::{Deserialize, Serialize};

/// What became of the requests that were to be abandoned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

impl Cancellation {
    /// Adds a request; one that was not sent is passed over.
    pub fn add(&mut self, row: &Row) {
        if row.is_sent() && row.is_to_be_cancelled() {
            self.asked += 1;
            self.cancelled += u64::from(row.is(Outcome::Cancelled));
            self.answered_before += u64::from(row.is(Outcome::Ok));
        }
    }
}
