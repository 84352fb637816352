//! The auditor's story, with the programs alone: a load is compiled, fired, signed and packed by one
//! party; somebody who trusts nobody unpacks it elsewhere, checks everything, and then alters one
//! latency in the records, each time covering it up better.

use crate::altered::{Records, results};
use crate::support::{dir, root};
use harness::{Call, Dir, Outcome};
use replay::analysis::{self, Asked, Window};
use replay::bundle::{self, Kind};
use serde_json::Value;
use std::path::PathBuf;

/// Where in a record its end stands.
const END: usize = 56;

/// `tests/audit.py` over some results.
fn audit_py(results: &PathBuf) -> Outcome {
    let script = root().join("tests/audit.py");
    Call::new("python3").arg(script).arg(results).run()
}

/// What the auditor has: the archive, unpacked, and the keys that he knows.
struct Auditor {
    dir: Dir,
    /// The one directory of the archive.
    results: String,
}

impl Auditor {
    #[track_caller]
    fn unpack(archive: &[u8], signers: &[u8]) -> Self {
        for program in ["tar", "zstd", "python3"] {
            assert!(
                harness::is_installed(program),
                "{program} is missing: install {program}"
            );
        }
        let dir = dir();
        dir.write("got.tar.zst", archive).write("signers", signers);
        let tar = Call::new("tar").cwd(dir.path("."));
        tar.words("--zstd -xf got.tar.zst").run().ok();
        let names = dir.list(".");
        let unpacked = names.into_iter().find(|name| dir.path(name).is_dir());
        Auditor {
            results: unpacked.expect("one directory"),
            dir,
        }
    }

    fn verify(&self) -> Outcome {
        let call = format!("verify {} --allowed-signers signers", self.results);
        self.dir.replay(&call).run()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path(&self.results).join(file)
    }

    #[track_caller]
    fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap()
    }

    /// Both readers find a fault; ours names each of these.
    #[track_caller]
    fn assert_caught(&self, named: &[&str]) {
        let outcome = self.verify();
        assert_eq!(outcome.status, Some(1), "{}", outcome.stdout);
        for begin in named {
            let is_named = outcome.stdout.lines().any(|line| line.starts_with(begin));
            assert!(is_named, "no {begin:?} in {}", outcome.stdout);
        }
    }
}

#[test]
fn an_auditor_checks_everything_from_the_archive_and_sees_one_altered_latency() {
    let here = results();
    here.replay("sign results --key key").run().ok();
    here.replay("archive results --workload w.wlc -o results.tar.zst")
        .run()
        .ok();
    let auditor = Auditor::unpack(&here.read("results.tar.zst"), &here.read("signers"));
    drop(here);
    check_everything(&auditor);
    alter_one_latency(&auditor);
}

#[track_caller]
fn check_everything(auditor: &Auditor) {
    let verified = auditor.verify().ok().stdout;
    assert!(verified.contains("(auditor@example.org)"), "{verified}");
    let all = "verified: 50 records of 50 requests, each held against its request\n";
    assert!(verified.ends_with(all), "{verified}");
    let python = audit_py(&auditor.path("")).ok().stdout;
    assert!(python.ends_with(": verified\n"), "{python}");
    // The load itself, and how it was made.
    let workload = format!("{}/workload.wlc", auditor.results);
    let wlc = |arguments: &str| auditor.dir.wlc(arguments).run().ok();
    let found = wlc(&format!("verify {workload} --json")).json();
    let statement: Value = serde_json::from_slice(&auditor.read("bundle.json")).unwrap();
    let content_hash = statement["predicate"]["content_hash"].as_str().unwrap();
    assert_eq!(found["content_hash"], content_hash);
    let again = wlc(&format!("reproduce {workload} --json")).json();
    assert_eq!(again["reproduced"], true);
    // What the eighth record is of was part of the load.
    let record = &Records::read(&auditor.path("records.wlr")).records[7];
    let index = u64::from_le_bytes(record[..8].try_into().unwrap());
    wlc(&format!("prove {workload} --request {index} -o proof.json"));
    let proven = wlc(&format!(
        "check-proof proof.json --content-hash {content_hash} --json"
    ));
    let proven = proven.json();
    assert_eq!(proven["valid"], true);
    assert_eq!(proven["index"], index);
    assert_eq!(proven["leaf"], schemas::hex(&record[80..112]));
}

#[track_caller]
fn alter_one_latency(auditor: &Auditor) {
    let records = auditor.path("records.wlr");
    let original = auditor.read("records.wlr");
    // Plainly: a byte of the eighth record's end.
    let mut altered = Records::read(&records);
    let at = original
        .windows(176)
        .position(|part| part == &altered.records[7][..176])
        .unwrap();
    let mut plainly = original.clone();
    plainly[at + END] ^= 1;
    std::fs::write(&records, plainly).unwrap();
    auditor.assert_caught(&[
        "records.wlr: FRAME ",
        "records.wlr: whole file: SHA-256 is ",
    ]);
    assert_eq!(audit_py(&auditor.path("")).status, Some(1));
    // By a millisecond and with right checksums, so that it still can be true.
    altered.shift(7, END, 1_000_000);
    std::fs::write(&records, altered.bytes(50)).unwrap();
    auditor.assert_caught(&[
        "records.wlr: whole file: SHA-256 is ",
        "bundle.json: predicate.records.root: is ",
        "summary.json: latency_from_sent_s.mean: is ",
    ]);
    let python = audit_py(&auditor.path(""));
    assert_eq!(python.status, Some(1));
    assert!(
        python.stdout.contains("latency_from_sent_s.mean is"),
        "{}",
        python.stdout
    );
    // With a summary and a statement made anew, too: the files agree with one another, and only
    // who signed them did not sign these.
    let directory = auditor.path("");
    let data = analysis::open(&directory, Window::ALL).unwrap();
    let summary = analysis::summarize(&data, &Asked::of_run(&data.info));
    analysis::write_summary(&directory, &summary).unwrap();
    bundle::close(&directory, Kind::Run).unwrap();
    audit_py(&directory).ok();
    let outcome = auditor.verify();
    assert_eq!(outcome.status, Some(1));
    assert!(
        outcome.stdout.starts_with("bundle.json.sig: signature: "),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.ends_with("NOT verified: 1 fault\n"),
        "{}",
        outcome.stdout
    );
    // Control: without the signature nothing is left to see.
    std::fs::remove_file(auditor.path("bundle.json.sig")).unwrap();
    let call = format!("verify {}", auditor.results);
    auditor.dir.replay(&call).run().ok();
}
