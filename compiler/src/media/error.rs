//! Why an image or an audio clip cannot be sent; each message says what, where, and after `help:`
//! what to do next.

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// What is wrong with media.
#[derive(Debug, Error)]
pub enum MediaError {
    /// The file, or the folder, cannot be read.
    #[error(
        "{}: cannot be read: {source}\n  help: name something that exists and that this user may read", path.display()
    )]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The source of images is a file.
    #[error("{}: not a folder\n  help: name the folder that the images are in", path.display())]
    NotAFolder {
        /// Which one.
        path: PathBuf,
    },
    /// A folder without images.
    #[error(
        "{}: the folder is empty\n  help: put PNG, JPEG or WebP images into it, or write `source: noise`", path.display()
    )]
    EmptyFolder {
        /// Which one.
        path: PathBuf,
    },
    /// A folder, pipe or device.
    #[error("{}: not a regular file\n  help: {remedy}", path.display())]
    NotAFile {
        /// Which one.
        path: PathBuf,
        /// What to do.
        remedy: &'static str,
    },
    /// Not one byte.
    #[error("{}: the file is empty\n  help: replace or remove it", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// Larger than any request may be.
    #[error(
        "{}: larger than the limit of {limit} bytes\n  help: make it smaller, as a client would before it sends it", path.display()
    )]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// [`MAX_FILE_BYTES`](super::file::MAX_FILE_BYTES).
        limit: u64,
    },
    /// The first bytes are those of something else.
    #[error("{}: does not begin like {kind} file: {known}\n  help: convert it, or remove it", path.display())]
    Unknown {
        /// Which file.
        path: PathBuf,
        /// `an image` or `an audio`.
        kind: &'static str,
        /// The formats that are read.
        known: &'static str,
    },
    /// It begins like an image and does not go on like one.
    #[error(
        "{}: cannot be decoded: {reason}\n  help: replace it with an image that a viewer opens, or remove it", path.display()
    )]
    Undecodable {
        /// Which file.
        path: PathBuf,
        /// What the library said.
        reason: String,
    },
    /// An address that nobody can fetch.
    #[error(
        "\"{shown}\" is no address of {kind} file\n  help: write http:// or https://, a host and a path, without blanks"
    )]
    Url {
        /// Its beginning.
        shown: String,
        /// `an image` or `an audio`.
        kind: &'static str,
    },
    /// Data in place, wrongly written.
    #[error("\"{shown}\": {what}\n  help: {remedy}")]
    Inline {
        /// Its beginning.
        shown: String,
        /// What is wrong with it.
        what: String,
        /// What to write.
        remedy: &'static str,
    },
    /// More than a workload should hold.
    #[error(
        "the pool of {pool} {kind} is larger than the limit of {limit} bytes as Base64: {fit} of them fit\n  help: lower `pool` to {fit}, or make them smaller"
    )]
    PoolTooLarge {
        /// Items asked for.
        pool: u32,
        /// `images` or `clips`.
        kind: &'static str,
        /// Items that are no more than the limit together.
        fit: u32,
        /// [`MAX_POOL_BYTES`](super::MAX_POOL_BYTES).
        limit: u64,
    },
}

impl MediaError {
    /// Whether another spec or file is the remedy, not another try or another disk.
    pub fn is_users_fault(&self) -> bool {
        match self {
            Self::Read { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::InvalidFilename
            ),
            _ => true,
        }
    }
}
