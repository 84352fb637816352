//! Readers for public LLM inference traces, one module for each format, all
//! yielding one event type with exact row accounting.
//!
//! A reader never repairs a row: what does not parse is an error that names the
//! line, and what parses but cannot be replayed is dropped under a named reason
//! and counted, so that `rows_read = emitted + dropped` always holds.

pub mod azure;
pub mod bailian;
pub mod burstgpt;
pub mod limits;
pub mod mooncake;
pub mod servegen;
pub mod table;

mod accounting;
mod block_ids;
mod collect;
mod columns;
mod csv_rows;
mod decimal;
mod error;
mod event;
mod intern;
mod json_rows;
mod place;
mod rows;
mod sessions;
mod source;
mod stored;
mod timestamp;

pub use accounting::{Accounting, Counted, DropReason, Drops, MAX_NAMED_ROWS};
pub use columns::{Blocks, Columns, NONE, Names};
pub use decimal::{DecimalFault, Rounding, scaled};
pub use error::TraceError;
pub use event::{Event, Trace};
pub use place::{Cell, CellKind, TimestampFault, quote};
pub use source::Source;
pub use stored::Fingerprint;
