//! The `tokenizer` block: whose tokens are counted, and how many a chat template adds. Only names;
//! nothing is opened here. Refuses access tokens: secrets never enter a workload.

use super::context::{Context, file_name};
use super::error::SpecError;
use super::fields::{Choices, Cursor, Fields, Keys};
use super::node::Value;

/// A tokenizer as the spec names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenizerRef {
    /// The path in the spec's own words; inference-perf writes a Hugging Face name here, too. Or
    /// the name of a vocabulary inside the program.
    pub name: String,
    pub kind: TokenizerKind,
}

/// Where a tokenizer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenizerKind {
    /// OpenAI's vocabulary for GPT-4o and later, inside the program.
    O200kBase,
    /// OpenAI's vocabulary for GPT-4, inside the program.
    Cl100kBase,
    /// A file on this machine.
    File,
}

/// Tokens that a server's chat template adds to the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TemplateOverhead {
    /// Once to a request.
    pub request: u32,
    /// To each message; an endpoint whose texts are one string has none.
    pub message: u32,
}

/// The block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TokenizerBlock {
    /// None if it names none.
    pub named: Option<TokenizerRef>,
    pub overhead: TemplateOverhead,
}

const KEYS: Keys = Keys {
    known: &[
        "name",
        "path",
        "pretrained_model_name_or_path",
        "template_overhead",
        "trust_remote_code",
    ],
    later: &[],
    refused: &[(
        "token",
        "access tokens never enter a workload",
        "remove it; nothing is downloaded: `path` names a tokenizer.json on this machine",
    )],
};

const NAMES: Choices<TokenizerKind> = Choices {
    known: &[
        ("o200k_base", TokenizerKind::O200kBase),
        ("cl100k_base", TokenizerKind::Cl100kBase),
    ],
    later: &[],
    refused: &[],
};

const OVERHEAD_KEYS: Keys = Keys {
    known: &["request", "message"],
    later: &[],
    refused: &[],
};

/// Most tokens that a template may add.
const MAX_OVERHEAD: u32 = 65_536;

impl TokenizerBlock {
    pub fn read(cursor: Cursor<'_>, context: &mut Context<'_>) -> Result<Self, SpecError> {
        if let Value::Text(_) = cursor.node.value {
            let named = Some(embedded(&cursor)?);
            let overhead = TemplateOverhead::default();
            return Ok(Self { named, overhead });
        }
        let fields = cursor.fields(&KEYS)?;
        if let Some(trust) = fields.optional("trust_remote_code") {
            trust.bool()?;
            let name = trust.name();
            context.note(format!("{name} is not used: no tokenizer runs code here"));
        }
        let overhead = fields.optional("template_overhead");
        Ok(Self {
            named: named(&fields)?,
            overhead: overhead.map_or(Ok(TemplateOverhead::default()), read_overhead)?,
        })
    }
}

fn named(fields: &Fields<'_>) -> Result<Option<TokenizerRef>, SpecError> {
    let path = fields.either("path", "pretrained_model_name_or_path")?;
    match (fields.optional("name"), path) {
        (Some(_), Some(path)) => {
            let what = "`tokenizer.name` names one inside the program already";
            Err(path.error(what, "remove one of the two"))
        }
        (Some(name), None) => embedded(&name).map(Some),
        (None, Some(path)) => Ok(Some(TokenizerRef {
            name: file_name(&path)?.to_owned(),
            kind: TokenizerKind::File,
        })),
        (None, None) => Ok(None),
    }
}

/// A vocabulary inside the program, by its name.
fn embedded(name: &Cursor<'_>) -> Result<TokenizerRef, SpecError> {
    let kind = name.choice(&NAMES).map_err(|error| SpecError {
        remedy: format!("{}, or `tokenizer: {{path: FILE}}`", error.remedy),
        ..error
    })?;
    let name = name.text()?.to_owned();
    Ok(TokenizerRef { name, kind })
}

/// One number is that of a request.
fn read_overhead(cursor: Cursor<'_>) -> Result<TemplateOverhead, SpecError> {
    let count = |cursor: Cursor<'_>| cursor.count_u32(0, MAX_OVERHEAD, " of tokens");
    if !matches!(cursor.node.value, Value::Map(_)) {
        let (request, message) = (count(cursor)?, 0);
        return Ok(TemplateOverhead { request, message });
    }
    let fields = cursor.fields(&OVERHEAD_KEYS)?;
    let read = |key| fields.optional(key).map_or(Ok(0), count);
    Ok(TemplateOverhead {
        request: read("request")?,
        message: read("message")?,
    })
}
