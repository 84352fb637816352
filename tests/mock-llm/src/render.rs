//! The bytes of an answer in OpenAI's shape, server-sent events or one JSON.
//!
//! What depends on the request (id, model, time) is rendered once per request;
//! a token costs a copy. Every token has the same text.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::request::Api;

/// The text of every token; one word of the mock's tokenizer.
macro_rules! token {
    () => {
        " tok"
    };
}
const TOKEN: &str = token!();
const CHAT_TOKEN: &str = concat!(r#""delta":{"content":""#, token!(), r#""}"#);
const COMPLETION_TOKEN: &str = concat!(r#""text":""#, token!(), r#"""#);

/// What the bytes of one answer depend on.
pub struct Facts<'a> {
    pub api: Api,
    pub model: &'a str,
    /// Connection and the request's number on it: the answer's id.
    pub id: (u64, u64),
    pub prompt_tokens: u64,
    pub completion_tokens: u32,
    /// Whether a stream ends with a chunk of usage.
    pub include_usage: bool,
}

/// The three parts a stream is put together from.
pub struct Events {
    /// The role chunk; empty for completions.
    pub opening: Bytes,
    /// The chunk of any one token.
    pub token: Bytes,
    /// The chunk with the finish reason, the usage if asked for, and `[DONE]`.
    pub closing: Bytes,
}

impl Facts<'_> {
    /// The events of a streamed answer.
    pub fn events(&self) -> Events {
        let head = self.head(match self.api {
            Api::Chat => "chat.completion.chunk",
            Api::Completions => "text_completion",
        });
        let mut out = Vec::with_capacity(6 * head.len() + 800);
        if self.api == Api::Chat {
            self.event(
                &mut out,
                &head,
                r#""delta":{"role":"assistant","content":""}"#,
                "null",
            );
        }
        let opening_end = out.len();
        let token = match self.api {
            Api::Chat => CHAT_TOKEN,
            Api::Completions => COMPLETION_TOKEN,
        };
        self.event(&mut out, &head, token, "null");
        let token_end = out.len();
        self.close(&mut out, &head);
        let all = Bytes::from(out);
        Events {
            opening: all.slice(..opening_end),
            token: all.slice(opening_end..token_end),
            closing: all.slice(token_end..),
        }
    }

    /// The whole answer as one JSON.
    pub fn json(&self) -> Bytes {
        let mut out = self.head(match self.api {
            Api::Chat => "chat.completion",
            Api::Completions => "text_completion",
        });
        let text_bytes = TOKEN.len() * self.completion_tokens as usize;
        out.reserve(text_bytes + 300);
        out.extend_from_slice(br#""choices":[{"index":0,"#);
        out.extend_from_slice(match self.api {
            Api::Chat => br#""message":{"role":"assistant","content":""#,
            Api::Completions => br#""text":""#.as_slice(),
        });
        for _ in 0..self.completion_tokens {
            out.extend_from_slice(TOKEN.as_bytes());
        }
        out.extend_from_slice(match self.api {
            Api::Chat => br#""}"#,
            Api::Completions => br#"""#.as_slice(),
        });
        out.extend_from_slice(br#","logprobs":null,"finish_reason":"length"}],"#);
        self.usage(&mut out);
        out.extend_from_slice(b"}\n");
        Bytes::from(out)
    }

    /// `{"id":…,"object":…,"created":…,"model":…,`
    fn head(&self, object: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(160 + self.model.len());
        let prefix = match self.api {
            Api::Chat => "chatcmpl",
            Api::Completions => "cmpl",
        };
        let (connection, number) = self.id;
        let created = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_secs());
        put(
            &mut out,
            format_args!(r#"{{"id":"{prefix}-{connection}-{number}","#),
        );
        put(
            &mut out,
            format_args!(r#""object":"{object}","created":{created},"model":"#),
        );
        serde_json::to_writer(&mut out, self.model).expect("a Vec takes every string");
        out.push(b',');
        out
    }

    /// One event with one choice.
    fn event(&self, out: &mut Vec<u8>, head: &[u8], content: &str, finish: &str) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(head);
        out.extend_from_slice(br#""choices":[{"index":0,"#);
        out.extend_from_slice(content.as_bytes());
        put(
            out,
            format_args!(r#","logprobs":null,"finish_reason":{finish}}}]"#),
        );
        if self.include_usage {
            out.extend_from_slice(br#","usage":null"#);
        }
        out.extend_from_slice(b"}\n\n");
    }

    /// The events after the last token.
    fn close(&self, out: &mut Vec<u8>, head: &[u8]) {
        let empty = match self.api {
            Api::Chat => r#""delta":{}"#,
            Api::Completions => r#""text":"""#,
        };
        self.event(out, head, empty, r#""length""#);
        if self.include_usage {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(head);
            out.extend_from_slice(br#""choices":[],"#);
            self.usage(out);
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn usage(&self, out: &mut Vec<u8>) {
        let (prompt, completion) = (self.prompt_tokens, u64::from(self.completion_tokens));
        let total = prompt + completion;
        put(out, format_args!(r#""usage":{{"prompt_tokens":{prompt},"#));
        put(
            out,
            format_args!(r#""completion_tokens":{completion},"total_tokens":{total}}}"#),
        );
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every byte");
}
