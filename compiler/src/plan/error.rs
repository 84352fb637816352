//! Why a trace, windowed and sampled as the spec says, cannot be a load.

use thiserror::Error;

/// Why there is no plan. `file` is the trace as the spec names it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// Window, sample and limit leave no row.
    #[error(
        "{file}: window, sample and limit leave nothing of what can be replayed\n  help: widen the window, raise the share, or remove them"
    )]
    NothingSelected { file: String },
    /// A loop over rows that all have one time.
    #[error(
        "{file}: the selected rows span no time, so a loop has no period and a rate nothing to stretch\n  help: select rows at several times, or remove `loop` and `rate`"
    )]
    NoSpan { file: String },
    /// The last request is beyond what a workload can hold.
    #[error(
        "{file}: the last request would start {last_ns} ns after t0, beyond the limit of ten years\n  help: lower `loop`, or raise `speed` or `rate`"
    )]
    TooLate { file: String, last_ns: u128 },
    /// A conversation of a data set that is sent at its own times.
    #[error(
        "{file}:{line}: the first turn of this conversation has no `timestamp`, and `load.type: fixed_schedule` starts it then\n  help: write `timestamp: MILLISECONDS` there, or another `load.type`"
    )]
    NoTimestamp { file: String, line: u64 },
    /// A turn of a data set that would be sent beyond what a workload can hold.
    #[error(
        "{file}:{line}: its `timestamp` is more than ten years behind the first\n  help: write milliseconds; is one of the two another unit?"
    )]
    TurnTooLate { file: String, line: u64 },
    /// A time or length source that needs another trace format.
    #[error("{file}: {what}\n  help: {remedy}")]
    Unfit {
        file: String,
        what: &'static str,
        remedy: &'static str,
    },
}

impl PlanError {
    /// The trace, as the spec names it.
    pub fn file(&self) -> &str {
        match self {
            Self::NothingSelected { file, .. }
            | Self::NoSpan { file }
            | Self::TooLate { file, .. }
            | Self::NoTimestamp { file, .. }
            | Self::TurnTooLate { file, .. }
            | Self::Unfit { file, .. } => file,
        }
    }
}
