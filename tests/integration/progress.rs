//! What is said while a run goes on: on stderr, and nowhere else.

use crate::support::{Run, chat_spec, server};
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
