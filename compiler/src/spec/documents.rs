//! `data.documents` and `data.batch_size`: the texts that a request holds beside its prompt.
//!
//! Refuses both at once, and a batch whose lengths are not drawn each by itself.

use super::context::Context;
use super::data::Lengths;
use super::distribution::{self, DOCUMENTS, TOKENS};
use super::error::SpecError;
use super::fields::{Fields, Keys};
use crate::samplers::Distribution;

/// Texts beside the prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Documents {
    /// Texts of a request; of a batch its first, the prompt, is one of them.
    pub count: Distribution,
    /// Whether they are the texts of a batch, and not documents that the prompt is asked of.
    pub is_batch: bool,
    /// Tokens of each.
    pub length: Distribution,
}

const KEYS: Keys = Keys {
    known: &["count", "length"],
    later: &[],
    refused: &[],
};

impl Documents {
    /// Reads the keys among the fields of `data`; `lengths` are those of the prompts.
    pub(super) fn read(
        fields: &Fields<'_>,
        lengths: &Lengths,
        context: &mut Context<'_>,
    ) -> Result<Option<Self>, SpecError> {
        let (documents, batch) = (fields.optional("documents"), fields.optional("batch_size"));
        if let (Some(_), Some(batch)) = (&documents, &batch) {
            let what = "`data.documents` says what a request holds beside its prompt already";
            return Err(batch.error(what, "remove one of the two"));
        }
        if let Some(batch) = batch {
            let Lengths::Drawn { input, .. } = lengths else {
                let what = "the texts of a batch need lengths of their own";
                return Err(batch.error(what, "write `data.input_distribution`"));
            };
            return Ok(Some(Self {
                count: distribution::read(batch, &DOCUMENTS, context)?,
                is_batch: true,
                length: input.clone(),
            }));
        }
        let Some(documents) = documents else {
            return Ok(None);
        };
        let fields = documents.fields(&KEYS)?;
        let count = fields.required("count", "add `count: 10`, the number of documents")?;
        let length = fields.required("length", "add `length: 256`, the tokens of each")?;
        Ok(Some(Self {
            count: distribution::read(count, &DOCUMENTS, context)?,
            is_batch: false,
            length: distribution::read(length, &TOKENS, context)?,
        }))
    }
}
