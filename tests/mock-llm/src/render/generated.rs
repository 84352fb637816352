//! Answers of chat and completions whose tokens are chosen while they are sent.

use bytes::{Bytes, BytesMut};

use super::Facts;
use super::token::{NUMBER, TEXT};
use crate::model;

/// The parts a generated stream is put together from.
pub struct GeneratedEvents {
    /// What comes before the first token, at once.
    pub opening: Bytes,
    /// The event of a token, cut where its text is, and where its id is if that is asked for.
    token: Vec<Bytes>,
    /// What comes with the last token.
    pub closing: Bytes,
}

impl GeneratedEvents {
    /// Appends the event of a token.
    pub fn put_token(&self, token: u32, out: &mut BytesMut) {
        out.extend_from_slice(&self.token[0]);
        out.extend_from_slice(model::text(token).as_bytes());
        out.extend_from_slice(&self.token[1]);
        if let Some(rest) = self.token.get(2) {
            out.extend_from_slice(token.to_string().as_bytes());
            out.extend_from_slice(rest);
        }
    }
}

impl Facts<'_> {
    /// The events of a stream, without its tokens.
    pub fn generated_events(&self) -> GeneratedEvents {
        let ids = format!(r#","token_ids":[{NUMBER}]"#);
        let asked = self.ask.sampling.return_token_ids;
        let (rendered, token) = self.openai_stream(TEXT, if asked { &ids } else { "" });
        let rendered = Bytes::from(rendered);
        let is_place = |byte: &u8| [TEXT, NUMBER].iter().any(|p| p.as_bytes() == [*byte]);
        let event = rendered.slice(token.clone());
        GeneratedEvents {
            opening: rendered.slice(..token.start),
            token: event
                .split(is_place)
                .map(|part| event.slice_ref(part))
                .collect(),
            closing: rendered.slice(token.end..),
        }
    }

    /// The whole answer as one JSON.
    pub fn generated_json(&self, tokens: &[u32]) -> Bytes {
        let text: String = tokens.iter().map(|token| model::text(*token)).collect();
        let ids = format!(r#","token_ids":{tokens:?}"#);
        let asked = self.ask.sampling.return_token_ids;
        self.openai_json_of(text.as_bytes(), if asked { &ids } else { "" })
    }
}
