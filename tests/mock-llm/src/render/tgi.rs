//! Answers of Text Generation Inference. A stream has one event for each token, and no other: the
//! last token's event carries the whole text and the details.

use serde_json::{Value, json};

use super::token::NUMBER;
use super::{Events, Facts, put};

impl Facts<'_> {
    pub(super) fn tgi_events(&self) -> Events {
        let token =
            |text: &str| json!({ "id": 1, "text": text, "logprob": -0.5, "special": false });
        let mut out = Vec::with_capacity(512);
        let repeated = self.unescaped(token(self.repeated_text()).to_string());
        let after = r#""generated_text":null,"details":null}"#;
        put(
            &mut out,
            format_args!("data:{{\"index\":{NUMBER},\"token\":{repeated},{after}\n\n"),
        );
        let token_end = out.len();
        let events = self.token_events();
        let text =
            self.text_of((events - 1) * self.dialect.tokens_per_event()..self.completion_tokens);
        let last = json!({
            "index": events, "token": token(&text), "generated_text": self.text(),
            "details": {
                "finish_reason": "length", "generated_tokens": self.completion_tokens,
                "seed": null, "input_length": self.ask.counts.words,
            },
        });
        put(&mut out, format_args!("data:{last}\n\n"));
        Events {
            closes_with_token: true,
            ..self.cut(out, 0..token_end, 1)
        }
    }

    pub(super) fn tgi_json(&self) -> Value {
        let mut answer = json!({ "generated_text": self.text() });
        if self.ask.include_usage {
            answer["details"] = json!({
                "finish_reason": "length", "generated_tokens": self.completion_tokens,
                "seed": null, "prefill": [], "tokens": [],
            });
        }
        answer
    }
}
