//! OpenAI `/v1/completions`: one prompt.

use super::json_string;

/// Path behind the base URL.
pub const PATH: &str = "/v1/completions";

/// What closes the prompt.
pub const CLOSING: &str = "\"";

/// The body up to the prompt's first character.
pub fn head(model: &str) -> String {
    format!(r#"{{"model":{},"prompt":""#, json_string(model))
}
