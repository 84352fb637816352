//! The bytes of an answer, server-sent events or one JSON: one file for each family of APIs.

mod anthropic;
mod generated;
mod kserve;
mod openai;
mod pooling;
mod responses;
mod tgi;
mod token;

use std::io::Write;
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::Value;

use crate::api::Api;
use crate::dialect::Dialect;
use crate::refusal::Refusal;
use crate::request::Ask;
use crate::texts::{Texts, token};
pub use generated::GeneratedEvents;
pub use token::Token;

/// What the bytes of one answer depend on.
pub struct Facts<'a> {
    pub api: Api,
    pub ask: &'a Ask<'a>,
    pub model: &'a str,
    /// Connection and the request's number on it: the answer's id.
    pub id: (u64, u64),
    /// What the client calls its request, where the answer's id is made of that.
    pub client_id: Option<&'a str>,
    pub completion_tokens: u32,
    pub texts: Texts,
    pub dialect: &'a Dialect,
}

/// The three parts a stream is put together from.
pub struct Events {
    /// What comes before the first token, at once; may be empty.
    pub opening: Bytes,
    /// Any event of tokens.
    pub token: Token,
    /// What comes with the last of them.
    pub closing: Bytes,
    /// The closing is the last event of tokens, instead of following it.
    pub closes_with_token: bool,
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

    /// Events of tokens in a streamed answer.
    pub fn token_events(&self) -> u32 {
        self.completion_tokens
            .div_ceil(self.dialect.tokens_per_event())
    }

    /// An error in the place of an event.
    pub fn error_event(&self, refusal: &Refusal) -> Bytes {
        let json = String::from_utf8(refusal.json()).expect("JSON is UTF-8");
        let event = match self.api {
            Api::Responses => format!(
                "event: error\ndata: {{\"type\":\"error\",{}\n\n",
                &json[1..]
            ),
            Api::Messages => format!("event: error\ndata: {json}\n\n"),
            _ => format!("data: {json}\n\n"),
        };
        self.rewritten(Bytes::from(event))
    }

    /// Cuts rendered events in three; `tokens` is the one that is repeated.
    fn cut(&self, rendered: Vec<u8>, token: Range<usize>, first_number: u32) -> Events {
        let rendered = Bytes::from(rendered);
        let event = self.rewritten(rendered.slice(token.clone()));
        Events {
            opening: self.rewritten(rendered.slice(..token.start)),
            token: Token::new(event, self, first_number),
            closing: self.rewritten(rendered.slice(token.end..)),
            closes_with_token: false,
        }
    }

    fn rewritten(&self, events: Bytes) -> Bytes {
        if self.dialect.rewrites() {
            self.dialect.rewrite(&events).into()
        } else {
            events
        }
    }

    /// The text of a token in the event that is repeated: the text itself, or its place.
    fn repeated_text(&self) -> &'static str {
        if self.texts.are_same() && self.dialect.tokens_per_event() == 1 {
            token!()
        } else {
            token::TEXT
        }
    }

    /// What serde makes of [`Facts::repeated_text`] is its escape; this puts the place there.
    fn unescaped(&self, rendered: String) -> String {
        match rendered.rfind("\\u0001") {
            Some(at) if self.repeated_text() == token::TEXT => {
                format!("{}{}{}", &rendered[..at], token::TEXT, &rendered[at + 6..])
            }
            _ => rendered,
        }
    }

    /// All that is generated.
    fn text(&self) -> String {
        self.text_of(0..self.completion_tokens)
    }

    fn text_of(&self, tokens: Range<u32>) -> String {
        let mut text = String::with_capacity(token!().len() * tokens.len());
        for token in tokens {
            self.texts.push(token, &mut text);
        }
        text
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
