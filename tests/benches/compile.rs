//! How fast `wlc compile` is, beside the speed at which the same cores can do nothing but
//! SHA-256 over as many bytes; what a second thread brings; and the memory that a trace of 27
//! million rows takes.
//!
//!     cargo bench -p integration --bench compile [-- --requests N] [--rows N]
//!
//! Every byte of a body is hashed once, so the hash is the floor under any compile. Both are
//! measured in turn, three times, and the medians compared. Compiling runs as a process of its
//! own, as a user runs it.

use anyhow::{Context as _, ensure};
use clap::Parser;
use harness::{Call, sha256_seconds};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

/// Rows of the longest published trace, Azure's conversations of 2024.
const ROWS: u64 = 27_303_999;
const TOKENS: u32 = 1_000;
const ROUNDS: usize = 3;
/// Longest time of one compile.
const LIMIT: Duration = Duration::from_secs(3_600);

#[derive(Parser)]
struct Args {
    /// Requests of 1,000-token prompts; 0 leaves the speed out
    #[arg(long, default_value_t = 1_000_000)]
    requests: u64,
    /// Rows of the trace; 0 leaves the memory out
    #[arg(long, default_value_t = ROWS)]
    rows: u64,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// One run of the compiler.
struct Run {
    seconds: f64,
    body_bytes: u64,
    file_bytes: u64,
    peak_mib: f64,
    file_hash: String,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let directory = tempfile::tempdir()?;
    if args.requests > 0 {
        speed(directory.path(), args.requests)?;
    }
    if args.rows > 0 {
        memory(directory.path(), args.rows)?;
    }
    Ok(())
}

fn speed(directory: &Path, requests: u64) -> anyhow::Result<()> {
    let spec = format!(
        "seed: 1\napi: {{type: chat, streaming: true}}\nserver: {{type: vllm}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: {TOKENS}, output_distribution: 'uniform(1, 500)'}}\n\
         load: {{type: poisson, stages: [{{rate: 10000, duration: {}}}]}}\n",
        requests as f64 / 10_000.0
    );
    fs::write(directory.join("s.yaml"), spec)?;
    println!("about {requests} requests of {TOKENS} tokens, median of {ROUNDS}");
    println!(
        "threads   bodies MB   file MB   compile s   MB/s   sha256 s   MB/s   ratio   peak MiB"
    );
    let mut by_threads = Vec::new();
    for threads in [1, 2] {
        let mut runs = Vec::new();
        let mut floors = Vec::new();
        for _ in 0..ROUNDS {
            let run = compile(directory, "s.yaml", threads)?;
            floors.push(sha256_seconds(run.body_bytes, threads));
            runs.push(run);
        }
        let same = |run: &Run| run.file_hash == runs[0].file_hash;
        ensure!(runs.iter().all(same), "two compiles differ");
        runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        floors.sort_by(f64::total_cmp);
        let run = &runs[ROUNDS / 2];
        let floor = floors[ROUNDS / 2];
        let mb = run.body_bytes as f64 / 1e6;
        println!(
            "{threads:>7} {mb:>11.0} {:>9.0} {:>11.2} {:>6.0} {floor:>10.2} {:>6.0} {:>7.2} {:>10.0}",
            run.file_bytes as f64 / 1e6,
            run.seconds,
            mb / run.seconds,
            mb / floor,
            floor / run.seconds,
            run.peak_mib
        );
        by_threads.push((run.seconds, run.file_hash.clone()));
    }
    ensure!(
        by_threads[0].1 == by_threads[1].1,
        "the threads make a difference"
    );
    println!(
        "two threads are {:.2} × as fast as one; the files are equal",
        by_threads[0].0 / by_threads[1].0
    );
    Ok(())
}

/// A trace in the shape of the published one: one row each 22 ms, a few out of order.
fn memory(directory: &Path, rows: u64) -> anyhow::Result<()> {
    write_trace(&directory.join("t.csv"), rows)?;
    let spec = "seed: 1\napi: {type: chat, streaming: true}\nserver: {type: vllm}\nmodels: [{name: m}]\n\
                data: {type: random, trace: {file: t.csv, format: AzurePublicDataset}}\n\
                load: {type: trace_replay, trace: {file: t.csv, format: AzurePublicDataset}}\n";
    fs::write(directory.join("t.yaml"), spec)?;
    let run = compile(directory, "t.yaml", 2)?;
    println!(
        "\n{rows} rows of a trace: {:.0} MB of bodies in a file of {:.0} MB, {:.1} s, at most {:.0} MiB of memory",
        run.body_bytes as f64 / 1e6,
        run.file_bytes as f64 / 1e6,
        run.seconds,
        run.peak_mib
    );
    Ok(())
}

fn write_trace(path: &Path, rows: u64) -> io::Result<()> {
    const START_S: u64 = 1_715_299_200;
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "TIMESTAMP,ContextTokens,GeneratedTokens")?;
    let mut line = String::new();
    for row in 0..rows {
        // Every thousandth row stands before the one above it.
        let micros = if row % 1_000 == 999 {
            row * 22_000 - 50_000
        } else {
            row * 22_000
        };
        let (seconds, fraction) = (START_S + micros / 1_000_000, micros % 1_000_000);
        let of_day = seconds % 86_400;
        let day = 10 + (seconds - START_S) / 86_400;
        line.clear();
        write!(
            line,
            "2024-05-{day:02} {:02}:{:02}:{:02}.{fraction:06}+00:00,{},{}",
            of_day / 3_600,
            of_day / 60 % 60,
            of_day % 60,
            20 + row * 7_919 % 160,
            1 + row * 104_729 % 900
        )
        .expect("a String takes everything");
        writeln!(file, "{line}")?;
    }
    file.flush()
}

/// Runs the compiler.
fn compile(directory: &Path, spec: &str, threads: u32) -> anyhow::Result<Run> {
    let call = Call::new(env!("CARGO_BIN_EXE_demo"))
        .words(&format!(
            "wlc compile {spec} -o w.wlc --json --threads {threads}"
        ))
        .cwd(directory)
        .limit(LIMIT);
    let (outcome, cost) = call.measure();
    let printed = outcome.json();
    let number = |key: &str| printed[key].as_u64().context(key.to_owned());
    Ok(Run {
        seconds: cost.wall.as_secs_f64(),
        body_bytes: number("body_bytes")?,
        file_bytes: number("file_bytes")?,
        peak_mib: cost.peak_rss_bytes as f64 / f64::from(1 << 20),
        file_hash: printed["file_hash"].to_string(),
    })
}
