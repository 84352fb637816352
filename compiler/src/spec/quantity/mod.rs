//! Quantities as text, read digit by digit: `250ms`, `1.5k/s`, `4096`.
//!
//! Rates become whole micro-requests per second, durations whole nanoseconds,
//! shares whole millionths or 10^-12. A value between two of those is refused,
//! never rounded: two compilers must not be able to disagree about it.

mod decimal;

pub use decimal::MAX_DIGITS;

use decimal::{Decimal, Unfit, decimal};
use nom::character::complete::{one_of, space0};
use nom::combinator::opt;
use nom::sequence::terminated;
use nom::{IResult, Parser};
use thiserror::Error;

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

/// The values that a kind of quantity can have: the whole multiples of a step, up to a limit.
struct Grid {
    step: &'static str,
    limit: u64,
    limit_text: &'static str,
    /// A multiple of the step as it may be written.
    show: fn(u128) -> String,
}

const RATES: Grid = Grid {
    step: "0.000001/s",
    limit: MAX_RATE_MICROHERTZ,
    limit_text: "10M/s",
    show: |value| format!("{}/s", decimal_text(value, MICROHERTZ_PER_HERTZ)),
};

const DURATIONS: Grid = Grid {
    step: "1 ns",
    limit: MAX_DURATION_NS,
    limit_text: "366d",
    show: |value| format!("{value}ns"),
};

/// 10^-12, the unit of a share of requests or rows.
pub const SHARE_ONE: u64 = 1_000_000_000_000;

const SHARES: Grid = Grid {
    step: "0.000000000001",
    limit: SHARE_ONE,
    limit_text: "1",
    show: |value| decimal_text(value, SHARE_ONE),
};

/// 10^-6, the unit of weights, speeds and sampling parameters.
pub const MILLION: u64 = 1_000_000;

const MILLIONTHS: Grid = Grid {
    step: "0.000001",
    limit: 1_000_000 * MILLION,
    limit_text: "1000000",
    show: |value| decimal_text(value, MILLION),
};

/// A rate of requests in micro-requests per second, at most [`MAX_RATE_MICROHERTZ`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RateMicrohertz(u64);

/// A duration in nanoseconds, at most [`MAX_DURATION_NS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DurationNs(u64);

impl RateMicrohertz {
    /// The rate in micro-requests per second.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// `50`, `1.5k/s` or `90/min`; more than 0.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (decimal, multiplier, unit) = number_and_unit(text, scale_prefix)?;
        let seconds = lookup(&RATE_UNITS, unit, text)?;
        let numerator = u128::from(MICROHERTZ_PER_HERTZ) * multiplier;
        let decimal = decimal.positive(text)?;
        RATES.fit(decimal, numerator, seconds, text).map(Self)
    }

    /// The same, and 0.
    pub fn parse_or_zero(text: &str) -> Result<Self, QuantityError> {
        or_zero(Self::parse(text), Self(0), text)
    }
}

impl DurationNs {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// One second.
    pub const SECOND: Self = Self(NS_PER_SECOND);

    /// So many milliseconds, of which [`MAX_DURATION_NS`] are the most.
    pub const fn from_millis(ms: u64) -> Self {
        assert!(ms <= MAX_DURATION_NS / 1_000_000);
        Self(ms * 1_000_000)
    }

    /// The duration in nanoseconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// `60`, `250ms` or `1.5h`; more than 0.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (decimal, _, unit) = number_and_unit(text, |input| Ok((input, 1)))?;
        let unit_ns = lookup(&TIME_UNITS, unit, text)?;
        let decimal = decimal.positive(text)?;
        DURATIONS.fit(decimal, unit_ns.into(), 1, text).map(Self)
    }

    /// The same, and 0.
    pub fn parse_or_zero(text: &str) -> Result<Self, QuantityError> {
        or_zero(Self::parse(text), Self::ZERO, text)
    }
}

/// Takes a refused 0 as `zero`; a negative number stays refused.
fn or_zero<T>(parsed: Result<T, QuantityError>, zero: T, text: &str) -> Result<T, QuantityError> {
    match parsed {
        Err(QuantityError::NotPositive(_)) if text.trim_start().starts_with('-') => {
            Err(QuantityError::Negative(text.to_owned()))
        }
        Err(QuantityError::NotPositive(_)) => Ok(zero),
        other => other,
    }
}

/// A share in 10^-12: 0 to 1.
pub fn share(text: &str) -> Result<u64, QuantityError> {
    let decimal = number(text)?.not_negative(text)?;
    SHARES.fit(decimal, SHARE_ONE.into(), 1, text)
}

/// A number in 10^-6: 0 to a million.
pub fn millionths(text: &str) -> Result<u64, QuantityError> {
    let decimal = number(text)?.not_negative(text)?;
    MILLIONTHS.fit(decimal, MILLION.into(), 1, text)
}

/// A whole number from 0 to `limit`.
pub fn whole(text: &str, limit: u64) -> Result<u64, QuantityError> {
    let decimal = number(text)?.not_negative(text)?;
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
    number(text)?.not_negative(text)?;
    Ok(signed(text, limit)?.abs())
}

/// A number from `-limit` to `limit` that need not be whole, as the nearest f64.
pub fn signed(text: &str, limit: u32) -> Result<f64, QuantityError> {
    number(text)?;
    // Rust's own parser rounds correctly, on every platform alike.
    let value: f64 = text
        .parse()
        .map_err(|_| QuantityError::NotANumber(text.to_owned()))?;
    if value.abs() > f64::from(limit) {
        return Err(QuantityError::TooLarge {
            text: text.to_owned(),
            limit: limit.to_string(),
        });
    }
    Ok(value)
}

/// 1,666,667 of 1,000,000 to `1.666667`; `one` is a power of ten.
pub fn decimal_text(value: impl Into<u128>, one: u64) -> String {
    let (value, one) = (value.into(), u128::from(one));
    let digits = one.ilog10() as usize;
    let text = format!("{}.{:0digits$}", value / one, value % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Grid {
    /// The decimal times `numerator / denominator` as a multiple of the step.
    fn fit(
        &self,
        decimal: Decimal,
        numerator: u128,
        denominator: u64,
        text: &str,
    ) -> Result<u64, QuantityError> {
        let too_large = || QuantityError::TooLarge {
            text: text.to_owned(),
            limit: self.limit_text.to_owned(),
        };
        let fit = decimal.times(numerator, denominator.into());
        let value = fit.map_err(|unfit| match unfit {
            Unfit::Between { nearest } => QuantityError::TooFine {
                text: text.to_owned(),
                step: self.step,
                nearest: (self.show)(nearest.max(1)),
            },
            Unfit::Beyond => too_large(),
        })?;
        if value > u128::from(self.limit) {
            return Err(too_large());
        }
        Ok(value as u64)
    }
}

impl Decimal {
    fn positive(self, text: &str) -> Result<Self, QuantityError> {
        if self.negative || self.mantissa == 0 {
            return Err(QuantityError::NotPositive(text.to_owned()));
        }
        Ok(self)
    }

    fn not_negative(self, text: &str) -> Result<Self, QuantityError> {
        if self.negative && self.mantissa > 0 {
            return Err(QuantityError::Negative(text.to_owned()));
        }
        Ok(self)
    }
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
