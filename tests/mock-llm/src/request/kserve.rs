//! Triton's generate extension: `text_input`, with parameters beside it or in `parameters`. Whether
//! the answer is streamed is the path's to say; `/generate` refuses a `stream` that is true, as it
//! can give one response only.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Ask, Counts, read};
use crate::words;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    text_input: Cow<'a, str>,
    #[serde(default)]
    parameters: Parameters,
    #[serde(flatten)]
    beside: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    max_tokens: Option<u64>,
    stream: Option<bool>,
}

/// Reads a body.
pub fn parse(body: &[u8], stream: bool) -> Result<Ask<'_>, String> {
    let body: Body<'_> = read(body)?;
    let asked = body.parameters.stream.or(body.beside.stream);
    if !stream && asked == Some(true) {
        return Err("generate expects model to produce exactly 1 response".to_owned());
    }
    Ok(Ask {
        max_tokens: body.parameters.max_tokens.or(body.beside.max_tokens),
        stream,
        counts: Counts::words(words::count(&body.text_input)),
        ..Ask::default()
    })
}
