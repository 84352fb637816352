//! Answers of Triton's generate extension; a stream sends each token's text alone.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Events, Facts, TOKEN, Token};

impl Facts<'_> {
    pub(super) fn kserve_events(&self) -> Events {
        let token = self.generated(TOKEN);
        Events {
            opening: Bytes::new(),
            token: Token::Same(Bytes::from(format!("data: {token}\n\n"))),
            closing: Bytes::new(),
            closes_with_token: false,
        }
    }

    pub(super) fn kserve_json(&self) -> Value {
        self.generated(&self.text())
    }

    fn generated(&self, text: &str) -> Value {
        json!({ "model_name": self.model, "model_version": "1", "text_output": text })
    }
}
