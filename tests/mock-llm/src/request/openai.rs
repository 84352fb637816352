//! OpenAI's chat and completions: the two that load tests are mostly about, so what is counted is
//! counted where it lies.

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::content::{Family, Messages, Part};
use super::words::Words;
use super::{Ask, Counts, Refused, Sampling, Text, read};
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
    temperature: Option<f64>,
    /// Any 64 bits, as a signed number.
    seed: Option<i64>,
    return_token_ids: Option<bool>,
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
        sampling: Sampling {
            temperature: body.temperature,
            seed: body.seed.map(i64::cast_unsigned),
            return_token_ids: body.return_token_ids.unwrap_or(false),
        },
        ..Ask::default()
    };
    let message = match body.temperature {
        _ if counts.is_none() => missing.to_owned(),
        Some(temperature) if temperature < 0.0 => {
            format!("temperature is {temperature}; it must be at least 0")
        }
        _ => return Ok(ask),
    };
    let ask = Some(Box::new(ask));
    Err(Refused { ask, message })
}

/// What a toy model knows of a prompt: the first 8 bytes of the SHA-256 of `messages`, else of
/// `prompt`, as they stand in the body, which was read before.
pub fn prompt_hash(body: &[u8]) -> u64 {
    #[derive(Deserialize)]
    struct Prompt<'a> {
        #[serde(borrow)]
        messages: Option<&'a RawValue>,
        #[serde(borrow)]
        prompt: Option<&'a RawValue>,
    }
    let body: Prompt<'_> = serde_json::from_slice(body).expect("it was read before");
    let value = body.messages.or(body.prompt).map_or("", RawValue::get);
    let sha256: [u8; 32] = Sha256::digest(value).into();
    let (first, _) = sha256.split_first_chunk().expect("32 are more than 8");
    u64::from_le_bytes(*first)
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
    fn sampling_parameters_are_read_and_refused_by_type() {
        let sampling = |more: &str| {
            let body = format!(r#"{{"prompt":"a"{more}}}"#);
            let ask = Ask::parse(Api::Completions, body.as_bytes());
            ask.map(|ask| ask.sampling).ok()
        };
        let all = sampling(r#","temperature":0.5,"seed":-1,"return_token_ids":true"#);
        let expected = Sampling {
            temperature: Some(0.5),
            seed: Some(u64::MAX),
            return_token_ids: true,
        };
        assert_eq!(all, Some(expected));
        assert_eq!(sampling(""), Some(Sampling::default()));
        assert_eq!(sampling(r#","seed":null"#), Some(Sampling::default()));
        for bad in ["\"seed\":1.5", "\"seed\":\"x\"", "\"temperature\":-0.1"] {
            assert_eq!(sampling(&format!(",{bad}")), None, "{bad}");
        }
    }

    #[test]
    fn a_prompts_hash_is_of_the_prompt_alone() {
        let hash = |body: &str| prompt_hash(body.as_bytes());
        let chat = hash(r#"{"messages":[{"role":"user","content":"a"}],"seed":1}"#);
        assert_eq!(
            chat,
            hash(r#"{"temperature":0,"messages":[{"role":"user","content":"a"}]}"#)
        );
        assert_ne!(
            chat,
            hash(r#"{"messages":[{"role":"user","content":"b"}],"seed":1}"#)
        );
        assert_ne!(hash(r#"{"prompt":"a"}"#), hash(r#"{"prompt":[1]}"#));
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
