//! How messages name what is wrong: the cell of a trace, and the fault of a timestamp in it.

use std::fmt;

use thiserror::Error;

use crate::decimal::DecimalFault;

/// Longest piece of an offending field that a message repeats, in characters.
const MAX_QUOTED_CHARS: usize = 64;

/// What a format calls the parts of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// CSV.
    Column,
    /// JSON.
    Field,
}

/// One cell of a trace file, as messages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The file's name as the user gave it.
    pub file: String,
    /// Line in the file, from 1.
    pub line: u64,
    /// Data row, from 0: the row's identity in everything compiled from it.
    pub row: u32,
    /// Whether `name` is a column or a field.
    pub kind: CellKind,
    /// Name of the column or field.
    pub name: String,
    /// What stands there, cut to a printable length.
    pub text: String,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            row,
            kind,
            name,
            text,
        } = self;
        let kind = match kind {
            CellKind::Column => "column",
            CellKind::Field => "field",
        };
        write!(f, "{file}:{line}: row {row}, {kind} {name}: \"{text}\"")
    }
}

/// What is wrong with a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimestampFault {
    /// Not of the form `YYYY-MM-DD HH:MM:SS`.
    #[error("is not of the form YYYY-MM-DD HH:MM:SS[.fraction]")]
    Shape,
    /// Digits in the right places, but no such day or time of day.
    #[error("names a day or a time of day that does not exist")]
    Calendar,
    /// A point without digits, or more than 9 of them that say something.
    #[error("needs 1 to 9 digits after the point")]
    Fraction,
    /// A suffix other than `Z` or `+00:00`.
    #[error("ends in something other than Z or +00:00; only UTC is read")]
    Zone,
    /// Outside the years that fit 64 bits of nanoseconds.
    #[error("lies outside the years 1970 to 2500")]
    Range,
    /// Not a decimal number, where the time is one.
    #[error("is not a decimal number")]
    Number,
    /// A fraction, where the format has none.
    #[error("is not a whole number")]
    Whole,
    /// Before the beginning of time.
    #[error("is negative")]
    Negative,
    /// Digits below a nanosecond.
    #[error("has digits below a nanosecond")]
    TooFine,
    /// More nanoseconds than 64 bits hold.
    #[error("is more than 18446744073 seconds")]
    TooLate,
}

impl TimestampFault {
    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Shape | Self::Calendar | Self::Fraction | Self::Zone | Self::Range => {
                "write it like 2023-11-16 18:17:03.9799600, in UTC, with 0 to 9 digits of fraction"
            }
            Self::Number => "write it in digits, like 61.114",
            Self::Whole => "write it in digits only, like 27482, in the unit of the format",
            Self::Negative => "shift all times so that the first is 0 or later",
            Self::TooFine => "check the time unit, or round the times to nanoseconds",
            Self::TooLate => "check the time unit",
        }
    }
}

impl From<DecimalFault> for TimestampFault {
    fn from(fault: DecimalFault) -> Self {
        match fault {
            DecimalFault::Shape => Self::Number,
            DecimalFault::Negative => Self::Negative,
            DecimalFault::TooFine => Self::TooFine,
            DecimalFault::Range => Self::TooLate,
        }
    }
}

/// A field as a message may print it: escaped, and cut to 64 characters.
pub fn quote(field: &[u8]) -> String {
    // Four bytes a character at most: enough to know whether there is more.
    let head = &field[..field.len().min(4 * (MAX_QUOTED_CHARS + 1))];
    let text = String::from_utf8_lossy(head);
    let mut quoted: String = text
        .chars()
        .take(MAX_QUOTED_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MAX_QUOTED_CHARS).is_some() {
        quoted.push('…');
    }
    quoted
}
