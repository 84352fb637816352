//! CSV files with a header: the wanted columns are found by name, in any order, and everything
//! else is named as ignored.
//!
//! Refuses a row with more or fewer fields than the header; outside of the generic table also
//! quotes, which no published trace has.

use std::borrow::Cow;
use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use crate::TraceError;
use crate::limits::{MAX_CSV_LINE_BYTES, MAX_ROWS};
use crate::place::{Cell, CellKind, quote};
use crate::rows::{Closed, Rows, Value, Wanted};
use crate::source::Source;

/// What a quote means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// A character like any other.
    Literal,
    /// RFC 4180: around a field with commas, line ends or quotes in it.
    Enclose,
}

/// The data rows of an open CSV file, read one at a time into one buffer.
pub struct CsvRows<R> {
    reader: Reader<Source<R>>,
    wanted: Vec<Wanted>,
    /// Where each wanted column stands.
    indices: Vec<Option<usize>>,
    columns: usize,
    record: ByteRecord,
    /// Line on which the record begins.
    line: u64,
    rows_read: u32,
    ignored_columns: Vec<String>,
    name: String,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header.
    pub fn open(
        reader: R,
        name: &str,
        wanted: Vec<Wanted>,
        quotes: Quotes,
    ) -> Result<Self, TraceError> {
        let source = Source::open(reader, name, MAX_CSV_LINE_BYTES)?;
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .quoting(quotes == Quotes::Enclose)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(MAX_CSV_LINE_BYTES)
            .from_reader(source);
        let mut rows = Self {
            reader,
            wanted,
            indices: Vec::new(),
            columns: 0,
            record: ByteRecord::new(),
            line: 0,
            rows_read: 0,
            ignored_columns: Vec::new(),
            name: name.to_owned(),
        };
        rows.read_header()?;
        Ok(rows)
    }

    fn read_header(&mut self) -> Result<(), TraceError> {
        if !self.read_record()? {
            let list = Wanted::list(&self.wanted);
            return Err(TraceError::Empty {
                file: self.name.clone(),
                expected: format!("a CSV file whose first line names {list}"),
            });
        }
        let wanted = self.wanted.iter();
        self.indices = wanted
            .map(|wanted| self.bind(wanted))
            .collect::<Result<_, _>>()?;
        self.columns = self.record.len();
        let unused = |name: &&[u8]| self.wanted.iter().all(|w| w.name.as_bytes() != *name);
        self.ignored_columns = self.header().filter(unused).map(quote).collect();
        Ok(())
    }

    fn bind(&self, wanted: &Wanted) -> Result<Option<usize>, TraceError> {
        let mut matches = self
            .header()
            .enumerate()
            .filter(|(_, name)| *name == wanted.name.as_bytes())
            .map(|(index, _)| index);
        let index = matches.next();
        if matches.next().is_some() {
            return Err(TraceError::DuplicateColumn {
                file: self.name.clone(),
                line: self.line,
                column: wanted.name.clone(),
            });
        }
        if index.is_none() && wanted.required {
            return Err(TraceError::MissingColumn {
                file: self.name.clone(),
                line: self.line,
                column: wanted.name.clone(),
                found: quote(&self.header().collect::<Vec<_>>().join(&b", "[..])),
                needed: Wanted::list(&self.wanted),
            });
        }
        Ok(index)
    }

    /// The names in the header, without the spaces around them.
    fn header(&self) -> impl Iterator<Item = &[u8]> {
        self.record.iter().map(<[u8]>::trim_ascii)
    }

    fn read_record(&mut self) -> Result<bool, TraceError> {
        let begins_at = self.reader.position().line();
        self.reader.get_mut().begin_record();
        let error = match self.reader.read_byte_record(&mut self.record) {
            Ok(any) => {
                // `Source` ends every line in LF and the reader stands behind it; a record in
                // quotes that has line ends itself is named by its last line.
                self.line = self.reader.position().line().saturating_sub(1);
                return Ok(any);
            }
            Err(error) => error,
        };
        let source = match error.into_kind() {
            // Unwrapped, so that the kind of the failure is not lost.
            csv::ErrorKind::Io(source) => source,
            other => io::Error::other(format!("{other:?}")),
        };
        Err(self.reader.get_ref().error(source, begins_at))
    }

    fn field(&self, field: usize) -> Option<&[u8]> {
        let index = self.indices[field]?;
        Some(self.record.get(index).unwrap_or_default().trim_ascii())
    }
}

impl<R: Read> Rows for CsvRows<R> {
    const NUMBERS_ARE_TEXT: bool = true;

    fn advance(&mut self) -> Result<bool, TraceError> {
        if !self.read_record()? {
            return Ok(false);
        }
        if self.rows_read == MAX_ROWS {
            return Err(TraceError::TooManyRows {
                file: self.name.clone(),
                line: self.line,
                limit: MAX_ROWS,
            });
        }
        self.rows_read += 1;
        if self.record.len() != self.columns {
            return Err(TraceError::FieldCount {
                file: self.name.clone(),
                line: self.line,
                row: self.row(),
                found: self.record.len(),
                expected: self.columns,
            });
        }
        Ok(true)
    }

    fn row(&self) -> u32 {
        self.rows_read.saturating_sub(1)
    }

    fn has(&self, field: usize) -> bool {
        self.indices[field].is_some()
    }

    fn value(&self, field: usize) -> Result<Value<'_>, TraceError> {
        Ok(match self.field(field) {
            Some(text) => Value::Text(Cow::Borrowed(text)),
            None => Value::Absent,
        })
    }

    fn cell(&self, field: usize) -> Box<Cell> {
        Box::new(Cell {
            file: self.name.clone(),
            line: self.line,
            row: self.row(),
            kind: CellKind::Column,
            name: self.wanted[field].name.clone(),
            text: quote(self.field(field).unwrap_or_default()),
        })
    }

    fn close(self) -> Closed {
        Closed {
            rows_read: self.rows_read.into(),
            ignored_columns: self.ignored_columns,
            fingerprint: self.reader.into_inner().finish(),
        }
    }
}
