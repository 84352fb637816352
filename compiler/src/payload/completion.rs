//! OpenAI `/v1/completions`: one prompt, in which the parts of a conversation follow one another,
//! a space apart (API reference, "Create completion").

use super::{Element, joined};
use crate::escape::quoted;

/// Path behind the base URL.
pub const PATH: &str = "/v1/completions";

/// The body up to the prompt's first character; `fields` have a comma in front of each.
pub fn head(model: &str, fields: &str) -> String {
    format!(r#"{{"model":{}{fields},"prompt":""#, quoted(model))
}

/// What stands between two parts, before the first, or behind the last.
pub fn fence(previous: Option<Element>, next: Option<Element>) -> Option<String> {
    joined::fence(previous, next, "\"")
}
