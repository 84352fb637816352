//! Quantities as text, read digit by digit: `250ms`, `1.5k/s`, `4096`.
//!
//! Rates become whole micro-requests per second, durations whole nanoseconds. A
//! value between two of those is refused, never rounded: two compilers must not
//! be able to disagree about it.

use nom::branch::alt;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::{char, digit0, digit1, one_of, space0};
use nom::combinator::{map_opt, opt, recognize, verify};
use nom::sequence::{pair, preceded, terminated};
use nom::{IResult, Parser};
use thiserror::Error;

/// Most significant digits of a number.
pub const MAX_DIGITS: usize = 20;
/// Largest power of ten after the `e` of a number.
const MAX_EXPONENT: u32 = 40;
/// Longest stage.
pub const MAX_DURATION_NS: u64 = 366 * 86_400 * NS_PER_SECOND;
/// Highest rate of a stage: ten million requests per second.
pub const MAX_RATE_MICROHERTZ: u64 = 10_000_000 * MICROHERTZ_PER_HERTZ;

const NS_PER_SECOND: u64 = 1_000_000_000;
const MICROHERTZ_PER_HERTZ: u64 = 1_000_000;

/// Each unit of time and its nanoseconds; a bare number is seconds.
const TIME_UNITS: [(&str, u64); 9] = [
    ("", NS_PER_SECOND),
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", NS_PER_SECOND),
    ("m", 60 * NS_PER_SECOND),
    ("h", 3_600 * NS_PER_SECOND),
    ("d", 86_400 * NS_PER_SECOND),
];

/// Each unit of rate and its seconds; a bare number is requests per second.
const RATE_UNITS: [(&str, u64); 4] = [("", 1), ("/s", 1), ("/min", 60), ("/h", 3_600)];

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuantityError {
    #[error("`{0}` is not a number")]
    NotANumber(String),
    #[error("`{0}` is not a whole number")]
    NotWhole(String),
    #[error("`{text}` has the unknown unit `{unit}`")]
    Unit { text: String, unit: String },
    #[error("`{0}` must be more than 0")]
    NotPositive(String),
    #[error("`{0}` must not be negative")]
    Negative(String),
    #[error("`{text}` is finer than {step}")]
    TooFine {
        text: String,
        step: &'static str,
        nearest: String,
    },
    #[error("`{text}` is more than the limit of {limit}")]
    TooLarge { text: String, limit: String },
}

impl QuantityError {
    /// What to write instead; `example` is a value of the right kind.
    pub fn remedy(&self, example: &str) -> String {
        match self {
            Self::TooFine { nearest, .. } => format!("write {nearest}, which is the nearest value"),
            Self::TooLarge { limit, .. } => format!("write at most {limit}"),
            _ => format!("write {example}"),
        }
    }
}

/// What a duration looks like, for messages.
pub const DURATION_EXAMPLE: &str =
    "seconds, like 60, or a number with one of the units ns, us, ms, s, m, h, d, like 250ms";
/// What a rate looks like, for messages.
pub const RATE_EXAMPLE: &str = "requests per second, like 50, or a number, perhaps with k or M, \
     and one of the units /s, /min, /h, like 1.5k/s";

/// A rate of requests in micro-requests per second; more than 0 and at most
/// [`MAX_RATE_MICROHERTZ`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RateMicrohertz(u64);

/// A duration in nanoseconds; more than 0 and at most [`MAX_DURATION_NS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DurationNs(u64);

impl RateMicrohertz {
    /// The rate in micro-requests per second.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// `50`, `1.5k/s` or `90/min`.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (decimal, multiplier, unit) = number_and_unit(text, scale_prefix)?;
        let seconds = lookup(&RATE_UNITS, unit, text)?;
        let numerator = u128::from(MICROHERTZ_PER_HERTZ) * multiplier;
        let fit = decimal.positive(text)?.times(numerator, seconds.into());
        let value = fit.map_err(|unfit| match unfit {
            Unfit::Between { nearest } => QuantityError::TooFine {
                text: text.to_owned(),
                step: "0.000001/s",
                nearest: format!("{}/s", microhertz_text(nearest.max(1))),
            },
            Unfit::Beyond => rate_too_large(text),
        })?;
        if value > u128::from(MAX_RATE_MICROHERTZ) {
            return Err(rate_too_large(text));
        }
        Ok(Self(value as u64))
    }
}

impl DurationNs {
    /// The duration in nanoseconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// `60`, `250ms` or `1.5h`.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (decimal, _, unit) = number_and_unit(text, |input| Ok((input, 1)))?;
        let unit_ns = lookup(&TIME_UNITS, unit, text)?;
        let fit = decimal.positive(text)?.times(unit_ns.into(), 1);
        let value = fit.map_err(|unfit| match unfit {
            Unfit::Between { nearest } => QuantityError::TooFine {
                text: text.to_owned(),
                step: "1 ns",
                nearest: format!("{}ns", nearest.max(1)),
            },
            Unfit::Beyond => duration_too_large(text),
        })?;
        if value > u128::from(MAX_DURATION_NS) {
            return Err(duration_too_large(text));
        }
        Ok(Self(value as u64))
    }
}

/// A whole number from 0 to `limit`.
pub fn whole(text: &str, limit: u64) -> Result<u64, QuantityError> {
    let decimal = number(text)?;
    if decimal.negative && decimal.mantissa > 0 {
        return Err(QuantityError::Negative(text.to_owned()));
    }
    let too_large = || QuantityError::TooLarge {
        text: text.to_owned(),
        limit: limit.to_string(),
    };
    let value = decimal.times(1, 1).map_err(|unfit| match unfit {
        Unfit::Between { .. } => QuantityError::NotWhole(text.to_owned()),
        Unfit::Beyond => too_large(),
    })?;
    if value > u128::from(limit) {
        return Err(too_large());
    }
    Ok(value as u64)
}

/// A number from 0 to `limit` that need not be whole, as the nearest f64.
pub fn real(text: &str, limit: u32) -> Result<f64, QuantityError> {
    let decimal = number(text)?;
    if decimal.negative && decimal.mantissa > 0 {
        return Err(QuantityError::Negative(text.to_owned()));
    }
    // Rust's own parser rounds correctly, on every platform alike.
    let value: f64 = text
        .parse()
        .map_err(|_| QuantityError::NotANumber(text.to_owned()))?;
    if value > f64::from(limit) {
        return Err(QuantityError::TooLarge {
            text: text.to_owned(),
            limit: limit.to_string(),
        });
    }
    Ok(value.abs())
}

fn rate_too_large(text: &str) -> QuantityError {
    QuantityError::TooLarge {
        text: text.to_owned(),
        limit: "10M/s".to_owned(),
    }
}

fn duration_too_large(text: &str) -> QuantityError {
    QuantityError::TooLarge {
        text: text.to_owned(),
        limit: "366d".to_owned(),
    }
}

/// 1,666,667 to `1.666667`.
fn microhertz_text(microhertz: u128) -> String {
    let unit = u128::from(MICROHERTZ_PER_HERTZ);
    let text = format!("{}.{:06}", microhertz / unit, microhertz % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn lookup(units: &[(&str, u64)], unit: &str, text: &str) -> Result<u64, QuantityError> {
    let found = units.iter().find(|(name, _)| *name == unit);
    let (_, size) = found.ok_or_else(|| QuantityError::Unit {
        text: text.to_owned(),
        unit: unit.to_owned(),
    })?;
    Ok(*size)
}

/// A number without unit, nothing around it.
fn number(text: &str) -> Result<Decimal, QuantityError> {
    match decimal(text) {
        Ok(("", decimal)) => Ok(decimal),
        _ => Err(QuantityError::NotANumber(text.to_owned())),
    }
}

/// A number, a scale of it, and the unit behind them.
fn number_and_unit<'a>(
    text: &'a str,
    scale: impl Fn(&'a str) -> IResult<&'a str, u128>,
) -> Result<(Decimal, u128, &'a str), QuantityError> {
    let parsed = (terminated(decimal, space0), scale).parse(text.trim());
    match parsed {
        Ok((unit, (decimal, scale))) => Ok((decimal, scale, unit)),
        Err(_) => Err(QuantityError::NotANumber(text.to_owned())),
    }
}

/// `k` for thousand, `M` for million, nothing for one.
fn scale_prefix(input: &str) -> IResult<&str, u128> {
    let (input, prefix) = opt(one_of("kM")).parse(input)?;
    let scale = match prefix {
        Some('k') => 1_000,
        Some(_) => 1_000_000,
        None => 1,
    };
    Ok((input, scale))
}

/// A decimal number: ± mantissa × 10^exponent, exactly as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    /// Below 10^[`MAX_DIGITS`].
    mantissa: u128,
    exponent: i32,
}

/// Why a decimal is no whole number of the wanted units.
enum Unfit {
    /// It lies between two of them.
    Between { nearest: u128 },
    /// It is beyond 128 bits.
    Beyond,
}

impl Decimal {
    fn positive(self, text: &str) -> Result<Self, QuantityError> {
        if self.negative || self.mantissa == 0 {
            return Err(QuantityError::NotPositive(text.to_owned()));
        }
        Ok(self)
    }

    /// The magnitude times `numerator / denominator`, if that is whole.
    fn times(self, numerator: u128, denominator: u128) -> Result<u128, Unfit> {
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
fn decimal(input: &str) -> IResult<&str, Decimal> {
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
