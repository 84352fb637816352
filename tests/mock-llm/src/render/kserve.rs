//! Answers of Triton's generate extension; a stream sends each token's text alone.

use serde_json::{Value, json};

use super::{Events, Facts};

impl Facts<'_> {
    pub(super) fn kserve_events(&self) -> Events {
        let token = self.generated(self.repeated_text()).to_string();
        let event = format!("data: {}\n\n", self.unescaped(token)).into_bytes();
        let whole = 0..event.len();
        self.cut(event, whole, 0)
    }

    pub(super) fn kserve_json(&self) -> Value {
        self.generated(&self.text())
    }

    fn generated(&self, text: &str) -> Value {
        json!({ "model_name": self.model, "model_version": "1", "text_output": text })
    }
}
