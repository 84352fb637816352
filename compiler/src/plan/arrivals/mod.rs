//! When requests start. All arithmetic is on integers: a time is a quotient of whole numbers and
//! never a sum of rounded ones, so nothing drifts however long the schedule.

pub mod clients;
pub mod closed;
pub mod merged;
pub mod open;
mod wide;

use traces::Event;

/// What begins at one moment: a request, a conversation, or the requests of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Identity within the population.
    pub ordinal: u64,
    /// Index of the stage in the plan.
    pub stage: u32,
    /// What begins, and how.
    pub kind: ArrivalKind,
}

/// What begins, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalKind {
    /// A request or conversation at this many ns after the stage's time base.
    At { at_ns: u64 },
    /// The same, as a row of a trace says.
    Row { at_ns: u64, event: Event },
    /// The turns of a data set's conversation from this one on, up to the next that has a time of
    /// its own.
    Turns { at_ns: u64, from: u32 },
    /// A request of an audit, which its ordinal says all about, likewise.
    Probe { at_ns: u64 },
    /// A request or conversation as soon as a slot is free.
    Slot,
    /// A user at the beginning of the stage, who has this many requests or conversations, one
    /// after the other, `stride` ordinals apart.
    User { requests: u64, stride: u64 },
}

impl Arrival {
    /// When it begins, in ns after the stage's time base, as far as is known beforehand.
    pub fn at_ns(&self, stage_start_ns: u64) -> u64 {
        match self.kind {
            ArrivalKind::At { at_ns }
            | ArrivalKind::Row { at_ns, .. }
            | ArrivalKind::Turns { at_ns, .. }
            | ArrivalKind::Probe { at_ns } => at_ns,
            ArrivalKind::Slot | ArrivalKind::User { .. } => stage_start_ns,
        }
    }

    /// How many requests it becomes, at least.
    pub fn requests(&self) -> u64 {
        match self.kind {
            ArrivalKind::User { requests, .. } => requests,
            _ => 1,
        }
    }
}
