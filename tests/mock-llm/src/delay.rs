//! Durations as they are written on the command line: `0`, `250us`, `20ms`,
//! `1.5s`.
//!
//! Refuses a number without a unit (other than 0), a sign, an exponent, and more
//! digits after the point than nanoseconds can hold.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
];

/// Reads one duration, exactly: no float is involved.
pub fn parse(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .and_then(|(_, unit_ns)| nanos(digits, *unit_ns))
        .map(Duration::from_nanos)
        .ok_or_else(|| {
            format!("{text:?} is not a duration; write 0, or a number and ns, us, ms, s or m, like 250us or 1.5s")
        })
}

/// `"1.5"` of a unit of `unit_ns`, or `None` when it is no whole number of
/// nanoseconds or does not fit.
fn nanos(digits: &str, unit_ns: u64) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let scale = 10u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = fraction.parse::<u64>().ok()?.checked_mul(unit_ns)?;
    if part % scale != 0 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit_ns)?;
    whole.checked_add(part / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        for (text, ns) in [
            ("0", 0),
            ("0s", 0),
            ("7ns", 7),
            ("250us", 250_000),
            ("20ms", 20_000_000),
            ("1.5s", 1_500_000_000),
            ("0.0005us", u64::MAX), // half a nanosecond
            ("2m", 120_000_000_000),
        ] {
            let got = parse(text).map(|d| d.as_nanos() as u64).unwrap_or(u64::MAX);
            assert_eq!(got, ns, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in [
            "",
            "5",
            "ms",
            "-1ms",
            "+1ms",
            "1e3ms",
            ".5s",
            "1.s",
            "1 ms",
            "1h",
            "9999999999999m",
            "1.00000000000000000000s",
            "٣ms",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
