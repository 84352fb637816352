//! One worker: a thread with its own connections, part of the schedule and record buffer, around
//! one wait for whatever comes next. It shares nothing with other workers but its counters, which
//! only it writes, and the ends of closed stages.

mod drive;
mod fire;
mod land;

use super::answers::Answers;
use super::clock::{monotonic_ns, sleep_until};
use super::flight::Rules;
use super::flights::Flights;
use super::kept::Kept;
use super::poll::{Poll, Waker};
use super::pool::{Endpoint, Id, Pool};
use super::populations::Populations;
use super::progress::Counters;
use super::recorder::RecordSink;
use super::request::RequestFactory;
use super::run::{Balance, Reuse};
use super::schedule::{Plan, Schedule};
use super::sessions::{OpenSessions, SessionNumbers};
use super::timer::Timer;
use crate::run_info::TimerCalibration;
use schemas::reader::Workload;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Records wait at most this long before they are passed on to the recorder, in ns.
const FLUSH_EVERY_NS: u64 = 500_000_000;
/// A wait for the next request that is this short, in ns, is for that alone where answers decide
/// nothing and nothing is left to be written: what comes meanwhile is read after it, and has the time
/// at which the kernel received it. So a request costs one wake-up instead of two where requests
/// follow close upon each other.
const GATHER_NS: u64 = 250_000;
/// Shortest and longest time for which the clock is watched before a request is due, in ns: an idle
/// processor may wake up later than during the calibration.
const MIN_SPIN_NS: u64 = 60_000;
const MAX_SPIN_NS: u64 = 100_000;
/// One read takes at most this many bytes.
const READ_BYTES: usize = 64 * 1024;
/// Tokens of what is no connection; those of connections have a generation below 2^31.
const TIMER: u64 = u64::MAX;
const WAKER: u64 = u64::MAX - 1;

/// What the user has asked of running workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Nothing: go on.
    No,
    /// Send no more, wait for the answers.
    Drain,
    /// Send no more, wait for nothing.
    Now,
}

impl Stop {
    /// From its number.
    pub fn of(number: u8) -> Self {
        match number {
            0 => Stop::No,
            1 => Stop::Drain,
            _ => Stop::Now,
        }
    }
}

/// What a worker is given.
pub struct WorkerPlan {
    /// Number of this worker.
    pub number: usize,
    /// Workload, for its records.
    pub workload: Workload,
    /// Makes its requests.
    pub factory: RequestFactory,
    /// The schedule of all workers.
    pub plan: Arc<Plan>,
    /// Which population a request is of.
    pub populations: Arc<Populations>,
    /// Where connections go.
    pub endpoints: Vec<Endpoint>,
    /// Connections to open before t0.
    pub connections: usize,
    /// Most requests in flight.
    pub max_in_flight: usize,
    /// What flights need to know; t0 is not known yet.
    pub rules: Rules,
    /// Which target a request goes to.
    pub balance: Balance,
    /// The workload's sessions, where there are several targets.
    pub sessions: Arc<SessionNumbers>,
    /// For whom a connection is used again.
    pub reuse: Reuse,
    /// Requests share connections.
    pub http2: bool,
    /// Address to connect from.
    pub bind: Option<IpAddr>,
    /// The clock may be watched instead of slept on just before a request is due.
    pub may_spin: bool,
    /// Counters of all workers; it writes those with its number.
    pub counters: Arc<[Counters]>,
    /// Tells all workers to stop: a [`Stop`] as a number.
    pub stop: Arc<AtomicU8>,
    /// Wakes each worker.
    pub wakers: Arc<[Waker]>,
}

/// A worker at work.
pub struct Worker {
    plan: WorkerPlan,
    schedule: Schedule,
    poll: Poll,
    timer: Timer,
    pool: Pool,
    flights: Flights,
    answers: Answers,
    /// The sessions that are not over, where something is kept for them.
    open_sessions: OpenSessions,
    /// The target of each session that is not over, where targets are balanced by load.
    session_targets: HashMap<u32, usize>,
    /// Requests in flight to each target.
    loads: Vec<usize>,
    /// Connections that had more to read when their turn was over.
    again: VecDeque<Id>,
    buffer: Box<[u8]>,
    /// See [`GATHER_NS`].
    gathers: bool,
    /// See [`Worker::spin_ns`].
    spin_ns: u64,
    stopping: Stop,
    /// There are more requests that will never be sent and have no record yet.
    has_skipped: bool,
    flush_at_ns: u64,
    /// From when the clock is watched, and until when at most: then something is due.
    watching_ns: Option<(u64, u64)>,
    /// Time for which the clock was watched and nothing else was to be done, in ns.
    spun_ns: u64,
    sink: Option<RecordSink>,
    /// Whole answers, where they are kept.
    kept: Vec<Kept>,
}

impl Worker {
    /// A worker that has opened nothing and fired nothing.
    pub fn new(plan: WorkerPlan) -> io::Result<Self> {
        let poll = Poll::new()?;
        let timer = Timer::new()?;
        poll.add(&timer, TIMER)?;
        poll.add(&plan.wakers[plan.number], WAKER)?;
        let pool = Pool::new(plan.endpoints.clone(), plan.http2, plan.bind);
        let expected = plan.connections.min(plan.max_in_flight);
        let counters = Arc::clone(&plan.counters);
        let by_load = plan.balance == Balance::LeastLoaded && plan.endpoints.len() > 1;
        let open_sessions = match plan.reuse == Reuse::Session || by_load {
            true => OpenSessions::new(&plan.workload),
            false => OpenSessions::default(),
        };
        Ok(Worker {
            schedule: Schedule::new(
                Arc::clone(&plan.plan),
                plan.workload.clone(),
                plan.number,
                plan.max_in_flight,
            ),
            poll,
            timer,
            pool,
            flights: Flights::new(plan.rules, plan.number, counters, expected),
            answers: Answers::new(&plan.workload),
            open_sessions,
            session_targets: HashMap::new(),
            loads: vec![0; plan.endpoints.len()],
            again: VecDeque::new(),
            buffer: vec![0; READ_BYTES].into(),
            // The target is chosen by who has answered.
            gathers: plan.plan.is_decided() && !by_load,
            spin_ns: 0,
            stopping: Stop::No,
            has_skipped: false,
            flush_at_ns: u64::MAX,
            watching_ns: None,
            spun_ns: 0,
            sink: None,
            kept: Vec::new(),
            plan,
        })
    }

    /// How late the timer wakes this thread; as long as that it watches the clock from now on, if
    /// it may.
    pub fn calibrate(&mut self) -> io::Result<TimerCalibration> {
        let calibration = self.timer.calibrate(&mut self.poll)?;
        if self.plan.may_spin {
            self.spin_ns = calibration.late_median_ns.clamp(MIN_SPIN_NS, MAX_SPIN_NS);
        }
        Ok(calibration)
    }

    /// Time before a request is due for which the clock is watched instead of slept on, in ns; 0 for
    /// never. As long as a wake-up takes as a rule, so that most of it is spent in waking up.
    pub fn spin_ns(&self) -> u64 {
        self.spin_ns
    }

    /// Fires its part of the schedule, waits for the answers and hands over all records.
    pub fn run(&mut self, t0_ns: u64, sink: RecordSink) -> io::Result<()> {
        self.flights.set_t0(t0_ns);
        self.sink = Some(sink);
        self.count_connections(self.pool.opened());
        self.flush_at_ns = t0_ns.saturating_add(FLUSH_EVERY_NS);
        loop {
            self.obey();
            let burst = self.fire_due();
            self.flights.expire(monotonic_ns());
            self.sweep();
            if self.is_finished() {
                break;
            }
            let busy = burst || self.has_skipped || !self.again.is_empty();
            let count = self.wait(busy)?;
            for n in 0..count {
                let ready = self.poll.ready(n);
                self.handle(ready);
                // Answering others must not make the next request late.
                self.fire_due();
            }
            for _ in 0..self.again.len() {
                if let Some(id) = self.again.pop_front() {
                    self.drive(id, false);
                }
                self.fire_due();
            }
        }
        self.sink = None;
        Ok(())
    }

    /// Time for which it watched the clock and had nothing else to do, in ns.
    pub fn spun_ns(&self) -> u64 {
        self.spun_ns
    }

    /// The whole answers, in the order in which they ended; none unless they are kept.
    pub fn into_kept(self) -> Vec<Kept> {
        self.kept
    }

    fn is_finished(&self) -> bool {
        !self.has_skipped && self.schedule.in_flight() == 0 && self.schedule.is_done()
    }

    /// Does what the user has asked for meanwhile.
    fn obey(&mut self) {
        let asked = Stop::of(self.plan.stop.load(Relaxed));
        if asked == self.stopping {
            return;
        }
        self.stopping = asked;
        self.schedule.stop();
        if asked == Stop::Now {
            self.flights.interrupt();
        }
        self.sweep();
    }

    /// Waits for a socket, for what is due next, or for another thread.
    fn wait(&mut self, busy: bool) -> io::Result<usize> {
        let now_ns = monotonic_ns();
        if let Some((from_ns, due_ns)) = self.watching_ns.take() {
            self.spun_ns += now_ns.min(due_ns).saturating_sub(from_ns);
        }
        if now_ns >= self.flush_at_ns {
            if let Some(sink) = &mut self.sink {
                sink.flush();
            }
            self.flush_at_ns = now_ns + FLUSH_EVERY_NS;
        }
        let due_ns = self.next_due_ns();
        let watched_ns = due_ns.saturating_sub(self.spin_ns);
        let given_up_ns = self.flights.next_deadline().unwrap_or(u64::MAX);
        let alarm_ns = watched_ns.min(given_up_ns).min(self.flush_at_ns);
        if busy || alarm_ns <= now_ns {
            let count = self.poll.wait(false)?;
            // What is read now is work, and so is what is late.
            self.watching_ns =
                (!busy && count == 0 && watched_ns <= now_ns).then_some((now_ns, due_ns));
            return Ok(count);
        }
        let is_for_next = self.gathers && alarm_ns == watched_ns && self.flights.are_all_written();
        if is_for_next && alarm_ns - now_ns <= GATHER_NS {
            sleep_until(alarm_ns);
            self.fire_due();
            return self.poll.wait(false);
        }
        self.timer.arm(alarm_ns)?;
        self.poll.wait(true)
    }

    /// When the schedule may have something next, on CLOCK_MONOTONIC.
    fn next_due_ns(&self) -> u64 {
        let due_ns = self.schedule.next_due();
        due_ns.map_or(u64::MAX, |due_ns| {
            self.flights.rules().t0_ns.saturating_add(due_ns)
        })
    }

    fn wake_others(&self) {
        for (number, waker) in self.plan.wakers.iter().enumerate() {
            if number != self.plan.number {
                waker.wake();
            }
        }
    }

    fn count_connections(&self, opened: u32) {
        self.plan.counters[self.plan.number].count_connections(opened.into());
    }
}
