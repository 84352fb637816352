//! Very many streams at once: what they cost `replay` in memory and CPU, and whether it keeps the
//! time of every token.
//!
//! `mock-llm` (a process of its own, one thread) sends a token every so often on each of them. All
//! requests are due within the first half of a stream's length and all connections are opened
//! beforehand, so that all streams overlap; the server says how many did. A server that cannot
//! keep up sends several tokens in one write: the rate of events is then its limit. Asserts
//! nothing.
//!
//! `cargo bench -p integration --bench streams -- [--quick] [--streams N] [--tokens N]`

use anyhow::Context;
use clap::Parser;
use harness::{Cost, Dir, ServerProcess};
use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::time::Duration;

/// Tokens of a prompt; the body is about 1.2 kB.
const INPUT_TOKENS: u32 = 200;
/// Longest time of a run, and of reading its results.
const LIMIT: Duration = Duration::from_secs(240);

/// What can be asked for.
#[derive(Debug, Parser)]
#[command(name = "streams")]
struct Options {
    /// Streams, each on a connection of its own.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=25_000))]
    streams: u32,
    /// Tokens of each.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=2_000))]
    tokens: u32,
    /// Time between two tokens, in ms.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    itl_ms: u32,
    /// Worker threads of `replay`.
    #[arg(long, default_value_t = 1)]
    workers: u32,
    /// A tenth of the streams.
    #[arg(long)]
    quick: bool,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What of a line of `replay report --format jsonl` is counted here.
#[derive(Deserialize)]
struct Line {
    outcome: Option<String>,
    events: Option<u64>,
    token_times: Option<Vec<u64>>,
}

/// The lines added up.
#[derive(Default)]
struct Recorded {
    streams: u64,
    ok: u64,
    events: u64,
    token_times: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let streams = match options.quick {
        true => options.streams.div_ceil(10),
        false => options.streams,
    };
    let (tokens, itl_ms, workers) = (options.tokens, options.itl_ms, options.workers);
    let dir = Dir::new(env!("CARGO_BIN_EXE_demo"));
    compile(&dir, streams, tokens, itl_ms);
    let itl = format!("{itl_ms}ms");
    let server = ServerProcess::start(dir.program(), &["--workers", "1", "--itl", &itl])?;
    let command = format!(
        "run s.wlc --url {} --out results --workers {workers} --connections {streams} --quiet",
        server.url()
    );
    let (outcome, cost) = dir.replay(&command).limit(LIMIT).measure();
    outcome.ok();
    let server_cpu = server.cpu()?;
    let in_flight = server.stats()?.peak_in_flight;
    let recorded = recorded(&dir)?;
    println!(
        "{} streams of {tokens} tokens, {itl_ms} ms between two; worker threads: {workers}, the server has one",
        recorded.streams
    );
    row("in flight at once (server)", in_flight, "streams");
    row("ended as ok", recorded.ok, "streams");
    let expected = recorded.streams * u64::from(tokens);
    row("tokens asked for", expected, "tokens");
    row("token times on disk", recorded.token_times, "tokens");
    let lost = i128::from(expected) - i128::from(recorded.token_times);
    row("lost", lost, "tokens");
    print_costs(&dir, &recorded, cost, server_cpu)
}

fn compile(dir: &Dir, streams: u32, tokens: u32, itl_ms: u32) {
    let seconds = f64::from(tokens * itl_ms) / 2_000.0;
    let rate = (f64::from(streams) / seconds).ceil();
    let seconds = f64::from(streams) / rate;
    let spec = format!(
        "seed: 1\napi: {{type: chat, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: '{INPUT_TOKENS}', output_distribution: '{tokens}'}}\n\
         load: {{type: constant, stages: [{{rate: {rate}, duration: {seconds}}}]}}\n"
    );
    dir.write("s.yaml", spec);
    dir.wlc("compile s.yaml -o s.wlc").run().ok();
}

/// Counts what is on disk, as a user would.
fn recorded(dir: &Dir) -> anyhow::Result<Recorded> {
    let report = dir.replay("report results --format jsonl -o requests.jsonl");
    report.limit(LIMIT).run().ok();
    let file = std::fs::File::open(dir.path("requests.jsonl"))?;
    let mut recorded = Recorded::default();
    for line in BufReader::new(file).lines() {
        let line: Line = serde_json::from_str(&line?)?;
        recorded.streams += 1;
        recorded.ok += u64::from(line.outcome.as_deref() == Some("ok"));
        recorded.events += line.events.unwrap_or(0);
        recorded.token_times += line.token_times.map_or(0, |times| times.len() as u64);
    }
    Ok(recorded)
}

fn print_costs(
    dir: &Dir,
    recorded: &Recorded,
    cost: Cost,
    server_cpu: Duration,
) -> anyhow::Result<()> {
    let (run, summary) = (
        dir.json("results/run.json"),
        dir.json("results/summary.json"),
    );
    let cpu_ns = run.pointer("/end/cpu_ns").and_then(|ns| ns.as_u64());
    let firing_s = cpu_ns.context("no CPU time in run.json")? as f64 / 1e9;
    let lasted_s = summary["throughput"]["duration_s"].as_f64();
    let lasted_s = lasted_s.context("nothing was sent")?;
    let itl_ms = |key: &str| summary["itl_s"][key].as_f64().map(|s| s * 1e3);
    let peak_mib = cost.peak_rss_bytes as f64 / f64::from(1 << 20);
    let events = recorded.events as f64;
    row("peak memory of replay", format!("{peak_mib:.1}"), "MiB");
    row("first send to last end", format!("{lasted_s:.2}"), "s");
    let server_s = format!("{:.2}", server_cpu.as_secs_f64());
    row("CPU of the server", server_s, "s");
    row("CPU of replay, firing", format!("{firing_s:.2}"), "s");
    let whole_s = format!("{:.2}", cost.cpu.as_secs_f64());
    row("CPU of replay, whole", whole_s, "s");
    row("events", format!("{:.0}", events / lasted_s), "/s");
    let per_core = format!("{:.0}", events / firing_s);
    row("events, per core of replay", per_core, "/s");
    let us = format!("{:.2}", firing_s * 1e6 / events);
    row("CPU per event, firing", us, "µs");
    for (name, key) in [
        ("between tokens, median", "median"),
        ("between tokens, p99", "p99"),
    ] {
        let gap = itl_ms(key).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}"));
        row(name, gap, "ms");
    }
    Ok(())
}

fn row(name: &str, figure: impl ToString, unit: &str) {
    println!("  {name:<28} {:>12} {unit}", figure.to_string());
}
