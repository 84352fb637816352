//! Readers for public LLM inference traces, one module for each format, all
//! yielding one event type with exact row accounting.
//!
//! A reader never repairs a row: what does not parse is an error that names the
//! line, and what parses but cannot be replayed is dropped under a named reason
//! and counted, so that `rows_read = emitted + dropped` always holds.

pub mod azure;

mod accounting;
mod error;
mod event;
mod source;
mod timestamp;

pub use accounting::{Accounting, DropReason, Drops, MAX_NAMED_ROWS};
pub use error::{Cell, TimestampFault, TraceError};
pub use event::{Event, Trace};
