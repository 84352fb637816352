//! One run: workers are prepared, t0 is set, the schedule is fired, the records are closed.

use super::clock::{monotonic_ns, process_cpu_ns, unix_ns};
use super::progress::{Counters, Snapshot};
use super::recorder::{RecordSink, Recorder};
use super::request::{ExtraHeaders, RequestFactory};
use super::schedule::{OpenLoop, Speed, peak_within, unsupported};
use super::target::Target;
use super::timer::Timer;
use super::worker::{Stop, Worker, WorkerPlan, preconnect};
use crate::host::involuntary_context_switches;
use crate::run_info::TimerCalibration;
use schemas::reader::Workload;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use tokio::runtime::LocalOptions;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// Time between the decision for t0 and t0 itself.
const LEAD_NS: u64 = 30_000_000;
/// How long answers are waited for after the user has stopped a run.
pub const GRACE: Duration = Duration::from_secs(10);
/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// Service time that Little's law is applied with when nothing is known of the server.
const ASSUMED_SERVICE_NS: u64 = 1_000_000_000;
/// Most connections that are opened before t0 unless the user asks for more.
const MAX_DEFAULT_CONNECTIONS: usize = 512;

/// Tasks that a worker polls before it looks at the timer and the sockets again.
const POLLS_BETWEEN_EVENTS: u32 = 16;

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
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// The user stopped it.
    pub interrupted: bool,
    /// From t0, in ns.
    pub ended_ns: u64,
    /// CPU time of the process from t0, in ns.
    pub cpu_ns: u64,
    /// Times the scheduler took the CPU away from a thread of this process from t0.
    pub involuntary_context_switches: u64,
    /// Connections opened before and after t0.
    pub connections_opened: u64,
}

/// Why nothing was fired, or why the records are not complete.
#[derive(Debug, Error)]
pub enum FireError {
    /// The workload asks for something that this engine cannot do.
    #[error("request {index} {what}, which this version of replay cannot do; nothing was sent")]
    Unsupported { index: u64, what: &'static str },
    /// A request cannot be put into HTTP.
    #[error("{0}; nothing was sent")]
    Request(String),
    /// No connection before t0.
    #[error("{address} does not answer: {source}; is the server up, and --url right?")]
    Unreachable {
        address: SocketAddr,
        source: io::Error,
    },
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

fn io_error(what: &'static str) -> impl Fn(io::Error) -> FireError {
    move |source| FireError::Io { what, source }
}

/// Connections for a schedule by Little's law, when the user names no number.
pub fn default_connections(workload: &Workload, speed: Speed) -> usize {
    peak_within(workload.requests(), speed, ASSUMED_SERVICE_NS).clamp(1, MAX_DEFAULT_CONNECTIONS)
}

/// t0 on the monotonic clock and the way to the recorder.
type Start = (u64, RecordSink);

/// A worker thread from outside.
struct Thread {
    handle: JoinHandle<Result<(), FireError>>,
    /// Takes t0 and the way to the recorder.
    start: Sender<Start>,
}

/// Fires a workload. `at_t0` is called shortly before t0, `progress` about five times a second
/// with the ns since t0.
pub fn fire(
    workload: &Workload,
    target: &Target,
    settings: &FireSettings,
    records: &Path,
    at_t0: &mut dyn FnMut(&Beginning) -> io::Result<()>,
    progress: &mut dyn FnMut(u64, Snapshot),
) -> Result<Ending, FireError> {
    check_supported(workload)?;
    let salt = settings.salt.as_deref();
    let factory =
        RequestFactory::new(workload, target, &settings.extra, salt).map_err(FireError::Request)?;
    let counters: Arc<[Counters]> = (0..settings.workers).map(|_| Counters::default()).collect();
    let (stop, stop_receiver) = watch::channel(Stop::No);
    let (ready_sender, ready) = channel();
    let (done_sender, done) = mpsc::unbounded_channel();
    let threads = (0..settings.workers)
        .map(|number| {
            let plan = worker_plan(
                number,
                workload,
                &factory,
                target,
                settings,
                &counters,
                &stop_receiver,
            );
            spawn_worker(plan, ready_sender.clone(), done_sender.clone())
        })
        .collect::<Result<Vec<_>, FireError>>()?;
    drop((ready_sender, done_sender));
    let timer = await_ready(&ready, threads.len())?;
    // Nothing is on disk before this: a run that could not be prepared leaves no records behind.
    let (recorder, sinks) = Recorder::start(records, workload, settings.workers)
        .map_err(io_error("cannot create the records file"))?;
    let beginning = begin(timer, at_t0)?;
    let before = (process_cpu_ns(), involuntary_context_switches());
    for (thread, sink) in threads.iter().zip(sinks) {
        // A worker that is gone is noticed when it is joined.
        let _ = thread.start.send((beginning.t0_monotonic_ns, sink));
    }
    let interrupted = watch_over(&beginning, &counters, &stop, done, progress)?;
    let ending = Ending {
        interrupted,
        ended_ns: monotonic_ns().saturating_sub(beginning.t0_monotonic_ns),
        cpu_ns: process_cpu_ns() - before.0,
        involuntary_context_switches: involuntary_context_switches().saturating_sub(before.1),
        connections_opened: Snapshot::take(&counters).connections,
    };
    // All threads are joined before the first failure is told.
    let outcomes: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.handle.join().unwrap_or(Err(FireError::Panicked)))
        .collect();
    recorder
        .finish()
        .map_err(io_error("cannot write the records"))?;
    outcomes.into_iter().collect::<Result<(), FireError>>()?;
    Ok(ending)
}

fn check_supported(workload: &Workload) -> Result<(), FireError> {
    for (index, request) in workload.requests().iter().enumerate() {
        if let Some(what) =
            unsupported(request, workload.stages().get(request.stage.get() as usize))
        {
            return Err(FireError::Unsupported {
                index: index as u64,
                what,
            });
        }
    }
    Ok(())
}

/// Worker `number`'s share of `total`: the first workers take what does not divide evenly.
fn share(total: usize, number: usize, workers: usize) -> usize {
    total / workers + usize::from(number < total % workers)
}

fn worker_plan(
    number: usize,
    workload: &Workload,
    factory: &RequestFactory,
    target: &Target,
    settings: &FireSettings,
    counters: &Arc<[Counters]>,
    stop: &watch::Receiver<Stop>,
) -> WorkerPlan {
    WorkerPlan {
        number: number as u16,
        workload: workload.clone(),
        factory: factory.for_another_worker(),
        schedule: OpenLoop::new(number as u64, settings.workers as u64, settings.speed),
        address: target.address,
        connections: share(settings.connections, number, settings.workers),
        max_in_flight: share(settings.max_in_flight, number, settings.workers).max(1),
        timeout: settings.timeout,
        counters: Arc::clone(counters),
        stop: stop.clone(),
    }
}

type Ready = Result<TimerCalibration, FireError>;

fn spawn_worker(
    plan: WorkerPlan,
    ready: Sender<Ready>,
    done: mpsc::UnboundedSender<()>,
) -> Result<Thread, FireError> {
    let (start, start_receiver) = channel();
    let handle = std::thread::Builder::new()
        .name(format!("worker-{}", plan.number))
        .spawn(move || {
            // Dropped when the thread ends, in whatever way.
            let _done = done;
            work(plan, &ready, &start_receiver)
        })
        .map_err(io_error("cannot start a worker thread"))?;
    Ok(Thread { handle, start })
}

/// A worker thread's whole life.
fn work(plan: WorkerPlan, ready: &Sender<Ready>, start: &Receiver<Start>) -> Result<(), FireError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(POLLS_BETWEEN_EVENTS)
        .build_local(LocalOptions::default())
        .map_err(io_error("cannot start a worker's runtime"))?;
    let address = plan.address;
    let prepared = runtime.block_on(async {
        let timer = Timer::new().map_err(io_error("cannot create a timer"))?;
        let calibration = timer
            .calibrate()
            .await
            .map_err(io_error("cannot use a timer"))?;
        let connections = preconnect(address, plan.connections)
            .await
            .map_err(|source| FireError::Unreachable { address, source })?;
        Ok::<_, FireError>((timer, calibration, connections))
    });
    let (timer, calibration, connections) = match prepared {
        Ok(prepared) => prepared,
        // The caller returns this error; no worker fires.
        Err(error) => {
            let _ = ready.send(Err(error));
            return Ok(());
        }
    };
    let _ = ready.send(Ok(calibration));
    // No t0 means that another worker could not be prepared.
    let Ok((t0_ns, sink)) = start.recv() else {
        return Ok(());
    };
    let worker = Worker::new(plan, connections, sink, t0_ns);
    let outcome = runtime
        .block_on(worker.run(&timer))
        .map_err(io_error("a worker's timer failed"));
    // Requests that are still in flight are dropped here; each writes its record as interrupted.
    drop(runtime);
    outcome
}

fn await_ready(ready: &Receiver<Ready>, workers: usize) -> Result<TimerCalibration, FireError> {
    let mut latest: Option<TimerCalibration> = None;
    for _ in 0..workers {
        let calibration = ready.recv().map_err(|_| FireError::Panicked)??;
        if latest
            .as_ref()
            .is_none_or(|latest| calibration.late_p99_ns > latest.late_p99_ns)
        {
            latest = Some(calibration);
        }
    }
    latest.ok_or(FireError::Panicked)
}

/// Chooses t0 and lets the caller write it down; chooses again if that took too long.
fn begin(
    timer: TimerCalibration,
    at_t0: &mut dyn FnMut(&Beginning) -> io::Result<()>,
) -> Result<Beginning, FireError> {
    loop {
        let beginning = Beginning {
            t0_monotonic_ns: monotonic_ns() + LEAD_NS,
            t0_unix_ns: unix_ns() + LEAD_NS,
            timer: timer.clone(),
        };
        at_t0(&beginning).map_err(io_error("cannot write the run's description"))?;
        if monotonic_ns() + LEAD_NS / 2 < beginning.t0_monotonic_ns {
            return Ok(beginning);
        }
    }
}

/// Waits for the workers; tells progress and passes the user's signals on. True if interrupted.
fn watch_over(
    beginning: &Beginning,
    counters: &[Counters],
    stop: &watch::Sender<Stop>,
    mut done: mpsc::UnboundedReceiver<()>,
    progress: &mut dyn FnMut(u64, Snapshot),
) -> Result<bool, FireError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io_error("cannot start the main runtime"))?;
    runtime.block_on(async {
        let signals = io_error("cannot listen for signals");
        let mut interrupt = signal(SignalKind::interrupt()).map_err(&signals)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(&signals)?;
        let mut ticker = tokio::time::interval(PROGRESS_EVERY);
        let mut give_up_at = None;
        let mut tell = |counters: &[Counters]| {
            progress(
                monotonic_ns().saturating_sub(beginning.t0_monotonic_ns),
                Snapshot::take(counters),
            );
        };
        loop {
            tokio::select! {
                // No message is ever sent: the channel closes when the last worker ends.
                _ = done.recv() => break,
                _ = ticker.tick() => tell(counters),
                _ = interrupt.recv() => escalate(stop, &mut give_up_at),
                _ = terminate.recv() => escalate(stop, &mut give_up_at),
            }
            if give_up_at.is_some_and(|at| tokio::time::Instant::now() >= at) {
                stop.send_replace(Stop::Now);
            }
        }
        tell(counters);
        Ok(give_up_at.is_some())
    })
}

/// The first signal drains, the second stops at once.
fn escalate(stop: &watch::Sender<Stop>, give_up_at: &mut Option<tokio::time::Instant>) {
    let next = if *stop.borrow() == Stop::No {
        Stop::Drain
    } else {
        Stop::Now
    };
    stop.send_replace(next);
    give_up_at.get_or_insert_with(|| tokio::time::Instant::now() + GRACE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_differ_by_at_most_one() {
        for total in 0..20 {
            for workers in 1..6 {
                let shares: Vec<usize> = (0..workers)
                    .map(|number| share(total, number, workers))
                    .collect();
                assert_eq!(shares.iter().sum::<usize>(), total);
                assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
            }
        }
    }
}
