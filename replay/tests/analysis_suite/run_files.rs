//! `run.json` of this format, of those before, and of one that nobody knows yet.

use crate::fixture::info;
use replay::analysis::verdict::Thresholds;
use replay::run_info::{Counters, Origin, RUN_FILE, RunInfo, ThreadInfo, ThreadUse, TlsFacts};
use serde_json::{Value, json};

/// Reads a description as it would stand in a result directory.
fn read(run: &Value) -> Result<RunInfo, String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(RUN_FILE), run.to_string()).unwrap();
    RunInfo::read(directory.path()).map_err(|error| format!("{error:#}"))
}

/// One with something in all that format 3 has brought.
fn third() -> RunInfo {
    let mut info = second();
    let counters = |count| Counters {
        steal_ns: Some(count),
        cpu_stalled_us: Some(count + 1),
        memory_stalled_us: Some(count + 2),
        io_stalled_us: None,
    };
    info.engine.binary_sha256 = Some("ef".repeat(32));
    info.host.virtualisation = Some("hypervisor".into());
    info.counters = counters(10);
    let end = info.end.as_mut().unwrap();
    end.counters = counters(20);
    (end.monotonic_ns, end.unix_ns) = (Some(3), Some(4));
    let target = &mut info.targets[0];
    target.tls = Some(TlsFacts {
        version: "TLSv1.3".into(),
        cipher: "TLS_AES_128_GCM_SHA256".into(),
        alpn: None,
        certificate_sha256: "01".repeat(32),
    });
    target.headers = [("server".into(), "ours".into())].into();
    target.models = Some(vec!["m".into()]);
    target.models_error = Some("not asked".into());
    info
}

/// Takes away what format 3 has brought.
fn without_third(run: &mut Value) {
    without(run, "", &["engine", "counters"]);
    without(run, "/host", &["virtualisation"]);
    without(run, "/end", &["counters", "monotonic_ns", "unix_ns"]);
    without(
        run,
        "/targets/0",
        &["tls", "headers", "models", "models_error"],
    );
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
    third().write(directory.path()).unwrap();
    assert_eq!(RunInfo::read(directory.path()).unwrap(), third());
}

#[test]
fn a_run_of_format_2_is_read_as_it_was_meant() {
    let mut run = serde_json::to_value(third()).unwrap();
    run["format"] = json!(2);
    without_third(&mut run);
    let expected = RunInfo {
        format: 2,
        ..second()
    };
    assert_eq!(read(&run).unwrap(), expected);
    assert_ne!(third(), second(), "there is something to be lost");
}

#[test]
fn a_run_of_format_1_is_read_as_it_was_meant() {
    let mut run = serde_json::to_value(second()).unwrap();
    run["format"] = json!(1);
    without_third(&mut run);
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
    for (format, age) in [
        (json!(0), "too old"),
        (json!(4), "too new"),
        (json!(null), ""),
    ] {
        let mut run = serde_json::to_value(second()).unwrap();
        run["format"] = format.clone();
        let told = read(&run).unwrap_err();
        assert!(told.contains("run.json: "), "{told}");
        if let Some(number) = format.as_u64() {
            let part =
                format!("format {number} is {age} for this program, which reads 1 to 3; use ");
            assert!(told.contains(&part), "{told}");
        }
    }
}
