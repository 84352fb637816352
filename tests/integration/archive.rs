//! `replay archive`: the same bytes for the same results, and all that is needed to check them.

use crate::bundle::{closed_run, closed_sweep};
use crate::support::{chat_spec, compile};
use harness::{Call, Dir, is_installed};
use std::time::{Duration, SystemTime};

const MEMBERS: [&str; 9] = [
    "README.md",
    "RESULTS.md",
    "WORKLOAD.md",
    "bundle.json",
    "manifest.json",
    "records.wlr",
    "run.json",
    "summary.json",
    "workload.wlc",
];

/// The real `tar` in the directory.
#[track_caller]
fn tar(dir: &Dir, arguments: &str) -> String {
    for (program, package) in [("tar", "tar"), ("zstd", "zstd")] {
        assert!(
            is_installed(program),
            "{program} is missing: apt-get install {package}"
        );
    }
    let call = Call::new("tar").words(arguments).cwd(dir.path("."));
    call.env("TZ", "UTC").run().ok().stdout
}

/// Names in an archive, and that all lie below the beginning of the content hash.
#[track_caller]
fn members(dir: &Dir, archive: &str, content_hash: &str) -> Vec<String> {
    let top = format!("{}/", &content_hash[..12]);
    let listed = tar(dir, &format!("--zstd -tf {archive}"));
    let names = listed.lines().map(|name| {
        let name = name.strip_prefix(&top);
        name.unwrap_or_else(|| panic!("{listed}")).to_owned()
    });
    names.collect()
}

#[track_caller]
fn content_hash(dir: &Dir) -> String {
    let statement = dir.json("results/bundle.json");
    let hash = &statement["predicate"]["content_hash"];
    hash.as_str().expect("a hash").to_owned()
}

#[test]
fn the_same_results_give_the_same_bytes_wherever_and_whenever_they_are_packed() {
    let dir = closed_run(20);
    dir.write("results/stray.txt", "not of the run");
    dir.replay("archive results --workload w.wlc -o a.tar.zst")
        .run()
        .ok();
    let first = dir.read("a.tar.zst");
    for (name, copy) in [("records.wlr", "results"), ("run.json", "results")] {
        let file = std::fs::File::options()
            .append(true)
            .open(dir.path(&format!("{copy}/{name}")));
        let later = SystemTime::now() + Duration::from_secs(86_400);
        file.unwrap().set_modified(later).unwrap();
    }
    Call::new("cp")
        .words("-r results elsewhere")
        .cwd(dir.path("."))
        .run()
        .ok();
    Call::new("cp")
        .words("w.wlc elsewhere/workload.wlc")
        .cwd(dir.path("."))
        .run()
        .ok();
    Call::new("chmod")
        .words("600 elsewhere/run.json")
        .cwd(dir.path("."))
        .run()
        .ok();
    // Replaces what is there, and finds the workload beside the results.
    dir.replay("archive elsewhere -o a.tar.zst").run().ok();
    assert_eq!(dir.read("a.tar.zst"), first);
    assert!(!dir.list(".").iter().any(|name| name.ends_with(".tmp")));
    // The control: another run is another archive.
    let other = closed_run(20);
    other
        .replay("archive results --workload w.wlc -o a.tar.zst")
        .run()
        .ok();
    assert_eq!(content_hash(&other), content_hash(&dir));
    assert_ne!(other.read("a.tar.zst"), first);
}

#[test]
fn tar_lists_and_unpacks_it_and_all_is_in_it_byte_for_byte() {
    let dir = closed_run(20);
    dir.write("results/bundle.json.sig", "whatever is there");
    dir.replay("archive results --workload w.wlc -o a.tar.zst")
        .run()
        .ok();
    let hash = content_hash(&dir);
    let mut expected = MEMBERS.to_vec();
    expected.insert(4, "bundle.json.sig");
    assert_eq!(members(&dir, "a.tar.zst", &hash), expected);
    let long = tar(&dir, "--zstd --numeric-owner -tvf a.tar.zst");
    for line in long.lines() {
        assert!(line.starts_with("-rw-r--r-- 0/0 "), "{line}");
        assert!(line.contains(" 1980-01-01 00:00 "), "{line}");
    }
    dir.write("unpacked/.keep", "");
    tar(&dir, "--zstd -xf a.tar.zst -C unpacked");
    let unpacked = |name: &str| dir.read(&format!("unpacked/{}/{name}", &hash[..12]));
    for name in ["bundle.json", "records.wlr", "run.json", "summary.json"] {
        assert_eq!(
            unpacked(name),
            dir.read(&format!("results/{name}")),
            "{name}"
        );
    }
    assert_eq!(unpacked("workload.wlc"), dir.read("w.wlc"));
    assert_eq!(
        unpacked("WORKLOAD.md"),
        schemas::documents::WORKLOAD.as_bytes()
    );
    assert_eq!(
        unpacked("RESULTS.md"),
        schemas::documents::RESULTS.as_bytes()
    );
    let readme = String::from_utf8(unpacked("README.md")).unwrap();
    for name in expected.iter().filter(|name| !name.ends_with(".md")) {
        assert!(
            readme.contains(&format!("`{name}`")),
            "{name} is not explained"
        );
    }
    let manifest_bytes = unpacked("manifest.json");
    let value: serde_json::Value = serde_json::from_slice(&manifest_bytes).expect("JSON");
    assert!(value["spec"].is_object(), "{value}");
    // What was unpacked is packed again to the same bytes.
    let again = format!("archive unpacked/{} -o b.tar.zst", &hash[..12]);
    dir.replay(&again).run().ok();
    assert_eq!(dir.read("b.tar.zst"), dir.read("a.tar.zst"));
}

#[test]
fn a_sweep_is_packed_with_every_load() {
    let dir = closed_sweep();
    dir.replay("archive results --workload w.wlc -o a.tar.zst")
        .run()
        .ok();
    let found = members(&dir, "a.tar.zst", &content_hash(&dir));
    let mut expected: Vec<String> = ["step-01", "step-02"]
        .iter()
        .flat_map(|load| {
            let of_run = ["bundle.json", "records.wlr", "run.json", "summary.json"];
            of_run.map(|name| format!("{load}/{name}"))
        })
        .collect();
    let top = [
        "README.md",
        "RESULTS.md",
        "WORKLOAD.md",
        "bundle.json",
        "manifest.json",
    ];
    expected.extend(top.map(str::to_owned));
    expected.extend(["sweep.json", "workload.wlc"].map(str::to_owned));
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(dir.read("w.wlc"), unpacked_workload(&dir));
}

fn unpacked_workload(dir: &Dir) -> Vec<u8> {
    dir.write("unpacked/.keep", "");
    tar(dir, "--zstd -xf a.tar.zst -C unpacked --strip-components 1");
    dir.read("unpacked/workload.wlc")
}

#[test]
fn what_is_not_true_or_not_asked_for_is_not_packed() {
    let dir = closed_run(20);
    let refused = |arguments: &str, status: i32, what: &str| {
        let outcome = dir
            .replay(&format!("archive {arguments}"))
            .run()
            .expect(status);
        assert!(
            outcome.stderr.contains(what),
            "{arguments}: {}",
            outcome.stderr
        );
        assert!(!dir.path("a.tar.zst").exists(), "{arguments}");
        assert!(!dir.list(".").iter().any(|name| name.ends_with(".tmp")));
    };
    refused("results -o a.tar.zst", 2, "--workload");
    refused("results --workload nowhere -o a.tar.zst", 2, "nowhere");
    refused("nowhere --workload w.wlc -o a.tar.zst", 2, "not closed");
    refused("results --workload w.wlc -o results", 2, "no regular file");
    compile(&dir, "other", &chat_spec(19, "1"), "");
    refused(
        "results --workload other.wlc -o a.tar.zst",
        2,
        "fired another workload",
    );
    let mut damaged = dir.read("w.wlc");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    dir.write("damaged.wlc", damaged);
    refused(
        "results --workload damaged.wlc -o a.tar.zst",
        2,
        "damaged.wlc",
    );
    let summary = dir.read("results/summary.json");
    dir.write("results/summary.json", [&summary[..], b" "].concat());
    refused(
        "results --workload w.wlc -o a.tar.zst",
        1,
        "is not what the files give",
    );
    // The control: as it was, it is packed.
    dir.write("results/summary.json", summary);
    dir.replay("archive results --workload w.wlc -o a.tar.zst")
        .run()
        .ok();
}
