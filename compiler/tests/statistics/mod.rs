//! Statistics with known limits, for the tests of samplers. Everything is drawn at fixed seeds, so
//! nothing here is ever flaky.

#![allow(dead_code, reason = "each test binary uses its part")]

use compiler::rng::{Component, Seed, Stream, Streams};

pub const N: usize = 20_000;
/// Kolmogorov–Smirnov: 0.1 % point of `sqrt(n) * D`.
pub const KS_LIMIT: f64 = 1.95;

/// One value from each of `N` items, as the compiler draws them.
pub fn per_item<T>(mut draw: impl FnMut(&mut Stream) -> T) -> Vec<T> {
    let streams = Streams::new(Seed(42), Component::PromptLength);
    (0..N as u64)
        .map(|index| draw(&mut streams.stream(index)))
        .collect()
}

/// `N` values from one item.
pub fn one_item<T>(mut draw: impl FnMut(&mut Stream) -> T) -> Vec<T> {
    let mut stream = Streams::new(Seed(42), Component::PromptLength).stream(0);
    (0..N).map(|_| draw(&mut stream)).collect()
}

/// `sqrt(n) * D` against a cumulative distribution function.
pub fn ks(mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let gap = |(i, &x): (usize, &f64)| {
        let p = cdf(x);
        (p - i as f64 / n).max((i + 1) as f64 / n - p)
    };
    values.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

pub fn mean_and_std_dev(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Pearson's chi² of counts against integer weights.
pub fn chi_squared(counts: &[u32], weights: &[u64]) -> f64 {
    let drawn: f64 = counts.iter().copied().map(f64::from).sum();
    let total = weights.iter().sum::<u64>() as f64;
    let term = |(&count, &weight): (&u32, &u64)| {
        let expected = drawn * weight as f64 / total;
        (f64::from(count) - expected) * (f64::from(count) - expected) / expected
    };
    counts.iter().zip(weights).map(term).sum()
}

pub fn counts(values: impl IntoIterator<Item = usize>, kinds: usize) -> Vec<u32> {
    let mut counts = vec![0; kinds];
    values.into_iter().for_each(|value| counts[value] += 1);
    counts
}

pub fn exponential_cdf(x: f64) -> f64 {
    0.0 - libm::expm1(-x)
}

pub fn normal_cdf(x: f64) -> f64 {
    libm::erfc(-x / std::f64::consts::SQRT_2) / 2.0
}

/// A stream to draw from.
pub fn one_stream() -> Stream {
    Streams::new(Seed(42), Component::PromptLength).stream(0)
}

/// Gamma of scale 1: the series of the regularised lower incomplete gamma function,
/// `x^k e^-x / Γ(k + 1) * (1 + x / (k + 1) + x² / ((k + 1)(k + 2)) + …)`.
pub fn gamma_cdf(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let (mut term, mut sum, mut k) = (1.0, 1.0, shape);
    while term > sum * 1e-17 {
        k += 1.0;
        term *= x / k;
        sum += term;
    }
    sum * libm::exp(shape * libm::log(x) - x - libm::lgamma(shape + 1.0))
}

/// Weibull of mean 1.
pub fn weibull_cdf(shape: f64, x: f64) -> f64 {
    let scaled = x * libm::tgamma(1.0 + 1.0 / shape);
    exponential_cdf(libm::pow(scaled, shape))
}
