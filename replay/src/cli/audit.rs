//! `replay audit`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

const AUDIT_EXAMPLES: &str = "\
Examples:
  wlc compile examples/audit.yaml -o audit.wlc
  replay run audit.wlc --url http://127.0.0.1:8000 --out results/audit
  replay audit results/audit
  replay audit results/audit --format html -o audit.html

Exit status: 0 every property was seen kept, 1 one was seen broken, or one was not seen at all, 2 no run of an
audit workload, 3 I/O failed.";

/// `replay audit`.
#[derive(Debug, Args)]
#[command(after_help = AUDIT_EXAMPLES)]
pub struct AuditArgs {
    /// Directory that `replay run` wrote, of a workload whose spec says `audit:`.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// What to derive [default: text].
    #[arg(long, value_enum)]
    pub format: Option<AuditFormat>,
    /// The same as --format json.
    #[arg(long)]
    pub json: bool,
    /// Write to this file instead of stdout.
    #[arg(short = 'o', long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}

/// Formats of `replay audit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// One self-contained page, for a browser.
    Html,
    /// One JSON object.
    Json,
    /// A table for people.
    Text,
}
