//! Opens and reads files of whose origin nothing is known, such as those of an unpacked archive.
//!
//! Refuses what is no regular file: a pipe would be waited for, a device has no end. Follows links,
//! so that a link to such a thing is refused likewise.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Longest JSON document of a result directory that is read, in bytes.
pub const MAX_DOCUMENT_BYTES: u64 = 256 << 20;

/// Opens a regular file for reading. Fails for anything else without waiting for it: with
/// `IsADirectory` for a directory, else with `InvalidInput`.
pub fn open(path: &Path) -> io::Result<File> {
    // Opening a pipe waits for its writer, so the name is asked first; what is opened then is asked
    // again, as it may be another.
    require(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    require(&file.metadata()?)?;
    Ok(file)
}

/// The bytes of a regular file. Fails as [`open`] does, and with `FileTooLarge` where there are more
/// than `most_bytes`.
pub fn read(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut limited = open(path)?.take(most_bytes.saturating_add(1));
    if limited.read_to_end(&mut bytes)? as u64 > most_bytes {
        let what = format!("longer than the limit of {most_bytes} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

fn require(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        let what = "not a regular file";
        return Err(io::Error::new(ErrorKind::InvalidInput, what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    #[test]
    fn what_is_no_regular_file_is_refused_and_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let made = Command::new("mkfifo").arg(at("pipe")).status();
        assert!(made.expect("mkfifo is of coreutils").success());
        symlink(at("pipe"), at("to-pipe")).unwrap();
        symlink("/dev/zero", at("to-zero")).unwrap();
        for name in ["pipe", "to-pipe", "to-zero"] {
            let error = read(&at(name), 10).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}: {error}");
        }
        let kind = |path: &Path| open(path).map(|_| ()).map_err(|error| error.kind());
        assert_eq!(kind(directory.path()), Err(ErrorKind::IsADirectory));
        assert_eq!(kind(&at("nothing")), Err(ErrorKind::NotFound));
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_and_through_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("f"), directory.path().join("l"));
        std::fs::write(&file, b"12345").unwrap();
        symlink(&file, &link).unwrap();
        assert_eq!(read(&link, 5).unwrap(), b"12345");
        let error = read(&file, 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(&file, u64::MAX).unwrap(), b"12345");
    }
}
