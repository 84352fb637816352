//! Refusals in OpenAI's error shape.

use hyper::StatusCode;
use serde::Serialize;

/// Why a request is not answered.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub message: String,
}

#[derive(Serialize)]
struct Body<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    message: &'a str,
    r#type: &'static str,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

impl Refusal {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal {
            status,
            message: message.into(),
        }
    }

    /// `{"error":{"message":…,"type":…,"param":null,"code":null}}`
    pub fn json(&self) -> Vec<u8> {
        let code = (self.status == StatusCode::NOT_FOUND).then_some("unknown_url");
        let kind = "invalid_request_error";
        let error = Error {
            message: &self.message,
            r#type: kind,
            param: None,
            code,
        };
        serde_json::to_vec(&Body { error }).expect("strings serialise")
    }
}
