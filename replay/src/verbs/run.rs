//! `replay run`: checks everything that can be checked before a byte is sent, fires, and derives
//! the summary from the records on disk.

use crate::analysis;
use crate::analysis::report;
use crate::analysis::summary::Summary;
use crate::cli::RunArgs;
use crate::engine::run::{Beginning, Ending, FireError, FireSettings, fire};
use crate::engine::schedule::Speed;
use crate::engine::target::{Target, TargetError};
use crate::exit::{self, Failure};
use crate::host;
use crate::run_info::{
    ClockInfo, Origin, RECORDS_FILE, RUN_FILE, RUN_FORMAT, RunEnd, RunInfo, Settings, StageInfo,
    TimerCalibration, WorkloadInfo, temporary_of,
};
use crate::settings::Asked;
use crate::terminal::{Progress, colour_allowed};
use schemas::error::FormatError;
use schemas::hex;
use schemas::layout::{
    MAX_TIME_NS, REQUEST_SALTED, RequestRecord, STAGE_WARM_UP, StageKind, optional_u64,
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
    let speed = args.speed.unwrap_or(Speed::new(1.0).expect("1 is a speed"));
    let last_ns = workload
        .requests()
        .last()
        .map_or(0, |request| speed.scale_ns(request.start_ns.get()));
    let mut progress = Progress::new(args.quiet, workload.requests().len() as u64, last_ns);
    if workload.requests().is_empty() {
        return Err(Failure::wrong_input(format!(
            "{}: holds no request to send",
            args.file.display()
        )));
    }
    let asked = asked(args, &workload)?;
    let url = asked
        .url
        .value
        .as_deref()
        .ok_or_else(|| no_url(&args.file))?;
    if !args.no_verify {
        verify_workload(&workload, &args.file, &progress)?;
    }
    if last_ns > MAX_TIME_NS {
        return Err(Failure::wrong_input(format!(
            "--speed {}: the last request would be due more than ten years from now; choose a higher speed",
            speed.factor()
        )));
    }
    let settings = asked.resolve(args, &workload, speed)?;
    let target = Target::reach(url).map_err(|error| unreachable_target(error, asked.url.origin))?;
    let directory = result_directory(args, &workload)?;
    let mut info = describe(args, &asked, &workload, &target, &settings)?;
    let mut begun = false;
    let fired = {
        let mut at_t0 = |beginning: &Beginning| {
            info.clock = clock_info(beginning);
            info.write(&directory)?;
            begun = true;
            Ok(())
        };
        let mut tell = |elapsed_ns, snapshot| progress.tell(elapsed_ns, snapshot);
        fire(
            &workload,
            &target,
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
        TargetError::Url { .. } => Failure::wrong_input(message),
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

fn verify_workload(workload: &Workload, file: &Path, progress: &Progress) -> Result<(), Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let total = workload.requests().len() as u64;
    verify(workload, threads, &|done| {
        progress.step("verifying", done, total)
    })
    .map(|_| progress.step("verified", total, total))
    .map_err(|error| bad_workload(file, &error))
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

fn describe(
    args: &RunArgs,
    asked: &Asked,
    workload: &Workload,
    target: &Target,
    settings: &FireSettings,
) -> Result<RunInfo, Failure> {
    let header_names: Vec<String> = args
        .headers
        .iter()
        .map(|(name, _)| name.to_string())
        .collect();
    Ok(RunInfo {
        format: RUN_FORMAT,
        replay_version: env!("CARGO_PKG_VERSION").to_owned(),
        workload: WorkloadInfo {
            content_hash: hex(&workload.content_hash()),
            footer_hash: hex(&workload.footer_hash()),
            file_bytes: workload.file_bytes().len() as u64,
            requests: workload.requests().len() as u64,
            verified: !args.no_verify,
        },
        requested: Settings {
            workers: asked.workers.value,
            max_in_flight: asked.max_in_flight.value,
            connections: asked.connections.value,
            speed: args.speed.map(Speed::factor),
            timeout_ns: asked.timeout.value.map(|timeout| timeout.as_nanos() as u64),
            header_names: header_names.clone(),
            api_key_env: args.api_key_env.clone(),
            salt: asked.salt.clone(),
        },
        origins: asked.origins(),
        effective: Settings {
            workers: Some(settings.workers as u32),
            max_in_flight: Some(settings.max_in_flight as u32),
            connections: Some(settings.connections as u32),
            speed: Some(settings.speed.factor()),
            timeout_ns: Some(settings.timeout.as_nanos() as u64),
            header_names,
            api_key_env: args.api_key_env.clone(),
            salt: asked.salt.clone(),
        },
        target: crate::run_info::Target {
            url: target.url.clone(),
            address: target.address.to_string(),
        },
        stages: stage_infos(workload, settings.speed)
            .map_err(|what| Failure::wrong_input(format!("{}: {what}", args.file.display())))?,
        clock: clock_info(&Beginning {
            t0_monotonic_ns: 0,
            t0_unix_ns: 0,
            timer: no_calibration(),
        }),
        host: host::describe(),
        end: None,
    })
}

fn stage_infos(workload: &Workload, speed: Speed) -> Result<Vec<StageInfo>, String> {
    workload
        .stages()
        .iter()
        .map(|stage| {
            let name = workload.tables().optional_string(stage.name.get())?;
            let kind = StageKind::from_number(stage.kind).ok_or("a stage has an undefined kind")?;
            Ok(StageInfo {
                name: name.map(str::to_owned),
                kind: kind.name().to_owned(),
                warm_up: stage.flags & STAGE_WARM_UP != 0,
                start_ns: speed.scale_ns(stage.start_ns.get()),
                duration_ns: optional_u64(stage.duration_ns).map(|ns| speed.scale_ns(ns)),
                rate: optional_u64(stage.rate_microhertz)
                    .map(|rate| rate as f64 / 1e6 * speed.factor()),
                requests: stage.request_count.get(),
            })
        })
        .collect()
}

fn no_calibration() -> TimerCalibration {
    TimerCalibration {
        samples: 0,
        late_median_ns: 0,
        late_p99_ns: 0,
        clock_read_ns: 0,
    }
}

fn clock_info(beginning: &Beginning) -> ClockInfo {
    ClockInfo {
        name: "CLOCK_MONOTONIC".to_owned(),
        t0_monotonic_ns: beginning.t0_monotonic_ns,
        t0_unix_ns: beginning.t0_unix_ns,
        source: host::clock_source(),
        timer: beginning.timer.clone(),
    }
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
        FireError::Unsupported { .. } | FireError::Request(_) => Failure::wrong_input(error),
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
