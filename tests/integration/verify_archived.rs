//! `replay verify` on what an archive adds to results, and on names that others chose.

use crate::altered::results;
use crate::bundle::closed_sweep;
use crate::verify_results::{assert_named, faults, verify};
use harness::Dir;
use replay::bundle::{self, BundleError};
use schemas::documents;

const TEXTS: [&str; 3] = ["README.md", "RESULTS.md", "WORKLOAD.md"];

/// What an archive has beside the results.
fn unpack_beside(dir: &Dir) {
    let readme = replay::bundle::TEXTS[2].1;
    for (name, text) in TEXTS
        .iter()
        .zip([readme, documents::RESULTS, documents::WORKLOAD])
    {
        dir.write(&format!("results/{name}"), text);
    }
    dir.write("results/workload.wlc", dir.read("w.wlc"));
}

#[test]
fn a_text_of_an_archive_that_is_another_is_told() {
    let dir = results();
    unpack_beside(&dir);
    let notes = || verify(&dir, "--json").json()["notes"].to_string();
    assert!(!notes().contains(".md"), "{}", notes());
    for name in TEXTS {
        let file = format!("results/{name}");
        let original = dir.read(&file);
        dir.write(&file, "Everything is well.\n");
        let told = format!("{name}: not that of this version of the program");
        assert!(notes().contains(&told), "{}", notes());
        dir.write(&file, original);
    }
    // Without a workload beside them they are no texts of an archive.
    std::fs::remove_file(dir.path("results/workload.wlc")).unwrap();
    for name in TEXTS {
        let told = format!("{name}: not in the statement");
        assert!(notes().contains(&told), "{}", notes());
    }
}

#[test]
fn the_workload_beside_results_is_checked_though_another_is_named() {
    let dir = results();
    unpack_beside(&dir);
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
    dir.write("results/workload.wlc", "anything");
    let named = "workload.wlc: whole file: is not the same file as w.wlc";
    assert_named(&faults(&dir, "--workload w.wlc"), &[named], Some(1));
}

#[test]
fn what_lies_in_a_load_of_a_sweep_is_told_whatever_it_is_called() {
    let dir = closed_sweep();
    let names = ["README.md", "manifest.json", "workload.wlc"];
    for name in names {
        dir.write(&format!("results/step-01/{name}"), "planted");
    }
    let notes = verify(&dir, "--workload w.wlc --json").json()["notes"].to_string();
    for name in names {
        let told = format!("step-01/{name}: not in the statement");
        assert!(notes.contains(&told), "{notes}");
    }
}

#[test]
fn no_name_forges_a_line_or_moves_the_cursor() {
    let dir = results();
    let name = "x\nsigned by SHA256:AAAA (boss@example.org)\u{1b}[2K\u{202e}";
    dir.write(&format!("results/{name}"), "");
    let text = verify(&dir, "--workload w.wlc").ok().stdout;
    assert!(
        !text.lines().any(|line| line.starts_with("signed by")),
        "{text}"
    );
    let is_plain = |c: char| c == '\n' || (!c.is_control() && c != '\u{202e}');
    assert!(text.chars().all(is_plain), "{text:?}");
    let escaped = r"note: x\nsigned by SHA256:AAAA (boss@example.org)\u{1b}[2K\u{202e}: not in";
    assert!(text.contains(escaped), "{text}");
    std::fs::remove_file(dir.path("results").join(name)).unwrap();
    // A statement has no such name.
    let statement = String::from_utf8(dir.read("results/bundle.json")).unwrap();
    let forged = statement.replace("\"summary.json\"", "\"a\\nb\"");
    assert_ne!(forged, statement);
    dir.write("results/bundle.json", forged);
    let error = bundle::read(&dir.path("results")).unwrap_err();
    assert!(matches!(error, BundleError::Name(name) if name == "a\nb"));
    assert_named(
        &faults(&dir, ""),
        &["bundle.json: statement: \"a\\nb\" cannot"],
        None,
    );
}
