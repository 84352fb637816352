//! Gaps between arrivals, in expected arrivals: a renewal process of unit rate, which a
//! [`RateProfile`](super::RateProfile) stretches into time. Refuses shapes for which the gap's
//! mean of 1 would rest on values that practically never come.

use super::{EXPOSURE_PER_ARRIVAL, exponential, gamma, to_exposure, weibull};
use crate::rng::{Component, Stream, Streams};

/// Shapes that a gamma gap may have. 1 is Poisson, below 1 is burstier.
pub const GAMMA_SHAPES: (f64, f64) = (0.01, 1000.0);
/// Shapes that a Weibull gap may have. 1 is Poisson, below 1 is burstier.
pub const WEIBULL_SHAPES: (f64, f64) = (0.1, 1000.0);

/// How gaps are distributed; their mean is 1 expected arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Interval {
    /// All alike; nothing is drawn.
    Even,
    /// Exponential: a Poisson process.
    Exponential,
    /// Gamma with this shape and scale `1 / shape`; the shape is what vLLM's benchmark calls
    /// burstiness. Coefficient of variation `1 / sqrt(shape)`.
    Gamma { shape: f64 },
    /// Weibull with this shape and scale `1 / Γ(1 + 1 / shape)`.
    Weibull { shape: f64 },
}

/// Why an [`Interval`] cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum InvalidInterval {
    /// Outside [`GAMMA_SHAPES`].
    #[error("shape {0} of a gamma interval must be between {min} and {max}", min = GAMMA_SHAPES.0, max = GAMMA_SHAPES.1)]
    GammaShape(f64),
    /// Outside [`WEIBULL_SHAPES`].
    #[error("shape {0} of a weibull interval must be between {min} and {max}", min = WEIBULL_SHAPES.0, max = WEIBULL_SHAPES.1)]
    WeibullShape(f64),
}

impl Interval {
    /// Refuses shapes out of range.
    pub fn check(self) -> Result<(), InvalidInterval> {
        let within = |(low, high): (f64, f64), shape: f64| low <= shape && shape <= high;
        match self {
            Self::Gamma { shape } if !within(GAMMA_SHAPES, shape) => {
                Err(InvalidInterval::GammaShape(shape))
            }
            Self::Weibull { shape } if !within(WEIBULL_SHAPES, shape) => {
                Err(InvalidInterval::WeibullShape(shape))
            }
            _ => Ok(()),
        }
    }

    /// What the gaps are drawn from; none if nothing is drawn.
    pub const fn component(self) -> Option<Component> {
        match self {
            Self::Even => None,
            Self::Exponential => Some(Component::PoissonInterval),
            Self::Gamma { .. } => Some(Component::GammaInterval),
            Self::Weibull { .. } => Some(Component::WeibullInterval),
        }
    }

    /// The gap before arrival `ordinal`, in units of 1e-15 expected arrivals; see
    /// [`exposure_with`](Self::exposure_with).
    pub fn exposure(self, streams: &Streams, ordinal: u64) -> u128 {
        self.exposure_with(|| streams.stream(ordinal))
    }

    /// The same from a stream that is only made if there is something to draw.
    ///
    /// The largest that can come is 1.3e24 (Weibull of shape 0.1), so nothing saturates and the
    /// sum of 2^40 of them fits. A gap may be 0: a burst of shape 0.01 mostly arrives at once.
    pub fn exposure_with(self, stream: impl FnOnce() -> Stream) -> u128 {
        debug_assert_eq!(self.check(), Ok(()));
        match self {
            Self::Even => EXPOSURE_PER_ARRIVAL,
            Self::Exponential => to_exposure(exponential(&mut stream())),
            Self::Gamma { shape } => to_exposure(gamma(&mut stream(), shape) / shape),
            Self::Weibull { shape } => to_exposure(weibull(&mut stream(), shape)),
        }
    }
}
