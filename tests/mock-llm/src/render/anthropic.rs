//! Answers of Anthropic's `/v1/messages`.

use serde_json::{Value, json};

use super::{Events, Facts, event, put};

impl Facts<'_> {
    pub(super) fn anthropic_events(&self) -> Events {
        let mut out = Vec::with_capacity(1200);
        let message = self.message(json!([]), Value::Null, 1);
        let block = json!({ "type": "text", "text": "" });
        for data in [
            json!({ "type": "message_start", "message": message }),
            json!({ "type": "content_block_start", "index": 0, "content_block": block }),
            json!({ "type": "ping" }),
        ] {
            event(&mut out, &data);
        }
        let token_start = out.len();
        let delta = json!({ "type": "text_delta", "text": self.repeated_text() });
        let data = json!({ "type": "content_block_delta", "index": 0, "delta": delta });
        let data = self.unescaped(data.to_string());
        put(
            &mut out,
            format_args!("event: content_block_delta\ndata: {data}\n\n"),
        );
        let token_end = out.len();
        let end = json!({ "stop_reason": "max_tokens", "stop_sequence": null });
        let usage = json!({ "output_tokens": self.completion_tokens });
        for data in [
            json!({ "type": "content_block_stop", "index": 0 }),
            json!({ "type": "message_delta", "delta": end, "usage": usage }),
            json!({ "type": "message_stop" }),
        ] {
            event(&mut out, &data);
        }
        self.cut(out, token_start..token_end, 0)
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
