//! Answers of OpenAI's chat and completions.
//!
//! What depends on the request (id, model, time) is rendered once per request;
//! a token costs a copy. Every token has the same text.

use bytes::Bytes;

use super::{Events, Facts, TOKEN, Token, now_s, put, token};
use crate::api::Api;

const CHAT_TOKEN: &str = concat!(r#""delta":{"content":""#, token!(), r#""}"#);
const COMPLETION_TOKEN: &str = concat!(r#""text":""#, token!(), r#"""#);

impl Facts<'_> {
    /// The events of a streamed answer.
    pub(super) fn openai_events(&self) -> Events {
        let head = self.head(match self.api {
            Api::Chat => "chat.completion.chunk",
            _ => "text_completion",
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
            _ => COMPLETION_TOKEN,
        };
        self.event(&mut out, &head, token, "null");
        let token_end = out.len();
        self.close(&mut out, &head);
        let all = Bytes::from(out);
        Events {
            opening: all.slice(..opening_end),
            token: Token::Same(all.slice(opening_end..token_end)),
            closing: all.slice(token_end..),
            closes_with_token: false,
        }
    }

    /// The whole answer as one JSON.
    pub(super) fn openai_json(&self) -> Bytes {
        let mut out = self.head(match self.api {
            Api::Chat => "chat.completion",
            _ => "text_completion",
        });
        let text_bytes = TOKEN.len() * self.completion_tokens as usize;
        out.reserve(text_bytes + 300);
        out.extend_from_slice(br#""choices":[{"index":0,"#);
        out.extend_from_slice(match self.api {
            Api::Chat => br#""message":{"role":"assistant","content":""#,
            _ => br#""text":""#.as_slice(),
        });
        for _ in 0..self.completion_tokens {
            out.extend_from_slice(TOKEN.as_bytes());
        }
        out.extend_from_slice(match self.api {
            Api::Chat => br#""}"#,
            _ => br#"""#.as_slice(),
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
            _ => "cmpl",
        };
        let (connection, number) = self.id;
        let created = now_s();
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
        if self.ask.include_usage {
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
        self.event(out, head, empty, r#""length""#);
        if self.ask.include_usage {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(head);
            out.extend_from_slice(br#""choices":[],"#);
            self.usage(out);
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn usage(&self, out: &mut Vec<u8>) {
        let (prompt, completion) = (self.ask.counts.words, u64::from(self.completion_tokens));
        let total = prompt + completion;
        put(out, format_args!(r#""usage":{{"prompt_tokens":{prompt},"#));
        put(
            out,
            format_args!(r#""completion_tokens":{completion},"total_tokens":{total}}}"#),
        );
    }
}
