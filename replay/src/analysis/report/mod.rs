//! One file per format that a run can be reported in.
//!
//! Every report is derived from the same two inputs as `summary.json`, and none of them is ever
//! read back. Refuses to decide about colour: the caller knows the terminal and `NO_COLOR`.

use crate::analysis::{Asked, RunData, summarize};
use std::io::{self, Write};

pub mod aiperf;
pub mod csv;
pub mod hgrm;
pub mod html;
pub mod inference_perf;
pub mod json;
pub mod jsonl;
pub mod line;
pub mod text;

/// What to derive, as one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One screen for a reader.
    Text {
        /// Mark the verdict with ANSI colours.
        colour: bool,
    },
    /// One page for a browser.
    Html,
    /// The summary as indented JSON.
    Json,
    /// One JSON object a line for each record.
    Jsonl,
    /// A table of all records.
    Csv,
    /// A table of all seconds.
    Series,
    /// A table of all sessions.
    Sessions,
    /// AIPerf's `profile_export.jsonl`.
    Aiperf,
}

/// What to derive, as several files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilesFormat {
    /// HdrHistogram's percentile distributions.
    Hgrm,
    /// inference-perf's `…_lifecycle_metrics.json`.
    InferencePerf,
}

/// A file of a report that has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// Its name, without a directory.
    pub name: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Derives a report from a run's records and writes it.
pub fn write(format: Format, data: &RunData, asked: &Asked, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text { colour } => text::write(&data.info, &summarize(data, asked), colour, out),
        Format::Html => html::write(data, &summarize(data, asked), out),
        Format::Json => json::write(&summarize(data, asked), out),
        Format::Jsonl => jsonl::write(data, out),
        Format::Csv => csv::requests(data, out),
        Format::Series => csv::series(data, out),
        Format::Sessions => csv::sessions(data, out),
        Format::Aiperf => aiperf::write(data, out),
    }
}

/// Derives the files of a report.
pub fn files(format: FilesFormat, data: &RunData, asked: &Asked) -> Vec<NamedFile> {
    let summary = summarize(data, asked);
    match format {
        FilesFormat::Hgrm => hgrm::files(data, &summary.overall),
        FilesFormat::InferencePerf => inference_perf::files(&summary),
    }
}
