//! What all workers share of the stages: how many requests have not ended, when each stage begins,
//! and where the next `slot` request is drawn from.

use super::Speed;
use schemas::layout::{NONE_U64, STAGE_AFTER_PREVIOUS, StageKind, StageRecord, optional_u32};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// One stage.
#[derive(Debug)]
pub struct Stage {
    /// Number of its time base: 0 counts from t0, any other from the beginning of this stage.
    pub base: usize,
    /// Places free up for `slot` requests.
    pub closed: bool,
    /// Most requests in flight.
    pub concurrency: Option<u32>,
    /// Its `slot` requests that wait for no other, by index.
    pub slots: Vec<u32>,
    /// Begins `start_ns` after the end of the stage before.
    after_previous: bool,
    /// Under the speed of the run.
    start_ns: u64,
    requests: u64,
    next_slot: AtomicU64,
    /// Requests that have not ended.
    left: AtomicU64,
    /// The latest end of a request so far.
    ended_ns: AtomicU64,
    /// From t0; [`NONE_U64`] while it is not known.
    begin_ns: AtomicU64,
}

impl Stage {
    /// When it begins, in ns from t0; `None` while that is not known.
    pub fn begin_ns(&self) -> Option<u64> {
        Some(self.begin_ns.load(Acquire)).filter(|begin_ns| *begin_ns != NONE_U64)
    }

    /// The `slot` request that would be drawn next.
    pub fn peek_slot(&self) -> Option<u64> {
        let next = self.next_slot.load(Relaxed) as usize;
        self.slots.get(next).map(|index| u64::from(*index))
    }

    /// Draws the next `slot` request. No other worker gets it.
    pub fn draw_slot(&self) -> Option<u64> {
        self.peek_slot()?;
        let next = self.next_slot.fetch_add(1, Relaxed) as usize;
        self.slots.get(next).map(|index| u64::from(*index))
    }

    /// A worker's share of the places: all shares add up to `concurrency`.
    pub fn share(&self, worker: usize, workers: usize) -> Option<usize> {
        let places = self.concurrency? as usize;
        Some(places / workers + usize::from(worker < places % workers))
    }
}

/// All stages of a workload.
#[derive(Debug)]
pub struct Stages {
    list: Vec<Stage>,
    /// Counts how often a beginning has become known.
    generation: AtomicU64,
}

impl Stages {
    /// No request is in them yet; see [`Stages::count`] and [`Stages::settle`].
    pub fn new(records: &[StageRecord], speed: Speed) -> Self {
        let mut bases = 0;
        let list = records.iter().map(|record| {
            let after_previous = record.flags & STAGE_AFTER_PREVIOUS != 0;
            bases += usize::from(after_previous);
            let start_ns = record.start_ns.get();
            Stage {
                base: if after_previous { bases } else { 0 },
                closed: record.kind == StageKind::Closed as u8,
                concurrency: optional_u32(record.concurrency),
                slots: Vec::new(),
                after_previous,
                // A pause after another stage is no time of the schedule: speed leaves it.
                start_ns: if after_previous {
                    start_ns
                } else {
                    speed.scale_ns(start_ns)
                },
                requests: 0,
                next_slot: AtomicU64::new(0),
                left: AtomicU64::new(0),
                ended_ns: AtomicU64::new(0),
                begin_ns: AtomicU64::new(NONE_U64),
            }
        });
        Stages {
            list: list.collect(),
            generation: AtomicU64::new(0),
        }
    }

    /// Counts a request of a stage; `slot` if it is to be drawn from the stage's list.
    pub fn count(&mut self, stage: usize, slot: Option<u32>) {
        let stage = &mut self.list[stage];
        stage.requests += 1;
        *stage.left.get_mut() += 1;
        stage.slots.extend(slot);
    }

    /// Sets the beginnings that are known before t0. All requests have been counted.
    pub fn settle(&self) {
        for (number, stage) in self.list.iter().enumerate() {
            if stage.after_previous {
                continue;
            }
            stage.begin_ns.store(stage.start_ns, Release);
            if stage.requests == 0 {
                self.begin_next(number, stage.start_ns);
            }
        }
    }

    /// All stages, in the order of the table.
    pub fn list(&self) -> &[Stage] {
        &self.list
    }

    /// Time bases, that of t0 included.
    pub fn bases(&self) -> usize {
        1 + self.list.iter().map(|stage| stage.base).max().unwrap_or(0)
    }

    /// Changes whenever a beginning has become known.
    pub fn generation(&self) -> u64 {
        self.generation.load(Acquire)
    }

    /// A request of the stage has ended. True if a later stage's beginning is now known.
    pub fn request_ended(&self, number: usize, ended_ns: u64) -> bool {
        // Nothing hangs on the end of most stages: no worker then touches what others read.
        let Some(next) = self.list.get(number + 1) else {
            return false;
        };
        if !next.after_previous {
            return false;
        }
        let stage = &self.list[number];
        stage.ended_ns.fetch_max(ended_ns, Relaxed);
        if stage.left.fetch_sub(1, AcqRel) > 1 {
            return false;
        }
        self.begin_next(number, stage.ended_ns.load(Relaxed));
        self.generation.fetch_add(1, Release);
        true
    }

    /// Stage `number` has ended: the next begins if it waits for that, and the one behind it if
    /// the next has no request.
    fn begin_next(&self, number: usize, ended_ns: u64) {
        let mut ended_ns = ended_ns;
        for next in &self.list[number + 1..] {
            if !next.after_previous {
                return;
            }
            ended_ns = ended_ns.saturating_add(next.start_ns);
            next.begin_ns.store(ended_ns, Release);
            if next.requests > 0 {
                return;
            }
        }
    }
}
