//! Every request is sent exactly once, by however many workers: all golden workloads that are over
//! soon at full speed.

use crate::fired::Fired;
use crate::lines::number;
use crate::support::{dir, root};
use mock_llm::{Arrival, Config, Server};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::LazyLock;

/// Most requests of a workload that is fired here.
const MAX_REQUESTS: usize = 300;
/// The longest that delays, pauses between stages and the like may add up to, in ns: no speed
/// shortens them.
const MAX_WAITS_NS: u64 = 4_000_000_000;
/// The schedule is compressed to this, in s.
const FIRED_WITHIN_S: f64 = 0.2;

struct Workload {
    name: String,
    bytes: Vec<u8>,
    lines: Vec<Value>,
    speed: f64,
}

static WORKLOADS: LazyLock<Vec<Workload>> = LazyLock::new(|| {
    let entries = std::fs::read_dir(root().join("tests/golden")).expect("tests/golden");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut specs: Vec<PathBuf> = files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    specs.sort_unstable();
    specs.into_iter().filter_map(cheap).collect()
});

/// Compiles a spec; `None` if it takes too long to fire.
fn cheap(spec: PathBuf) -> Option<Workload> {
    let dir = dir();
    let compiled = dir.wlc("compile -o w.wlc --json").arg(&spec).run().json();
    if number(&compiled, "requests") as usize > MAX_REQUESTS {
        return None;
    }
    let lines = dir
        .wlc("inspect w.wlc --requests --json --bodies")
        .run()
        .json_lines();
    let summary = dir.wlc("inspect w.wlc --json").run().json();
    if waits_ns(&lines, &summary) > MAX_WAITS_NS {
        return None;
    }
    let last_ns = lines.iter().filter_map(|line| line["at_ns"].as_u64()).max();
    let speed = (last_ns.unwrap_or(0) as f64 / 1e9 / FIRED_WITHIN_S).max(1.0);
    Some(Workload {
        name: spec.display().to_string(),
        bytes: dir.read("w.wlc"),
        lines,
        speed,
    })
}

/// The longest chain of delays of each stage, and the pauses between stages.
fn waits_ns(lines: &[Value], summary: &Value) -> u64 {
    let mut chains: Vec<u64> = Vec::new();
    for line in lines {
        let before = line["after"]["request"].as_u64();
        let before = before.map_or(0, |request| chains[request as usize]);
        chains.push(before + line["after"]["delay_ns"].as_u64().unwrap_or(0));
    }
    let stages = summary["stages"].as_array().expect("a list");
    let waiting = stages
        .iter()
        .filter(|stage| stage["after_previous"] == true);
    let pauses: u64 = waiting.map(|stage| number(stage, "start_ns")).sum();
    // Chains of one stage after the other.
    chains.into_iter().max().unwrap_or(0) * stages.len() as u64 + pauses
}

/// Fires every workload; gives how many were fired.
#[track_caller]
fn fire_all(workers: usize) -> usize {
    let mut fired = 0;
    for workload in WORKLOADS.iter() {
        // Some ask for very long answers.
        let config = Config {
            tokens: Some(2),
            ..Config::default()
        };
        let mut server = Server::start(config).expect("a free port");
        let dir = dir();
        dir.write("w.wlc", &workload.bytes);
        let command = format!(
            "run w.wlc --url http://{} --out results --workers {workers} --speed {} \
             --on-turn-failure continue --connections 4",
            server.addr(),
            workload.speed
        );
        let outcome = dir.replay(&command).run();
        let name = &workload.name;
        if outcome.status == Some(2) && workers > 1 {
            // Some cannot be shared out; they say so instead of sending anything twice or never.
            assert!(
                outcome.stderr.contains("use --workers"),
                "{name}: {}",
                outcome.stderr
            );
            assert_eq!(server.arrivals().len(), 0);
            continue;
        }
        outcome.ok();
        let run = Fired::read(&dir, workload.lines.clone());
        server.stop();
        let arrivals = server.arrivals();
        assert_eq!(run.accounted("not_sent"), 0, "{name}");
        assert_eq!(arrivals.len(), workload.lines.len(), "{name}");
        assert_bodies_once(&run, &arrivals, name);
        fired += 1;
    }
    fired
}

/// As many of each body as the workload has: some workloads say the same more than once.
#[track_caller]
fn assert_bodies_once(run: &Fired, arrivals: &[Arrival], name: &str) {
    let mut arrived: Vec<&str> = arrivals
        .iter()
        .map(|arrival| arrival.body_sha256.as_deref().expect("a whole body"))
        .collect();
    let mut sent: Vec<String> = run.sent_hashes().collect();
    arrived.sort_unstable();
    sent.sort_unstable();
    assert_eq!(arrived, sent, "{name}");
}

#[test]
fn one_worker_sends_every_request_of_every_workload_once() {
    // Alone it can fire everything.
    assert_eq!(fire_all(1), WORKLOADS.len());
}

#[test]
fn two_workers_send_every_request_of_every_workload_once() {
    assert!(fire_all(2) > 30);
}

#[test]
fn three_workers_send_every_request_of_every_workload_once() {
    assert!(fire_all(3) > 30);
}

#[test]
fn four_workers_send_every_request_of_every_workload_once() {
    assert!(fire_all(4) > 30);
}
