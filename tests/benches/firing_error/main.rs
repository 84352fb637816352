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
mod stalls;
mod table;

use anyhow::Context;
use clap::Parser;
use harness::{Call, Dir, Inspected, Schedule, ServerProcess, inspected, is_installed, sha256_hex};
use lateness::{Seen, by_body};
use std::time::Duration;
use table::{print_head, print_ratio, print_row};

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
    #[arg(long, value_delimiter = ',', default_values_t = [200, 1_000, 5_000, 10_000, 20_000])]
    rates: Vec<u32>,
    /// Seconds for each rate and program.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=120))]
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
    /// From the server's log.
    seen: Seen,
    /// The program's own account of how late it sent, median and p99, in ns.
    own: Option<(f64, f64)>,
    /// CPU time of a process, from its start to its end.
    whole_cpu: Option<Duration>,
    /// CPU time from t0 to the last answer.
    firing_cpu: Option<Duration>,
}

/// One rate's workload.
struct Bench<'b> {
    dir: &'b Dir,
    requests: Vec<Inspected>,
    rate: u32,
    seconds: u32,
    workers: u32,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let dir = Dir::new(env!("CARGO_BIN_EXE_demo"));
    let seconds = if options.quick { 1 } else { options.seconds };
    println!("{seconds} s each; {INPUT_TOKENS} prompt tokens, {OUTPUT_TOKENS} events an answer\n");
    let machine = stalls::watch(if options.quick { 1 } else { 5 });
    println!(
        "the machine alone: a thread that only reads the clock is stopped {:.1} times a second for more than\n\
         200 µs, {:.2} % of the time, {:.1} ms at most\n",
        machine.per_s,
        machine.share * 100.0,
        machine.longest_ns as f64 / 1e6,
    );
    print_head();
    for rate in options.rates {
        Bench {
            dir: &dir,
            requests: compile(&dir, rate, seconds),
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
        let mut others = vec![(
            "a tokio loop".to_owned(),
            self.tokio_loop().context("the tokio loop")?,
        )];
        print_row(self.rate, "tokio loop", &others[0].1);
        if is_installed("oha") {
            // As it comes, with a thread for each core, and with as many as `replay`.
            let name = format!("oha (threads: {})", self.workers);
            for (name, threads) in [("oha".to_owned(), None), (name, Some(self.workers))] {
                let oha = oha::fire(self, threads).context("oha")?;
                print_row(self.rate, &name, &oha);
                others.push((name, oha));
            }
        } else {
            println!("{:<6} {:<16} not installed", self.rate, "oha");
        }
        for (name, other) in &others {
            print_ratio(&ours, name, other);
        }
        println!();
        Ok(())
    }

    /// A server for one program: none pays for the log that another has filled.
    fn server(&self) -> anyhow::Result<ServerProcess> {
        ServerProcess::start(self.dir.program(), &[]).context("mock-llm")
    }

    /// Runs `replay` as its users do.
    fn replay(&self) -> anyhow::Result<Measured> {
        let server = self.server()?;
        let (rate, url, workers) = (self.rate, server.url(), self.workers);
        let out = format!("results-{rate}");
        let command = format!("run {rate}.wlc --url {url} --out {out} --workers {workers} --quiet");
        let (outcome, cost) = self.within(self.dir.replay(&command)).measure();
        outcome.ok();
        let run = self.dir.json(&format!("{out}/run.json"));
        let summary = self.dir.json(&format!("{out}/summary.json"));
        let number = |pointer: &str| run.pointer(pointer).and_then(serde_json::Value::as_u64);
        let t0_ns = number("/clock/t0_monotonic_ns").context("no t0 in run.json")?;
        let cpu_ns = number("/end/cpu_ns").context("no CPU time in run.json")?;
        let delay = &summary["load_summary"]["schedule_delay"];
        let own = delay["median"].as_f64().zip(delay["p99"].as_f64());
        Ok(Measured {
            seen: self.seen(t0_ns, &server)?,
            own: own.map(|(median, p99)| (median * 1e9, p99 * 1e9)),
            whole_cpu: Some(cost.cpu),
            firing_cpu: Some(Duration::from_nanos(cpu_ns)),
        })
    }

    fn tokio_loop(&self) -> anyhow::Result<Measured> {
        let server = self.server()?;
        let fired = baseline::fire(server.address(), &self.requests)?;
        Ok(Measured {
            seen: self.seen(fired.t0_ns, &server)?,
            own: None,
            whole_cpu: None,
            firing_cpu: Some(Duration::from_nanos(fired.cpu_ns)),
        })
    }

    /// The server's log held against the schedule, body by body.
    fn seen(&self, t0_ns: u64, server: &ServerProcess) -> anyhow::Result<Seen> {
        let due = || self.requests.iter().map(|request| request.at_ns);
        let planned_ns = due().max().unwrap_or(0) - due().min().unwrap_or(0);
        let bodies = self.requests.iter().map(|r| (sha256_hex(&r.body), r.at_ns));
        by_body(
            Schedule::new(bodies),
            t0_ns,
            planned_ns,
            &server.arrivals()?,
        )
    }

    /// A call with time for the whole schedule.
    fn within(&self, call: Call) -> Call {
        call.limit(ALLOWANCE + Duration::from_secs(self.seconds.into()))
    }
}
