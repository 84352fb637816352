//! Does the engine conduct sessions and cancellations on time, keep a closed loop full, and stay
//! on schedule while others fail? Seen from the server.
//!
//! `mock-llm` is a process of its own. Each of its arrivals is held against the record of the same
//! request, found by the hash of its body. Asserts nothing: the figures are for reading, and belong
//! to the machine they were taken on.
//!
//! `cargo bench -p integration --bench conduct -- [--quick] [--seconds S] [--workers N]`

use anyhow::Context;
use clap::Parser;
use harness::{Dir, ServerProcess, in_flight, sha256_hex};
use mock_llm::Arrival;
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;

/// Time for start-up and the last answers, beyond the schedule.
const ALLOWANCE: Duration = Duration::from_secs(120);
/// Requests in flight of the closed loop.
const LEVEL: i64 = 64;
/// 20 of 100 requests fail, in one of four ways; so do those that meet a refused connection.
const FAULTS: [&str; 5] = [
    "reset@0.05",
    "stall@0.05",
    "status=503@0.05",
    "garbage@0.05",
    "refuse@0.05",
];

/// What can be asked for.
#[derive(Debug, Parser)]
#[command(name = "conduct")]
struct Options {
    /// Seconds of each schedule.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=120))]
    seconds: u32,
    /// One second of each.
    #[arg(long)]
    quick: bool,
    /// Worker threads of `replay`.
    #[arg(long, default_value_t = 1)]
    workers: u32,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What of a request in the workload is looked at.
#[derive(Deserialize)]
struct Line {
    body: Option<String>,
    after: Option<After>,
    cancel_after_ns: Option<u64>,
}

#[derive(Deserialize)]
struct After {
    request: usize,
    delay_ns: u64,
}

/// What of its record.
#[derive(Deserialize)]
struct Record {
    outcome: String,
    scheduled_ns: Option<u64>,
    end_ns: Option<u64>,
    lag_ns: Option<i64>,
}

/// One request: as planned, as recorded, as the server saw it.
struct Request {
    line: Line,
    record: Record,
    seen: Option<Arrival>,
}

/// A finished run; times of records are from `t0_ns`.
struct Run {
    t0_ns: u64,
    requests: Vec<Request>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let seconds = if options.quick { 1 } else { options.seconds };
    let workers = options.workers;
    let bench = Bench { seconds, workers };
    println!("{seconds} s each; worker threads: {workers}, the server has one; figures in µs\n");
    println!(
        "{:<56} {:>7} {:>9} {:>9} {:>9} {:>9}",
        "", "n", "median", "p90", "p99", "max"
    );
    bench.sessions().context("sessions")?;
    bench.cancellations("").context("cancellations")?;
    bench
        .cancellations("--http2")
        .context("cancellations over HTTP/2")?;
    bench.among_failures(&[]).context("without faults")?;
    bench.among_failures(&FAULTS).context("with faults")?;
    bench.closed_loop().context("closed loop")
}

struct Bench {
    seconds: u32,
    workers: u32,
}

impl Bench {
    fn sessions(&self) -> anyhow::Result<()> {
        let load = format!(
            "{{type: poisson, stages: [{{rate: 50, duration: {}}}]}}",
            self.seconds
        );
        let more = "sessions: {turns: 'uniform(2, 6)', delay: 'uniform(10ms, 100ms)'}";
        let server = ["--ttft", "20ms", "--itl", "5ms"];
        let run = self.fire(&load, "16", more, &server, "")?;
        let late = |request: &Request| {
            let after = request.line.after.as_ref()?;
            let ended_ns = run.t0_ns + run.requests[after.request].record.end_ns?;
            Some(since(
                request.seen.as_ref()?.arrival_ns,
                ended_ns + after.delay_ns,
            ))
        };
        row(
            "a turn arrives after it may",
            run.requests.iter().filter_map(late),
        );
        Ok(())
    }

    fn cancellations(&self, arguments: &str) -> anyhow::Result<()> {
        let load = format!(
            "{{type: poisson, stages: [{{rate: 200, duration: {}}}]}}",
            self.seconds
        );
        let more = "cancellation: {rate: 0.5, delay: 'uniform(50ms, 300ms)'}";
        let server = ["--ttft", "20ms", "--itl", "10ms"];
        let run = self.fire(&load, "64", more, &server, arguments)?;
        let late = |request: &Request| {
            let (after_ns, seen) = (request.line.cancel_after_ns?, request.seen.as_ref()?);
            Some(since(seen.closed_early_ns?, seen.body_end_ns? + after_ns))
        };
        let name = format!("an abandoned request is closed after it is due {arguments}");
        row(&name, run.requests.iter().filter_map(late));
        Ok(())
    }

    fn among_failures(&self, faults: &[&str]) -> anyhow::Result<()> {
        let load = format!(
            "{{type: poisson, stages: [{{rate: 500, duration: {}}}]}}",
            self.seconds
        );
        let mut server = vec!["--ttft", "20ms", "--itl", "5ms"];
        server.extend(faults.iter().flat_map(|fault| ["--fault", *fault]));
        let run = self.fire(&load, "16", "", &server, "--timeout 2s")?;
        let ok = run
            .requests
            .iter()
            .filter(|request| request.record.outcome == "ok");
        let failed = run.requests.len() - ok.clone().count();
        let share = 100.0 * failed as f64 / run.requests.len() as f64;
        let lags = ok.clone().filter_map(|request| request.record.lag_ns);
        row(
            &format!("lag of healthy requests while {share:.0} % fail"),
            lags,
        );
        let errors = ok.filter_map(|request| {
            let due_ns = run.t0_ns + request.record.scheduled_ns?;
            Some(since(request.seen.as_ref()?.arrival_ns, due_ns))
        });
        row("  they arrive after they are due", errors);
        Ok(())
    }

    fn closed_loop(&self) -> anyhow::Result<()> {
        // An answer takes 20 to 80 ms, 50 on average: twenty waves a second, none in step.
        let requests = LEVEL * 20 * i64::from(self.seconds);
        let load = format!(
            "{{type: concurrent, stages: [{{num_requests: {requests}, concurrency_level: {LEVEL}}}]}}"
        );
        let run = self.fire(
            &load,
            "uniform(1, 31)",
            "",
            &["--ttft", "20ms", "--itl", "2ms"],
            "",
        )?;
        let seen = run
            .requests
            .iter()
            .filter_map(|request| request.seen.as_ref());
        let spans = seen.filter_map(|seen| Some((seen.arrival_ns, seen.answered_ns?)));
        let spans: Vec<(u64, u64)> = spans.collect();
        let last_ns = spans
            .iter()
            .map(|span| span.0)
            .max()
            .context("nothing arrived")?;
        let steps = in_flight(spans);
        let peak = steps.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let full = steps.iter().position(|(_, count)| *count >= LEVEL);
        let full = full.with_context(|| format!("never more than {peak} in flight"))?;
        let (mut below_ns, mut over_ns, mut empty_ns) = (0, 0, 0);
        for pair in steps[full..]
            .windows(2)
            .take_while(|pair| pair[0].0 < last_ns)
        {
            let lasted_ns = pair[1].0 - pair[0].0;
            below_ns += if pair[0].1 < LEVEL { lasted_ns } else { 0 };
            empty_ns += (LEVEL - pair[0].1).max(0) as u64 * lasted_ns;
            over_ns += if pair[0].1 > LEVEL { lasted_ns } else { 0 };
        }
        let all_ns = (last_ns - steps[full].0).max(1) as f64;
        println!(
            "closed loop of {LEVEL}: at most {peak}; from ramp-up to the last wave {:.3} % of the time fewer, {:.3} % more; \
             {:.3} fewer on average",
            100.0 * below_ns as f64 / all_ns,
            100.0 * over_ns as f64 / all_ns,
            empty_ns as f64 / all_ns,
        );
        Ok(())
    }

    /// Compiles a streamed chat load and fires it at a server of its own.
    fn fire(
        &self,
        load: &str,
        tokens: &str,
        more: &str,
        server: &[&str],
        arguments: &str,
    ) -> anyhow::Result<Run> {
        let dir = Dir::new(env!("CARGO_BIN_EXE_demo"));
        let spec = format!(
            "seed: 1\napi: {{type: chat, streaming: true}}\nmodels: [{{name: m}}]\n\
             data: {{type: synthetic, input_distribution: '100', output_distribution: '{tokens}'}}\n\
             load: {load}\n{more}\n"
        );
        dir.write("s.yaml", spec);
        dir.wlc("compile s.yaml -o s.wlc").run().ok();
        let server = ServerProcess::start(dir.program(), server)?;
        let (url, workers) = (server.url(), self.workers);
        let command =
            format!("run s.wlc --url {url} --out results --workers {workers} --quiet {arguments}");
        let limit = ALLOWANCE + Duration::from_secs(self.seconds.into());
        dir.replay(&command).limit(limit).run().ok();
        let run = dir.json("results/run.json");
        let t0_ns = run
            .pointer("/clock/t0_monotonic_ns")
            .and_then(|ns| ns.as_u64());
        let lines = rows(
            dir.wlc("inspect s.wlc --requests --json --bodies")
                .run()
                .ok(),
        )?;
        let records = rows(dir.replay("report results --format jsonl").run().ok())?;
        // Requests that were cut off within their body have no hash.
        let arrivals = server.arrivals()?.into_iter();
        let mut seen: HashMap<String, Arrival> = arrivals
            .filter_map(|arrival| Some((arrival.body_sha256.clone()?, arrival)))
            .collect();
        let mut request = |(line, record): (Line, Record)| {
            let hash = line.body.as_ref().map(sha256_hex);
            let seen = hash.and_then(|hash| seen.remove(&hash));
            Request { line, record, seen }
        };
        Ok(Run {
            t0_ns: t0_ns.context("no t0 in run.json")?,
            requests: lines.into_iter().zip(records).map(&mut request).collect(),
        })
    }
}

/// JSON lines of a program.
fn rows<T: for<'l> Deserialize<'l>>(outcome: harness::Outcome) -> anyhow::Result<Vec<T>> {
    let rows = outcome.stdout.lines().map(serde_json::from_str);
    Ok(rows.collect::<Result<_, _>>()?)
}

/// From `due_ns` to `at_ns`; negative is early.
fn since(at_ns: u64, due_ns: u64) -> i64 {
    at_ns.wrapping_sub(due_ns) as i64
}

/// Percentiles by nearest rank, in µs.
fn row(name: &str, ns: impl Iterator<Item = i64>) {
    let mut ns: Vec<i64> = ns.collect();
    ns.sort_unstable();
    if ns.is_empty() {
        return println!("{name:<56} {:>7}", 0);
    }
    let at = |percent: usize| ns[(ns.len() * percent).div_ceil(100).max(1) - 1] as f64 / 1e3;
    let [median, p90, p99, max] = [50, 90, 99, 100].map(at);
    println!(
        "{name:<56} {:>7} {median:>9.1} {p90:>9.1} {p99:>9.1} {max:>9.1}",
        ns.len()
    );
}
