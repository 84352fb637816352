//! Bodies: what stands before, between and behind the texts of a prompt, for each endpoint. Names
//! and values of the spec are escaped on their way into it; texts come escaped.
//!
//! A body is its head, then elements with fences between them, then sampling parameters and the
//! tail. Which elements stand in a body and what they say is decided elsewhere.

pub mod chat;
pub mod completion;
pub mod element;
pub mod embeddings;
pub mod kserve;
pub mod messages;
pub mod parameters;
pub mod rerank;
pub mod responses;
pub mod template;
pub mod tgi;

mod joined;
mod message;

use crate::escape::{escaped, quoted};
use crate::plan::sampling::Sampled;
use crate::spec::{Api, ApiKind, Server, ServerKind, Template, fill_path};
pub use element::{Element, Role};
use schemas::layout::ResponseFormat;

/// How the bodies of a population are made.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'s> {
    /// The endpoint and what is sent beside texts.
    pub api: &'s Api,
    /// The server whose extensions may be used.
    pub server: Option<Server>,
}

impl<'s> Payload<'s> {
    /// HTTP method of every endpoint.
    pub const METHOD: &'static str = "POST";

    /// Path behind the base URL.
    pub fn path(&self, model: &str) -> String {
        let streaming = self.api.streaming;
        let own = match self.api.kind {
            ApiKind::Chat => chat::PATH,
            ApiKind::Completion => completion::PATH,
            ApiKind::Embeddings => embeddings::PATH,
            ApiKind::Responses => responses::PATH,
            ApiKind::Messages => messages::PATH,
            ApiKind::Tgi => tgi::path(streaming),
            ApiKind::Rerank(form) => rerank::path(form),
            ApiKind::Kserve(_) => kserve::path(streaming),
            // The spec names it.
            ApiKind::Raw | ApiKind::Template => "/",
        };
        fill_path(self.api.path.as_deref().unwrap_or(own), model)
    }

    /// Header fields: those that the endpoint needs for an answer that is streamed or not, then
    /// those of the spec.
    pub fn headers(&self, streaming: bool) -> Vec<(&'s str, &'s str)> {
        let accept = if streaming {
            "text/event-stream"
        } else {
            "application/json"
        };
        let needed = [("content-type", "application/json"), ("accept", accept)];
        let version: &[(&str, &str)] = match self.api.kind {
            ApiKind::Messages => &messages::HEADERS,
            _ => &[],
        };
        let own = &self.api.headers;
        let of_spec = |name: &str| own.iter().any(|(own, _)| own == name);
        let needed = needed.iter().chain(version).copied();
        let needed = needed.filter(|(name, _)| !of_spec(name));
        let own = own.iter().map(|(name, value)| (&**name, &**value));
        needed.chain(own).collect()
    }

    /// How the answer to a body of a data set is to be read, which goes to this path: an endpoint
    /// that is known by the end of its path, without a query, as what it is.
    pub fn response_format_at(&self, path: &str) -> ResponseFormat {
        let known = [
            (chat::PATH, ResponseFormat::OpenAiChat),
            (completion::PATH, ResponseFormat::OpenAiCompletion),
            (embeddings::PATH, ResponseFormat::OpenAiEmbeddings),
            (responses::PATH, ResponseFormat::OpenAiResponses),
            (messages::PATH, ResponseFormat::AnthropicMessages),
        ];
        let path = path.split('?').next().unwrap_or(path);
        let known = known.into_iter().find(|(known, _)| path.ends_with(known));
        known.map_or(self.response_format(), |(_, format)| format)
    }

    /// How the answer is to be read.
    pub fn response_format(&self) -> ResponseFormat {
        match self.api.kind {
            ApiKind::Chat => ResponseFormat::OpenAiChat,
            ApiKind::Completion => ResponseFormat::OpenAiCompletion,
            ApiKind::Embeddings => ResponseFormat::OpenAiEmbeddings,
            ApiKind::Responses => ResponseFormat::OpenAiResponses,
            ApiKind::Messages => ResponseFormat::AnthropicMessages,
            ApiKind::Tgi => ResponseFormat::TgiGenerate,
            ApiKind::Rerank(_) => ResponseFormat::Rerank,
            ApiKind::Kserve(_) => ResponseFormat::KserveGenerate,
            ApiKind::Raw | ApiKind::Template => ResponseFormat::Generic,
        }
    }

    /// Whether the endpoint generates text, so that a number of tokens is asked for.
    pub fn generates(&self) -> bool {
        self.api.kind.generates()
    }

    /// Whether texts follow one another in one string, each with a space of its own in front.
    pub fn joins_texts(&self) -> bool {
        self.api.kind.joins_texts()
    }

    /// The body up to the fence before its first element, cut where the number of tokens asked for
    /// stands: one piece but for some templates. `model` is the model's name, or the adapter's:
    /// that is how servers route to it.
    pub fn head(&self, model: &str) -> Vec<String> {
        let fields = self.fields();
        let head = match self.api.kind {
            ApiKind::Chat => chat::head(model, &fields),
            ApiKind::Completion => completion::head(model, &fields),
            ApiKind::Embeddings => embeddings::head(model, &fields),
            ApiKind::Responses => responses::head(model, &fields),
            ApiKind::Messages => messages::head(model, &fields),
            ApiKind::Tgi => tgi::HEAD.to_owned(),
            ApiKind::Rerank(form) => rerank::head(form, model, &fields),
            ApiKind::Kserve(form) => kserve::head(form, self.api.streaming, &fields),
            ApiKind::Raw => String::new(),
            ApiKind::Template => return template::head(self.template(), model),
        };
        vec![head]
    }

    /// What stands between two elements, before the first (`previous` is none) or behind the last
    /// (`next` is none); none if the endpoint has no such body.
    pub fn fence(&self, previous: Option<Element>, next: Option<Element>) -> Option<String> {
        let streaming = self.api.streaming;
        match self.api.kind {
            ApiKind::Chat => chat::PARTS.fence(previous, next),
            ApiKind::Completion => completion::fence(previous, next),
            ApiKind::Embeddings => embeddings::fence(previous, next),
            ApiKind::Responses => responses::fence(previous, next),
            ApiKind::Messages => messages::fence(previous, next),
            ApiKind::Tgi => tgi::fence(previous, next),
            ApiKind::Rerank(form) => rerank::fence(form, previous, next),
            ApiKind::Kserve(form) => kserve::fence(form, streaming, previous, next),
            ApiKind::Raw => None,
            ApiKind::Template => template::fence(self.template(), previous, next),
        }
    }

    /// An image between its fences.
    pub fn image(&self, mime: &str, base64: &str) -> String {
        match self.api.kind {
            ApiKind::Messages => messages::image(mime, base64),
            _ => message::data_url(mime, base64),
        }
    }

    /// An image that the server fetches, between its fences.
    pub fn image_url(&self, url: &str) -> String {
        escaped(url)
    }

    /// An audio clip between its fences; `format` is `wav` or `mp3`.
    pub fn audio(&self, format: &str, base64: &str) -> String {
        chat::audio(format, base64)
    }

    /// Appends sampling parameters, each with a comma in front; nothing if there are none.
    pub fn append_parameters(&self, sampled: &Sampled, out: &mut String) {
        match self.api.kind {
            ApiKind::Tgi => tgi::append_parameters(sampled, out),
            _ => parameters::append(sampled, out),
        }
    }

    /// The body from behind the sampling parameters on, asking for `output_tokens`. The model
    /// counts only where [`tail_names_model`](Self::tail_names_model).
    pub fn tail(&self, model: &str, output_tokens: u32) -> String {
        let streaming = self.api.streaming;
        match self.api.kind {
            ApiKind::Chat | ApiKind::Completion => self.openai_tail(output_tokens),
            ApiKind::Embeddings => embeddings::TAIL.to_owned(),
            ApiKind::Responses => responses::tail(output_tokens, streaming),
            ApiKind::Messages => messages::tail(output_tokens, streaming),
            ApiKind::Tgi => tgi::tail(output_tokens, &self.fields()),
            ApiKind::Rerank(_) => rerank::TAIL.to_owned(),
            ApiKind::Kserve(form) => kserve::tail(form, output_tokens, &self.fields()),
            ApiKind::Raw => String::new(),
            ApiKind::Template => template::tail(self.template(), model, output_tokens),
        }
    }

    /// Whether the model's name stands behind the texts.
    pub fn tail_names_model(&self) -> bool {
        let template = self.api.template.as_ref();
        template.is_some_and(template::tail_names_model)
    }

    /// Further fields of the spec, each with a comma in front.
    fn fields(&self) -> String {
        let fields = self.api.fields.iter();
        fields
            .map(|(name, value)| format!(",{}:{value}", quoted(name)))
            .collect()
    }

    fn template(&self) -> &Template {
        let template = self.api.template.as_ref();
        template.expect("the spec of a template endpoint has one")
    }

    /// What chat and completions end with.
    fn openai_tail(&self, output_tokens: u32) -> String {
        let field = self.api.output_tokens_field.name();
        let exactly = match self.server {
            Some(server) if server.ignore_eos => exactly(server.kind, output_tokens),
            _ => String::new(),
        };
        let streaming = match self.api.streaming {
            true => r#""stream":true,"stream_options":{"include_usage":true}"#,
            false => r#""stream":false"#,
        };
        format!(r#","{field}":{output_tokens},{exactly}{streaming}}}"#)
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
pub fn stops_early(server: Option<Server>, kind: ApiKind) -> Option<&'static str> {
    match (kind, server) {
        (ApiKind::Embeddings | ApiKind::Rerank(_) | ApiKind::Raw, _) => None,
        (ApiKind::Template, _) => Some("a template says itself what makes answers long enough"),
        (ApiKind::Responses | ApiKind::Messages | ApiKind::Tgi | ApiKind::Kserve(_), _) => {
            Some("the endpoint has no field that makes a server ignore the end of text")
        }
        (_, None) => {
            Some("no `server: {type: vllm|sglang}` is named, so no such extension is used")
        }
        (
            _,
            Some(Server {
                ignore_eos: false, ..
            }),
        ) => Some("`server.ignore_eos` is false"),
        (
            _,
            Some(Server {
                kind: ServerKind::Tgi,
                ..
            }),
        ) => Some("tgi documents no field that makes it ignore the end of text"),
        (_, Some(_)) => None,
    }
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
            ..Api::default()
        };
        let payload = Payload { api: &api, server };
        let mut body = payload.head("a \"quoted\" \\ model").concat();
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
        body += &payload.tail("m", 7);
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
            ..Api::default()
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
        let mut body = payload.head("m").concat();
        let mut previous = None;
        for (element, text) in elements {
            body += &payload.fence(previous, Some(element)).unwrap();
            body += &text;
            previous = Some(element);
        }
        body += &payload.fence(previous, None).unwrap();
        body += &payload.tail("m", 1);
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
