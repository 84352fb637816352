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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, Write};

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn names_follow_from_target_and_process_and_what_is_there_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("w.wlc");
        let name = |attempt| format!(".w.wlc.{}-{attempt}.tmp", std::process::id());
        // Left by a killed process that had this one's number.
        std::fs::write(directory.path().join(name(0)), "left").unwrap();
        let (first, second) = (
            TemporaryFile::beside(&target).unwrap(),
            TemporaryFile::beside(&target).unwrap(),
        );
        assert_eq!(names(directory.path()), [name(0), name(1), name(2)]);
        drop((first, second));
        assert_eq!(names(directory.path()), [name(0)]);
        let left = std::fs::read_to_string(directory.path().join(name(0))).unwrap();
        assert_eq!(left, "left");
    }

    #[test]
    fn a_kept_file_replaces_its_target_in_one_step_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("w.wlc");
        std::fs::write(&target, "old").unwrap();
        let mut file = TemporaryFile::beside(&target).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "old");
        file.keep_as(&target).unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "new");
        assert_eq!(names(directory.path()), ["w.wlc"]);
    }

    #[test]
    fn a_file_that_cannot_be_kept_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("d");
        std::fs::create_dir(&target).unwrap();
        std::fs::write(target.join("inside"), "").unwrap();
        let file = TemporaryFile::beside(&target).unwrap();
        file.keep_as(&target).unwrap_err();
        assert_eq!(names(directory.path()), ["d"]);
    }

    #[test]
    fn an_unnamed_file_is_written_and_read_without_a_name() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = TemporaryFile::unnamed(&directory.path().join("w.wlc")).unwrap();
        assert!(names(directory.path()).is_empty());
        file.write_all(b"spooled").unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "spooled");
    }
}
