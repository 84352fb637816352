//! The verbs: they call the library and talk to the user. Results go to stdout, everything else
//! to stderr.

pub mod check_proof;
pub mod compile;
pub mod diff;
pub mod export;
pub mod inspect;
pub mod prove;
pub mod reproduce;
pub mod schema;
pub mod verify;

use crate::exit::{self, Failure};
use indicatif::{ProgressBar, ProgressStyle};
use schemas::error::FormatError;
use schemas::reader::Workload;
use schemas::temporary::TemporaryFile;
use schemas::verify::{Verified, verify};
use std::io;
use std::path::Path;

/// Maps a workload; a file that is none is wrong input.
fn open(file: &Path) -> Result<Workload, Failure> {
    Workload::open(file).map_err(|error| wrong_input(file, &error))
}

/// Maps a workload and verifies it; a damaged one is wrong input for whoever builds on it.
fn open_verified(file: &Path) -> Result<Workload, Failure> {
    let workload = open(file)?;
    verified(&workload).map_err(|error| wrong_input(file, &error))?;
    Ok(workload)
}

/// Verifies on all processors, with a bar.
fn verified(workload: &Workload) -> Result<Verified, FormatError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let bar = progress_bar(workload.requests().len() as u64, "verifying");
    let outcome = verify(workload, threads, &|done| bar.set_position(done));
    bar.finish_and_clear();
    outcome
}

/// A fault of a workload file that was given as input.
fn wrong_input(file: &Path, error: &FormatError) -> Failure {
    match error {
        FormatError::Io { .. } if error.is_system_failure() => {
            Failure::new(exit::WORLD_FAILED, error)
        }
        FormatError::Io { .. } => Failure::new(exit::WRONG_INPUT, error),
        _ => Failure::new(exit::WRONG_INPUT, format!("{}: {error}", file.display())),
    }
}

/// A file that becomes `target` when it is whole. What is there is never replaced: a slip of the hand
/// must not cost a workload.
fn new_file(target: &Path) -> Result<TemporaryFile, Failure> {
    if std::fs::symlink_metadata(target).is_ok() {
        let message = format!(
            "-o {}: is there already\n  help: name another file, or remove it first",
            target.display()
        );
        return Err(Failure::new(exit::WRONG_INPUT, message));
    }
    TemporaryFile::beside(target).map_err(|error| not_written(target, &error))
}

/// A file that cannot be written; one without a directory is the user's to mend.
fn not_written(target: &Path, error: &io::Error) -> Failure {
    use io::ErrorKind::{AlreadyExists, NotADirectory, NotFound};
    let status = match error.kind() {
        AlreadyExists | NotADirectory | NotFound => exit::WRONG_INPUT,
        _ => exit::WORLD_FAILED,
    };
    Failure::new(
        status,
        format!("cannot write {}: {error}", target.display()),
    )
}

/// A bar on stderr that appears only on a terminal.
fn progress_bar(total: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{msg} {wide_bar} {human_pos}/{human_len} requests, {eta} left",
    )
    .expect("the template is right");
    ProgressBar::new(total).with_style(style).with_message(what)
}

/// A failed write to stdout; a reader such as `head` may have seen enough.
fn stdout_failure(error: &io::Error) -> Result<u8, Failure> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(exit::DONE),
        _ => Err(Failure::new(
            exit::WORLD_FAILED,
            format!("cannot write to stdout: {error}"),
        )),
    }
}
