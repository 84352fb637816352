//! What the workers tell the outside while they fire: one set of counters each, written by one
//! thread and read by another, without a lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of one worker, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Counters {
    /// Requests whose first byte was written.
    pub sent: AtomicU64,
    /// Requests that were never sent.
    pub not_sent: AtomicU64,
    /// Requests that ended well.
    pub ok: AtomicU64,
    /// Requests that ended otherwise after they were sent.
    pub failed: AtomicU64,
    /// Events with output.
    pub tokens: AtomicU64,
    /// Worst lag since the reader last took it, in ns.
    pub worst_lag_ns: AtomicU64,
    /// Connections opened.
    pub connections: AtomicU64,
}

/// Adds to a counter that only this thread writes.
pub fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Relaxed) + amount, Relaxed);
}

/// The sum over all workers, at about one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Requests sent.
    pub sent: u64,
    /// Requests never sent.
    pub not_sent: u64,
    /// Requests that ended well.
    pub ok: u64,
    /// Requests that ended otherwise.
    pub failed: u64,
    /// Events with output.
    pub tokens: u64,
    /// Worst lag since the last snapshot, in ns.
    pub worst_lag_ns: u64,
    /// Connections opened.
    pub connections: u64,
}

impl Snapshot {
    /// Reads all counters and starts a new worst lag.
    pub fn take(counters: &[Counters]) -> Self {
        let sum = |field: fn(&Counters) -> &AtomicU64| {
            counters.iter().map(|each| field(each).load(Relaxed)).sum()
        };
        Snapshot {
            sent: sum(|each| &each.sent),
            not_sent: sum(|each| &each.not_sent),
            ok: sum(|each| &each.ok),
            failed: sum(|each| &each.failed),
            tokens: sum(|each| &each.tokens),
            worst_lag_ns: counters
                .iter()
                .map(|each| each.worst_lag_ns.swap(0, Relaxed))
                .max()
                .unwrap_or(0),
            connections: sum(|each| &each.connections),
        }
    }

    /// Requests that were sent and have not ended.
    pub fn in_flight(&self) -> u64 {
        self.sent.saturating_sub(self.ok + self.failed)
    }
}
