//! The `load` block: when requests start.
//!
//! Refuses stages beside a trace, a trace beside stages, the keys of one kind of load in another,
//! and more requests than a workload can hold.

mod block;
mod closed;
mod engine;
mod interval;
mod open;
mod stages;

pub(super) use block::{LOAD_KEYS, LoadBlock, Owner};
pub use closed::{ConcurrentStage, UserStage};
pub(super) use engine::Engine;
pub use open::OpenStage;

use super::audit::Audit;
use super::quantity::DurationNs;
use super::trace::TraceRef;
use crate::samplers::{EXPOSURE_PER_ARRIVAL, Interval};

/// Most stages of a load.
pub const MAX_STAGES: usize = 10_000;
/// Most requests of all stages together; in an open loop, taken as rate × duration.
pub const MAX_REQUESTS: u64 = 1_000_000_000;
/// Most requests at once, and most users, of a stage.
pub const MAX_CONCURRENCY: u32 = 1_000_000;

/// When requests start.
#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    /// At their own times, whatever the server does.
    Open {
        interval: Interval,
        stages: Vec<OpenStage>,
        /// Between the end of a stage and the begin of the next.
        pause: DurationNs,
    },
    /// So many at once: a request starts when another has ended.
    Concurrent {
        stages: Vec<ConcurrentStage>,
        pause: DurationNs,
    },
    /// So many users, each of whom thinks between an answer and the next request.
    Users {
        stages: Vec<UserStage>,
        pause: DurationNs,
    },
    /// When the requests of a trace did.
    Trace {
        trace: TraceRef,
        max_concurrency: Option<u32>,
    },
    /// When the conversations of a data set say.
    Schedule,
    /// One trial of an audit after the other.
    Audit(Audit),
}

impl Load {
    /// Requests of all stages, in an open loop the expected ones rounded down; 0 for a trace or a
    /// data set's schedule, whose rows are counted when it is read.
    pub fn requests(&self) -> u128 {
        match self {
            Self::Open { stages, .. } => {
                let exposures = stages.iter().map(|stage| stage.profile.exposure());
                exposures.sum::<u128>() / EXPOSURE_PER_ARRIVAL
            }
            Self::Concurrent { stages, .. } => {
                stages.iter().map(|stage| u128::from(stage.requests)).sum()
            }
            Self::Users { stages, .. } => {
                stages.iter().map(|stage| u128::from(stage.requests)).sum()
            }
            Self::Audit(audit) => audit.requests().into(),
            Self::Trace { .. } | Self::Schedule => 0,
        }
    }
}
