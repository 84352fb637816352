//! From rows to a trace: drops what cannot be replayed, sorts, moves time 0 to the earliest
//! event, and closes the account. The events are kept once and sorted where they are: a file of
//! 27 million rows must fit.

use std::fs::File;
use std::path::Path;

use crate::accounting::{Accounting, DropReason};
use crate::columns::Columns;
use crate::rows::Closed;
use crate::{Event, Trace, TraceError};

/// The events of a file that is being read.
pub struct Collector {
    events: Vec<Event>,
    accounting: Accounting,
}

impl Collector {
    pub fn new() -> Self {
        Self {
            events: Vec::new(),
            accounting: Accounting::new(&DropReason::OF_REQUESTS),
        }
    }

    /// Takes the next row; returns whether it became an event.
    pub fn add(&mut self, event: Event) -> bool {
        let reason = match event {
            Event {
                input_tokens: 0, ..
            } => DropReason::ZeroInputTokens,
            Event {
                output_tokens: 0, ..
            } => DropReason::ZeroOutputTokens,
            event => {
                self.events.push(event);
                return true;
            }
        };
        self.accounting.drop_row(reason, event.row.into());
        false
    }

    /// Sorts what was taken; `columns` has what else the rows said.
    pub fn finish(self, closed: Closed, name: &str) -> Result<Trace, TraceError> {
        let (mut events, mut accounting) = (self.events, self.accounting);
        accounting.rows_read = closed.rows_read;
        accounting.ignored_columns = closed.ignored_columns;
        accounting.emitted = events.len() as u64;
        accounting.inversions = order(&mut events);
        rebase(&mut events, &accounting, name)?;
        Ok(Trace {
            events,
            columns: Columns::default(),
            accounting,
            sha256: closed.fingerprint.sha256,
            bytes: closed.fingerprint.bytes,
        })
    }
}

/// Opens the file at `path`; returns it with the name under which errors speak of it.
pub fn open(path: &Path) -> Result<(File, String), TraceError> {
    let file = path.display().to_string();
    match File::open(path) {
        Ok(reader) => Ok((reader, file)),
        Err(source) => Err(TraceError::Io { file, source }),
    }
}

/// Sorts by (time, row) where needed; returns how many events lay before the one
/// above them. The rows are distinct, so an unstable sort has one outcome only.
fn order(events: &mut [Event]) -> u64 {
    let falls = |pair: &&[Event]| pair[1].at_ns < pair[0].at_ns;
    let inversions = events.windows(2).filter(falls).count() as u64;
    if inversions > 0 {
        events.sort_unstable_by_key(|event| (event.at_ns, event.row));
    }
    inversions
}

/// Moves time 0 to the earliest event. Refuses a trace without events.
fn rebase(events: &mut [Event], account: &Accounting, name: &str) -> Result<(), TraceError> {
    let file = name.to_owned();
    let Some(first) = events.first() else {
        let rows = account.rows_read;
        return Err(match rows {
            0 => TraceError::NoRows { file },
            _ => TraceError::EveryRowDropped { file, rows },
        });
    };
    let start_ns = first.at_ns;
    for event in events {
        event.at_ns -= start_ns;
    }
    Ok(())
}
