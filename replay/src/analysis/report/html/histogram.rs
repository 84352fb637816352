//! Histograms of durations, in bins of equal factors: a long tail does not squeeze the rest.

use super::axis::Axis;
use super::chart::{Chart, Curve, Ink, Mark, ReadOut, Shape};
use super::number::{Quantity, count};
use crate::analysis::stats::Stats;

/// Durations below this are drawn there.
const LEAST_S: f64 = 1e-6;
/// Bins across the chart.
const BINS: usize = 64;

/// What a histogram is called.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    /// Its id in the page.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What is counted.
    pub note: &'static str,
}

/// The chart of durations, each in ns and with how often it occurred; marks the median and p99.
pub fn chart(name: Name, steps: &[(i64, u64)], stats: Option<&Stats>) -> Chart {
    let seconds = steps.iter().map(|step| step.0 as f64 / 1e9);
    let across = Axis::log(Quantity::Seconds, LEAST_S, seconds);
    let counts = fill(&across, steps);
    let edge = |bin: usize| across.value(bin as f64 / BINS as f64);
    let bins = counts.iter().enumerate();
    let points = bins
        .clone()
        .map(|(bin, count)| (edge(bin), Some(*count as f64)));
    let places = bins.map(|(bin, _)| {
        let (from, to) = (edge(bin), edge(bin + 1));
        let text = [from, to].map(|value| Quantity::Seconds.text(value));
        (
            across.value((bin as f64 + 0.5) / BINS as f64),
            text.join(" to "),
        )
    });
    let total: u64 = counts.iter().sum();
    let text = |of: &u64| {
        let share = *of as f64 / total.max(1) as f64;
        format!("{} ({})", count(*of), Quantity::Share.text(share))
    };
    let found = stats.map(|stats| [("p50", stats.median), ("p99", stats.p99)]);
    Chart {
        id: name.id,
        title: name.title,
        note: format!("{} of {}", name.note, count(total)),
        across,
        up: Axis::linear(Quantity::Number, counts.iter().map(|count| *count as f64)),
        read_out: Some(ReadOut {
            is_down: false,
            places: places.collect(),
            texts: vec![("count", counts.iter().map(text).collect())],
        }),
        curves: vec![Curve {
            name: "count",
            ink: Ink::First,
            shape: Shape::Filled(edge(BINS)),
            points: if total == 0 {
                Vec::new()
            } else {
                points.collect()
            },
        }],
        marks: found.into_iter().flatten().map(mark).collect(),
        shades: Vec::new(),
    }
}

fn mark((name, at): (&str, f64)) -> Mark {
    Mark {
        at,
        label: format!("{name} {}", Quantity::Seconds.text(at)),
    }
}

fn fill(across: &Axis, steps: &[(i64, u64)]) -> [u64; BINS] {
    let mut counts = [0; BINS];
    for (ns, count) in steps {
        let bin = (across.place(*ns as f64 / 1e9) * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += count;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Name = Name {
        id: "ttft",
        title: "TTFT",
        note: "",
    };

    #[test]
    fn every_sample_is_in_a_bin() {
        let steps = [(1_000_000, 5), (20_000_000, 7), (900_000_000, 1), (0, 2)];
        for steps in [&steps[..], &steps[..1], &steps[3..], &steps[..3]] {
            let chart = chart(NAME, steps, None);
            let drawn: f64 = chart.curves[0]
                .points
                .iter()
                .filter_map(|point| point.1)
                .sum();
            let all: u64 = steps.iter().map(|step| step.1).sum();
            assert_eq!(drawn as u64, all);
            assert!(!chart.html().contains("NaN"));
        }
    }

    #[test]
    fn nothing_is_nothing_and_not_a_flat_line() {
        assert!(chart(NAME, &[], None).html().contains("nothing to show"));
    }
}
