//! Bodies: what stands before, between and behind the texts of a prompt, for each endpoint. JSON
//! is escaped here, once, and never again.
//!
//! A body is its head, then elements with fences between them, then sampling parameters and the
//! tail. Which elements stand in a body and what they say is decided elsewhere.

pub mod chat;
pub mod completion;
pub mod element;
pub mod parameters;

use crate::spec::{Api, ApiKind, Server, ServerKind};
pub use element::{Element, Role};
use schemas::layout::ResponseFormat;

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
    pub fn path(&self, _model: &str) -> String {
        match self.api.kind {
            ApiKind::Chat => chat::PATH,
            ApiKind::Completion => completion::PATH,
        }
        .to_owned()
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

    /// Whether the endpoint generates text, so that a number of tokens is asked for.
    pub fn generates(&self) -> bool {
        match self.api.kind {
            ApiKind::Chat | ApiKind::Completion => true,
        }
    }

    /// Whether texts follow one another in one string, each with a space of its own in front.
    pub fn joins_texts(&self) -> bool {
        match self.api.kind {
            ApiKind::Chat => false,
            ApiKind::Completion => true,
        }
    }

    /// The body up to the fence before its first element. `model` is the model's name, or the
    /// adapter's: that is how servers route to it.
    pub fn head(&self, model: &str) -> String {
        match self.api.kind {
            ApiKind::Chat => chat::head(model),
            ApiKind::Completion => completion::head(model),
        }
    }

    /// What stands between two elements, before the first (`previous` is none) or behind the last
    /// (`next` is none); none if the endpoint has no such body.
    pub fn fence(&self, previous: Option<Element>, next: Option<Element>) -> Option<String> {
        match self.api.kind {
            ApiKind::Chat => chat::fence(previous, next),
            ApiKind::Completion => completion::fence(previous, next),
        }
    }

    /// An image between its fences.
    pub fn image(&self, mime: &str, base64: &str) -> String {
        chat::image(mime, base64)
    }

    /// An audio clip between its fences; `format` is `wav` or `mp3`.
    pub fn audio(&self, format: &str, base64: &str) -> String {
        chat::audio(format, base64)
    }

    /// The body from behind the sampling parameters on, asking for `output_tokens`.
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
        let mut body = payload.head("a \"quoted\" \\ model");
        let mut previous = None;
        for (role, text) in texts {
            let next = Element::text(*role);
            body += &payload.fence(previous, Some(next)).unwrap();
            if previous.is_some() && payload.joins_texts() {
                body += " ";
            }
            body += text;
            previous = Some(next);
        }
        body += &payload.fence(previous, None).unwrap();
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
    fn a_message_with_media_is_a_list_of_parts() {
        let api = Api {
            kind: ApiKind::Chat,
            streaming: false,
            headers: Vec::new(),
        };
        let payload = Payload {
            api: &api,
            server: None,
        };
        let elements = [
            (Element::text(Role::System), "brief".to_owned()),
            (Element::parts(Role::User), "look".to_owned()),
            (Element::MoreText, "here".to_owned()),
            (
                Element::Image { first: false },
                payload.image("image/png", "AA=="),
            ),
            (
                Element::Audio { first: false },
                payload.audio("wav", "BB=="),
            ),
            (Element::text(Role::Assistant), "yes".to_owned()),
            (
                Element::Image { first: true },
                payload.image("image/webp", "CC=="),
            ),
        ];
        let mut body = payload.head("m");
        let mut previous = None;
        for (element, text) in elements {
            body += &payload.fence(previous, Some(element)).unwrap();
            body += &text;
            previous = Some(element);
        }
        body += &payload.fence(previous, None).unwrap();
        body += &payload.tail(1);
        let body: Value = serde_json::from_str(&body).unwrap();
        let expected = json!([
            {"role": "system", "content": "brief"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "text", "text": "here"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                {"type": "input_audio", "input_audio": {"format": "wav", "data": "BB=="}},
            ]},
            {"role": "assistant", "content": "yes"},
            {"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:image/webp;base64,CC=="}},
            ]},
        ]);
        assert_eq!(body["messages"], expected);
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
