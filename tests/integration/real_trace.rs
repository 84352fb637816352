//! The published Azure code trace, whole. It is not in the repository: these tests run with
//! `--ignored` and fail where the file is missing. It is looked up in the directory that
//! WLC_TRACES names, or in ../shared/traces beside the clone.

use crate::support::{Run, dir, lateness_ns, median, root, server};
use crate::text::miscounted;
use crate::trace::{azure_rows, compiled_rows, trace_spec};
use harness::{Dir, inspected};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const REQUESTS: usize = 8819;
const FILE: &str = "AzureLLMInferenceTrace_code.csv";

/// One of these tests at a time: encoding 18 million tokens takes every core.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn trace() -> String {
    shared_trace(FILE)
}

/// A published trace, as text.
pub fn shared_trace(file: &str) -> String {
    let directory = std::env::var_os("WLC_TRACES")
        .map_or_else(|| root().join("../shared/traces"), PathBuf::from);
    let path = directory.join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; set WLC_TRACES to the directory with {file}",
            path.display()
        )
    })
}

fn compiled(api: &str) -> Dir {
    let dir = dir();
    dir.write("trace.csv", trace())
        .write("t.yaml", trace_spec(api, Some("vllm")));
    dir.wlc("compile t.yaml -o w.wlc").run().ok();
    dir
}

#[test]
#[ignore = "needs ../shared/traces: run with --ignored"]
fn the_whole_trace_is_compiled_to_the_digit_and_every_prompt_is_exact() {
    let _alone = alone();
    let dir = compiled("{type: chat, streaming: true}");
    let requests = inspected(dir.wlc("inspect w.wlc").limit(Duration::from_secs(300)));
    assert_eq!(requests.len(), REQUESTS);
    assert_eq!(compiled_rows(&requests), azure_rows(&trace()));
    for request in &requests {
        assert_eq!(request.json()["max_tokens"], request.output_tokens);
    }
    assert_eq!(miscounted(&requests), [0; 0]);
}

/// Replays the whole trace and holds the server's log against it.
fn replays_at(speed: u32) {
    let _alone = alone();
    let dir = compiled("{type: completion, streaming: true}");
    let workload = inspected(dir.wlc("inspect w.wlc").limit(Duration::from_secs(300)));
    let mut server = server(0, 0);
    let url = format!("http://{}", server.addr());
    let call = dir.replay(&format!(
        "run w.wlc --url {url} --out results --speed {speed}"
    ));
    let outcome = call.limit(Duration::from_secs(180)).run().ok();
    server.stop();
    let run = Run::read(dir, workload, outcome);
    run.assert_all_ok();
    assert_eq!(run.summary["accounting"]["sent"], REQUESTS);
    assert_eq!(run.summary["usage"]["output_mismatches"], 0);
    let late_ns = lateness_ns(
        run.schedule(f64::from(speed)),
        run.t0_ns(),
        &server.arrivals(),
    );
    let percentile = |share: f64| late_ns[(late_ns.len() as f64 * share) as usize] as f64 / 1e3;
    println!(
        "speed {speed}: verdict {}; arrivals late by {:.0} µs median, {:.0} p90, {:.0} p99, {:.0} max",
        run.summary["verdict"]["verdict"],
        percentile(0.5),
        percentile(0.9),
        percentile(0.99),
        percentile(0.999_999)
    );
    // A build without optimisation cannot keep up with 1,500 requests of 12 kB a second.
    let sane = cfg!(debug_assertions) || median(&late_ns) < 50_000_000;
    assert!(sane, "median lateness {} ns", median(&late_ns));
}

#[test]
#[ignore = "needs ../shared/traces: run with --ignored"]
fn the_whole_trace_is_replayed_in_six_seconds() {
    replays_at(600);
}

#[test]
#[ignore = "needs ../shared/traces, takes a minute: run with --ignored"]
fn the_whole_trace_is_replayed_in_a_minute_on_schedule() {
    replays_at(60);
}
