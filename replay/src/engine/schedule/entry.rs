//! What a worker has to look at, and from when on.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What is to be done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Stage `index` begins: `slot` requests take its free places.
    Open,
    /// The request is the next root of its time base, and needs a place.
    Root,
    /// Nothing that the request waits for is left. It needs a place.
    Ready,
    /// The request has waited for a place and holds one.
    Granted,
    /// The `slot` request was drawn and holds a place.
    Slot,
}

/// One of them. The earliest comes first; of those, the lowest index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// From t0.
    pub due_ns: u64,
    /// 0 opens a stage, before all requests with the same time; 1 is a request.
    rank: u8,
    /// Request, or stage to open.
    pub index: u64,
    /// What it is.
    pub what: What,
}

impl Entry {
    /// To do `what` with `index` at `due_ns`.
    pub fn new(due_ns: u64, index: u64, what: What) -> Self {
        Entry {
            due_ns,
            rank: u8::from(what != What::Open),
            index,
            what,
        }
    }
}

/// Entries, the first in their order on top.
#[derive(Debug, Default)]
pub struct Entries(BinaryHeap<Reverse<Entry>>);

impl Entries {
    /// None yet, and memory for so many.
    pub fn with_capacity(entries: usize) -> Self {
        Entries(BinaryHeap::with_capacity(entries))
    }

    /// Adds one.
    pub fn push(&mut self, entry: Entry) {
        self.0.push(Reverse(entry));
    }

    /// The first.
    pub fn peek(&self) -> Option<Entry> {
        self.0.peek().map(|entry| entry.0)
    }

    /// Takes the first out.
    pub fn pop(&mut self) -> Option<Entry> {
        self.0.pop().map(|entry| entry.0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
