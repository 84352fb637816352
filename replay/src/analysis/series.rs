//! The run second by second: load, latency, and what was in flight.
//!
//! Of every request in the window, warm-up included. Refuses to go on beyond [`MAX_SECONDS`].

use crate::analysis::in_flight;
use crate::analysis::row::{Count, Row};
use crate::analysis::run_data::RunData;
use crate::analysis::times::span_ns;
use schemas::records::Outcome;

/// Most seconds that are shown: a week.
pub const MAX_SECONDS: usize = 604_800;

const NS_PER_S: u64 = 1_000_000_000;

/// What happened within one second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Second {
    /// When it began, in s from t0.
    pub at_s: u64,
    /// A request of a warm-up stage was due in it.
    pub warm_up: bool,
    /// Requests that were due.
    pub due: u64,
    /// Requests that were sent.
    pub sent: u64,
    /// Requests that ended well.
    pub ok: u64,
    /// Requests that ended as an error or a timeout.
    pub failed: u64,
    /// Requests that were due and never sent.
    pub not_sent: u64,
    /// Requests in flight, the mean over time.
    pub in_flight_mean: f64,
    /// Most requests in flight at once.
    pub in_flight_max: u64,
    /// Output tokens of the requests that ended well in it, as far as they are known.
    pub tokens_out: u64,
    /// Time to first token from the sending, of the requests sent in it.
    pub ttft_p50_s: Option<f64>,
    /// As above.
    pub ttft_p99_s: Option<f64>,
    /// Latency from the scheduled time, of the requests that ended in it.
    pub latency_p50_s: Option<f64>,
    /// As above.
    pub latency_p99_s: Option<f64>,
    /// Schedule delay of the requests that were due in it and sent.
    pub lag_p50_s: Option<f64>,
    /// As above.
    pub lag_p99_s: Option<f64>,
    /// As above.
    pub lag_max_s: Option<f64>,
}

/// Every second from t0 to the last event.
pub fn per_second(data: &RunData) -> Vec<Second> {
    let rows = || data.rows.iter().filter(|row| data.window.has(row));
    let last_ns = rows().filter_map(last_event_ns).max();
    let count = last_ns.map_or(0, |ns| second_of(ns) + 1).min(MAX_SECONDS);
    let mut seconds: Vec<Second> = (0..count as u64)
        .map(|at_s| Second {
            at_s,
            ..Second::default()
        })
        .collect();
    for row in rows() {
        let warm_up = data.info.stages[row.stage as usize].warm_up;
        count_row(&mut seconds, row, warm_up);
    }
    count_in_flight(&mut seconds, rows());
    for (sample, enter) in PERCENTILES {
        percentiles(&mut seconds, rows().filter_map(sample), enter);
    }
    seconds
}

fn last_event_ns(row: &Row) -> Option<u64> {
    row.times().scheduled_ns.max(row.times().end_ns)
}

fn second_of(ns: u64) -> usize {
    usize::try_from(ns / NS_PER_S).unwrap_or(MAX_SECONDS)
}

fn count_row(seconds: &mut [Second], row: &Row, warm_up: bool) {
    let times = row.times();
    let mut at = |ns: Option<u64>, enter: &dyn Fn(&mut Second)| {
        if let Some(second) = ns.and_then(|ns| seconds.get_mut(second_of(ns))) {
            enter(second);
        }
    };
    at(times.scheduled_ns, &|second| {
        second.due += 1;
        second.warm_up |= warm_up;
        second.not_sent += u64::from(row.is(Outcome::NotSent));
    });
    at(times.sent_ns, &|second| second.sent += 1);
    at(times.end_ns, &|second| {
        second.failed += u64::from(row.has_failed());
        if row.is(Outcome::Ok) {
            second.ok += 1;
            second.tokens_out += row.output_tokens().map_or(0, Count::count);
        }
    });
}

fn count_in_flight<'a>(seconds: &mut [Second], rows: impl Iterator<Item = &'a Row>) {
    let (mut starts, mut ends): (Vec<i64>, Vec<i64>) = rows.filter_map(in_flight::span_of).unzip();
    starts.sort_unstable();
    ends.sort_unstable();
    let shown_ns = seconds.len() as u64 * NS_PER_S;
    in_flight::walk(&starts, &ends, &mut |level, from_ns, to_ns| {
        let (mut from_ns, to_ns) = (from_ns as u64, (to_ns as u64).min(shown_ns));
        while from_ns < to_ns {
            let second = &mut seconds[second_of(from_ns)];
            let until_ns = to_ns.min((second.at_s + 1) * NS_PER_S);
            let part = (until_ns - from_ns) as f64 / NS_PER_S as f64;
            second.in_flight_mean += level as f64 * part;
            second.in_flight_max = second.in_flight_max.max(level as u64);
            from_ns = until_ns;
        }
    });
}

/// A second and a duration in ns.
type Sample = (usize, i64);

/// What is sampled of a request, and where its percentiles go.
type Percentile = (fn(&Row) -> Option<Sample>, fn(&mut Second, &[i64]));

const PERCENTILES: [Percentile; 3] = [
    (ttft, |second, sorted| {
        second.ttft_p50_s = Some(percentile_s(sorted, 50));
        second.ttft_p99_s = Some(percentile_s(sorted, 99));
    }),
    (latency, |second, sorted| {
        second.latency_p50_s = Some(percentile_s(sorted, 50));
        second.latency_p99_s = Some(percentile_s(sorted, 99));
    }),
    (lag, |second, sorted| {
        second.lag_p50_s = Some(percentile_s(sorted, 50));
        second.lag_p99_s = Some(percentile_s(sorted, 99));
        second.lag_max_s = Some(percentile_s(sorted, 100));
    }),
];

fn ttft(row: &Row) -> Option<Sample> {
    let ttft_ns = crate::analysis::metric::Metric::Ttft.of(row)?;
    Some((second_of(row.times().sent_ns?), ttft_ns))
}

fn latency(row: &Row) -> Option<Sample> {
    let times = row.times();
    let latency_ns = span_ns(times.scheduled_ns, times.end_ns).filter(|_| row.is(Outcome::Ok))?;
    Some((second_of(times.end_ns?), latency_ns))
}

fn lag(row: &Row) -> Option<Sample> {
    let times = row.times();
    Some((second_of(times.scheduled_ns?), times.delay_ns()?))
}

fn percentiles(
    seconds: &mut [Second],
    samples: impl Iterator<Item = Sample>,
    enter: fn(&mut Second, &[i64]),
) {
    let mut samples: Vec<Sample> = samples.collect();
    samples.sort_unstable();
    for of_one in samples.chunk_by(|a, b| a.0 == b.0) {
        let sorted: Vec<i64> = of_one.iter().map(|sample| sample.1).collect();
        if let Some(second) = seconds.get_mut(of_one[0].0) {
            enter(second, &sorted);
        }
    }
}

/// As in [`crate::analysis::stats::Stats`], of a list that is not empty; in seconds.
fn percentile_s(sorted_ns: &[i64], percent: usize) -> f64 {
    let position = (sorted_ns.len() - 1) * percent;
    let (below, part) = (position / 100, position % 100);
    let low = sorted_ns[below] as f64;
    let high = sorted_ns.get(below + 1).map_or(low, |ns| *ns as f64);
    (low + (high - low) * part as f64 / 100.0) / 1e9
}
