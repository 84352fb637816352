//! The distribution of every metric over every group.
//!
//! Each metric's values are sorted once; dealt to the groups in that order, they come out sorted.

use crate::analysis::in_flight;
use crate::analysis::metric::Metric;
use crate::analysis::row::Row;
use crate::analysis::run_data::RunData;
use crate::analysis::stats::Stats;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads that metrics are dealt with on. Each holds some 70 bytes a request.
const THREADS: usize = 2;

/// For each group, by its place in `groups.keys`, the distributions in the order of
/// [`Metric::ALL`].
pub struct Distributions(Vec<Vec<Option<Stats>>>);

impl Distributions {
    /// Of all that was measured.
    pub fn of(data: &RunData) -> Distributions {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some(metric) = Metric::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push((*metric as usize, describe(data, *metric)));
            }
            done
        };
        let done: Vec<_> = thread::scope(|scope| {
            let threads = [(); THREADS].map(|()| scope.spawn(work));
            let parts = threads.map(|thread| thread.join().expect("its panic is ours"));
            parts.into_iter().flatten().collect()
        });
        let mut by_group = vec![vec![None; Metric::ALL.len()]; data.groups.keys.len()];
        for (metric, by_place) in done {
            for (group, stats) in by_place.into_iter().enumerate() {
                by_group[group][metric] = stats;
            }
        }
        Distributions(by_group)
    }

    /// Of one metric over one group that is measured itself.
    pub fn get(&self, group: usize, metric: Metric) -> Option<Stats> {
        self.0[group][metric as usize].clone()
    }
}

/// The values of a metric over all that was measured, ascending and in billionths of the unit.
/// None for [`Metric::Itl`], whose values are counted in [`RunData::gaps`], and for
/// [`Metric::InFlight`].
pub fn sorted_samples(data: &RunData, metric: Metric) -> Vec<i64> {
    let mut samples: Vec<i64> = data.measured().filter_map(|row| metric.of(row)).collect();
    samples.sort_unstable();
    samples
}

/// For each group by its place.
fn describe(data: &RunData, metric: Metric) -> Vec<Option<Stats>> {
    match metric {
        Metric::Itl => data.gaps.iter().map(|gaps| gaps.stats()).collect(),
        Metric::InFlight => {
            let starts = deal(data, |row| Some(in_flight::span_of(row)?.0));
            let ends = deal(data, |row| Some(in_flight::span_of(row)?.1));
            let pairs = starts.iter().zip(&ends);
            pairs
                .map(|(starts, ends)| in_flight::stats(starts, ends))
                .collect()
        }
        _ => {
            let samples = deal(data, |row| metric.of(row));
            let each = samples.iter();
            each.map(|samples| Stats::of_sorted(samples)).collect()
        }
    }
}

/// The values of each group, ascending.
fn deal(data: &RunData, value: impl Fn(&Row) -> Option<i64>) -> Vec<Vec<i64>> {
    let rows = data.rows.iter().enumerate();
    let in_a_group = rows.filter(|(_, row)| !data.groups.of(row).is_empty());
    let mut values: Vec<(i64, usize)> = in_a_group
        .filter_map(|(place, row)| Some((value(row)?, place)))
        .collect();
    values.sort_unstable();
    let mut dealt = vec![Vec::new(); data.groups.keys.len()];
    for (value, place) in values {
        for group in data.groups.of(&data.rows[place]) {
            dealt[*group].push(value);
        }
    }
    dealt
}
