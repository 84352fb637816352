//! Samplers: pure functions from the draws of one [`Stream`] to numbers with a distribution.
//!
//! Formulas, draw counts, rounding and test vectors are in `schemas/RANDOMNESS.md`; logarithms
//! and the like come from the pinned `libm` only. Refuses: to draw where the answer is already
//! certain (a fixed length, a standard deviation of 0, a single choice).

use std::f64::consts::TAU;

use crate::rng::{Stream, Streams};

/// Units of exposure in one expected arrival.
pub const EXPOSURE_PER_ARRIVAL: f64 = 1e15;

/// Exponential with mean 1: `-ln u`, u in (0, 1]. One draw.
pub fn exponential(stream: &mut Stream) -> f64 {
    // `0 -` and not unary minus, so that u = 1 gives +0.
    0.0 - libm::log(stream.unit_open_closed())
}

/// Exponential with mean 1, in units of 1e-15 expected arrivals: `round(-ln u * 1e15)`. One draw.
///
/// An arrival process with rate λ(t) fires when the integral of λ has grown by this much since
/// the arrival before (time rescaling: a unit-rate Poisson process seen through that integral).
/// At most 36.74e15, so ~500 of them fit a `u64`; sum them in a `u128` or re-base.
pub fn exponential_exposure(stream: &mut Stream) -> u64 {
    libm::round(exponential(stream) * EXPOSURE_PER_ARRIVAL) as u64
}

/// Normal with mean 0 and standard deviation 1, cosine branch of Box & Muller (1958):
/// `sqrt(-2 ln u) * cos(2π v)`, u in (0, 1] drawn first, v in [0, 1). Always two draws.
pub fn standard_normal(stream: &mut Stream) -> f64 {
    let u = stream.unit_open_closed();
    let v = stream.unit_half_open();
    libm::sqrt(-2.0 * libm::log(u)) * libm::cos(TAU * v)
}

/// Normal: `mean + std_dev * z`. Two draws.
pub fn normal(stream: &mut Stream, mean: f64, std_dev: f64) -> f64 {
    mean + std_dev * standard_normal(stream)
}

/// Log-normal whose own (arithmetic) mean and standard deviation are given:
/// `exp(mu + sigma * z)` with `sigma² = ln(1 + (std_dev / mean)²)`, `mu = ln(mean) - sigma² / 2`.
/// Two draws. `mean` must be above 0.
pub fn lognormal(stream: &mut Stream, mean: f64, std_dev: f64) -> f64 {
    let ratio = std_dev / mean;
    let sigma_squared = libm::log1p(ratio * ratio);
    let mu = libm::log(mean) - sigma_squared / 2.0;
    libm::exp(mu + libm::sqrt(sigma_squared) * standard_normal(stream))
}

/// A uniform integer in `min..=max`: `min + below(max - min + 1)`. No draw if they are equal.
///
/// # Panics
/// If `min > max`.
pub fn uniform_inclusive(stream: &mut Stream, min: u64, max: u64) -> u64 {
    assert!(min <= max, "uniform_inclusive({min}, {max}): min above max");
    match (max - min).checked_add(1) {
        Some(values) => min + stream.below(values),
        None => stream.next_u64(),
    }
}

/// A choice among items with integer weights.
///
/// One `below(total)`, then the first item whose cumulative weight is above it. No draw if only
/// one item has any weight.
#[derive(Clone, Debug)]
pub struct WeightedChoice {
    cumulative: Vec<u64>,
    certain: Option<usize>,
}

impl WeightedChoice {
    /// Prepares the cumulative table; `None` if there is no weight at all or their sum overflows.
    pub fn new(weights: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut cumulative = Vec::new();
        let mut total = 0_u64;
        let mut weighted_items = 0_u64;
        for weight in weights {
            total = total.checked_add(weight)?;
            weighted_items += u64::from(weight > 0);
            cumulative.push(total);
        }
        let certain =
            (weighted_items == 1).then(|| cumulative.partition_point(|&up_to| up_to == 0));
        (total > 0).then_some(Self {
            cumulative,
            certain,
        })
    }

    /// The index of the chosen item.
    pub fn choose(&self, stream: &mut Stream) -> usize {
        if let Some(item) = self.certain {
            return item;
        }
        let total = self.cumulative[self.cumulative.len() - 1];
        let point = stream.below(total);
        self.cumulative.partition_point(|&up_to| up_to <= point)
    }
}

/// How many tokens: a distribution over positive integers.
///
/// Bounds are clamps, not a truncation: a draw outside is moved to the bound. `mean` and
/// `std_dev` are those of the distribution before rounding and clamping.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LengthDistribution {
    /// Always this many.
    Fixed(u32),
    /// Every integer from `min` to `max` alike.
    Uniform { min: u32, max: u32 },
    /// Normal, rounded, clamped.
    Normal {
        mean: f64,
        std_dev: f64,
        min: u32,
        max: u32,
    },
    /// Log-normal with this arithmetic mean and standard deviation, rounded, clamped.
    LogNormal {
        mean: f64,
        std_dev: f64,
        min: u32,
        max: u32,
    },
}

/// Why a [`LengthDistribution`] cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum InvalidLength {
    /// A bound or a fixed length of 0: a prompt or an answer of no tokens cannot be asked for.
    #[error("a length must be at least 1 token")]
    Zero,
    /// `min` above `max`.
    #[error("min {min} is above max {max}")]
    Bounds { min: u32, max: u32 },
    /// A mean that is not a positive finite number.
    #[error("mean {0} must be a positive number")]
    Mean(f64),
    /// A standard deviation that is negative or not finite.
    #[error("std_dev {0} must be 0 or a positive number")]
    StdDev(f64),
}

impl LengthDistribution {
    /// Refuses parameters that [`sample`](Self::sample) has no meaning for.
    pub fn check(&self) -> Result<(), InvalidLength> {
        let (min, max) = self.bounds();
        if min == 0 {
            return Err(InvalidLength::Zero);
        }
        if min > max {
            return Err(InvalidLength::Bounds { min, max });
        }
        let (Self::Normal { mean, std_dev, .. } | Self::LogNormal { mean, std_dev, .. }) = *self
        else {
            return Ok(());
        };
        if !(mean.is_finite() && mean > 0.0) {
            return Err(InvalidLength::Mean(mean));
        }
        if !(std_dev.is_finite() && std_dev >= 0.0) {
            return Err(InvalidLength::StdDev(std_dev));
        }
        Ok(())
    }

    /// The smallest and the largest length that can come out, in tokens.
    pub fn bounds(&self) -> (u32, u32) {
        match *self {
            Self::Fixed(length) => (length, length),
            Self::Uniform { min, max }
            | Self::Normal { min, max, .. }
            | Self::LogNormal { min, max, .. } => (min, max),
        }
    }

    /// The length if it is certain beforehand, in which case no stream is ever made for it.
    pub fn certain(&self) -> Option<u32> {
        let (min, max) = self.bounds();
        if min == max {
            return Some(min);
        }
        match *self {
            Self::Normal { mean, std_dev, .. } | Self::LogNormal { mean, std_dev, .. }
                if std_dev == 0.0 =>
            {
                Some(to_length(mean, min, max))
            }
            _ => None,
        }
    }

    /// The length of item `index`, in tokens.
    pub fn sample(&self, streams: &Streams, index: u64) -> u32 {
        self.sample_with(|| streams.stream(index))
    }

    /// The same from a stream that is only made if there is something to draw.
    pub fn sample_with(&self, stream: impl FnOnce() -> Stream) -> u32 {
        debug_assert_eq!(self.check(), Ok(()));
        if let Some(length) = self.certain() {
            return length;
        }
        let stream = &mut stream();
        match *self {
            Self::Fixed(length) => length,
            Self::Uniform { min, max } => {
                uniform_inclusive(stream, u64::from(min), u64::from(max)) as u32
            }
            Self::Normal {
                mean,
                std_dev,
                min,
                max,
            } => to_length(normal(stream, mean, std_dev), min, max),
            Self::LogNormal {
                mean,
                std_dev,
                min,
                max,
            } => to_length(lognormal(stream, mean, std_dev), min, max),
        }
    }
}

/// Rounds half away from zero, then clamps.
fn to_length(value: f64, min: u32, max: u32) -> u32 {
    libm::round(value).clamp(f64::from(min), f64::from(max)) as u32
}
