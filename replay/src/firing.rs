//! A load that is ready to be fired, once or many times.
//!
//! Everything that can be checked before a byte is sent is checked when it is prepared. What a step
//! changes is checked as if it had been typed.

use crate::analysis::report;
use crate::analysis::{self, RunData, Summary, Window};
use crate::answer_file::{self, ANSWERS_FILE};
use crate::bundle;
use crate::cli::fire::FireArgs;
use crate::combinations::{check_files, check_flags, check_speed, check_start};
use crate::describe::{begin, describe, end};
use crate::engine::clock::unix_ns;
use crate::engine::run::{Beginning, FireError, FireSettings, fire};
use crate::engine::schedule::Speed;
use crate::engine::target::{Target, TargetError, is_https};
use crate::exit::Failure;
use crate::pace::Pace;
use crate::run_info::{Origin, RECORDS_FILE, RUN_FILE, RunInfo, temporary_of};
use crate::secrets::Secrets;
use crate::server_facts::{self, ServerFacts};
use crate::settings::Asked;
use crate::terminal::{Progress, step as tell_step};
use schemas::audit::is_audit;
use schemas::error::FormatError;
use schemas::layout::{REQUEST_SALTED, RequestRecord};
use schemas::manifest::Manifest;
use schemas::reader::Workload;
use schemas::verify::verify;
use std::path::Path;
use std::time::Duration;

/// A workload, whom it is fired at and how.
pub struct Firing {
    args: FireArgs,
    workload: Workload,
    manifest: Manifest,
    /// A request has a place for a salt.
    takes_salt: bool,
    targets: Vec<Target>,
    /// What each of them said of itself.
    facts: Vec<ServerFacts>,
}

/// What is different from what was prepared; `None` where nothing is.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Divides the schedule.
    pub speed: Option<Speed>,
    /// Fire the first so many requests only.
    pub requests: Option<u64>,
    /// Most requests in flight.
    pub max_in_flight: Option<u32>,
    /// Connections opened before t0.
    pub connections: Option<u32>,
    /// Send nothing after this time, and wait for answers as after a first Ctrl-C.
    pub longest: Option<Duration>,
    /// What chooses the words in salt slots.
    pub salt: Option<String>,
}

/// A run that is on disk.
pub struct Fired {
    /// Its `run.json`.
    pub info: RunInfo,
    /// The user stopped it.
    pub interrupted: bool,
}

impl Firing {
    /// Opens and verifies the workload, checks what was typed and reaches the servers.
    pub fn prepare(args: &FireArgs) -> Result<Self, Failure> {
        let bad = |error| bad_workload(&args.file, &error);
        let workload = Workload::open(&args.file).map_err(bad)?;
        if workload.requests().is_empty() {
            return Err(Failure::wrong_input(format!(
                "{}: holds no request to send",
                args.file.display()
            )));
        }
        let salted = |request: &RequestRecord| request.flags & REQUEST_SALTED != 0;
        let manifest = workload.manifest().map_err(bad)?;
        let mut firing = Firing {
            args: args.clone(),
            // Requests are not looked at where nobody asks for a salt.
            takes_salt: manifest.salt.is_some() && workload.requests().iter().any(salted),
            manifest,
            workload,
            targets: Vec::new(),
            facts: Vec::new(),
        };
        firing.check()?;
        Ok(firing)
    }

    /// The workload, whole.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// The workload's manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether a request has a place for a salt.
    pub fn takes_salt(&self) -> bool {
        self.takes_salt
    }

    fn check(&mut self) -> Result<(), Failure> {
        let args = &self.args;
        let asked = self.asked(args)?;
        if let Some(flags) = asked.from_workload() {
            eprintln!("from the workload's recommendations: {flags}");
        }
        let urls = asked.urls.value.as_deref();
        let urls = urls.ok_or_else(|| no_url(&args.file))?;
        let of_url = |error| unreachable_target(error, asked.urls.origin);
        let tls: Result<Vec<bool>, _> = urls.iter().map(|url| is_https(url)).collect();
        check_flags(args, tls.map_err(of_url)?.contains(&true))?;
        check_files(args)?;
        let start_at = args.timing.start_at;
        start_at.map_or(Ok(()), |start| check_start(start, unix_ns()))?;
        if !args.no_verify {
            verify_workload(&self.workload, args)?;
        }
        let (settings, _) = self.resolve(args, &asked, &Step::default())?;
        let reach = |url: &String| Target::reach(url, settings.bind);
        let targets: Result<Vec<_>, _> = urls.iter().map(reach).collect();
        self.targets = targets.map_err(of_url)?;
        let facts = |target| match args.server.no_models {
            true => ServerFacts::not_asked(),
            false => server_facts::ask(target, &settings.tls, &settings.extra, settings.bind),
        };
        self.facts = self.targets.iter().map(facts).collect();
        if settings.tls.insecure {
            eprintln!("{}", report::text::NOT_CHECKED);
        }
        Ok(())
    }

    fn asked(&self, args: &FireArgs) -> Result<Asked, Failure> {
        let salt = self.manifest.salt.as_ref().filter(|_| self.takes_salt);
        Asked::new(args, &self.manifest.hints, salt)
    }

    /// The settings of a step, and what of the workload it fires.
    fn resolve(
        &self,
        args: &FireArgs,
        asked: &Asked,
        step: &Step,
    ) -> Result<(FireSettings, Workload), Failure> {
        let speed = args.load.speed.unwrap_or_default();
        let fired = match step.requests {
            Some(requests) => self.workload.prefix(requests),
            None => self.workload.clone(),
        };
        check_speed(&fired, speed)?;
        let settings = FireSettings {
            longest: step.longest,
            ..asked.resolve(args, &fired, speed)?
        };
        Ok((settings, fired))
    }

    /// What would have been typed for a step.
    fn args_of(&self, step: &Step) -> FireArgs {
        let mut args = self.args.clone();
        args.load.speed = step.speed.or(args.load.speed);
        args.load.max_in_flight = step.max_in_flight.or(args.load.max_in_flight);
        args.load.salt = step.salt.clone().or(args.load.salt);
        args.connection.connections = step.connections.or(args.connection.connections);
        args
    }

    /// Fires a step and writes `records.wlr` and `run.json` into a directory, which is made if need
    /// be and must not hold a run. Gives back when nothing is in flight any more.
    pub fn fire(&self, step: &Step, directory: &Path) -> Result<Fired, Failure> {
        let args = self.args_of(step);
        let asked = self.asked(&args)?;
        let (settings, workload) = self.resolve(&args, &asked, step)?;
        make_directory(directory)?;
        let mut info = describe(
            &args,
            &asked,
            &self.manifest,
            &workload,
            &self.targets,
            &self.facts,
            &settings,
        )?;
        args.timing.start_at.map_or(Ok(()), announce_start)?;
        let pace = Pace::new(&workload, settings.speed);
        let mut progress = Progress::new(args.quiet, pace, &settings);
        let mut begun = false;
        let fired = {
            let mut at_t0 = |beginning: &Beginning| {
                begin(&mut info, beginning);
                info.write(directory)?;
                if !begun {
                    tell_refusals(&info);
                }
                begun = true;
                Ok(())
            };
            let mut tell = |elapsed_ns, stop, snapshot| progress.tell(elapsed_ns, stop, snapshot);
            let records = directory.join(RECORDS_FILE);
            fire(
                &workload,
                &self.targets,
                &settings,
                &records,
                &mut at_t0,
                &mut tell,
            )
        };
        progress.end();
        let ending = fired.map_err(|error| not_fired(error, directory, begun))?;
        end(&mut info, &ending);
        if is_audit(&workload) {
            let secrets = Secrets::of(&settings.extra);
            answer_file::write(directory, &workload, &ending.answers, &secrets)
                .map_err(|error| Failure::world(format!("cannot write {ANSWERS_FILE}: {error}")))?;
        }
        info.write(directory)
            .map_err(|error| Failure::world(format!("cannot write run.json: {error}")))?;
        Ok(Fired {
            interrupted: ending.interrupted,
            info,
        })
    }
}

/// Derives the summary of a run that is on disk, writes `summary.json` beside it and closes the
/// directory: whatever is written into it later is no part of the run.
pub fn summarise(directory: &Path) -> Result<(RunData, Summary), Failure> {
    let data = analysis::open(directory, Window::ALL)
        .map_err(|error| Failure::world(format!("cannot read the run back: {error:#}")))?;
    let summary = analysis::summarize(&data, &analysis::Asked::of_run(&data.info));
    analysis::write_summary(directory, &summary)
        .map_err(|error| Failure::world(format!("cannot write summary.json: {error}")))?;
    bundle::close(directory, bundle::Kind::Run)
        .map_err(|error| Failure::world(format!("cannot close the results: {error:#}")))?;
    Ok((data, summary))
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

fn verify_workload(workload: &Workload, args: &FireArgs) -> Result<(), Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let total = workload.requests().len() as u64;
    verify(workload, threads, &|done| {
        tell_step(args.quiet, "verifying", done, total)
    })
    .map(|_| tell_step(args.quiet, "verified", total, total))
    .map_err(|error| bad_workload(&args.file, &error))
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

/// Makes the directory for the results, which holds no run yet.
fn make_directory(directory: &Path) -> Result<(), Failure> {
    if directory.join(RECORDS_FILE).exists() {
        return Err(Failure::wrong_input(format!(
            "--out {}: holds the records of a run already; name another directory or remove it",
            directory.display()
        )));
    }
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::world(format!("cannot create {}: {error}", directory.display())))
}
