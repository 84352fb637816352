//! OpenAI `/v1/chat/completions`: a list of messages, each a text or a list of parts (API
//! reference, "Create chat completion"; parts `text`, `image_url`, `input_audio`).

use super::{Element, Role, json_string};

/// Path behind the base URL.
pub const PATH: &str = "/v1/chat/completions";

/// The body up to the first message.
pub fn head(model: &str) -> String {
    format!(r#"{{"model":{},"messages":["#, json_string(model))
}

/// What stands between two parts, before the first, or behind the last.
pub fn fence(previous: Option<Element>, next: Option<Element>) -> Option<String> {
    let Some(previous) = previous else {
        return begin_message(next?);
    };
    match next {
        None => Some(format!("{}]", end_message(previous)?)),
        Some(next) if next.begins_message() => Some(format!(
            "{},{}",
            end_message(previous)?,
            begin_message(next)?
        )),
        Some(next) => Some(format!("{},{}", end_part(previous)?, begin_part(next)?)),
    }
}

fn begin_message(element: Element) -> Option<String> {
    let (role, content) = match element {
        Element::Text { role, parts: false } => (role, "\"".to_owned()),
        Element::Text { role, parts: true } => {
            (role, format!("[{}", begin_part(Element::MoreText)?))
        }
        media if media.begins_message() => (Role::User, format!("[{}", begin_part(media)?)),
        _ => return None,
    };
    Some(format!(r#"{{"role":"{}","content":{content}"#, role.name()))
}

fn end_message(element: Element) -> Option<String> {
    match element {
        Element::Text { parts: false, .. } => Some(r#""}"#.to_owned()),
        part => Some(format!("{}]}}", end_part(part)?)),
    }
}

fn begin_part(element: Element) -> Option<&'static str> {
    match element {
        Element::MoreText => Some(r#"{"type":"text","text":""#),
        Element::Image { .. } => Some(r#"{"type":"image_url","image_url":{"url":""#),
        Element::Audio { .. } => Some(r#"{"type":"input_audio","input_audio":{"format":""#),
        Element::Text { .. } | Element::Document => None,
    }
}

fn end_part(element: Element) -> Option<&'static str> {
    match element {
        Element::Text { parts: true, .. } | Element::MoreText => Some(r#""}"#),
        Element::Image { .. } | Element::Audio { .. } => Some(r#""}}"#),
        Element::Text { .. } | Element::Document => None,
    }
}

/// An image within its part: a data URL.
pub fn image(mime: &str, base64: &str) -> String {
    format!("data:{mime};base64,{base64}")
}

/// An audio clip within its part: format and data.
pub fn audio(format: &str, base64: &str) -> String {
    format!(r#"{format}","data":"{base64}"#)
}
