//! Decimal text as an integer of a power of ten, from its digits: no float on the way, so
//! nothing is rounded unless the caller says that it may be.
//!
//! Refuses signs, `NaN`, `inf`, hexadecimal, and a point without digits on both sides.

/// What happens to digits below the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// They must be 0.
    Exact,
    /// Half a unit and more is one unit more.
    HalfUp,
}

/// What is wrong with a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalFault {
    /// Not a decimal number at all.
    Shape,
    /// It has a minus sign.
    Negative,
    /// A digit below the unit is not 0, under [`Rounding::Exact`].
    TooFine,
    /// More units than 64 bits hold.
    Range,
}

/// Exponents beyond this are all the same: out of range, or 0.
const MAX_EXPONENT: i32 = 10_000;

/// `text` in units of 10^-`power`: `12.5` with power 3 is 12,500. Digits may be followed by a
/// point and digits, and by an exponent, as JSON and Python write floats.
pub fn scaled(text: &[u8], power: i32, rounding: Rounding) -> Result<u64, DecimalFault> {
    if text.first() == Some(&b'-') {
        return Err(DecimalFault::Negative);
    }
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|&byte| byte == b'.') {
        Some(at) if at + 1 < mantissa.len() => (&mantissa[..at], &mantissa[at + 1..]),
        Some(_) => return Err(DecimalFault::Shape),
        None => (mantissa, &[][..]),
    };
    let digits = || whole.iter().chain(fraction);
    if whole.is_empty() || !digits().all(u8::is_ascii_digit) {
        return Err(DecimalFault::Shape);
    }
    let count = i64::try_from(whole.len() + fraction.len()).map_err(|_| DecimalFault::Range)?;
    let shift = i64::from(power) + i64::from(exponent) - fraction.len() as i64;
    let kept = (count + shift).clamp(0, count) as usize;
    let mut value = 0_u64;
    for digit in digits().take(kept) {
        value = append(value, digit - b'0')?;
    }
    for _ in 0..shift.max(0) {
        // Zeros behind a zero are a zero, however many.
        if value == 0 {
            break;
        }
        value = append(value, 0)?;
    }
    if count + shift < 0 {
        // Even the first digit is further down than a tenth of the unit.
        return below_unit(value, 0, digits(), rounding);
    }
    let mut rest = digits().skip(kept);
    match rest.next() {
        Some(first) => below_unit(value, first - b'0', rest, rounding),
        None => Ok(value),
    }
}

/// Settles the digits below the unit: tenths, and what is below those.
fn below_unit<'a>(
    value: u64,
    tenths: u8,
    mut below: impl Iterator<Item = &'a u8>,
    rounding: Rounding,
) -> Result<u64, DecimalFault> {
    match rounding {
        Rounding::HalfUp if tenths >= 5 => value.checked_add(1).ok_or(DecimalFault::Range),
        Rounding::HalfUp => Ok(value),
        Rounding::Exact if tenths == 0 && below.all(|&digit| digit == b'0') => Ok(value),
        Rounding::Exact => Err(DecimalFault::TooFine),
    }
}

fn append(value: u64, digit: u8) -> Result<u64, DecimalFault> {
    value
        .checked_mul(10)
        .and_then(|value| value.checked_add(u64::from(digit)))
        .ok_or(DecimalFault::Range)
}

/// `+5`, `-05` or `5`; beyond [`MAX_EXPONENT`] it stays there.
fn parse_exponent(text: &[u8]) -> Result<i32, DecimalFault> {
    let (sign, digits) = match text.split_first() {
        Some((b'-', digits)) => (-1, digits),
        Some((b'+', digits)) => (1, digits),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecimalFault::Shape);
    }
    let size = digits.iter().fold(0, |size: i32, digit| {
        (size * 10 + i32::from(digit - b'0')).min(MAX_EXPONENT)
    });
    Ok(sign * size)
}

/// Digits and nothing else as a number; what does not fit is `u64::MAX`.
pub fn whole(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then(|| {
        text.iter().fold(0_u64, |value, digit| {
            value
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::DecimalFault::{Negative, Range, Shape, TooFine};
    use super::Rounding::{Exact, HalfUp};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_scale_exactly_where_a_float_would_not() {
        for (text, power, expected) in [
            ("0", 9, 0),
            ("5", 9, 5_000_000_000),
            ("1.000000001", 9, 1_000_000_001),
            ("1.00000000100000", 9, 1_000_000_001),
            ("0.1", 9, 100_000_000),
            ("5e-05", 9, 50_000),
            ("1.5E+3", 0, 1_500),
            ("1500e-3", 1, 15),
            ("0e9999999999", 9, 0),
            ("007", 0, 7),
            // One more than 2^53, which no float holds.
            ("9007199254740993", 0, 9_007_199_254_740_993),
            ("9007199.254740993", 9, 9_007_199_254_740_993),
            ("18446744073.709551615", 9, u64::MAX),
        ] {
            assert_eq!(
                scaled(text.as_bytes(), power, Exact),
                Ok(expected),
                "{text}"
            );
            assert_eq!(
                scaled(text.as_bytes(), power, HalfUp),
                Ok(expected),
                "{text}"
            );
        }
    }

    /// The natural mistake: seconds as a float, times a billion.
    #[test]
    fn a_float_in_between_would_move_times() {
        for text in [
            "9007199.254740993",
            "1715299200.009930001",
            "10500000.000000001",
        ] {
            let seconds: f64 = text.parse().unwrap();
            let through_float = (seconds * 1e9) as u64;
            assert_ne!(
                scaled(text.as_bytes(), 9, Exact),
                Ok(through_float),
                "{text}"
            );
        }
    }

    #[test]
    fn half_a_unit_rounds_up_and_only_where_it_may() {
        for (text, expected) in [
            ("0.0000000014", 1),
            ("0.0000000015", 2),
            ("0.00000000049999", 0),
            ("0.0000000005", 1),
            ("4e-10", 0),
            ("5e-10", 1),
            ("9e-11", 0),
            ("99e-11", 1),
            ("1e-9999", 0),
            ("1.9999999999", 2_000_000_000),
        ] {
            assert_eq!(scaled(text.as_bytes(), 9, HalfUp), Ok(expected), "{text}");
            assert_eq!(scaled(text.as_bytes(), 9, Exact), Err(TooFine), "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_number_says_how() {
        for (text, fault) in [
            ("", Shape),
            (".5", Shape),
            ("5.", Shape),
            ("1.2.3", Shape),
            ("+1", Shape),
            ("1e", Shape),
            ("1e+", Shape),
            ("1e1.5", Shape),
            ("NaN", Shape),
            ("inf", Shape),
            ("0x10", Shape),
            ("1_000", Shape),
            ("-1", Negative),
            ("-0", Negative),
            ("18446744073.709551616", Range),
            ("1e9999", Range),
        ] {
            assert_eq!(scaled(text.as_bytes(), 9, Exact), Err(fault), "{text:?}");
        }
        let largest = scaled(b"18446744073.7095516155", 9, HalfUp);
        assert_eq!(largest, Err(Range));
    }

    proptest! {
        #[test]
        fn a_number_reads_the_same_however_it_is_written(ns in 0..u64::MAX, shift in 1_usize..19) {
            let digits = format!("{ns:020}");
            let (whole, fraction) = digits.split_at(digits.len() - shift);
            let pointed = format!("{whole}.{fraction}");
            prop_assert_eq!(scaled(pointed.as_bytes(), shift as i32, Exact), Ok(ns));
            let with_exponent = format!("{pointed}e{shift}");
            prop_assert_eq!(scaled(with_exponent.as_bytes(), 0, Exact), Ok(ns));
            let fine = format!("{pointed}5");
            prop_assert_eq!(scaled(fine.as_bytes(), shift as i32, Exact), Err(TooFine));
            prop_assert_eq!(scaled(fine.as_bytes(), shift as i32, HalfUp), Ok(ns + 1));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "[-+.0-9eE]{0,40}", power in 0_i32..13) {
            let _ = scaled(text.as_bytes(), power, HalfUp);
            let _ = scaled(text.as_bytes(), power, Exact);
        }
    }
}
