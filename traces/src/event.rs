//! What every reader yields: one event for each replayable row of a trace.

use crate::{Accounting, Columns};

/// One request of a trace, in 20 bytes: the longest published trace has 27 million.
///
/// `row` is the event's identity: everything random about the request is drawn
/// under this number, so it must not change when other rows are filtered away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed(4))]
pub struct Event {
    /// Nanoseconds after the earliest event of the trace.
    pub at_ns: u64,
    /// Number of the data row in the file, from 0; a header is not counted.
    pub row: u32,
    /// Tokens of the prompt, at least 1.
    pub input_tokens: u32,
    /// Tokens of the answer, at least 1.
    pub output_tokens: u32,
}

const _: () = assert!(size_of::<Event>() == 20);

/// A trace read whole: its events in order of time, and what it took to get them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Sorted by (`at_ns`, `row`); never empty; the first is at 0.
    pub events: Vec<Event>,
    /// What only some formats have.
    pub columns: Columns,
    /// What became of every row.
    pub accounting: Accounting,
    /// SHA-256 of the file's bytes as they are stored, compressed or not: what
    /// `sha256sum` prints.
    pub sha256: [u8; 32],
    /// Length of the stored file in bytes.
    pub bytes: u64,
}
