//! AzurePublicDataset LLM inference traces, as published in 2023: a CSV file with
//! the columns TIMESTAMP, ContextTokens and GeneratedTokens, found by name in any
//! order. Times become integer nanoseconds after the earliest event, exactly.
//!
//! Source: <https://github.com/Azure/AzurePublicDataset>, Patel et al., Splitwise,
//! ISCA 2024. Refuses quotes around fields, which no published file has, and every
//! row it cannot read as it stands: a repaired trace would not be the trace.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use crate::accounting::{Accounting, DropReason};
use crate::error::{Cell, TraceError, quote};
use crate::event::{Event, Trace};
use crate::source::{MAX_LINE_BYTES, Source};
use crate::timestamp::parse_unix_ns;

/// The needed columns, in the order of [`Columns`].
const COLUMNS: [&str; 3] = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];

/// Most tokens one row may ask for, in or out.
pub const MAX_TOKENS: u32 = 16_777_216;
/// Longest field, in bytes: no timestamp or count comes near it.
pub const MAX_FIELD_BYTES: usize = 64;
/// Most data rows; four times the longest trace Azure has published.
pub const MAX_ROWS: u64 = 100_000_000;

/// Reads the trace at `path`. Errors name the path as it was given.
pub fn read_file(path: &Path) -> Result<Trace, TraceError> {
    let file = path.display().to_string();
    match File::open(path) {
        Ok(reader) => read(reader, &file),
        Err(source) => Err(TraceError::Io { file, source }),
    }
}

/// Reads a trace from `reader`; `name` is what errors call it.
pub fn read(reader: impl Read, name: &str) -> Result<Trace, TraceError> {
    let mut rows = Rows::open(reader, name)?;
    let mut events = Vec::new();
    while rows.advance()? {
        match rows.event()? {
            Ok(event) => events.push(event),
            Err(reason) => rows.accounting.drop_row(reason, rows.row),
        }
    }
    let (mut accounting, sha256, bytes) = rows.close();
    accounting.emitted = events.len() as u64;
    accounting.inversions = order(&mut events);
    rebase(&mut events, &accounting, name)?;
    Ok(Trace {
        events,
        accounting,
        sha256,
        bytes,
    })
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

/// Where the needed columns stand, and how many columns there are.
struct Columns {
    indices: [usize; COLUMNS.len()],
    count: usize,
}

/// The data rows of an open trace, read one at a time into one buffer.
struct Rows<'a, R> {
    reader: Reader<Source<R>>,
    columns: Columns,
    record: ByteRecord,
    /// Number of the row in `record`.
    row: u64,
    accounting: Accounting,
    name: &'a str,
}

impl<'a, R: Read> Rows<'a, R> {
    /// Reads the header.
    fn open(reader: R, name: &'a str) -> Result<Self, TraceError> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .quoting(false)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(MAX_LINE_BYTES)
            .from_reader(Source::new(reader));
        let mut record = ByteRecord::new();
        if !read_record(&mut reader, &mut record, name)? {
            let file = name.to_owned();
            return Err(TraceError::Empty { file });
        }
        let columns = bind_columns(&record, line_of(&reader), name)?;
        let accounting = Accounting::new(ignored_columns(&record));
        Ok(Self {
            reader,
            columns,
            record,
            row: 0,
            accounting,
            name,
        })
    }

    /// Reads the next row; false at the end of the file.
    fn advance(&mut self) -> Result<bool, TraceError> {
        if !read_record(&mut self.reader, &mut self.record, self.name)? {
            return Ok(false);
        }
        self.row = self.accounting.rows_read;
        if self.row == MAX_ROWS {
            return Err(TraceError::TooManyRows {
                file: self.name.to_owned(),
                line: line_of(&self.reader),
                limit: MAX_ROWS,
            });
        }
        self.accounting.rows_read += 1;
        Ok(true)
    }

    /// The row as an event whose time still counts from 1970, or why it is dropped.
    fn event(&self) -> Result<Result<Event, DropReason>, TraceError> {
        if self.record.len() != self.columns.count {
            return Err(TraceError::FieldCount {
                file: self.name.to_owned(),
                line: line_of(&self.reader),
                row: self.row,
                found: self.record.len(),
                expected: self.columns.count,
            });
        }
        let event = Event {
            row: self.row,
            at_ns: self.timestamp(0)?,
            input_tokens: self.tokens(1)?,
            output_tokens: self.tokens(2)?,
        };
        Ok(match event {
            Event {
                input_tokens: 0, ..
            } => Err(DropReason::ZeroInputTokens),
            Event {
                output_tokens: 0, ..
            } => Err(DropReason::ZeroOutputTokens),
            event => Ok(event),
        })
    }

    fn timestamp(&self, column: usize) -> Result<u64, TraceError> {
        parse_unix_ns(self.field(column)?).map_err(|fault| TraceError::Timestamp {
            cell: self.cell(column),
            fault,
        })
    }

    fn tokens(&self, column: usize) -> Result<u32, TraceError> {
        let digits = self.field(column)?;
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            let cell = self.cell(column);
            return Err(TraceError::TokenCount { cell });
        }
        // Saturation is beyond the limit, so it needs no error of its own.
        let value = digits.iter().fold(0_u32, |value, byte| {
            value
                .saturating_mul(10)
                .saturating_add(u32::from(byte - b'0'))
        });
        if value > MAX_TOKENS {
            return Err(TraceError::TooManyTokens {
                cell: self.cell(column),
                limit: MAX_TOKENS,
            });
        }
        Ok(value)
    }

    fn raw(&self, column: usize) -> &[u8] {
        let index = self.columns.indices[column];
        self.record.get(index).unwrap_or_default().trim_ascii()
    }

    fn field(&self, column: usize) -> Result<&[u8], TraceError> {
        let field = self.raw(column);
        if field.len() > MAX_FIELD_BYTES {
            return Err(TraceError::FieldTooLong {
                cell: self.cell(column),
                length: field.len(),
                limit: MAX_FIELD_BYTES,
            });
        }
        Ok(field)
    }

    fn cell(&self, column: usize) -> Cell {
        Cell {
            file: self.name.to_owned(),
            line: line_of(&self.reader),
            row: self.row,
            column: COLUMNS[column],
            text: quote(self.raw(column)),
        }
    }

    /// The account so far, and hash and length of the bytes read.
    fn close(self) -> (Accounting, [u8; 32], u64) {
        let (sha256, bytes) = self.reader.into_inner().finish();
        (self.accounting, sha256, bytes)
    }
}

/// The line of the record just read: [`Source`] ends every line in LF, and the
/// reader stands behind it.
fn line_of<R: Read>(reader: &Reader<Source<R>>) -> u64 {
    reader.position().line().saturating_sub(1)
}

fn read_record<R: Read>(
    reader: &mut Reader<Source<R>>,
    record: &mut ByteRecord,
    name: &str,
) -> Result<bool, TraceError> {
    let error = match reader.read_byte_record(record) {
        Ok(any) => return Ok(any),
        Err(error) => error,
    };
    let file = name.to_owned();
    if let Some(line) = reader.get_ref().overlong_line() {
        let limit = MAX_LINE_BYTES;
        return Err(TraceError::LineTooLong { file, line, limit });
    }
    let source = match error.into_kind() {
        // Unwrapped, so that the kind of the failure is not lost.
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    };
    Err(TraceError::Io { file, source })
}

fn bind_columns(header: &ByteRecord, line: u64, name: &str) -> Result<Columns, TraceError> {
    let mut indices = [0; COLUMNS.len()];
    for (index, column) in indices.iter_mut().zip(COLUMNS) {
        let mut matches = names(header)
            .enumerate()
            .filter(|(_, name)| *name == column.as_bytes())
            .map(|(index, _)| index);
        *index = matches.next().ok_or_else(|| TraceError::MissingColumn {
            file: name.to_owned(),
            line,
            column,
            found: quote(&names(header).collect::<Vec<_>>().join(&b", "[..])),
        })?;
        if matches.next().is_some() {
            let file = name.to_owned();
            return Err(TraceError::DuplicateColumn { file, line, column });
        }
    }
    let count = header.len();
    Ok(Columns { indices, count })
}

fn ignored_columns(header: &ByteRecord) -> Vec<String> {
    let unused = |name: &&[u8]| COLUMNS.iter().all(|column| column.as_bytes() != *name);
    names(header).filter(unused).map(quote).collect()
}

/// The names in a header, without the spaces around them.
fn names(header: &ByteRecord) -> impl Iterator<Item = &[u8]> {
    header.iter().map(<[u8]>::trim_ascii)
}
