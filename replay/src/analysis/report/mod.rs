//! One file per format that a run can be reported in.
//!
//! Every report is derived from the same two inputs as `summary.json`, and none of them is ever
//! read back. Refuses to decide about colour: the caller knows the terminal and `NO_COLOR`.

use crate::analysis::{Summary, summarize};
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
        Format::Jsonl => jsonl::write(records, out),
        Format::Text { .. } | Format::Json => {
            write_summary(format, info, &summarize(info, records), out)
        }
    }
}

/// Writes a report of a summary that is already at hand. Fails for [`Format::Jsonl`], which is of
/// the records themselves.
pub fn write_summary(
    format: Format,
    info: &RunInfo,
    summary: &Summary,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text { colour } => text::write(info, summary, colour, out),
        Format::Json => json::write(summary, out),
        Format::Jsonl => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "JSON lines are written from the records, not from a summary",
        )),
    }
}
