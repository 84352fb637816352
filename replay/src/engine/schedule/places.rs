//! A worker's places of one stage, and who waits for them.

use super::entry::{Entry, What};
use super::stages::Stage;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Memory for this many waiting requests is set aside for each stage with a concurrency.
const QUEUE_RESERVE: usize = 1024;

/// The places. A place is held from the moment when it is granted until its request has ended.
#[derive(Debug, Default)]
pub struct Places {
    /// `None`: any number.
    share: Option<usize>,
    held: usize,
    /// `slot` requests may be drawn.
    open: bool,
    /// Due requests that found no place: when they were due, and which.
    queue: VecDeque<(u64, u64)>,
    /// `slot` requests that had to wait for others and wait for none now: which, and since when.
    slots: BinaryHeap<Reverse<(u64, u64)>>,
}

impl Places {
    /// A share of a stage's places, `None` if it has any number.
    pub fn new(share: Option<usize>) -> Self {
        Places {
            share,
            queue: VecDeque::with_capacity(share.map_or(0, |_| QUEUE_RESERVE)),
            ..Places::default()
        }
    }

    /// Whether this worker can draw a `slot` request, now or later.
    pub fn may_draw(&self, stage: &Stage) -> bool {
        self.share.is_some_and(|share| share > 0) && stage.peek_slot().is_some()
    }

    /// Takes a place if one is free.
    pub fn take(&mut self) -> bool {
        let free = self.share.is_none_or(|share| self.held < share);
        self.held += usize::from(free);
        free
    }

    /// Gives a place back.
    pub fn give_back(&mut self) {
        self.held -= 1;
    }

    /// Lets a due request wait for a place.
    pub fn enqueue(&mut self, due_ns: u64, index: u64) {
        self.queue.push_back((due_ns, index));
    }

    /// Lets a `slot` request that waited for others take part, from `ready_ns` on.
    pub fn enqueue_slot(&mut self, index: u64, ready_ns: u64) {
        self.slots.push(Reverse((index, ready_ns)));
    }

    /// The stage has begun.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Grants a free place, which was freed at `freed_ns`: to the first of the queue, or else to
    /// the next `slot` request. `None` if no place is free, or nobody wants one.
    ///
    /// In a closed stage a place is part of what a request waits for, so it is due with it; a cap
    /// of a scheduled stage delays what was due before.
    pub fn grant(&mut self, stage: &Stage, freed_ns: u64) -> Option<Entry> {
        let wanted = !self.queue.is_empty() || (self.open && stage.closed);
        if !wanted || !self.take() {
            return None;
        }
        if let Some((due_ns, index)) = self.queue.pop_front() {
            let granted_ns = if stage.closed {
                due_ns.max(freed_ns)
            } else {
                due_ns
            };
            return Some(Entry::new(granted_ns, index, What::Granted));
        }
        let slot = self.next_slot(stage);
        let Some((index, ready_ns)) = slot else {
            self.give_back();
            return None;
        };
        Some(Entry::new(freed_ns.max(ready_ns), index, What::Slot))
    }

    /// The lowest `slot` request, of this worker's own and those that all share.
    fn next_slot(&mut self, stage: &Stage) -> Option<(u64, u64)> {
        let own = self.slots.peek().map(|own| own.0.0);
        match (own, stage.peek_slot()) {
            (Some(own), shared) if shared.is_none_or(|shared| own < shared) => self.pop_slot(),
            // Another worker may be faster and draw the last one.
            _ => match stage.draw_slot() {
                Some(index) => Some((index, 0)),
                None => self.pop_slot(),
            },
        }
    }

    fn pop_slot(&mut self) -> Option<(u64, u64)> {
        self.slots.pop().map(|own| own.0)
    }

    /// Takes out any request that waits here, with the time from which it did.
    pub fn take_waiting(&mut self) -> Option<(u64, u64)> {
        let own = |(index, ready_ns)| (ready_ns, index);
        self.queue.pop_front().or_else(|| self.pop_slot().map(own))
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.slots.is_empty()
    }
}
