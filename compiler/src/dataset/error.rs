//! Why a data set cannot be used: where, what, and what to do next.

use crate::text::tokenizer::TokenizerError;
use std::io;
use thiserror::Error;
use traces::TraceError;

/// Why a data set cannot be used.
#[derive(Debug, Error)]
pub enum DataError {
    /// It cannot be had, its gzip data are damaged, or a line has no end.
    #[error(transparent)]
    Source(Box<TraceError>),
    /// One value, or the text at one place, is wrong.
    #[error("{0}")]
    Row(Box<RowError>),
    /// The file as a whole is wrong.
    #[error("{file}: {what}\n  help: {remedy}")]
    File {
        file: String,
        what: String,
        remedy: String,
    },
    /// A text has no tokens.
    #[error("{file}: a text cannot be counted: {error}")]
    Count {
        file: String,
        error: Box<TokenizerError>,
    },
}

/// What is wrong at one place of a file; line and column count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}:{column}: {what}\n  help: {remedy}")]
pub struct RowError {
    pub file: String,
    pub line: u64,
    pub column: u64,
    pub what: String,
    pub remedy: String,
}

impl DataError {
    /// An error about the file as a whole.
    pub fn file(file: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::File {
            file: file.to_owned(),
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// An error of the operating system.
    pub fn io(file: &str, source: io::Error) -> Self {
        let file = file.to_owned();
        Self::Source(Box::new(TraceError::Io { file, source }))
    }

    /// Whether the user's input is wrong (exit status 2), rather than the world having failed.
    pub fn is_users_fault(&self) -> bool {
        match self {
            Self::Source(error) => error.is_users_fault(),
            Self::Count { error, .. } => error.is_users_fault(),
            Self::Row(_) | Self::File { .. } => true,
        }
    }
}

impl From<TraceError> for DataError {
    fn from(error: TraceError) -> Self {
        Self::Source(Box::new(error))
    }
}
