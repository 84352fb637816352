//! `wlc`: turns a spec or a trace and a seed into one materialised workload file.
//!
//! spec (YAML to checked values) → plan (integer tables) → materialise (bytes). Data flows one
//! way; nothing later reaches back. Refuses on purpose: wall clock, host name, hash-map order and
//! platform floats, because each would make the bytes depend on something that is not an input.

pub mod cli;
pub mod compile;
pub mod dataset;
pub mod diff;
mod escape;
pub mod exit;
pub mod export;
pub mod inputs;
pub mod materialise;
pub mod media;
mod notes;
pub mod payload;
pub mod plan;
pub mod proof;
mod provenance;
pub mod reproduce;
pub mod rng;
pub mod samplers;
pub mod spec;
pub mod text;
pub mod verbs;

use clap::{CommandFactory, Parser};
use cli::{Cli, Verb};
use std::ffi::OsString;
use std::process::ExitCode;

/// The whole program; `args` begins with the program's name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                exit::WRONG_INPUT
            } else {
                exit::DONE
            });
        }
    };
    let outcome = match &cli.verb {
        Verb::Compile(args) => verbs::compile::run(args),
        Verb::Inspect(args) => verbs::inspect::run(args),
        Verb::Verify(args) => verbs::verify::run(args),
        Verb::Reproduce(args) => verbs::reproduce::run(args),
        Verb::Diff(args) => verbs::diff::run(args),
        Verb::Prove(args) => verbs::prove::run(args),
        Verb::CheckProof(args) => verbs::check_proof::run(args),
        Verb::Export(args) => verbs::export::run(args),
        Verb::Schema(args) => verbs::schema::run(args),
        Verb::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "wlc", &mut std::io::stdout());
            Ok(exit::DONE)
        }
    };
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            ExitCode::from(failure.status)
        }
    }
}
