//! Anthropic's `/v1/messages`: `model`, `max_tokens` and `messages` are required, the system prompt
//! stands beside the messages (<https://docs.anthropic.com/en/api/messages>).

use std::borrow::Cow;

use serde::Deserialize;

use super::content::{Content, Family, Messages, Part};
use super::{Ask, Counts, read};

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    max_tokens: u64,
    messages: Messages<Anthropic>,
    system: Option<Content<Anthropic>>,
    stream: Option<bool>,
}

struct Anthropic;

impl Family for Anthropic {
    fn part(part: &Part<'_>) -> Result<Counts, String> {
        match part.kind.as_ref() {
            "text" => part.text(),
            "image" => part.source(),
            "image_url" | "input_text" | "input_image" | "input_audio" => {
                Err(format!("messages have no block of type `{}`", part.kind))
            }
            _ => Ok(Counts::default()),
        }
    }

    fn has_role(role: &str) -> bool {
        matches!(role, "user" | "assistant")
    }

    fn may_be_empty(_: &str) -> bool {
        false
    }
}

/// Reads a body.
pub fn parse(body: &[u8]) -> Result<Ask<'_>, String> {
    let body: Body<'_> = read(body)?;
    if body.messages.number == 0 {
        return Err("messages: at least one message is required".to_owned());
    }
    let mut counts = body.messages.counts;
    counts.add(body.system.map(|content| content.0).unwrap_or_default());
    Ok(Ask {
        model: Some(body.model),
        max_tokens: Some(body.max_tokens),
        stream: body.stream.unwrap_or(false),
        counts,
        ..Ask::default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::counts;
    use super::*;
    use crate::api::Api;

    #[test]
    fn bodies_are_counted_or_refused() {
        let image = |source: &str| {
            format!(
                r#"{{"model":"m","max_tokens":4,"messages":[{{"role":"user","content":[{{"type":"image","source":{source}}}]}}]}}"#
            )
        };
        let counted = |words, images| {
            Some(Counts {
                words,
                images,
                ..Counts::default()
            })
        };
        let base64 = r#"{"type":"base64","media_type":"image/png","data":"QUJD"}"#;
        for (body, expected) in [
            (r#"{"model":"m","max_tokens":4,"system":"s t","messages":[{"role":"user","content":"a b"}]}"#.to_owned(), counted(4, 0)),
            (
                r#"{"model":"m","max_tokens":4,"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]}"#.to_owned(),
                counted(2, 0),
            ),
            (image(base64), counted(0, 1)),
            (image(r#"{"type":"url","url":"https://x/y.png"}"#), counted(0, 1)),
            (image(&base64.replace("QUJD", "QUJ")), None),
            (image(&base64.replace("image/png", "audio/wav")), None),
            (r#"{"model":"m","messages":[{"role":"user","content":"a"}]}"#.to_owned(), None),
            (r#"{"max_tokens":4,"messages":[{"role":"user","content":"a"}]}"#.to_owned(), None),
            (r#"{"model":"m","max_tokens":4,"messages":[]}"#.to_owned(), None),
            (r#"{"model":"m","max_tokens":4,"messages":[{"role":"system","content":"a"}]}"#.to_owned(), None),
            (r#"{"model":"m","max_tokens":"4","messages":[{"role":"user","content":"a"}]}"#.to_owned(), None),
        ] {
            assert_eq!(counts(Api::Messages, &body).ok(), expected, "{body}");
        }
    }
}
