//! How late requests reach the server, seen from the server, and what each costs.
//!
//! For each rate: a constant workload is compiled, `mock-llm` (a process of its own, 16 events an
//! answer, no delays) is fired at by `replay`, by a plain tokio loop in this process and, where
//! it is installed, by oha; the server's log of arrivals is held against the schedule. Asserts
//! nothing: the figures are for reading, and belong to the machine they were taken on.
//!
//! `cargo bench -p integration --bench firing_error -- [--quick] [--seconds S] [--rates A,B]`

mod baseline;
mod lateness;
mod oha;

use anyhow::Context;
use clap::Parser;
use harness::{Call, Dir, Inspected, Schedule, ServerProcess, inspected, sha256_hex};
use lateness::{Spread, lateness_ns};
use std::time::Duration;

/// Tokens of a prompt; the body is about 1.2 kB.
const INPUT_TOKENS: u32 = 200;
/// Events of an answer.
const OUTPUT_TOKENS: u32 = 16;
/// Time for start-up, verification and the last answers, beyond the schedule.
const ALLOWANCE: Duration = Duration::from_secs(60);

/// What can be asked for.
#[derive(Debug, Parser)]
#[command(name = "firing_error")]
struct Options {
    /// Rates to fire at, in requests per second.
    #[arg(long, value_delimiter = ',', default_values_t = [200, 1_000, 5_000])]
    rates: Vec<u32>,
    /// Seconds for each rate and program.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// One second for each.
    #[arg(long)]
    quick: bool,
    /// Worker threads of `replay`.
    #[arg(long, default_value_t = 1)]
    workers: u32,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What was measured of one program at one rate.
struct Measured {
    /// Requests that arrived.
    requests: usize,
    /// Arrival after schedule, in ns.
    late: Spread,
    /// The program's own account of how late it sent, in ns.
    own: Option<(f64, f64)>,
    /// CPU time for each request, in ns.
    cpu_ns: Option<u64>,
}

/// One rate's workload and where to fire it.
struct Bench<'b> {
    dir: &'b Dir,
    server: &'b ServerProcess,
    requests: Vec<Inspected>,
    rate: u32,
    seconds: u32,
    workers: u32,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let dir = Dir::new(env!("CARGO_BIN_EXE_demo"));
    let server = ServerProcess::start(dir.program(), &[])?;
    let seconds = if options.quick { 1 } else { options.seconds };
    println!(
        "{seconds} s each; {INPUT_TOKENS} prompt tokens, {OUTPUT_TOKENS} events an answer; times in µs\n\
         late: arrival in the server's log - schedule; own: the program's own sent - schedule\n"
    );
    println!(
        "{:<7} {:<12} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9} {:>8}",
        "req/s",
        "program",
        "requests",
        "late p50",
        "p90",
        "p99",
        "max",
        "own p50",
        "own p99",
        "CPU/req"
    );
    for rate in options.rates {
        let requests = compile(&dir, rate, seconds);
        Bench {
            dir: &dir,
            server: &server,
            requests,
            rate,
            seconds,
            workers: options.workers,
        }
        .run()?;
    }
    Ok(())
}

/// Compiles the workload of a rate to `RATE.wlc`; gives its requests.
fn compile(dir: &Dir, rate: u32, seconds: u32) -> Vec<Inspected> {
    let spec = format!(
        "seed: 1\napi: {{type: chat, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: '{INPUT_TOKENS}', output_distribution: '{OUTPUT_TOKENS}'}}\n\
         load: {{type: constant, stages: [{{rate: {rate}, duration: {seconds}}}]}}\n"
    );
    dir.write("s.yaml", spec);
    dir.wlc(&format!("compile s.yaml -o {rate}.wlc")).run().ok();
    inspected(dir.wlc(&format!("inspect {rate}.wlc")))
}

impl Bench<'_> {
    fn run(&self) -> anyhow::Result<()> {
        let ours = self.replay().context("replay")?;
        print_row(self.rate, "replay", &ours);
        let plain = self.tokio_loop().context("the tokio loop")?;
        print_row(self.rate, "tokio loop", &plain);
        let oha = oha::fire(self).context("oha")?;
        match &oha {
            Some(oha) => print_row(self.rate, "oha", oha),
            None => println!("{:<7} {:<12} not installed", self.rate, "oha"),
        }
        print_ratio(&ours, "the tokio loop", &plain);
        if let Some(oha) = &oha {
            print_ratio(&ours, "oha", oha);
        }
        println!();
        Ok(())
    }

    /// Runs `replay` as its users do.
    fn replay(&self) -> anyhow::Result<Measured> {
        self.server.clear()?;
        let (rate, url, workers) = (self.rate, self.server.url(), self.workers);
        let out = format!("results-{rate}");
        let command = format!("run {rate}.wlc --url {url} --out {out} --workers {workers} --quiet");
        self.within(self.dir.replay(&command)).run().ok();
        let run = self.dir.json(&format!("{out}/run.json"));
        let summary = self.dir.json(&format!("{out}/summary.json"));
        let number = |pointer: &str| run.pointer(pointer).and_then(serde_json::Value::as_u64);
        let t0_ns = number("/clock/t0_monotonic_ns").context("no t0 in run.json")?;
        let cpu_ns = number("/end/cpu_ns").context("no CPU time in run.json")?;
        let delay = &summary["load_summary"]["schedule_delay"];
        let own = delay["median"].as_f64().zip(delay["p99"].as_f64());
        let requests = self.requests.len();
        Ok(Measured {
            requests,
            late: self.lateness(t0_ns)?,
            own: own.map(|(median, p99)| (median * 1e9, p99 * 1e9)),
            cpu_ns: Some(cpu_ns / requests as u64),
        })
    }

    fn tokio_loop(&self) -> anyhow::Result<Measured> {
        self.server.clear()?;
        let fired = baseline::fire(self.server.address(), &self.requests)?;
        Ok(Measured {
            requests: self.requests.len(),
            late: self.lateness(fired.t0_ns)?,
            own: None,
            cpu_ns: Some(fired.cpu_ns / self.requests.len() as u64),
        })
    }

    /// The server's log held against the schedule, body by body.
    fn lateness(&self, t0_ns: u64) -> anyhow::Result<Spread> {
        let due = self.requests.iter();
        let schedule = Schedule::new(due.map(|r| (sha256_hex(&r.body), r.at_ns)));
        lateness_ns(schedule, t0_ns, &self.server.arrivals()?).map(Spread::of)
    }

    /// A call with time for the whole schedule.
    fn within(&self, call: Call) -> Call {
        call.limit(ALLOWANCE + Duration::from_secs(self.seconds.into()))
    }
}

fn print_row(rate: u32, program: &str, measured: &Measured) {
    let us = |ns: f64| format!("{:.0}", ns / 1e3);
    let unknown = || "-".to_owned();
    let Spread { p50, p90, p99, max } = &measured.late;
    println!(
        "{rate:<7} {program:<12} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9} {:>8}",
        measured.requests,
        us(*p50 as f64),
        us(*p90 as f64),
        us(*p99 as f64),
        us(*max as f64),
        measured.own.map_or_else(unknown, |(median, _)| us(median)),
        measured.own.map_or_else(unknown, |(_, p99)| us(p99)),
        measured.cpu_ns.map_or_else(unknown, |ns| us(ns as f64)),
    );
}

fn print_ratio(ours: &Measured, name: &str, other: &Measured) {
    let times = |other: u64, ours: u64| other as f64 / ours.max(1) as f64;
    print!(
        "        median {:.1} × and p99 {:.1} × better than {name}",
        times(other.late.p50, ours.late.p50),
        times(other.late.p99, ours.late.p99),
    );
    match ours.cpu_ns.zip(other.cpu_ns) {
        Some((ours, other)) => println!(", for {:.2} × its CPU", times(ours, other)),
        None => println!(),
    }
}
