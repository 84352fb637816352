//! Answers of Anthropic's `/v1/messages`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Events, Facts, TOKEN, Token, event};

impl Facts<'_> {
    pub(super) fn anthropic_events(&self) -> Events {
        let mut opening = Vec::with_capacity(640);
        let message = self.message(json!([]), Value::Null, 1);
        let block = json!({ "type": "text", "text": "" });
        for data in [
            json!({ "type": "message_start", "message": message }),
            json!({ "type": "content_block_start", "index": 0, "content_block": block }),
            json!({ "type": "ping" }),
        ] {
            event(&mut opening, &data);
        }
        let mut token = Vec::with_capacity(160);
        let delta = json!({ "type": "text_delta", "text": TOKEN });
        let data = json!({ "type": "content_block_delta", "index": 0, "delta": delta });
        event(&mut token, &data);
        let mut closing = Vec::with_capacity(320);
        let end = json!({ "stop_reason": "max_tokens", "stop_sequence": null });
        let usage = json!({ "output_tokens": self.completion_tokens });
        for data in [
            json!({ "type": "content_block_stop", "index": 0 }),
            json!({ "type": "message_delta", "delta": end, "usage": usage }),
            json!({ "type": "message_stop" }),
        ] {
            event(&mut closing, &data);
        }
        Events {
            opening: opening.into(),
            token: Token::Same(Bytes::from(token)),
            closing: closing.into(),
            closes_with_token: false,
        }
    }

    pub(super) fn anthropic_json(&self) -> Value {
        let content = json!([{ "type": "text", "text": self.text() }]);
        self.message(content, json!("max_tokens"), self.completion_tokens)
    }

    fn message(&self, content: Value, stop_reason: Value, output: u32) -> Value {
        let usage = json!({
            "input_tokens": self.ask.counts.words, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0, "output_tokens": output,
        });
        json!({
            "id": self.named("msg"), "type": "message", "role": "assistant", "model": self.model,
            "content": content, "stop_reason": stop_reason, "stop_sequence": null, "usage": usage,
        })
    }
}
