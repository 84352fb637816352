//! The programs that are held against each other, each as a process that its users would start.

use crate::Bench;
use harness::{Call, Cost, ServerProcess};
use std::time::Duration;

/// wrk's bounds for how long it is to run.
const SECONDS: std::ops::RangeInclusive<u64> = 1..=120;
/// What wrk is to send; it reads each answer to its end by itself. The request is the same each
/// time, so wrk prepares it once and runs no Lua while it fires.
const WRK_SCRIPT: &str = "\
local file = assert(io.open('body.json', 'rb'))
wrk.method = 'POST'
wrk.headers['content-type'] = 'application/json'
wrk.body = file:read('*a')
file:close()
";

/// A program in a closed loop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Client {
    Replay,
    Oha,
    /// On as many threads as the others.
    OhaOneThread,
    Wrk,
}

impl Client {
    /// In the order in which they take their turns.
    pub const ALL: [Client; 4] = [
        Client::Replay,
        Client::Oha,
        Client::OhaOneThread,
        Client::Wrk,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Client::Replay => "replay",
            Client::Oha => "oha",
            Client::OhaOneThread => "oha (threads: 1)",
            Client::Wrk => "wrk",
        }
    }

    /// The program that it needs beside ours.
    pub fn needs(self) -> Option<&'static str> {
        match self {
            Client::Replay => None,
            Client::Oha | Client::OhaOneThread => Some("oha"),
            Client::Wrk => Some("wrk"),
        }
    }

    /// Runs it to its end. wrk knows no number of requests: it runs for as many whole seconds as
    /// come nearest to `replay_took`.
    pub fn run(self, bench: &Bench, server: &ServerProcess, replay_took: Duration) -> Cost {
        let call = match self {
            Client::Replay => replay(bench, server),
            Client::Oha => oha(bench, server, ""),
            Client::OhaOneThread => oha(bench, server, "--worker-threads 1"),
            Client::Wrk => wrk(bench, server, replay_took),
        };
        let (outcome, cost) = call.limit(crate::LIMIT).measure();
        outcome.ok();
        cost
    }
}

fn replay(bench: &Bench, server: &ServerProcess) -> Call {
    let (url, out) = (server.url(), crate::RESULTS);
    let command = format!("run closed.wlc --url {url} --out {out} --workers 1 --quiet --no-models");
    bench.dir.replay(&command)
}

fn oha(bench: &Bench, server: &ServerProcess, threads: &str) -> Call {
    let (requests, in_flight) = (bench.requests, bench.in_flight);
    Call::new("oha")
        .words(&format!("--no-tui -n {requests} -c {in_flight} {threads}"))
        .words("-m POST -T application/json -d")
        .arg(&bench.body)
        .arg(format!("{}{}", server.url(), bench.path))
}

fn wrk(bench: &Bench, server: &ServerProcess, replay_took: Duration) -> Call {
    let nearest = replay_took.as_secs_f64().round() as u64;
    let seconds = nearest.clamp(*SECONDS.start(), *SECONDS.end());
    bench.dir.write("post.lua", WRK_SCRIPT);
    bench.dir.write("body.json", &bench.body);
    Call::new("wrk")
        .words(&format!("-t1 -c{} -d{seconds}s -s", bench.in_flight))
        .arg("post.lua")
        .arg(format!("{}{}", server.url(), bench.path))
        .cwd(bench.dir.path("."))
}
