//! What a distribution measures: how its numbers are read, and between which limits they lie.

use crate::spec::quantity::{
    self, DURATION_EXAMPLE, DurationNs, MAX_DURATION_NS, MILLION, QuantityError,
};
use crate::spec::sessions::MAX_TURNS;

/// Most tokens that a spec can ask for in one prompt or answer; the default `max`.
pub const MAX_LENGTH_TOKENS: u64 = 1_048_576;
/// The default `min`: a server rejects an empty prompt and an empty answer.
pub const MIN_LENGTH_TOKENS: u64 = 1;
/// Most candidates of `top_k`.
const MAX_TOP_K: u64 = 1_048_576;
/// Most documents of a request.
const MAX_DOCUMENTS: u64 = 4_096;
/// Highest temperature, in 10^-6.
pub const MAX_TEMPERATURE: u64 = 100 * MILLION;

/// Most images, and most audio clips, of one request.
const MAX_MEDIA_OF_REQUEST: u64 = 100;
/// Most pixels in a row or a column of an image.
pub const MAX_PIXELS: u64 = 8_192;
/// Longest audio clip: an hour.
pub const MAX_CLIP_NS: u64 = 3_600 * NS_PER_SECOND;
const NS_PER_SECOND: u64 = 1_000_000_000;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// What a distribution of it looks like, for messages.
    pub example: &'static str,
    /// What a single value looks like, for messages.
    pub value_example: &'static str,
    /// The least value, and the default `min`.
    pub min: u64,
    /// The largest value, and the default `max`.
    pub max: u64,
    kind: UnitKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnitKind {
    Tokens,
    Count,
    DurationNs,
    Millionths,
}

/// Tokens of a prompt or an answer.
pub const TOKENS: Unit = Unit {
    example: "a number of tokens, fixed(128), uniform(16, 4096), normal(512, 256) or \
              lognormal(512, 256, min=16, max=4096)",
    value_example: "a number of tokens, like 512",
    min: MIN_LENGTH_TOKENS,
    max: MAX_LENGTH_TOKENS,
    kind: UnitKind::Tokens,
};

/// Tokens of an answer so far, of which inference-perf has no distribution and no default.
pub const ANSWER_TOKENS: Unit = Unit {
    kind: UnitKind::Count,
    ..TOKENS
};

/// Turns of a session.
pub const TURNS: Unit = Unit {
    example: "a number of turns, uniform(2, 8), poisson(4) or {type: empirical, values: {1: 7, 2: 3}}",
    value_example: "a number of turns, like 4",
    min: 1,
    max: MAX_TURNS,
    kind: UnitKind::Count,
};

/// Documents of a request, or texts of a batch.
pub const DOCUMENTS: Unit = Unit {
    example: "a number of texts, like 8, uniform(1, 32) or poisson(10)",
    value_example: "a number of texts, like 8",
    min: 1,
    max: MAX_DOCUMENTS,
    kind: UnitKind::Count,
};

/// A time to wait, perhaps none, in nanoseconds.
pub const DURATION: Unit = Unit {
    example: "a duration, like 2s, or a distribution of durations, like uniform(1s, 5s), \
              exponential(2s) or normal(2s, 500ms)",
    value_example: DURATION_EXAMPLE,
    min: 0,
    max: MAX_DURATION_NS,
    kind: UnitKind::DurationNs,
};

/// Images, or audio clips, of a request.
pub const MEDIA_COUNT: Unit = Unit {
    example: "a whole number, like 1, uniform(1, 4) or {type: empirical, values: {0: 3, 1: 1}}",
    value_example: "a whole number from 0 to 100, like 1",
    min: 0,
    max: MAX_MEDIA_OF_REQUEST,
    kind: UnitKind::Count,
};

/// Width or height of an image.
pub const PIXELS: Unit = Unit {
    example: "a number of pixels, like 512, uniform(256, 1024) or normal(1024, 256, min=64, \
              max=2048)",
    value_example: "a number of pixels from 1 to 8192, like 512",
    min: 1,
    max: MAX_PIXELS,
    kind: UnitKind::Count,
};

/// Width of an image divided by its height, in 10^-6.
pub const ASPECT_RATIO: Unit = Unit {
    example: "width divided by height, like 1.5 or uniform(0.5, 2)",
    value_example: "a number of more than 0, like 1.5",
    min: 1,
    max: MAX_PIXELS * MILLION,
    kind: UnitKind::Millionths,
};

/// How long an audio clip is, in nanoseconds.
pub const CLIP_DURATION: Unit = Unit {
    example: "a duration, like 10s, uniform(1s, 30s) or normal(10s, 2s, min=1s)",
    min: 1,
    max: MAX_CLIP_NS,
    ..DURATION
};

/// A temperature, in 10^-6.
pub const TEMPERATURE: Unit = Unit {
    example: "a number from 0 to 100, like 0.7, uniform(0.2, 1.0) or normal(0.7, 0.1)",
    value_example: "a number from 0 to 100, like 0.7",
    min: 0,
    max: MAX_TEMPERATURE,
    kind: UnitKind::Millionths,
};

/// A share of probability, in 10^-6.
pub const TOP_P: Unit = Unit {
    example: "a number up to 1, like 0.9, or uniform(0.8, 1.0)",
    value_example: "a number of more than 0 and at most 1, like 0.9",
    min: 1,
    max: MILLION,
    kind: UnitKind::Millionths,
};

/// A number of candidates.
pub const TOP_K: Unit = Unit {
    example: "a whole number, like 40, or uniform(20, 50)",
    value_example: "a whole number from 1 to 1048576, like 40; leave it out for no limit",
    min: 1,
    max: MAX_TOP_K,
    kind: UnitKind::Count,
};

impl Unit {
    /// One value, in the unit's steps.
    pub fn value(&self, text: &str) -> Result<u64, QuantityError> {
        let value = match self.kind {
            UnitKind::Tokens | UnitKind::Count => quantity::whole(text, self.max)?,
            UnitKind::DurationNs => DurationNs::parse_or_zero(text)?.get(),
            UnitKind::Millionths => quantity::millionths(text)?,
        };
        if value < self.min {
            return Err(QuantityError::NotPositive(text.to_owned()));
        }
        if value > self.max {
            let (text, limit) = (text.to_owned(), self.show(self.max));
            return Err(QuantityError::TooLarge { text, limit });
        }
        Ok(value)
    }

    /// A mean or a standard deviation, in the unit's steps, of which it need not be a whole
    /// number where the unit counts.
    pub fn real(&self, text: &str) -> Result<f64, QuantityError> {
        match self.kind {
            UnitKind::Tokens | UnitKind::Count => quantity::real(text, self.max as u32),
            UnitKind::DurationNs => Ok(DurationNs::parse_or_zero(text)?.get() as f64),
            UnitKind::Millionths => {
                let value = quantity::millionths(text)?;
                if value > self.max {
                    let (text, limit) = (text.to_owned(), self.show(self.max));
                    return Err(QuantityError::TooLarge { text, limit });
                }
                Ok(value as f64)
            }
        }
    }

    /// The steps of 1, which a variance is a square of; none for durations, whose square nobody
    /// writes.
    pub const fn steps_of_one(&self) -> Option<f64> {
        match self.kind {
            UnitKind::Tokens | UnitKind::Count => Some(1.0),
            UnitKind::DurationNs => None,
            UnitKind::Millionths => Some(MILLION as f64),
        }
    }

    /// Whether its values are whole numbers by nature.
    pub fn is_count(&self) -> bool {
        matches!(self.kind, UnitKind::Tokens | UnitKind::Count)
    }

    /// Whether inference-perf's defaults are about it.
    pub fn is_length(&self) -> bool {
        self.kind == UnitKind::Tokens
    }

    /// A value as it may be written.
    pub fn show(&self, value: u64) -> String {
        match self.kind {
            UnitKind::Tokens | UnitKind::Count => value.to_string(),
            UnitKind::DurationNs if value == MAX_DURATION_NS => "366d".to_owned(),
            UnitKind::DurationNs if value > 0 && value.is_multiple_of(NS_PER_SECOND) => {
                format!("{}s", value / NS_PER_SECOND)
            }
            UnitKind::DurationNs => format!("{value}ns"),
            UnitKind::Millionths => quantity::decimal_text(value, MILLION),
        }
    }
}
