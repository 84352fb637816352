//! One file per format that a run can be reported in.
//!
//! Every report is derived from the same two inputs as `summary.json`, and none of them is ever
//! read back. Refuses to decide about colour: the caller knows the terminal and `NO_COLOR`.

use crate::analysis::summarize;
use crate::run_info::RunInfo;
use schemas::frames::Records;
use std::io::{self, Write};

pub mod json;
pub mod jsonl;
pub mod text;

/// What to derive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One screen for a reader.
    Text {
        /// Mark the verdict with ANSI colours.
        colour: bool,
    },
    /// The summary as indented JSON.
    Json,
    /// One JSON object a line for each record.
    Jsonl,
}

/// Derives a report from a run's records and writes it.
pub fn write(
    format: Format,
    info: &RunInfo,
    records: &Records,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text { colour } => text::write(info, &summarize(info, records), colour, out),
        Format::Json => json::write(&summarize(info, records), out),
        Format::Jsonl => jsonl::write(records, out),
    }
}
