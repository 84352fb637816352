//! What is said while a run goes on: on stderr, and nowhere else.

use crate::support::{Run, await_arrivals, chat_spec, compile, dir, server};
use harness::Outcome;
use serde_json::Value;

fn run(flags: &str) -> Run {
    let server = server(1, 1);
    let url = format!("http://{}", server.addr());
    let run = Run::new(&chat_spec(50, "600ms"), &url, flags);
    run.assert_all_ok();
    run
}

fn is_progress(line: &str) -> bool {
    line.contains("  sent ") && line.contains(" req/s") && line.contains("in flight")
}

#[test]
fn without_a_terminal_progress_is_a_line_on_stderr_and_no_control_character() {
    let run = run("");
    let stderr = &run.outcome.stderr;
    // Every five seconds, so once in a run this short.
    let lines: Vec<&str> = stderr.lines().filter(|line| is_progress(line)).collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    assert!(lines[0].contains("/30"), "of all requests: {}", lines[0]);
    for text in [stderr, &run.outcome.stdout] {
        assert!(!text.contains(['\x1b', '\r']), "{text:?}");
    }
    assert!(!run.outcome.stdout.lines().any(is_progress));
}

/// What takes the place of the line before, and does not let the terminal wrap.
const LIVE: &str = "\r\x1b[K\x1b[?7l";
const WRAP_AGAIN: &str = "\x1b[?7h";

/// A run at a terminal: stderr is what was shown there.
fn run_on_terminal(flags: &str) -> Outcome {
    let server = server(1, 1);
    let dir = dir();
    compile(&dir, "w", &chat_spec(30, "2"), "");
    let url = format!("http://{}", server.addr());
    let call = format!("run w.wlc --url {url} --out results {flags}");
    dir.replay(&call).on_terminal().run().ok()
}

/// How many requests a progress line says were sent.
#[track_caller]
fn sent_of(line: &str, total: &str) -> u32 {
    let (_, sent) = line.split_once("  sent ").expect("what was sent");
    let (sent, _) = sent.split_once(total).expect("of all requests");
    sent.parse().expect("a number")
}

#[test]
fn on_a_terminal_progress_is_one_line_that_is_written_anew() {
    let outcome = run_on_terminal("");
    let shown = &outcome.stderr;
    let mut lives = shown.split(LIVE);
    assert_eq!(
        lives.next(),
        Some(""),
        "nothing stands before it: {shown:?}"
    );
    let (mut sent, mut behind) = (Vec::new(), "");
    for live in lives {
        assert_eq!(behind, "", "nothing stands between: {shown:?}");
        let line;
        (line, behind) = live
            .split_once(WRAP_AGAIN)
            .expect("the terminal wraps again");
        assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        if is_progress(line) {
            sent.push(sent_of(line, "/60 "));
        }
    }
    // Five times a second, or less if the machine is busy.
    assert!(sent.is_sorted(), "{sent:?}");
    assert!(sent.first() < sent.last(), "{sent:?}");
    // It is left, not overwritten.
    assert_eq!(behind, "\r\nresults: results\r\n", "{shown:?}");
    assert!(
        !outcome.stdout.contains(['\x1b', '\r']),
        "stdout is no terminal"
    );
}

#[test]
fn on_a_terminal_too_quiet_says_where_the_results_are_and_nothing_else() {
    assert_eq!(run_on_terminal("--quiet").stderr, "results: results\r\n");
}

#[test]
fn on_a_terminal_ctrl_c_is_answered_on_a_line_of_its_own() {
    let server = server(1, 1);
    let dir = dir();
    compile(&dir, "w", &chat_spec(50, "60"), "");
    let url = format!("http://{}", server.addr());
    let call = format!("run w.wlc --url {url} --out results");
    let running = dir.replay(&call).on_terminal().start();
    await_arrivals(20, || server.arrivals().len());
    running.interrupt();
    let shown = running.wait().expect(130).stderr;
    let (before, after) = shown.split_once("stopping: ").expect("it is answered");
    assert!(
        before.ends_with("\r\x1b[K"),
        "the live line is wiped: {shown:?}"
    );
    let (_, after) = after.split_once("\r\n").expect("a line of its own");
    assert!(after.starts_with(LIVE), "{shown:?}");
}

#[test]
fn quiet_says_where_the_results_are_and_nothing_else() {
    assert_eq!(run("--quiet").outcome.stderr, "results: results\n");
}

#[test]
fn json_on_stdout_stands_alone() {
    for flags in ["--json", "--json --quiet"] {
        let run = run(flags);
        let printed: Value = serde_json::from_str(&run.outcome.stdout).expect("one object");
        assert_eq!(printed, run.summary, "{flags}");
    }
}
