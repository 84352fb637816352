//! Small changes of every file of signed results, and of the files that only a sweep or an audit has: each
//! is found and named, whether it breaks a checksum or was made by somebody who mends them.

use crate::altered::{Change, Random, Records, changed, results};
use crate::bundle::closed_sweep;
use crate::verify_answers::audited;
use harness::Dir;
use replay::verify::{Findings, verify};
use schemas::record_file::RecordFile;
use std::path::PathBuf;

const SEED: u64 = 0x7265_706c_6179;

/// Files, and how many times each is changed: bytes, truncations, splices.
const FILES: [(&str, [usize; 3]); 5] = [
    ("records.wlr", [550, 90, 160]),
    ("run.json", [330, 50, 120]),
    ("summary.json", [230, 40, 80]),
    ("bundle.json", [230, 40, 80]),
    ("bundle.json.sig", [120, 30, 50]),
];
/// Changed records whose checksums are right.
const FORGED: usize = 200;

/// Results that can be examined again and again.
struct Bench {
    dir: Dir,
    found: usize,
}

impl Bench {
    fn new() -> Self {
        let dir = results();
        dir.replay("sign results --key key").run().ok();
        let bench = Bench { dir, found: 0 };
        let findings = bench.examine(true).expect("results of this program");
        assert!(findings.verified, "{:?}", findings.faults);
        assert_eq!(findings.workload, Some("checked"));
        assert_eq!(
            findings.signature.unwrap().principals,
            ["auditor@example.org"]
        );
        bench
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path("results").join(file)
    }

    /// With the allowed signers, or without.
    fn examine(&self, with_signers: bool) -> Result<Findings, String> {
        let signers = [self.dir.path("signers")];
        let allowed = if with_signers { &signers[..] } else { &[] };
        let workload = self.dir.path("w.wlc");
        verify(&self.dir.path("results"), Some(&workload), allowed)
            .map_err(|failure| failure.message)
    }

    /// Examines the results while a file has other bytes. A statement is to be seen through without
    /// its signature, so that is away meanwhile; a signature without knowing who may sign.
    fn meet(&mut self, file: &str, bytes: &[u8], what: &str) -> Vec<String> {
        let original = std::fs::read(self.path(file)).unwrap();
        let signature = std::fs::read(self.path("bundle.json.sig")).unwrap();
        if file != "bundle.json.sig" {
            std::fs::remove_file(self.path("bundle.json.sig")).unwrap();
        }
        std::fs::write(self.path(file), bytes).unwrap();
        let examined = self.examine(false);
        std::fs::write(self.path("bundle.json.sig"), signature).unwrap();
        std::fs::write(self.path(file), original).unwrap();
        self.assert_found(examined, file, what)
    }

    /// The faults in words, each with a place, at least one of them in `file`; of the statement,
    /// which may accuse another, in any.
    fn assert_found(
        &mut self,
        examined: Result<Findings, String>,
        file: &str,
        what: &str,
    ) -> Vec<String> {
        self.found += 1;
        let findings = match examined {
            // A version that this program does not know.
            Err(message) => {
                assert!(message.contains(file), "{file}: {what}: {message}");
                return vec![message];
            }
            Ok(findings) => findings,
        };
        assert!(!findings.verified, "{file}: {what}: passed");
        let faults = &findings.faults;
        let is_placed = faults
            .iter()
            .all(|fault| !fault.place.is_empty() && !fault.what.is_empty());
        let is_named = faults.iter().any(|fault| fault.file == file);
        assert!(is_placed, "{file}: {what}: {faults:?}");
        assert!(
            is_named || file == "bundle.json",
            "{file}: {what}: {faults:?}"
        );
        faults
            .iter()
            .map(|fault| format!("{}: {}: {}", fault.file, fault.place, fault.what))
            .collect()
    }
}

#[test]
fn every_small_change_of_results_is_found_and_named() {
    let mut bench = Bench::new();
    let mut random = Random(SEED);
    for (file, counts) in FILES {
        let bytes = std::fs::read(bench.path(file)).unwrap();
        let changes = [Change::Byte, Change::Truncated, Change::Spliced];
        for (change, count) in changes.into_iter().zip(counts) {
            for _ in 0..count {
                let (altered, what) = changed(&bytes, change, &mut random);
                bench.meet(file, &altered, &what);
            }
        }
        std::fs::remove_file(bench.path(file)).unwrap();
        let examined = bench.examine(true);
        std::fs::write(bench.path(file), bytes).unwrap();
        bench.assert_found(examined, file, "removed");
    }
    assert!(bench.found >= 2_100, "{}", bench.found);
    // All was put back.
    assert!(bench.examine(true).unwrap().verified);
}

#[test]
fn changed_records_with_right_checksums_are_found_by_their_hashes() {
    let mut bench = Bench::new();
    let mut random = Random(SEED + 1);
    let file = "records.wlr";
    let whole = Records::read(&bench.path(file));
    let all = whole.records.concat();
    let mut unseen_by_checksums = 0;
    for _ in 0..FORGED {
        let (altered, what) = changed(&all, Change::Byte, &mut random);
        // In one piece: the reader parts it again, by what the records say.
        let mut forged = whole.clone();
        let mut rest = &altered[..];
        for record in &mut forged.records {
            let (own, behind) = rest.split_at(record.len());
            *record = own.to_vec();
            rest = behind;
        }
        let bytes = forged.bytes(whole.records.len());
        bench.dir.write("forged.wlr", &bytes);
        let read = RecordFile::open(&bench.dir.path("forged.wlr")).unwrap();
        let is_readable = read.scan(&mut |_| {}).is_ok();
        let faults = bench.meet(file, &bytes, &what);
        if is_readable {
            unseen_by_checksums += 1;
            let is_named = |begin: &str| faults.iter().any(|fault| fault.starts_with(begin));
            assert!(
                is_named("records.wlr: whole file: SHA-256"),
                "{what}: {faults:?}"
            );
            assert!(
                is_named("bundle.json: predicate.records.root"),
                "{what}: {faults:?}"
            );
        }
    }
    assert_eq!(bench.found, FORGED);
    // Control: checksums alone, which a forger mends, let most of them pass.
    assert!(unseen_by_checksums > FORGED / 2, "{unseen_by_checksums}");
}

#[test]
fn every_small_change_of_a_sweep_and_of_answers_is_found_and_named() {
    let sweep: &[(&str, [usize; 3])] = &[
        ("sweep.json", [60, 20, 40]),
        ("step-02/bundle.json", [40, 10, 30]),
    ];
    let audit: &[(&str, [usize; 3])] = &[("answers.jsonl", [120, 30, 50])];
    let mut random = Random(SEED + 2);
    for (dir, files) in [(closed_sweep(), sweep), (audited(), audit)] {
        let mut bench = Bench { dir, found: 0 };
        let findings = bench.examine(false).expect("results of this program");
        assert!(findings.verified, "{:?}", findings.faults);
        for (file, counts) in files {
            let bytes = std::fs::read(bench.path(file)).unwrap();
            let changes = [Change::Byte, Change::Truncated, Change::Spliced];
            for (change, count) in changes.into_iter().zip(counts) {
                for _ in 0..*count {
                    let (altered, what) = changed(&bytes, change, &mut random);
                    std::fs::write(bench.path(file), altered).unwrap();
                    let examined = bench.examine(false);
                    bench.assert_found(examined, file, &what);
                }
            }
            std::fs::write(bench.path(file), bytes).unwrap();
        }
        assert_eq!(bench.found, 200);
        assert!(bench.examine(false).unwrap().verified);
    }
}
