//! `replay verify`.

use clap::Args;
use std::path::PathBuf;

const VERIFY_EXAMPLES: &str = "\
Examples:
  replay verify results/fast --workload chat.wlc
  replay verify results/fast --workload chat.wlc --allowed-signers signers
  replay verify unpacked/a1b2c3d4e5f6 --json

Exit status: 0 verified, 1 not, with each fault on a line of its own, 2 no results that can be verified.";

/// `replay verify`.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub struct VerifyArgs {
    /// Directory that `replay run` or `replay sweep` wrote.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The workload that was fired; each record is then held against its request
    /// [default: DIR/workload.wlc, if it is there].
    #[arg(long, value_name = "FILE")]
    pub workload: Option<PathBuf>,
    /// File with the keys that may have signed, as ssh-keygen(1) describes it; without a signature by
    /// one of them the results are not verified. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub allowed_signers: Vec<PathBuf>,
    /// Print what was found as JSON on stdout.
    #[arg(long)]
    pub json: bool,
}
