//! What can be typed. Values are checked here; what they do is in the verbs.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Compiles a load test into one file in which nothing is left to chance.
#[derive(Debug, Parser)]
#[command(name = "wlc", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  wlc compile chat.yaml -o chat.wlc
  wlc compile chat.yaml -o chat.wlc --seed 7 --set load.stages.0.rate=200
  wlc inspect chat.wlc --requests --json | head -3
  wlc verify chat.wlc
  wlc reproduce chat.wlc --trace-dir traces
  wlc diff monday.wlc tuesday.wlc
  wlc prove chat.wlc --request 7 -o seventh.json
  wlc export chat.wlc --to mooncake -o chat.jsonl
  wlc schema --rng

Exit status: 0 done and true, 1 what was checked is false (the file does not verify, is not
reproduced, the two differ, the proof is none), 2 wrong input (usage, spec, trace, not a
workload), 3 the world failed (I/O), 130 interrupted.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Turn a spec and a seed into a workload file.
    Compile(CompileArgs),
    /// Show what a workload holds.
    Inspect(InspectArgs),
    /// Recompute every hash and bound of a workload.
    Verify(VerifyArgs),
    /// Compile a workload again from what it says of itself, and hold the two against each other.
    Reproduce(ReproduceArgs),
    /// Say in what two workloads differ.
    Diff(DiffArgs),
    /// Write a proof that a request is part of a workload.
    Prove(ProveArgs),
    /// Check such a proof; the workload is not needed.
    CheckProof(CheckProofArgs),
    /// Write the requests in another program's format.
    Export(ExportArgs),
    /// Print what a spec may say, for editors, or what is drawn from (--rng).
    Schema(SchemaArgs),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// `wlc compile`.
#[derive(Debug, Args)]
pub struct CompileArgs {
    /// The spec, a YAML file; traces that it names are looked up beside it.
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// The workload file to write; replaced only when the new one is complete.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: PathBuf,
    /// Seed of everything random; replaces the spec's. Drawn and recorded if neither names one.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads to use; the file does not depend on their number [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// Override a value of the spec, e.g. load.stages.0.rate=200. Repeatable.
    #[arg(long = "set", value_name = "a.b=v")]
    pub sets: Vec<String>,
    /// Print the result as one JSON object on stdout.
    #[arg(long)]
    pub json: bool,
}

/// `wlc inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The workload.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON: one object, or with --requests one object a line.
    #[arg(long)]
    pub json: bool,
    /// Show every request.
    #[arg(long)]
    pub requests: bool,
    /// Show this request only (counted from 0).
    #[arg(long, value_name = "I")]
    pub request: Option<u64>,
    /// Show the bodies too. A body that repeats what the server will have answered has `body`
    /// null; `body_parts` lists its texts and {"answer_to": I} in turn.
    #[arg(long)]
    pub bodies: bool,
}

/// `wlc verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The workload.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print the result as one JSON object on stdout.
    #[arg(long)]
    pub json: bool,
}

/// `wlc reproduce`.
#[derive(Debug, Args)]
pub struct ReproduceArgs {
    /// The workload.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the files that the spec names are [default: the directory of FILE].
    #[arg(long, value_name = "DIR")]
    pub trace_dir: Option<PathBuf>,
    /// Threads to use; the result does not depend on their number [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// Print the result as one JSON object on stdout.
    #[arg(long)]
    pub json: bool,
}

/// `wlc diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A workload.
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The workload to hold against it.
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// Print the result as one JSON object on stdout.
    #[arg(long)]
    pub json: bool,
}

/// `wlc prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// The workload.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The request (counted from 0).
    #[arg(long, value_name = "I")]
    pub request: u64,
    /// Where the proof goes [default: stdout].
    #[arg(short = 'o', long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}

/// `wlc check-proof`.
#[derive(Debug, Args)]
pub struct CheckProofArgs {
    /// The proof, as `wlc prove` writes it.
    #[arg(value_name = "PROOF")]
    pub proof: PathBuf,
    /// The content hash that the request must be part of; without it the proof's own is believed,
    /// and named.
    #[arg(long, value_name = "HEX")]
    pub content_hash: Option<String>,
    /// Print the result as one JSON object on stdout.
    #[arg(long)]
    pub json: bool,
}

/// `wlc export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The workload.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The format; what it cannot hold is counted on stderr.
    #[arg(long, value_name = "FORMAT")]
    pub to: ExportFormat,
    /// Where it goes: a file [default: stdout], for aiperf a directory (required).
    #[arg(short = 'o', long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}

/// What `wlc export` can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a request, as `wlc inspect --requests --bodies --json` prints it.
    Jsonl,
    /// One row a request, bodies by length and SHA-256.
    Csv,
    /// Two files that AIPerf reads: inputs.json with every body, fixed_schedule.jsonl with times.
    Aiperf,
    /// One row a request with the hash ids of its prompt's blocks.
    Mooncake,
}

/// `wlc schema`.
#[derive(Debug, Args)]
#[command(after_help = SCHEMA_EXAMPLES)]
pub struct SchemaArgs {
    /// Print the registry of random numbers instead: each identifier, what its stream index
    /// counts, what is drawn from a stream, and whether AIPerf publishes the name.
    #[arg(long)]
    pub rng: bool,
    /// Print JSON; the schema of a spec always is.
    #[arg(long)]
    pub json: bool,
}

const SCHEMA_EXAMPLES: &str = "\
Examples:
  wlc schema > wlc.schema.json
  wlc schema --rng
  wlc schema --rng --json

A spec that begins with this line is checked and completed by editors that know the YAML language
server:
  # yaml-language-server: $schema=./wlc.schema.json

The draws themselves are specified in schemas/RANDOMNESS.md.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
