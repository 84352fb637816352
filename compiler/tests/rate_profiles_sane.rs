//! Rate profiles stretch one process of unit rate into time without stepping, drifting or changing
//! an order.

mod statistics;

use compiler::rng::{Component, Seed, Streams};
use compiler::samplers::profile::{MAX_DURATION_NS, MAX_RATE_MICROHERTZ};
use compiler::samplers::{EXPOSURE_PER_ARRIVAL, Interval, InvalidProfile, Ramp, RateProfile};
use proptest::prelude::*;
use statistics::*;

const SECOND: u64 = 1_000_000_000;
/// One request a second, in microhertz.
const HERTZ: u64 = 1_000_000;

fn streams(interval: Interval) -> Streams {
    let component = interval.component().unwrap_or(Component::PoissonInterval);
    Streams::new(Seed(42), component)
}

fn ramp(ramp: Ramp, from: u64, to: u64, duration_ns: u64) -> RateProfile {
    let profile = RateProfile {
        from_microhertz: from,
        to_microhertz: to,
        duration_ns,
        ramp,
    };
    profile.check().unwrap();
    profile
}

/// The rate, from its definition, in microhertz.
fn rate(profile: &RateProfile, t: f64) -> f64 {
    let (from, to) = (profile.from_microhertz as f64, profile.to_microhertz as f64);
    let part = t / profile.duration_ns as f64;
    match profile.ramp {
        Ramp::Flat => from,
        Ramp::Linear => from + (to - from) * part,
        Ramp::Exponential => from * libm::pow(to / from, part),
    }
}

/// Simpson's rule over the rate: knows nothing of the closed forms.
fn integral(profile: &RateProfile, until_ns: u64, panels: u32) -> f64 {
    let width = until_ns as f64 / f64::from(panels);
    let panel = |i: u32| {
        let at = |part| rate(profile, (f64::from(i) + part) * width);
        at(0.0) + 4.0 * at(0.5) + at(1.0)
    };
    (0..panels).map(panel).sum::<f64>() * width / 6.0
}

fn ramps() -> Vec<RateProfile> {
    let kinds = [Ramp::Linear, Ramp::Exponential];
    let ends = [
        (HERTZ, 100 * HERTZ),
        (100 * HERTZ, HERTZ),
        (50 * HERTZ, 51 * HERTZ),
        (7 * HERTZ, 7 * HERTZ),
    ];
    let both = |kind| ends.map(|(from, to)| ramp(kind, from, to, 600 * SECOND));
    kinds.into_iter().flat_map(both).collect()
}

#[test]
fn a_time_is_where_the_integral_of_the_rate_is_within_2_ns() {
    for profile in ramps() {
        let whole = profile.exposure();
        for part in 0..=50 {
            let exposure = (whole - 1) * part / 50;
            let t = profile.offset_ns(exposure);
            let off_ns = (integral(&profile, t, 2000) - exposure as f64) / rate(&profile, t as f64);
            assert!(off_ns.abs() < 2.0, "{profile:?} at {t}: {off_ns} ns off");
        }
    }
}

#[test]
fn control_a_rate_held_for_each_second_is_noticed() {
    for profile in ramps()
        .into_iter()
        .filter(|p| p.from_microhertz.abs_diff(p.to_microhertz) > HERTZ)
    {
        let exposure = profile.exposure() / 2;
        let t = stepped_offset_ns(&profile, exposure).unwrap();
        let off_ns = (integral(&profile, t, 2000) - exposure as f64) / rate(&profile, t as f64);
        assert!(off_ns.abs() > 1e6, "{profile:?}: {off_ns} ns off");
    }
}

/// The natural mistake: the rate at the beginning of each second, for that second.
fn stepped_offset_ns(profile: &RateProfile, exposure: u128) -> Option<u64> {
    let mut left = exposure;
    for begin in (0..profile.duration_ns).step_by(SECOND as usize) {
        let held = rate(profile, begin as f64) as u128;
        if left < held * u128::from(SECOND) {
            return Some(begin + (left / held) as u64);
        }
        left -= held * u128::from(SECOND);
    }
    None
}

/// Times of the arrivals within one stage after another, in ns from the first stage's start; what
/// is left of a gap goes on in the next stage.
fn arrivals(stages: &[RateProfile], interval: Interval) -> Vec<u64> {
    let streams = streams(interval);
    let (mut starts, mut begins_at, mut begin_ns) = (Vec::new(), 0_u128, 0);
    let mut next_at = interval.exposure(&streams, 0);
    for stage in stages {
        let ends_at = begins_at + stage.exposure();
        while next_at < ends_at {
            starts.push(begin_ns + stage.offset_ns(next_at - begins_at));
            next_at += interval.exposure(&streams, starts.len() as u64);
        }
        begins_at = ends_at;
        begin_ns += stage.duration_ns;
    }
    starts
}

/// The gaps as the true rate sees them.
fn rescaled(profile: &RateProfile, starts: &[u64]) -> Vec<f64> {
    let seen: Vec<f64> = starts
        .iter()
        .map(|&t| integral(profile, t, 100) / EXPOSURE_PER_ARRIVAL as f64)
        .collect();
    seen.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn a_ramp_is_one_poisson_process_in_its_own_time_and_stepping_is_not() {
    for kind in [Ramp::Linear, Ramp::Exponential] {
        let profile = ramp(kind, 10 * HERTZ, 1000 * HERTZ, 5 * SECOND);
        let starts = arrivals(&[profile], Interval::Exponential);
        assert!(starts.len() > 900, "{}", starts.len());
        assert!(ks(rescaled(&profile, &starts), exponential_cdf) < KS_LIMIT);

        let streams = streams(Interval::Exponential);
        let mut sum = 0;
        let stepped: Vec<u64> = (0..)
            .map_while(|ordinal| {
                sum += Interval::Exponential.exposure(&streams, ordinal);
                stepped_offset_ns(&profile, sum)
            })
            .collect();
        let statistic = ks(rescaled(&profile, &stepped), exponential_cdf);
        assert!(statistic > KS_LIMIT, "the control: {kind:?} {statistic}");
    }
}

#[test]
fn splitting_a_linear_ramp_in_its_middle_moves_no_arrival_by_more_than_1_ns() {
    for (from, to) in [(0, 200), (200, 0), (10, 90), (90, 10)] {
        let (from, to, middle) = (from * HERTZ, to * HERTZ, (from + to) / 2 * HERTZ);
        let whole = [ramp(Ramp::Linear, from, to, 20 * SECOND)];
        let split = [
            ramp(Ramp::Linear, from, middle, 10 * SECOND),
            ramp(Ramp::Linear, middle, to, 10 * SECOND),
        ];
        for interval in [
            Interval::Even,
            Interval::Exponential,
            Interval::Gamma { shape: 0.2 },
        ] {
            let (whole, split) = (arrivals(&whole, interval), arrivals(&split, interval));
            assert_eq!(whole.len(), split.len(), "{from} to {to}, {interval:?}");
            let moved = whole.iter().zip(&split).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(
                moved <= Some(1),
                "{from} to {to}, {interval:?}: {moved:?} ns"
            );
        }
    }
}

#[test]
fn control_two_flat_halves_of_a_ramp_move_arrivals() {
    let whole = [ramp(Ramp::Linear, 0, 200 * HERTZ, 20 * SECOND)];
    let flat = [50, 150].map(|rate| RateProfile::flat(rate * HERTZ, 10 * SECOND));
    let (whole, flat) = (
        arrivals(&whole, Interval::Even),
        arrivals(&flat, Interval::Even),
    );
    assert_eq!(whole.len(), flat.len(), "as many arrivals");
    let moved = whole.iter().zip(&flat).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(moved > Some(SECOND / 10), "{moved:?}");
}

/// The definition in `schemas/RANDOMNESS.md`, without the shortcut.
fn bisected(profile: &RateProfile, exposure: u128) -> u64 {
    let (mut low, mut high) = (0, profile.duration_ns);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if profile.exposure_until(middle) <= exposure {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Rates and durations over many orders of magnitude, to the limits.
fn any_profile() -> impl Strategy<Value = RateProfile> {
    let scaled = |limit: u64| (1..=limit, 0..54_u32).prop_map(|(n, shift)| (n >> shift).max(1));
    let rates = (scaled(MAX_RATE_MICROHERTZ), scaled(MAX_RATE_MICROHERTZ));
    let kind = prop::sample::select(vec![Ramp::Flat, Ramp::Linear, Ramp::Exponential]);
    (rates, scaled(MAX_DURATION_NS), kind).prop_map(|((from, to), duration_ns, kind)| {
        let to = if kind == Ramp::Flat { from } else { to };
        ramp(kind, from, to, duration_ns)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_shortcut_finds_what_bisection_finds(profile in any_profile(), part in 0.0..1.0_f64) {
        let whole = profile.exposure();
        prop_assume!(whole > 0);
        let exposure = ((whole as f64 * part) as u128).min(whole - 1);
        for exposure in [exposure, exposure.min(9), whole - 1 - exposure.min(whole - 1).min(9)] {
            let t = profile.offset_ns(exposure);
            prop_assert_eq!(t, bisected(&profile, exposure));
            prop_assert!(t < profile.duration_ns);
        }
    }

    #[test]
    fn more_exposure_is_never_earlier(
        profile in any_profile(),
        part in 0.0..1.0_f64,
        steps in prop::collection::vec((0..1000_u128, 0..90_u32), 50),
    ) {
        let whole = profile.exposure();
        let mut exposure = (whole as f64 * part) as u128;
        let mut before = 0;
        for (step, shift) in steps {
            if exposure >= whole {
                break;
            }
            let t = profile.offset_ns(exposure);
            prop_assert!(before <= t, "{} after {} at {}", t, before, exposure);
            before = t;
            exposure += step << shift >> 40;
        }
    }

    /// Limits under which the exact comparison fits 128 bits.
    #[test]
    fn a_linear_time_is_the_exact_one_rounded_down(
        from in 0..1_u64 << 40, to in 0..1_u64 << 40, duration_ns in 1..1_u64 << 40,
        part in 0.0..1.0_f64,
    ) {
        let profile = ramp(Ramp::Linear, from, to, duration_ns);
        let whole = profile.exposure();
        prop_assume!(whole > 0);
        let exposure = ((whole as f64 * part) as u128).min(whole - 1) as i128;
        let t = i128::from(profile.offset_ns(exposure as u128));
        let (from, rise) = (i128::from(from), i128::from(to) - i128::from(from));
        let twice = 2 * i128::from(duration_ns);
        let reached = |t: i128| twice * from * t + rise * t * t <= twice * exposure;
        prop_assert!(reached(t) && (t + 1 == i128::from(duration_ns) || !reached(t + 1)));
    }
}

/// The natural mistake: the quadratic formula in floats, rounded down.
fn by_quotient_ns(profile: &RateProfile, exposure: u128) -> u64 {
    let (from, to) = (profile.from_microhertz as f64, profile.to_microhertz as f64);
    let (slope, exposure) = ((to - from) / profile.duration_ns as f64, exposure as f64);
    (2.0 * exposure / (from + libm::sqrt(from * from + 2.0 * slope * exposure))) as u64
}

#[test]
fn control_plain_floats_put_neighbours_out_of_order() {
    let profile = ramp(Ramp::Linear, HERTZ, 100 * HERTZ, 1 << 54);
    let exposure = |part: u128| profile.exposure() / 1000 * part;
    // More than a unit in the last place of the float.
    let next = |part| exposure(part) + (exposure(part) >> 52);
    let swaps = |time: fn(&RateProfile, u128) -> u64| {
        let swapped = |part: &u128| time(&profile, next(*part)) < time(&profile, exposure(*part));
        (1..999).filter(swapped).count()
    };
    assert_eq!(swaps(RateProfile::offset_ns), 0);
    assert!(swaps(by_quotient_ns) > 10, "{}", swaps(by_quotient_ns));
}

#[test]
fn nothing_arrives_before_a_ramp_from_zero_has_begun_and_nothing_at_rate_zero() {
    let rising = ramp(Ramp::Linear, 0, 100 * HERTZ, 600 * SECOND);
    assert_eq!(rising.offset_ns(0), 0);
    assert_eq!(ramp(Ramp::Linear, 0, 0, SECOND).exposure(), 0);
    assert_eq!(RateProfile::flat(0, SECOND).exposure(), 0);
}

#[test]
#[should_panic(expected = "is not within")]
fn exposure_that_the_stage_does_not_have_is_refused() {
    let profile = RateProfile::flat(HERTZ, SECOND);
    profile.offset_ns(profile.exposure());
}

#[test]
fn profiles_without_meaning_are_refused() {
    let refused = |ramp, from, to, duration_ns| {
        let profile = RateProfile {
            from_microhertz: from,
            to_microhertz: to,
            duration_ns,
            ramp,
        };
        profile.check().unwrap_err()
    };
    assert_eq!(refused(Ramp::Flat, 1, 1, 0), InvalidProfile::Duration(0));
    let long = MAX_DURATION_NS + 1;
    assert_eq!(
        refused(Ramp::Flat, 1, 1, long),
        InvalidProfile::Duration(long)
    );
    let fast = MAX_RATE_MICROHERTZ + 1;
    assert_eq!(
        refused(Ramp::Linear, 1, fast, 1),
        InvalidProfile::Rate(fast)
    );
    assert_eq!(
        refused(Ramp::Flat, 1, 2, 1),
        InvalidProfile::NotFlat { from: 1, to: 2 }
    );
    for (from, to) in [(0, 1), (1, 0), (0, 0)] {
        assert_eq!(
            refused(Ramp::Exponential, from, to, 1),
            InvalidProfile::ExponentialFromZero
        );
    }
}
