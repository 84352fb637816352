//! Pipes and devices in place of files, as an archive of unknown origin may hold them, or links to
//! them: refused by name, neither waited for nor read without end.

use crate::support::{dir, root};
use harness::{Call, Dir};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

/// Far longer than any of these takes; a program that waits for a pipe is killed then.
const LIMIT: Duration = Duration::from_secs(20);
const REFUSAL: &str = "not a regular file";

#[track_caller]
fn pipe(path: &Path) {
    Call::new("mkfifo").arg(path).run().ok();
}

fn device(path: &Path) {
    symlink("/dev/zero", path).unwrap();
}

/// What is put in the place of a file.
const SPECIAL: [fn(&Path); 2] = [pipe, device];

#[test]
fn wlc_refuses_what_is_no_regular_file() {
    let dir = dir();
    for (name, make) in ["pipe", "device"].into_iter().zip(SPECIAL) {
        make(&dir.path(name));
        for verb in ["verify", "inspect", "check-proof"] {
            let call = dir.wlc(&format!("{verb} {name}")).limit(LIMIT);
            let stderr = call.run().expect(2).stderr;
            assert!(stderr.contains(REFUSAL), "{verb} {name}: {stderr}");
        }
    }
}

/// The golden results, closed and signed, in `results`.
fn golden() -> Dir {
    let dir = dir();
    for name in OF_RUN {
        let from = root().join("tests/golden/result").join(name);
        dir.write(&format!("results/{name}"), std::fs::read(from).unwrap());
    }
    dir
}

const OF_RUN: [&str; 5] = [
    "bundle.json",
    "bundle.json.sig",
    "records.wlr",
    "run.json",
    "summary.json",
];

#[test]
fn verify_names_each_file_of_a_result_that_is_no_regular_file() {
    let dir = golden();
    let verify = || dir.replay("verify results").limit(LIMIT).run();
    verify().ok();
    for name in OF_RUN {
        let path = dir.path(&format!("results/{name}"));
        let whole = std::fs::read(&path).unwrap();
        for make in SPECIAL {
            std::fs::remove_file(&path).unwrap();
            make(&path);
            let stdout = verify().expect(1).stdout;
            let named = |line: &str| line.starts_with(name) && line.contains(REFUSAL);
            assert!(stdout.lines().any(named), "{name}: {stdout}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, whole).unwrap();
    }
    verify().ok();
    for make in SPECIAL {
        let path = dir.path("results/workload.wlc");
        make(&path);
        let stderr = verify().expect(2).stderr;
        assert!(stderr.contains(REFUSAL), "{stderr}");
        std::fs::remove_file(&path).unwrap();
        let path = dir.path("results/manifest.json");
        make(&path);
        let golden = root().join("tests/golden/conversation.wlc");
        let call = dir.replay("verify results --workload").arg(golden);
        let stdout = call.limit(LIMIT).run().expect(1).stdout;
        let named = |line: &str| line.starts_with("manifest.json") && line.contains(REFUSAL);
        assert!(stdout.lines().any(named), "{stdout}");
        std::fs::remove_file(&path).unwrap();
    }
}
