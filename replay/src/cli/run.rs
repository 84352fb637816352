//! `replay run`.

use crate::cli::fire::FireArgs;
use clap::Args;
use std::path::PathBuf;

const RUN_EXAMPLES: &str = "\
Examples:
  replay run chat.wlc --url http://127.0.0.1:8000
  replay run chat.wlc --url http://10.0.0.1:8000 --url http://10.0.0.2:8000 --balance least-loaded
  replay run chat.wlc --url https://llm.example --cacert ca.pem --http2 --api-key-env KEY
  replay run chat.wlc --url http://127.0.0.1:8000 --max-in-flight 256 --overload drop
  replay run chat.wlc --url http://127.0.0.1:8000 --workers 2 --cpus 2,3 --fifo 50 --spin on
  replay run chat.wlc --url http://127.0.0.1:8000 --start-at 2030-01-31T12:00:00Z

Durations are numbers with a unit: 500ms, 30s, 5m, 1h. Ctrl-C once sends no more and waits up to
--grace for the answers, twice stops at once; what was recorded is on disk in both cases.";

/// `replay run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// Directory for the results; it must not hold a run already [default: out/HASH-N].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the summary as JSON on stdout.
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 when the run is INVALID.
    #[arg(long)]
    pub strict: bool,
    /// What is fired, and how.
    #[command(flatten)]
    pub fire: FireArgs,
}
