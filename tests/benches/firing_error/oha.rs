//! oha at the same rate on the same server, if it is on PATH.
//!
//! It says neither when it began nor when a request was due, so its even grid is laid where it
//! fits best for oha: so that the earliest request is on time and no request is early.

use crate::lateness::Spread;
use crate::{Bench, Measured};
use anyhow::Context;
use harness::Call;
use mock_llm::Arrival;

/// Connections that it may use.
const CONNECTIONS: u32 = 64;

/// Fires as many requests at the same rate; nothing if oha is not installed.
pub fn fire(bench: &Bench) -> anyhow::Result<Option<Measured>> {
    if !is_installed() {
        return Ok(None);
    }
    bench.server.clear()?;
    let body = &bench.requests.first().context("no request")?.body;
    let (rate, count) = (bench.rate, bench.requests.len());
    let call = Call::new("oha")
        .words(&format!(
            "--no-tui -n {count} -q {rate} -c {CONNECTIONS} -m POST"
        ))
        .words("-T application/json -d")
        .arg(body)
        .arg(format!("{}/v1/chat/completions", bench.server.url()));
    bench.within(call).run().ok();
    let arrivals = bench.server.arrivals()?;
    Ok(Some(Measured {
        requests: arrivals.len(),
        late: Spread::of(lateness_ns(&arrivals, bench.rate)),
        own: None,
        cpu_ns: None,
    }))
}

fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join("oha").is_file())
}

/// Against the even grid that is kindest to the sender.
fn lateness_ns(arrivals: &[Arrival], rate: u32) -> Vec<u64> {
    let grid = |i: usize| i as i128 * 1_000_000_000 / i128::from(rate);
    let offsets: Vec<i128> = (0..arrivals.len())
        .map(|i| i128::from(arrivals[i].arrival_ns) - grid(i))
        .collect();
    let earliest = offsets.iter().min().copied().unwrap_or(0);
    offsets
        .iter()
        .map(|offset| (offset - earliest) as u64)
        .collect()
}
