//! Rates and durations are exact: every text gives the whole number of steps that it says, or an
//! error with the nearest one.

use compiler::spec::quantity::{MAX_DURATION_NS, MAX_RATE_MICROHERTZ};
use compiler::spec::{DurationNs, RateMicrohertz};
use proptest::prelude::*;

#[test]
fn rates_are_exact() {
    for (text, microhertz) in [
        ("50", 50_000_000),
        ("0.000001", 1),
        ("0.1", 100_000),
        ("33.333333", 33_333_333),
        ("1.5k/s", 1_500_000_000),
        ("1.5k", 1_500_000_000),
        ("3.6k/h", 1_000_000),
        ("90/min", 1_500_000),
        ("1e3 /s", 1_000_000_000),
        ("10M/s", MAX_RATE_MICROHERTZ),
        ("100000000000000000000e-13", MAX_RATE_MICROHERTZ),
    ] {
        let rate = RateMicrohertz::parse(text).map(RateMicrohertz::get);
        assert_eq!(rate, Ok(microhertz), "{text}");
    }
}

#[test]
fn durations_are_exact() {
    for (text, ns) in [
        ("60", 60_000_000_000),
        ("0.1", 100_000_000),
        ("1e-9", 1),
        ("1ns", 1),
        ("2.5us", 2_500),
        ("2.5µs", 2_500),
        ("250ms", 250_000_000),
        ("60s", 60_000_000_000),
        ("2m", 120_000_000_000),
        ("1.5h", 5_400_000_000_000),
        ("1.5 h", 5_400_000_000_000),
        ("366d", MAX_DURATION_NS),
    ] {
        let duration = DurationNs::parse(text).map(DurationNs::get);
        assert_eq!(duration, Ok(ns), "{text}");
    }
}

#[test]
fn zero_is_read_only_where_it_is_asked_for() {
    assert!(DurationNs::parse("0s").is_err());
    assert_eq!(DurationNs::parse_or_zero("0s"), Ok(DurationNs::ZERO));
    assert!(RateMicrohertz::parse("0/s").is_err());
    let zero = RateMicrohertz::parse_or_zero("0/s").map(RateMicrohertz::get);
    assert_eq!(zero, Ok(0));
    for text in ["-1", "-0.5s"] {
        assert!(DurationNs::parse_or_zero(text).is_err(), "{text}");
    }
}

#[test]
fn what_lies_between_two_steps_is_refused_with_the_nearest_step() {
    for (text, nearest) in [
        ("2M/h", "write 555.555556/s,"),
        ("1/h", "write 0.000278/s,"),
        ("1e-39", "write 0.000001/s,"),
    ] {
        let error = RateMicrohertz::parse(text).unwrap_err();
        assert!(error.remedy("").starts_with(nearest), "{text}: {error:?}");
    }
    for (text, nearest) in [
        ("0.000000000000011574d", "write 1ns,"),
        ("1.0000000015", "write 1000000002ns,"),
    ] {
        let error = DurationNs::parse(text).unwrap_err();
        assert!(error.remedy("").starts_with(nearest), "{text}: {error:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_quantity_panic(text in "[0-9.eE+kM/a-z -]{0,30}|\\PC{0,12}") {
        let _ = RateMicrohertz::parse(&text);
        let _ = DurationNs::parse(&text);
    }

    #[test]
    fn a_duration_survives_being_written_in_any_unit(ns in 1..MAX_DURATION_NS) {
        let seconds = format!("{}.{:09}s", ns / 1_000_000_000, ns % 1_000_000_000);
        let millis = format!("{}.{:06}ms", ns / 1_000_000, ns % 1_000_000);
        for text in [format!("{ns}ns"), seconds, millis] {
            prop_assert_eq!(DurationNs::parse(&text).map(DurationNs::get), Ok(ns));
        }
    }
}
