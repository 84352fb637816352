//! The worker threads of a run, from outside: made, made ready, started, stopped, joined.

use super::flight::Rules;
use super::kept::Kept;
use super::poll::Waker;
use super::pool::Endpoint;
use super::populations::Populations;
use super::progress::Counters;
use super::recorder::RecordSink;
use super::request::RequestFactory;
use super::run::{FireError, FireSettings, io_error};
use super::schedule::Plan;
use super::sessions::SessionNumbers;
use super::target::Target;
use super::tls::TlsClient;
use super::worker::{Stop, Worker, WorkerPlan};
use crate::host;
use crate::run_info::{ThreadInfo, ThreadUse, TimerCalibration};
use schemas::audit::is_audit;
use schemas::reader::Workload;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// t0 on the monotonic clock and the way to the recorder.
type Start = (u64, RecordSink);
/// What a worker says when it can begin.
type Ready = Result<(TimerCalibration, ThreadInfo), FireError>;

/// What a worker leaves behind when it is done.
#[derive(Debug, Default)]
pub struct Done {
    /// What it took of the processors, where the kernel tells.
    pub used: Option<ThreadUse>,
    /// The whole answers to its requests, where they are kept.
    pub answers: Vec<Kept>,
}

/// A worker thread.
struct Thread {
    handle: JoinHandle<Result<Done, FireError>>,
    start: Sender<Start>,
}

/// All workers of a run.
pub struct Crew {
    threads: Vec<Thread>,
    ready: Receiver<Ready>,
    /// Never carries a message: it closes when the last worker ends.
    done: Receiver<()>,
    counters: Arc<[Counters]>,
    stop: Arc<AtomicU8>,
    wakers: Arc<[Waker]>,
}

impl Crew {
    /// Starts a thread for each worker; each opens its connections.
    pub fn gather(
        workload: &Workload,
        targets: &[Target],
        settings: &FireSettings,
    ) -> Result<Self, FireError> {
        let plan = Plan::new(
            workload,
            settings.speed,
            settings.workers,
            settings.overload,
            settings.on_turn_failure,
        )
        .map_err(|error| FireError::Request(error.to_string()))?;
        let salt = settings.salt.as_deref();
        let factory = RequestFactory::new(workload, targets, &settings.extra, salt)
            .map_err(FireError::Request)?;
        let wakers: Result<Vec<Waker>, _> = (0..settings.workers).map(|_| Waker::new()).collect();
        let shared = Shared {
            workload,
            settings,
            factory,
            plan: Arc::new(plan),
            populations: Arc::new(Populations::new(workload)),
            endpoints: endpoints(targets, settings)?,
            counters: (0..settings.workers).map(|_| Counters::default()).collect(),
            stop: Arc::new(AtomicU8::new(Stop::No as u8)),
            wakers: wakers.map_err(io_error("cannot create a waker"))?.into(),
            sessions: Arc::new(match targets.len() {
                1 => SessionNumbers::default(),
                _ => SessionNumbers::new(workload),
            }),
            answers: is_audit(workload),
            // Asked before a thread is pinned.
            may_spin: host::may_spin(settings.spin, settings.workers, &settings.cpus),
        };
        let (ready_sender, ready) = channel();
        let (done_sender, done) = channel();
        let threads = (0..settings.workers)
            .map(|number| {
                spawn(
                    shared.plan(number),
                    settings,
                    ready_sender.clone(),
                    done_sender.clone(),
                )
            })
            .collect::<Result<Vec<_>, FireError>>()?;
        Ok(Crew {
            threads,
            ready,
            done,
            counters: shared.counters,
            stop: shared.stop,
            wakers: shared.wakers,
        })
    }

    /// Waits until every worker can begin; gives the latest of their timers and what each was
    /// granted, in order.
    pub fn await_ready(&self) -> Result<(TimerCalibration, Vec<ThreadInfo>), FireError> {
        let mut all = Vec::new();
        for _ in &self.threads {
            all.push(self.ready.recv().map_err(|_| FireError::Panicked)??);
        }
        all.sort_by_key(|(_, granted)| granted.worker);
        let latest = all.iter().max_by_key(|(timer, _)| timer.late_p99_ns);
        let timer = latest.map(|(timer, _)| timer.clone());
        let granted = all.iter().map(|(_, granted)| granted.clone()).collect();
        Ok((timer.ok_or(FireError::Panicked)?, granted))
    }

    /// Lets the workers go.
    pub fn start(&self, t0_ns: u64, sinks: Vec<RecordSink>) {
        for (thread, sink) in self.threads.iter().zip(sinks) {
            // A worker that is gone is noticed when it is joined.
            let _ = thread.start.send((t0_ns, sink));
        }
    }

    /// Waits so long for all workers to end; whether they have.
    pub fn is_done_within(&self, time: Duration) -> bool {
        self.done.recv_timeout(time) == Err(RecvTimeoutError::Disconnected)
    }

    /// Tells the workers to stop.
    pub fn stop(&self, how: Stop) {
        if self.stop.fetch_max(how as u8, Relaxed) < how as u8 {
            self.wakers.iter().for_each(Waker::wake);
        }
    }

    /// What the workers were told.
    pub fn told(&self) -> Stop {
        Stop::of(self.stop.load(Relaxed))
    }

    /// What the workers count.
    pub fn counters(&self) -> &[Counters] {
        &self.counters
    }

    /// Waits for all threads before the first failure is told; by the worker's number.
    pub fn join(self) -> Result<Vec<Done>, FireError> {
        let outcomes: Vec<_> = self
            .threads
            .into_iter()
            .map(|thread| thread.handle.join().unwrap_or(Err(FireError::Panicked)))
            .collect();
        outcomes.into_iter().collect()
    }
}

/// What workers have in common.
struct Shared<'r> {
    workload: &'r Workload,
    settings: &'r FireSettings,
    factory: RequestFactory,
    plan: Arc<Plan>,
    populations: Arc<Populations>,
    endpoints: Vec<Endpoint>,
    counters: Arc<[Counters]>,
    stop: Arc<AtomicU8>,
    wakers: Arc<[Waker]>,
    may_spin: bool,
    /// Whether whole answers are kept.
    answers: bool,
    sessions: Arc<SessionNumbers>,
}

impl Shared<'_> {
    fn plan(&self, number: usize) -> WorkerPlan {
        let settings = self.settings;
        WorkerPlan {
            number,
            workload: self.workload.clone(),
            factory: self.factory.for_another_worker(),
            plan: Arc::clone(&self.plan),
            populations: Arc::clone(&self.populations),
            endpoints: self.endpoints.clone(),
            connections: share(settings.connections, number, settings.workers),
            max_in_flight: share(settings.max_in_flight, number, settings.workers).max(1),
            rules: Rules {
                t0_ns: 0,
                timeout_ns: settings.timeout.as_nanos() as u64,
                token_times: settings.token_times,
                answers: self.answers,
            },
            balance: settings.balance,
            sessions: Arc::clone(&self.sessions),
            reuse: settings.reuse,
            http2: settings.http2,
            bind: settings.bind,
            may_spin: self.may_spin,
            counters: Arc::clone(&self.counters),
            stop: Arc::clone(&self.stop),
            wakers: Arc::clone(&self.wakers),
        }
    }
}

fn endpoints(targets: &[Target], settings: &FireSettings) -> Result<Vec<Endpoint>, FireError> {
    targets
        .iter()
        .map(|target| {
            let tls = target
                .https
                .then(|| TlsClient::new(&settings.tls, &target.host, settings.http2));
            Ok(Endpoint {
                address: target.address,
                tls: tls.transpose().map_err(FireError::Request)?,
            })
        })
        .collect()
}

/// Worker `number`'s share of `total`: the first workers take what does not divide evenly.
fn share(total: usize, number: usize, workers: usize) -> usize {
    total / workers + usize::from(number < total % workers)
}

fn spawn(
    plan: WorkerPlan,
    settings: &FireSettings,
    ready: Sender<Ready>,
    done: Sender<()>,
) -> Result<Thread, FireError> {
    let (start, start_receiver) = channel();
    let cpu = host::cpu_of(plan.number, &settings.cpus);
    let fifo_priority = settings.fifo_priority;
    let handle = std::thread::Builder::new()
        .name(format!("worker-{}", plan.number))
        .spawn(move || {
            // Dropped when the thread ends, in whatever way.
            let _done = done;
            let mut alarm = Alarm {
                stop: Arc::clone(&plan.stop),
                wakers: Arc::clone(&plan.wakers),
                is_off: false,
            };
            let granted = host::prepare_thread(plan.number, cpu, fifo_priority);
            let outcome = work(plan, granted, &ready, &start_receiver);
            alarm.is_off = outcome.is_ok();
            outcome
        })
        .map_err(io_error("cannot start a worker thread"))?;
    Ok(Thread { handle, start })
}

/// Stops the other workers when one fails or panics: they may wait for what it will never do.
struct Alarm {
    stop: Arc<AtomicU8>,
    wakers: Arc<[Waker]>,
    is_off: bool,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if !self.is_off {
            self.stop.fetch_max(Stop::Now as u8, Relaxed);
            self.wakers.iter().for_each(Waker::wake);
        }
    }
}

/// A worker thread's whole life.
fn work(
    plan: WorkerPlan,
    mut granted: ThreadInfo,
    ready: &Sender<Ready>,
    start: &Receiver<Start>,
) -> Result<Done, FireError> {
    let (mut worker, calibration) = match prepare(plan) {
        Ok(prepared) => prepared,
        // The caller returns this error; no worker fires.
        Err(error) => {
            let _ = ready.send(Err(error));
            return Ok(Done::default());
        }
    };
    granted.spin_ns = worker.spin_ns();
    let _ = ready.send(Ok((calibration, granted)));
    // No t0 means that another worker could not be prepared.
    let Ok((t0_ns, sink)) = start.recv() else {
        return Ok(Done::default());
    };
    // Read by the thread itself: once it has ended, nobody can ask.
    let before = host::thread_use();
    worker
        .run(t0_ns, sink)
        .map_err(io_error("a worker cannot wait for its sockets"))?;
    let spun_ns = worker.spun_ns();
    let used = host::thread_use().zip(before);
    Ok(Done {
        used: used.map(|(after, before)| ThreadUse {
            spun_ns,
            ..after.since(&before)
        }),
        answers: worker.into_kept(),
    })
}

fn prepare(plan: WorkerPlan) -> Result<(Worker, TimerCalibration), FireError> {
    let mut worker = Worker::new(plan).map_err(io_error("cannot create a timer"))?;
    let calibration = worker.calibrate().map_err(io_error("cannot use a timer"))?;
    worker
        .preconnect()
        .map_err(|(address, source)| FireError::Unreachable { address, source })?;
    Ok((worker, calibration))
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
