//! `replay run`: fires a workload once, derives the summary from the records on disk and prints it.

use crate::analysis::report;
use crate::analysis::summary::Summary;
use crate::cli::run::RunArgs;
use crate::exit::{self, Failure};
use crate::firing::{Firing, Step, summarise};
use crate::run_info::RunInfo;
use crate::terminal::colour_allowed;
use schemas::audit::is_audit;
use schemas::hex;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Where results go when no directory is named.
const DEFAULT_OUT: &str = "out";

/// Runs the verb; gives the exit status.
pub fn run(args: &RunArgs) -> Result<u8, Failure> {
    let firing = Firing::prepare(&args.fire)?;
    let directory = match &args.out {
        Some(directory) => directory.clone(),
        None => free_directory(&firing.workload().content_hash()),
    };
    let fired = firing.fire(&Step::default(), &directory)?;
    let (_, summary) = summarise(&directory)?;
    print_results(args, &fired.info, &directory, &summary)?;
    if is_audit(firing.workload()) {
        eprintln!("next: replay audit {}", directory.display());
    }
    Ok(match () {
        () if fired.interrupted => exit::INTERRUPTED,
        () if args.strict && summary.verdict.is_invalid() => exit::CHECK_FAILED,
        () => exit::DONE,
    })
}

/// The first directory for this content hash that there is not yet.
fn free_directory(content_hash: &[u8]) -> PathBuf {
    let hash = hex(&content_hash[..6]);
    let free = (1..)
        .map(|n| Path::new(DEFAULT_OUT).join(format!("{hash}-{n}")))
        .find(|path| !path.exists());
    free.expect("some number is free")
}

fn print_results(
    args: &RunArgs,
    info: &RunInfo,
    directory: &Path,
    summary: &Summary,
) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let colour = colour_allowed(stdout.is_terminal());
    let written = if args.json {
        report::json::write(summary, &mut stdout)
    } else {
        report::text::write(info, summary, colour, &mut stdout)
    };
    let written = written.and_then(|()| stdout.flush());
    drop(stdout);
    eprintln!("results: {}", directory.display());
    match written {
        // A reader such as `head` may have seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::world(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}
