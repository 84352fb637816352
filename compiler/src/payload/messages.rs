//! Anthropic `/v1/messages`: what the system says stands beside the list of messages, which
//! alternate between user and assistant (Messages API; parts `text`, `image`).

use super::message::Parts;
use super::{Element, Role};
use crate::escape::quoted;

/// Path behind the base URL.
pub const PATH: &str = "/v1/messages";

/// Header fields without which the API answers nothing.
pub const HEADERS: [(&str, &str); 1] = [("anthropic-version", "2023-06-01")];

const PARTS: Parts = Parts {
    text: (r#"{"type":"text","text":""#, r#""}"#),
    image: Some((
        r#"{"type":"image","source":{"type":"base64","media_type":""#,
        r#""}}"#,
    )),
    audio: None,
};

const SYSTEM: Element = Element::text(Role::System);

/// The body up to system or messages; `fields` have a comma in front of each.
pub fn head(model: &str, fields: &str) -> String {
    format!(r#"{{"model":{}{fields},"#, quoted(model))
}

/// What stands between two parts, before the first, or behind the last. The system speaks first
/// or not at all.
pub fn fence(previous: Option<Element>, next: Option<Element>) -> Option<String> {
    let begin = |next: Element| Some(format!(r#""messages":[{}"#, PARTS.begin(next)?));
    match (previous, next) {
        (None, Some(SYSTEM)) => Some(format!(r#""system":[{}"#, PARTS.text.0)),
        (Some(SYSTEM), Some(SYSTEM)) => Some(format!("{},{}", PARTS.text.1, PARTS.text.0)),
        (Some(SYSTEM), Some(next)) if !is_system(next) => {
            Some(format!("{}],{}", PARTS.text.1, begin(next)?))
        }
        (previous, next) if previous.into_iter().chain(next).any(is_system) => None,
        (None, Some(next)) => begin(next),
        (previous, next) => PARTS.fence(previous, next),
    }
}

fn is_system(element: Element) -> bool {
    let role = Role::System;
    element == SYSTEM || element == Element::parts(role)
}

/// An image within its part: media type and data.
pub fn image(mime: &str, base64: &str) -> String {
    format!(r#"{mime}","data":"{base64}"#)
}

/// The body from behind the sampling parameters on.
pub fn tail(output_tokens: u32, streaming: bool) -> String {
    format!(r#","max_tokens":{output_tokens},"stream":{streaming}}}"#)
}
