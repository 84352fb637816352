//! What holds for every input, whatever its bytes: a broken promise panics.
//!
//! An input's first byte says which file of the golden results it alters ([`FILES`]) and how (the
//! flags below); the others are the file's new bytes, or edits of its old ones.

use super::seal_records;
use replay::bundle::{self, BUNDLE_FILE, Kind, SIGNATURE_FILE};
use replay::run_info::{RECORDS_FILE, RUN_FILE, SUMMARY_FILE};
use replay::verify::verify;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// By the first byte's lowest three bits, counted round.
const FILES: [&str; 5] = [
    RECORDS_FILE,
    RUN_FILE,
    SUMMARY_FILE,
    BUNDLE_FILE,
    SIGNATURE_FILE,
];
/// Close the directory anew, so that what lies behind the hashes is reached.
const CLOSE: u8 = 0x80;
/// The bytes that follow are the file, not edits of it.
const WHOLE: u8 = 0x40;
/// Mend the checksums of records.
const SEAL: u8 = 0x20;

/// A copy of the golden results that is altered again and again.
pub struct Bench {
    directory: TempDir,
    workload: PathBuf,
    signers: [PathBuf; 1],
    originals: Vec<Vec<u8>>,
}

impl Bench {
    /// Copies the results from the folder of golden files.
    pub fn new(golden: &Path) -> io::Result<Self> {
        let directory = TempDir::new()?;
        let mut originals = Vec::new();
        for name in FILES {
            let bytes = fs::read(golden.join("result").join(name))?;
            fs::write(directory.path().join(name), &bytes)?;
            originals.push(bytes);
        }
        let bench = Bench {
            directory,
            workload: golden.join("conversation.wlc"),
            signers: [golden.join("result.signers")],
            originals,
        };
        assert_eq!(bench.verdict(), Ok(true), "the golden results are right");
        Ok(bench)
    }

    /// Verifies the results with a file altered as the input says, and puts it back. Only of results
    /// whose bytes are all as before may nothing be said; closed anew, they must not make it panic.
    pub fn examine(&self, input: &[u8]) {
        let Some((&first, rest)) = input.split_first() else {
            return;
        };
        let file = usize::from(first & 7) % FILES.len();
        let original = &self.originals[file];
        let mut altered = match first & WHOLE {
            0 => edited(original, rest),
            _ => rest.to_vec(),
        };
        if first & SEAL != 0 && FILES[file] == RECORDS_FILE {
            altered = seal_records::records(&altered);
        }
        self.put(FILES[file], &altered);
        if first & CLOSE == 0 {
            let same = altered == *original;
            let verdict = self.verdict();
            assert_eq!(verdict == Ok(true), same, "{}: {verdict:?}", FILES[file]);
        } else if let Ok(statement) = self.statement() {
            self.put(BUNDLE_FILE, &statement);
            let _ = self.verdict();
            self.put(BUNDLE_FILE, &self.originals[3]);
        }
        self.put(FILES[file], original);
    }

    /// What closing anew would write; it would also wait for the disk.
    fn statement(&self) -> anyhow::Result<Vec<u8>> {
        let subjects = FILES[..3].iter().map(|name| name.to_string());
        let subjects: Vec<String> = subjects.collect();
        bundle::build(self.directory.path(), Kind::Run, &subjects)
    }

    /// Whether there is no fault; an error says why nothing could be judged.
    fn verdict(&self) -> Result<bool, String> {
        verify(self.directory.path(), Some(&self.workload), &self.signers)
            .map(|findings| findings.verified)
            .map_err(|failure| failure.message)
    }

    /// Writes over what was there. Not cut to nothing first: some file systems then write it to the
    /// disk at once, ten times slower.
    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.directory.path().join(name);
        let written = OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.set_len(bytes.len() as u64)
            });
        written.expect("the copy can be written");
    }
}

/// Edits one after the other: where (two bytes, counted round), how many bytes to take away (one), how
/// many to put there (one, at most 31), and these.
fn edited(original: &[u8], mut edits: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    while let [low, high, taken, put, rest @ ..] = edits {
        let at = usize::from(u16::from_le_bytes([*low, *high])) % (bytes.len() + 1);
        let end = bytes.len().min(at + usize::from(*taken));
        let (put, rest) = rest.split_at(rest.len().min(usize::from(put % 32)));
        bytes.splice(at..end, put.iter().copied());
        edits = rest;
    }
    bytes
}
