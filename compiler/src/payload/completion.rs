//! OpenAI `/v1/completions`: one prompt, in which the parts of a conversation follow one another.

use super::json_string;

/// Path behind the base URL.
pub const PATH: &str = "/v1/completions";

/// What closes the prompt.
pub const CLOSING: &str = "\"";

/// What stands between two parts. A space, so that each word stays one token.
pub const BETWEEN: &str = " ";

/// The body up to the prompt's first character.
pub fn head(model: &str) -> String {
    format!(r#"{{"model":{},"prompt":""#, json_string(model))
}
