//! Every way in which reading a trace can fail, one variant each. A message says
//! what and where, and, after `help:`, what to do next.

use std::fmt;
use std::io;

use thiserror::Error;

/// Longest piece of an offending field that a message repeats, in characters.
const MAX_QUOTED_CHARS: usize = 64;

/// One field of a trace file, as messages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The file's name as the user gave it.
    pub file: String,
    /// Line in the file, from 1.
    pub line: u64,
    /// Data row, from 0: the row's identity in everything compiled from it.
    pub row: u64,
    /// Name of the column.
    pub column: &'static str,
    /// What stands there, cut to a printable length.
    pub text: String,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            row,
            column,
            text,
        } = self;
        write!(f, "{file}:{line}: row {row}, column {column}: \"{text}\"")
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
    /// A point without digits, or more than 9 of them.
    #[error("needs 1 to 9 digits after the point")]
    Fraction,
    /// A suffix other than `Z` or `+00:00`.
    #[error("ends in something other than Z or +00:00; only UTC is read")]
    Zone,
    /// Outside the years that fit 64 bits of nanoseconds.
    #[error("lies outside the years 1970 to 2500")]
    Range,
}

/// Why a trace could not be read.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The file could not be opened or read.
    #[error("{file}: cannot be read: {source}\n  help: {}", io_remedy(source))]
    Io { file: String, source: io::Error },

    /// Not one byte, or only blank lines.
    #[error(
        "{file}: the file is empty\n  help: give a CSV file whose first line is TIMESTAMP,ContextTokens,GeneratedTokens"
    )]
    Empty { file: String },

    /// A header and nothing under it.
    #[error("{file}: a header, but no data rows\n  help: give a trace with at least one request")]
    NoRows { file: String },

    /// Every row was dropped, so there is nothing to replay.
    #[error(
        "{file}: all {rows} rows have zero input or zero output tokens, so nothing is left to replay\n  help: give a trace with at least one request that has both"
    )]
    EveryRowDropped { file: String, rows: u64 },

    /// The header does not name a needed column.
    #[error(
        "{file}:{line}: no column {column}; the header names: {found}\n  help: the first line must name TIMESTAMP, ContextTokens and GeneratedTokens, in any order"
    )]
    MissingColumn {
        file: String,
        line: u64,
        column: &'static str,
        found: String,
    },

    /// The header names a needed column twice.
    #[error(
        "{file}:{line}: the header names column {column} more than once\n  help: keep the one that is meant and rename the other"
    )]
    DuplicateColumn {
        file: String,
        line: u64,
        column: &'static str,
    },

    /// A row with more or fewer fields than the header.
    #[error(
        "{file}:{line}: row {row} has {found} fields, but the header has {expected}\n  help: give every row one field for each column; a cut-off last line is best removed"
    )]
    FieldCount {
        file: String,
        line: u64,
        row: u64,
        found: usize,
        expected: usize,
    },

    /// A timestamp that does not parse.
    #[error(
        "{cell} {fault}\n  help: write it like 2023-11-16 18:17:03.9799600, in UTC, with 0 to 9 digits of fraction"
    )]
    Timestamp { cell: Cell, fault: TimestampFault },

    /// A token count that is not a whole number.
    #[error("{cell} is not a whole number\n  help: write a token count in digits only, like 4808")]
    TokenCount { cell: Cell },

    /// A token count beyond the limit.
    #[error(
        "{cell} is more than the limit of {limit} tokens\n  help: check the column for a shifted or damaged row"
    )]
    TooManyTokens { cell: Cell, limit: u32 },

    /// A field longer than any timestamp or count can be.
    #[error(
        "{cell} is {length} bytes long, more than the limit of {limit}\n  help: check the line for a lost comma or line end"
    )]
    FieldTooLong {
        cell: Cell,
        length: usize,
        limit: usize,
    },

    /// A line longer than any row can be: most likely not a CSV file at all.
    #[error(
        "{file}:{line}: the line is longer than the limit of {limit} bytes\n  help: check that this is an uncompressed CSV file with line ends"
    )]
    LineTooLong {
        file: String,
        line: u64,
        limit: usize,
    },

    /// More rows than the reader keeps in memory.
    #[error(
        "{file}:{line}: more than the limit of {limit} rows\n  help: split the trace into several files"
    )]
    TooManyRows { file: String, line: u64, limit: u64 },
}

impl TraceError {
    /// Whether the user's input is wrong (exit status 2), rather than the world
    /// having failed (exit status 3): everything but I/O, and of I/O the name of
    /// a file that does not exist or is no file.
    pub fn is_users_fault(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::IsADirectory
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::InvalidFilename
            ),
            _ => true,
        }
    }
}

/// The next step after a failed open or read.
fn io_remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "make the file readable for this user",
        io::ErrorKind::IsADirectory => "name the file itself, not the directory it is in",
        _ => "check that the file and its disk are readable, then try again",
    }
}

/// A field as a message may print it: escaped, and cut to [`MAX_QUOTED_CHARS`].
pub(crate) fn quote(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
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
