//! Arrivals held against a schedule, and how such figures spread.

use anyhow::Context;
use harness::Schedule;
use mock_llm::Arrival;

/// Percentiles in ns.
pub struct Spread {
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub max: u64,
}

impl Spread {
    /// Nearest rank, of at least one figure.
    pub fn of(mut ns: Vec<u64>) -> Self {
        ns.sort_unstable();
        let at = |percent: usize| ns[(ns.len() * percent).div_ceil(100).max(1) - 1];
        Spread {
            p50: at(50),
            p90: at(90),
            p99: at(99),
            max: at(100),
        }
    }
}

/// How long after its due time each body arrived. An error if one came early, came twice or
/// never came: then there is nothing to compare.
pub fn lateness_ns(
    mut schedule: Schedule,
    t0_ns: u64,
    arrivals: &[Arrival],
) -> anyhow::Result<Vec<u64>> {
    let late = |arrival: &Arrival| {
        let hash = arrival
            .body_sha256
            .as_deref()
            .context("a body was cut off")?;
        let due_ns = schedule
            .take(hash)
            .context("a body arrived that is not due")?;
        let late_ns = arrival.arrival_ns.checked_sub(t0_ns + due_ns);
        late_ns.context("a request arrived early: the clocks differ")
    };
    let late_ns = arrivals
        .iter()
        .map(late)
        .collect::<anyhow::Result<Vec<u64>>>()?;
    anyhow::ensure!(
        schedule.left() == 0,
        "{} requests never arrived",
        schedule.left()
    );
    Ok(late_ns)
}
