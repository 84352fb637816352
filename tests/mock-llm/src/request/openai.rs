//! OpenAI's chat and completions: the two that load tests are mostly about, so what is counted is
//! counted where it lies.

use serde::Deserialize;

use super::content::{Family, Messages, Part};
use super::words::Words;
use super::{Ask, Counts, Refused, Text, read};
use crate::api::Api;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    messages: Option<Messages<Chat>>,
    prompt: Option<Words>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

/// Chat's roles and parts.
struct Chat;

impl Family for Chat {
    fn part(part: &Part<'_>) -> Result<Counts, String> {
        match part.kind.as_ref() {
            "text" => part.text(),
            "image_url" => part.nested_image(),
            "input_audio" => part.audio(),
            // Of the other families.
            "input_text" | "output_text" | "input_image" | "image" => {
                Err(format!("chat has no part of type `{}`", part.kind))
            }
            _ => Ok(Counts::default()),
        }
    }

    fn has_role(role: &str) -> bool {
        matches!(
            role,
            "system" | "developer" | "user" | "assistant" | "tool" | "function"
        )
    }

    fn may_be_empty(role: &str) -> bool {
        role == "assistant"
    }
}

/// Reads a body; the newer `max_completion_tokens` wins.
pub fn parse(api: Api, body: &[u8]) -> Result<Ask<'_>, Refused<'_>> {
    let body: Body<'_> = read(body).map_err(|message| Refused { ask: None, message })?;
    let (counts, missing) = match api {
        Api::Chat => (body.messages.map(|m| m.counts), "`messages` is missing"),
        _ => {
            let counts = body.prompt.map(|p| Counts::words(p.words));
            (counts, "`prompt` is missing")
        }
    };
    let include_usage = body.stream_options.and_then(|o| o.include_usage);
    let ask = Ask {
        model: body.model.map(|text| text.0),
        max_tokens: body.max_completion_tokens.or(body.max_tokens),
        stream: body.stream.unwrap_or(false),
        include_usage: include_usage.unwrap_or(false),
        counts: counts.unwrap_or_default(),
        ..Ask::default()
    };
    if counts.is_none() {
        return Err(Refused {
            ask: Some(ask),
            message: missing.to_owned(),
        });
    }
    Ok(ask)
}

#[cfg(test)]
mod tests {
    use super::super::tests::counts;
    use super::*;

    #[test]
    fn a_prompt_in_every_shape_is_counted() {
        for (body, words) in [
            (r#"{"prompt":"one two three"}"#, 3),
            (r#"{"prompt":"one\ntwo"}"#, 2),
            (r#"{"prompt":["a b","c"]}"#, 3),
            (r#"{"prompt":[11,12,13]}"#, 3),
            (r#"{"prompt":[[11,12],[13]]}"#, 3),
            (r#"{"prompt":""}"#, 0),
        ] {
            let found = counts(Api::Completions, body);
            assert_eq!(found, Ok(Counts::words(words)), "{body}");
        }
    }

    #[test]
    fn a_chat_in_every_shape_is_counted() {
        for (messages, words, images, audios) in [
            (
                r#"{"role":"system","content":"a b"},{"role":"user","content":"c"}"#,
                3,
                0,
                0,
            ),
            (
                r#"{"role":"assistant","content":null,"tool_calls":[]},{"role":"user","content":""}"#,
                0,
                0,
                0,
            ),
            (
                r#"{"role":"user","content":[{"type":"text","text":"a b"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}},
                {"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},
                {"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}},
                {"type":"video_url","video_url":{"url":"x y z"}}]}"#,
                2,
                2,
                1,
            ),
        ] {
            let expected = Counts {
                words,
                images,
                audios,
                documents: 0,
            };
            let body = format!(r#"{{"messages":[{messages}]}}"#);
            assert_eq!(counts(Api::Chat, &body), Ok(expected), "{body}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for body in [
            "",
            "{",
            "[]",
            r#"{"messages":"x"}"#,
            r#"{"messages":[],"stream":"yes"}"#,
            "{}",
        ] {
            assert!(counts(Api::Chat, body).is_err(), "{body}");
        }
        assert!(counts(Api::Completions, r#"{"messages":[]}"#).is_err());
        assert!(counts(Api::Completions, r#"{"prompt":[{"text":"a"}]}"#).is_err());
        for message in [
            r#"{"content":"a"}"#,
            r#"{"role":"user"}"#,
            r#"{"role":"somebody","content":"a"}"#,
            r#"{"role":"user","content":7}"#,
            r#"{"role":"user","content":[{"text":"a"}]}"#,
            r#"{"role":"user","content":[{"type":"text"}]}"#,
            r#"{"role":"user","content":[{"type":"input_text","text":"a"}]}"#,
            r#"{"role":"user","content":[{"type":"image_url","image_url":"https://x/y.png"}]}"#,
            r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,Q"}}]}"#,
            r#"{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD"}}]}"#,
        ] {
            let body = format!(r#"{{"messages":[{message}]}}"#);
            assert!(counts(Api::Chat, &body).is_err(), "{body}");
        }
    }

    #[test]
    fn the_newer_limit_wins_and_a_refused_body_keeps_its_model() {
        let body = br#"{"messages":[],"max_tokens":3,"max_completion_tokens":4}"#;
        let ask = Ask::parse(Api::Chat, body).expect("a request");
        assert_eq!(ask.max_tokens, Some(4));
        let refused = Ask::parse(Api::Chat, br#"{"model":"m"}"#).expect_err("no messages");
        assert_eq!(refused.ask.and_then(|ask| ask.model).as_deref(), Some("m"));
    }
}
