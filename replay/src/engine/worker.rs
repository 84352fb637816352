//! One worker: a thread with its own runtime, connections, part of the schedule and record
//! buffer. It shares nothing with other workers but its counters, which only it writes.

use super::clock::monotonic_ns;
use super::connection::{Connection, Pool};
use super::flight::{Buffers, Flight};
use super::progress::{Counters, add};
use super::recorder::RecordSink;
use super::request::RequestFactory;
use super::schedule::OpenLoop;
use super::timer::Timer;
use schemas::Digest;
use schemas::layout::{RequestRecord, ResponseFormat};
use schemas::reader::Workload;
use schemas::records::{ErrorClass, ResultRecord};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Records wait at most this long before they are passed on to the recorder.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// Due requests that are fired in one go before answers are looked at.
const BURST: u32 = 64;

/// What the user has asked of a running worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Nothing: go on.
    No,
    /// Send no more, wait for the answers.
    Drain,
    /// Send no more, wait for nothing.
    Now,
}

/// What a worker is given.
pub struct WorkerPlan {
    /// Number of this worker.
    pub number: u16,
    /// Workload, for its records.
    pub workload: Workload,
    /// Makes its requests.
    pub factory: RequestFactory,
    /// Its part of the schedule.
    pub schedule: OpenLoop,
    /// Where connections go.
    pub address: SocketAddr,
    /// Connections to open before t0.
    pub connections: usize,
    /// Most requests in flight.
    pub max_in_flight: usize,
    /// Longest wait for a complete response.
    pub timeout: Duration,
    /// Counters of all workers; it writes those with its number.
    pub counters: Arc<[Counters]>,
    /// Tells it to stop.
    pub stop: watch::Receiver<Stop>,
}

/// A worker at work. All methods run on its own thread.
pub struct Worker {
    plan: WorkerPlan,
    t0_ns: u64,
    schedule: Cell<OpenLoop>,
    /// When the next request is due on the monotonic clock; `u64::MAX` when none can be fired.
    next_due_ns: Cell<u64>,
    in_flight: Cell<usize>,
    opened: Cell<u32>,
    pool: RefCell<Pool>,
    buffers: RefCell<Vec<Buffers>>,
    sink: RefCell<RecordSink>,
    /// Told when a request has landed or the schedule has moved.
    changed: Notify,
}

/// Opens `count` connections; the first failure is returned.
pub async fn preconnect(address: SocketAddr, count: usize) -> io::Result<Vec<Connection>> {
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        connections.push(Connection::open(address, number as u32).await?);
    }
    Ok(connections)
}

impl Worker {
    /// A worker with its connections, before it has fired anything.
    pub fn new(
        plan: WorkerPlan,
        connections: Vec<Connection>,
        sink: RecordSink,
        t0_ns: u64,
    ) -> Rc<Self> {
        let mut pool = Pool::default();
        let opened = connections.len() as u32;
        connections
            .into_iter()
            .rev()
            .for_each(|connection| pool.put(connection));
        let worker = Worker {
            t0_ns,
            schedule: Cell::new(plan.schedule),
            next_due_ns: Cell::new(u64::MAX),
            in_flight: Cell::new(0),
            opened: Cell::new(opened),
            pool: RefCell::new(pool),
            buffers: RefCell::new(Vec::new()),
            sink: RefCell::new(sink),
            changed: Notify::new(),
            plan,
        };
        add(&worker.counters().connections, opened.into());
        worker.aim();
        Rc::new(worker)
    }

    /// Walks the schedule until its end or until told to stop, then waits for the answers.
    /// Must run inside a `LocalRuntime`.
    pub async fn run(self: &Rc<Self>, timer: &Timer) -> io::Result<()> {
        let mut stop = self.plan.stop.clone();
        let flusher = tokio::task::spawn_local(flush_regularly(Rc::clone(self)));
        while *stop.borrow() == Stop::No
            && self
                .schedule
                .get()
                .peek(self.plan.workload.requests())
                .is_some()
        {
            self.fire_due();
            if monotonic_ns() >= self.next_due_ns.get() {
                // A burst larger than BURST: let answers be read in between.
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                biased;
                _ = stop.changed() => {}
                slept = timer.sleep_until(self.next_due_ns.get()), if self.next_due_ns.get() != u64::MAX => slept?,
                () = self.changed.notified() => {}
            }
        }
        self.give_up_the_rest();
        while *stop.borrow() != Stop::Now && self.in_flight.get() > 0 {
            tokio::select! {
                _ = stop.changed() => {}
                () = self.changed.notified() => {}
            }
        }
        flusher.abort();
        Ok(())
    }

    /// Fires every request that is due. Called by the timer and between reads of responses, so
    /// that a worker busy with answers is not late with requests.
    pub fn fire_due(self: &Rc<Self>) {
        for _ in 0..BURST {
            if monotonic_ns() < self.next_due_ns.get() {
                return;
            }
            self.fire_next();
        }
    }

    fn fire_next(self: &Rc<Self>) {
        let mut schedule = self.schedule.get();
        let Some(shot) = schedule.peek(self.plan.workload.requests()) else {
            return;
        };
        schedule.advance();
        self.schedule.set(schedule);
        self.in_flight.set(self.in_flight.get() + 1);
        self.aim();
        let mut flight = Flight::new(self, shot.index, shot.due_ns);
        let Some(request) = self.plan.factory.make(shot.index) else {
            return flight.not_sent(ErrorClass::Workload);
        };
        let idle = self.pool.borrow_mut().take();
        let Some(mut connection) = idle else {
            tokio::task::spawn_local(Rc::clone(self).connect_and_fly(flight, request));
            return;
        };
        flight.on(&connection, false);
        let response = connection.send(request);
        flight.note_sent(&connection);
        tokio::task::spawn_local(flight.fly(connection, response));
    }

    /// The pool is empty: this request pays for a new connection, and its record says so.
    async fn connect_and_fly(
        self: Rc<Self>,
        mut flight: Flight,
        request: http::Request<super::request::RopeBody>,
    ) {
        let number = self.opened.get();
        self.opened.set(number + 1);
        let Ok(mut connection) = Connection::open(self.plan.address, number).await else {
            return flight.not_sent(ErrorClass::Connect);
        };
        add(&self.counters().connections, 1);
        flight.on(&connection, true);
        let response = connection.send(request);
        flight.note_sent(&connection);
        flight.fly(connection, response).await;
    }

    /// Sets `next_due_ns` from the schedule and the cap on requests in flight.
    fn aim(&self) {
        let shot = self.schedule.get().peek(self.plan.workload.requests());
        let free = self.in_flight.get() < self.plan.max_in_flight;
        let due_ns = shot
            .filter(|_| free)
            .map_or(u64::MAX, |shot| self.t0_ns + shot.due_ns);
        self.next_due_ns.set(due_ns);
    }

    /// Takes a finished record.
    pub fn land(&self, record: &ResultRecord, token_ns: &[u64]) {
        self.sink.borrow_mut().push(record, token_ns);
        let counters = self.counters();
        match (record.sent_ns.get(), record.outcome) {
            (schemas::layout::NONE_U64, _) => add(&counters.not_sent, 1),
            (_, 0) => add(&counters.ok, 1),
            _ => add(&counters.failed, 1),
        }
        self.in_flight.set(self.in_flight.get() - 1);
        let was_blocked = self.next_due_ns.get() == u64::MAX;
        self.aim();
        if was_blocked {
            self.changed.notify_one();
        }
    }

    /// Records every request whose time did not come as not sent.
    fn give_up_the_rest(self: &Rc<Self>) {
        let mut schedule = self.schedule.get();
        while let Some(shot) = schedule.peek(self.plan.workload.requests()) {
            schedule.advance();
            self.schedule.set(schedule);
            self.in_flight.set(self.in_flight.get() + 1);
            Flight::new(self, shot.index, shot.due_ns).not_sent(ErrorClass::Interrupted);
        }
    }

    /// A point of the monotonic clock as ns from t0.
    pub fn from_t0(&self, monotonic_ns: u64) -> u64 {
        monotonic_ns.saturating_sub(self.t0_ns)
    }

    /// Counts a request whose first byte was written `lag_ns` after it was due.
    pub fn count_sent(&self, lag_ns: u64) {
        add(&self.counters().sent, 1);
        let worst = &self.counters().worst_lag_ns;
        if lag_ns > worst.load(Relaxed) {
            worst.store(lag_ns, Relaxed);
        }
    }

    /// Counts events with output.
    pub fn count_tokens(&self, tokens: u64) {
        add(&self.counters().tokens, tokens);
    }

    fn counters(&self) -> &Counters {
        &self.plan.counters[self.plan.number as usize]
    }

    /// The request's record in the workload.
    pub fn request(&self, index: u64) -> &RequestRecord {
        &self.plan.workload.requests()[index as usize]
    }

    /// How the request's response is to be read. A number that is not defined is never fired: the
    /// factory refuses its record.
    pub fn response_format(&self, index: u64) -> ResponseFormat {
        let number = self.request(index).response_format;
        ResponseFormat::from_number(number).unwrap_or(ResponseFormat::Generic)
    }

    /// The request's leaf in the workload.
    pub fn leaf(&self, index: u64) -> Digest {
        self.plan.workload.leaves()[index as usize]
    }

    /// This worker's number.
    pub fn number(&self) -> u16 {
        self.plan.number
    }

    /// Longest wait for a complete response.
    pub fn timeout(&self) -> Duration {
        self.plan.timeout
    }

    /// Takes back a connection that can be used again.
    pub fn put_connection(&self, connection: Connection) {
        self.pool.borrow_mut().put(connection);
    }

    /// Buffers of an earlier flight, or new ones.
    pub fn take_buffers(&self) -> Buffers {
        self.buffers.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps a landed flight's buffers for the next.
    pub fn put_buffers(&self, buffers: Buffers) {
        self.buffers.borrow_mut().push(buffers);
    }
}

async fn flush_regularly(worker: Rc<Worker>) {
    let mut interval = tokio::time::interval(FLUSH_EVERY);
    loop {
        interval.tick().await;
        worker.sink.borrow_mut().flush();
    }
}
