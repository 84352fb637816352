//! Bodies: what stands before, between and behind the texts of a prompt, for each endpoint. JSON
//! is escaped here, once, and never again.

pub mod chat;
pub mod completion;
pub mod parameters;

use crate::spec::{Api, ApiKind, Server, ServerKind};
use schemas::layout::ResponseFormat;

/// Who says a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    /// Every role, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::System, Self::User, Self::Assistant];

    /// The value of `role`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// How the bodies of a population are made.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'s> {
    /// The endpoint and whether it streams.
    pub api: &'s Api,
    /// The server whose extensions may be used.
    pub server: Option<Server>,
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

    /// Header fields: those that the endpoint needs, then those of the spec.
    pub fn headers(&self) -> Vec<(&str, &str)> {
        let accept = if self.api.streaming {
            "text/event-stream"
        } else {
            "application/json"
        };
        let needed = [("content-type", "application/json"), ("accept", accept)];
        let own = &self.api.headers;
        let of_spec = |name: &str| own.iter().any(|(own, _)| own == name);
        let needed = needed.into_iter().filter(|(name, _)| !of_spec(name));
        let own = own.iter().map(|(name, value)| (&**name, &**value));
        needed.chain(own).collect()
    }

    /// How the answer is to be read.
    pub fn response_format(&self) -> ResponseFormat {
        match self.api.kind {
            ApiKind::Chat => ResponseFormat::OpenAiChat,
            ApiKind::Completion => ResponseFormat::OpenAiCompletion,
        }
    }

    /// The body up to the first text, which `role` says.
    pub fn head(&self, model: &str, role: Role) -> String {
        match self.api.kind {
            ApiKind::Chat => chat::head(model, role),
            ApiKind::Completion => completion::head(model),
        }
    }

    /// What stands between two texts, the second of which `role` says.
    pub fn between(&self, role: Role) -> &'static str {
        match self.api.kind {
            ApiKind::Chat => chat::between(role),
            ApiKind::Completion => completion::BETWEEN,
        }
    }

    /// What closes the last text.
    pub fn closing(&self) -> &'static str {
        match self.api.kind {
            ApiKind::Chat => chat::CLOSING,
            ApiKind::Completion => completion::CLOSING,
        }
    }

    /// The body from behind the closing on, asking for `output_tokens`.
    pub fn tail(&self, output_tokens: u32) -> String {
        let exactly = match self.server {
            Some(server) if server.ignore_eos => exactly(server.kind, output_tokens),
            _ => String::new(),
        };
        let streaming = match self.api.streaming {
            true => r#""stream":true,"stream_options":{"include_usage":true}"#,
            false => r#""stream":false"#,
        };
        format!(r#","max_tokens":{output_tokens},{exactly}{streaming}}}"#)
    }
}

/// Fields that make a server generate neither more nor fewer tokens than `max_tokens`.
///
/// vLLM and SGLang read both. Text Generation Inference documents no such field for its HTTP
/// interface and passes over unknown ones; it may stop early (see [`stops_early`]).
fn exactly(server: ServerKind, output_tokens: u32) -> String {
    match server {
        ServerKind::Vllm | ServerKind::Sglang | ServerKind::Tgi => {
            format!(r#""ignore_eos":true,"min_tokens":{output_tokens},"#)
        }
    }
}

/// Why answers may be shorter than asked whatever the body says, or nothing if they are not.
pub fn stops_early(server: Option<Server>) -> Option<&'static str> {
    match server {
        None => Some("no `server: {type: vllm|sglang}` is named, so no such extension is used"),
        Some(Server {
            ignore_eos: false, ..
        }) => Some("`server.ignore_eos` is false"),
        Some(Server {
            kind: ServerKind::Tgi,
            ..
        }) => Some("tgi documents no field that makes it ignore the end of text"),
        Some(_) => None,
    }
}

/// A JSON string, with its quotes.
fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const VLLM: Option<Server> = Some(Server {
        kind: ServerKind::Vllm,
        ignore_eos: true,
    });

    fn body(
        kind: ApiKind,
        streaming: bool,
        server: Option<Server>,
        texts: &[(Role, &str)],
    ) -> Value {
        let api = Api {
            kind,
            streaming,
            headers: Vec::new(),
        };
        let payload = Payload { api: &api, server };
        let mut body = String::new();
        for (i, (role, text)) in texts.iter().enumerate() {
            body += &match i {
                0 => payload.head("a \"quoted\" \\ model", *role),
                _ => payload.between(*role).to_owned(),
            };
            body += text;
        }
        body += payload.closing();
        body += &payload.tail(7);
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn a_streamed_chat_body_asks_for_usage_and_exact_length() {
        let expected = json!({
            "model": "a \"quoted\" \\ model",
            "messages": [{"role": "user", "content": "hello world"}],
            "max_tokens": 7, "ignore_eos": true, "min_tokens": 7,
            "stream": true, "stream_options": {"include_usage": true},
        });
        let texts = [(Role::User, "hello world")];
        assert_eq!(body(ApiKind::Chat, true, VLLM, &texts), expected);
    }

    #[test]
    fn a_plain_completion_body_uses_no_extension() {
        let expected = json!({
            "model": "a \"quoted\" \\ model", "prompt": "hello world", "max_tokens": 7, "stream": false,
        });
        let texts = [(Role::User, "hello world")];
        assert_eq!(body(ApiKind::Completion, false, None, &texts), expected);
        let eos = Some(Server {
            kind: ServerKind::Vllm,
            ignore_eos: false,
        });
        assert_eq!(body(ApiKind::Completion, false, eos, &texts), expected);
    }

    #[test]
    fn a_conversation_is_messages_or_one_text() {
        let texts = [
            (Role::System, "be brief"),
            (Role::User, "hello"),
            (Role::Assistant, "yes"),
            (Role::User, "why"),
        ];
        let chat = body(ApiKind::Chat, false, None, &texts);
        let expected = texts.map(|(role, text)| json!({"role": role.name(), "content": text}));
        assert_eq!(chat["messages"], json!(expected));
        let completion = body(ApiKind::Completion, false, None, &texts);
        assert_eq!(completion["prompt"], "be brief hello yes why");
    }
}
