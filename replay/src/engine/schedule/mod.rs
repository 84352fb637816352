//! Which request a worker fires next, and when. Pure: it is told the time and has none itself.
//!
//! A [`Plan`] is made of the workload before t0 and shared by all workers; each worker walks its
//! part of it with a [`Schedule`]. What a request waits for is in WORKLOAD.md, sections 3, 5, 6:
//!
//! - Requests that wait for no other are dealt round the workers; those of a stage with a
//!   concurrency by its places, which are shared out among the workers for good. So no two workers
//!   ever have to agree on a place, and the stage's concurrency is never exceeded.
//! - A request that waits for others runs on the worker where they ended.
//! - `slot` requests are drawn from one list by all workers of their stage.
//! - A stage that begins after another is begun by the worker whose request ended that one.

mod begin;
mod ends;
mod entry;
mod links;
mod places;
mod plan;
mod roots;
mod speed;
mod stages;
mod stop;
mod walk;

#[cfg(test)]
mod tests;

pub use plan::{Plan, PlanError};
pub use speed::Speed;
pub use walk::Schedule;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What becomes of a request that is due while as many as allowed are in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Overload {
    /// It waits for a place, and is late.
    #[default]
    Wait,
    /// It is not sent. One of a closed stage waits all the same.
    Drop,
}

/// What becomes of the turns of a session that wait for one that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OnTurnFailure {
    /// They are not sent.
    #[default]
    End,
    /// They go on as if it had succeeded.
    Continue,
}

/// A request whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot {
    /// Index of the request in the workload.
    pub index: u64,
    /// When it was due, in ns from t0: the record's `scheduled_ns`.
    pub due_ns: u64,
    /// Not to be sent ([`Overload::Drop`]); the schedule has ended it already.
    pub overloaded: bool,
    /// Other workers must look again, as with [`Schedule::end`]. Only if `overloaded`.
    pub wake_others: bool,
}

/// Why a request will never be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// An earlier turn of its session failed.
    SessionEnded,
    /// The run was stopped.
    Interrupted,
}

/// A request that will never be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Index of the request in the workload.
    pub index: u64,
    /// When it was or would have been due, in ns from t0; `None` if that never became known.
    pub due_ns: Option<u64>,
    /// Why.
    pub why: Why,
}
