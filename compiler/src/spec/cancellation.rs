//! The `cancellation` block: clients that hang up. Refuses a cancellation after tokens where
//! nothing is streamed: there is no token to wait for.

use super::api::Api;
use super::context::Context;
use super::distribution::{self, ANSWER_TOKENS, DURATION};
use super::error::SpecError;
use super::fields::{Choices, Cursor, Keys};
use crate::samplers::Distribution;

/// Clients that hang up before the answer is complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancellation {
    /// Share of the requests in 10^-12, 0 to 10^12.
    pub share: u64,
    pub count: CancelCount,
    pub after: CancelAfter,
}

/// How the share is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelCount {
    /// The share of the requests to the nearest whole number, drawn among them.
    Exact,
    /// Each request on its own.
    Bernoulli,
}

/// When a client hangs up.
#[derive(Clone, Debug, PartialEq)]
pub enum CancelAfter {
    /// Nanoseconds after the request is fully written.
    Delay(Distribution),
    /// After so many tokens of the answer, at least 1.
    Tokens(Distribution),
}

const KEYS: Keys = Keys {
    known: &["rate", "count", "delay", "after_tokens"],
    later: &[],
    refused: &[],
};

const COUNTS: Choices<CancelCount> = Choices {
    known: &[
        ("bernoulli", CancelCount::Bernoulli),
        ("exact", CancelCount::Exact),
    ],
    later: &[],
    refused: &[],
};

impl Cancellation {
    pub(super) fn read(
        cursor: Cursor<'_>,
        api: &Api,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        let fields = cursor.fields(&KEYS)?;
        let rate = fields.required("rate", "add `rate: 0.02`, a share of the requests")?;
        let count = fields.optional("count").map(|count| count.choice(&COUNTS));
        let after = match (fields.optional("delay"), fields.optional("after_tokens")) {
            (Some(_), Some(tokens)) => {
                let what = "`delay` says already when a client hangs up";
                return Err(tokens.error(what, "keep one of the two"));
            }
            (Some(delay), None) => {
                CancelAfter::Delay(distribution::read(delay, &DURATION, context)?)
            }
            (None, Some(tokens)) if !api.streaming => {
                let what = "nothing is streamed, so there is no token to wait for";
                return Err(tokens.error(what, "add `api: {streaming: true}`, or write `delay`"));
            }
            (None, Some(tokens)) => {
                CancelAfter::Tokens(distribution::read(tokens, &ANSWER_TOKENS, context)?)
            }
            (None, None) => {
                let what = "it does not say when a client hangs up";
                return Err(fields
                    .cursor
                    .error(what, "add `delay: 500ms` or `after_tokens: 5`"));
            }
        };
        Ok(Self {
            share: rate.share()?,
            count: count.unwrap_or(Ok(CancelCount::Bernoulli))?,
            after,
        })
    }
}
