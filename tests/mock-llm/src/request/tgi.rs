//! Text Generation Inference: `inputs` and `parameters` (its `router/src/lib.rs`). Whether the
//! answer is streamed is the path's to say.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Ask, Counts, read};
use crate::words;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    inputs: Cow<'a, str>,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    max_new_tokens: Option<u64>,
    details: Option<bool>,
}

/// Reads a body.
pub fn parse(body: &[u8], stream: bool) -> Result<Ask<'_>, String> {
    let body: Body<'_> = read(body)?;
    if body.inputs.is_empty() {
        return Err("Input validation error: `inputs` cannot be empty".to_owned());
    }
    Ok(Ask {
        max_tokens: body.parameters.max_new_tokens,
        stream,
        // A stream always ends with details.
        include_usage: stream || body.parameters.details.unwrap_or(false),
        counts: Counts::words(words::count(&body.inputs)),
        ..Ask::default()
    })
}
