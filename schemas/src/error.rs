//! One named error for each way in which a file can be malformed or cannot be written.

use crate::layout::{MAGIC, Section, SectionEntry, Trailer};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use thiserror::Error;

/// What is wrong with a workload file. Offsets count from the start of the file.
#[derive(Debug, Error)]
pub enum FormatError {
    /// Opening, reading or mapping failed.
    #[error("cannot read {path}: {source}")]
    Io { path: PathBuf, source: io::Error },

    /// Too short to hold a header and a trailer.
    #[error(
        "the file has {bytes} bytes, fewer than the {least} that the smallest workload has: it is truncated or not a workload; copy it again or compile it anew"
    )]
    TooShort { bytes: u64, least: u64 },

    /// The first eight bytes are others.
    #[error(
        "HEADER at offset 0: not a workload file (the magic bytes differ); compile one with `wlc compile`"
    )]
    NotAWorkload,

    /// Written by a program with an earlier major version.
    #[error(
        "HEADER at offset 8: format version {major}.{minor} is too old for this program, which reads {reads}; use the program of that version"
    )]
    TooOld {
        major: u16,
        minor: u16,
        reads: &'static str,
    },

    /// Written by a later program.
    #[error(
        "HEADER at offset 8: format version {major}.{minor} is too new for this program, which reads {reads}; use a later program"
    )]
    TooNew {
        major: u16,
        minor: u16,
        reads: &'static str,
    },

    /// The last eight bytes are others: the writer or a copy was cut off.
    #[error(
        "TRAILER at offset {offset}: the end mark is missing: the file is truncated; copy it again or compile it anew"
    )]
    NoEndMark { offset: u64 },

    /// The trailer says another length.
    #[error(
        "TRAILER at offset {offset}: the trailer says {said} bytes, the file has {actual}: bytes were lost or added; copy it again"
    )]
    Length { offset: u64, said: u64, actual: u64 },

    /// Header, section table or trailer were altered.
    #[error(
        "FOOTER at offset {offset}: header, section table or trailer were altered (footer_hash differs); copy the file again"
    )]
    FooterHash { offset: u64 },

    /// The section table breaks a rule.
    #[error("SECTION TABLE at offset {offset}: {what}")]
    Table { offset: u64, end: u64, what: String },

    /// A field of the header or trailer that must be zero is not.
    #[error("{part} at offset {offset}: a field that must be zero is not: the file was altered")]
    NotZero { part: &'static str, offset: u64 },

    /// Bytes between two sections are not zero.
    #[error("PADDING at offset {offset}: not zero: the file was altered")]
    Padding { offset: u64 },

    /// A section's bytes are not those that were written. Offset and end are the section's, or those
    /// of the part that `found` says to be altered.
    #[error("{} at offset {offset} to {end}: altered{found} (SHA-256 is {actual}, the section table says {said}); copy the file again", section.name())]
    SectionHash {
        section: Section,
        offset: u64,
        end: u64,
        found: String,
        said: String,
        actual: String,
    },

    /// A record breaks a rule of the format.
    #[error("{} record {record} at offset {offset}: {what}", section.name())]
    Record {
        section: Section,
        record: u64,
        offset: u64,
        what: String,
    },

    /// The stored leaf is not the hash of its request.
    #[error(
        "LEAVES record {request} at offset {offset}: request {request} does not hash to its leaf: the request, its strings, its body or the leaf were altered"
    )]
    Leaf { request: u64, offset: u64 },

    /// The trailer's root is not the root of the leaves.
    #[error(
        "TRAILER at offset {offset}: content_hash is {said}, the stage table and the requests give {actual}"
    )]
    ContentHash {
        offset: u64,
        said: String,
        actual: String,
    },

    /// The manifest is not canonical JSON of the known shape.
    #[error("MANIFEST at offset {offset}: {what}")]
    Manifest { offset: u64, end: u64, what: String },
}

impl FormatError {
    /// The part of the file that is wrong, by its name in messages, and its bytes, counted from the
    /// start of the file; `None` where the file could not be read.
    pub fn place(&self) -> Option<(&'static str, Range<u64>)> {
        let trailer = size_of::<Trailer>() as u64;
        let of = |name, offset: &u64, bytes| Some((name, *offset..offset.saturating_add(bytes)));
        match self {
            FormatError::Io { .. } => None,
            FormatError::TooShort { bytes, .. } => Some(("FILE", 0..*bytes)),
            FormatError::NotAWorkload => Some(("HEADER", 0..MAGIC.len() as u64)),
            FormatError::TooOld { .. } | FormatError::TooNew { .. } => Some(("HEADER", 8..12)),
            FormatError::NoEndMark { offset } | FormatError::Length { offset, .. } => {
                of("TRAILER", offset, trailer)
            }
            FormatError::ContentHash { offset, .. } => of("TRAILER", offset, 32),
            // The header has been checked whole: what is altered is table or trailer.
            FormatError::FooterHash { offset } => {
                let table = Section::ALL.len() * size_of::<SectionEntry>();
                of("FOOTER", offset, table as u64 + trailer)
            }
            FormatError::Table { offset, end, .. } => Some(("SECTION TABLE", *offset..*end)),
            FormatError::NotZero { part, offset } => of(part, offset, 4),
            FormatError::Padding { offset } => of("PADDING", offset, 1),
            FormatError::SectionHash {
                section,
                offset,
                end,
                ..
            } => Some((section.name(), *offset..*end)),
            FormatError::Record {
                section, offset, ..
            } => of(section.name(), offset, section.stride().into()),
            FormatError::Leaf { offset, .. } => of("LEAVES", offset, 32),
            FormatError::Manifest { offset, end, .. } => Some(("MANIFEST", *offset..*end)),
        }
    }

    /// True for a whole workload file that is not what it claims to be; false for a file that
    /// cannot be read as one at all.
    pub fn is_false_claim(&self) -> bool {
        !matches!(
            self,
            FormatError::Io { .. }
                | FormatError::TooShort { .. }
                | FormatError::NotAWorkload
                | FormatError::TooOld { .. }
                | FormatError::TooNew { .. }
                | FormatError::NoEndMark { .. }
                | FormatError::Length { .. }
        )
    }

    /// True when the system failed, not the file (exit 3 instead of 2). A file that is not there,
    /// a directory or a device is the user's to mend.
    pub fn is_system_failure(&self) -> bool {
        use io::ErrorKind::{InvalidInput, IsADirectory, NotFound};
        matches!(self, FormatError::Io { source, .. } if !matches!(source.kind(), NotFound | IsADirectory | InvalidInput))
    }
}

/// Why a workload file could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Creating, writing, syncing or renaming failed.
    #[error("cannot write {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    /// A limit of the format was exceeded.
    #[error("{what} exceeds the format's limit of {limit}")]
    Limit { what: &'static str, limit: u64 },
}
