//! What a run that was killed left on disk.

use crate::fixture::{file_bytes, info, requests};
use replay::run_info::RECORDS_FILE;
use std::path::Path;
use std::process::Command;

/// A directory as `kill -9` leaves it: no end in `run.json`, and this much of the records.
fn killed(kept_bytes: usize) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut info = info();
    info.end = None;
    info.write(directory.path()).unwrap();
    let bytes = file_bytes(14, &requests(), false);
    std::fs::write(directory.path().join(RECORDS_FILE), &bytes[..kept_bytes]).unwrap();
    directory
}

/// Status, stdout and stderr of `replay report`.
fn report(directory: &Path, format: &str) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_replay"))
        .args(["report", "--format", format])
        .arg(directory)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn what_is_there_is_reported_and_what_is_missing_is_said() {
    // The first frame has seven records; the second lost its last byte.
    let directory = killed(file_bytes(14, &requests(), false).len() - 1);
    let (status, text, told) = report(directory.path(), "text");
    assert_eq!(status, Some(0), "{told}");
    for line in [
        "INVALID ",
        "  invalid     records cut off",
        "  invalid     no end in run.json",
        "  invalid     requests unaccounted for: 7",
        "requests      14 scheduled: 7 sent, 0 not sent, 7 unaccounted",
        "truncated     no end mark: cut off at offset ",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{text}");
    }
    let (status, lines, told) = report(directory.path(), "jsonl");
    assert_eq!((status, lines.lines().count()), (Some(0), 7));
    assert!(told.contains("records.wlr: no end mark"), "{told}");
    assert!(told.contains("it holds 7 of 14 records"), "{told}");
}

#[test]
fn a_run_killed_before_its_first_record_has_no_figures_but_a_report() {
    let header_bytes = size_of::<schemas::records::RecordsHeader>();
    for kept in [header_bytes, header_bytes + 20] {
        let directory = killed(kept);
        let (status, text, _) = report(directory.path(), "text");
        assert_eq!(status, Some(0));
        assert!(text.contains("no request outside warm-up stages was sent"));
        assert!(text.contains("requests unaccounted for: 14"), "{text}");
    }
}

#[test]
fn a_file_without_its_header_is_refused_with_its_place() {
    let (status, text, told) = report(killed(63).path(), "text");
    assert_eq!((status, text.as_str()), (Some(2), ""));
    assert!(
        told.contains("records.wlr: HEADER at offset 0: 63 bytes"),
        "{told}"
    );
}
