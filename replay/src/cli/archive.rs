//! `replay archive`.

use clap::Args;
use std::path::PathBuf;

const ARCHIVE_EXAMPLES: &str = "\
Examples:
  replay archive results/fast --workload chat.wlc -o fast.tar.zst
  tar --zstd -xf fast.tar.zst

The same results and workload give the same bytes, wherever and whenever they are packed.";

/// `replay archive`.
#[derive(Debug, Args)]
#[command(after_help = ARCHIVE_EXAMPLES)]
pub struct ArchiveArgs {
    /// Directory that `replay run` or `replay sweep` wrote.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// File to write.
    #[arg(short, long, value_name = "FILE.tar.zst")]
    pub output: PathBuf,
    /// The workload that was fired [default: DIR/workload.wlc].
    #[arg(long, value_name = "FILE")]
    pub workload: Option<PathBuf>,
}
