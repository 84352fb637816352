//! `replay run`: checks everything that can be checked before a byte is sent, fires, and derives
//! the summary from the records on disk.

use crate::analysis;
use crate::analysis::report;
use crate::analysis::summary::Summary;
use crate::cli::RunArgs;
use crate::engine::request::ExtraHeaders;
use crate::engine::run::{Beginning, Ending, FireError, FireSettings, default_connections, fire};
use crate::engine::schedule::Speed;
use crate::engine::target::{Target, TargetError};
use crate::exit::{self, Failure};
use crate::host;
use crate::run_info::{
    ClockInfo, RECORDS_FILE, RUN_FILE, RUN_FORMAT, RunEnd, RunInfo, Settings, StageInfo,
    TimerCalibration, WorkloadInfo, temporary_of,
};
use crate::terminal::{Progress, colour_allowed};
use http::header::HeaderValue;
use schemas::error::FormatError;
use schemas::hex;
use schemas::layout::{MAX_TIME_NS, STAGE_WARM_UP, StageKind, optional_u64};
use schemas::reader::Workload;
use schemas::verify::verify;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
/// Open files that are not connections.
const SPARE_FILES: u64 = 64;
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
    if !args.no_verify {
        verify_workload(&workload, &args.file, &progress)?;
    }
    if last_ns > MAX_TIME_NS {
        return Err(Failure::wrong_input(format!(
            "--speed {}: the last request would be due more than ten years from now; choose a higher speed",
            speed.factor()
        )));
    }
    let settings = fire_settings(args, &workload, speed)?;
    let target = Target::reach(&args.url).map_err(|error| match error {
        TargetError::Url { .. } => Failure::wrong_input(error),
        TargetError::Resolve { .. } | TargetError::Unreachable { .. } => Failure::world(error),
    })?;
    let directory = result_directory(args, &workload)?;
    let mut info = describe(args, &workload, &target, &settings)?;
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

fn fire_settings(
    args: &RunArgs,
    workload: &Workload,
    speed: Speed,
) -> Result<FireSettings, Failure> {
    let workers = args.workers.unwrap_or(1) as usize;
    let files = host::raise_open_files();
    let most_in_flight = files
        .saturating_sub(SPARE_FILES + workers as u64 * 8)
        .max(1) as usize;
    let max_in_flight = args
        .max_in_flight
        .map_or(most_in_flight, |asked| asked as usize);
    let connections = args.connections.map_or_else(
        || {
            default_connections(workload, speed)
                .max(workers)
                .min(max_in_flight)
        },
        |asked| asked as usize,
    );
    if connections > most_in_flight
        || args
            .max_in_flight
            .is_some_and(|asked| asked as usize > most_in_flight)
    {
        return Err(Failure::wrong_input(format!(
            "--connections or --max-in-flight exceed the {files} files that this process may open: \
             raise the limit with `ulimit -n` or ask for at most {most_in_flight}"
        )));
    }
    if args
        .max_in_flight
        .is_some_and(|asked| (asked as usize) < workers)
    {
        return Err(Failure::wrong_input(format!(
            "--max-in-flight {} is less than one for each of {workers} workers: raise it or ask for fewer --workers",
            args.max_in_flight.unwrap_or_default()
        )));
    }
    let authorization = args.api_key_env.as_deref().map(api_key).transpose()?;
    Ok(FireSettings {
        workers,
        max_in_flight,
        connections,
        speed,
        timeout: args.timeout.unwrap_or(DEFAULT_TIMEOUT),
        extra: ExtraHeaders {
            fields: args.headers.clone(),
            authorization,
        },
    })
}

fn api_key(variable: &str) -> Result<HeaderValue, Failure> {
    let key = std::env::var(variable).map_err(|_| {
        Failure::wrong_input(format!(
            "--api-key-env {variable}: the variable is not set or not text; export it first"
        ))
    })?;
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim())).map_err(|_| {
        Failure::wrong_input(format!(
            "--api-key-env {variable}: its value cannot be sent in a header"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
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
            workers: args.workers,
            max_in_flight: args.max_in_flight,
            connections: args.connections,
            speed: args.speed.map(Speed::factor),
            timeout_ns: args.timeout.map(|timeout| timeout.as_nanos() as u64),
            header_names: header_names.clone(),
            api_key_env: args.api_key_env.clone(),
        },
        effective: Settings {
            workers: Some(settings.workers as u32),
            max_in_flight: Some(settings.max_in_flight as u32),
            connections: Some(settings.connections as u32),
            speed: Some(settings.speed.factor()),
            timeout_ns: Some(settings.timeout.as_nanos() as u64),
            header_names,
            api_key_env: args.api_key_env.clone(),
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
