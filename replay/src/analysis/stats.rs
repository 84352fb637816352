//! Fourteen numbers that describe a list of durations.
//!
//! Exact over all samples: no histogram, no sampling. Works on integer nanoseconds and turns them
//! into seconds last. Refuses to describe an empty list: that is `None`, never a row of zeros.

use serde::{Deserialize, Serialize};

/// Mean, extremes and percentiles in seconds, under the names that inference-perf prints.
///
/// Percentiles interpolate linearly between order statistics: with `n` samples, percentile `q`
/// stands at position `(n - 1) * q / 100` of the sorted list. That is numpy's default, and so
/// inference-perf's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Stats {
    pub mean: f64,
    pub min: f64,
    #[serde(rename = "p0.1")]
    pub p0_1: f64,
    pub p1: f64,
    pub p5: f64,
    pub p10: f64,
    pub p25: f64,
    pub median: f64,
    pub p75: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    #[serde(rename = "p99.9")]
    pub p99_9: f64,
    pub max: f64,
}

/// Picoseconds: the smallest part that interpolating nanoseconds by thousandths yields, so that
/// every percentile is an exact integer until it becomes seconds, the last step.
const PS_PER_NS: i128 = 1_000;
const PS_PER_S: f64 = 1e12;

impl Stats {
    /// Describes durations in ns; `None` if there are none. Sorts them, hence takes them.
    pub fn of_ns(mut samples_ns: Vec<i64>) -> Option<Stats> {
        samples_ns.sort_unstable();
        let (first, last) = (*samples_ns.first()?, *samples_ns.last()?);
        let at = |permille| percentile_s(&samples_ns, permille);
        Some(Stats {
            mean: mean_s(&samples_ns),
            min: seconds(i128::from(first) * PS_PER_NS),
            p0_1: at(1),
            p1: at(10),
            p5: at(50),
            p10: at(100),
            p25: at(250),
            median: at(500),
            p75: at(750),
            p90: at(900),
            p95: at(950),
            p99: at(990),
            p99_9: at(999),
            max: seconds(i128::from(last) * PS_PER_NS),
        })
    }

    /// The numbers in the order of the JSON keys, mean first.
    pub fn values(&self) -> [f64; 14] {
        [
            self.mean,
            self.min,
            self.p0_1,
            self.p1,
            self.p5,
            self.p10,
            self.p25,
            self.median,
            self.p75,
            self.p90,
            self.p95,
            self.p99,
            self.p99_9,
            self.max,
        ]
    }
}

fn seconds(picoseconds: i128) -> f64 {
    picoseconds as f64 / PS_PER_S
}

/// The mean, rounded to a picosecond.
fn mean_s(samples_ns: &[i64]) -> f64 {
    let sum: i128 = samples_ns.iter().map(|ns| i128::from(*ns)).sum();
    let count = samples_ns.len() as i128;
    // `div_euclid` rounds down for negative sums too, so adding a half rounds to nearest.
    let mean = (2 * sum * PS_PER_NS + count).div_euclid(2 * count);
    seconds(mean)
}

/// The percentile of a sorted, non-empty list, in thousandths.
fn percentile_s(sorted_ns: &[i64], permille: usize) -> f64 {
    let position = (sorted_ns.len() as u128 - 1) * permille as u128;
    let (below, part) = ((position / 1000) as usize, (position % 1000) as i128);
    let low = i128::from(sorted_ns[below]);
    // A whole position needs no neighbour, and the last one has none.
    let high = sorted_ns.get(below + 1).map_or(low, |ns| i128::from(*ns));
    seconds(low * PS_PER_NS + (high - low) * part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Equal up to the rounding of numpy's own float arithmetic.
    fn assert_close(ours: &Stats, numpy: [f64; 14]) {
        for (position, (ours, numpy)) in ours.values().iter().zip(numpy).enumerate() {
            let allowed = 1e-15 + numpy.abs() * 1e-12;
            assert!(
                (ours - numpy).abs() <= allowed,
                "{position}: {ours} != {numpy}"
            );
        }
    }

    #[test]
    fn no_sample_is_none() {
        assert_eq!(Stats::of_ns(vec![]), None);
    }

    #[test]
    fn one_sample_is_every_number() {
        let stats = Stats::of_ns(vec![1_500_000]).unwrap();
        assert_eq!(stats.values(), [0.0015; 14]);
    }

    #[test]
    fn squares_are_described_as_numpy_2_4_describes_them() {
        // numpy.percentile([i * i * 1000 for i in 1..=11], q) / 1e9
        let stats = Stats::of_ns((1..=11).map(|i| i * i * 1000).collect()).unwrap();
        let numpy = [
            4.6e-05, 1e-06, 1.03e-06, 1.3e-06, 2.5e-06, 4e-06, 1.25e-05, 3.6e-05, 7.25e-05, 0.0001,
            0.0001105, 0.0001189, 0.00012079, 0.000121,
        ];
        assert_close(&stats, numpy);
    }

    #[test]
    fn a_thousand_scattered_values_are_described_as_numpy_2_4_describes_them() {
        let mut state = 12_345u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as i64 % 50_000_000 - 1_000_000
        };
        let stats = Stats::of_ns((0..1000).map(|_| next()).collect()).unwrap();
        let numpy = [
            0.023862174292,
            -0.000979578,
            -0.000964111482,
            -0.00048156779,
            0.0016267507,
            0.0038610648,
            0.01160764025,
            0.023915262,
            0.0357178055,
            0.0435712568,
            0.0461283022,
            0.04828771851,
            0.048901813397,
            0.048987125,
        ];
        assert_close(&stats, numpy);
    }

    #[test]
    fn the_mean_of_large_values_is_exact() {
        // Broken control: a sum in f64 seconds has lost the nanosecond after a million of these.
        let sum: f64 = (0..1_000_000).map(|_| 86_400.000_000_001).sum();
        assert!((sum / 1e6 - 86_400.000_000_001_f64).abs() > 0.9e-9);
        let stats = Stats::of_ns(vec![86_400_000_000_001; 1_000_000]).unwrap();
        // One step of an f64 of this size is 1.5e-11.
        assert!((stats.mean - 86_400.000_000_001).abs() < 2e-11);
        assert_eq!((stats.mean, stats.mean), (stats.min, stats.max));
        assert_eq!(Stats::of_ns(vec![-1, -2]).unwrap().mean, -1.5e-9);
    }

    #[test]
    fn keys_are_inference_perfs_in_its_order() {
        let json = serde_json::to_string(&Stats::of_ns(vec![0]).unwrap()).unwrap();
        let keys: Vec<&str> = json.split('"').skip(1).step_by(2).collect();
        let expected = "mean min p0.1 p1 p5 p10 p25 median p75 p90 p95 p99 p99.9 max";
        assert_eq!(keys.join(" "), expected);
    }

    proptest! {
        #[test]
        fn percentiles_ascend_from_min_to_max(
            samples in prop::collection::vec(any::<i64>(), 1..300),
        ) {
            let stats = Stats::of_ns(samples).unwrap();
            let (mean, ordered) = stats.values().split_first().map(|(m, o)| (*m, o.to_vec())).unwrap();
            prop_assert!(ordered.is_sorted(), "{ordered:?}");
            prop_assert!(stats.min <= mean && mean <= stats.max);
        }

        #[test]
        fn order_of_samples_does_not_matter(
            mut samples in prop::collection::vec(-1_000_000_000i64..1_000_000_000_000, 1..300),
        ) {
            let forward = Stats::of_ns(samples.clone());
            samples.reverse();
            prop_assert_eq!(forward, Stats::of_ns(samples));
        }
    }
}
