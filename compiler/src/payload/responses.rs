//! OpenAI `/v1/responses`: a list of messages, each a text or a list of parts (API reference,
//! "Create a model response"; parts `input_text`, `input_image`). What the model said is a plain
//! text.

use super::message::Parts;
use super::{Element, Role};
use crate::escape::quoted;

/// Path behind the base URL.
pub const PATH: &str = "/v1/responses";

const PARTS: Parts = Parts {
    text: (r#"{"type":"input_text","text":""#, r#""}"#),
    image: Some((
        r#"{"type":"input_image","detail":"auto","image_url":""#,
        r#""}"#,
    )),
    audio: None,
};

/// The body up to the first message; `fields` have a comma in front of each.
pub fn head(model: &str, fields: &str) -> String {
    format!(r#"{{"model":{}{fields},"input":["#, quoted(model))
}

/// What stands between two parts, before the first, or behind the last.
pub fn fence(previous: Option<Element>, next: Option<Element>) -> Option<String> {
    let answer = Element::parts(Role::Assistant);
    if previous == Some(answer) || next == Some(answer) {
        return None;
    }
    PARTS.fence(previous, next)
}

/// The body from behind the sampling parameters on.
pub fn tail(output_tokens: u32, streaming: bool) -> String {
    format!(r#","max_output_tokens":{output_tokens},"stream":{streaming}}}"#)
}
