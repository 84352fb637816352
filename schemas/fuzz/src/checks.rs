//! What holds for every input, whatever its bytes: a broken promise panics.

use super::{seal, seal_records};
use schemas::error::FormatError;
use schemas::frames::{Records, RecordsError, RequestResult, TokenTimes, push_result};
use schemas::reader::Workload;
use schemas::record_file::{RecordFile, Scanned};
use schemas::verify::verify;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// Longest sum of all bodies that is hashed, in bytes: a small file can ask for much.
const MOST_BODY_BYTES: u64 = 64 << 20;

/// Reads a workload as it is, and with its hashes mended so that what lies behind them is reached.
pub fn workload(bytes: &[u8]) {
    let _ = judge(Workload::from_bytes(bytes));
    if let Some(sealed) = seal::workload(bytes, MOST_BODY_BYTES) {
        let sealed = Workload::from_bytes(&sealed).expect("header, table and trailer are right");
        if let Err(error) = judge(Ok(sealed)) {
            let mended = matches!(
                error,
                FormatError::SectionHash { .. } | FormatError::FooterHash { .. }
            );
            assert!(!mended, "it was sealed, but {error}");
        }
    }
}

/// Verifies a workload that could be opened. A fault has a place within the file; what passes is
/// readable to the last body.
fn judge(opened: Result<Workload, FormatError>) -> Result<(), FormatError> {
    let verdict = opened.and_then(|workload| {
        if seal::body_bytes(&workload) > MOST_BODY_BYTES {
            return Ok(());
        }
        let verified = verify(&workload, 1, &|_| ())?;
        assert_eq!(verified.content_hash, workload.content_hash());
        assert_eq!(verified.manifest, workload.manifest()?);
        assert_eq!(verified.body_bytes, seal::body_bytes(&workload));
        for index in 0..workload.requests().len() as u64 {
            workload.body(index)?.for_each(|_| ());
            workload.body_bytes(index)?;
        }
        Ok(())
    });
    verdict.inspect_err(|error| {
        let (name, bytes) = error.place().expect("nothing but the input is read");
        assert!(!name.is_empty() && bytes.start <= bytes.end, "{error}");
    })
}

/// Reads a records file as it is, and with its checksums mended. Both readers find the same, and
/// each record is spelled as a writer spells it. `scratch` is overwritten.
pub fn records(bytes: &[u8], scratch: &Path) {
    compare_readers(bytes, scratch);
    compare_readers(&seal_records::records(bytes), scratch);
}

fn compare_readers(bytes: &[u8], scratch: &Path) {
    overwrite(scratch, bytes).expect("the scratch file can be written");
    let whole = Records::from_bytes(bytes, scratch);
    match (whole, scan(scratch)) {
        (Ok(whole), Ok((scanned, results))) => {
            assert_eq!(whole.results, results);
            let Scanned { strings, truncated } = scanned;
            assert_eq!((whole.strings, whole.truncated), (strings, truncated));
        }
        (Err(whole), Err(scanned)) => assert_eq!(whole.to_string(), scanned.to_string()),
        (whole, scanned) => panic!("{whole:?}\n{scanned:?}"),
    }
}

/// Writes a file over what it was. Not cut to nothing first: some file systems then write it to the
/// disk at once, ten times slower.
fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)
}

fn scan(path: &Path) -> Result<(Scanned, Vec<RequestResult>), RecordsError> {
    let file = RecordFile::open(path)?;
    let mut results = Vec::new();
    let scanned = file.scan(&mut |view| {
        let mut times = TokenTimes::default();
        for at_ns in view.token_ns {
            times.push(view.record.sent_ns.get(), *at_ns);
        }
        let mut spelled = Vec::new();
        let hash = view.sent_sha256.as_ref();
        push_result(&mut spelled, view.record, hash, times.bytes());
        assert_eq!(view.bytes, spelled);
        results.push(RequestResult {
            record: *view.record,
            sent_sha256: view.sent_sha256,
            token_ns: view.token_ns.to_vec(),
        });
    })?;
    Ok((scanned, results))
}
