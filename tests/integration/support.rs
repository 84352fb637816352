//! What several modules need: a directory, specs, a server, and a finished run.

use harness::{Dir, Inspected, Outcome, Schedule, inspected, sha256_hex};
use mock_llm::{Arrival, Config, Server};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A directory with the programs of this build.
pub fn dir() -> Dir {
    Dir::new(env!("CARGO_BIN_EXE_demo"))
}

/// The root of the repository.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("a workspace member").to_owned()
}

/// A streamed chat load of `rate × seconds` requests, evenly spaced, with drawn lengths.
pub fn chat_spec(rate: u32, duration: &str) -> String {
    format!(
        "seed: 11\napi: {{type: chat, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: 'uniform(1, 200)', output_distribution: 'uniform(1, 20)'}}\n\
         load: {{type: constant, stages: [{{rate: {rate}, duration: {duration}}}]}}\n"
    )
}

/// Compiles a spec to `NAME.wlc` in the directory.
#[track_caller]
pub fn compile(dir: &Dir, name: &str, spec: &str, more: &str) -> Value {
    dir.write(&format!("{name}.yaml"), spec);
    let call = dir.wlc(&format!("compile {name}.yaml -o {name}.wlc --json {more}"));
    call.run().json()
}

/// Compiles a spec and reads every request of it.
#[track_caller]
pub fn requests(dir: &Dir, name: &str, spec: &str, more: &str) -> Vec<Inspected> {
    compile(dir, name, spec, more);
    inspected(dir.wlc(&format!("inspect {name}.wlc")))
}

/// A server in this process; `ttft` and `itl` in milliseconds.
pub fn server(ttft_ms: u64, itl_ms: u64) -> Server {
    let config = Config {
        ttft: Duration::from_millis(ttft_ms),
        itl: Duration::from_millis(itl_ms),
        ..Config::default()
    };
    Server::start(config).expect("a free port")
}

/// Reads a request to the end of its body, as a server of the tests that is none of mock-llm's.
pub fn read_request(stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut body_bytes = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some(("content-length", length)) => body_bytes = length.parse().unwrap_or(0),
            Some(_) => {}
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    reader.read_exact(&mut vec![0; body_bytes])
}

/// Waits until the server has seen this many requests.
#[track_caller]
pub fn await_arrivals(count: usize, arrivals: impl Fn() -> usize) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while arrivals() < count {
        assert!(
            Instant::now() < deadline,
            "{} of {count} requests arrived",
            arrivals()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A run with everything that it left behind.
pub struct Run {
    pub dir: Dir,
    pub workload: Vec<Inspected>,
    pub records: Vec<Value>,
    pub run: Value,
    pub summary: Value,
    pub outcome: Outcome,
}

impl Run {
    /// Compiles `spec`, fires it at `url` with these arguments, and reads the results. The exit
    /// status is left to the caller.
    #[track_caller]
    pub fn new(spec: &str, url: &str, arguments: &str) -> Self {
        let dir = dir();
        let workload = requests(&dir, "w", spec, "");
        let call = dir.replay(&format!("run w.wlc --url {url} --out results {arguments}"));
        let outcome = call.run();
        Self::read(dir, workload, outcome)
    }

    /// Reads what a run left in `results`.
    #[track_caller]
    pub fn read(dir: Dir, workload: Vec<Inspected>, outcome: Outcome) -> Self {
        let report = dir.replay("report results --format jsonl").run();
        Run {
            records: report.json_lines(),
            run: dir.json("results/run.json"),
            summary: dir.json("results/summary.json"),
            workload,
            outcome,
            dir,
        }
    }

    /// t0 on the clock that the server's log is written by.
    pub fn t0_ns(&self) -> u64 {
        let t0 = &self.run["clock"]["t0_monotonic_ns"];
        t0.as_u64().expect("t0 is a number")
    }

    /// When each body is due, in ns from t0, under a speed of `divisor`.
    pub fn schedule(&self, divisor: f64) -> Schedule {
        let due_ns = |at_ns: u64| match divisor {
            1.0 => at_ns,
            _ => (at_ns as f64 / divisor).round() as u64,
        };
        let bodies = self.workload.iter();
        Schedule::new(bodies.map(|request| (sha256_hex(&request.body), due_ns(request.at_ns))))
    }

    /// One value of every record.
    pub fn column(&self, key: &str) -> Vec<&Value> {
        self.records.iter().map(|record| &record[key]).collect()
    }

    /// How many records have this value.
    pub fn count(&self, key: &str, value: impl Into<Value>) -> usize {
        let value = value.into();
        self.column(key)
            .into_iter()
            .filter(|v| **v == value)
            .count()
    }

    /// Every request is accounted for once, in the records and in the summary.
    #[track_caller]
    pub fn assert_accounted(&self) {
        let indices: Vec<u64> = self
            .column("index")
            .iter()
            .filter_map(|v| v.as_u64())
            .collect();
        let all: Vec<u64> = (0..self.workload.len() as u64).collect();
        assert_eq!(indices, all, "one record for each request");
        let count = |key: &str| self.summary["accounting"][key].as_u64().expect(key);
        assert_eq!(count("scheduled"), self.workload.len() as u64);
        assert_eq!(count("scheduled"), count("sent") + count("not_sent"));
        assert_eq!(count("unaccounted"), 0);
        assert_eq!(count("not_sent"), self.count("outcome", "not_sent") as u64);
    }

    /// Everything was sent and answered well.
    #[track_caller]
    pub fn assert_all_ok(&self) {
        assert_eq!(self.outcome.status, Some(0), "{}", self.outcome.stderr);
        self.assert_accounted();
        assert_eq!(self.count("outcome", "ok"), self.workload.len());
    }
}

/// Holds arrivals against a schedule: every body once, none before its time. Gives how late each
/// was, sorted.
#[track_caller]
pub fn lateness_ns(mut schedule: Schedule, t0_ns: u64, arrivals: &[Arrival]) -> Vec<u64> {
    let late = |arrival: &Arrival| {
        let hash = arrival.body_sha256.as_deref().expect("the body was read");
        let due_ns = t0_ns + schedule.take(hash).expect("a body of the workload, once");
        let early = || format!("arrived {} ns early", due_ns - arrival.arrival_ns);
        arrival
            .arrival_ns
            .checked_sub(due_ns)
            .unwrap_or_else(|| panic!("{}", early()))
    };
    let mut late_ns: Vec<u64> = arrivals.iter().map(late).collect();
    assert_eq!(schedule.left(), 0, "bodies that never arrived");
    late_ns.sort_unstable();
    late_ns
}

/// The middle of a sorted list.
pub fn median(sorted: &[u64]) -> u64 {
    sorted[sorted.len() / 2]
}
