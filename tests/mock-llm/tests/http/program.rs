//! The program: its ready line, its exit status.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::client::Client;

fn start(args: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mock-llm"))
        .args(args)
        .args(["--shutdown-after", "60s"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    (child, stdout, line)
}

#[test]
fn it_says_where_it_listens_and_stops_when_told() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut child, mut stdout, line) = start(&["--port", "0", "--workers", "2"]);
        let ready: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
        let addr = ready["listening"]
            .as_str()
            .expect("an address")
            .parse()
            .expect("an address");
        assert_eq!(Client::connect(addr).call("GET", "/health").status, 200);
        kill_process(Pid::from_child(&child), signal).expect("it is ours");
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
        let mut rest = String::new();
        stdout
            .read_to_string(&mut rest)
            .expect("the rest of stdout");
        assert_eq!(rest, "");
    }
}

#[test]
fn wrong_usage_and_a_taken_port_have_their_own_status() {
    let run = |args: &[&str]| {
        let args = std::iter::once("mock-llm")
            .chain(args.iter().copied())
            .map(OsString::from);
        format!("{:?}", mock_llm::run(args))
    };
    let code = |code: u8| format!("{:?}", ExitCode::from(code));
    assert_eq!(run(&["--ttft", "5"]), code(2));
    assert_eq!(run(&["--tokens", "0"]), code(2));
    assert_eq!(run(&["--sampler", "best"]), code(2));
    assert_eq!(run(&["--sampler", "shared", "--tokens", "1"]), code(2));
    assert_eq!(run(&["--help"]), code(0));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port().to_string();
    assert_eq!(run(&["--port", &port]), code(3));
    assert_eq!(run(&["--shutdown-after", "1ms"]), code(0));
}
