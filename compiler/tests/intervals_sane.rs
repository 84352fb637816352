//! Renewal gaps have mean 1 and the shape they claim, in whole units of exposure. Limits and
//! controls as in `samplers_sane.rs`.

mod statistics;

use compiler::rng::{Component, Seed, Streams};
use compiler::samplers::{EXPOSURE_PER_ARRIVAL, Interval, InvalidInterval};
use statistics::*;

fn streams(interval: Interval) -> Streams {
    let component = interval.component().unwrap_or(Component::PoissonInterval);
    Streams::new(Seed(42), component)
}

/// Gaps in expected arrivals.
fn gaps(interval: Interval) -> Vec<f64> {
    let streams = streams(interval);
    let gap = |ordinal| interval.exposure(&streams, ordinal) as f64 / EXPOSURE_PER_ARRIVAL as f64;
    (0..N as u64).map(gap).collect()
}

#[test]
fn gaps_have_mean_1_and_their_shape() {
    assert!(ks(gaps(Interval::Exponential), exponential_cdf) < KS_LIMIT);
    // Smaller shapes have gaps of 0, in units of exposure, which no continuous distribution has.
    for shape in [0.25, 4.0] {
        let drawn = gaps(Interval::Gamma { shape });
        let (mean, std_dev) = mean_and_std_dev(&drawn);
        let expected = 1.0 / libm::sqrt(shape);
        assert!(
            (mean - 1.0).abs() < 3.3 * expected / (N as f64).sqrt(),
            "{shape}: {mean}"
        );
        assert!((std_dev / expected - 1.0).abs() < 0.1, "{shape}: {std_dev}");
        assert!(
            ks(drawn, |x| gamma_cdf(shape, x * shape)) < KS_LIMIT,
            "{shape}"
        );
    }
    for shape in [0.5, 2.0] {
        let drawn = gaps(Interval::Weibull { shape });
        assert!(ks(drawn, |x| weibull_cdf(shape, x)) < KS_LIMIT, "{shape}");
    }
}

#[test]
fn gaps_too_small_for_the_unit_are_0_as_often_as_their_shape_says() {
    let zeros = gaps(Interval::Gamma { shape: 0.01 })
        .iter()
        .filter(|gap| **gap == 0.0)
        .count();
    let expected = gamma_cdf(0.01, 0.5e-15 * 0.01);
    let found = zeros as f64 / N as f64;
    let error = 3.3 * libm::sqrt(expected * (1.0 - expected) / N as f64);
    assert!((found - expected).abs() < error, "{found}, not {expected}");
}

#[test]
fn control_gaps_of_another_shape_are_noticed() {
    let drawn = gaps(Interval::Gamma { shape: 0.5 });
    assert!(ks(drawn, |x| gamma_cdf(0.55, x * 0.55)) > KS_LIMIT);
    assert!(ks(gaps(Interval::Weibull { shape: 0.5 }), exponential_cdf) > KS_LIMIT);
}

#[test]
fn shapes_out_of_range_are_refused_and_the_ends_are_not() {
    for shape in [0.009, 1001.0, f64::NAN, f64::INFINITY, -1.0] {
        let refused = Interval::Gamma { shape }.check();
        assert!(
            matches!(refused, Err(InvalidInterval::GammaShape(_))),
            "{shape}"
        );
        let refused = Interval::Weibull { shape }.check();
        assert!(
            matches!(refused, Err(InvalidInterval::WeibullShape(_))),
            "{shape}"
        );
    }
    for shape in [0.01, 1000.0] {
        assert_eq!(Interval::Gamma { shape }.check(), Ok(()));
    }
    for shape in [0.1, 1000.0] {
        assert_eq!(Interval::Weibull { shape }.check(), Ok(()));
    }
}
