//! OpenAI `/v1/chat/completions`: a list of messages, each a text or a list of parts (API
//! reference, "Create chat completion"; parts `text`, `image_url`, `input_audio`).

use super::message::Parts;
use crate::escape::quoted;

/// Path behind the base URL.
pub const PATH: &str = "/v1/chat/completions";

/// The parts of a message.
pub const PARTS: Parts = Parts {
    text: (r#"{"type":"text","text":""#, r#""}"#),
    image: Some((r#"{"type":"image_url","image_url":{"url":""#, r#""}}"#)),
    audio: Some((
        r#"{"type":"input_audio","input_audio":{"format":""#,
        r#""}}"#,
    )),
};

/// The body up to the first message; `fields` have a comma in front of each.
pub fn head(model: &str, fields: &str) -> String {
    format!(r#"{{"model":{}{fields},"messages":["#, quoted(model))
}

/// An audio clip within its part: format and data.
pub fn audio(format: &str, base64: &str) -> String {
    format!(r#"{format}","data":"{base64}"#)
}
