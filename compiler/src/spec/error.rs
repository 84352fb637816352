//! The one error of the spec parser: where, what, and what to do next.

use std::fmt;

use thiserror::Error;

/// A message longer than this loses its middle: it repeats a very long value.
const MAX_MESSAGE_CHARS: usize = 480;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The spec's text; line and column count from 1, columns in characters.
    Text { line: u64, column: u64 },
    /// The path of an override on the command line; its value may be a secret. `None` where it
    /// cannot be told from the value.
    Set(Option<String>),
    /// No place is to blame, such as for an empty file.
    Nowhere,
}

/// Why a spec cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct SpecError {
    /// The spec's name as the user gave it.
    pub file: String,
    /// Line in the file, from 1; none for `--set` and for the file as a whole.
    pub line: Option<u64>,
    /// Column in the line, from 1, in characters.
    pub column: Option<u64>,
    /// What is wrong.
    pub what: String,
    /// What to do next.
    pub remedy: String,
}

impl SpecError {
    pub(super) fn new(
        file: &str,
        place: &Place,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let what = what.into();
        let (line, column, what) = match place {
            Place::Text { line, column } => (Some(*line), Some(*column), what),
            Place::Set(path) => {
                let path = path.as_deref().unwrap_or("…");
                (None, None, format!("--set {path}: {what}"))
            }
            Place::Nowhere => (None, None, what),
        };
        Self {
            file: file.to_owned(),
            line,
            column,
            what: one_line(&what),
            remedy: one_line(&remedy.into()),
        }
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, "{number}:")?;
        }
        write!(f, " {}\n  help: {}", self.what, self.remedy)
    }
}

/// A message fit for a terminal, whatever the spec has in it.
fn one_line(message: &str) -> String {
    let escape = |c: char| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    let length = message.chars().count();
    if length <= MAX_MESSAGE_CHARS {
        return message.chars().map(escape).collect();
    }
    let half = MAX_MESSAGE_CHARS / 2;
    let head: String = message.chars().take(half).map(escape).collect();
    let tail: String = message.chars().skip(length - half).map(escape).collect();
    format!("{head} … {tail}")
}
