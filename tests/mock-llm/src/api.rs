//! Which API a path belongs to, and how that API refuses a request.
//!
//! Shapes and status of refusals are each API's own: OpenAI's and Anthropic's error objects,
//! `error` and `error_type` of Text Generation and Text Embeddings Inference (422), Cohere's
//! `message`, the `detail` list of NIM (422), Triton's `error`.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// An endpoint that answers a POST with what a model would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Completions,
    /// `/v1/embeddings`
    Embeddings,
    /// `/v1/responses`
    Responses,
    /// `/v1/messages`
    Messages,
    /// `/generate`
    Tgi,
    /// `/generate_stream`
    TgiStream,
    /// `/v2/rerank`, Cohere's
    CohereRerank,
    /// `/v1/rerank`, Cohere's shape with the usage that vLLM adds
    VllmRerank,
    /// `/rerank`, Text Embeddings Inference
    TeiRerank,
    /// `/v1/ranking`
    NimRanking,
    /// `/v2/models/…/generate`
    Kserve,
    /// `/v2/models/…/generate_stream`
    KserveStream,
}

impl Api {
    /// The API behind a path.
    pub fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/v1/chat/completions" => Api::Chat,
            "/v1/completions" => Api::Completions,
            "/v1/embeddings" => Api::Embeddings,
            "/v1/responses" => Api::Responses,
            "/v1/messages" => Api::Messages,
            "/generate" => Api::Tgi,
            "/generate_stream" => Api::TgiStream,
            "/v2/rerank" => Api::CohereRerank,
            "/v1/rerank" => Api::VllmRerank,
            "/rerank" => Api::TeiRerank,
            "/v1/ranking" => Api::NimRanking,
            _ => return Self::of_model(path),
        })
    }

    fn of_model(path: &str) -> Option<Self> {
        kserve_model(path)?;
        match path.rsplit('/').next() {
            Some("generate") => Some(Api::Kserve),
            Some("generate_stream") => Some(Api::KserveStream),
            _ => None,
        }
    }

    /// The name in the arrival log.
    pub fn name(self) -> &'static str {
        match self {
            Api::Chat => "chat",
            Api::Completions => "completions",
            Api::Embeddings => "embeddings",
            Api::Responses => "responses",
            Api::Messages => "messages",
            Api::Tgi => "tgi",
            Api::TgiStream => "tgi_stream",
            Api::CohereRerank => "cohere_rerank",
            Api::VllmRerank => "vllm_rerank",
            Api::TeiRerank => "tei_rerank",
            Api::NimRanking => "nim_ranking",
            Api::Kserve => "kserve",
            Api::KserveStream => "kserve_stream",
        }
    }

    /// Whether the answer is generated token by token.
    pub fn generates(self) -> bool {
        !matches!(
            self,
            Api::Embeddings
                | Api::CohereRerank
                | Api::VllmRerank
                | Api::TeiRerank
                | Api::NimRanking
        )
    }

    /// An error with this status in the shape of this API.
    pub fn fail(self, status: StatusCode, message: &str) -> Refusal {
        Refusal {
            shape: self.shape(message),
            ..Refusal::new(status, message)
        }
    }

    /// Refuses a request in the shape of this API.
    pub fn refuse(self, message: String) -> Refusal {
        let unprocessable = matches!(
            self,
            Api::Tgi | Api::TgiStream | Api::TeiRerank | Api::NimRanking
        );
        let status = if unprocessable {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::BAD_REQUEST
        };
        self.fail(status, &message)
    }

    /// The body of a refusal, unless it is OpenAI's.
    fn shape(self, message: &str) -> Option<Value> {
        match self {
            Api::Chat | Api::Completions | Api::Embeddings | Api::Responses | Api::VllmRerank => {
                None
            }
            Api::Messages => {
                let error = json!({ "type": "invalid_request_error", "message": message });
                Some(json!({ "type": "error", "error": error }))
            }
            Api::Tgi | Api::TgiStream => {
                Some(json!({ "error": message, "error_type": "validation" }))
            }
            Api::TeiRerank => Some(json!({ "error": message, "error_type": "Validation" })),
            Api::CohereRerank => Some(json!({ "message": message })),
            Api::NimRanking => {
                let detail = json!({ "loc": ["body"], "msg": message, "type": "value_error" });
                Some(json!({ "detail": [detail] }))
            }
            Api::Kserve | Api::KserveStream => Some(json!({ "error": message })),
        }
    }
}

/// The model in a path `/v2/models/NAME[/versions/VERSION]/generate…`.
pub fn kserve_model(path: &str) -> Option<&str> {
    let parts: Vec<&str> = path.strip_prefix("/v2/models/")?.split('/').collect();
    match parts.as_slice() {
        [model, _] | [model, "versions", _, _] if !model.is_empty() => Some(model),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_in_paths_with_and_without_a_version() {
        for (path, found) in [
            ("/v2/models/m/generate", Some((Api::Kserve, "m"))),
            (
                "/v2/models/m/generate_stream",
                Some((Api::KserveStream, "m")),
            ),
            ("/v2/models/m/versions/3/generate", Some((Api::Kserve, "m"))),
            ("/v2/models/m/infer", None),
            ("/v2/models//generate", None),
            ("/v2/models/m/a/b/generate", None),
            ("/v2/models/generate", None),
        ] {
            let api = Api::of(path);
            assert_eq!(
                api.and_then(|api| Some((api, kserve_model(path)?))),
                found,
                "{path}"
            );
        }
    }
}
