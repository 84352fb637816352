//! What a probe or a step was worth, taken from what it left on disk.

use crate::analysis::row::Row;
use crate::analysis::summary::Summary;
use crate::analysis::verdict::{Check, Level, Reason};
use crate::analysis::{RunData, in_flight};
use crate::sweep::estimate::estimate;
use crate::sweep::probe::{Client, RungResult};
use crate::sweep::rescale::{Paced, Scaled};
use crate::sweep::result::StepResult;
use schemas::records::{ErrorClass, Outcome};

/// The figures of a step that was asked for `rate` and fired as `scaled`.
pub fn step(
    directory: String,
    rate: f64,
    scaled: &Scaled,
    paced: &Paced<'_>,
    data: &RunData,
    summary: &Summary,
) -> StepResult {
    let rows = &data.rows;
    let of_rate = || rows.iter().filter(|row| paced.has_index(row.index));
    let due = sorted(of_rate().filter_map(|row| row.times().scheduled_ns));
    let done = of_rate().filter(|row| is_done(row));
    let done = sorted(done.filter_map(|row| row.times().end_ns));
    let per_s = |times: &[u64]| estimate(times).map(|found| found.rate);
    let figures = &summary.overall;
    let latency = figures.latency_from_scheduled_s.as_ref();
    let goodput = figures.goodput.as_ref();
    StepResult {
        directory,
        asked_rate: rate,
        speed: scaled.speed.factor(),
        requests: scaled.requests,
        paced_share: scaled.paced as f64 / scaled.requests as f64,
        duration_s: scaled.paced as f64 / rate,
        is_short: scaled.is_short,
        max_in_flight: data.info.effective.max_in_flight,
        in_flight_max: in_flight_max(rows),
        scheduled_rate: figures.load_summary.scheduled_rate,
        achieved_rate: figures.load_summary.paced_rate,
        offered_rate: per_s(&due),
        completed_rate: per_s(&done),
        latency_p50_s: latency.map(|stats| stats.median),
        latency_p99_s: latency.map(|stats| stats.p99),
        ttft_p50_s: figures.ttft_s.as_ref().map(|stats| stats.median),
        ttft_p99_s: figures.ttft_s.as_ref().map(|stats| stats.p99),
        tpot_p50_s: figures.tpot_s.as_ref().map(|stats| stats.median),
        output_tokens_per_s: figures.throughput.output_tokens_per_s,
        goodput_share: goodput.and_then(|goodput| goodput.share),
        good_per_s: goodput.and_then(|goodput| goodput.good_per_s),
        error_rate: figures.errors.rate,
        verdict: summary.verdict.verdict,
    }
}

/// The answers of a probe; `reasons` are those of its verdict.
pub fn rung(directory: String, paced: &Paced<'_>, rows: &[Row], reasons: &[Reason]) -> RungResult {
    // What the probe's own end cut off says nothing about the server.
    let landed = || rows.iter().filter(|row| !is_cut_off(row));
    let done = || landed().filter(|row| is_done(row));
    let timed = done().filter(|row| paced.is_timed(row.index)).count();
    RungResult {
        directory,
        ends_ns: sorted(done().filter_map(|row| row.times().end_ns)),
        timed_share: timed as f64 / done().count().max(1) as f64,
        landed: landed().count() as u64,
        failed: landed().filter(|row| row.has_failed()).count() as u64,
        client: Client {
            short_of_cpu: reasons.iter().find_map(short_of_cpu),
            in_flight_mean: in_flight_mean(paced, rows),
        },
    }
}

/// Whether the server did what it was asked to: it answered well, or was abandoned as the workload
/// asks.
fn is_done(row: &Row) -> bool {
    row.is(Outcome::Ok) || row.is(Outcome::Cancelled)
}

/// Whether the load ended before it.
fn is_cut_off(row: &Row) -> bool {
    row.class() == Some(ErrorClass::Interrupted)
}

fn sorted(times: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut times: Vec<u64> = times.collect();
    times.sort_unstable();
    times
}

/// Most in flight at a time, warm-up included: the places are shared with it.
fn in_flight_max(rows: &[Row]) -> u32 {
    let spans = rows.iter().filter_map(in_flight::span_of);
    let (mut starts, mut ends): (Vec<i64>, Vec<i64>) = spans.unzip();
    starts.sort_unstable();
    ends.sort_unstable();
    let mut most = 0;
    in_flight::walk(&starts, &ends, &mut |level, _, _| most = level.max(most));
    u32::try_from(most).unwrap_or(u32::MAX)
}

/// Mean number in flight from the first end to the last sending of a request that waited for
/// nothing but its place.
fn in_flight_mean(paced: &Paced<'_>, rows: &[Row]) -> Option<f64> {
    let spans = || {
        let times = rows.iter().map(Row::times);
        times.filter_map(|times| Some((times.sent_ns?, times.end_ns?)))
    };
    let from = spans().map(|(_, end)| end).min()?;
    let backlog = rows.iter().filter(|row| paced.has_index(row.index));
    let until = backlog.filter_map(|row| row.times().sent_ns).max()?;
    let length = until.checked_sub(from).filter(|length| *length > 0)?;
    let within = |(sent, end): (u64, u64)| end.min(until).saturating_sub(sent.max(from));
    let total: u64 = spans().map(within).sum();
    Some(total as f64 / length as f64)
}

/// In words, if this reason says that the machine was short of CPU.
fn short_of_cpu(reason: &Reason) -> Option<String> {
    let percent = reason.value.unwrap_or_default() * 100.0;
    let what = match reason.check {
        Check::ClientBusy => "a worker thread ran",
        Check::RunQueue => "a worker thread waited for a processor",
        Check::Steal => "the hypervisor took the processors away",
        _ => return None,
    };
    (reason.level >= Level::Degraded).then(|| format!("{what} for {percent:.1} % of the time"))
}
