//! Embeddings and rerank: one whole JSON, of which only the usage is read.
//!
//! OpenAI's embeddings, NIM's rankings and vLLM's rerank report `usage`
//! (<https://platform.openai.com/docs/api-reference/embeddings/object>); nothing is generated, so a
//! `total_tokens` alone is the input. Cohere's rerank reports `meta.tokens.input_tokens` where it
//! reports tokens at all, Text Embeddings Inference reports nothing. Neither is ever streamed.

use super::json::{Broken, Cursor, document};
use super::{Event, Reading, Usage};

pub fn read(data: &[u8]) -> Result<Reading, Broken> {
    let mut reading = Reading::default();
    let (mut of_usage, mut of_meta) = (Usage::default(), Usage::default());
    document(data, |key, at| match key {
        b"usage" => usage(at).map(|usage| of_usage = usage),
        b"meta" => meta(at).map(|usage| of_meta = usage),
        b"error" => at.is_report().map(|is_error| {
            if is_error {
                reading.event = Event::Error;
            }
        }),
        _ => at.skip(),
    })?;
    reading.usage.input = of_usage.input.or(of_meta.input);
    Ok(reading)
}

pub fn usage(at: &mut Cursor<'_>) -> Result<Usage, Broken> {
    let (mut prompt, mut total) = (None, None);
    at.object(|key, at| match key {
        b"prompt_tokens" => at.number().map(|count| prompt = count),
        b"total_tokens" => at.number().map(|count| total = count),
        _ => at.skip(),
    })?;
    Ok(input(prompt.or(total)))
}

pub fn meta(at: &mut Cursor<'_>) -> Result<Usage, Broken> {
    let mut tokens = None;
    at.object(|key, at| match key {
        b"tokens" => at.object(|key, at| match key {
            b"input_tokens" => at.number().map(|count| tokens = count),
            _ => at.skip(),
        }),
        _ => at.skip(),
    })?;
    Ok(input(tokens))
}

fn input(input: Option<u32>) -> Usage {
    Usage {
        input,
        output: None,
    }
}
