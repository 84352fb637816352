//! Users who stop a run, and a run that is killed: what was under way, what is on disk, and that
//! every request is accounted for.

use crate::support::{Run, await_arrivals, chat_spec, compile, dir, requests, server};
use harness::{Dir, sha256_hex};
use mock_llm::Arrival;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

fn api(load: &str) -> String {
    format!(
        "seed: 3\napi: {{type: chat, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: '5', output_distribution: '4'}}\n{load}"
    )
}

fn has_reason(summary: &Value, check: &str) -> bool {
    let reasons = summary["verdict"]["reasons"].as_array();
    reasons.is_some_and(|reasons| reasons.iter().any(|reason| reason["check"] == check))
}

/// Everything says that the user stopped the run.
#[track_caller]
fn assert_interrupted(run: &Run) {
    assert_eq!(run.outcome.status, Some(130), "{}", run.outcome.stderr);
    run.assert_accounted();
    assert_eq!(run.run["end"]["interrupted"], true);
    assert!(has_reason(&run.summary, "interrupted"), "{}", run.summary);
    assert_eq!(run.summary["verdict"]["verdict"], "INVALID");
    for record in &run.records {
        if record["outcome"] == "not_sent" {
            assert_eq!(record["error_class"], "interrupted", "{record}");
        }
    }
}

#[test]
fn one_ctrl_c_sends_no_more_and_waits_for_every_answer_whatever_the_load() {
    let loads = [
        (
            "load: {type: constant, stages: [{rate: 50, duration: 60}]}\n",
            "",
        ),
        (
            "load: {type: concurrent, stages: [{num_requests: 3000, concurrency_level: 8}]}\n",
            "",
        ),
        (
            "load: {type: users, stages: [{users: 8, num_requests: 3000, think_time: 20ms}]}\n",
            "--workers 2",
        ),
        (
            "sessions: {turns: 4, delay: 10ms, history: live}\n\
             load: {type: constant, stages: [{rate: 20, duration: 60}]}\n",
            "--http2",
        ),
    ];
    for (load, flags) in loads {
        let dir = dir();
        compile(&dir, "w", &api(load), "");
        // Long enough for some to be under way.
        let mut server = server(400, 5);
        let url = format!("http://{}", server.addr());
        let running = dir
            .replay(&format!(
                "run w.wlc --url {url} --out results --json {flags}"
            ))
            .start();
        await_arrivals(12, || server.arrivals().len());
        running.interrupt();
        let outcome = running.wait();
        server.stop();
        let summary: Value = serde_json::from_str(&outcome.stdout).expect("one object");
        assert!(outcome.stderr.contains("stopping: "), "{}", outcome.stderr);
        let run = Run::read(dir, Vec::new(), outcome);
        assert_eq!(run.summary, summary, "it is printed, too");
        assert_eq!(run.outcome.status, Some(130), "{}", run.outcome.stderr);
        let arrivals = server.arrivals();
        assert_eq!(run.count("outcome", "ok"), arrivals.len(), "{load}");
        assert_eq!(
            run.count("error_class", "interrupted"),
            run.count("outcome", "not_sent")
        );
        let count = |key: &str| run.summary["accounting"][key].as_u64().expect(key);
        assert_eq!(count("unaccounted"), 0, "{load}");
        assert_eq!(count("scheduled") as usize, run.records.len(), "{load}");
        assert_eq!(
            count("scheduled"),
            count("ok") + count("not_sent"),
            "{load}"
        );
        assert!(has_reason(&run.summary, "interrupted"), "{load}");
        assert!(arrivals.iter().all(|a| a.answered_ns.is_some()), "{load}");
    }
}

/// Starts a load at a server that does not answer within an hour, and waits for ten requests.
fn unanswered(flags: &str, stop: impl FnOnce(&harness::Running)) -> (Run, Duration) {
    let dir = dir();
    let workload = requests(&dir, "w", &chat_spec(50, "60"), "");
    let server = server(3_600_000, 0);
    let url = format!("http://{}", server.addr());
    let running = dir
        .replay(&format!("run w.wlc --url {url} --out results {flags}"))
        .start();
    await_arrivals(10, || server.arrivals().len());
    let begun = Instant::now();
    stop(&running);
    let outcome = running.wait();
    let took = begun.elapsed();
    (Run::read(dir, workload, outcome), took)
}

#[test]
fn answers_are_waited_for_until_grace_is_over_and_no_longer() {
    let (run, took) = unanswered("--grace 700ms", |running| running.interrupt());
    assert_interrupted(&run);
    assert!(took >= Duration::from_millis(700), "gave up after {took:?}");
    let given_up = run.count("outcome", "error");
    assert!(given_up >= 10);
    assert_eq!(run.count("error_class", "interrupted"), run.workload.len());
    assert!(run.outcome.stderr.contains("waiting up to 700ms"));
    for record in run.records.iter().filter(|r| r["outcome"] == "error") {
        let times = ["sent_ns", "body_written_ns", "end_ns"].map(|key| record[key].as_u64());
        assert!(
            times.iter().all(Option::is_some) && times.is_sorted(),
            "{record}"
        );
    }
}

#[test]
fn a_second_ctrl_c_stops_at_once_however_long_the_grace() {
    let (run, took) = unanswered("--grace 30m", |running| {
        running.interrupt();
        // Two presses in one look at them would be one stop, and that the right one; here the
        // first is seen before the second.
        std::thread::sleep(Duration::from_millis(500));
        running.interrupt();
    });
    assert_interrupted(&run);
    assert!(took < MINUTE, "it waited for {took:?}");
    assert!(
        run.outcome.stderr.contains("stopping now"),
        "{}",
        run.outcome.stderr
    );
    assert_eq!(run.count("error_class", "interrupted"), run.workload.len());
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A run that was killed.
struct Killed {
    dir: Dir,
    /// SHA-256 of each body.
    hashes: Vec<String>,
    /// What the server saw.
    arrivals: Vec<Arrival>,
    records: Vec<Value>,
    /// When, on the server's clock.
    killed_ns: u64,
}

/// Kills a run of `spec` with these flags after `arrivals` requests have arrived and `more` has
/// passed.
fn kill(spec: &str, flags: &str, arrivals: usize, more: Duration) -> Killed {
    let dir = dir();
    let workload = requests(&dir, "w", spec, "");
    let mut server = server(2, 1);
    let url = format!("http://{}", server.addr());
    let running = dir
        .replay(&format!("run w.wlc --url {url} --out results {flags}"))
        .start();
    await_arrivals(arrivals, || server.arrivals().len());
    std::thread::sleep(more);
    let killed_ns = now_ns();
    running.kill();
    assert_eq!(running.wait().status, None, "a signal ended it");
    server.stop();
    let report = dir.replay("report results --format jsonl").run();
    Killed {
        hashes: workload.iter().map(|r| sha256_hex(&r.body)).collect(),
        arrivals: server.arrivals(),
        records: report.json_lines(),
        killed_ns,
        dir,
    }
}

impl Killed {
    /// Every request that was answered a second before the kill has its record, and none has two.
    #[track_caller]
    fn assert_kept(&self, least: usize) {
        let index = |record: &Value| record["index"].as_u64().expect("an index") as usize;
        let all: HashSet<usize> = self.records.iter().map(index).collect();
        assert_eq!(all.len(), self.records.len(), "a request has two records");
        let ok = self.records.iter().filter(|r| r["outcome"] == "ok");
        // Short bodies may be equal, so they are counted.
        let mut kept: HashMap<&str, usize> = HashMap::new();
        for record in ok {
            *kept.entry(&self.hashes[index(record)]).or_default() += 1;
        }
        let before = |ns: Option<u64>| ns.is_some_and(|ns| ns + 1_000_000_000 < self.killed_ns);
        let answered = self.arrivals.iter().filter(|a| before(a.answered_ns));
        let mut count = 0;
        for arrival in answered {
            let hash = arrival.body_sha256.as_deref().expect("it was answered");
            let left = kept.get_mut(hash).filter(|left| **left > 0);
            *left.unwrap_or_else(|| panic!("no record of {arrival:?}")) -= 1;
            count += 1;
        }
        assert!(
            count >= least,
            "{count} answers in time: the test is of no use"
        );
    }
}

#[test]
fn a_killed_run_has_lost_at_most_its_last_second_however_many_workers_it_had() {
    for workers in [1, 3] {
        let flags = format!("--workers {workers}");
        let killed = kill(&chat_spec(100, "60"), &flags, 250, Duration::ZERO);
        killed.assert_kept(100);
        let records = &killed.records;
        let of: HashSet<u64> = records
            .iter()
            .filter_map(|r| r["worker"].as_u64())
            .collect();
        assert_eq!(of, (0..workers).collect(), "each has left records");
        let report = |format: &str| killed.dir.replay(&format!("report results {format}")).run();
        let summary = report("--format json").json();
        let count = |key: &str| summary["accounting"][key].as_u64().expect(key);
        assert_eq!(count("scheduled"), 6000);
        assert_eq!(count("sent") as usize, records.len());
        assert_eq!(
            count("scheduled"),
            count("sent") + count("not_sent") + count("missing")
        );
        assert!(count("missing") > 5000);
        assert_eq!(summary["verdict"]["verdict"], "INVALID");
        for check in ["truncated", "not_finished", "unaccounted"] {
            assert!(has_reason(&summary, check), "{check}: {summary}");
        }
        assert_eq!(killed.dir.json("results/run.json")["end"], Value::Null);
        let text = report("").ok().stdout;
        assert!(text.contains("cut off"), "{text}");
    }
}

#[test]
fn records_are_on_disk_within_a_second_also_when_nothing_else_happens() {
    // Twenty requests, and the next one after a minute or more.
    let spec = chat_spec(100, "200ms").replace("}]}", "}, {rate: 0.01, duration: 300}]}");
    for flags in ["", "--workers 2"] {
        kill(&spec, flags, 20, Duration::from_millis(1_500)).assert_kept(20);
    }
}
