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
    fn of(mut ns: Vec<u64>) -> Self {
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

/// What the server saw of a program that was to send on a schedule.
pub struct Seen {
    /// Requests whose body arrived whole.
    pub arrived: usize,
    /// Requests whose body did not.
    pub missing: usize,
    /// From the first arrival to the last, in ns.
    pub took_ns: u64,
    /// As long by the schedule of all requests, in ns.
    pub planned_ns: u64,
    /// Arrival after schedule.
    pub late: Spread,
}

impl Seen {
    fn new(arrivals: &[Arrival], late_ns: Vec<u64>, planned_ns: u64, missing: usize) -> Self {
        let took_ns = match arrivals {
            [first, .., last] => last.arrival_ns - first.arrival_ns,
            _ => 0,
        };
        Seen {
            arrived: late_ns.len(),
            missing,
            took_ns,
            planned_ns,
            late: Spread::of(late_ns),
        }
    }

    /// Requests per second that arrived, from the first to the last.
    pub fn per_s(&self) -> f64 {
        (self.arrived - 1) as f64 * 1e9 / self.took_ns.max(1) as f64
    }
}

/// Body by body against a schedule from t0. An error if a body came that is not due, came twice
/// or came early, or if none came: then there is nothing to compare.
pub fn by_body(
    mut schedule: Schedule,
    t0_ns: u64,
    planned_ns: u64,
    arrivals: &[Arrival],
) -> anyhow::Result<Seen> {
    let mut late = |hash: &str, arrival: &Arrival| {
        let due_ns = schedule.take(hash);
        let due_ns = due_ns.context("a body arrived that is not due")?;
        let late_ns = arrival.arrival_ns.checked_sub(t0_ns + due_ns);
        late_ns.context("a request arrived early: the clocks differ")
    };
    // A body without a hash was cut off.
    let late_ns: Vec<u64> = arrivals
        .iter()
        .filter_map(|arrival| Some(late(arrival.body_sha256.as_deref()?, arrival)))
        .collect::<anyhow::Result<_>>()?;
    anyhow::ensure!(!late_ns.is_empty(), "nothing arrived");
    Ok(Seen::new(arrivals, late_ns, planned_ns, schedule.left()))
}

/// In order of arrival against an even grid, for a program that says neither when it began nor
/// which request was due when. The grid lies where it is kindest to the sender: as late as it can
/// without a request that is early, so that the earliest one is on time.
pub fn by_order(requests: usize, rate: u32, arrivals: &[Arrival]) -> anyhow::Result<Seen> {
    let grid = |i: usize| i as i128 * 1_000_000_000 / i128::from(rate);
    let whole = arrivals.iter().filter(|a| a.body_sha256.is_some());
    let offsets: Vec<i128> = whole
        .enumerate()
        .map(|(i, arrival)| i128::from(arrival.arrival_ns) - grid(i))
        .collect();
    let earliest = offsets.iter().min().context("nothing arrived")?;
    let late_ns: Vec<u64> = offsets.iter().map(|at| (at - earliest) as u64).collect();
    let missing = requests.saturating_sub(late_ns.len());
    let planned_ns = grid(requests.saturating_sub(1)) as u64;
    Ok(Seen::new(arrivals, late_ns, planned_ns, missing))
}
