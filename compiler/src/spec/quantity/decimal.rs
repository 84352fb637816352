//! Decimal numbers, exactly as they were written: ± mantissa × 10^exponent. Only the grammar and
//! the arithmetic; what a number measures is known in `quantity`.

use nom::branch::alt;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::{char, digit0, digit1, one_of};
use nom::combinator::{map_opt, opt, recognize, verify};
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

/// Most significant digits of a number.
pub const MAX_DIGITS: usize = 20;
/// Largest power of ten after the `e` of a number.
const MAX_EXPONENT: u32 = 40;

/// A decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    pub negative: bool,
    /// Below 10^[`MAX_DIGITS`].
    pub mantissa: u128,
    exponent: i32,
}

/// Why a decimal is no whole number of the wanted units.
pub enum Unfit {
    /// It lies between two of them.
    Between { nearest: u128 },
    /// It is beyond 128 bits.
    Beyond,
}

impl Decimal {
    /// The magnitude times `numerator / denominator`, if that is whole.
    pub fn times(self, numerator: u128, denominator: u128) -> Result<u128, Unfit> {
        let power = 10_u128.checked_pow(self.exponent.unsigned_abs());
        let product = self.mantissa.checked_mul(numerator).ok_or(Unfit::Beyond)?;
        let (dividend, divisor) = if self.exponent >= 0 {
            let dividend = match product {
                0 => Some(0),
                _ => power.and_then(|power| product.checked_mul(power)),
            };
            (dividend.ok_or(Unfit::Beyond)?, denominator)
        } else {
            // Beyond 128 bits the divisor exceeds any product: 0 or next to it.
            let divisor = power.and_then(|power| power.checked_mul(denominator));
            match (product, divisor) {
                (0, _) => (0, 1),
                (_, None) => return Err(Unfit::Between { nearest: 0 }),
                (_, Some(divisor)) => (product, divisor),
            }
        };
        let (quotient, remainder) = (dividend / divisor, dividend % divisor);
        if remainder != 0 {
            let nearest = quotient + u128::from(remainder >= divisor - remainder);
            return Err(Unfit::Between { nearest });
        }
        Ok(quotient)
    }
}

/// `12`, `-0.5`, `.5`, `1.`, `1e3`, `2.5E-6`.
pub fn decimal(input: &str) -> IResult<&str, Decimal> {
    map_opt(
        (opt(one_of("+-")), mantissa, opt(exponent)),
        |(sign, (whole, fraction), exponent)| {
            let digits = format!("{whole}{fraction}");
            let digits = digits.trim_start_matches('0');
            let kept = digits.trim_end_matches('0');
            let dropped = digits.len() - kept.len();
            if kept.len() > MAX_DIGITS {
                return None;
            }
            let shift = i32::try_from(dropped).ok()? - i32::try_from(fraction.len()).ok()?;
            Some(Decimal {
                negative: sign == Some('-'),
                mantissa: if kept.is_empty() {
                    0
                } else {
                    kept.parse().ok()?
                },
                exponent: shift.checked_add(exponent.unwrap_or(0))?,
            })
        },
    )
    .parse(input)
}

/// Digits before and after the point, at least one of them.
fn mantissa(input: &str) -> IResult<&str, (&str, &str)> {
    let with_fraction = pair(digit0, preceded(char('.'), digit0));
    let whole = digit1.map(|digits| (digits, ""));
    let any = alt((with_fraction, whole));
    verify(any, |(whole, fraction): &(&str, &str)| {
        !whole.is_empty() || !fraction.is_empty()
    })
    .parse(input)
}

fn exponent(input: &str) -> IResult<&str, i32> {
    let digits = take_while_m_n(1, 3, |c: char| c.is_ascii_digit());
    let signed = recognize(pair(opt(one_of("+-")), digits));
    let value = map_opt(signed, |text: &str| text.parse::<i32>().ok());
    let bounded = verify(value, |value: &i32| value.unsigned_abs() <= MAX_EXPONENT);
    preceded(one_of("eE"), bounded).parse(input)
}
