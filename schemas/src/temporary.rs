//! Files that vanish unless they are kept.
//!
//! Named by process and a counter and created with `create_new`, because this crate may not reach
//! a random number generator, not even for file names.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Names that are tried before giving up.
const ATTEMPTS: u32 = 10_000;

/// A file beside a target; removed when dropped, unless it was renamed onto the target.
#[derive(Debug)]
pub struct TemporaryFile {
    file: File,
    /// `None` once the file has its final name.
    path: Option<PathBuf>,
}

impl TemporaryFile {
    /// Creates `.TARGET.PID-N.tmp` in the target's directory.
    pub fn beside(target: &Path) -> io::Result<Self> {
        for attempt in 0..ATTEMPTS {
            let path = directory_of(target).join(temporary_name(target, attempt));
            match OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
            {
                Ok(file) => {
                    return Ok(TemporaryFile {
                        file,
                        path: Some(path),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// A file that has no name any more: it is gone when its handle is.
    pub fn unnamed(target: &Path) -> io::Result<File> {
        let named = Self::beside(target)?;
        let file = named.file.try_clone()?;
        drop(named);
        Ok(file)
    }

    /// Syncs the file, gives it the target's name in one step, and syncs the directory.
    pub fn keep_as(mut self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(path) = &self.path {
            std::fs::rename(path, target)?;
        }
        self.path = None;
        File::open(directory_of(target))?.sync_all()
    }
}

impl io::Write for TemporaryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Nothing better can be done here than to leave it.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn temporary_name(target: &Path, attempt: u32) -> OsString {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}-{attempt}.tmp", std::process::id()));
    name
}

fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
