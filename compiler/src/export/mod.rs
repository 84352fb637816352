//! A workload in other programs' formats. What a format cannot say is counted, never left out
//! silently; a workload of which nothing remains is refused.
//!
//! One file for each format. They read a verified workload, write rows in its order, and know nothing
//! of files and directories.

pub mod aiperf;
pub mod csv;
pub mod jsonl;
pub mod mooncake;

use schemas::error::FormatError;
use schemas::layout::{RequestRecord, STAGE_AFTER_PREVIOUS};
use schemas::reader::Workload;
use std::collections::BTreeMap;
use std::io;
use thiserror::Error;

/// Why nothing is exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The workload breaks a rule of its own format, or has a body that this one cannot hold.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Writing failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The format cannot hold this workload; what to do instead.
    #[error("{0}")]
    Refused(String),
}

/// What was written of a workload, and what the format could not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Rows, or bodies.
    pub written: u64,
    /// Requests by what is lost of them.
    lost: BTreeMap<&'static str, u64>,
}

impl Account {
    /// Counts a request that loses something, or is left out.
    pub fn lose(&mut self, what: &'static str) {
        *self.lost.entry(what).or_default() += 1;
    }

    /// A line for each loss.
    pub fn notes(&self) -> impl Iterator<Item = String> + '_ {
        let lines = self.lost.iter();
        lines.map(|(what, count)| format!("requests that {what}: {count}"))
    }
}

/// Whether the request's stage counts its times from t0; if not, from the end of the stage before.
fn is_from_t0(workload: &Workload, request: &RequestRecord) -> bool {
    let stage = workload.stages().get(request.stage.get() as usize);
    stage.is_some_and(|stage| stage.flags & STAGE_AFTER_PREVIOUS == 0)
}
