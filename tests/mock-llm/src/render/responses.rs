//! Answers of OpenAI's `/v1/responses`. They end `incomplete`, as an answer does that reaches its
//! limit of tokens.

use serde_json::{Value, json};

use super::token::NUMBER;
use super::{Events, Facts, event, now_s, put};

/// Events before the first delta; numbers count from 0.
const OPENING_EVENTS: u32 = 4;

impl Facts<'_> {
    pub(super) fn responses_events(&self) -> Events {
        let item = self.named("msg");
        let number_of_done = OPENING_EVENTS + self.token_events();
        let place = |mut value: Value, number: u32| {
            value["sequence_number"] = number.into();
            value
        };
        let in_item = |kind: &str| json!({ "type": kind, "item_id": item, "output_index": 0, "content_index": 0 });
        let with = |mut value: Value, key: &str, content: Value| {
            value[key] = content;
            value
        };
        let message = |status: &str, content: Value| json!({ "type": "message", "id": item, "status": status, "role": "assistant", "content": content });
        let part = |text: &str| json!({ "type": "output_text", "text": text, "annotations": [] });

        let text = self.text();
        let mut out = Vec::with_capacity(4096 + 4 * text.len());
        let begun = self.response("in_progress", json!([]), Value::Null);
        let added = message("in_progress", json!([]));
        for (number, data) in (0..).zip([
            json!({ "type": "response.created", "response": begun }),
            json!({ "type": "response.in_progress", "response": begun }),
            json!({ "type": "response.output_item.added", "output_index": 0, "item": added }),
            with(in_item("response.content_part.added"), "part", part("")),
        ]) {
            event(&mut out, &place(data, number));
        }

        let token_start = out.len();
        put(
            &mut out,
            format_args!(
                "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\
                 \"sequence_number\":{NUMBER},\"item_id\":{},\"output_index\":0,\
                 \"content_index\":0,\"delta\":\"{}\"}}\n\n",
                json!(item),
                self.repeated_text(),
            ),
        );
        let token_end = out.len();
        let whole = message("incomplete", json!([part(&text)]));
        let ended = self.response("incomplete", json!([whole]), self.responses_usage());
        for (number, data) in (number_of_done..).zip([
            with(in_item("response.output_text.done"), "text", json!(text)),
            with(in_item("response.content_part.done"), "part", part(&text)),
            json!({ "type": "response.output_item.done", "output_index": 0, "item": whole }),
            json!({ "type": "response.incomplete", "response": ended }),
        ]) {
            event(&mut out, &place(data, number));
        }
        self.cut(out, token_start..token_end, OPENING_EVENTS)
    }

    pub(super) fn responses_json(&self) -> Value {
        let content = json!([{ "type": "output_text", "text": self.text(), "annotations": [] }]);
        let message = json!({
            "type": "message", "id": self.named("msg"), "status": "incomplete", "role": "assistant",
            "content": content,
        });
        self.response("incomplete", json!([message]), self.responses_usage())
    }

    fn response(&self, status: &str, output: Value, usage: Value) -> Value {
        let reason = json!({ "reason": "max_output_tokens" });
        let incomplete = if status == "incomplete" {
            reason
        } else {
            Value::Null
        };
        json!({
            "id": self.named("resp"), "object": "response", "created_at": now_s(),
            "status": status, "error": null, "incomplete_details": incomplete,
            "model": self.model, "output": output, "usage": usage, "metadata": {},
        })
    }

    fn responses_usage(&self) -> Value {
        let (input, output) = (self.ask.counts.words, u64::from(self.completion_tokens));
        json!({
            "input_tokens": input, "input_tokens_details": { "cached_tokens": 0 },
            "output_tokens": output, "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": input + output,
        })
    }
}
