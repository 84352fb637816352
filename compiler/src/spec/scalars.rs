//! Single values under a cursor: counts, durations, rates, shares and names, each with what to
//! write instead when it is wrong.

use super::error::SpecError;
use super::fields::Cursor;
use super::models::MAX_NAME_BYTES;
use super::quantity::{
    self, DURATION_EXAMPLE, DurationNs, QuantityError, RATE_EXAMPLE, RateMicrohertz,
};

/// What a share looks like, for messages.
const SHARE_EXAMPLE: &str = "a share of 1, like 0.02";

impl Cursor<'_> {
    /// The error about a text that is no quantity; `example` is one of the right kind.
    pub fn quantity_error(&self, error: &QuantityError, example: &str) -> SpecError {
        self.error(error.to_string(), error.remedy(example))
    }

    /// A whole number from `min` (0 or 1) to `max` of `things`.
    pub fn count(&self, min: u64, max: u64, things: &str) -> Result<u64, SpecError> {
        let text = self.scalar()?;
        let value = match quantity::whole(text, max) {
            Ok(value) if value < min => Err(QuantityError::NotPositive(text.to_owned())),
            other => other,
        };
        let example = format!("a whole number{things} from {min} to {max}");
        value.map_err(|error| self.quantity_error(&error, &example))
    }

    /// The same in 32 bits.
    pub fn count_u32(&self, min: u32, max: u32, things: &str) -> Result<u32, SpecError> {
        self.count(min.into(), max.into(), things)
            .map(|value| value as u32)
    }

    /// A duration of more than 0.
    pub fn duration(&self) -> Result<DurationNs, SpecError> {
        DurationNs::parse(self.scalar()?)
            .map_err(|error| self.quantity_error(&error, DURATION_EXAMPLE))
    }

    /// A duration, perhaps 0.
    pub fn duration_or_zero(&self) -> Result<DurationNs, SpecError> {
        DurationNs::parse_or_zero(self.scalar()?)
            .map_err(|error| self.quantity_error(&error, DURATION_EXAMPLE))
    }

    /// A rate of more than 0.
    pub fn rate(&self) -> Result<RateMicrohertz, SpecError> {
        RateMicrohertz::parse(self.scalar()?)
            .map_err(|error| self.quantity_error(&error, RATE_EXAMPLE))
    }

    /// A rate, perhaps 0.
    pub fn rate_or_zero(&self) -> Result<RateMicrohertz, SpecError> {
        RateMicrohertz::parse_or_zero(self.scalar()?)
            .map_err(|error| self.quantity_error(&error, RATE_EXAMPLE))
    }

    /// A share of 0 to 1, in 10^-12.
    pub fn share(&self) -> Result<u64, SpecError> {
        quantity::share(self.scalar()?).map_err(|error| self.quantity_error(&error, SHARE_EXAMPLE))
    }

    /// A share of more than 0, in 10^-12.
    pub fn positive_share(&self) -> Result<u64, SpecError> {
        match self.share()? {
            0 => Err(self.not_positive(SHARE_EXAMPLE)),
            share => Ok(share),
        }
    }

    /// A number of more than 0, in 10^-6.
    pub fn positive_millionths(&self, example: &str) -> Result<u64, SpecError> {
        match quantity::millionths(self.scalar()?) {
            Ok(0) => Err(self.not_positive(example)),
            other => other.map_err(|error| self.quantity_error(&error, example)),
        }
    }

    fn not_positive(&self, example: &str) -> SpecError {
        let text = self.scalar().unwrap_or_default().to_owned();
        self.quantity_error(&QuantityError::NotPositive(text), example)
    }

    /// The name of a model, an adapter or a stage; `remedy` says whose it is.
    pub fn named(&self, remedy: &str) -> Result<String, SpecError> {
        let name = self.text()?;
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
            let what = format!("a name has 1 to {MAX_NAME_BYTES} bytes, no control characters");
            return Err(self.error(what, remedy));
        }
        Ok(name.to_owned())
    }
}
