//! The bytes of an answer, server-sent events or one JSON: one file for each family of APIs.

mod anthropic;
mod kserve;
mod openai;
mod pooling;
mod responses;
mod tgi;

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use serde_json::Value;

use crate::api::Api;
use crate::request::Ask;

/// The text of every token; one word of the mock's tokenizer.
macro_rules! token {
    () => {
        " tok"
    };
}
use token;
const TOKEN: &str = token!();

/// What the bytes of one answer depend on.
pub struct Facts<'a> {
    pub api: Api,
    pub ask: &'a Ask<'a>,
    pub model: &'a str,
    /// Connection and the request's number on it: the answer's id.
    pub id: (u64, u64),
    pub completion_tokens: u32,
}

/// The three parts a stream is put together from.
pub struct Events {
    /// What comes before the first token, at once; may be empty.
    pub opening: Bytes,
    /// Any one token.
    pub token: Token,
    /// What comes with the last token.
    pub closing: Bytes,
    /// The closing is the event of the last token, instead of following it.
    pub closes_with_token: bool,
}

/// The event of a token.
pub enum Token {
    Same(Bytes),
    /// Its number stands between two texts.
    Numbered {
        before: &'static str,
        /// Number of the first.
        first: u32,
        after: Bytes,
    },
}

impl Token {
    /// Bytes of one, about.
    pub fn len(&self) -> usize {
        match self {
            Token::Same(bytes) => bytes.len(),
            Token::Numbered { before, after, .. } => before.len() + after.len() + 8,
        }
    }

    /// Appends token `index`, from 0.
    pub fn write(&self, index: u32, out: &mut BytesMut) {
        match self {
            Token::Same(bytes) => out.extend_from_slice(bytes),
            Token::Numbered {
                before,
                first,
                after,
            } => {
                out.extend_from_slice(before.as_bytes());
                out.extend_from_slice((first + index).to_string().as_bytes());
                out.extend_from_slice(after);
            }
        }
    }
}

impl Facts<'_> {
    /// The events of a streamed answer.
    pub fn events(&self) -> Events {
        match self.api {
            Api::Responses => self.responses_events(),
            Api::Messages => self.anthropic_events(),
            Api::TgiStream => self.tgi_events(),
            Api::KserveStream => self.kserve_events(),
            _ => self.openai_events(),
        }
    }

    /// The whole answer as one JSON.
    pub fn json(&self) -> Bytes {
        let value = match self.api {
            Api::Chat | Api::Completions => return self.openai_json(),
            Api::Embeddings => self.embeddings_json(),
            Api::Responses => self.responses_json(),
            Api::Messages => self.anthropic_json(),
            Api::Tgi | Api::TgiStream => self.tgi_json(),
            Api::CohereRerank | Api::VllmRerank | Api::TeiRerank | Api::NimRanking => {
                self.ranking_json()
            }
            Api::Kserve | Api::KserveStream => self.kserve_json(),
        };
        Bytes::from(format!("{value}\n"))
    }

    /// All that is generated.
    fn text(&self) -> String {
        TOKEN.repeat(self.completion_tokens as usize)
    }

    fn named(&self, prefix: &str) -> String {
        let (connection, number) = self.id;
        format!("{prefix}-{connection}-{number}")
    }
}

/// Appends an event with its type as its name.
fn event(out: &mut Vec<u8>, data: &Value) {
    let name = data["type"].as_str().expect("a typed event");
    put(out, format_args!("event: {name}\ndata: {data}\n\n"));
}

fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every byte");
}
