//! The `api` block: which endpoint, streamed or not, and header fields of its own.
//!
//! Refuses header fields that the engine or the endpoint sets, and those that carry secrets.

use super::context::Context;
use super::error::SpecError;
use super::fields::{Choices, Cursor, Key, Keys, REMOVE};
use schemas::rules;

/// What is asked of the server. The default is inference-perf's: completions, not streamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    pub kind: ApiKind,
    pub streaming: bool,
    /// Further header fields in the spec's order: distinct names in lower case, and values.
    pub headers: Vec<(String, String)>,
}

/// The endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKind {
    Chat,
    Completion,
}

const KEYS: Keys = Keys {
    known: &["type", "streaming", "headers"],
    later: &[
        ("response_format", REMOVE),
        ("session_id_header_key", REMOVE),
        ("session_token_header_key", REMOVE),
    ],
    refused: &[],
};

/// inference-perf's words about the header fields that its goodput is judged by.
const PASSED_OVER: [&str; 3] = ["slo_unit", "slo_tpot_header", "slo_ttft_header"];

const KINDS: Choices<ApiKind> = Choices {
    known: &[("chat", ApiKind::Chat), ("completion", ApiKind::Completion)],
    later: &["embeddings", "messages", "anthropic_messages", "rerank"],
    refused: &[],
};

/// Header fields that belong to the endpoint.
const OF_THE_ENDPOINT: [&str; 2] = ["accept", "content-type"];
/// Most header fields of a spec; a workload's list holds those of the endpoint, too.
const MAX_HEADERS: usize = 1_000;

impl Api {
    pub(super) fn read(
        cursor: Option<Cursor<'_>>,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        let mut api = Self {
            kind: ApiKind::Completion,
            streaming: false,
            headers: Vec::new(),
        };
        let Some(cursor) = cursor else {
            return Ok(api);
        };
        let fields = cursor.fields_beside(&KEYS, &PASSED_OVER)?;
        for passed in PASSED_OVER.iter().filter_map(|key| fields.optional(key)) {
            let name = passed.name();
            context.note(format!(
                "{name} is not used: no goodput is judged by header fields; `api.headers` sends them"
            ));
        }
        if let Some(kind) = fields.optional("type") {
            api.kind = kind.choice(&KINDS)?;
        }
        if let Some(streaming) = fields.optional("streaming") {
            api.streaming = streaming.bool()?;
        }
        if let Some(headers) = fields.optional("headers") {
            api.headers = read_headers(&headers)?;
        }
        Ok(api)
    }
}

fn read_headers(cursor: &Cursor<'_>) -> Result<Vec<(String, String)>, SpecError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (key, value) in cursor.entries()? {
        let name = key.text.to_ascii_lowercase();
        check_name(&key, &name)?;
        if headers.iter().any(|(known, _)| *known == name) {
            let what = format!("header {name} stands twice");
            return Err(key.error(what, "keep one of the two; case makes no difference"));
        }
        let text = value.scalar()?.to_owned();
        if let Err(broken) = rules::header(&name, &text) {
            return Err(value.error(broken, "write visible ASCII, with spaces only inside"));
        }
        headers.push((name, text));
    }
    if headers.len() > MAX_HEADERS {
        let what = format!(
            "{} header fields are more than {MAX_HEADERS}",
            headers.len()
        );
        return Err(cursor.error(what, "remove some: no server takes so many"));
    }
    Ok(headers)
}

fn check_name(key: &Key<'_>, name: &str) -> Result<(), SpecError> {
    if OF_THE_ENDPOINT.contains(&name) {
        let what = format!("header {name} is set by `api.type` and `api.streaming`");
        return Err(key.error(what, "remove it"));
    }
    if rules::FORBIDDEN_HEADERS.contains(&name) {
        let what = format!("header {name} is set when firing, or it is a secret");
        let remedy = "remove it; `replay run --api-key-env VAR` or `--header K:V` send it";
        return Err(key.error(what, remedy));
    }
    rules::header(name, "").map_err(|broken| key.error(broken, "write a name like x-route"))
}
