//! Exit statuses and the error that carries one. The numbers are a contract with scripts.

use std::fmt;

/// Done, and true.
pub const DONE: u8 = 0;
/// The thing checked is false.
pub const CHECK_FAILED: u8 = 1;
/// The user's input is wrong: usage, spec, trace, file format.
pub const WRONG_INPUT: u8 = 2;
/// The world failed: I/O.
pub const WORLD_FAILED: u8 = 3;
/// Stopped by the user.
pub const INTERRUPTED: u8 = 130;

/// A message for the user and the status to leave with.
#[derive(Debug)]
pub struct Failure {
    /// Exit status.
    pub status: u8,
    /// What went wrong, where, and what to do next.
    pub message: String,
}

impl Failure {
    /// With a status.
    pub fn new(status: u8, message: impl fmt::Display) -> Self {
        Failure {
            status,
            message: message.to_string(),
        }
    }
}
