//! OpenAI `/v1/chat/completions`: a list of messages.

use super::{Role, json_string};

/// Path behind the base URL.
pub const PATH: &str = "/v1/chat/completions";

/// What closes the last content, its message and the list of messages.
pub const CLOSING: &str = r#""}]"#;

/// The body up to the first content.
pub fn head(model: &str, role: Role) -> String {
    format!(
        r#"{{"model":{},"messages":[{{"role":"{}","content":""#,
        json_string(model),
        role.name()
    )
}

/// What stands between two contents, the second of which `role` says.
pub const fn between(role: Role) -> &'static str {
    match role {
        Role::System => r#""},{"role":"system","content":""#,
        Role::User => r#""},{"role":"user","content":""#,
        Role::Assistant => r#""},{"role":"assistant","content":""#,
    }
}
