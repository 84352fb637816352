//! Fifteen numbers that describe a list of samples, or a quantity over time.
//!
//! Works on integers in billionths of the unit (ns for seconds) and divides last. Refuses to
//! describe an empty list: that is `None`, never a row of zeros.

use serde::{Deserialize, Serialize};

/// Mean, extremes, percentiles and standard deviation, in the metric's unit, under the names that
/// inference-perf prints, `std` added.
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
    /// Of a sample (n - 1); null for one sample. Of a quantity over time: of all of it (n).
    pub std: Option<f64>,
}

/// Parts of a billionth: the smallest that interpolating by thousandths yields, so that every
/// percentile is an exact integer until it is divided, the last step.
const PARTS_PER_NANO: i128 = 1_000;
const PARTS: f64 = 1e12;

impl Stats {
    /// The JSON keys in order.
    pub const KEYS: [&str; 15] = [
        "mean", "min", "p0.1", "p1", "p5", "p10", "p25", "median", "p75", "p90", "p95", "p99",
        "p99.9", "max", "std",
    ];

    /// Describes ascending samples, in billionths of the unit; `None` if there are none.
    pub fn of_sorted(samples: &[i64]) -> Option<Stats> {
        debug_assert!(samples.is_sorted());
        let sum: i128 = samples.iter().map(|sample| i128::from(*sample)).sum();
        Self::interpolated(Samples {
            count: samples.len() as u64,
            sum,
            min: *samples.first()?,
            max: *samples.last()?,
            std: sample_std(samples, sum),
            at: |position| samples[position as usize],
        })
    }

    /// Describes samples of which the sum and more is known, and each by its position.
    pub(crate) fn interpolated(samples: Samples<impl Fn(u64) -> i64>) -> Option<Stats> {
        let last = samples.count.checked_sub(1)?;
        let at = |permille: u64| {
            let position = u128::from(last) * u128::from(permille);
            let (below, part) = ((position / 1000) as u64, (position % 1000) as i128);
            let low = i128::from((samples.at)(below));
            // A whole position needs no neighbour, and the last one has none.
            let high = match part {
                0 => low,
                _ => i128::from((samples.at)(below + 1)),
            };
            units(low * PARTS_PER_NANO + (high - low) * part)
        };
        let ends = [samples.min, samples.max].map(|end| units(i128::from(end) * PARTS_PER_NANO));
        let mean = mean(samples.sum, samples.count.into());
        Some(Stats::of_percentiles(mean, samples.std, ends, at))
    }

    /// Describes a quantity over time: for each value, ascending and in billionths of the unit, how
    /// long it lasted in ns. Percentile `q` is the lowest value at or below which it was for at
    /// least `q` % of the time. `None` if it lasted no time.
    pub fn of_weighted(steps: &[(i64, u64)]) -> Option<Stats> {
        debug_assert!(steps.is_sorted());
        let steps: Vec<(i64, u64)> = steps.iter().copied().filter(|step| step.1 > 0).collect();
        let total: i128 = steps.iter().map(|step| i128::from(step.1)).sum();
        let product = |step: &(i64, u64)| i128::from(step.0) * i128::from(step.1);
        let sum: i128 = steps.iter().map(product).sum();
        let exact = |value: i64| units(i128::from(value) * PARTS_PER_NANO);
        let at = |permille: u64| {
            let mut passed = 0;
            let reached = |step: &&(i64, u64)| {
                passed += i128::from(step.1) * 1000;
                passed >= total * i128::from(permille)
            };
            let step = steps.iter().find(reached);
            exact(step.expect("the whole is at least a part of it").0)
        };
        let middle = sum as f64 / total as f64;
        let square = |step: &(i64, u64)| squared(step.0 as f64 - middle) * step.1 as f64;
        let (first, last) = (steps.first()?, steps.last()?);
        let std = (steps.iter().map(square).sum::<f64>() / total as f64).sqrt() / 1e9;
        let ends = [exact(first.0), exact(last.0)];
        Some(Stats::of_percentiles(mean(sum, total), Some(std), ends, at))
    }

    /// With every percentile at its permille.
    fn of_percentiles(
        mean: f64,
        std: Option<f64>,
        [min, max]: [f64; 2],
        at: impl Fn(u64) -> f64,
    ) -> Stats {
        Stats {
            mean,
            min,
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
            max,
            std,
        }
    }

    /// The numbers in the order of [`Stats::KEYS`].
    pub fn values(&self) -> [Option<f64>; 15] {
        let known = [
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
        ];
        let mut values = [None; 15];
        values[..14].copy_from_slice(&known.map(Some));
        values[14] = self.std;
        values
    }
}

/// What [`Stats::interpolated`] needs to know of samples in billionths of the unit.
pub(crate) struct Samples<At> {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub sum: i128,
    /// The least.
    pub min: i64,
    /// The greatest.
    pub max: i64,
    /// Their standard deviation, in the unit.
    pub std: Option<f64>,
    /// The sample at a position of the ascending list.
    pub at: At,
}

fn squared(value: f64) -> f64 {
    value * value
}

fn units(parts: i128) -> f64 {
    parts as f64 / PARTS
}

/// The mean, rounded to a thousandth of a billionth.
fn mean(sum: i128, count: i128) -> f64 {
    // `div_euclid` rounds down for negative sums too, so adding a half rounds to nearest. What is
    // too large for that has no digits to lose.
    let doubled = sum.checked_mul(2 * PARTS_PER_NANO);
    match doubled.and_then(|doubled| doubled.checked_add(count)) {
        Some(doubled) => units(doubled.div_euclid(2 * count)),
        None => sum as f64 / count as f64 / 1e9,
    }
}

/// The sample standard deviation, from differences to the mean.
fn sample_std(samples: &[i64], sum: i128) -> Option<f64> {
    let count = samples.len() as i128;
    let whole = sum.div_euclid(count.max(1));
    let part = sum.rem_euclid(count.max(1)) as f64 / count as f64;
    let square = |sample: &i64| squared((i128::from(*sample) - whole) as f64 - part);
    let squares: f64 = samples.iter().map(square).sum();
    (count > 1).then(|| (squares / (count - 1) as f64).sqrt() / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sorted first.
    fn of(mut samples: Vec<i64>) -> Option<Stats> {
        samples.sort_unstable();
        Stats::of_sorted(&samples)
    }

    /// Equal up to the rounding of numpy's own float arithmetic.
    fn assert_close(ours: &Stats, numpy: [f64; 14]) {
        let ours = ours.values().map(Option::unwrap_or_default);
        for (position, (ours, numpy)) in ours[..14].iter().zip(numpy).enumerate() {
            let allowed = 1e-15 + numpy.abs() * 1e-12;
            assert!(
                (ours - numpy).abs() <= allowed,
                "{position}: {ours} != {numpy}"
            );
        }
    }

    #[test]
    fn no_sample_is_none() {
        assert_eq!(Stats::of_sorted(&[]), None);
    }

    #[test]
    fn one_sample_is_every_number() {
        let stats = of(vec![1_500_000]).unwrap();
        let mut expected = [Some(0.0015); 15];
        expected[14] = None;
        assert_eq!(stats.values(), expected);
    }

    #[test]
    fn squares_are_described_as_numpy_2_4_describes_them() {
        // numpy.percentile([i * i * 1000 for i in 1..=11], q) / 1e9
        let stats = of((1..=11).map(|i| i * i * 1000).collect()).unwrap();
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
        let stats = of((0..1000).map(|_| next()).collect()).unwrap();
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
        let stats = of(vec![86_400_000_000_001; 1_000_000]).unwrap();
        // One step of an f64 of this size is 1.5e-11.
        assert!((stats.mean - 86_400.000_000_001).abs() < 2e-11);
        assert_eq!((stats.mean, stats.mean), (stats.min, stats.max));
        assert_eq!(of(vec![-1, -2]).unwrap().mean, -1.5e-9);
    }

    #[test]
    fn the_standard_deviation_is_a_samples() {
        // statistics.stdev([2, 4, 4, 4, 5, 5, 7, 9])
        let stats = of([2, 4, 4, 4, 5, 5, 7, 9].map(|n| n * 1_000_000_000).to_vec()).unwrap();
        assert!((stats.std.unwrap() - 2.138_089_935_299_395).abs() < 1e-12);
        // Differences of 1 ns survive a mean of a day.
        let stats = of(vec![86_400_000_000_001, 86_400_000_000_003]).unwrap();
        assert!((stats.std.unwrap() - 2f64.sqrt() * 1e-9).abs() < 1e-21);
    }

    #[test]
    fn a_quantity_over_time_weighs_by_how_long_it_lasted() {
        let one = 1_000_000_000;
        // 1 for 1 s, 2 for 2 s, 5 for 1 s.
        let steps = [(one, 1), (2 * one, 2), (5 * one, 1)];
        let stats = Stats::of_weighted(&steps).unwrap();
        assert_eq!((stats.mean, stats.min, stats.max), (2.5, 1.0, 5.0));
        let percentiles = (stats.p25, stats.median, stats.p75, stats.p90);
        assert_eq!(percentiles, (1.0, 2.0, 2.0, 5.0));
        // ((1.5² + 2 * 0.5² + 2.5²) / 4)^½
        assert!((stats.std.unwrap() - 1.5).abs() < 1e-12);
        assert_eq!(Stats::of_weighted(&[(one, 0)]), None);
        assert_eq!(Stats::of_weighted(&[]), None);
    }

    #[test]
    fn keys_are_inference_perfs_in_its_order() {
        let json = serde_json::to_string(&of(vec![0]).unwrap()).unwrap();
        let keys: Vec<&str> = json.split('"').skip(1).step_by(2).collect();
        let expected = "mean min p0.1 p1 p5 p10 p25 median p75 p90 p95 p99 p99.9 max std";
        assert_eq!(keys.join(" "), expected);
        assert_eq!(keys, Stats::KEYS);
    }

    proptest! {
        #[test]
        fn percentiles_ascend_from_min_to_max(
            samples in prop::collection::vec(any::<i64>(), 1..300),
        ) {
            let stats = of(samples).unwrap();
            let values = stats.values().map(Option::unwrap_or_default);
            let (mean, ordered) = (values[0], &values[1..14]);
            prop_assert!(ordered.is_sorted(), "{ordered:?}");
            prop_assert!(stats.min <= mean && mean <= stats.max);
        }

        #[test]
        fn order_of_samples_does_not_matter(
            mut samples in prop::collection::vec(-1_000_000_000i64..1_000_000_000_000, 1..300),
        ) {
            let forward = of(samples.clone());
            samples.reverse();
            prop_assert_eq!(forward, of(samples));
        }
    }
}
