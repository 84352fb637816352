//! Answers of OpenAI's chat and completions.
//!
//! What depends on the request (id, model, time) is rendered once per request;
//! a token costs a copy where all have the same text.

use std::ops::Range;

use bytes::Bytes;

use super::token::{COUNT, TOTAL};
use super::{Events, Facts, now_s, put, token};
use crate::api::Api;

impl Facts<'_> {
    /// The events of a streamed answer.
    pub(super) fn openai_events(&self) -> Events {
        let (rendered, token) = self.openai_stream(self.repeated_text(), "");
        self.cut(rendered, token, 0)
    }

    /// The events of a stream with one event of a token, and where that one is. The token has this
    /// text, and its choice has these members more.
    pub(super) fn openai_stream(&self, text: &str, more: &str) -> (Vec<u8>, Range<usize>) {
        let head = self.head(match self.api {
            Api::Chat => "chat.completion.chunk",
            _ => "text_completion",
        });
        let mut out = Vec::with_capacity(6 * head.len() + 800);
        if self.api == Api::Chat {
            let role = match self.dialect.role_first {
                true => r#""delta":{"role":"assistant"}"#,
                false => r#""delta":{"role":"assistant","content":""}"#,
            };
            let none = self.so_far(0);
            self.event(&mut out, &head, &[role], "null", &none);
        }
        let opening_end = out.len();
        let (before, after) = match self.api {
            Api::Chat => (r#""delta":{"content":""#, r#""}"#),
            _ => (r#""text":""#, r#"""#),
        };
        let token = [before, text, after, more];
        let places = (COUNT.to_owned(), TOTAL.to_owned());
        self.event(&mut out, &head, &token, "null", &places);
        let token_end = out.len();
        self.close(&mut out, &head);
        (out, opening_end..token_end)
    }

    /// The whole answer as one JSON.
    pub(super) fn openai_json(&self) -> Bytes {
        let mut text = Vec::with_capacity(token!().len() * self.completion_tokens as usize);
        for token in 0..self.completion_tokens {
            self.texts.put_escaped(token, &mut text);
        }
        self.openai_json_of(&text, "")
    }

    /// The same with this text, as it stands within a JSON string; its choice has these members
    /// more.
    pub(super) fn openai_json_of(&self, text: &[u8], more: &str) -> Bytes {
        let mut out = self.head(match self.api {
            Api::Chat => "chat.completion",
            _ => "text_completion",
        });
        out.reserve(text.len() + more.len() + 300);
        out.extend_from_slice(br#""choices":[{"index":0,"#);
        out.extend_from_slice(match self.api {
            Api::Chat => br#""message":{"role":"assistant","content":""#,
            _ => br#""text":""#.as_slice(),
        });
        out.extend_from_slice(text);
        out.extend_from_slice(match self.api {
            Api::Chat => br#""}"#,
            _ => br#"""#.as_slice(),
        });
        out.extend_from_slice(more.as_bytes());
        out.extend_from_slice(br#","logprobs":null,"finish_reason":"length"}],"#);
        self.usage(&mut out, &self.so_far(self.completion_tokens));
        out.extend_from_slice(b"}\n");
        Bytes::from(out)
    }

    /// `{"id":…,"object":…,"created":…,"model":…,`
    fn head(&self, object: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(160 + self.model.len());
        let prefix = match self.api {
            Api::Chat => "chatcmpl",
            _ => "cmpl",
        };
        let id = match self.client_id {
            Some(id) => format!("{prefix}-{id}"),
            None => self.named(prefix),
        };
        let created = now_s();
        out.extend_from_slice(br#"{"id":"#);
        serde_json::to_writer(&mut out, &id).expect("a Vec takes every string");
        put(
            &mut out,
            format_args!(r#","object":"{object}","created":{created},"model":"#),
        );
        serde_json::to_writer(&mut out, self.model).expect("a Vec takes every string");
        out.push(b',');
        out
    }

    /// One event with one choice.
    fn event(
        &self,
        out: &mut Vec<u8>,
        head: &[u8],
        content: &[&str],
        finish: &str,
        so_far: &(String, String),
    ) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(head);
        out.extend_from_slice(br#""choices":[{"index":0,"#);
        for part in content {
            out.extend_from_slice(part.as_bytes());
        }
        put(
            out,
            format_args!(r#","logprobs":null,"finish_reason":{finish}}}]"#),
        );
        if self.dialect.usage_each {
            out.push(b',');
            self.usage(out, so_far);
        } else if self.ask.include_usage {
            out.extend_from_slice(br#","usage":null"#);
        }
        out.extend_from_slice(b"}\n\n");
    }

    /// The events after the last token.
    fn close(&self, out: &mut Vec<u8>, head: &[u8]) {
        let empty = match self.api {
            Api::Chat => r#""delta":{}"#,
            _ => r#""text":"""#,
        };
        let all = self.so_far(self.completion_tokens);
        self.event(out, head, &[empty], r#""length""#, &all);
        if self.ask.include_usage {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(head);
            out.extend_from_slice(br#""choices":[],"#);
            self.usage(out, &all);
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    /// Completion tokens and all tokens, when so many were generated.
    fn so_far(&self, tokens: u32) -> (String, String) {
        let total = self.ask.counts.words + u64::from(tokens);
        (tokens.to_string(), total.to_string())
    }

    fn usage(&self, out: &mut Vec<u8>, (completion, total): &(String, String)) {
        let prompt = self.ask.counts.words;
        put(out, format_args!(r#""usage":{{"prompt_tokens":{prompt},"#));
        put(
            out,
            format_args!(r#""completion_tokens":{completion},"total_tokens":{total}}}"#),
        );
    }
}
