//! How fast `wlc verify` is, beside the speed at which the same cores can do nothing but SHA-256
//! over as many bytes.
//!
//!     cargo bench -p integration --bench verify [-- --requests N]
//!
//! Every byte of the file is hashed twice, for its section and for `file_hash`, and every byte of
//! a body once, for its leaf. Both are measured in turn, five times, and the medians compared.
//! Verifying runs as a process of its own, as a user runs it, on a file that is in memory already.

use anyhow::{Context as _, ensure};
use clap::Parser;
use harness::{Call, sha256_seconds};
use std::fs;
use std::path::Path;
use std::time::Duration;

const ROUNDS: usize = 5;
/// Longest time of one process.
const LIMIT: Duration = Duration::from_secs(3_600);

#[derive(Parser)]
struct Args {
    /// Requests of 1,000-token prompts
    #[arg(long, default_value_t = 200_000)]
    requests: u64,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let threads = std::thread::available_parallelism()?.get() as u32;
    let directory = tempfile::tempdir()?;
    let spec = format!(
        "seed: 1\napi: {{type: chat, streaming: true}}\nserver: {{type: vllm}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: 1000, output_distribution: 'uniform(1, 500)'}}\n\
         load: {{type: poisson, stages: [{{rate: 10000, duration: {}}}]}}\n",
        args.requests as f64 / 10_000.0
    );
    fs::write(directory.path().join("s.yaml"), spec)?;
    wlc(directory.path(), "compile s.yaml -o w.wlc --json")?;
    let (mut verified, mut floors, mut hashed) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let (printed, seconds) = wlc(directory.path(), "verify w.wlc --json")?;
        ensure!(printed["verified"] == true, "{printed}");
        let bytes = |key: &str| printed[key].as_u64().context(key.to_owned());
        hashed = bytes("body_bytes")? + 2 * bytes("file_bytes")?;
        floors.push(sha256_seconds(hashed, threads));
        verified.push(seconds);
    }
    verified.sort_by(f64::total_cmp);
    floors.sort_by(f64::total_cmp);
    let (seconds, floor) = (verified[ROUNDS / 2], floors[ROUNDS / 2]);
    let mb = hashed as f64 / 1e6;
    println!(
        "{threads} cores, {mb:.0} MB to hash: wlc verify {seconds:.2} s ({:.0} MB/s), SHA-256 alone {floor:.2} s ({:.0} MB/s): {:.2} of its speed",
        mb / seconds,
        mb / floor,
        floor / seconds
    );
    Ok(())
}

/// Runs a verb; gives what it printed and how long it took, in seconds.
fn wlc(directory: &Path, words: &str) -> anyhow::Result<(serde_json::Value, f64)> {
    let call = Call::new(env!("CARGO_BIN_EXE_demo"))
        .words(&format!("wlc {words}"))
        .cwd(directory)
        .limit(LIMIT);
    let (outcome, cost) = call.measure();
    Ok((outcome.json(), cost.wall.as_secs_f64()))
}
