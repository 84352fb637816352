//! From records to answers: what was sent, how late, how fast it was answered, and whether the
//! run may be believed.
//!
//! Reads `run.json` and `records.wlr`, nothing else, and never runs while the engine does. Refuses
//! to mix two runs, to fill a gap with a zero, and to leave a record out without counting it.

use crate::run_info::{SUMMARY_FILE, write_json};
use std::path::Path;

pub mod accounting;
pub mod audit;
pub mod cancellation;
pub mod compare;
pub mod counts;
pub mod distributions;
pub mod errors;
pub mod extent;
pub mod goodput;
pub mod group;
pub mod in_flight;
pub mod load_summary;
pub mod measures;
pub mod metric;
pub mod report;
pub mod row;
pub mod run_data;
pub mod series;
pub mod sessions;
pub mod slo;
pub mod stats;
pub mod summary;
pub mod times;
pub mod tokens;
pub mod verdict;
pub mod window;

pub use run_data::{RunData, open};
pub use summary::{Asked, Summary, summarize};
pub use window::Window;

/// Writes `summary.json` into a result directory, under a temporary name first.
pub fn write_summary(directory: &Path, summary: &Summary) -> std::io::Result<()> {
    write_json(&directory.join(SUMMARY_FILE), summary)
}
