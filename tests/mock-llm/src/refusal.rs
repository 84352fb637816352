//! Refusals: a status and a body, in OpenAI's error shape unless the API has another.

use hyper::StatusCode;
use serde_json::{Value, json};

/// Why a request is not answered.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub message: String,
    /// The body, if it is not OpenAI's.
    pub shape: Option<Value>,
}

impl Refusal {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal {
            status,
            message: message.into(),
            shape: None,
        }
    }

    /// Refuses a parameter that the server does not support, as OpenAI's servers do.
    pub fn parameter(name: &str) -> Self {
        let message = format!("Unsupported parameter: '{name}'");
        let error = json!({
            "message": message, "type": "invalid_request_error", "param": name, "code": null,
        });
        Refusal {
            shape: Some(json!({ "error": error })),
            ..Refusal::new(StatusCode::BAD_REQUEST, message)
        }
    }

    /// `{"error":{"message":…,"type":…,"param":null,"code":null}}`, or the API's own.
    pub fn json(&self) -> Vec<u8> {
        let code = (self.status == StatusCode::NOT_FOUND).then_some("unknown_url");
        let kind = match self.status.as_u16() {
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        let error = json!({
            "message": self.message, "type": kind, "param": null, "code": code,
        });
        let body = match &self.shape {
            Some(shape) => shape,
            None => &json!({ "error": error }),
        };
        body.to_string().into_bytes()
    }
}
