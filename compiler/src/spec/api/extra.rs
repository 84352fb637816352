//! Fields of a body that the spec gives whole: `extra`, `tools`, `tool_choice`, `response_format`.
//!
//! Refuses a field that the endpoint sets itself, and one that the endpoint does not have.

use super::json::json;
use super::kind::{ApiKind, KserveForm, RerankForm};
use crate::escape::quoted;
use crate::spec::error::SpecError;
use crate::spec::fields::{Cursor, Fields};
use crate::spec::node::Value;

/// A field's name, and its value as JSON.
pub type BodyField = (String, String);

/// A field and the spec's key that sets it.
type Owned = (&'static str, &'static str);

const MODEL: Owned = ("model", "models");
const STREAM: Owned = ("stream", "api.streaming");
const SAMPLING: [Owned; 3] = [
    ("temperature", "sampling.temperature"),
    ("top_p", "sampling.top_p"),
    ("top_k", "sampling.top_k"),
];
const SEED: Owned = ("seed", "sampling.seed");
const MAX_TOKENS: Owned = ("max_tokens", "data.output_distribution");
const EXACTLY: [Owned; 2] = [
    ("ignore_eos", "server.ignore_eos"),
    ("min_tokens", "server.ignore_eos"),
];
const STREAM_OPTIONS: Owned = ("stream_options", "api.streaming");

/// The fields that an endpoint sets, where `extra` goes.
fn owned(kind: ApiKind) -> Vec<Owned> {
    let [temperature, top_p, top_k] = SAMPLING;
    let [ignore_eos, min_tokens] = EXACTLY;
    match kind {
        ApiKind::Chat => vec![
            MODEL,
            STREAM,
            STREAM_OPTIONS,
            temperature,
            top_p,
            top_k,
            SEED,
            MAX_TOKENS,
            ("max_completion_tokens", "data.output_distribution"),
            ignore_eos,
            min_tokens,
            ("messages", "data"),
            ("tools", "api.tools"),
            ("tool_choice", "api.tool_choice"),
            ("response_format", "api.response_format"),
        ],
        ApiKind::Completion => vec![
            MODEL,
            STREAM,
            STREAM_OPTIONS,
            temperature,
            top_p,
            top_k,
            SEED,
            MAX_TOKENS,
            ignore_eos,
            min_tokens,
            ("prompt", "data"),
            ("response_format", "api.response_format"),
        ],
        ApiKind::Embeddings => vec![MODEL, ("input", "data"), ("encoding_format", "api.type")],
        ApiKind::Responses => vec![
            MODEL,
            STREAM,
            temperature,
            top_p,
            ("input", "data"),
            ("max_output_tokens", "data.output_distribution"),
            ("tools", "api.tools"),
            ("tool_choice", "api.tool_choice"),
        ],
        ApiKind::Messages => vec![
            MODEL,
            STREAM,
            temperature,
            top_p,
            top_k,
            MAX_TOKENS,
            ("messages", "data"),
            ("system", "data"),
            ("tools", "api.tools"),
            ("tool_choice", "api.tool_choice"),
        ],
        ApiKind::Tgi => vec![
            temperature,
            top_p,
            top_k,
            SEED,
            ("do_sample", "sampling.temperature"),
            ("max_new_tokens", "data.output_distribution"),
            ("details", "api.type"),
        ],
        ApiKind::Rerank(RerankForm::Cohere) => {
            vec![MODEL, ("query", "data"), ("documents", "data.documents")]
        }
        ApiKind::Rerank(RerankForm::Tei) => vec![("query", "data"), ("texts", "data.documents")],
        ApiKind::Rerank(RerankForm::Nim) => {
            vec![MODEL, ("query", "data"), ("passages", "data.documents")]
        }
        ApiKind::Kserve(KserveForm::Vllm) => {
            vec![STREAM, temperature, top_p, top_k, SEED, MAX_TOKENS]
        }
        ApiKind::Kserve(KserveForm::TrtLlm) => vec![
            STREAM,
            temperature,
            top_p,
            top_k,
            SEED,
            MAX_TOKENS,
            ("text_input", "data"),
        ],
        ApiKind::Raw | ApiKind::Template => Vec::new(),
    }
}

/// The spec's key that sets this field of the endpoint's body, where a data set may not: what it
/// says of tools and of the form of an answer, a data set may say instead.
pub(super) fn owner(kind: ApiKind, key: &str) -> Option<&'static str> {
    if matches!(kind, ApiKind::Raw | ApiKind::Template) {
        return Some("api.template");
    }
    let owned = owned(kind).into_iter().filter(|(_, owner)| {
        !["api.tools", "api.tool_choice", "api.response_format"].contains(owner)
    });
    let mut owned = owned.filter(|(name, _)| *name == key);
    owned.next().map(|(_, owner)| owner)
}

/// All of them, in the order in which a body holds them.
pub(super) fn read(fields: &Fields<'_>, kind: ApiKind) -> Result<Vec<BodyField>, SpecError> {
    let mut read = Vec::new();
    for key in ["tools", "tool_choice"] {
        if let Some(value) = fields.optional(key) {
            check_has(
                &value,
                key,
                kind,
                &[ApiKind::Chat, ApiKind::Responses, ApiKind::Messages],
            )?;
            if key == "tools" {
                value.list()?;
            }
            read.push((key.to_owned(), json(&value)?));
        }
    }
    if let Some(value) = fields.optional("response_format") {
        let having = [ApiKind::Chat, ApiKind::Completion, ApiKind::Responses];
        check_has(&value, "response_format", kind, &having)?;
        read.push(response_format(&value, kind)?);
    }
    if let Some(extra) = fields.optional("extra") {
        read_extra(&extra, kind, &mut read)?;
    }
    Ok(read)
}

fn check_has(
    value: &Cursor<'_>,
    key: &str,
    kind: ApiKind,
    having: &[ApiKind],
) -> Result<(), SpecError> {
    if having.contains(&kind) {
        return Ok(());
    }
    let what = format!("the endpoint `{}` has no field `{key}`", kind.name());
    Err(value.error(
        what,
        "remove it; what a server knows beyond its API goes into `api.extra`",
    ))
}

fn read_extra(
    extra: &Cursor<'_>,
    kind: ApiKind,
    read: &mut Vec<BodyField>,
) -> Result<(), SpecError> {
    let whole = match kind {
        ApiKind::Raw => Some(("a raw body is sent as it is", "write it into the data set")),
        ApiKind::Template => Some(("a template holds all fields", "write it into the template")),
        _ => None,
    };
    if let Some((what, remedy)) = whole {
        return Err(extra.error(what, remedy));
    }
    let owned = owned(kind);
    for (key, value) in extra.entries()? {
        if let Some((_, owner)) = owned.iter().find(|(field, _)| *field == key.text) {
            let what = format!("`{owner}` sets this field");
            return Err(key.error(what, format!("remove it here; `{owner}` says what is sent")));
        }
        if read.iter().any(|(known, _)| known == key.text) {
            let what = "`api.response_format` sets this field";
            return Err(key.error(what, "keep one of the two"));
        }
        read.push((key.text.to_owned(), json(&value)?));
    }
    Ok(())
}

/// The form of the answer. Chat's `json_schema` holds name and schema; inference-perf writes the
/// bare schema there, with the name beside it. Responses hold all of that in `text.format`.
fn response_format(value: &Cursor<'_>, kind: ApiKind) -> Result<BodyField, SpecError> {
    let entries = value.entries()?;
    let find = |name: &str| {
        let mut entries = entries.iter();
        entries
            .find(|(key, _)| key.text == name)
            .map(|(_, value)| value)
    };
    let is_schema = find("type").is_none_or(|t| t.text().is_ok_and(|t| t == "json_schema"));
    let schema = find("json_schema");
    let bare = schema.is_some_and(|schema| match &schema.node.value {
        Value::Map(entries) => !entries.iter().any(|entry| entry.key == "schema"),
        _ => false,
    });
    match (kind, schema) {
        (ApiKind::Responses, Some(schema)) if is_schema => {
            let what = "in this API name and schema stand beside the type";
            let remedy = "write `response_format: {type: json_schema, name: .., schema: {..}}`";
            Err(schema.error(what, remedy))
        }
        (ApiKind::Responses, _) => {
            let format = format!(r#"{{"format":{}}}"#, json(value)?);
            Ok(("text".to_owned(), format))
        }
        (_, Some(schema)) if is_schema && bare => {
            let name = match find("name") {
                Some(name) => json(name)?,
                None => quoted("structured_output"),
            };
            let schema = json(schema)?;
            let format = format!(
                r#"{{"type":"json_schema","json_schema":{{"name":{name},"schema":{schema}}}}}"#
            );
            Ok(("response_format".to_owned(), format))
        }
        _ => Ok(("response_format".to_owned(), json(value)?)),
    }
}
