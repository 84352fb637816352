//! The `mock-llm` program: start, say where, wait for the end.
//!
//! Exit status: 0 stopped by SIGINT, SIGTERM or `--shutdown-after`; 2 wrong
//! usage; 3 the server could not be started.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Cli;
use crate::server::Server;

const EXIT_USAGE: u8 = 2;
const EXIT_WORLD: u8 = 3;

/// Runs the program; `args` begin with its name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout, mistakes to stderr; both are clap's.
            let _ = error.print();
            return if error.use_stderr() {
                EXIT_USAGE.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    if let Err(message) = cli.config().check() {
        eprintln!("mock-llm: {message}");
        return EXIT_USAGE.into();
    }
    match serve(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mock-llm: {error:#}");
            EXIT_WORLD.into()
        }
    }
}

fn serve(cli: &Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before the line that says we are ready: who reads it may signal at once.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut server = Server::start(cli.config())?;
        announce(&server).context("cannot write to stdout")?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = sleep_or_forever(cli.shutdown_after) => {
                eprintln!("mock-llm: stopping after --shutdown-after");
            }
        }
        server.stop();
        Ok(())
    })
}

fn announce(server: &Server) -> std::io::Result<()> {
    let line = serde_json::json!({ "listening": server.addr().to_string() });
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

async fn sleep_or_forever(after: Option<Duration>) {
    match after {
        Some(after) => tokio::time::sleep(after).await,
        None => std::future::pending().await,
    }
}
