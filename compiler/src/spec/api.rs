//! The `api` block: which endpoint, streamed or not, and what is sent beside texts and lengths.
//!
//! Refuses what the endpoint does not have, and fields that it sets itself.

mod extra;
pub(crate) mod headers;
mod json;
mod kind;
pub mod path;
pub mod template;

pub use extra::BodyField;
pub use kind::{ApiKind, KserveForm, Parameter, RerankForm};
pub use template::Template;

use super::context::Context;
use super::error::SpecError;
use super::fields::{Choices, Cursor, Fields, Keys, REMOVE};
use kind::{KINDS, KSERVE_FORMS, RERANK_FORMS};

/// What is asked of the server. The default is inference-perf's: completions, not streamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    pub kind: ApiKind,
    pub streaming: bool,
    /// Instead of the endpoint's own; `{model}` stands for the model's name.
    pub path: Option<String>,
    /// Further header fields in the spec's order: distinct names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The header field that carries the session, in lower case; none of `headers`.
    pub session_id_header: Option<String>,
    /// Further fields of every body.
    pub fields: Vec<BodyField>,
    pub output_tokens_field: OutputTokensField,
    /// For [`ApiKind::Template`].
    pub template: Option<Template>,
}

/// How chat calls the number of tokens asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputTokensField {
    MaxTokens,
    MaxCompletionTokens,
}

impl OutputTokensField {
    /// The field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

const KEYS: Keys = Keys {
    known: &[
        "type",
        "streaming",
        "headers",
        "path",
        "format",
        "extra",
        "tools",
        "tool_choice",
        "response_format",
        "output_tokens_field",
        "session_id_header_key",
        "template",
    ],
    later: &[("session_token_header_key", REMOVE)],
    refused: &[
        (
            "embeddings",
            "the batch is part of the data, and the rest are fields of the body",
            "write `data.batch_size`, and `extra: {dimensions: 256}`",
        ),
        (
            "rerank",
            "the documents are part of the data, and the rest has keys of its own here",
            "write `data.documents`, `path`, and `extra: {top_n: 3}`",
        ),
    ],
};

/// inference-perf's words about the header fields that its goodput is judged by.
const PASSED_OVER: [&str; 3] = ["slo_unit", "slo_tpot_header", "slo_ttft_header"];

const OUTPUT_TOKENS_FIELDS: Choices<OutputTokensField> = Choices {
    known: &[
        ("max_tokens", OutputTokensField::MaxTokens),
        (
            "max_completion_tokens",
            OutputTokensField::MaxCompletionTokens,
        ),
    ],
    later: &[],
    refused: &[],
};

impl Default for Api {
    fn default() -> Self {
        Self {
            kind: ApiKind::Completion,
            streaming: false,
            path: None,
            headers: Vec::new(),
            session_id_header: None,
            fields: Vec::new(),
            output_tokens_field: OutputTokensField::MaxTokens,
            template: None,
        }
    }
}

impl Api {
    /// The spec's key that puts this field into every body already, if one does.
    pub fn owner_of(&self, key: &str) -> Option<&'static str> {
        let is_own = self.fields.iter().any(|(name, _)| name == key);
        extra::owner(self.kind, key).or_else(|| is_own.then_some("api.extra"))
    }

    /// Whether every text behind the first is a string of its own: a document, or one of a batch.
    pub fn lists_texts(&self) -> bool {
        let template = self.template.as_ref();
        matches!(self.kind, ApiKind::Embeddings | ApiKind::Rerank(_))
            || template.is_some_and(|t| t.takes_batch() || t.takes_documents())
    }

    pub(super) fn read(
        cursor: Option<Cursor<'_>>,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        let Some(cursor) = cursor else {
            return Ok(Self::default());
        };
        let fields = cursor.fields_beside(&KEYS, &PASSED_OVER)?;
        for passed in PASSED_OVER.iter().filter_map(|key| fields.optional(key)) {
            let name = passed.name();
            context.note(format!(
                "{name} is not used: no goodput is judged by header fields; `api.headers` sends them"
            ));
        }
        let kind = read_kind(&fields)?;
        let streaming = read_streaming(&fields, kind)?;
        let headers = fields.optional("headers");
        let headers = headers.map_or(Ok(Vec::new()), |headers| headers::read(&headers))?;
        let session = fields.optional("session_id_header_key");
        let session = session.map(|name| headers::read_session_id(&name, &headers));
        Ok(Self {
            kind,
            streaming,
            path: read_path(&fields, kind)?,
            session_id_header: session.transpose()?,
            headers,
            fields: extra::read(&fields, kind)?,
            output_tokens_field: read_output_tokens_field(&fields, kind)?,
            template: read_template(&fields, kind, streaming, context)?,
        })
    }
}

fn read_kind(fields: &Fields<'_>) -> Result<ApiKind, SpecError> {
    let kind = fields.optional("type").map(|kind| kind.choice(&KINDS));
    let kind = kind.transpose()?.unwrap_or(ApiKind::Completion);
    match (fields.optional("format"), kind) {
        (None, kind) => Ok(kind),
        (Some(form), ApiKind::Rerank(_)) => form.choice(&RERANK_FORMS),
        (Some(form), ApiKind::Kserve(_)) => form.choice(&KSERVE_FORMS),
        (Some(form), kind) => {
            let what = format!("the endpoint `{}` has one form", kind.name());
            Err(form.error(what, "remove it; `rerank` and `kserve` have several"))
        }
    }
}

fn read_streaming(fields: &Fields<'_>, kind: ApiKind) -> Result<bool, SpecError> {
    let Some(cursor) = fields.optional("streaming") else {
        return Ok(false);
    };
    let streaming = cursor.bool()?;
    if streaming && !kind.generates() {
        let what = format!("the endpoint `{}` answers in one piece", kind.name());
        return Err(cursor.error(what, "remove it, or write false"));
    }
    Ok(streaming)
}

fn read_path(fields: &Fields<'_>, kind: ApiKind) -> Result<Option<String>, SpecError> {
    let path = match kind {
        ApiKind::Raw | ApiKind::Template => {
            let remedy = "add `path: /v1/generate`: such a body does not say where it belongs";
            Some(fields.required("path", remedy)?)
        }
        _ => fields.optional("path"),
    };
    path.map(|path| path::read(&path)).transpose()
}

fn read_output_tokens_field(
    fields: &Fields<'_>,
    kind: ApiKind,
) -> Result<OutputTokensField, SpecError> {
    match fields.optional("output_tokens_field") {
        None => Ok(OutputTokensField::MaxTokens),
        Some(field) if kind == ApiKind::Chat => field.choice(&OUTPUT_TOKENS_FIELDS),
        Some(field) => {
            let what = format!("the endpoint `{}` has one name for it", kind.name());
            Err(field.error(what, "remove it; only `chat` has two"))
        }
    }
}

fn read_template(
    fields: &Fields<'_>,
    kind: ApiKind,
    streaming: bool,
    context: &mut Context<'_>,
) -> Result<Option<Template>, SpecError> {
    match (kind, fields.optional("template")) {
        (ApiKind::Template, _) => {
            let remedy = "add `template: '{\"text\": \"{{prompt}}\"}'`, or the name of a file";
            let template = fields.required("template", remedy)?;
            Template::read(&template, streaming, context).map(Some)
        }
        (_, None) => Ok(None),
        (kind, Some(template)) => {
            let what = format!("the endpoint `{}` has a body of its own", kind.name());
            Err(template.error(what, "write `type: template`, or remove it"))
        }
    }
}
