//! OpenAI's `/v1/responses`: `model` and `input`, a text or a list of items
//! (<https://platform.openai.com/docs/api-reference/responses/create>).

use std::borrow::Cow;

use serde::Deserialize;

use super::content::{Content, Family, Messages, Part};
use super::{Ask, Counts, read};
use crate::words;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    input: Input<'a>,
    instructions: Option<Content<Responses>>,
    max_output_tokens: Option<u64>,
    stream: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Items(Messages<Responses>),
}

struct Responses;

impl Family for Responses {
    fn part(part: &Part<'_>) -> Result<Counts, String> {
        match part.kind.as_ref() {
            "input_text" | "output_text" => part.text(),
            "input_image" => part.bare_image(),
            "input_audio" => part.audio(),
            "text" | "image_url" | "image" => {
                Err(format!("responses have no part of type `{}`", part.kind))
            }
            _ => Ok(Counts::default()),
        }
    }

    fn has_role(role: &str) -> bool {
        matches!(role, "system" | "developer" | "user" | "assistant")
    }

    fn is_no_message(kind: &str) -> bool {
        kind != "message"
    }

    fn may_be_empty(_: &str) -> bool {
        false
    }
}

/// Reads a body.
pub fn parse(body: &[u8]) -> Result<Ask<'_>, String> {
    let body: Body<'_> = read(body)?;
    let mut counts = match body.input {
        Input::Text(text) => Counts::words(words::count(&text)),
        Input::Items(items) => items.counts,
    };
    counts.add(
        body.instructions
            .map(|content| content.0)
            .unwrap_or_default(),
    );
    Ok(Ask {
        model: Some(body.model),
        max_tokens: body.max_output_tokens,
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
        let counted = |words, images| {
            Some(Counts {
                words,
                images,
                ..Counts::default()
            })
        };
        for (body, expected) in [
            (
                r#"{"model":"m","input":"a b","instructions":"c"}"#,
                counted(3, 0),
            ),
            (
                r#"{"model":"m","input":[{"role":"user","content":"a"},
                {"type":"message","role":"user","content":[{"type":"input_text","text":"b c"},
                {"type":"input_image","image_url":"data:image/png;base64,QUJD"}]},
                {"type":"function_call_output","call_id":"c","output":"x y"}]}"#,
                counted(3, 1),
            ),
            (r#"{"input":"a"}"#, None),
            (r#"{"model":"m"}"#, None),
            (r#"{"model":"m","messages":[]}"#, None),
            (
                r#"{"model":"m","input":[{"role":"user","content":[{"type":"text","text":"a"}]}]}"#,
                None,
            ),
            (
                r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":{"url":"https://x"}}]}]}"#,
                None,
            ),
            (r#"{"model":"m","input":[{"role":"user"}]}"#, None),
        ] {
            assert_eq!(counts(Api::Responses, body).ok(), expected, "{body}");
        }
    }
}
