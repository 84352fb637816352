//! Messages of a conversation: a role and a text, or a role and a list of parts. Endpoints that
//! have them differ in how a part is written.

use super::{Element, Role};

/// What stands before and behind what a part says.
pub type Around = (&'static str, &'static str);

/// How an endpoint writes the parts of a message; none if it has no such part.
pub struct Parts {
    pub text: Around,
    pub image: Option<Around>,
    pub audio: Option<Around>,
}

impl Parts {
    fn around(&self, element: Element) -> Option<Around> {
        match element {
            Element::Text { parts: true, .. } | Element::MoreText => Some(self.text),
            Element::Image { .. } => self.image,
            Element::Audio { .. } => self.audio,
            Element::Text { parts: false, .. } | Element::Document => None,
        }
    }

    /// What stands between two parts, before the first, or behind the last, with the bracket that
    /// closes the list of messages.
    pub fn fence(&self, previous: Option<Element>, next: Option<Element>) -> Option<String> {
        let Some(previous) = previous else {
            return self.begin(next?);
        };
        match next {
            None => Some(format!("{}]", self.end(previous)?)),
            Some(next) if next.begins_message() => {
                Some(format!("{},{}", self.end(previous)?, self.begin(next)?))
            }
            Some(next) => {
                let (before, behind) = (self.around(previous)?.1, self.around(next)?.0);
                Some(format!("{before},{behind}"))
            }
        }
    }

    /// The begin of a message, up to what its first part says.
    pub fn begin(&self, element: Element) -> Option<String> {
        let (role, content) = match element {
            Element::Text { role, parts: false } => (role, "\"".to_owned()),
            Element::Text { role, parts: true } => (role, format!("[{}", self.text.0)),
            media if media.begins_message() => (Role::User, format!("[{}", self.around(media)?.0)),
            _ => return None,
        };
        Some(format!(r#"{{"role":"{}","content":{content}"#, role.name()))
    }

    /// The end of a message, from behind what its last part says.
    fn end(&self, element: Element) -> Option<String> {
        match element {
            Element::Text { parts: false, .. } => Some(r#""}"#.to_owned()),
            part => Some(format!("{}]}}", self.around(part)?.1)),
        }
    }
}

/// An image as a data URL (RFC 2397).
pub fn data_url(mime: &str, base64: &str) -> String {
    format!("data:{mime};base64,{base64}")
}
