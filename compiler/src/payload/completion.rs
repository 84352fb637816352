//! OpenAI `/v1/completions`: one prompt, in which the parts of a conversation follow one another,
//! a space apart (API reference, "Create completion").

use super::{Element, json_string};

/// Path behind the base URL.
pub const PATH: &str = "/v1/completions";

/// The body up to the prompt's first character.
pub fn head(model: &str) -> String {
    format!(r#"{{"model":{},"prompt":""#, json_string(model))
}

/// What stands between two parts, before the first, or behind the last. Between two texts there is
/// nothing: the second begins with a space of its own.
pub fn fence(previous: Option<Element>, next: Option<Element>) -> Option<String> {
    let is_text = |element| matches!(element, Element::Text { .. } | Element::MoreText);
    let texts = previous.into_iter().chain(next).all(is_text);
    texts.then(|| if next.is_none() { "\"" } else { "" }.to_owned())
}
