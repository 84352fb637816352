//! The samplers have the distributions they claim, at fixed seeds, so never flaky. Each bound is
//! the 0.1 % point of its statistic or looser, and each kind of check also sees a wrong sampler.

use compiler::plan::samplers::{self, InvalidLength, LengthDistribution, WeightedChoice};
use compiler::rng::{Component, Seed, Stream, Streams};
use proptest::prelude::*;

const N: usize = 20_000;
/// Kolmogorov–Smirnov: 0.1 % point of `sqrt(n) * D`.
const KS_LIMIT: f64 = 1.95;

/// One value from each of `N` items, as the compiler draws them.
fn per_item<T>(mut draw: impl FnMut(&mut Stream) -> T) -> Vec<T> {
    let streams = Streams::new(Seed(42), Component::PromptLength);
    (0..N as u64)
        .map(|index| draw(&mut streams.stream(index)))
        .collect()
}

/// `N` values from one item.
fn one_item<T>(mut draw: impl FnMut(&mut Stream) -> T) -> Vec<T> {
    let mut stream = Streams::new(Seed(42), Component::PromptLength).stream(0);
    (0..N).map(|_| draw(&mut stream)).collect()
}

/// `sqrt(n) * D` against a cumulative distribution function.
fn ks(mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let gap = |(i, &x): (usize, &f64)| {
        let p = cdf(x);
        (p - i as f64 / n).max((i + 1) as f64 / n - p)
    };
    values.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

fn mean_and_std_dev(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Pearson's chi² of counts against integer weights.
fn chi_squared(counts: &[u32], weights: &[u64]) -> f64 {
    let drawn: f64 = counts.iter().copied().map(f64::from).sum();
    let total = weights.iter().sum::<u64>() as f64;
    let term = |(&count, &weight): (&u32, &u64)| {
        let expected = drawn * weight as f64 / total;
        (f64::from(count) - expected) * (f64::from(count) - expected) / expected
    };
    counts.iter().zip(weights).map(term).sum()
}

fn counts(values: impl IntoIterator<Item = usize>, kinds: usize) -> Vec<u32> {
    let mut counts = vec![0; kinds];
    values.into_iter().for_each(|value| counts[value] += 1);
    counts
}

fn exponential_cdf(x: f64) -> f64 {
    0.0 - libm::expm1(-x)
}

fn normal_cdf(x: f64) -> f64 {
    libm::erfc(-x / std::f64::consts::SQRT_2) / 2.0
}

#[test]
fn unit_samplers_are_uniform_and_keep_to_their_ends() {
    for values in [
        per_item(Stream::unit_open_closed),
        one_item(Stream::unit_half_open),
    ] {
        assert!(ks(values, |x| x) < KS_LIMIT);
    }
    assert!(
        one_item(Stream::unit_open_closed)
            .iter()
            .all(|u| *u > 0.0 && *u <= 1.0)
    );
    assert!(
        one_item(Stream::unit_half_open)
            .iter()
            .all(|u| *u >= 0.0 && *u < 1.0)
    );
}

#[test]
fn exponential_is_exponential() {
    for values in [
        per_item(samplers::exponential),
        one_item(samplers::exponential),
    ] {
        let (mean, std_dev) = mean_and_std_dev(&values);
        assert!(
            (mean - 1.0).abs() < 0.03 && (std_dev - 1.0).abs() < 0.05,
            "{mean} {std_dev}"
        );
        assert!(ks(values, exponential_cdf) < KS_LIMIT);
    }
}

#[test]
fn exposure_is_the_exponential_in_integers() {
    let exposures = per_item(samplers::exponential_exposure);
    let values = per_item(samplers::exponential);
    for (exposure, value) in exposures.into_iter().zip(values) {
        assert!((exposure as f64 * 1e-15 - value).abs() <= value * 1e-15 + 1e-15);
    }
}

#[test]
fn normal_is_normal() {
    for values in [
        per_item(samplers::standard_normal),
        one_item(samplers::standard_normal),
    ] {
        let (mean, std_dev) = mean_and_std_dev(&values);
        assert!(
            mean.abs() < 0.025 && (std_dev - 1.0).abs() < 0.02,
            "{mean} {std_dev}"
        );
        assert!(ks(values, normal_cdf) < KS_LIMIT);
    }
}

#[test]
fn control_two_summed_uniforms_are_not_normal() {
    let two = |stream: &mut Stream| {
        (stream.unit_half_open() + stream.unit_half_open() - 1.0) * libm::sqrt(6.0)
    };
    assert!(ks(per_item(two), normal_cdf) > KS_LIMIT);
}

#[test]
fn lognormal_has_the_arithmetic_mean_and_std_dev_it_was_given() {
    let values = per_item(|stream| samplers::lognormal(stream, 512.0, 256.0));
    let (mean, std_dev) = mean_and_std_dev(&values);
    assert!((mean - 512.0).abs() < 8.0, "{mean}");
    assert!((std_dev - 256.0).abs() < 16.0, "{std_dev}");
    let sigma_squared = libm::log(1.25);
    let mu = libm::log(512.0) - sigma_squared / 2.0;
    let cdf = |x| normal_cdf((libm::log(x) - mu) / libm::sqrt(sigma_squared));
    assert!(ks(values, cdf) < KS_LIMIT);
}

#[test]
fn control_taking_the_mean_for_the_median_is_noticed() {
    let sigma = libm::sqrt(libm::log(1.25));
    let mistaken =
        |stream: &mut Stream| 512.0 * libm::exp(sigma * samplers::standard_normal(stream));
    let (mean, _) = mean_and_std_dev(&per_item(mistaken));
    assert!((mean - 512.0).abs() > 8.0, "{mean}");
}

/// Two bits of every value; 0.1 % point of chi² with 2 degrees of freedom is 13.8.
fn thirds(values: Vec<u64>) -> f64 {
    chi_squared(
        &counts(values.into_iter().map(|x| (x >> 62) as usize), 3),
        &[1, 1, 1],
    )
}

#[test]
fn below_is_unbiased_where_modulo_is_not() {
    let n = 3 << 62;
    assert!(thirds(one_item(|stream| stream.below(n))) < 13.8);
    assert!(
        thirds(one_item(|stream| stream.next_u64() % n)) > 1000.0,
        "the control"
    );
}

#[test]
fn small_ranges_come_out_evenly() {
    let values = per_item(|stream| samplers::uniform_inclusive(stream, 10, 19) as usize - 10);
    // 9 degrees of freedom, 0.1 %.
    assert!(chi_squared(&counts(values, 10), &[1; 10]) < 27.9);
}

#[test]
fn weighted_choice_follows_its_weights_and_never_takes_a_zero() {
    let weights = [5, 0, 1, 3, 0, 91];
    let choice = WeightedChoice::new(weights).unwrap();
    let counts = counts(per_item(|stream| choice.choose(stream)), weights.len());
    assert_eq!((counts[1], counts[4]), (0, 0));
    let kept = [0, 2, 3, 5];
    let statistic = chi_squared(&kept.map(|i| counts[i]), &kept.map(|i| weights[i]));
    // 3 degrees of freedom, 0.1 %.
    assert!(statistic < 16.3, "{statistic}");
}

#[test]
fn weights_that_cannot_be_chosen_from_are_refused() {
    assert!(WeightedChoice::new([]).is_none());
    assert!(WeightedChoice::new([0, 0]).is_none());
    assert!(WeightedChoice::new([u64::MAX, 1]).is_none());
}

fn any_length() -> impl Strategy<Value = LengthDistribution> {
    let bounds = (1..5000_u32, 0..5000_u32).prop_map(|(min, more)| (min, min + more));
    let moments = (0.1..1e6_f64, 0.0..1e6_f64);
    (bounds, moments, 0..4).prop_map(|((min, max), (mean, std_dev), kind)| match kind {
        0 => LengthDistribution::Fixed(min),
        1 => LengthDistribution::Uniform { min, max },
        2 => LengthDistribution::Normal {
            mean,
            std_dev,
            min,
            max,
        },
        _ => LengthDistribution::LogNormal {
            mean,
            std_dev,
            min,
            max,
        },
    })
}

proptest! {
    #[test]
    fn a_length_keeps_to_its_bounds(lengths in any_length(), index: u64) {
        prop_assert_eq!(lengths.check(), Ok(()));
        let streams = Streams::new(Seed(1), Component::MaxTokens);
        let (min, max) = lengths.bounds();
        let length = lengths.sample(&streams, index);
        prop_assert!((min..=max).contains(&length));
        prop_assert_eq!(length, lengths.sample(&streams, index));
    }
}

#[test]
fn lengths_without_meaning_are_refused() {
    let normal = |mean, std_dev| LengthDistribution::Normal {
        mean,
        std_dev,
        min: 1,
        max: 9,
    };
    assert_eq!(
        LengthDistribution::Fixed(0).check(),
        Err(InvalidLength::Zero)
    );
    let upside_down = LengthDistribution::Uniform { min: 5, max: 4 };
    assert_eq!(
        upside_down.check(),
        Err(InvalidLength::Bounds { min: 5, max: 4 })
    );
    for mean in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(normal(mean, 1.0).check(), Err(InvalidLength::Mean(mean)));
    }
    assert_eq!(normal(1.0, -1.0).check(), Err(InvalidLength::StdDev(-1.0)));
    assert!(normal(1.0, f64::NAN).check().is_err());
}
