//! The demo: the whole way once, again beside the first, and stopped half-way.

use crate::support::{chat_spec, dir};
use harness::{Dir, Outcome};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// A directory that the demo takes for the root of a clone, with a load of its own.
fn clone(duration: &str) -> Dir {
    let dir = dir();
    dir.write("examples/demo.yaml", chat_spec(50, duration));
    dir
}

/// Where the demo's server listened; it must be gone.
#[track_caller]
fn assert_server_is_gone(outcome: &Outcome) {
    let address = outcome
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("listening on http://"));
    let address = address.expect("it says where the server listens");
    assert!(
        TcpStream::connect(address).is_err(),
        "the server still listens on {address}"
    );
}

#[test]
fn the_demo_shows_each_command_and_keeps_earlier_results() {
    let dir = clone("1");
    for run in ["run-1", "run-2"] {
        let outcome = dir.demo().run().ok();
        for part in [
            "$ wlc compile examples/demo.yaml -o out/demo/demo.wlc\n",
            "$ mock-llm --port 0",
            "$ replay run out/demo/demo.wlc --url http://127.0.0.1:",
            "50 scheduled: 50 sent",
            run,
        ] {
            assert!(
                outcome.stdout.contains(part),
                "no {part:?} in {}",
                outcome.stdout
            );
        }
        assert_server_is_gone(&outcome);
        assert_eq!(
            dir.list(&format!("out/demo/{run}")),
            ["bundle.json", "records.wlr", "run.json", "summary.json"]
        );
    }
    assert_eq!(dir.list("out/demo"), ["demo.wlc", "run-1", "run-2"]);
}

#[test]
fn a_step_that_fails_ends_the_demo_with_its_status() {
    let dir = dir();
    dir.write("examples/demo.yaml", "seed: x");
    let outcome = dir.demo().run().expect(2);
    assert!(
        outcome.stderr.contains("examples/demo.yaml:1:"),
        "{}",
        outcome.stderr
    );
    assert_eq!(dir.list("out/demo"), [""; 0]);
}

#[test]
fn ctrl_c_stops_the_run_the_server_and_the_demo() {
    let dir = clone("60");
    let running = dir.demo().start();
    await_file(&dir.path("out/demo/run-1/run.json"));
    std::thread::sleep(Duration::from_millis(300));
    running.interrupt();
    let outcome = running.wait().expect(130);
    assert!(
        outcome.stdout.contains("3000 scheduled"),
        "the summary is printed: {}",
        outcome.stdout
    );
    assert_server_is_gone(&outcome);
    assert_eq!(
        dir.json("out/demo/run-1/run.json")["end"]["interrupted"],
        true
    );
}

#[track_caller]
fn await_file(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !path.exists() {
        assert!(Instant::now() < deadline, "{} never came", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_unknown_program_is_wrong_usage() {
    let dir = dir();
    let outcome = dir.demo().arg("wcl").run().expect(2);
    assert!(outcome.stderr.contains("usage: demo"), "{}", outcome.stderr);
    dir.demo().arg("--help").run().ok();
}
