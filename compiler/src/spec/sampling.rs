//! The `sampling` block: what a server is told about drawing tokens.

use super::api::{ApiKind, Parameter};
use super::context::Context;
use super::distribution::{self, TEMPERATURE, TOP_K, TOP_P};
use super::error::SpecError;
use super::fields::{Cursor, Fields, Keys, REMOVE};
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
    pub(super) fn read(
        cursor: Cursor<'_>,
        kind: ApiKind,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        let fields = cursor.fields(&KEYS)?;
        check(&fields, kind)?;
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

/// Refuses parameters that the endpoint does not have.
fn check(fields: &Fields<'_>, kind: ApiKind) -> Result<(), SpecError> {
    let known = kind.parameters();
    let mut missing = Parameter::ALL.iter().filter(|one| !known.contains(one));
    let Some(cursor) = missing.find_map(|one| fields.optional(one.name())) else {
        return Ok(());
    };
    let what = format!("the endpoint `{}` has no such parameter", kind.name());
    let remedy = match kind {
        ApiKind::Template => "remove it, and write its value into the template",
        ApiKind::Raw => "remove it: a raw body is sent as it is",
        _ if kind.generates() => {
            "remove it; what a server knows beyond its API goes into `api.extra`"
        }
        _ => "remove it: nothing is drawn there",
    };
    // `seed: false` says that there is none, which is what happens.
    match cursor.bool() {
        Ok(false) => Ok(()),
        _ => Err(cursor.error(what, remedy)),
    }
}
