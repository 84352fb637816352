//! One run: workers are prepared, t0 is set, the schedule is fired, the records are closed.

use super::clock::{monotonic_ns, process_cpu_ns, unix_ns};
use super::crew::Crew;
use super::interrupt;
use super::kept::Kept;
use super::progress::Snapshot;
use super::recorder::Recorder;
use super::request::ExtraHeaders;
use super::schedule::{OnTurnFailure, Overload, Speed};
use super::target::Target;
use super::tls::TlsSettings;
use super::worker::Stop;
use crate::host;
use crate::run_info::{Counters, ThreadInfo, ThreadUse, TimerCalibration};
use clap::ValueEnum;
use schemas::reader::Workload;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Time between the decision for t0 and t0 itself.
const LEAD_NS: u64 = 30_000_000;
/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// What a run is asked to do, with every default resolved.
#[derive(Clone, Debug)]
pub struct FireSettings {
    /// Worker threads, at least one.
    pub workers: usize,
    /// Most requests in flight, over all workers; at least one for each.
    pub max_in_flight: usize,
    /// Connections opened before t0, over all workers.
    pub connections: usize,
    /// Divides the schedule.
    pub speed: Speed,
    /// Longest wait for a complete response.
    pub timeout: Duration,
    /// Header fields for every request.
    pub extra: ExtraHeaders,
    /// What stands in salt slots, as wide as they are; `None` leaves them as they are.
    pub salt: Option<String>,
    /// What becomes of a request that is due while the cap on requests in flight is reached.
    pub overload: Overload,
    /// What becomes of a session when one of its turns fails.
    pub on_turn_failure: OnTurnFailure,
    /// Which connection a request may use.
    pub reuse: Reuse,
    /// Which target a request goes to, where there are several.
    pub balance: Balance,
    /// HTTP/2: by prior knowledge to http:// targets, by ALPN to https:// ones.
    pub http2: bool,
    /// For https:// targets.
    pub tls: TlsSettings,
    /// Address that connections leave from; `None` leaves the choice to the kernel.
    pub bind: Option<IpAddr>,
    /// Keep the time of every event with output, not only of the first and the last.
    pub token_times: bool,
    /// How long answers are waited for after the user has stopped the run.
    pub grace: Duration,
    /// No request is sent after this time from t0, and answers are waited for as after a first
    /// Ctrl-C; `None` for as long as it takes.
    pub longest: Option<Duration>,
    /// When t0 is to be, as Unix time; `None` for as soon as everything is ready.
    pub start_at_unix_ns: Option<u64>,
    /// Processors that workers are pinned to, the i-th worker to the i-th of them, in turn; empty
    /// for no pinning.
    pub cpus: Vec<usize>,
    /// SCHED_FIFO priority of workers, 1 to 99; `None` for the ordinary scheduler.
    pub fifo_priority: Option<u32>,
    /// Whether workers look at the clock in a loop just before a request is due.
    pub spin: Spin,
}

/// Which connection a request may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Reuse {
    /// Any idle one of its target, the last used first.
    #[default]
    Pooled,
    /// A new one, closed after its response.
    Never,
    /// The one of its session; as `pooled` outside sessions.
    Session,
}

/// Which target a request goes to. Turns of a session all go to the target of its first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// By its number in the workload, each target in turn: the same request goes to the same target
    /// in every run.
    #[default]
    RoundRobin,
    /// The one with the fewest requests of the same worker in flight; the first of equals, counted
    /// from the one whose turn it is.
    LeastLoaded,
}

/// Whether a worker looks at the clock in a loop just before a request is due, instead of sleeping
/// until then: more exact, for the price of a processor's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Spin {
    /// Where a processor can be spared.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// What is known at t0.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// t0 on CLOCK_MONOTONIC.
    pub t0_monotonic_ns: u64,
    /// t0 as Unix time.
    pub t0_unix_ns: u64,
    /// The latest of the workers' timers.
    pub timer: TimerCalibration,
    /// What each worker thread was granted, by the worker's number.
    pub threads: Vec<ThreadInfo>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The user stopped it.
    pub interrupted: bool,
    /// [`FireSettings::longest`] was over before it was done.
    pub cut_short: bool,
    /// From t0, in ns.
    pub ended_ns: u64,
    /// The end on CLOCK_MONOTONIC, in ns.
    pub ended_monotonic_ns: u64,
    /// The same moment as Unix time, in ns.
    pub ended_unix_ns: u64,
    /// CPU time of the process from t0, in ns.
    pub cpu_ns: u64,
    /// What each worker took of the processors, by its number.
    pub threads: Vec<Option<ThreadUse>>,
    /// What the kernel had counted at t0 or up to a fifth of a second before.
    pub counters_before: Counters,
    /// What the kernel had counted at the end.
    pub counters_after: Counters,
    /// Connections opened before and after t0.
    pub connections_opened: u64,
    /// The whole answers of an audit, by index; none of any other workload.
    pub answers: Vec<Kept>,
}

/// Why nothing was fired, or why the records are not complete.
#[derive(Debug, Error)]
pub enum FireError {
    /// A request cannot be put into HTTP.
    #[error("{0}; nothing was sent")]
    Request(String),
    /// No connection before t0.
    #[error("{address} does not answer: {source}; is the server up, and --url right?")]
    Unreachable {
        address: SocketAddr,
        source: io::Error,
    },
    /// The time that the user named is over.
    #[error("--start-at: that time came before everything was ready; name a later one")]
    TooLate,
    /// Threads, timers or files.
    #[error("{what}: {source}")]
    Io {
        what: &'static str,
        source: io::Error,
    },
    /// A bug.
    #[error("a worker thread panicked; its records up to then are kept")]
    Panicked,
}

/// An I/O failure with what could not be done.
pub fn io_error(what: &'static str) -> impl Fn(io::Error) -> FireError {
    move |source| FireError::Io { what, source }
}

/// Fires a workload. `at_t0` is called shortly before t0, `progress` about five times a second
/// with the ns since t0 and whether the workers were told to stop.
pub fn fire(
    workload: &Workload,
    targets: &[Target],
    settings: &FireSettings,
    records: &Path,
    at_t0: &mut dyn FnMut(&Beginning) -> io::Result<()>,
    progress: &mut dyn FnMut(u64, Stop, Snapshot),
) -> Result<Ending, FireError> {
    interrupt::listen().map_err(io_error("cannot listen for signals"))?;
    let crew = Crew::gather(workload, targets, settings)?;
    let (timer, threads) = crew.await_ready()?;
    // Nothing is on disk before this: a run that could not be prepared leaves no records behind.
    let (recorder, sinks) = Recorder::start(records, workload, settings.workers)
        .map_err(io_error("cannot create the records file"))?;
    let beginning = begin(timer, threads, settings.start_at_unix_ns, at_t0)?;
    if interrupt::presses() > 0 {
        crew.stop(Stop::Drain);
    }
    crew.start(beginning.t0_monotonic_ns, sinks);
    let (stopped, before) = watch_over(&crew, &beginning, settings, progress);
    let (ended_monotonic_ns, ended_unix_ns) = (monotonic_ns(), unix_ns());
    let cpu_ns = process_cpu_ns() - before.cpu_ns;
    let counters_after = host::counters();
    let connections_opened = Snapshot::take(crew.counters()).connections;
    let outcome = crew.join();
    interrupt::release();
    recorder
        .finish()
        .map_err(io_error("cannot write the records"))?;
    let done = outcome?;
    let threads = done.iter().map(|done| done.used).collect();
    let mut answers: Vec<Kept> = done.into_iter().flat_map(|done| done.answers).collect();
    answers.sort_by_key(|kept| kept.index);
    Ok(Ending {
        interrupted: stopped.by_user,
        cut_short: stopped.by_time,
        ended_ns: ended_monotonic_ns.saturating_sub(beginning.t0_monotonic_ns),
        ended_monotonic_ns,
        ended_unix_ns,
        cpu_ns,
        threads,
        counters_before: before.counters,
        counters_after,
        connections_opened,
        answers,
    })
}

/// Chooses t0 and lets the caller write it down; chooses again if that took too long and the user
/// has not named the time.
fn begin(
    timer: TimerCalibration,
    threads: Vec<ThreadInfo>,
    start_at_unix_ns: Option<u64>,
    at_t0: &mut dyn FnMut(&Beginning) -> io::Result<()>,
) -> Result<Beginning, FireError> {
    loop {
        let (now_ns, now_unix_ns) = (monotonic_ns(), unix_ns());
        let lead_ns = match start_at_unix_ns {
            Some(at) => at.checked_sub(now_unix_ns).filter(|lead| *lead >= LEAD_NS),
            None => Some(LEAD_NS),
        };
        let lead_ns = lead_ns.ok_or(FireError::TooLate)?;
        let beginning = Beginning {
            t0_monotonic_ns: now_ns + lead_ns,
            t0_unix_ns: now_unix_ns + lead_ns,
            timer: timer.clone(),
            threads: threads.clone(),
        };
        at_t0(&beginning).map_err(io_error("cannot write the run's description"))?;
        if monotonic_ns() + LEAD_NS / 2 < beginning.t0_monotonic_ns {
            return Ok(beginning);
        }
    }
}

/// Why workers were told to stop before they were done.
#[derive(Clone, Copy, Debug, Default)]
struct Stopped {
    by_user: bool,
    by_time: bool,
}

/// What had been counted before t0: CPU time of this process, and what the kernel counts.
struct Before {
    cpu_ns: u64,
    counters: Counters,
}

impl Before {
    fn now() -> Self {
        Before {
            cpu_ns: process_cpu_ns(),
            counters: host::counters(),
        }
    }
}

/// Waits for the workers; tells progress and passes on what ends the run early: the user's signals,
/// and the longest time, which counts as the first of them. Also gives what had been counted before t0.
fn watch_over(
    crew: &Crew,
    beginning: &Beginning,
    settings: &FireSettings,
    progress: &mut dyn FnMut(u64, Stop, Snapshot),
) -> (Stopped, Before) {
    let longest_ns = settings
        .longest
        .map_or(u64::MAX, |longest| longest.as_nanos() as u64);
    let mut stopped = Stopped::default();
    let mut before = Before::now();
    let mut give_up_at: Option<Instant> = None;
    loop {
        let elapsed_ns = || monotonic_ns().saturating_sub(beginning.t0_monotonic_ns);
        let left = Duration::from_nanos(longest_ns.saturating_sub(elapsed_ns()));
        let pause = if stopped.by_time {
            PROGRESS_EVERY
        } else {
            left.min(PROGRESS_EVERY)
        };
        let done = crew.is_done_within(pause);
        let elapsed_ns = elapsed_ns();
        if elapsed_ns == 0 {
            // t0 may be hours ahead. Looked at up to a pause early: at t0 itself it might be what
            // makes the first requests late.
            before = Before::now();
        }
        // Before the workers are told to stop: what is in flight then is what the user wants to know.
        let now = Snapshot::take(crew.counters());
        let presses = interrupt::presses();
        // Whoever presses before t0 has stopped workers that may be done at once.
        stopped.by_user |= presses > 0 && (!done || crew.told() > Stop::No);
        stopped.by_time |= !done && elapsed_ns >= longest_ns;
        match presses + u32::from(stopped.by_time) {
            _ if done => {}
            0 => {}
            1 => {
                crew.stop(Stop::Drain);
                let at = *give_up_at.get_or_insert_with(|| Instant::now() + settings.grace);
                if Instant::now() >= at {
                    crew.stop(Stop::Now);
                }
            }
            _ => crew.stop(Stop::Now),
        }
        progress(elapsed_ns, crew.told(), now);
        if done {
            return (stopped, before);
        }
    }
}
