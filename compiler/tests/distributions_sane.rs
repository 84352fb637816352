//! Bounded integer distributions and pairs have the shapes they claim and refuse what has none.
//! Limits and controls as in `samplers_sane.rs`.

mod statistics;

use compiler::rng::{Component, Seed, Streams};
use compiler::samplers::shape::{MAX_POISSON_MEAN, MAX_SKEW, MAX_ZIPF_VALUES};
use compiler::samplers::{
    Distribution, InvalidDistribution, InvalidPairs, Pair, PairDistribution, Shape,
};
use proptest::prelude::*;
use statistics::*;

fn distribution(shape: Shape, min: u64, max: u64) -> Distribution {
    Distribution::new(shape, min, max).unwrap()
}

fn values(distribution: &Distribution) -> Vec<u64> {
    one_item(|stream| distribution.sample_from(stream))
}

/// chi² of the values against probabilities of `first`, `first + 1`, …; what lies outside goes to
/// the ends. Probabilities are scaled to integers.
fn fit(values: Vec<u64>, first: u64, probabilities: &[f64]) -> f64 {
    let last = probabilities.len() - 1;
    let place = |value: u64| (value.saturating_sub(first) as usize).min(last);
    let scaled: Vec<u64> = probabilities.iter().map(|p| (p * 1e15) as u64).collect();
    let found = counts(values.into_iter().map(place), probabilities.len());
    chi_squared(&found, &scaled)
}

/// Poisson's probabilities by logarithms, not by the recurrence under test.
fn poisson(mean: f64, value: u64) -> f64 {
    let k = value as f64;
    libm::exp(k * libm::log(mean) - mean - libm::lgamma(k + 1.0))
}

/// Of `first..=last`, the ends with their tails.
fn poisson_between(mean: f64, first: u64, last: u64) -> Vec<f64> {
    let mut probabilities: Vec<f64> = (first..=last).map(|k| poisson(mean, k)).collect();
    probabilities[0] = (0..=first).map(|k| poisson(mean, k)).sum();
    *probabilities.last_mut().unwrap() = (last..last + 200).map(|k| poisson(mean, k)).sum();
    probabilities
}

#[test]
fn poisson_is_poisson() {
    // 8 and 60 degrees of freedom, 0.1 %.
    for (mean, first, last, limit) in [(3.5, 0, 8, 26.1), (512.0, 482, 542, 99.6)] {
        let drawn = values(&distribution(Shape::Poisson { mean }, 0, 4096));
        let statistic = fit(drawn, first, &poisson_between(mean, first, last));
        assert!(statistic < limit, "mean {mean}: {statistic}");
    }
    let large = distribution(Shape::Poisson { mean: 1e6 }, 0, u64::MAX);
    let drawn: Vec<f64> = values(&large).into_iter().map(|k| k as f64).collect();
    // The normal limit, half a unit off for the integers.
    assert!(ks(drawn, |k| normal_cdf((k + 0.5 - 1e6) / 1e3)) < KS_LIMIT);
}

#[test]
fn control_a_poisson_of_another_mean_is_noticed() {
    let drawn = values(&distribution(Shape::Poisson { mean: 3.6 }, 0, 4096));
    assert!(fit(drawn, 0, &poisson_between(3.5, 0, 8)) > 26.1);
}

#[test]
fn the_table_of_a_poisson_distribution_leaves_out_nothing_that_could_come() {
    for mean in [1e-9, 0.3, 1.0, 17.0, 512.0, 1e5, MAX_POISSON_MEAN] {
        let weights = distribution(Shape::Poisson { mean }, 0, u64::MAX).weights();
        let total: f64 = weights.iter().map(|&(_, weight)| weight as f64).sum();
        let (first, last) = (weights[0].0, weights[weights.len() - 1].0);
        let outside = [first.checked_sub(1), Some(last + 1)];
        for value in outside.into_iter().flatten() {
            assert!(poisson(mean, value) < 1e-14, "{value} of mean {mean}");
        }
        let moment: f64 = weights
            .iter()
            .map(|&(k, weight)| (k as f64 - mean) * (weight as f64 / total))
            .sum();
        assert!(
            moment.abs() < 1e-9 * mean.max(1.0),
            "mean {mean}: {moment} off"
        );
        assert!(weights.len() < 20_000, "mean {mean}: {}", weights.len());
    }
}

fn zipf(exponent: f64, min: u64, max: u64) -> Vec<f64> {
    let weight = |k: u64| libm::pow(k as f64, -exponent);
    let total: f64 = (min..=max).map(weight).sum();
    (min..=max).map(|k| weight(k) / total).collect()
}

#[test]
fn zipf_is_zipf() {
    // 9, 9 and 29 degrees of freedom, 0.1 %.
    for (exponent, min, max, limit) in [(0.0, 5, 14, 27.9), (2.0, 1, 10, 27.9), (1.1, 20, 49, 58.3)]
    {
        let drawn = values(&distribution(Shape::Zipf { exponent }, min, max));
        let statistic = fit(drawn, min, &zipf(exponent, min, max));
        assert!(statistic < limit, "{exponent}: {statistic}");
    }
}

#[test]
fn control_a_zipf_of_another_exponent_is_noticed() {
    let drawn = values(&distribution(Shape::Zipf { exponent: 1.1 }, 1, 10));
    assert!(fit(drawn, 1, &zipf(1.0, 1, 10)) > 27.9);
}

#[test]
fn exponential_is_exponential_in_units() {
    let delays = distribution(Shape::Exponential { mean: 2.5e9 }, 0, u64::MAX);
    let drawn: Vec<f64> = values(&delays).into_iter().map(|ns| ns as f64).collect();
    assert!(ks(drawn.clone(), |ns| exponential_cdf(ns / 2.5e9)) < KS_LIMIT);
    assert!(
        ks(drawn, |ns| exponential_cdf(ns / 2.6e9)) > KS_LIMIT,
        "the control"
    );
}

#[test]
fn empirical_values_come_as_often_as_their_weights_say() {
    let shape = Shape::Empirical([(7, 5), (9, 0), (2, 3), (40, 92)].into());
    let drawn = values(&distribution(shape, 0, 20));
    let kinds = [7, 2, 20, 9].map(|value| drawn.iter().filter(|&&v| v == value).count() as u32);
    assert_eq!(kinds.iter().sum::<u32>(), N as u32, "40 is moved to 20");
    assert_eq!(kinds[3], 0);
    // 2 degrees of freedom, 0.1 %.
    assert!(chi_squared(&kinds[..3], &[5, 3, 92]) < 13.8);
    assert!(chi_squared(&kinds[..3], &[5, 4, 91]) > 13.8, "the control");
}

/// Every kind, with bounds that hold practically all of it.
fn wide() -> Vec<Distribution> {
    let (mean, std_dev) = (5000.0, 700.0);
    let shapes = [
        Shape::Fixed(5000),
        Shape::Normal { mean, std_dev },
        Shape::LogNormal { mean, std_dev },
        Shape::SkewNormal {
            mean,
            std_dev,
            skew: 4.0,
        },
        Shape::Exponential { mean },
        Shape::Poisson { mean },
        Shape::Empirical([(1000, 1), (7000, 2)].into()),
    ];
    let mut all: Vec<Distribution> = shapes
        .map(|shape| distribution(shape, 0, 1 << 60))
        .into_iter()
        .collect();
    all.push(distribution(Shape::Uniform, 0, 10_000));
    all.push(distribution(Shape::Zipf { exponent: 0.5 }, 1, 15_000));
    all
}

#[test]
fn the_mean_it_tells_is_the_mean_of_what_it_draws() {
    for distribution in wide() {
        let drawn: Vec<f64> = values(&distribution)
            .into_iter()
            .map(|v| v as f64)
            .collect();
        let (mean, std_dev) = mean_and_std_dev(&drawn);
        let told = distribution.mean();
        let error = 3.3 * std_dev / (N as f64).sqrt() + 1e-6;
        assert!(
            (mean - told).abs() < error,
            "{distribution:?}: {mean}, not {told}"
        );
    }
}

fn any_shape() -> impl Strategy<Value = Shape> {
    let moments = (0.1..1e6_f64, 0.0..1e6_f64, -50.0..50.0_f64);
    let items = prop::collection::vec((0..1_000_000_u64, 1..9_u64), 1..9);
    (moments, 0..1_000_000_u64, items, 0..9).prop_map(
        |((mean, std_dev, skew), value, items, kind)| match kind {
            0 => Shape::Fixed(value),
            1 => Shape::Uniform,
            2 => Shape::Normal { mean, std_dev },
            3 => Shape::LogNormal { mean, std_dev },
            4 => Shape::SkewNormal {
                mean,
                std_dev,
                skew,
            },
            5 => Shape::Exponential { mean },
            6 => Shape::Poisson { mean },
            7 => Shape::Zipf {
                exponent: skew.abs(),
            },
            _ => Shape::Empirical(items.into()),
        },
    )
}

proptest! {
    #[test]
    fn a_value_keeps_to_its_bounds_and_is_always_the_same(
        shape in any_shape(), min in 1..5000_u64, more in 0..5000_u64, index: u64,
    ) {
        prop_assert_eq!(shape.check(min, min + more), Ok(()));
        let distribution = distribution(shape, min, min + more);
        let streams = Streams::new(Seed(1), Component::MaxTokens);
        let (low, high) = distribution.bounds();
        prop_assert!(min <= low && high <= min + more);
        let value = distribution.sample(&streams, index);
        prop_assert!((low..=high).contains(&value));
        prop_assert_eq!(value, distribution.clone().sample(&streams, index));
    }
}

#[test]
fn bounds_beyond_the_integers_of_a_float_are_exact() {
    let odd = (1 << 53) + 1;
    let shape = |mean| Shape::Normal { mean, std_dev: 1e3 };
    assert_eq!(
        distribution(shape(0.0), odd, u64::MAX).sample_from(&mut one_stream()),
        odd
    );
    assert_eq!(
        distribution(shape(1e300), 0, odd).sample_from(&mut one_stream()),
        odd
    );
    let all = distribution(shape(1e300), 0, u64::MAX);
    assert_eq!(all.sample_from(&mut one_stream()), u64::MAX);
}

#[test]
fn shapes_without_meaning_are_refused() {
    use InvalidDistribution as Invalid;
    let refused = |shape: Shape| Distribution::new(shape, 1, 9).unwrap_err();
    let normal = |mean, std_dev| Shape::Normal { mean, std_dev };
    for mean in [-1.0, f64::INFINITY] {
        assert_eq!(refused(normal(mean, 1.0)), Invalid::NegativeMean(mean));
        assert_eq!(refused(Shape::Poisson { mean: -1.0 }), Invalid::Mean(-1.0));
    }
    for mean in [0.0, f64::NEG_INFINITY] {
        let std_dev = 1.0;
        assert_eq!(
            refused(Shape::LogNormal { mean, std_dev }),
            Invalid::Mean(mean)
        );
        assert_eq!(refused(Shape::Exponential { mean }), Invalid::Mean(mean));
    }
    assert_eq!(refused(normal(1.0, -1.0)), Invalid::StdDev(-1.0));
    assert!(matches!(refused(normal(1.0, f64::NAN)), Invalid::StdDev(_)));
    assert!(matches!(
        refused(normal(f64::NAN, 1.0)),
        Invalid::NegativeMean(_)
    ));
    assert!(matches!(
        refused(Shape::Poisson { mean: f64::NAN }),
        Invalid::Mean(_)
    ));
    let large = MAX_POISSON_MEAN + 1.0;
    assert_eq!(
        refused(Shape::Poisson { mean: large }),
        Invalid::PoissonMean(large)
    );
    for skew in [MAX_SKEW * 1.1, f64::NAN, f64::NEG_INFINITY] {
        let (mean, std_dev) = (1.0, 1.0);
        let shape = Shape::SkewNormal {
            mean,
            std_dev,
            skew,
        };
        assert!(matches!(refused(shape), Invalid::Skew(_)));
    }
    assert_eq!(
        refused(Shape::Zipf { exponent: -0.5 }),
        Invalid::Exponent(-0.5)
    );
    assert!(matches!(
        refused(Shape::Zipf { exponent: f64::NAN }),
        Invalid::Exponent(_)
    ));
    for items in [vec![], vec![(5, 0)], vec![(5, u64::MAX), (6, 1)]] {
        assert_eq!(refused(Shape::Empirical(items.into())), Invalid::Weights);
    }
}

#[test]
fn bounds_without_meaning_are_refused() {
    use InvalidDistribution as Invalid;
    let zipf = Shape::Zipf { exponent: 1.0 };
    assert_eq!(
        Shape::Uniform.check(5, 4),
        Err(Invalid::Bounds { min: 5, max: 4 })
    );
    assert_eq!(zipf.check(0, 4), Err(Invalid::ZipfFromZero));
    assert_eq!(zipf.check(7, MAX_ZIPF_VALUES + 6), Ok(()));
    let many = MAX_ZIPF_VALUES + 1;
    assert_eq!(zipf.check(7, many + 6), Err(Invalid::ZipfValues(many)));
    assert_eq!(zipf.check(1, u64::MAX), Err(Invalid::ZipfValues(u64::MAX)));
}

#[test]
fn pairs_come_as_often_as_their_weights_say_and_keep_together() {
    let pair = |input, output, weight| Pair {
        input: Distribution::fixed(input),
        output: distribution(Shape::Uniform, output, output + 9),
        weight,
    };
    let pairs = PairDistribution::new(vec![pair(256, 10, 40), pair(512, 20, 60)]).unwrap();
    let streams = Streams::new(Seed(42), Component::SequenceDistribution);
    let drawn: Vec<(u64, u64)> = (0..N as u64).map(|i| pairs.sample(&streams, i)).collect();
    let together = |(input, output): &(u64, u64)| (output / 10) == input / 256;
    assert!(drawn.iter().all(together));
    let kinds = counts(drawn.iter().map(|(input, _)| (input / 512) as usize), 2);
    // 1 and 9 degrees of freedom, 0.1 %.
    assert!(chi_squared(&kinds, &[40, 60]) < 10.8);
    assert!(chi_squared(&kinds, &[43, 57]) > 10.8, "the control");
    let digits = counts(drawn.iter().map(|(_, output)| (output % 10) as usize), 10);
    assert!(chi_squared(&digits, &[1; 10]) < 27.9);
    assert_eq!(
        PairDistribution::new(vec![]).unwrap_err(),
        InvalidPairs::Weights
    );
}
