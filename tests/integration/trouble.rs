//! Servers that fail and users who stop: every request stays accounted for, and what was
//! recorded is on disk.

use crate::support::{Run, await_arrivals, chat_spec, dir, requests, server};
use harness::ServerProcess;
use serde_json::Value;

#[test]
fn an_error_status_is_an_error_with_its_status() {
    let server = server(0, 0);
    let url = format!("http://{}/wrong/base", server.addr());
    let run = Run::new(&chat_spec(40, "500ms"), &url, "");
    run.assert_accounted();
    assert_eq!(run.count("outcome", "error"), 20);
    assert_eq!(run.count("error_class", "status"), 20);
    assert_eq!(run.count("http_status", 404), 20);
    assert_eq!(run.summary["accounting"]["errors_by_class"]["status"], 20);
    assert_eq!(server.arrivals()[0].path, "/wrong/base/v1/chat/completions");
}

#[test]
fn a_server_that_dies_ends_the_run_with_every_request_accounted_for() {
    let dir = dir();
    let workload = requests(&dir, "w", &chat_spec(100, "2"), "");
    let mut server = ServerProcess::start(dir.program(), &["--ttft", "20ms", "--itl", "5ms"])
        .expect("the server starts");
    let running = dir
        .replay(&format!("run w.wlc --url {} --out results", server.url()))
        .start();
    await_arrivals(50, || {
        server.arrivals().map_or(0, |arrivals| arrivals.len())
    });
    server.kill();
    let run = Run::read(dir, workload, running.wait());
    assert_eq!(run.outcome.status, Some(0), "{}", run.outcome.stderr);
    run.assert_accounted();
    let ok = run.count("outcome", "ok");
    assert!((1..200).contains(&ok), "{ok} requests ended well");
    assert!(run.count("outcome", "error") > 0, "some were cut off");
    assert!(
        run.count("outcome", "not_sent") > 0,
        "later ones found no server"
    );
    for record in run
        .records
        .iter()
        .filter(|record| record["outcome"] == "not_sent")
    {
        assert_eq!(record["sent_ns"], Value::Null);
        assert_eq!(record["error_class"], "connect", "{record}");
    }
    assert_eq!(run.records[199]["outcome"], "not_sent");
    assert_ne!(run.summary["verdict"]["verdict"], "VALID");
}

#[test]
fn a_server_that_stops_half_way_through_a_stream_leaves_an_error() {
    let dir = dir();
    let spec = chat_spec(20, "500ms").replace("uniform(1, 20)", "200");
    let workload = requests(&dir, "w", &spec, "");
    let mut server =
        ServerProcess::start(dir.program(), &["--itl", "20ms"]).expect("the server starts");
    let running = dir
        .replay(&format!("run w.wlc --url {} --out results", server.url()))
        .start();
    await_arrivals(10, || {
        server.arrivals().map_or(0, |arrivals| arrivals.len())
    });
    std::thread::sleep(std::time::Duration::from_millis(300));
    server.kill();
    let run = Run::read(dir, workload, running.wait());
    run.assert_accounted();
    assert_eq!(run.count("outcome", "error"), 10);
    for record in &run.records {
        let tokens = record["token_times"].as_array().expect("a list").len();
        assert!((1..200).contains(&tokens), "{tokens} tokens before the end");
        // Its end, or what it says to bytes that it had not read.
        let class = record["error_class"].as_str().expect("a class");
        assert!(["cut_short", "reset"].contains(&class), "{record}");
    }
}

#[test]
fn ctrl_c_saves_and_reports_what_was_recorded() {
    let dir = dir();
    let workload = requests(&dir, "w", &chat_spec(50, "60"), "");
    let server = server(5, 1);
    let url = format!("http://{}", server.addr());
    let running = dir
        .replay(&format!("run w.wlc --url {url} --out results"))
        .start();
    await_arrivals(20, || server.arrivals().len());
    running.interrupt();
    let run = Run::read(dir, workload, running.wait());
    assert_eq!(run.outcome.status, Some(130), "{}", run.outcome.stderr);
    run.assert_accounted();
    assert!(
        run.count("outcome", "ok") >= 19,
        "answers under way are waited for"
    );
    assert_eq!(run.count("outcome", "error"), 0);
    assert!(run.count("outcome", "not_sent") > 2000);
    assert_eq!(
        run.count("error_class", "interrupted"),
        run.count("outcome", "not_sent")
    );
    assert_eq!(run.run["end"]["interrupted"], true);
    assert!(
        run.summary.to_string().contains("interrupted"),
        "{}",
        run.summary["verdict"]
    );
    assert!(
        run.outcome.stdout.contains("scheduled"),
        "the summary is printed"
    );
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_answers() {
    let dir = dir();
    let workload = requests(&dir, "w", &chat_spec(50, "60"), "");
    let server = server(50_000, 0);
    let url = format!("http://{}", server.addr());
    let running = dir
        .replay(&format!("run w.wlc --url {url} --out results"))
        .start();
    await_arrivals(20, || server.arrivals().len());
    running.interrupt();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let second = std::time::Instant::now();
    running.interrupt();
    let outcome = running.wait();
    assert!(
        second.elapsed() < std::time::Duration::from_secs(5),
        "it waited"
    );
    let run = Run::read(dir, workload, outcome);
    assert_eq!(run.outcome.status, Some(130));
    run.assert_accounted();
    assert!(run.count("outcome", "error") >= 20, "sent, and given up");
    assert_eq!(run.count("error_class", "interrupted"), run.workload.len());
}

#[test]
fn a_run_that_cannot_be_described_leaves_no_records_and_can_be_run_once_mended() {
    let dir = dir();
    let workload = requests(&dir, "w", &chat_spec(20, "500ms"), "");
    let mut server = server(0, 0);
    let command = format!("run w.wlc --url http://{} --out results", server.addr());
    std::fs::create_dir_all(dir.path("results/run.json")).expect("a directory");
    let outcome = dir.replay(&command).run().expect(3);
    assert!(outcome.stderr.contains("description"), "{}", outcome.stderr);
    assert_eq!(dir.list("results"), ["run.json"], "{}", outcome.stderr);
    assert_eq!(server.arrivals(), [], "nothing was sent");
    std::fs::remove_dir(dir.path("results/run.json")).expect("still empty");
    let outcome = dir.replay(&command).run();
    server.stop();
    Run::read(dir, workload, outcome).assert_all_ok();
}
