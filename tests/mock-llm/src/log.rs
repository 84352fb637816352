//! One worker's log: compact records and counts.
//!
//! Each worker has its own behind a mutex that nobody else takes unless the log
//! is being read, so on the hot path it is never contended. Records lie in
//! segments: appending never moves those that are there.

use std::num::{NonZeroU8, NonZeroU16, NonZeroU64};
use std::sync::Arc;

use crate::api::Api;
use crate::config::MAX_RECORDS_PER_WORKER;
use crate::request;

/// Records in a segment.
const SEGMENT: usize = 4096;
/// Models and paths kept once; beyond it each record has its own copy.
const MAX_NAMES: usize = 256;

/// One request, small enough that millions fit in memory.
#[derive(Clone, Debug)]
pub struct Record {
    pub arrival_ns: u64,
    pub end_ns: Option<NonZeroU64>,
    pub connection: u64,
    pub path: Arc<str>,
    pub model: Option<Arc<str>>,
    pub body: Option<BodyFacts>,
    /// As asked; a larger number than fits is kept as the largest.
    pub max_tokens: Option<u32>,
    pub concurrent: u32,
    pub status: Option<NonZeroU16>,
    pub stream: Option<bool>,
    pub authorization: bool,
    pub api: Option<Api>,
    pub media: Media,
    /// How it ended at `end_ns`.
    pub end: End,
    /// Which of the configured faults fell on it, from 1.
    pub fault: Option<NonZeroU8>,
}

const _: () = assert!(size_of::<Record>() <= 136);

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The server handed over all it was going to.
    Answered,
    /// The client left before.
    ClosedEarly,
}

/// What a body holds beside texts; a larger number than fits is kept as the largest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Media {
    pub images: u16,
    pub audios: u16,
    pub documents: u16,
}

impl Media {
    pub fn of(counts: &request::Counts) -> Self {
        let bounded = |n: u64| u16::try_from(n).unwrap_or(u16::MAX);
        Media {
            images: bounded(counts.images),
            audios: bounded(counts.audios),
            documents: bounded(counts.documents),
        }
    }
}

/// What is known once a body was read.
#[derive(Clone, Debug)]
pub struct BodyFacts {
    pub end_ns: NonZeroU64,
    pub bytes: u32,
    pub sha256: [u8; 32],
}

/// Where a record lies; stays valid, but empty, after the log was cleared.
#[derive(Clone, Copy, Debug)]
pub struct Slot(u64);

/// Counts since the start; clearing the log leaves them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub requests: u64,
    pub errors: u64,
    pub closed_early: u64,
    pub dropped: u64,
}

/// A worker's log.
#[derive(Default)]
pub struct Log {
    segments: Vec<Vec<Record>>,
    /// Slot of the first record kept.
    base: u64,
    names: Vec<Arc<str>>,
    pub counts: Counts,
}

impl Log {
    /// Appends a record, or only counts it when the log is full.
    pub fn push(&mut self, record: Record) -> Slot {
        self.counts.requests += 1;
        let slot = Slot(self.base + self.len() as u64);
        if self.len() >= MAX_RECORDS_PER_WORKER {
            self.counts.dropped += 1;
            return Slot(u64::MAX);
        }
        if self.segments.last().is_none_or(|s| s.len() == SEGMENT) {
            self.segments.push(Vec::with_capacity(SEGMENT));
        }
        self.segments.last_mut().expect("pushed above").push(record);
        slot
    }

    /// The record at `slot`, unless the log was cleared since.
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut Record> {
        let index = usize::try_from(slot.0.checked_sub(self.base)?).ok()?;
        self.segments
            .get_mut(index / SEGMENT)?
            .get_mut(index % SEGMENT)
    }

    /// Notes how and when a request ended, unless the log was cleared since.
    pub fn end(&mut self, slot: Slot, end: End, now_ns: NonZeroU64) {
        if let Some(record) = self.get_mut(slot) {
            record.end = end;
            record.end_ns = Some(now_ns);
        }
    }

    /// The shared copy of a model or path.
    pub fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.iter().find(|known| known.as_ref() == name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        if self.names.len() < MAX_NAMES {
            self.names.push(Arc::clone(&new));
        }
        new
    }

    /// Appends a copy of every record to `out`.
    pub fn copy_to(&self, out: &mut Vec<Record>) {
        out.reserve(self.len());
        out.extend(self.segments.iter().flatten().cloned());
    }

    /// Forgets the records.
    pub fn clear(&mut self) {
        self.base += self.len() as u64;
        self.segments.clear();
    }

    fn len(&self) -> usize {
        match self.segments.split_last() {
            None => 0,
            Some((last, full)) => full.len() * SEGMENT + last.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(arrival_ns: u64) -> Record {
        Record {
            arrival_ns,
            end_ns: None,
            connection: 0,
            path: "/".into(),
            model: None,
            body: None,
            max_tokens: None,
            concurrent: 1,
            status: None,
            stream: None,
            authorization: false,
            api: None,
            media: Media::default(),
            end: End::Answered,
            fault: None,
        }
    }

    #[test]
    fn a_slot_finds_its_record_across_segments_and_not_after_clearing() {
        let mut log = Log::default();
        let slots: Vec<Slot> = (0..2 * SEGMENT as u64 + 5)
            .map(|i| log.push(record(i)))
            .collect();
        for (i, slot) in slots.iter().enumerate() {
            assert_eq!(log.get_mut(*slot).map(|r| r.arrival_ns), Some(i as u64));
        }
        log.clear();
        assert!(slots.iter().all(|slot| log.get_mut(*slot).is_none()));
        let slot = log.push(record(7));
        assert!(slots.iter().all(|slot| log.get_mut(*slot).is_none()));
        assert_eq!(log.get_mut(slot).map(|r| r.arrival_ns), Some(7));
    }

    #[test]
    fn names_are_shared_up_to_a_limit() {
        let mut log = Log::default();
        assert!(Arc::ptr_eq(&log.name("m"), &log.name("m")));
        for i in 0..2 * MAX_NAMES {
            log.name(&i.to_string());
        }
        assert_eq!(log.names.len(), MAX_NAMES);
    }
}
