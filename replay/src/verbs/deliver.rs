//! Where a report goes: stdout, a file, or new files in a directory.
//!
//! A file is written beside its target and renamed when it is whole. Refuses to write over files of
//! a directory, of which some might stay and be of another run.

use crate::analysis::report::NamedFile;
use crate::exit::Failure;
use schemas::temporary::TemporaryFile;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes one text to a file, or to stdout.
pub fn one(
    output: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(path) = output else {
        let mut out = BufWriter::new(io::stdout().lock());
        return match write(&mut out).and_then(|()| out.flush()) {
            // A reader such as `head` may have seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done.map_err(|error| failed(&"the report", &error)),
        };
    };
    to_file(path, write).map_err(|error| failed(&path.display(), &error))
}

/// Writes files into a directory, which is made if need be.
pub fn many(directory: &Path, files: &[NamedFile]) -> Result<(), Failure> {
    fs::create_dir_all(directory).map_err(|error| failed(&directory.display(), &error))?;
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|file| directory.join(&file.name))
        .collect();
    // All before the first is written, that a name which cannot be leaves no half of them.
    for path in &paths {
        let is_taken = path.try_exists();
        if is_taken.map_err(|error| failed(&path.display(), &error))? {
            return Err(Failure::wrong_input(format!(
                "{} is already there\n  help: name another directory with -o, or remove the files",
                path.display()
            )));
        }
    }
    for (file, path) in files.iter().zip(paths) {
        to_file(&path, |out| out.write_all(&file.bytes))
            .map_err(|error| failed(&path.display(), &error))?;
    }
    Ok(())
}

fn failed(what: &dyn std::fmt::Display, error: &io::Error) -> Failure {
    Failure::world(format!("cannot write {what}: {error}"))
}

fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A link stays one: what it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        // A pipe or a device: it must not be replaced by a file.
        let mut out = BufWriter::new(File::options().write(true).open(&target)?);
        return write(&mut out).and_then(|()| out.flush());
    }
    let mut out = BufWriter::new(TemporaryFile::beside(&target)?);
    write(&mut out)?;
    let whole = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    whole.keep_as(&target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_report_that_fails_half_way_leaves_what_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.txt");
        one(Some(&path), |out| out.write_all(b"first")).unwrap();
        let broken = one(Some(&path), |out| {
            out.write_all(&[b'x'; 100_000])?;
            Err(io::Error::other("full"))
        });
        assert_eq!(broken.unwrap_err().status, crate::exit::WORLD_FAILED);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(directory.path()), ["report.txt"]);
        one(Some(&path), |out| out.write_all(b"second")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
    }

    #[test]
    fn a_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        one(Some(&link), |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn files_are_never_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("a/b");
        let file = |name: &str, text: &str| NamedFile {
            name: name.into(),
            bytes: text.into(),
        };
        many(&inner, &[file("one", "1"), file("two", "2")]).unwrap();
        let again = many(&inner, &[file("new", "3"), file("two", "4")]).unwrap_err();
        assert_eq!(again.status, crate::exit::WRONG_INPUT);
        assert!(again.message.contains("two is already there"));
        assert_eq!(names(&inner), ["one", "two"]);
        assert_eq!(fs::read(inner.join("two")).unwrap(), b"2");
        let long = [file("three", "3"), file(&"x".repeat(300), "4")];
        let told = many(&inner, &long).unwrap_err();
        assert_eq!(told.status, crate::exit::WORLD_FAILED);
        assert_eq!(names(&inner), ["one", "two"]);
    }
}
