//! What is sent is what the workload says, when it says so: judged by the server's own log.

use crate::support::{Run, chat_spec, lateness_ns, median, server};
use harness::sha256_hex;
use mock_llm::Server;

/// Generous: the machine that runs the tests does other things too.
const SANE_MEDIAN_NS: u64 = 50_000_000;

const PLAIN: &str = "\
seed: 4
api: {type: completion, streaming: false}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(1, 200)', output_distribution: 'uniform(1, 20)'}
load: {type: poisson, stages: [{rate: 150, duration: 1}, {rate: 50, duration: 1}]}
";

fn url(server: &Server) -> String {
    format!("http://{}", server.addr())
}

/// Every body of the workload arrived, byte for byte and once, never before its time.
/// Gives how late, in the median.
#[track_caller]
fn assert_arrived(run: &Run, server: &Server, speed: f64) -> u64 {
    let arrivals = server.arrivals();
    let sorted = |mut hashes: Vec<String>| {
        hashes.sort_unstable();
        hashes
    };
    let sent = run.workload.iter().map(|request| sha256_hex(&request.body));
    let arrived = arrivals
        .iter()
        .filter_map(|arrival| arrival.body_sha256.clone());
    assert_eq!(
        sorted(arrived.collect()),
        sorted(sent.collect()),
        "bodies, as a multiset"
    );
    median(&lateness_ns(run.schedule(speed), run.t0_ns(), &arrivals))
}

#[test]
fn a_streamed_chat_load_arrives_byte_for_byte_and_on_schedule() {
    let mut server = server(2, 1);
    let run = Run::new(&chat_spec(150, "2"), &url(&server), "");
    server.stop();
    run.assert_all_ok();
    let late_ns = assert_arrived(&run, &server, 1.0);
    assert!(late_ns < SANE_MEDIAN_NS, "median lateness {late_ns} ns");
    let first = &server.arrivals()[0];
    assert_eq!(first.path, "/v1/chat/completions");
    assert_eq!(
        (first.stream, first.model.as_deref()),
        (Some(true), Some("m"))
    );
    assert!(!first.authorization);
}

#[test]
fn a_load_that_is_not_streamed_arrives_too() {
    let mut server = server(2, 0);
    let run = Run::new(PLAIN, &url(&server), "");
    server.stop();
    run.assert_all_ok();
    assert_arrived(&run, &server, 1.0);
    for record in &run.records {
        assert_eq!(record["token_times"], serde_json::Value::Null);
        assert_eq!(record["first_token_ns"], serde_json::Value::Null);
        assert_eq!(record["usage_input"], record["input_tokens"]);
        assert_eq!(record["usage_output"], record["output_tokens"]);
    }
}

#[test]
fn several_workers_share_the_load_and_send_it_once() {
    let mut server = server(2, 0);
    let run = Run::new(PLAIN, &url(&server), "--workers 3");
    server.stop();
    run.assert_all_ok();
    assert_arrived(&run, &server, 1.0);
    for worker in 0..3 {
        assert!(
            run.count("worker", worker) > 0,
            "worker {worker} sent nothing"
        );
    }
}

#[test]
fn speed_divides_the_schedule() {
    let mut server = server(0, 0);
    let run = Run::new(&chat_spec(50, "10"), &url(&server), "--speed 10");
    server.stop();
    run.assert_all_ok();
    assert_arrived(&run, &server, 10.0);
    for (record, request) in run.records.iter().zip(&run.workload) {
        let scheduled = record["scheduled_ns"].as_u64().expect("a time");
        assert_eq!(scheduled, (request.at_ns as f64 / 10.0).round() as u64);
    }
    assert_eq!(run.run["effective"]["speed"], 10.0);
}

#[test]
fn a_burst_at_one_moment_is_sent_whole() {
    let mut server = server(5, 0);
    // 300 requests in 3 ms: more than one connection, more than one burst.
    let run = Run::new(&chat_spec(100_000, "3ms"), &url(&server), "");
    server.stop();
    assert_eq!(run.workload.len(), 300);
    run.assert_all_ok();
    assert_arrived(&run, &server, 1.0);
}

#[test]
fn summary_report_and_stdout_agree() {
    let server = server(1, 0);
    let run = Run::new(&chat_spec(50, "1"), &url(&server), "--json");
    run.assert_all_ok();
    let printed: serde_json::Value = serde_json::from_str(&run.outcome.stdout).expect("JSON");
    assert_eq!(printed, run.summary);
    let report = run.dir.replay("report results --format json").run().json();
    assert_eq!(report, run.summary);
    for key in [
        "count",
        "schedule_delay",
        "send_duration",
        "requested_rate",
        "achieved_rate",
    ] {
        assert!(!run.summary["load_summary"][key].is_null(), "{key}");
    }
    let text = run.dir.replay("report results --format text").run().ok();
    assert!(
        text.stdout.contains("50 scheduled: 50 sent"),
        "{}",
        text.stdout
    );
    run.dir.replay("report results -o report.txt").run().ok();
    assert_eq!(
        String::from_utf8(run.dir.read("report.txt")).expect("text"),
        text.stdout
    );
}

#[test]
fn results_go_to_a_fresh_directory_when_none_is_named() {
    let server = server(0, 0);
    let dir = crate::support::dir();
    let compiled = crate::support::compile(&dir, "w", &chat_spec(20, "1"), "");
    let hash = compiled["content_hash"].as_str().expect("a hash")[..12].to_owned();
    for number in 1..=2 {
        let call = dir.replay(&format!("run w.wlc --speed 20 --url {}", url(&server)));
        let outcome = call.run().ok();
        let name = format!("out/{hash}-{number}");
        assert!(outcome.stderr.contains(&name), "{}", outcome.stderr);
        let files = ["bundle.json", "records.wlr", "run.json", "summary.json"];
        assert_eq!(dir.list(&name), files);
    }
}
