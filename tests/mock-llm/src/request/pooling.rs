//! Embeddings, and rerank in three forms: Cohere's (`query`, `documents`,
//! <https://docs.cohere.com/reference/rerank>), that of Text Embeddings Inference (`query`,
//! `texts`) and NIM's (`query` and `passages`, each with a `text`).

use std::borrow::Cow;

use serde::Deserialize;

use super::words::Words;
use super::{Ask, Counts, Text, read};
use crate::words;

#[derive(Deserialize)]
struct Embeddings<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    input: Words,
    #[serde(borrow)]
    encoding_format: Option<Text<'a>>,
}

/// `/v1/embeddings`.
pub fn embeddings(body: &[u8]) -> Result<Ask<'_>, String> {
    let body: Embeddings<'_> = read(body)?;
    if body.input.texts == 0 {
        return Err("`input` is empty".to_owned());
    }
    let format = body
        .encoding_format
        .as_ref()
        .map_or("float", |text| &text.0);
    if !matches!(format, "float" | "base64") {
        return Err(format!(
            "`encoding_format` is {format}, not float or base64"
        ));
    }
    Ok(Ask {
        base64: format == "base64",
        model: Some(body.model),
        counts: Counts {
            documents: body.input.texts,
            ..Counts::words(body.input.words)
        },
        ..Ask::default()
    })
}

#[derive(Deserialize)]
struct Cohere<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    query: Text<'a>,
    #[serde(borrow)]
    documents: Vec<Document<'a>>,
    top_n: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Document<'a> {
    Bare(#[serde(borrow)] Text<'a>),
    Nested(#[serde(borrow)] Nested<'a>),
}

#[derive(Deserialize)]
struct Nested<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

/// `/v2/rerank` and `/v1/rerank`.
pub fn cohere(body: &[u8]) -> Result<Ask<'_>, String> {
    let body: Cohere<'_> = read(body)?;
    if body.top_n == Some(0) {
        return Err("`top_n` must be at least 1".to_owned());
    }
    let documents = body.documents.iter().map(|document| match document {
        Document::Bare(text) => text,
        Document::Nested(nested) => &nested.text,
    });
    Ok(Ask {
        counts: ranked("documents", &body.query, documents)?,
        model: Some(body.model),
        top_n: body.top_n,
        ..Ask::default()
    })
}

#[derive(Deserialize)]
struct Tei<'a> {
    #[serde(borrow)]
    query: Text<'a>,
    #[serde(borrow)]
    texts: Vec<Text<'a>>,
}

/// `/rerank`.
pub fn tei(body: &[u8]) -> Result<Ask<'_>, String> {
    let body: Tei<'_> = read(body)?;
    Ok(Ask {
        counts: ranked("texts", &body.query, body.texts.iter())?,
        ..Ask::default()
    })
}

#[derive(Deserialize)]
struct Nim<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    query: Nested<'a>,
    #[serde(borrow)]
    passages: Vec<Nested<'a>>,
}

/// `/v1/ranking`.
pub fn nim(body: &[u8]) -> Result<Ask<'_>, String> {
    let body: Nim<'_> = read(body)?;
    let passages = body.passages.iter().map(|passage| &passage.text);
    Ok(Ask {
        counts: ranked("passages", &body.query.text, passages)?,
        model: Some(body.model),
        ..Ask::default()
    })
}

/// What is counted in a query and its documents, at least one.
fn ranked<'t, 'a: 't>(
    field: &str,
    query: &Text<'a>,
    documents: impl ExactSizeIterator<Item = &'t Text<'a>>,
) -> Result<Counts, String> {
    if documents.len() == 0 {
        return Err(format!("`{field}` is empty"));
    }
    let number = documents.len() as u64;
    let words: u64 = documents.map(|text| words::count(&text.0)).sum();
    Ok(Counts {
        documents: number,
        ..Counts::words(words::count(&query.0) + words)
    })
}
