//! `replay compare`.

use clap::Args;
use std::path::PathBuf;

/// `replay compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Directories that `replay run --out` wrote: two for what changed, three or more for how far
    /// runs of the same load spread.
    #[arg(value_name = "DIR", num_args = 2.., required = true)]
    pub directories: Vec<PathBuf>,
    /// Print one JSON object with every figure.
    #[arg(long)]
    pub json: bool,
}
