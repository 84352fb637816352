//! Fires a workload file at an LLM server with precise timing, and records what came back.
//!
//! Two wings that meet only at the records: the engine, which fires and writes `records.wlr`,
//! and the analysis, which reads it afterwards. Refuses on purpose: random numbers, YAML,
//! tokenizers, and everything else that belongs to the compiler.

pub mod analysis;
pub mod answer_file;
pub mod bundle;
pub mod cli;
pub mod combinations;
pub mod describe;
pub mod engine;
pub mod exit;
pub mod firing;
pub mod host;
pub mod pace;
pub mod run_info;
pub mod secrets;
pub mod server_facts;
pub mod settings;
pub mod sweep;
pub mod terminal;
pub mod values;
pub mod verbs;
pub mod verify;
pub mod wall_time;

use clap::CommandFactory;
use cli::{Cli, Verb};
use std::ffi::OsString;
use std::process::ExitCode;

/// The whole program; `args` begins with the program's name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::parse(args) {
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
        Verb::Run(args) => verbs::run::run(args),
        Verb::Report(args) => verbs::report::report(args),
        Verb::Sweep(args) => verbs::sweep::sweep(args),
        Verb::Compare(args) => verbs::compare::compare(args),
        Verb::Audit(args) => verbs::audit::audit(args),
        Verb::Verify(args) => verbs::verify::verify(args),
        Verb::Sign(args) => verbs::sign::sign(args),
        Verb::Archive(args) => verbs::archive::archive(args),
        Verb::Completions { shell } => {
            clap_complete::generate(
                *shell,
                &mut Cli::command(),
                "replay",
                &mut std::io::stdout(),
            );
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
