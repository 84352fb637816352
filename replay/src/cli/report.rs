//! `replay report`.

use crate::cli::judge::JudgeArgs;
use crate::values::parse_duration;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// `replay report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A directory that `replay run --out` or `replay sweep --out` wrote.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// What to derive.
    #[arg(long, value_enum, default_value = "text")]
    pub format: ReportFormat,
    /// Write to this file instead of stdout; for hgrm and inference-perf, to files in this directory.
    #[arg(short = 'o', long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Measure only requests that were due from this time after the start on, e.g. 60s; those still
    /// in flight then are left out of in_flight and throughput.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub from: Option<Duration>,
    /// Measure only requests that were due before this time after the start, each to its end.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub to: Option<Duration>,
    /// What the run is held against, instead of what run.json says.
    #[command(flatten)]
    pub judge: JudgeArgs,
}

/// Formats of `replay report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// AIPerf's profile_export.jsonl.
    Aiperf,
    /// A table of all requests, without token times.
    Csv,
    /// HdrHistogram's percentile distributions, a file for each metric.
    Hgrm,
    /// One self-contained page with charts, for a browser.
    Html,
    /// inference-perf's summary, stage and adapter files.
    InferencePerf,
    /// The summary as one JSON object.
    Json,
    /// One JSON object a line for each request.
    Jsonl,
    /// A table of all seconds.
    Series,
    /// A table of all sessions.
    Sessions,
    /// One screen for people.
    Text,
}
