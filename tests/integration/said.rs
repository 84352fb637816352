//! What a body says to the server: its texts, in whatever shape the endpoint has for them.

use crate::lines::body;
use serde_json::Value;

/// The texts of a body, each as it is encoded alone, and the number of messages that they stand in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub texts: Vec<String>,
    /// None where texts are joined into strings.
    pub messages: u64,
    /// Data URLs, or base64, of images and clips.
    pub media: Vec<String>,
}

impl Said {
    /// Reads the body of a line of `wlc inspect`.
    #[track_caller]
    pub fn of(line: &Value) -> Self {
        Self::in_body(&body(line))
    }

    /// Reads a body.
    #[track_caller]
    pub fn in_body(body: &Value) -> Self {
        let mut said = Self::default();
        // Anthropic's: what the system says is a message, too.
        if let Some(system) = body.get("system") {
            said.message(system);
        }
        let list = |key: &str| body.get(key).and_then(Value::as_array);
        for message in list("messages").into_iter().flatten() {
            said.message(&message["content"]);
        }
        for item in list("input").into_iter().flatten() {
            match item.as_str() {
                Some(text) => said.texts.push(text.to_owned()),
                None => said.message(&item["content"]),
            }
        }
        for key in ["prompt", "inputs", "text_input", "query"] {
            if let Some(text) = body.get(key) {
                said.text(text);
            }
        }
        for key in ["documents", "texts", "passages"] {
            for text in list(key).into_iter().flatten() {
                said.text(text);
            }
        }
        assert!(!said.texts.is_empty(), "nothing is said: {body}");
        said
    }

    /// The content of a message: a text, or parts.
    fn message(&mut self, content: &Value) {
        self.messages += 1;
        match content.as_array() {
            Some(parts) => parts.iter().for_each(|part| self.part(part)),
            None => self.text(content),
        }
    }

    fn part(&mut self, part: &Value) {
        let media = [
            "/image_url/url",
            "/image_url",
            "/source/data",
            "/input_audio/data",
        ];
        let media = media.iter().find_map(|at| part.pointer(at)?.as_str());
        match media {
            Some(media) => self.media.push(media.to_owned()),
            None => self.text(part),
        }
    }

    /// A text, or an object that holds one.
    fn text(&mut self, text: &Value) {
        let text = text.get("text").unwrap_or(text);
        let text = text.as_str().unwrap_or_else(|| panic!("no text: {text}"));
        self.texts.push(text.to_owned());
    }
}
