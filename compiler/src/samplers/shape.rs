//! The kinds of distribution and what makes their parameters meaningful. Refuses, with the reason,
//! every parameter for which sampling would have no answer.

use std::sync::Arc;

/// Largest mean of a Poisson distribution: its table then has under 20,000 entries.
pub const MAX_POISSON_MEAN: f64 = 1_048_576.0;
/// Most values of a Zipf distribution, which has a table entry for each.
pub const MAX_ZIPF_VALUES: u64 = 1_048_576;
/// Largest shape parameter of a skew-normal distribution, either way. Beyond it the half-normal
/// limit is reached long since.
pub const MAX_SKEW: f64 = 1e6;

/// A kind of distribution with its parameters, in the units of the values drawn.
///
/// `mean` and `std_dev` are those of the variable itself, before rounding and clamping.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Always this value; nothing is drawn.
    Fixed(u64),
    /// Every integer from `min` to `max` alike.
    Uniform,
    /// Normal.
    Normal { mean: f64, std_dev: f64 },
    /// Log-normal with this arithmetic mean and standard deviation.
    LogNormal { mean: f64, std_dev: f64 },
    /// Skew-normal with Azzalini's shape parameter `skew`: 0 is the normal distribution, a
    /// positive one has its long tail above the mean.
    SkewNormal { mean: f64, std_dev: f64, skew: f64 },
    /// Exponential.
    Exponential { mean: f64 },
    /// Poisson.
    Poisson { mean: f64 },
    /// `P(k) ∝ k^-exponent` for k from `min` to `max`; `min` at least 1.
    Zipf { exponent: f64 },
    /// One of these `(value, weight)` items.
    Empirical(Arc<[(u64, u64)]>),
}

/// Why a distribution cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum InvalidDistribution {
    /// `min` above `max`.
    #[error("min {min} is above max {max}")]
    Bounds { min: u64, max: u64 },
    /// A mean that is negative or not finite.
    #[error("mean {0} must be 0 or a positive number")]
    NegativeMean(f64),
    /// A mean that is not a positive finite number, where 0 has no meaning.
    #[error("mean {0} must be a positive number")]
    Mean(f64),
    /// A standard deviation that is negative or not finite.
    #[error("std_dev {0} must be 0 or a positive number")]
    StdDev(f64),
    /// A skew outside `-MAX_SKEW..=MAX_SKEW`.
    #[error("skew {0} must be between -{MAX_SKEW} and {MAX_SKEW}")]
    Skew(f64),
    /// A Poisson mean above [`MAX_POISSON_MEAN`].
    #[error("mean {0} of a poisson distribution must be at most {MAX_POISSON_MEAN}")]
    PoissonMean(f64),
    /// A Zipf exponent that is negative or not finite.
    #[error("exponent {0} must be 0 or a positive number")]
    Exponent(f64),
    /// A Zipf distribution that begins at 0, which would have infinite weight.
    #[error("min of a zipf distribution must be at least 1")]
    ZipfFromZero,
    /// More than [`MAX_ZIPF_VALUES`].
    #[error("a zipf distribution over {0} values is more than the limit of {MAX_ZIPF_VALUES}")]
    ZipfValues(u64),
    /// Nothing to choose from, or weights whose sum passes 2^64 - 1.
    #[error("the weights must sum to at least 1 and at most {}", u64::MAX)]
    Weights,
}

use InvalidDistribution as Invalid;

impl Shape {
    /// Refuses parameters that a [`Distribution`](super::Distribution) has no meaning for. Builds
    /// no table.
    pub fn check(&self, min: u64, max: u64) -> Result<(), Invalid> {
        if min > max {
            return Err(Invalid::Bounds { min, max });
        }
        match *self {
            Self::Fixed(_) | Self::Uniform => Ok(()),
            Self::Normal { mean, std_dev } => from_zero(mean).and_then(|()| spread(std_dev)),
            Self::LogNormal { mean, std_dev } => positive(mean).and_then(|()| spread(std_dev)),
            Self::SkewNormal {
                mean,
                std_dev,
                skew,
            } => {
                from_zero(mean).and_then(|()| spread(std_dev))?;
                // Written so that NaN fails, as below.
                let known = (-MAX_SKEW..=MAX_SKEW).contains(&skew);
                known.then_some(()).ok_or(Invalid::Skew(skew))
            }
            Self::Exponential { mean } => positive(mean),
            Self::Poisson { mean } if mean > MAX_POISSON_MEAN => Err(Invalid::PoissonMean(mean)),
            Self::Poisson { mean } => positive(mean),
            Self::Zipf { exponent } => check_zipf(exponent, min, max),
            Self::Empirical(ref items) => check_weights(items),
        }
    }
}

fn positive(mean: f64) -> Result<(), Invalid> {
    let known = mean.is_finite() && mean > 0.0;
    known.then_some(()).ok_or(Invalid::Mean(mean))
}

fn from_zero(mean: f64) -> Result<(), Invalid> {
    let known = mean.is_finite() && mean >= 0.0;
    known.then_some(()).ok_or(Invalid::NegativeMean(mean))
}

fn spread(std_dev: f64) -> Result<(), Invalid> {
    let known = std_dev.is_finite() && std_dev >= 0.0;
    known.then_some(()).ok_or(Invalid::StdDev(std_dev))
}

fn check_zipf(exponent: f64, min: u64, max: u64) -> Result<(), Invalid> {
    if !(exponent.is_finite() && exponent >= 0.0) {
        return Err(Invalid::Exponent(exponent));
    }
    if min == 0 {
        return Err(Invalid::ZipfFromZero);
    }
    let values = max - min + 1;
    let known = values <= MAX_ZIPF_VALUES;
    known.then_some(()).ok_or(Invalid::ZipfValues(values))
}

fn check_weights(items: &[(u64, u64)]) -> Result<(), Invalid> {
    let total = items
        .iter()
        .try_fold(0_u64, |total, &(_, weight)| total.checked_add(weight));
    let known = total.is_some_and(|total| total > 0);
    known.then_some(()).ok_or(Invalid::Weights)
}
