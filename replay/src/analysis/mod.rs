//! From records to answers: what was sent, how late, how fast it was answered, and whether the
//! run may be believed.
//!
//! Reads `run.json` and `records.wlr`, nothing else, and never runs while the engine does. Refuses
//! to mix two runs, to fill a gap with a zero, and to leave a record out without counting it.

use crate::run_info::{RECORDS_FILE, RunInfo, SUMMARY_FILE, write_json};
use schemas::frames::Records;
use std::path::Path;

pub mod accounting;
pub mod cancellation;
pub mod load_summary;
pub mod measures;
pub mod report;
pub mod sent;
pub mod stats;
pub mod summary;
pub mod times;
pub mod verdict;

pub use summary::{Summary, summarize};

/// Reads the two files of a result directory that everything else is derived from.
///
/// Fails when one cannot be read, is damaged, or when they are of different workloads.
pub fn load(directory: &Path) -> anyhow::Result<(RunInfo, Records)> {
    let info = RunInfo::read(directory)?;
    let path = directory.join(RECORDS_FILE);
    let records = Records::read(&path)?;
    let fired = schemas::hex(&records.header.content_hash);
    anyhow::ensure!(
        fired == info.workload.content_hash,
        "{}: its records are of workload {fired}, but run.json beside it is of workload {}; \
         put back the file that belongs here",
        path.display(),
        info.workload.content_hash,
    );
    Ok((info, records))
}

/// Writes `summary.json` into a result directory, under a temporary name first.
pub fn write_summary(directory: &Path, summary: &Summary) -> std::io::Result<()> {
    write_json(&directory.join(SUMMARY_FILE), summary)
}
