//! What fuzzing has found interesting, and every input that ever broke a promise, again.

use schemas::error::FormatError;
use schemas::reader::Workload;
use schemas::verify::verify;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

#[path = "../fuzz/src/checks.rs"]
mod checks;
#[path = "../fuzz/src/seal.rs"]
mod seal;
#[path = "../fuzz/src/seal_records.rs"]
mod seal_records;

/// Each file of a target's corpus, of which there is at least one.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let corpus: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fuzz/corpus", target]
        .iter()
        .collect();
    let read = |entry: std::io::Result<fs::DirEntry>| fs::read(entry.unwrap().path()).unwrap();
    let inputs: Vec<_> = fs::read_dir(corpus).unwrap().map(read).collect();
    assert!(!inputs.is_empty());
    inputs
}

#[test]
fn no_workload_of_the_corpus_breaks_a_promise() {
    for input in inputs("workload") {
        checks::workload(&input);
    }
}

#[test]
fn no_records_file_of_the_corpus_breaks_a_promise() {
    let directory = tempfile::tempdir().unwrap();
    for input in inputs("records") {
        checks::records(&input, &directory.path().join("r.wlr"));
    }
}

#[test]
fn sealed_inputs_get_past_the_hashes_to_every_kind_of_record() {
    let (mut passed, mut broken, mut raw) = (0, BTreeSet::new(), 0);
    for input in inputs("workload") {
        raw += usize::from(verdict(&input).is_ok());
        match seal::workload(&input, 1 << 20).map(|sealed| verdict(&sealed)) {
            Some(Ok(())) => passed += 1,
            Some(Err(error)) => broken.extend(error.place().map(|(name, _)| name)),
            None => (),
        }
    }
    assert!(passed > raw, "{passed} pass when sealed, {raw} as they are");
    let kinds = [
        "MANIFEST",
        "PAIR_LISTS",
        "REQUESTS",
        "SEGMENTS",
        "STAGES",
        "STRINGS",
    ];
    assert!(kinds.iter().all(|kind| broken.contains(kind)), "{broken:?}");
}

fn verdict(bytes: &[u8]) -> Result<(), FormatError> {
    verify(&Workload::from_bytes(bytes)?, 2, &|_| ()).map(|_| ())
}
