//! Percentile distributions as HdrHistogram prints them, one file a metric, for tools that plot
//! such files.
//!
//! Five ticks to each halving of what lies above, as HdrHistogram's default. The value at a tick is
//! a sample (nearest rank), not one between two samples as in the summary. Durations are in
//! milliseconds, all else in the metric's unit. Refuses [`Metric::InFlight`], which has no samples.

use crate::analysis::distributions::sorted_samples;
use crate::analysis::measures::Measures;
use crate::analysis::metric::{Metric, Unit};
use crate::analysis::report::NamedFile;
use crate::analysis::run_data::RunData;
use crate::analysis::stats::Stats;
use std::fmt::Write;

/// A file for each metric that has samples, over all that was measured.
pub fn files(data: &RunData, measures: &Measures) -> Vec<NamedFile> {
    let metrics = Metric::ALL.iter().copied();
    let samples = metrics.filter(|metric| *metric != Metric::InFlight);
    samples
        .filter_map(|metric| {
            let stats = measures.distribution(metric)?;
            Some(NamedFile {
                name: format!("{}.hgrm", metric.key()),
                bytes: print(&steps(data, metric), stats, scale(metric)).into_bytes(),
            })
        })
        .collect()
}

/// What a value in billionths of the unit is divided by.
fn scale(metric: Metric) -> f64 {
    match metric.unit() {
        Unit::Seconds => 1e6,
        _ => 1e9,
    }
}

/// Each value and how often it occurred, ascending.
fn steps(data: &RunData, metric: Metric) -> Vec<(i64, u64)> {
    if metric == Metric::Itl {
        let gaps = data.gaps[0].steps();
        return gaps.map(|(ns, count)| (ns as i64, count)).collect();
    }
    let samples = sorted_samples(data, metric);
    let equal = samples.chunk_by(|a, b| a == b);
    equal.map(|chunk| (chunk[0], chunk.len() as u64)).collect()
}

/// The text of a file.
fn print(steps: &[(i64, u64)], stats: &Stats, scale: f64) -> String {
    let mut out = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        writeln!(out, "{text}").expect("a string takes all that is written");
    };
    line(format_args!(
        "{:>16} {:>14} {:>12} {:>16}\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    ));
    for tick in ticks(steps) {
        let (value, at, count) = (tick.value as f64 / scale, tick.level(), tick.count);
        match tick.above() {
            Some(above) => line(format_args!(
                "{value:>16.6} {at:>14.12} {count:>12} {:>16.2}",
                1.0 / above
            )),
            None => line(format_args!("{value:>16.6} {at:>14.12} {count:>12}")),
        }
    }
    let in_unit = 1e9 / scale;
    let std = stats.std.map_or(f64::NAN, |std| std * in_unit);
    let (mean, max) = (stats.mean * in_unit, stats.max * in_unit);
    let count: u64 = steps.iter().map(|step| step.1).sum();
    line(format_args!(
        "#[Mean    = {mean:>12.6}, StdDeviation   = {std:>12.6}]"
    ));
    line(format_args!(
        "#[Max     = {max:>12.6}, Total count    = {count:>12}]"
    ));
    line(format_args!(
        "#[Buckets = {:>12}, SubBuckets     = {:>12}]",
        steps.len(),
        1
    ));
    out
}

/// A line: at the share `1 - tenths / (10 · 2^halvings)` of the samples.
struct Tick {
    value: i64,
    /// Samples up to this value.
    count: u64,
    tenths: u32,
    halvings: u32,
}

impl Tick {
    /// The share of samples above the tick; `None` for the last.
    fn above(&self) -> Option<f64> {
        let parts = 10.0 * (1u128 << self.halvings) as f64;
        (self.tenths > 0).then(|| f64::from(self.tenths) / parts)
    }

    fn level(&self) -> f64 {
        1.0 - self.above().unwrap_or(0.0)
    }
}

/// Ticks up to the one that all samples are reached at, and the last sample.
fn ticks(steps: &[(i64, u64)]) -> Vec<Tick> {
    let total: u64 = steps.iter().map(|step| step.1).sum();
    let mut ticks = Vec::new();
    let mut steps = steps.iter();
    let (mut value, mut count) = (0, 0);
    let levels = (0..64).flat_map(|halvings| (6..=10).rev().map(move |tenths| (halvings, tenths)));
    for (halvings, tenths) in levels {
        // Rounded down, so that at least the asked share is at or below.
        let above = u128::from(total) * u128::from(tenths) / (10 << halvings);
        let needed = u128::from(total) - above;
        while u128::from(count) < needed.max(1) {
            let Some(step) = steps.next() else {
                return ticks;
            };
            value = step.0;
            count += step.1;
        }
        ticks.push(Tick {
            value,
            count,
            tenths,
            halvings,
        });
        if count == total {
            break;
        }
    }
    ticks.push(Tick {
        value,
        count,
        tenths: 0,
        halvings: 0,
    });
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Value in ms, share, count of each line.
    fn read(text: &str) -> Vec<(f64, f64, u64)> {
        let lines = text.lines().skip(2).filter(|line| !line.starts_with('#'));
        lines
            .map(|line| {
                let cells: Vec<&str> = line.split_whitespace().collect();
                let number = |place: usize| cells[place].parse::<f64>().unwrap();
                (number(0), number(1), cells[2].parse().unwrap())
            })
            .collect()
    }

    fn steps_of(samples: &[i64]) -> Vec<(i64, u64)> {
        let equal = samples.chunk_by(|a, b| a == b);
        equal.map(|c| (c[0], c.len() as u64)).collect()
    }

    #[test]
    fn what_is_read_back_are_the_percentiles_of_the_summary() {
        // 1001 samples: percentiles of whole tenths fall on a sample.
        let samples: Vec<i64> = (0..1001i64).map(|n| n * n * 37 + 5_000).collect();
        let stats = Stats::of_sorted(&samples).unwrap();
        let lines = read(&print(&steps_of(&samples), &stats, 1e6));
        let at = |share: f64| {
            let found = lines.iter().find(|line| line.1 == share);
            found.unwrap_or_else(|| panic!("no line at {share}")).0
        };
        for (share, expected) in [
            (0.0, stats.min),
            (0.1, stats.p10),
            (0.5, stats.median),
            (0.75, stats.p75),
            (0.9, stats.p90),
            (1.0, stats.max),
        ] {
            let found = at(share) / 1e3;
            assert!(
                (found - expected).abs() < 1e-12,
                "{share}: {found}, {expected}"
            );
        }
        // The others lie between two lines.
        for (share, expected) in [(0.01, stats.p1), (0.99, stats.p99), (0.999, stats.p99_9)] {
            let below = lines.iter().rfind(|line| line.1 <= share).unwrap().0 / 1e3;
            let above = lines.iter().find(|line| line.1 >= share).unwrap().0 / 1e3;
            let between = below - 1e-12 <= expected && expected <= above + 1e-12;
            assert!(between, "{share}: {below}, {expected}, {above}");
        }
        assert!(lines.is_sorted_by(|a, b| a.0 <= b.0 && a.1 < b.1 && a.2 <= b.2));
        assert_eq!(lines.last().unwrap().2, 1001);
    }

    #[test]
    fn counts_are_those_of_samples_up_to_the_value() {
        let samples = [1_000_000, 2_000_000, 2_000_000, 2_000_000, 9_000_000];
        let stats = Stats::of_sorted(&samples).unwrap();
        let text = print(&steps_of(&samples), &stats, 1e6);
        for (value, _, count) in read(&text) {
            let upto = samples.iter().filter(|ns| **ns as f64 / 1e6 <= value);
            assert_eq!(upto.count() as u64, count);
        }
        let levels: Vec<(f64, f64)> = read(&text).iter().map(|l| (l.1, l.0)).collect();
        assert_eq!(
            levels[..7],
            [
                (0.0, 1.0),
                (0.1, 1.0),
                (0.2, 1.0),
                (0.3, 2.0),
                (0.4, 2.0),
                (0.5, 2.0),
                (0.55, 2.0)
            ]
        );
        assert!(text.contains("#[Mean    =     3.200000, StdDeviation   ="));
        assert!(text.contains("#[Max     =     9.000000, Total count    =            5]"));
    }

    #[test]
    fn one_sample_is_every_percentile_and_has_no_deviation() {
        let stats = Stats::of_sorted(&[-1_500_000]).unwrap();
        let text = print(&[(-1_500_000, 1)], &stats, 1e6);
        assert_eq!(read(&text), [(-1.5, 0.0, 1), (-1.5, 1.0, 1)]);
        assert!(text.contains("StdDeviation   =          NaN]"), "{text}");
    }
}
