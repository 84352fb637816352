//! What fuzzing of a result directory has found interesting, and every input that ever broke a promise,
//! again.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[path = "../fuzz/src/checks.rs"]
mod checks;
#[path = "../../schemas/fuzz/src/seal_records.rs"]
mod seal_records;

#[test]
fn no_results_of_the_corpus_break_a_promise() {
    let replay = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bench = checks::Bench::new(&replay.join("../tests/golden")).unwrap();
    let mut reached = BTreeSet::new();
    for entry in fs::read_dir(replay.join("fuzz/corpus/bundle")).unwrap() {
        let input = fs::read(entry.unwrap().path()).unwrap();
        let first = input.first().copied().unwrap_or_default();
        reached.insert((first & 7) % 5 + (first & 0x80));
        bench.examine(&input);
    }
    // Each of the five files, closed anew and not.
    assert_eq!(reached.len(), 10, "{reached:?}");
}
