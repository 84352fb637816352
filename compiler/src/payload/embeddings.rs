//! OpenAI `/v1/embeddings`: a list of texts, also if there is one (API reference, "Create
//! embeddings").

use super::{Element, joined};
use crate::escape::quoted;

/// Path behind the base URL.
pub const PATH: &str = "/v1/embeddings";

/// The body up to the first text; `fields` have a comma in front of each.
pub fn head(model: &str, fields: &str) -> String {
    format!(r#"{{"model":{}{fields},"input":[""#, quoted(model))
}

/// What stands between two texts, before the first, or behind the last. Further texts of a batch
/// are documents.
pub fn fence(previous: Option<Element>, next: Option<Element>) -> Option<String> {
    let ends = next.is_none() && joined::are_texts(previous, next);
    match ends {
        true => Some(r#""]"#.to_owned()),
        false => joined::documents(previous, next, (r#"",""#, r#"",""#, r#""]"#)),
    }
}

/// The body from behind the texts on.
pub const TAIL: &str = r#","encoding_format":"float"}"#;
