//! OpenAI `/v1/chat/completions`: one user message.

use super::json_string;

/// Path behind the base URL.
pub const PATH: &str = "/v1/chat/completions";

/// What closes the prompt, the message and the list of messages.
pub const CLOSING: &str = r#""}]"#;

/// The body up to the prompt's first character.
pub fn head(model: &str) -> String {
    format!(
        r#"{{"model":{},"messages":[{{"role":"user","content":""#,
        json_string(model)
    )
}
