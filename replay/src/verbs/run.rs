//! `replay run`: checks everything that can be checked before a byte is sent, fires, and derives
//! the summary from the records on disk.

use crate::analysis;
use crate::analysis::report;
use crate::analysis::summary::Summary;
use crate::cli::RunArgs;
use crate::combinations::{check_files, check_flags, check_start};
use crate::describe::{begin, describe};
use crate::engine::clock::unix_ns;
use crate::engine::run::{Beginning, Ending, FireError, fire};
use crate::engine::schedule::Speed;
use crate::engine::target::{Target, TargetError, is_https};
use crate::exit::{self, Failure};
use crate::pace::Pace;
use crate::run_info::{Origin, RECORDS_FILE, RUN_FILE, RunEnd, RunInfo, temporary_of};
use crate::settings::Asked;
use crate::terminal::{Progress, colour_allowed, step};
use schemas::error::FormatError;
use schemas::hex;
use schemas::layout::{
    MAX_TIME_NS, REQUEST_SALTED, RequestRecord, STAGE_AFTER_PREVIOUS, StartKind,
};
use schemas::reader::Workload;
use schemas::verify::verify;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Where results go when no directory is named.
const DEFAULT_OUT: &str = "out";

/// Runs the verb; gives the exit status.
pub fn run(args: &RunArgs) -> Result<u8, Failure> {
    let workload = Workload::open(&args.file).map_err(|error| bad_workload(&args.file, &error))?;
    let speed = args.load.speed.unwrap_or_default();
    if workload.requests().is_empty() {
        return Err(Failure::wrong_input(format!(
            "{}: holds no request to send",
            args.file.display()
        )));
    }
    let asked = asked(args, &workload)?;
    let urls = asked.urls.value.as_deref();
    let urls = urls.ok_or_else(|| no_url(&args.file))?;
    let of_url = |error| unreachable_target(error, asked.urls.origin);
    let tls: Result<Vec<bool>, _> = urls.iter().map(|url| is_https(url)).collect();
    check_flags(args, tls.map_err(of_url)?.contains(&true))?;
    check_files(args)?;
    let start_at = args.timing.start_at;
    start_at.map_or(Ok(()), |start| check_start(start, unix_ns()))?;
    if !args.no_verify {
        verify_workload(&workload, args)?;
    }
    check_speed(&workload, speed)?;
    let settings = asked.resolve(args, &workload, speed)?;
    let reach = |url: &String| Target::reach(url, settings.bind);
    let targets: Result<Vec<_>, _> = urls.iter().map(reach).collect();
    let targets = targets.map_err(of_url)?;
    let directory = result_directory(args, &workload)?;
    let mut info = describe(args, &asked, &workload, &targets, &settings)?;
    if settings.tls.insecure {
        eprintln!("{}", report::text::NOT_CHECKED);
    }
    start_at.map_or(Ok(()), announce_start)?;
    let mut progress = Progress::new(
        args.quiet,
        Pace::new(&workload, speed),
        workload.requests().len() as u64,
        last_due_ns(&workload, speed),
        settings.grace,
    );
    let mut begun = false;
    let fired = {
        let mut at_t0 = |beginning: &Beginning| {
            begin(&mut info, beginning);
            info.write(&directory)?;
            if !begun {
                tell_refusals(&info);
            }
            begun = true;
            Ok(())
        };
        let mut tell = |elapsed_ns, stop, snapshot| progress.tell(elapsed_ns, stop, snapshot);
        fire(
            &workload,
            &targets,
            &settings,
            &directory.join(RECORDS_FILE),
            &mut at_t0,
            &mut tell,
        )
    };
    progress.end();
    let ending = fired.map_err(|error| not_fired(error, &directory, begun))?;
    info.end = Some(run_end(&ending));
    info.write(&directory)
        .map_err(|error| Failure::world(format!("cannot write run.json: {error}")))?;
    let summary = summarize(&directory)?;
    print_results(args, &info, &directory, &summary)?;
    Ok(match () {
        _ if ending.interrupted => exit::INTERRUPTED,
        _ if args.strict && summary.verdict.is_invalid() => exit::CHECK_FAILED,
        _ => exit::DONE,
    })
}

/// No request may be due later than times can be.
fn check_speed(workload: &Workload, speed: Speed) -> Result<(), Failure> {
    if speed.factor() >= 1.0 {
        // The file's own times are within the limit, and not one more page of it is read for this.
        return Ok(());
    }
    let requests = workload.requests().iter();
    let timed = requests.filter(|request| request.start_kind == StartKind::At as u8);
    let starts = workload.stages().iter().map(|stage| stage.start_ns.get());
    let last_ns = timed
        .map(|request| request.start_ns.get())
        .chain(starts)
        .max();
    if last_ns.is_some_and(|ns| speed.scale_ns(ns) > MAX_TIME_NS) {
        return Err(Failure::wrong_input(format!(
            "--speed {}: the last request would be due more than ten years from now; choose a higher speed",
            speed.factor()
        )));
    }
    Ok(())
}

/// When the last request is due, if the file alone says so.
fn last_due_ns(workload: &Workload, speed: Speed) -> Option<u64> {
    let last = workload.requests().last()?;
    let stage = workload.stages().get(last.stage.get() as usize)?;
    let from_t0 = stage.flags & STAGE_AFTER_PREVIOUS == 0;
    (from_t0 && last.start_kind == StartKind::At as u8).then(|| speed.scale_ns(last.start_ns.get()))
}

/// Says how long the wait is, if the time has not passed meanwhile.
fn announce_start(start_unix_ns: u64) -> Result<(), Failure> {
    let now = unix_ns();
    check_start(start_unix_ns, now)?;
    eprintln!("starting in {:.1} s", (start_unix_ns - now) as f64 / 1e9);
    Ok(())
}

/// What a worker thread asked for and was not granted.
fn tell_refusals(info: &RunInfo) {
    for thread in &info.threads {
        for refused in &thread.refused {
            eprintln!("warning: worker {}: not granted: {refused}", thread.worker);
        }
    }
}

/// Joins the flags and the workload's hints, and says which hints are followed.
fn asked(args: &RunArgs, workload: &Workload) -> Result<Asked, Failure> {
    let manifest = workload
        .manifest()
        .map_err(|error| bad_workload(&args.file, &error))?;
    let salted = |request: &RequestRecord| request.flags & REQUEST_SALTED != 0;
    let salt = manifest.salt.as_ref();
    let salt = salt.filter(|_| workload.requests().iter().any(salted));
    let asked = Asked::new(args, &manifest.hints, salt)?;
    if let Some(flags) = asked.from_workload() {
        eprintln!("from the workload's recommendations: {flags}");
    }
    Ok(asked)
}

fn no_url(file: &Path) -> Failure {
    Failure::wrong_input(format!(
        "no --url, and {} recommends none\n  help: name the server, e.g. --url http://127.0.0.1:8000",
        file.display()
    ))
}

fn unreachable_target(error: TargetError, origin: Origin) -> Failure {
    let whose = match origin {
        Origin::Workload => "\n  help: the workload recommends this URL; name another with --url",
        Origin::Flag | Origin::Default => "",
    };
    let message = format!("{error}{whose}");
    match error {
        TargetError::Url { .. } | TargetError::Bind { .. } => Failure::wrong_input(message),
        TargetError::Resolve { .. } | TargetError::Unreachable { .. } => Failure::world(message),
    }
}

fn bad_workload(file: &Path, error: &FormatError) -> Failure {
    let message = match error {
        FormatError::Io { .. } => error.to_string(),
        _ => format!("{}: {error}", file.display()),
    };
    if error.is_system_failure() {
        Failure::world(message)
    } else {
        Failure::wrong_input(message)
    }
}

fn verify_workload(workload: &Workload, args: &RunArgs) -> Result<(), Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let total = workload.requests().len() as u64;
    verify(workload, threads, &|done| {
        step(args.quiet, "verifying", done, total)
    })
    .map(|_| step(args.quiet, "verified", total, total))
    .map_err(|error| bad_workload(&args.file, &error))
}

/// The directory for the results, which holds no run yet.
fn result_directory(args: &RunArgs, workload: &Workload) -> Result<PathBuf, Failure> {
    let directory = match &args.out {
        Some(directory) => directory.clone(),
        None => {
            let hash = hex(&workload.content_hash()[..6]);
            let free = (1..)
                .map(|n| Path::new(DEFAULT_OUT).join(format!("{hash}-{n}")))
                .find(|path| !path.exists());
            free.expect("some number is free")
        }
    };
    if directory.join(RECORDS_FILE).exists() {
        return Err(Failure::wrong_input(format!(
            "--out {}: holds the records of a run already; name another directory or remove it",
            directory.display()
        )));
    }
    std::fs::create_dir_all(&directory).map_err(|error| {
        Failure::world(format!("cannot create {}: {error}", directory.display()))
    })?;
    Ok(directory)
}

fn run_end(ending: &Ending) -> RunEnd {
    RunEnd {
        interrupted: ending.interrupted,
        ended_ns: ending.ended_ns,
        cpu_ns: ending.cpu_ns,
        involuntary_context_switches: ending.involuntary_context_switches,
        connections_opened: ending.connections_opened,
    }
}

/// Nothing was sent, or the records are incomplete. A run that has not begun leaves nothing behind
/// that could be taken for one.
fn not_fired(error: FireError, directory: &Path, begun: bool) -> Failure {
    if !begun {
        // Each fails harmlessly where there is nothing, and the last where something else lies.
        let _ = std::fs::remove_file(directory.join(RECORDS_FILE));
        let _ = std::fs::remove_file(directory.join(RUN_FILE));
        let _ = std::fs::remove_file(temporary_of(&directory.join(RUN_FILE)));
        let _ = std::fs::remove_dir(directory);
    }
    match error {
        FireError::TooLate | FireError::Request(_) => Failure::wrong_input(error),
        _ if begun => Failure::world(format!(
            "{error}\n  help: what was recorded before is in {}; see `replay report`",
            directory.display()
        )),
        _ => Failure::world(error),
    }
}

fn summarize(directory: &Path) -> Result<Summary, Failure> {
    let (info, records) = analysis::load(directory)
        .map_err(|error| Failure::world(format!("cannot read the run back: {error:#}")))?;
    let summary = analysis::summarize(&info, &records);
    analysis::write_summary(directory, &summary)
        .map_err(|error| Failure::world(format!("cannot write summary.json: {error}")))?;
    Ok(summary)
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
