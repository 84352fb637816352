//! What one request costs `replay` in heap allocations and in system calls.
//!
//! Each is counted in runs of N and of 2 N requests at the same rate, the medians of a few rounds;
//! their difference, divided by N, is what a request costs without start-up and end. Allocations
//! are counted in this binary with `replay` in it, system calls by strace. `mock-llm` is a process
//! of its own (16 events an answer). Asserts nothing.
//!
//! `cargo bench -p integration --bench request_cost -- [--quick] [--requests N] [--rate R]`

mod counted;
mod counting;
mod system_calls;

use clap::Parser;
use counted::{BYTES, CONTROL_BYTES};
use counting::Counting;
use harness::{Dir, ServerProcess, is_installed};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tokens of a prompt; the body is about 1.2 kB.
const INPUT_TOKENS: u32 = 200;
/// Events of an answer.
const OUTPUT_TOKENS: u32 = 16;
/// Longest time of one run.
const LIMIT: Duration = Duration::from_secs(150);
/// Connections that are opened before the first request.
const CONNECTIONS: u32 = 64;
/// System calls that are rarer for a request are printed as one sum.
const RARE: f64 = 0.01;

/// What was counted of each name.
type Counts = BTreeMap<String, u64>;

/// What can be asked for.
#[derive(Debug, Parser)]
#[command(name = "request_cost")]
struct Options {
    /// Requests of the shorter run.
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(100..))]
    requests: u32,
    /// Requests per second.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(100..))]
    rate: u32,
    /// Time between two tokens as `mock-llm` takes it, e.g. 5ms; 0 sends an answer in one write.
    #[arg(long, default_value = "0")]
    itl: String,
    /// Worker threads.
    #[arg(long, default_value_t = 1)]
    workers: u32,
    /// Runs of each length.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=25))]
    rounds: u32,
    /// One round of a tenth of the requests.
    #[arg(long)]
    quick: bool,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Workloads of N and 2 N requests, and how to fire them.
struct Bench {
    dir: Dir,
    requests: u32,
    rounds: u32,
    options: Options,
}

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == counted::WORD) {
        return counted::child(arguments);
    }
    let options = Options::parse();
    let (requests, rounds) = match options.quick {
        true => (options.requests / 10, 1),
        false => (options.requests, options.rounds),
    };
    let bench = Bench {
        dir: Dir::new(env!("CARGO_BIN_EXE_demo")),
        requests,
        rounds,
        options,
    };
    println!(
        "{requests} and {} requests at {} req/s, median of {rounds} rounds; worker threads: {}\n\
         {INPUT_TOKENS} prompt tokens, {OUTPUT_TOKENS} events an answer, time between two: {}",
        2 * requests,
        bench.options.rate,
        bench.options.workers,
        bench.options.itl,
    );
    bench.compile(1);
    bench.compile(2);
    bench.allocations()?;
    bench.system_calls()?;
    Ok(ExitCode::SUCCESS)
}

impl Bench {
    /// A workload of `times` N requests, `TIMES.wlc`.
    fn compile(&self, times: u32) {
        let rate = self.options.rate;
        let seconds = f64::from(times * self.requests) / f64::from(rate);
        let spec = format!(
            "seed: 1\napi: {{type: chat, streaming: true}}\nmodels: [{{name: m}}]\n\
             data: {{type: synthetic, input_distribution: '{INPUT_TOKENS}', output_distribution: '{OUTPUT_TOKENS}'}}\n\
             load: {{type: constant, stages: [{{rate: {rate}, duration: {seconds}}}]}}\n"
        );
        self.dir.write("s.yaml", spec);
        let compile = format!("compile s.yaml -o {times}.wlc");
        self.dir.wlc(&compile).run().ok();
    }

    /// Counts of `TIMES.wlc`, each the median of all rounds. `count` runs `replay` with the
    /// arguments that it is given, at a fresh server.
    fn counts(
        &self,
        times: u32,
        count: impl Fn(&str) -> anyhow::Result<Counts>,
    ) -> anyhow::Result<Counts> {
        let mut all: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for _ in 0..self.rounds {
            let server = ServerProcess::start(self.dir.program(), &["--itl", &self.options.itl])?;
            let (url, workers) = (server.url(), self.options.workers);
            let counts = count(&format!(
                "run {times}.wlc --url {url} --out results --workers {workers} --quiet --connections {CONNECTIONS}"
            ))?;
            // A directory takes one run.
            std::fs::remove_dir_all(self.dir.path("results"))?;
            for (name, count) in counts {
                all.entry(name).or_default().push(count);
            }
        }
        // What a round did not see it counted 0 times.
        let median = |mut counts: Vec<u64>| {
            counts.resize(self.rounds as usize, 0);
            counts.sort_unstable();
            counts[counts.len() / 2]
        };
        Ok(all.into_iter().map(|(name, c)| (name, median(c))).collect())
    }

    /// By name, what a request more counts more.
    fn each(&self, once: &Counts, twice: &Counts) -> BTreeMap<String, f64> {
        let names: BTreeSet<&String> = once.keys().chain(twice.keys()).collect();
        let each = |name: &String| {
            let [once, twice] = [once, twice].map(|counts| counts.get(name).copied());
            let more = twice.unwrap_or(0) as f64 - once.unwrap_or(0) as f64;
            (name.clone(), more / f64::from(self.requests))
        };
        names.into_iter().map(each).collect()
    }

    fn allocations(&self) -> anyhow::Result<()> {
        println!(
            "\nheap allocations, by thread {:>13} {:>15}",
            "a request", "bytes a request"
        );
        let counts = |times: u32| {
            let controls = u64::from(times * self.requests);
            self.counts(times, |command| counted::run(&self.dir, command, controls))
        };
        let each = self.each(&counts(1)?, &counts(2)?);
        for (thread, allocations) in &each {
            // Bytes have rows of their own, which these find by name.
            if let Some(bytes) = each.get(&format!("{thread}{BYTES}")) {
                println!("  {thread:<28} {allocations:>10.2} {bytes:>15.1}");
            }
        }
        println!(
            "  main: reading the workload before and the records after; control: a thread that allocates\n  \
             {CONTROL_BYTES} bytes once for each request, to see that counting counts"
        );
        Ok(())
    }

    fn system_calls(&self) -> anyhow::Result<()> {
        println!("\nsystem calls of all threads {:>13}", "a request");
        if !is_installed("strace") {
            println!("  strace is not installed");
            return Ok(());
        }
        let counts = |times| self.counts(times, |command| system_calls::run(&self.dir, command));
        let each = self.each(&counts(1)?, &counts(2)?);
        let mut rows: Vec<(&String, f64)> = each.iter().map(|(name, each)| (name, *each)).collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (often, rare): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.1 >= RARE);
        for (name, each) in often {
            println!("  {name:<28} {each:>10.2}");
        }
        let rare: f64 = rare.iter().map(|row| row.1).sum();
        println!("  {:<28} {rare:>10.2}", "all others");
        println!("  {:<28} {:>10.2}", "all", each.values().sum::<f64>());
        Ok(())
    }
}
