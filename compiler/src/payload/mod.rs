//! Bodies: what stands before and behind a prompt, for each endpoint. JSON is escaped here, once,
//! and never again.

pub mod chat;
pub mod completion;

use crate::spec::{Api, ApiKind, Server};
use schemas::layout::ResponseFormat;

/// How the bodies of a workload are made.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'s> {
    /// The endpoint and whether it streams.
    pub api: Api,
    /// The server family whose extensions may be used.
    pub server: Option<Server>,
    /// The value of `model`.
    pub model: &'s str,
}

impl Payload<'_> {
    /// HTTP method of the endpoint.
    pub const METHOD: &'static str = "POST";

    /// Path behind the base URL.
    pub fn path(&self) -> &'static str {
        match self.api.kind {
            ApiKind::Chat => chat::PATH,
            ApiKind::Completion => completion::PATH,
        }
    }

    /// Header fields that the endpoint needs.
    pub fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let accept = if self.api.streaming {
            "text/event-stream"
        } else {
            "application/json"
        };
        vec![("content-type", "application/json"), ("accept", accept)]
    }

    /// How the answer is to be read.
    pub fn response_format(&self) -> ResponseFormat {
        match self.api.kind {
            ApiKind::Chat => ResponseFormat::OpenAiChat,
            ApiKind::Completion => ResponseFormat::OpenAiCompletion,
        }
    }

    /// The body up to the prompt's first character.
    pub fn head(&self) -> String {
        match self.api.kind {
            ApiKind::Chat => chat::head(self.model),
            ApiKind::Completion => completion::head(self.model),
        }
    }

    /// The body from behind the prompt's last character, asking for `output_tokens`.
    pub fn tail(&self, output_tokens: u32) -> String {
        let closing = match self.api.kind {
            ApiKind::Chat => chat::CLOSING,
            ApiKind::Completion => completion::CLOSING,
        };
        let exactly = self
            .server
            .map_or(String::new(), |server| exactly(server, output_tokens));
        let streaming = match self.api.streaming {
            true => r#""stream":true,"stream_options":{"include_usage":true}"#,
            false => r#""stream":false"#,
        };
        format!(r#"{closing},"max_tokens":{output_tokens},{exactly}{streaming}}}"#)
    }
}

/// Fields that make a server generate neither more nor fewer tokens than `max_tokens`.
///
/// vLLM and SGLang read both. Text Generation Inference documents no such field for its HTTP
/// interface and passes over unknown ones; it may stop early (see [`stops_early`]).
fn exactly(server: Server, output_tokens: u32) -> String {
    match server {
        Server::Vllm | Server::Sglang | Server::Tgi => {
            format!(r#""ignore_eos":true,"min_tokens":{output_tokens},"#)
        }
    }
}

/// Whether answers may be shorter than asked on this server, whatever the body says.
pub fn stops_early(server: Option<Server>) -> bool {
    matches!(server, None | Some(Server::Tgi))
}

/// A JSON string, with its quotes.
fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn body(kind: ApiKind, streaming: bool, server: Option<Server>) -> Value {
        let payload = Payload {
            api: Api { kind, streaming },
            server,
            model: "a \"quoted\" \\ model",
        };
        serde_json::from_str(&format!("{}hello world{}", payload.head(), payload.tail(7))).unwrap()
    }

    #[test]
    fn a_streamed_chat_body_asks_for_usage_and_exact_length() {
        let expected = json!({
            "model": "a \"quoted\" \\ model",
            "messages": [{"role": "user", "content": "hello world"}],
            "max_tokens": 7, "ignore_eos": true, "min_tokens": 7,
            "stream": true, "stream_options": {"include_usage": true},
        });
        assert_eq!(body(ApiKind::Chat, true, Some(Server::Vllm)), expected);
    }

    #[test]
    fn a_plain_completion_body_uses_no_extension() {
        let expected = json!({
            "model": "a \"quoted\" \\ model", "prompt": "hello world", "max_tokens": 7, "stream": false,
        });
        assert_eq!(body(ApiKind::Completion, false, None), expected);
    }
}
