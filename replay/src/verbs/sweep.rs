//! `replay sweep`: finds a server's limit and prints what was found.
//!
//! Refuses flags that a sweep sets itself, and to begin where results lie already.

use crate::analysis::report::text;
use crate::analysis::summary::SloLimit;
use crate::bundle;
use crate::cli::sweep::SweepArgs;
use crate::engine::schedule::Overload;
use crate::exit::{self, Failure};
use crate::firing::Firing;
use crate::run_info::RECORDS_FILE;
use crate::settings;
use crate::sweep::conduct::Sweep;
use crate::sweep::rescale::Paced;
use crate::sweep::result::{SWEEP_FILE, SweepResult};
use crate::terminal::colour_allowed;
use crate::verbs::deliver;
use schemas::audit::is_audit;
use schemas::hex;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// Where results go when no directory is named.
const DEFAULT_OUT: &str = "out";

/// Runs the verb; gives the exit status.
pub fn sweep(args: &SweepArgs) -> Result<u8, Failure> {
    check(args)?;
    let firing = Firing::prepare(&args.fire)?;
    let workload = firing.workload();
    if is_audit(workload) {
        return Err(Failure::wrong_input(format!(
            "{}: asks about answers, not about speed\n  help: fire it once with `replay run`, and \
             then `replay audit` the results",
            args.fire.file.display()
        )));
    }
    let paced = Paced::of(workload.requests(), workload.stages()).map_err(Failure::wrong_input)?;
    let slos = slos(args, &firing)?;
    let directory = directory(args, &workload.content_hash())?;
    let mut sweep = Sweep::new(args, &firing, paced, slos, directory);
    sweep.warn();
    let status = match sweep.run() {
        Ok(()) => exit::DONE,
        // What was measured is on disk, and shown.
        Err(failure) if failure.status == exit::INTERRUPTED => {
            sweep.write()?;
            exit::INTERRUPTED
        }
        Err(failure) => return Err(failure),
    };
    bundle::close(sweep.directory(), bundle::Kind::Sweep)
        .map_err(|error| Failure::world(format!("cannot close the results: {error:#}")))?;
    let printed = print(args, sweep.result());
    eprintln!("results: {}", sweep.directory().display());
    printed.map(|()| status)
}

/// Refuses what a sweep sets itself.
fn check(args: &SweepArgs) -> Result<(), Failure> {
    let load = &args.fire.load;
    let refused = match () {
        () if load.speed.is_some() => {
            "--speed: a sweep sets the speed of every step; name the highest rate with --up-to"
        }
        () if args.fire.timing.start_at.is_some() => {
            "--start-at: a sweep has many beginnings; leave it away"
        }
        () if load.overload == Some(Overload::Drop) && args.up_to.is_none() => {
            "--overload drop: the probe is a queue, and would be dropped; leave it away, or name the \
             highest rate with --up-to"
        }
        () => return Ok(()),
    };
    Err(Failure::wrong_input(refused))
}

/// What answers are held against: what is typed, else what the workload recommends.
fn slos(args: &SweepArgs, firing: &Firing) -> Result<Vec<SloLimit>, Failure> {
    let hints = &firing.manifest().hints.slos;
    let slos = settings::slos(&args.fire.judge.slos, hints)?;
    let slos = slos.value.unwrap_or_default();
    if slos.is_empty() && (args.goal || args.stop_on_slo) {
        let flag = if args.goal { "--goal" } else { "--stop-on-slo" };
        return Err(Failure::wrong_input(format!(
            "{flag} needs SLOs, and there are none\n  help: give one, e.g. --slo ttft=500ms"
        )));
    }
    Ok(slos.iter().map(SloLimit::of).collect())
}

/// A directory without results.
fn directory(args: &SweepArgs, content_hash: &[u8]) -> Result<PathBuf, Failure> {
    let Some(directory) = &args.out else {
        let hash = hex(&content_hash[..6]);
        let free = (1..)
            .map(|n| Path::new(DEFAULT_OUT).join(format!("{hash}-sweep-{n}")))
            .find(|path| !path.exists());
        return Ok(free.expect("some number is free"));
    };
    let is_used = |name: &str| directory.join(name).exists();
    if is_used(SWEEP_FILE) || is_used(RECORDS_FILE) {
        return Err(Failure::wrong_input(format!(
            "--out {}: holds results already; name another directory or remove it",
            directory.display()
        )));
    }
    Ok(directory.clone())
}

fn print(args: &SweepArgs, found: &SweepResult) -> Result<(), Failure> {
    let colour = colour_allowed(io::stdout().is_terminal());
    deliver::one(None, |out| match args.json {
        true => found.write_json(out),
        false => text::sweep::write(found, colour, out),
    })
}
