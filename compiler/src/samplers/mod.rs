//! Samplers: pure functions from the draws of one [`Stream`](crate::rng::Stream) to numbers with
//! a distribution.
//!
//! Formulas, draw counts, rounding and test vectors are in `schemas/RANDOMNESS.md`; logarithms
//! and the like come from the pinned `libm` only. Refuses: to draw where the answer is already
//! certain (a fixed length, a standard deviation of 0, a single choice).

pub mod continuous;
pub mod discrete;
pub mod distribution;
pub mod interval;
pub mod pair;
pub mod profile;
pub mod shape;
mod table;

pub use continuous::{
    exponential, exponential_exposure, gamma, lognormal, normal, skew_normal, standard_normal,
    weibull,
};
pub use discrete::{Share, WeightedChoice, permutation, uniform_inclusive};
pub use distribution::Distribution;
pub use interval::{Interval, InvalidInterval};
pub use pair::{InvalidPairs, Pair, PairDistribution};
pub use profile::{InvalidProfile, Ramp, RateProfile};
pub use shape::{InvalidDistribution, Shape};

/// Units of exposure in one expected arrival: a rate in requests per 10^6 seconds times a
/// duration in ns is a whole number of them.
pub const EXPOSURE_PER_ARRIVAL: u128 = 1_000_000_000_000_000;

/// A mean-1 gap in units of exposure, rounded half away from zero.
fn to_exposure(gap: f64) -> u128 {
    libm::round(gap * EXPOSURE_PER_ARRIVAL as f64) as u128
}

/// Rounds half away from zero, then clamps.
fn to_units(value: f64, min: u64, max: u64) -> u64 {
    // The cast saturates, so the clamp is exact for every bound.
    (libm::round(value) as u64).clamp(min, max)
}
