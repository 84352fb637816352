//! Real-valued samplers. Refuses nothing: whoever holds the parameters checks them, see
//! [`Shape::check`](super::Shape::check) and [`Interval::check`](super::Interval::check).

use std::f64::consts::{FRAC_2_PI, TAU};

use crate::rng::Stream;

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
    super::to_exposure(exponential(stream)) as u64
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

/// Skew-normal (Azzalini, "A Class of Distributions which Includes the Normal Ones", 1985) with
/// shape parameter `skew` (α). Four draws.
///
/// Location and scale are solved so that `mean` and `std_dev` are those of the variable itself.
/// With `δ = α / sqrt(1 + α²)`, `δ |z0| + sqrt(1 - δ²) z1` has mean `δ sqrt(2/π)` and variance
/// `1 - 2δ²/π`.
pub fn skew_normal(stream: &mut Stream, mean: f64, std_dev: f64, skew: f64) -> f64 {
    let norm = libm::sqrt(1.0 + skew * skew);
    let delta = skew / norm;
    let scale = std_dev / libm::sqrt(1.0 - FRAC_2_PI * delta * delta);
    let location = mean - scale * delta * libm::sqrt(FRAC_2_PI);
    let z0 = standard_normal(stream);
    let z1 = standard_normal(stream);
    // 1 / norm is sqrt(1 - δ²) without its cancellation.
    location + scale * (delta * libm::fabs(z0) + z1 / norm)
}

/// Gamma with this shape (above 0) and scale 1, so its mean is `shape` (Marsaglia & Tsang,
/// "A Simple Method for Generating Gamma Variables", 2000).
///
/// A try is a standard normal (two draws) and, where its cube is above 0, one more draw; a
/// rejected try goes on in the same stream. A shape below 1 is drawn as shape + 1 and multiplied
/// by `u^(1/shape)`, u being one last draw. The paper's squeeze, which changes no result, is
/// left out.
pub fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    if shape < 1.0 {
        let boosted = gamma(stream, shape + 1.0);
        return boosted * libm::pow(stream.unit_open_closed(), 1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = standard_normal(stream);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        let u = stream.unit_open_closed();
        if libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

/// Weibull with this shape (above 0) and mean 1: `e^(1/shape) / Γ(1 + 1/shape)`, e exponential.
/// One draw.
pub fn weibull(stream: &mut Stream, shape: f64) -> f64 {
    let power = 1.0 / shape;
    libm::pow(exponential(stream), power) / libm::tgamma(1.0 + power)
}
