//! What the mock needs from a request's body, and nothing else.
//!
//! The body is read once, without building a tree: texts are counted where they
//! lie and every other field is skipped. Refuses what is not JSON, a missing
//! `messages` or `prompt`, and a number of tokens outside 1 to [`MAX_TOKENS`].
//! `n`, sampling parameters and everything unknown are accepted and ignored.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::config::MAX_TOKENS;
use crate::words;

/// Which of the two APIs was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Completions,
}

/// The fields of a body that steer the answer.
#[derive(Debug, Deserialize)]
pub struct Ask<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    messages: Option<Messages>,
    prompt: Option<Words>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

impl<'a> Ask<'a> {
    /// Reads a body.
    pub fn parse(body: &'a [u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|e| format!("the body is not a valid request: {e}"))
    }

    /// The model, when the body names one.
    pub fn model(&self) -> Option<&str> {
        self.model.as_ref().map(|text| text.0.as_ref())
    }

    /// Tokens asked for; the newer `max_completion_tokens` wins.
    pub fn max_tokens(&self) -> Option<u64> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    /// Whether the answer shall be streamed.
    pub fn stream(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    /// Whether a stream shall end with a chunk of usage.
    pub fn include_usage(&self) -> bool {
        self.stream_options
            .as_ref()
            .and_then(|o| o.include_usage)
            .unwrap_or(false)
    }

    /// Words of the prompt `api` reads.
    pub fn prompt_tokens(&self, api: Api) -> Result<u64, String> {
        match api {
            Api::Chat => self
                .messages
                .as_ref()
                .map(|m| m.0)
                .ok_or("`messages` is missing"),
            Api::Completions => self
                .prompt
                .as_ref()
                .map(|p| p.0)
                .ok_or("`prompt` is missing"),
        }
        .map_err(str::to_owned)
    }

    /// Tokens of the answer: the server's, or what was asked, or `default`.
    pub fn answer_tokens(&self, fixed: Option<u32>, default: u32) -> Result<u32, String> {
        let asked = match self.max_tokens() {
            None => default,
            Some(asked) => u32::try_from(asked)
                .ok()
                .filter(|n| (1..=MAX_TOKENS).contains(n))
                .ok_or_else(|| format!("max_tokens is {asked}; it must be 1 to {MAX_TOKENS}"))?,
        };
        Ok(fixed.unwrap_or(asked))
    }
}

/// A string borrowed from the body where it has no escapes.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The words of a chat's messages: those of their `content`.
#[derive(Debug, PartialEq)]
struct Messages(u64);

#[derive(Deserialize)]
struct Message {
    content: Option<Words>,
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MessagesVisitor)
    }
}

struct MessagesVisitor;

impl<'de> Visitor<'de> for MessagesVisitor {
    type Value = Messages;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Messages, A::Error> {
        let mut words = 0;
        while let Some(message) = seq.next_element::<Message>()? {
            words += message.content.map_or(0, |content| content.0);
        }
        Ok(Messages(words))
    }
}

/// The words of a prompt or a content: a string, token ids (one each), an object
/// with a `text` (other kinds of parts count nothing), or an array of these.
#[derive(Debug, PartialEq)]
struct Words(u64);

#[derive(Deserialize)]
struct Part {
    text: Option<Words>,
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, token ids, or an array of texts or content parts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Words, E> {
        Ok(Words(words::count(text)))
    }

    fn visit_u64<E: Error>(self, _token_id: u64) -> Result<Words, E> {
        Ok(Words(1))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Words, A::Error> {
        let mut words = 0;
        while let Some(part) = seq.next_element::<Words>()? {
            words += part.0;
        }
        Ok(Words(words))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Words, A::Error> {
        let part = Part::deserialize(MapAccessDeserializer::new(map))?;
        Ok(part.text.unwrap_or(Words(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(api: Api, body: &str) -> Result<u64, String> {
        Ask::parse(body.as_bytes()).and_then(|ask| ask.prompt_tokens(api))
    }

    #[test]
    fn a_prompt_in_every_shape_is_counted() {
        for (body, count) in [
            (r#"{"prompt":"one two three"}"#, 3),
            (r#"{"prompt":"one\ntwo"}"#, 2),
            (r#"{"prompt":["a b","c"]}"#, 3),
            (r#"{"prompt":[11,12,13]}"#, 3),
            (r#"{"prompt":[[11,12],[13]]}"#, 3),
            (r#"{"prompt":""}"#, 0),
        ] {
            assert_eq!(words(Api::Completions, body), Ok(count), "{body}");
        }
        for (body, count) in [
            (
                r#"{"messages":[{"role":"system","content":"a b"},{"role":"user","content":"c"}]}"#,
                3,
            ),
            (
                r#"{"messages":[{"role":"assistant","content":null},{"role":"user"}]}"#,
                0,
            ),
            (
                r#"{"messages":[{"content":[{"type":"text","text":"a b"},
                    {"type":"image_url","image_url":{"url":"data:x y z"}}]}]}"#,
                2,
            ),
        ] {
            assert_eq!(words(Api::Chat, body), Ok(count), "{body}");
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
            assert!(words(Api::Chat, body).is_err(), "{body}");
        }
        assert!(words(Api::Completions, r#"{"messages":[]}"#).is_err());
    }

    #[test]
    fn the_servers_number_of_tokens_wins_over_the_requests() {
        let ask = |body: &str, fixed| {
            Ask::parse(body.as_bytes()).and_then(|ask| ask.answer_tokens(fixed, 16))
        };
        assert_eq!(ask("{}", None), Ok(16));
        assert_eq!(ask(r#"{"max_tokens":3}"#, None), Ok(3));
        assert_eq!(
            ask(r#"{"max_tokens":3,"max_completion_tokens":4}"#, None),
            Ok(4)
        );
        assert_eq!(ask(r#"{"max_tokens":3}"#, Some(9)), Ok(9));
        assert!(ask(r#"{"max_tokens":0}"#, None).is_err());
        assert!(ask(r#"{"max_tokens":99999999999}"#, None).is_err());
    }
}
