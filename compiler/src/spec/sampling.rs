//! The `sampling` block: what a server is told about drawing tokens.

use super::context::Context;
use super::distribution::{self, TEMPERATURE, TOP_K, TOP_P};
use super::error::SpecError;
use super::fields::{Cursor, Keys, REMOVE};
use crate::samplers::Distribution;

/// Sampling parameters; what is not written is not sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// In 10^-6, 0 to 100.
    pub temperature: Option<Distribution>,
    /// In 10^-6, more than 0 and at most 1.
    pub top_p: Option<Distribution>,
    /// At least 1.
    pub top_k: Option<Distribution>,
    /// Whether every request carries a seed of its own.
    pub seed: bool,
}

const KEYS: Keys = Keys {
    known: &["temperature", "top_p", "top_k", "seed"],
    later: &[
        ("min_p", REMOVE),
        ("frequency_penalty", REMOVE),
        ("presence_penalty", REMOVE),
        ("repetition_penalty", REMOVE),
        ("stop", REMOVE),
    ],
    refused: &[(
        "max_tokens",
        "the length of an answer is no sampling parameter here",
        "write `data.output_distribution`",
    )],
};

impl Sampling {
    pub(super) fn read(cursor: Cursor<'_>, context: &mut Context<'_>) -> Result<Self, SpecError> {
        let fields = cursor.fields(&KEYS)?;
        let mut one = |key, unit| {
            let cursor = fields.optional(key);
            let read = cursor.map(|cursor| distribution::read(cursor, unit, context));
            read.transpose()
        };
        Ok(Self {
            temperature: one("temperature", &TEMPERATURE)?,
            top_p: one("top_p", &TOP_P)?,
            top_k: one("top_k", &TOP_K)?,
            seed: match fields.optional("seed") {
                Some(seed) => seed.bool()?,
                None => false,
            },
        })
    }
}
