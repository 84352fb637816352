//! What the formats see of a file: its data rows, one at a time, and the wanted fields of a row,
//! by their place in a list of names. CSV and JSONL are two implementations; the rules for
//! numbers, names and times are the same for both and stand here.

use std::borrow::Cow;

use crate::decimal::whole;
use crate::limits::{MAX_FIELD_BYTES, MAX_NAME_BYTES, MAX_TOKENS};
use crate::place::Cell;
use crate::stored::Fingerprint;
use crate::timestamp::Clock;
use crate::{Event, TraceError};

/// A column or key that a format uses.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub name: String,
    pub required: bool,
}

impl Wanted {
    pub fn required(name: &str) -> Self {
        let name = name.to_owned();
        let required = true;
        Self { name, required }
    }

    pub fn optional(name: &str) -> Self {
        let required = false;
        Self {
            required,
            ..Self::required(name)
        }
    }

    /// The required ones as a sentence lists them.
    pub fn list(wanted: &[Self]) -> String {
        let names: Vec<&str> = wanted
            .iter()
            .filter(|wanted| wanted.required)
            .map(|wanted| wanted.name.as_str())
            .collect();
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }
}

/// The value of a wanted field.
pub enum Value<'a> {
    /// The text of a CSV field without the spaces around it, or that of a JSON string.
    Text(Cow<'a, [u8]>),
    /// The digits of a JSON number.
    Number(&'a [u8]),
    /// JSON `null`, or nothing at all where the field is optional.
    Absent,
    /// JSON of any other type.
    Other,
}

/// The three fields that make an event.
pub struct EventFields {
    pub time: usize,
    pub clock: Clock,
    pub input: usize,
    pub output: usize,
}

/// The data rows of an open file.
pub trait Rows {
    /// Whether numbers are text here, as in CSV.
    const NUMBERS_ARE_TEXT: bool;

    /// Reads the next row; false at the end of the file.
    fn advance(&mut self) -> Result<bool, TraceError>;

    /// Number of the row that was read last.
    fn row(&self) -> u32;

    /// Whether the header (CSV) or any row so far (JSON) names a wanted field.
    fn has(&self, field: usize) -> bool;

    /// A wanted field of this row.
    fn value(&self, field: usize) -> Result<Value<'_>, TraceError>;

    /// A wanted field as messages name it.
    fn cell(&self, field: usize) -> Box<Cell>;

    /// Rows read, unused columns, and hash and length of the file; call it at the end.
    fn close(self) -> Closed;

    /// The digits of a number.
    fn number(&self, field: usize) -> Result<Cow<'_, [u8]>, TraceError> {
        let digits = match self.value(field)? {
            Value::Number(digits) => Cow::Borrowed(digits),
            Value::Text(text) if Self::NUMBERS_ARE_TEXT => text,
            _ => return Err(self.wrong_type(field, "a number")),
        };
        self.check_length(field, digits.len(), MAX_FIELD_BYTES)?;
        Ok(digits)
    }

    /// A time in nanoseconds.
    fn time(&self, field: usize, clock: Clock) -> Result<u64, TraceError> {
        let text = if clock.is_text() {
            let Value::Text(text) = self.value(field)? else {
                return Err(self.wrong_type(field, "text in quotes"));
            };
            self.check_length(field, text.len(), MAX_FIELD_BYTES)?;
            text
        } else {
            self.number(field)?
        };
        clock
            .parse_ns(&text)
            .map_err(|fault| TraceError::Timestamp {
                cell: self.cell(field),
                fault,
            })
    }

    /// A count of at most `limit`; `unit` is the singular of what is counted.
    fn count(&self, field: usize, limit: u32, unit: &'static str) -> Result<u32, TraceError> {
        let Some(count) = whole(&self.number(field)?) else {
            let cell = self.cell(field);
            return Err(TraceError::Count { cell, unit });
        };
        match u32::try_from(count) {
            Ok(count) if count <= limit => Ok(count),
            _ => Err(TraceError::TooMany {
                cell: self.cell(field),
                limit,
                unit,
            }),
        }
    }

    /// A name; empty text and null are none.
    fn label(&self, field: usize) -> Result<Option<Cow<'_, str>>, TraceError> {
        let text = match self.value(field)? {
            Value::Text(text) if text.is_empty() => return Ok(None),
            Value::Text(text) => text,
            Value::Number(digits) => Cow::Borrowed(digits),
            Value::Absent => return Ok(None),
            Value::Other => return Err(self.wrong_type(field, "text or a number")),
        };
        self.check_length(field, text.len(), MAX_NAME_BYTES)?;
        let utf8 = match text {
            Cow::Borrowed(text) => std::str::from_utf8(text).ok().map(Cow::Borrowed),
            Cow::Owned(text) => String::from_utf8(text).ok().map(Cow::Owned),
        };
        let not_utf8 = || TraceError::NotUtf8 {
            cell: self.cell(field),
        };
        utf8.map(Some).ok_or_else(not_utf8)
    }

    /// The row as an event whose time does not yet count from the earliest one.
    fn event(&self, fields: &EventFields) -> Result<Event, TraceError> {
        Ok(Event {
            at_ns: self.time(fields.time, fields.clock)?,
            row: self.row(),
            input_tokens: self.count(fields.input, MAX_TOKENS, "token")?,
            output_tokens: self.count(fields.output, MAX_TOKENS, "token")?,
        })
    }

    fn check_length(&self, field: usize, length: usize, limit: usize) -> Result<(), TraceError> {
        if length <= limit {
            return Ok(());
        }
        Err(TraceError::FieldTooLong {
            cell: self.cell(field),
            length,
            limit,
        })
    }

    fn wrong_type(&self, field: usize, expected: &'static str) -> TraceError {
        TraceError::WrongType {
            cell: self.cell(field),
            expected,
        }
    }
}

/// What is known at the end of a file.
pub struct Closed {
    pub rows_read: u64,
    pub ignored_columns: Vec<String>,
    pub fingerprint: Fingerprint,
}
