//! Integer weight tables of the discrete distributions, so that one unbiased integer draw decides
//! and the table can be recomputed anywhere: Poisson's from multiplications and divisions alone,
//! which IEEE 754 fixes to the bit.

use super::WeightedChoice;

/// The weight of the most likely Poisson value. The rest sum to at most 2,568 times as much.
const POISSON_UNIT: f64 = (1_u64 << 50) as f64;
/// The weight of a Zipf distribution's first value; 2^20 of them still fit a `u64`.
const ZIPF_UNIT: f64 = (1_u64 << 42) as f64;

/// Consecutive values, each with a weight.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    /// The value of item 0.
    pub first: u64,
    /// The choice among `first`, `first + 1`, …
    pub choice: WeightedChoice,
}

impl Table {
    /// Poisson: the mode, `floor(mean)`, has probability ratio 1; from there each neighbour's
    /// ratio is one quotient away. Weight: `floor(2^50 * ratio)`; the support ends where it is 0.
    pub(super) fn poisson(mean: f64) -> Self {
        let mode = mean as u64;
        let mut below = Vec::new();
        let mut ratio = 1.0;
        for value in (1..=mode).rev() {
            ratio *= value as f64 / mean;
            match weight(POISSON_UNIT, ratio) {
                0 => break,
                weight => below.push(weight),
            }
        }
        let first = mode - below.len() as u64;
        let mut weights: Vec<u64> = below.into_iter().rev().collect();
        weights.push(POISSON_UNIT as u64);
        ratio = 1.0;
        for value in mode + 1.. {
            ratio *= mean / value as f64;
            match weight(POISSON_UNIT, ratio) {
                0 => break,
                weight => weights.push(weight),
            }
        }
        Self::new(first, weights)
    }

    /// Zipf: weight `floor(2^42 * (min / k)^exponent)`; the support ends where it is 0.
    pub(super) fn zipf(exponent: f64, min: u64, max: u64) -> Self {
        let ratio = |value: u64| libm::pow(min as f64 / value as f64, exponent);
        let weights = (min..=max).map(|value| weight(ZIPF_UNIT, ratio(value)));
        Self::new(min, weights.take_while(|&weight| weight > 0).collect())
    }

    fn new(first: u64, weights: Vec<u64>) -> Self {
        let choice = WeightedChoice::new(weights).expect("the mode has weight, and few have more");
        Self { first, choice }
    }

    /// The value of this item.
    pub(super) fn value(&self, item: usize) -> u64 {
        self.first + item as u64
    }
}

/// Rounds down.
fn weight(unit: f64, ratio: f64) -> u64 {
    (unit * ratio) as u64
}
