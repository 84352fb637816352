//! The `tokenizer` block: whose tokens are counted. Only the name; nothing is opened here.
//! Refuses access tokens: secrets never enter a workload.

use super::context::{Context, file_name};
use super::error::SpecError;
use super::fields::{Cursor, Keys};

/// A tokenizer as the spec names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenizerRef {
    /// The path in the spec's own words; inference-perf writes a Hugging Face name here, too.
    pub name: String,
}

const KEYS: Keys = Keys {
    known: &["path", "pretrained_model_name_or_path", "trust_remote_code"],
    later: &[],
    refused: &[(
        "token",
        "access tokens never enter a workload",
        "remove it; nothing is downloaded: `path` names a tokenizer.json on this machine",
    )],
};

impl TokenizerRef {
    /// None if the block names no tokenizer.
    pub(super) fn read(
        cursor: Cursor<'_>,
        context: &mut Context<'_>,
    ) -> Result<Option<Self>, SpecError> {
        let fields = cursor.fields(&KEYS)?;
        if let Some(trust) = fields.optional("trust_remote_code") {
            trust.bool()?;
            let name = trust.name();
            context.note(format!("{name} is not used: no tokenizer runs code here"));
        }
        let Some(path) = fields.either("path", "pretrained_model_name_or_path")? else {
            return Ok(None);
        };
        let name = file_name(&path)?.to_owned();
        Ok(Some(Self { name }))
    }
}
