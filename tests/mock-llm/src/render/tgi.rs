//! Answers of Text Generation Inference. A stream has one event for each token, and no other: the
//! last token's event carries the whole text and the details.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Events, Facts, TOKEN, Token};

impl Facts<'_> {
    pub(super) fn tgi_events(&self) -> Events {
        let token = json!({ "id": 1, "text": TOKEN, "logprob": -0.5, "special": false });
        let last = json!({
            "index": self.completion_tokens, "token": token, "generated_text": self.text(),
            "details": {
                "finish_reason": "length", "generated_tokens": self.completion_tokens,
                "seed": null, "input_length": self.ask.counts.words,
            },
        });
        let after = format!(",\"token\":{token},\"generated_text\":null,\"details\":null}}\n\n");
        Events {
            opening: Bytes::new(),
            token: Token::Numbered {
                before: r#"data:{"index":"#,
                first: 1,
                after: Bytes::from(after),
            },
            closing: Bytes::from(format!("data:{last}\n\n")),
            closes_with_token: true,
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
