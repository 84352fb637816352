//! Counts over all workers, and the state the workers share.
//!
//! Shared counters are atomics that are touched at the beginning and the end of
//! a request; everything else is counted in each worker's own log.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::batch::BatchStats;
use crate::capacity::Capacity;
use crate::config::Config;
use crate::fault::{self, FaultKind};
use crate::log::{Log, Record};

/// Counts since the server started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// POST requests whose head was read.
    pub requests: u64,
    /// Those answered with a status of 400 or more.
    pub errors: u64,
    /// Those whose client went away before the answer was complete.
    pub closed_early: u64,
    /// POST requests in flight now.
    pub in_flight: u64,
    /// Most POST requests in flight at once.
    pub peak_in_flight: u64,
    /// Connections accepted.
    pub connections_opened: u64,
    /// Connections open now.
    pub connections_open: u64,
    /// Connections closed unserved, beyond the limit or by the fault `refuse`.
    pub connections_refused: u64,
    /// Requests that can be served at once; null for any number.
    pub slots: Option<usize>,
    /// Longest wait of a request for its place, in ns; null without `slots`.
    pub longest_wait_ns: Option<u64>,
    /// The batch that requests share; null without `sampler`.
    pub batch: Option<BatchStats>,
    /// Requests served but not logged, beyond the limit.
    pub arrivals_dropped: u64,
}

/// What the workers and the [`crate::Server`] share.
pub struct Shared {
    pub config: Config,
    pub tls: Option<TlsAcceptor>,
    /// The places, where they are limited.
    pub capacity: Option<Capacity>,
    pub workers: Vec<WorkerShare>,
    pub connections_opened: AtomicU64,
    pub connections_refused: AtomicU64,
    /// Set when the server stops: clients cut off from then on did not leave.
    pub stopping: AtomicBool,
    /// POST requests to an API so far.
    ordinals: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
    batch: Mutex<BatchStats>,
}

/// One worker's part of it.
#[derive(Default)]
pub struct WorkerShare {
    log: Mutex<Log>,
    /// Connections the worker serves or was handed.
    pub connections: AtomicUsize,
}

impl WorkerShare {
    /// The worker's log; never contended unless it is being read.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    pub fn new(config: Config, tls: Option<TlsAcceptor>) -> Self {
        Shared {
            workers: (0..config.workers)
                .map(|_| WorkerShare::default())
                .collect(),
            capacity: config.slots.map(|k| Capacity::new(k, Instant::now())),
            config,
            tls,
            connections_opened: AtomicU64::new(0),
            connections_refused: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            ordinals: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            peak_in_flight: AtomicU64::new(0),
            batch: Mutex::default(),
        }
    }

    /// The batch's counts; contended only while they are being read.
    pub fn batch(&self) -> MutexGuard<'_, BatchStats> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request in; returns how many are in flight, it included.
    pub fn enter(&self) -> u64 {
        let in_flight = self.in_flight.fetch_add(1, Relaxed) + 1;
        // Only a new peak is written: the line stays shared otherwise.
        if in_flight > self.peak_in_flight.load(Relaxed) {
            self.peak_in_flight.fetch_max(in_flight, Relaxed);
        }
        in_flight
    }

    /// Counts a request out.
    pub fn leave(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    /// Which of the configured faults falls on the next request to an API.
    pub fn next_fault(&self) -> Option<usize> {
        let ordinal = self.ordinals.fetch_add(1, Relaxed);
        self.fault_on(ordinal, |kind| kind != FaultKind::Refuse)
    }

    /// Whether connection `id` (from 1) is to be closed when it is accepted.
    pub fn refuses(&self, id: u64) -> bool {
        self.fault_on(id - 1, |kind| kind == FaultKind::Refuse)
            .is_some()
    }

    fn fault_on(&self, ordinal: u64, of: impl Fn(FaultKind) -> bool) -> Option<usize> {
        let faults = self.config.faults.iter().enumerate();
        let shares = faults.filter(|(_, fault)| of(fault.kind));
        fault::falls_on(shares.map(|(i, fault)| (i, fault.share_ppm)), ordinal)
    }

    /// Connections open now.
    pub fn connections_open(&self) -> usize {
        self.workers
            .iter()
            .map(|w| w.connections.load(Relaxed))
            .sum()
    }

    /// A copy of every worker's records, unsorted.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for worker in &self.workers {
            worker.log().copy_to(&mut records);
        }
        records
    }

    /// Forgets every worker's records.
    pub fn clear(&self) {
        for worker in &self.workers {
            worker.log().clear();
        }
    }

    pub fn stats(&self) -> Stats {
        let counts: Vec<_> = self.workers.iter().map(|w| w.log().counts).collect();
        Stats {
            requests: counts.iter().map(|c| c.requests).sum(),
            errors: counts.iter().map(|c| c.errors).sum(),
            closed_early: counts.iter().map(|c| c.closed_early).sum(),
            in_flight: self.in_flight.load(Relaxed),
            peak_in_flight: self.peak_in_flight.load(Relaxed),
            connections_opened: self.connections_opened.load(Relaxed),
            connections_open: self.connections_open() as u64,
            connections_refused: self.connections_refused.load(Relaxed),
            slots: self.config.slots,
            longest_wait_ns: self.capacity.as_ref().map(longest_wait_ns),
            batch: self.config.sampler.map(|_| *self.batch()),
            arrivals_dropped: counts.iter().map(|c| c.dropped).sum(),
        }
    }
}

fn longest_wait_ns(capacity: &Capacity) -> u64 {
    // 584 years do not pass.
    u64::try_from(capacity.longest_wait().as_nanos()).unwrap_or(u64::MAX)
}
