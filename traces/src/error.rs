//! Every way in which reading a trace can fail, one variant each. A message says
//! what and where, and, after `help:`, what to do next.

use std::io;

use thiserror::Error;

use crate::place::{Cell, TimestampFault};

/// Why a trace could not be read.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The file could not be opened or read.
    #[error("{file}: cannot be read: {source}\n  help: {}", io_remedy(source))]
    Io { file: String, source: io::Error },

    /// The file begins like gzip and does not go on like it.
    #[error(
        "{file}: the gzip data is cut off or damaged: {message}\n  help: download the file again, and test it with gzip -t"
    )]
    Gzip { file: String, message: String },

    /// Two UTF-8 byte order marks, the second of which would be data.
    #[error(
        "{file}:1: the file begins with two byte order marks\n  help: save it again as UTF-8 with at most one"
    )]
    TwoByteOrderMarks { file: String },

    /// Not one byte, or only blank lines.
    #[error("{file}: the file is empty\n  help: give {expected}")]
    Empty { file: String, expected: String },

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
        "{file}:{line}: no column {column}; the header names: {found}\n  help: the first line must name {needed}, in any order"
    )]
    MissingColumn {
        file: String,
        line: u64,
        column: String,
        found: String,
        needed: String,
    },

    /// The header names a needed column twice.
    #[error(
        "{file}:{line}: the header names column {column} more than once\n  help: keep the one that is meant and rename the other"
    )]
    DuplicateColumn {
        file: String,
        line: u64,
        column: String,
    },

    /// A row with more or fewer fields than the header.
    #[error(
        "{file}:{line}: row {row} has {found} fields, but the header has {expected}\n  help: give every row one field for each column; a cut-off last line is best removed"
    )]
    FieldCount {
        file: String,
        line: u64,
        row: u32,
        found: usize,
        expected: usize,
    },

    /// A line that is not one JSON object.
    #[error(
        "{file}:{line}: row {row} is not a JSON object: {message}\n  help: write one JSON object a line; NaN and Infinity are not JSON"
    )]
    Json {
        file: String,
        line: u64,
        row: u32,
        message: String,
    },

    /// A needed key is not in the object.
    #[error("{file}:{line}: row {row} has no field {key}\n  help: every row must have {needed}")]
    MissingKey {
        file: String,
        line: u64,
        row: u32,
        key: String,
        needed: String,
    },

    /// A key that is used stands twice in one object.
    #[error(
        "{file}:{line}: row {row} has field {key} more than once\n  help: keep the one that is meant"
    )]
    DuplicateKey {
        file: String,
        line: u64,
        row: u32,
        key: String,
    },

    /// A JSON value of another type than the format has.
    #[error("{cell} is not {expected}\n  help: write {expected}, as the format has it")]
    WrongType {
        cell: Box<Cell>,
        expected: &'static str,
    },

    /// A timestamp that does not parse.
    #[error("{cell} {fault}\n  help: {}", fault.remedy())]
    Timestamp {
        cell: Box<Cell>,
        fault: TimestampFault,
    },

    /// A count that is not a whole number.
    #[error("{cell} is not a whole number\n  help: write a {unit} count in digits only, like 4808")]
    Count { cell: Box<Cell>, unit: &'static str },

    /// A count beyond the limit.
    #[error(
        "{cell} is more than the limit of {limit} {unit}s\n  help: check the column for a shifted or damaged row"
    )]
    TooMany {
        cell: Box<Cell>,
        limit: u32,
        unit: &'static str,
    },

    /// A field longer than any timestamp, count or name can be.
    #[error(
        "{cell} is {length} bytes long, more than the limit of {limit}\n  help: check the line for a lost comma or line end"
    )]
    FieldTooLong {
        cell: Box<Cell>,
        length: usize,
        limit: usize,
    },

    /// A name that is not UTF-8.
    #[error("{cell} is not UTF-8\n  help: save the file as UTF-8")]
    NotUtf8 { cell: Box<Cell> },

    /// More different names than a column of models or kinds has.
    #[error(
        "{cell} is one more than the limit of {limit} different names\n  help: check that the column holds what its name says"
    )]
    TooManyNames { cell: Box<Cell>, limit: usize },

    /// A line longer than any row can be: most likely another kind of file.
    #[error(
        "{file}:{line}: the line is longer than the limit of {limit} bytes\n  help: check that this is a CSV or JSONL file with line ends, and no quote is left open"
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
    TooManyRows { file: String, line: u64, limit: u32 },

    /// Block ids that are not 64-bit numbers.
    #[error(
        "{cell} is not a list of block ids: {message}\n  help: write whole numbers from 0 to 18446744073709551615 in brackets"
    )]
    BlockIds { cell: Box<Cell>, message: String },

    /// The number of block ids does not fit the length of the prompt.
    #[error(
        "{file}:{line}: row {row}, field hash_ids: {found} blocks of {block_tokens} tokens cannot hold {input_tokens} input tokens, which are {expected} such blocks\n  help: {}",
        block_remedy(*.input_tokens, *.found)
    )]
    BlockCount {
        file: String,
        line: u64,
        row: u32,
        input_tokens: u32,
        block_tokens: u32,
        found: u64,
        expected: u64,
    },

    /// Two rows with one chat id.
    #[error(
        "{cell} is the id of row {first_row} too\n  help: give each chat its own id; were two files put together?"
    )]
    DuplicateChat { cell: Box<Cell>, first_row: u32 },

    /// An id that is not a number from 0, or for a parent -1.
    #[error("{cell} is not a chat id\n  help: write a whole number from 0; -1 for no parent")]
    ChatId { cell: Box<Cell> },

    /// What the caller says of the format cannot be.
    #[error("{what}\n  help: {help}")]
    Format { what: String, help: String },

    /// What is wrong with a ServeGen directory as a whole.
    #[error("{directory}: {what}\n  help: {help}")]
    Chunks {
        directory: String,
        what: String,
        help: &'static str,
    },

    /// What is wrong with one window of a `chunk-<i>-trace.csv`.
    #[error("{file}:{line}: window row {row}: {what}\n  help: {help}")]
    Window {
        file: String,
        line: u64,
        row: u32,
        what: String,
        help: &'static str,
    },

    /// What is wrong with a `chunk-<i>-dataset.json`.
    #[error("{file}: {what}\n  help: {help}")]
    Dataset {
        file: String,
        what: String,
        help: &'static str,
    },
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
        io::ErrorKind::NotADirectory => "name the directory with the files, not one of them",
        _ => "check that the file and its disk are readable, then try again",
    }
}

/// Which block size `found` blocks of a prompt would have, if one does: `b` such that
/// `found = ceil(input / b)`.
fn block_remedy(input_tokens: u32, found: u64) -> String {
    let input = u64::from(input_tokens);
    let smallest = input.div_ceil(found.max(1)).max(1);
    // With one block fewer not everything fits: (found - 1) * b < input.
    let largest = match found.saturating_sub(1) {
        0 => u64::from(u32::MAX),
        full => input.saturating_sub(1) / full,
    };
    if found == 0 || input == 0 || smallest > largest {
        return "no block size fits; check the row".to_owned();
    }
    let usual = smallest.next_power_of_two();
    let fitting = if usual <= largest { usual } else { smallest };
    format!(
        "this row fits a block size of {fitting} tokens; give the one that the trace was made with"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_names_a_block_size_that_fits_and_none_where_none_does() {
        assert!(block_remedy(6758, 14).contains(" 512 tokens"));
        assert!(block_remedy(521, 33).contains(" 16 tokens"));
        assert!(block_remedy(5, 1).contains(" 8 tokens"));
        // ceil(100 / b) = 10 for b = 10 and 11: no power of two among them.
        assert!(block_remedy(100, 10).contains(" 10 tokens"));
        // ceil(10 / 1) = 10, ceil(10 / 2) = 5: never 7.
        for (input, found) in [(10, 7), (10, 11), (10, 0), (0, 3)] {
            assert!(block_remedy(input, found).starts_with("no block size"));
        }
        for input in 1..200_u32 {
            for found in 1..=u64::from(input) {
                let fits = |block: &u64| u64::from(input).div_ceil(*block) == found;
                let any = (1..=256).any(|block| fits(&block));
                let remedy = block_remedy(input, found);
                let named = remedy.split(' ').find_map(|word| word.parse::<u64>().ok());
                assert_eq!(named.is_some(), any, "{input} {found}");
                assert!(named.is_none_or(|block| fits(&block)), "{input} {found}");
            }
        }
    }
}
