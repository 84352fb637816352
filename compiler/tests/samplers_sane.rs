//! The samplers have the distributions they claim, at fixed seeds, so never flaky. Each bound is
//! the 0.1 % point of its statistic or looser, and each kind of check also sees a wrong sampler.
//! Bounded distributions are in `distributions_sane.rs`, gaps in `intervals_sane.rs`, rates in
//! `rate_profiles_sane.rs`.

mod statistics;

use compiler::rng::Stream;
use compiler::samplers::{self, Share, WeightedChoice};
use statistics::*;

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

/// Skewness of the values.
fn third_moment(values: &[f64]) -> f64 {
    let (mean, std_dev) = mean_and_std_dev(values);
    let cube = |x: &f64| {
        let z = (x - mean) / std_dev;
        z * z * z
    };
    values.iter().map(cube).sum::<f64>() / values.len() as f64
}

/// Skewness that the shape parameter stands for (Azzalini 1985).
fn skewness(skew: f64) -> f64 {
    let delta = skew / libm::sqrt(1.0 + skew * skew);
    let mean = delta * libm::sqrt(std::f64::consts::FRAC_2_PI);
    let variance = 1.0 - mean * mean;
    (4.0 - std::f64::consts::PI) / 2.0 * libm::pow(mean, 3.0) / libm::pow(variance, 1.5)
}

#[test]
fn skew_normal_has_the_mean_the_std_dev_and_the_skewness_it_was_given() {
    for skew in [-20.0, -4.0, 0.0, 1.0, 4.0, 1e6] {
        let values = one_item(|stream| samplers::skew_normal(stream, 512.0, 256.0, skew));
        let (mean, std_dev) = mean_and_std_dev(&values);
        assert!((mean - 512.0).abs() < 6.0, "{skew}: mean {mean}");
        assert!((std_dev - 256.0).abs() < 6.0, "{skew}: std_dev {std_dev}");
        let (has, wanted) = (third_moment(&values), skewness(skew));
        assert!((has - wanted).abs() < 0.1, "{skew}: {has}, not {wanted}");
    }
}

#[test]
fn skew_normal_without_skew_is_normal() {
    let values = one_item(|stream| samplers::skew_normal(stream, 0.0, 1.0, 0.0));
    assert!(ks(values, normal_cdf) < KS_LIMIT);
}

#[test]
fn control_taking_mean_and_std_dev_for_location_and_scale_is_noticed() {
    let delta = 4.0 / libm::sqrt(17.0);
    let mistaken = |stream: &mut Stream| {
        let (z0, z1) = (
            samplers::standard_normal(stream),
            samplers::standard_normal(stream),
        );
        512.0 + 256.0 * (delta * libm::fabs(z0) + libm::sqrt(1.0 - delta * delta) * z1)
    };
    let (mean, std_dev) = mean_and_std_dev(&one_item(mistaken));
    assert!((mean - 512.0).abs() > 6.0, "{mean}");
    assert!((std_dev - 256.0).abs() > 6.0, "{std_dev}");
}

#[test]
fn gamma_is_gamma_for_every_shape_from_bursty_to_even() {
    for shape in [0.01, 0.1, 0.25, 0.5, 0.99, 1.0, 1.5, 4.0, 40.0, 1000.0] {
        let values = one_item(|stream| samplers::gamma(stream, shape));
        let statistic = ks(values, |x| gamma_cdf(shape, x));
        assert!(statistic < KS_LIMIT, "shape {shape}: {statistic}");
    }
}

#[test]
fn gamma_agrees_with_the_two_shapes_that_are_known_in_closed_form() {
    for (x, tolerance) in [(0.01, 1e-13), (0.5, 1e-13), (3.0, 1e-13), (20.0, 1e-13)] {
        assert!(
            (gamma_cdf(1.0, x) - exponential_cdf(x)).abs() < tolerance,
            "{x}"
        );
        assert!(
            (gamma_cdf(0.5, x) - libm::erf(libm::sqrt(x))).abs() < tolerance,
            "{x}"
        );
    }
}

#[test]
fn control_a_gamma_of_another_shape_or_without_its_boost_is_noticed() {
    let other = one_item(|stream| samplers::gamma(stream, 1.05));
    assert!(ks(other, |x| gamma_cdf(1.0, x)) > KS_LIMIT);
    let no_boost = one_item(|stream| samplers::gamma(stream, 1.5));
    assert!(ks(no_boost, |x| gamma_cdf(0.5, x)) > KS_LIMIT);
}

#[test]
fn weibull_is_weibull_of_mean_1() {
    for shape in [0.1, 0.5, 1.0, 2.0, 1000.0] {
        let values = one_item(|stream| samplers::weibull(stream, shape));
        let statistic = ks(values.clone(), |x| weibull_cdf(shape, x));
        assert!(statistic < KS_LIMIT, "shape {shape}: {statistic}");
        let (mean, std_dev) = mean_and_std_dev(&values);
        // Below, the mean rests on values that do not come in so few draws.
        if shape >= 0.5 {
            assert!(
                (mean - 1.0).abs() < 4.0 * std_dev / (N as f64).sqrt(),
                "{mean}"
            );
        }
    }
}

#[test]
fn control_a_weibull_of_scale_1_is_noticed() {
    let unscaled = one_item(|stream| libm::pow(samplers::exponential(stream), 0.5)).into_iter();
    assert!(ks(unscaled.collect(), |x| weibull_cdf(2.0, x)) > KS_LIMIT);
}

#[test]
fn a_share_comes_as_often_as_it_says_and_a_smaller_one_only_where_a_larger_does() {
    let said = |part| {
        let share = Share::new(part, 100).unwrap();
        per_item(|stream| share.decide(stream))
    };
    let (two, thirty) = (said(2), said(30));
    let often = |yes: &[bool]| counts(yes.iter().map(|&yes| usize::from(yes)), 2);
    // 1 degree of freedom, 0.1 %.
    assert!(chi_squared(&often(&two), &[98, 2]) < 10.8);
    assert!(chi_squared(&often(&thirty), &[70, 30]) < 10.8);
    assert!(two.iter().zip(&thirty).all(|(two, thirty)| thirty >= two));
    assert!(chi_squared(&often(&two), &[97, 3]) > 10.8, "the control");
}

#[test]
fn a_share_that_is_none_is_refused() {
    assert!(Share::new(1, 0).is_none());
    assert!(Share::new(3, 2).is_none());
    assert_eq!(Share::new(2, 4), Share::new(1, 2));
}

/// Which of the 24 orders of four.
fn order_number(order: &[u32]) -> usize {
    let digit = |i: usize| (i + 1..4).filter(|&j| order[j] < order[i]).count();
    digit(0) * 6 + digit(1) * 2 + digit(2)
}

#[test]
fn every_permutation_is_as_likely_as_another() {
    let orders = one_item(|stream| order_number(&samplers::permutation(stream, 4)));
    // 23 degrees of freedom, 0.1 %.
    assert!(chi_squared(&counts(orders, 24), &[1; 24]) < 49.8);
}

#[test]
fn control_exchanging_with_any_place_is_not_uniform() {
    let naive = |stream: &mut Stream| {
        let mut order = [0, 1, 2, 3];
        (0..4).for_each(|place| order.swap(place, stream.below(4) as usize));
        order_number(&order)
    };
    assert!(chi_squared(&counts(one_item(naive), 24), &[1; 24]) > 49.8);
}

#[test]
fn a_permutation_has_every_number_once() {
    for n in [0, 1, 2, 1000] {
        let mut order = samplers::permutation(&mut one_stream(), n);
        order.sort_unstable();
        assert!(order.into_iter().map(u64::from).eq(0..n));
    }
}
