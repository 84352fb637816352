//! Answers of embeddings and rerank: small vectors, and scores that fall with the index.

use serde_json::{Value, json};

use super::Facts;
use crate::api::Api;

/// Four little-endian `f32` of 0.5, in base64.
const BASE64_VECTOR: &str = "AAAAPwAAAD8AAAA/AAAAPw==";

impl Facts<'_> {
    pub(super) fn embeddings_json(&self) -> Value {
        let vector = if self.ask.base64 {
            json!(BASE64_VECTOR)
        } else {
            json!([0.5, 0.5, 0.5, 0.5])
        };
        let data: Vec<Value> = (0..self.ask.counts.documents)
            .map(|index| json!({ "object": "embedding", "index": index, "embedding": vector }))
            .collect();
        let tokens = self.ask.counts.words;
        let usage = json!({ "prompt_tokens": tokens, "total_tokens": tokens });
        json!({ "object": "list", "data": data, "model": self.model, "usage": usage })
    }

    pub(super) fn ranking_json(&self) -> Value {
        let tokens = self.ask.counts.words;
        match self.api {
            Api::TeiRerank => self.ranked("score"),
            Api::NimRanking => {
                let usage = json!({ "prompt_tokens": tokens, "total_tokens": tokens });
                json!({ "rankings": self.ranked("logit"), "usage": usage })
            }
            Api::VllmRerank => json!({
                "id": self.named("rerank"), "model": self.model,
                "usage": { "total_tokens": tokens }, "results": self.ranked("relevance_score"),
            }),
            _ => json!({
                "id": self.named("rerank"), "results": self.ranked("relevance_score"),
                "meta": { "api_version": { "version": "2" }, "billed_units": { "search_units": 1 } },
            }),
        }
    }

    fn ranked(&self, score: &str) -> Value {
        let documents = usize::try_from(self.ask.counts.documents).unwrap_or(usize::MAX);
        let results = documents.min(self.ask.top_n.unwrap_or(usize::MAX));
        let scored = |index: usize| json!({ "index": index, score: 1.0 / (index + 1) as f64 });
        (0..results).map(scored).collect()
    }
}
