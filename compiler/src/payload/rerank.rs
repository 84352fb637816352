//! Documents ordered by a query, in the forms of Cohere (v2 API, "Rerank"), Text Embeddings
//! Inference (`/rerank`) and NVIDIA NIM (`/v1/ranking`).

use super::{Element, joined};
use crate::escape::quoted;
use crate::spec::RerankForm;

/// Path behind the base URL.
pub const fn path(form: RerankForm) -> &'static str {
    match form {
        RerankForm::Cohere => "/v2/rerank",
        RerankForm::Tei => "/rerank",
        RerankForm::Nim => "/v1/ranking",
    }
}

/// The body up to the query; `fields` have a comma in front of each.
pub fn head(form: RerankForm, model: &str, fields: &str) -> String {
    let model = quoted(model);
    match form {
        RerankForm::Cohere => format!(r#"{{"model":{model}{fields},"query":""#),
        RerankForm::Tei => match fields.strip_prefix(',') {
            Some(fields) => format!(r#"{{{fields},"query":""#),
            None => r#"{"query":""#.to_owned(),
        },
        RerankForm::Nim => format!(r#"{{"model":{model}{fields},"query":{{"text":""#),
    }
}

/// What stands between the query's texts, between documents, before the first or behind the last.
/// A query without documents is none.
pub fn fence(form: RerankForm, previous: Option<Element>, next: Option<Element>) -> Option<String> {
    let fences = match form {
        RerankForm::Cohere => (r#"","documents":[""#, r#"",""#, r#""]"#),
        RerankForm::Tei => (r#"","texts":[""#, r#"",""#, r#""]"#),
        RerankForm::Nim => (r#""},"passages":[{"text":""#, r#""},{"text":""#, r#""}]"#),
    };
    joined::documents(previous, next, fences)
}

/// The body from behind the documents on.
pub const TAIL: &str = "}";
