//! What an examination found, fault by fault, and the directory that it looks at.

use crate::exit::Failure;
use schemas::frames::RecordsError;
use serde::Serialize;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// The place of a fault that is of no part of its file.
pub const WHOLE_FILE: &str = "whole file";

/// Something that is not as it claims to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// File name within the directory that was examined.
    pub file: String,
    /// Where in the file: a frame, a request, a key, an offset in bytes.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

/// The directory of one run, or a sweep's own, and what was found in it.
#[derive(Debug)]
pub struct Examined<'f> {
    directory: PathBuf,
    /// In front of file names: empty, or of a load of a sweep its name and `/`.
    prefix: String,
    faults: &'f mut Vec<Fault>,
}

impl<'f> Examined<'f> {
    /// The directory itself.
    pub fn whole(directory: &Path, faults: &'f mut Vec<Fault>) -> Self {
        Examined {
            directory: directory.to_owned(),
            prefix: String::new(),
            faults,
        }
    }

    /// One load of a sweep.
    pub fn load(sweep: &Path, name: &str, faults: &'f mut Vec<Fault>) -> Self {
        Examined {
            directory: sweep.join(name),
            prefix: format!("{name}/"),
            faults,
        }
    }

    /// Where it lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where one of its files lies.
    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    /// What one of its files is called in faults and notes.
    pub fn name(&self, file: &str) -> String {
        format!("{}{file}", self.prefix)
    }

    /// Enters a fault.
    pub fn fault(&mut self, file: &str, place: impl Display, what: impl Display) {
        self.faults.push(Fault {
            file: self.name(file),
            place: place.to_string(),
            what: what.to_string(),
        });
    }

    /// Enters what is wrong with the records. Fails where they are of a version that this program
    /// does not know, and so cannot judge.
    pub fn records_fault(&mut self, file: &str, error: RecordsError) -> Result<(), Failure> {
        let (place, what) = match error {
            RecordsError::Io { source, .. } => (WHOLE_FILE.to_owned(), unreadable(&source)),
            RecordsError::Header { offset: 8, .. } => return Err(Failure::wrong_input(error)),
            RecordsError::Header { offset, what, .. } => {
                (format!("HEADER at offset {offset}"), what)
            }
            RecordsError::Frame {
                frame,
                offset,
                what,
                ..
            } => (format!("FRAME {frame} at offset {offset}"), what),
        };
        self.fault(file, place, what);
        Ok(())
    }
}

/// Says that a file cannot be read, and why.
pub fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "not there".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// Requests to which the same happened: how many, and the first of them.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    first: Vec<u64>,
    count: u64,
}

impl Listed {
    /// Most that are named.
    const NAMED: usize = 10;

    /// Enters a request.
    pub fn add(&mut self, index: u64) {
        if self.first.len() < Self::NAMED {
            self.first.push(index);
        }
        self.count += 1;
    }

    /// Enters requests `from` to before `to`.
    pub fn add_all(&mut self, from: u64, to: u64) {
        let left = Self::NAMED - self.first.len();
        self.first.extend((from..to).take(left));
        self.count += to.saturating_sub(from);
    }

    /// The first; `None` if there are none.
    pub fn first(&self) -> Option<u64> {
        self.first.first().copied()
    }
}

impl Display for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named: Vec<String> = self.first.iter().map(u64::to_string).collect();
        let more = self.count - self.first.len() as u64;
        match more {
            0 => write!(f, "{}", named.join(", ")),
            _ => write!(f, "{} and {more} more", named.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_requests_are_named_and_the_others_counted() {
        let mut listed = Listed::default();
        assert_eq!(listed.first(), None);
        listed.add(3);
        assert_eq!(listed.to_string(), "3");
        listed.add_all(7, u64::MAX);
        assert_eq!(listed.first(), Some(3));
        let more = u64::MAX - 16;
        assert_eq!(
            listed.to_string(),
            format!("3, 7, 8, 9, 10, 11, 12, 13, 14, 15 and {more} more")
        );
    }
}
