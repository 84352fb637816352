//! So many requests in flight, flat out: how many a second, and what each costs the client.
//!
//! `replay` fires a `concurrent` workload, oha and wrk its first body over and over, in turn,
//! several rounds, each at a fresh `mock-llm` (a process of its own on one thread; 16 events an
//! answer in one write). All figures but the CPU time come from the server's log, in the same way
//! for all. The server is most likely the limit of the rate, so the CPU time for each request is
//! the figure to compare. Asserts nothing.
//!
//! `cargo bench -p integration --bench closed_loop -- [--quick] [--requests N] [--in-flight N]`

mod clients;

use anyhow::Context;
use clap::Parser;
use clients::Client;
use harness::{Dir, ServerProcess, is_installed};
use mock_llm::Arrival;
use std::time::Duration;

/// Tokens of a prompt; the body is about 1.2 kB.
const INPUT_TOKENS: u32 = 200;
/// Events of an answer.
const OUTPUT_TOKENS: u32 = 16;
/// Longest time of one run.
const LIMIT: Duration = Duration::from_secs(180);
/// Where `replay` puts its results, round by round.
const RESULTS: &str = "results";

/// What can be asked for.
#[derive(Debug, Parser)]
#[command(name = "closed_loop")]
struct Options {
    /// Requests of each run.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    requests: u32,
    /// Requests in flight at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    in_flight: u32,
    /// Runs of each program, in turn; the table has the median.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=25))]
    rounds: u32,
    /// One round of a tenth of the requests.
    #[arg(long)]
    quick: bool,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is fired.
struct Bench {
    dir: Dir,
    requests: u32,
    in_flight: u32,
    /// The workload's first body, and where it is sent.
    body: String,
    path: String,
}

/// One run of a program.
struct Run {
    requests: usize,
    /// Answers that were not 200 or that the client did not wait for.
    not_ok: usize,
    per_s: f64,
    /// CPU time of the client from start to end, and of the server, in µs for each request.
    client_us: f64,
    server_us: f64,
    /// CPU time of `replay` from t0 to the last answer, in µs for each request.
    firing_us: Option<f64>,
    /// Connections that the server accepted.
    connections: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let (requests, rounds) = match options.quick {
        true => (options.requests / 10, 1),
        false => (options.requests, options.rounds),
    };
    let bench = compile(requests, options.in_flight)?;
    println!(
        "{requests} requests each (wrk: for as many whole seconds as replay took), {} in flight, median of {rounds} rounds\n\
         {INPUT_TOKENS} prompt tokens, {OUTPUT_TOKENS} events an answer; replay, wrk and the server on one thread each\n\
         not ok   answers that were not 200 or not waited for\n\
         CPU/req  µs of the whole process, start and report included; firing: from t0 to the last answer\n",
        bench.in_flight
    );
    let (clients, missing): (Vec<Client>, Vec<Client>) = Client::ALL
        .into_iter()
        .partition(|client| client.needs().is_none_or(is_installed));
    let mut runs: Vec<Vec<Run>> = clients.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        let mut replay_took = Duration::ZERO;
        for (client, runs) in clients.iter().zip(&mut runs) {
            let (run, took) = bench.run(*client, replay_took).context(client.name())?;
            if *client == Client::Replay {
                replay_took = took;
            }
            runs.push(run);
        }
    }
    let rows: Vec<Run> = runs.into_iter().map(medians).collect();
    print_table(&clients, &rows);
    for client in missing {
        println!("{:<17} not installed", client.name());
    }
    print_ratios(&clients, &rows);
    Ok(())
}

fn compile(requests: u32, in_flight: u32) -> anyhow::Result<Bench> {
    let dir = Dir::new(env!("CARGO_BIN_EXE_demo"));
    let spec = format!(
        "seed: 1\napi: {{type: chat, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: '{INPUT_TOKENS}', output_distribution: '{OUTPUT_TOKENS}'}}\n\
         load: {{type: concurrent, stages: [{{num_requests: {requests}, concurrency_level: {in_flight}}}]}}\n"
    );
    dir.write("s.yaml", spec);
    dir.wlc("compile s.yaml -o closed.wlc").run().ok();
    let first = dir.wlc("inspect closed.wlc --request 0 --bodies --json");
    let first = first.run().json();
    let text = |key: &str| first[key].as_str().context("no text").map(str::to_owned);
    Ok(Bench {
        body: text("body")?,
        path: text("path")?,
        dir,
        requests,
        in_flight,
    })
}

impl Bench {
    /// One run, and how long the server saw it last.
    fn run(&self, client: Client, replay_took: Duration) -> anyhow::Result<(Run, Duration)> {
        let server = ServerProcess::start(self.dir.program(), &["--workers", "1"])?;
        let cost = client.run(self, &server, replay_took);
        // Before it is asked for its log, which costs it time and connections.
        let server_cpu = server.cpu()?;
        let connections = server.stats()?.connections_opened - 1;
        let firing_cpu = match client {
            Client::Replay => Some(self.firing_cpu()?),
            _ => None,
        };
        let arrivals = server.arrivals()?;
        let [first, .., last] = arrivals.as_slice() else {
            anyhow::bail!("the server saw fewer than two requests");
        };
        let took = Duration::from_nanos(last.arrival_ns - first.arrival_ns);
        let is_ok =
            |arrival: &&Arrival| arrival.status == Some(200) && arrival.closed_early_ns.is_none();
        let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / arrivals.len() as f64;
        let run = Run {
            requests: arrivals.len(),
            not_ok: arrivals.len() - arrivals.iter().filter(is_ok).count(),
            connections,
            per_s: (arrivals.len() - 1) as f64 / took.as_secs_f64(),
            client_us: each(cost.cpu),
            server_us: each(server_cpu),
            firing_us: firing_cpu.map(each),
        };
        Ok((run, took))
    }

    /// What `replay` says that it used from t0 to the last answer. Removes its results: a
    /// directory takes one run.
    fn firing_cpu(&self) -> anyhow::Result<Duration> {
        let run = self.dir.json(&format!("{RESULTS}/run.json"));
        std::fs::remove_dir_all(self.dir.path(RESULTS))?;
        let cpu_ns = run.pointer("/end/cpu_ns").and_then(|ns| ns.as_u64());
        Ok(Duration::from_nanos(cpu_ns.context("no CPU time")?))
    }
}

/// Each figure's median; of the counts that must not differ, the worst.
fn medians(runs: Vec<Run>) -> Run {
    let median = |figure: fn(&Run) -> f64| {
        let mut figures: Vec<f64> = runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let firing = runs.iter().all(|run| run.firing_us.is_some());
    Run {
        requests: median(|run| run.requests as f64) as usize,
        not_ok: runs.iter().map(|run| run.not_ok).max().unwrap_or(0),
        per_s: median(|run| run.per_s),
        client_us: median(|run| run.client_us),
        server_us: median(|run| run.server_us),
        firing_us: firing.then(|| median(|run| run.firing_us.unwrap_or(0.0))),
        connections: runs.iter().map(|run| run.connections).max().unwrap_or(0),
    }
}

fn print_table(clients: &[Client], rows: &[Run]) {
    println!(
        "{:<17} {:>8} {:>7} {:>11} {:>8} {:>8} {:>8} {:>15}",
        "program",
        "requests",
        "not ok",
        "connections",
        "req/s",
        "CPU/req",
        "firing",
        "server CPU/req"
    );
    for (client, run) in clients.iter().zip(rows) {
        let firing = run.firing_us.map(|us| format!("{us:.1}"));
        println!(
            "{:<17} {:>8} {:>7} {:>11} {:>8.0} {:>8.1} {:>8} {:>15.1}",
            client.name(),
            run.requests,
            run.not_ok,
            run.connections,
            run.per_s,
            run.client_us,
            firing.unwrap_or_else(|| "-".to_owned()),
            run.server_us
        );
    }
}

fn print_ratios(clients: &[Client], rows: &[Run]) {
    println!();
    // `replay` is always there, and first.
    let (ours, others) = rows.split_first().expect("replay ran");
    for (client, other) in clients[1..].iter().zip(others) {
        println!(
            "replay: {:.2} × the CPU of {} for a request ({:.2} × while firing), at {:.2} × its rate",
            ours.client_us / other.client_us,
            client.name(),
            ours.firing_us.unwrap_or(ours.client_us) / other.client_us,
            ours.per_s / other.per_s
        );
    }
}
