//! The on-disk truth of `wlc` and `replay`: the workload file, the records file and their
//! hashes. Specified byte by byte in `WORKLOAD.md` and `RESULTS.md` beside this crate.
//!
//! Refuses on purpose: random numbers, async, HTTP, YAML, tokenizers. What stands on one side
//! of a file knows nothing of the other side; this crate is the wall between them.

pub mod audit;
pub mod body;
pub mod documents;
pub mod error;
pub mod frames;
pub mod hints;
pub mod kinds;
pub mod layout;
pub mod leaf;
pub mod manifest;
pub mod merkle;
mod narrow;
pub mod reader;
pub mod record_file;
pub mod records;
pub mod regular_file;
pub mod rules;
pub mod salt;
pub mod tables;
pub mod temporary;
pub mod token_times;
pub mod verify;
pub mod writer;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// Lower-case hexadecimal, as `sha256sum` prints it.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
