//! oha at the same rate, without its latency correction, which changes what it reports and not
//! when it sends.
//!
//! It says neither when it began nor when a request was due: see [`by_order`].

use crate::lateness::by_order;
use crate::{Bench, Measured};
use anyhow::Context;
use harness::Call;

/// Connections that it may use.
const CONNECTIONS: u32 = 64;

/// Fires as many requests at the same rate, all with the workload's first body; on as many
/// threads as it takes by itself where no number is given.
pub fn fire(bench: &Bench, threads: Option<u32>) -> anyhow::Result<Measured> {
    let server = bench.server()?;
    let body = &bench.requests.first().context("no request")?.body;
    let (rate, count) = (bench.rate, bench.requests.len());
    let threads = threads.map_or_else(String::new, |n| format!("--worker-threads {n}"));
    let call = Call::new("oha")
        .words(&format!(
            "--no-tui -n {count} -q {rate} -c {CONNECTIONS} {threads}"
        ))
        .words("-m POST -T application/json -d")
        .arg(body)
        .arg(format!("{}/v1/chat/completions", server.url()));
    let (outcome, cost) = bench.within(call).measure();
    outcome.ok();
    Ok(Measured {
        seen: by_order(count, rate, &server.arrivals()?)?,
        own: None,
        whole_cpu: Some(cost.cpu),
        firing_cpu: None,
    })
}
