//! Timestamps as text to integer nanoseconds. The calendar is chrono's; the
//! fraction is digits and stays digits, so nothing is rounded but where a format
//! says so.
//!
//! Refuses leap seconds, zones other than UTC, and years outside 1970 to 2500.

use chrono::NaiveDate;

use crate::TimestampFault;
use crate::decimal::{DecimalFault, Rounding, scaled, whole};

/// How a column writes its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Day and time of day: [`parse_unix_ns`].
    Iso8601,
    /// A decimal number of units of 10^`power` ns.
    Decimal { power: i32, rounding: Rounding },
    /// A number without a fraction, of units of 10^`power` ns.
    Whole { power: i32 },
}

impl Clock {
    /// Whether times are text to JSON, and not numbers.
    pub fn is_text(self) -> bool {
        self == Self::Iso8601
    }

    /// `text` as nanoseconds.
    pub fn parse_ns(self, text: &[u8]) -> Result<u64, TimestampFault> {
        match self {
            Self::Iso8601 => parse_unix_ns(text),
            Self::Decimal { power, rounding } => Ok(scaled(text, power, rounding)?),
            Self::Whole { power } => {
                let ns = scaled(text, power, Rounding::Exact);
                // A number, but with a point or an exponent: say that, and not the unit.
                let number = !matches!(ns, Err(DecimalFault::Shape | DecimalFault::Negative));
                if number && whole(text).is_none() {
                    return Err(TimestampFault::Whole);
                }
                Ok(ns?)
            }
        }
    }
}

const NS_PER_SECOND: u64 = 1_000_000_000;
const MAX_FRACTION_DIGITS: usize = 9;
/// The last year whose nanoseconds since 1970 are kept; u64 would last to 2554.
const MAX_YEAR: i32 = 2500;
/// Length of `YYYY-MM-DD HH:MM:SS`.
const SECONDS_LEN: usize = 19;

/// Nanoseconds since 1970-01-01 00:00:00 UTC of `2023-11-16 18:17:03.9799600`,
/// with 0 to 9 digits of fraction and any number of zeros behind those, `T` or a
/// space in the middle, and perhaps `Z` or `+00:00` behind it.
pub fn parse_unix_ns(text: &[u8]) -> Result<u64, TimestampFault> {
    let (seconds, rest) = text
        .split_at_checked(SECONDS_LEN)
        .ok_or(TimestampFault::Shape)?;
    let seconds = parse_unix_seconds(seconds)?;
    let fraction_ns = parse_fraction_ns(strip_zone(rest)?)?;
    Ok(seconds * NS_PER_SECOND + fraction_ns)
}

/// Drops `Z` or `+00:00`; what is left is the fraction, if it is well formed.
fn strip_zone(rest: &[u8]) -> Result<&[u8], TimestampFault> {
    let stripped = rest
        .strip_suffix(b"+00:00")
        .or_else(|| rest.strip_suffix(b"Z"))
        .unwrap_or(rest);
    let is_fraction = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    if stripped.iter().all(is_fraction) {
        Ok(stripped)
    } else {
        Err(TimestampFault::Zone)
    }
}

/// `.9799600` to 979,960,000; nothing at all is 0.
fn parse_fraction_ns(text: &[u8]) -> Result<u64, TimestampFault> {
    if text.is_empty() {
        return Ok(0);
    }
    let digits = text.strip_prefix(b".").ok_or(TimestampFault::Shape)?;
    let (digits, finer) = digits.split_at(digits.len().min(MAX_FRACTION_DIGITS));
    if digits.is_empty() || finer.iter().any(|&digit| digit != b'0') {
        return Err(TimestampFault::Fraction);
    }
    let value = number(digits).ok_or(TimestampFault::Fraction)?;
    let missing_digits = (MAX_FRACTION_DIGITS - digits.len()) as u32;
    Ok(u64::from(value) * 10_u64.pow(missing_digits))
}

/// `YYYY-MM-DD HH:MM:SS` to seconds since 1970.
fn parse_unix_seconds(text: &[u8]) -> Result<u64, TimestampFault> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b' ' | b'T',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
    ] = *text
    else {
        return Err(TimestampFault::Shape);
    };
    let field = |digits: &[u8]| number(digits).ok_or(TimestampFault::Shape);
    let year = field(&[y0, y1, y2, y3])? as i32;
    let (month, day) = (field(&[m0, m1])?, field(&[d0, d1])?);
    let (hour, minute, second) = (field(&[h0, h1])?, field(&[i0, i1])?, field(&[s0, s1])?);
    let time = NaiveDate::from_ymd_opt(year, month, day)
        .and_then(|date| date.and_hms_opt(hour, minute, second))
        .ok_or(TimestampFault::Calendar)?;
    if year > MAX_YEAR {
        return Err(TimestampFault::Range);
    }
    u64::try_from(time.and_utc().timestamp()).map_err(|_| TimestampFault::Range)
}

/// Up to nine ASCII digits as a number; anything else is nothing.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, &byte| {
        let digit = u32::from(byte.is_ascii_digit().then(|| byte - b'0')?);
        value.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_convert_exactly() {
        const SECOND: u64 = 1_700_158_623; // date -ud '2023-11-16 18:17:03' +%s
        for (text, fraction_ns) in [
            ("2023-11-16 18:17:03.9799600", 979_960_000),
            ("2023-11-16 18:17:03.000000001", 1),
            ("2023-11-16 18:17:03.999999999", 999_999_999),
            ("2023-11-16 18:17:03.5", 500_000_000),
            ("2023-11-16 18:17:03.000000001000Z", 1),
            ("2023-11-16 18:17:03", 0),
            ("2023-11-16 18:17:03+00:00", 0),
            ("2023-11-16 18:17:03.009930+00:00", 9_930_000),
            ("2023-11-16T18:17:03.269Z", 269_000_000),
        ] {
            let ns = parse_unix_ns(text.as_bytes());
            assert_eq!(ns, Ok(SECOND * NS_PER_SECOND + fraction_ns), "{text}");
        }
    }

    #[test]
    fn the_first_and_the_last_instant_fit() {
        assert_eq!(parse_unix_ns(b"1970-01-01 00:00:00"), Ok(0));
        assert!(parse_unix_ns(b"2500-12-31 23:59:59.999999999").is_ok());
    }

    #[test]
    fn malformed_timestamps_say_how() {
        use TimestampFault::{Calendar, Fraction, Range, Shape, Zone};
        for (text, fault) in [
            ("", Shape),
            ("2023-11-16", Shape),
            ("2023/11/16 18:17:03", Shape),
            ("2023-11-16_18:17:03", Shape),
            ("+023-11-16 18:17:03", Shape),
            ("2023-1 -16 18:17:03", Shape),
            ("2023-02-29 18:17:03", Calendar),
            ("2023-13-01 18:17:03", Calendar),
            ("2023-11-16 24:00:00", Calendar),
            ("2023-11-16 23:59:60", Calendar),
            ("2023-11-16 18:17:03.", Fraction),
            ("2023-11-16 18:17:03.1234567891", Fraction),
            ("2023-11-16 18:17:03.1.2", Fraction),
            ("2023-11-16 18:17:033", Shape),
            ("2023-11-16 18:17:03 UTC", Zone),
            ("2023-11-16 18:17:03.5+02:00", Zone),
            ("2023-11-16 18:17:03ZZ", Zone),
            ("1969-12-31 23:59:59", Range),
            ("2501-01-01 00:00:00", Range),
        ] {
            assert_eq!(parse_unix_ns(text.as_bytes()), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn a_clock_reads_its_own_unit_only() {
        let milliseconds = Clock::Whole { power: 6 };
        assert_eq!(milliseconds.parse_ns(b"27482"), Ok(27_482_000_000));
        for (text, fault) in [
            ("27482.0", TimestampFault::Whole),
            ("27482.5", TimestampFault::Whole),
            ("1e3", TimestampFault::Whole),
            ("1.0000001", TimestampFault::Whole),
            ("-1", TimestampFault::Negative),
            ("NaN", TimestampFault::Number),
            ("99999999999999999999", TimestampFault::TooLate),
        ] {
            assert_eq!(milliseconds.parse_ns(text.as_bytes()), Err(fault), "{text}");
        }
        let (power, rounding) = (9, Rounding::HalfUp);
        let seconds = Clock::Decimal { power, rounding };
        assert_eq!(seconds.parse_ns(b"61.1140000005"), Ok(61_114_000_001));
        assert_eq!(
            seconds.parse_ns(b"2023-11-16 18:17:03"),
            Err(TimestampFault::Number)
        );
    }
}
