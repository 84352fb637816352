//! `run.json` of this format, of the one before, and of one that nobody knows yet.

use crate::fixture::info;
use replay::analysis::verdict::Thresholds;
use replay::run_info::{Origin, RUN_FILE, RunInfo, ThreadInfo, ThreadUse};
use serde_json::{Value, json};

/// Reads a description as it would stand in a result directory.
fn read(run: &Value) -> Result<RunInfo, String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(RUN_FILE), run.to_string()).unwrap();
    RunInfo::read(directory.path()).map_err(|error| format!("{error:#}"))
}

/// One with something in all that format 2 has brought.
fn second() -> RunInfo {
    let mut info = info();
    info.command = vec!["replay".into(), "run".into()];
    info.populations = vec!["one".into()];
    info.slos = vec!["ttft=1s".parse().unwrap()];
    info.origins.slos = Origin::Flag;
    info.thresholds = info.thresholds.with(&["steal_note=0.5".parse().unwrap()]);
    info.effective.requests = Some(7);
    info.threads = vec![ThreadInfo {
        worker: 0,
        cpu: None,
        fifo_priority: None,
        timer_slack_ns: Some(1),
        spin_ns: 0,
        refused: vec![],
        used: Some(ThreadUse {
            cpu_ns: 1,
            spun_ns: 0,
            run_queue_ns: 2,
            voluntary_switches: 3,
            involuntary_switches: 4,
        }),
    }];
    info
}

/// Takes keys away from the object at a place.
fn without(run: &mut Value, place: &str, keys: &[&str]) {
    let object = run
        .pointer_mut(place)
        .and_then(Value::as_object_mut)
        .unwrap();
    for key in keys {
        object
            .remove(*key)
            .unwrap_or_else(|| panic!("{place} has no {key}"));
    }
}

#[test]
fn what_is_written_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    second().write(directory.path()).unwrap();
    assert_eq!(RunInfo::read(directory.path()).unwrap(), second());
}

#[test]
fn a_run_of_format_1_is_read_as_it_was_meant() {
    let mut run = serde_json::to_value(second()).unwrap();
    run["format"] = json!(1);
    without(
        &mut run,
        "",
        &["command", "populations", "slos", "thresholds"],
    );
    without(&mut run, "/workload", &["seed", "spec"]);
    without(&mut run, "/origins", &["slos"]);
    without(&mut run, "/effective", &["requests"]);
    without(&mut run, "/requested", &["requests"]);
    without(&mut run, "/threads/0", &["used"]);
    without(&mut run, "/end", &["cut_short", "steal_ns"]);
    let read = read(&run).unwrap();
    let mut expected = info();
    (expected.format, expected.threads) = (1, second().threads);
    expected.threads[0].used = None;
    expected.workload.seed = None;
    let end = expected.end.as_mut().unwrap();
    end.steal_ns = None;
    assert_eq!(read, expected);
    assert_eq!(read.thresholds, Thresholds::default());
}

#[test]
fn a_run_that_did_not_count_what_it_spun_is_read() {
    let mut run = serde_json::to_value(second()).unwrap();
    run["threads"][0]["used"]["spun_ns"] = json!(5);
    assert_eq!(read(&run).unwrap().threads[0].used.unwrap().spun_ns, 5);
    without(&mut run, "/threads/0/used", &["spun_ns"]);
    assert_eq!(read(&run).unwrap(), second());
}

#[test]
fn what_format_1_had_may_not_be_missing() {
    let mut run = serde_json::to_value(second()).unwrap();
    without(&mut run, "/workload", &["content_hash"]);
    let told = read(&run).unwrap_err();
    assert!(told.contains("not a run description"), "{told}");
}

#[test]
fn formats_that_are_not_known_are_refused_with_the_file_and_a_way_out() {
    for format in [json!(0), json!(3), json!(null)] {
        let mut run = serde_json::to_value(second()).unwrap();
        run["format"] = format.clone();
        let told = read(&run).unwrap_err();
        assert!(told.contains("run.json: "), "{told}");
        if let Some(number) = format.as_u64() {
            let part = format!("format {number} is not of 1 to 2");
            assert!(told.contains(&part), "{told}");
            assert!(told.contains("use the version that wrote it"), "{told}");
        }
    }
}
