//! Text Generation Inference: `/generate` and `/generate_stream`
//! (<https://huggingface.github.io/text-generation-inference/>, types in its `router/src/lib.rs`).
//!
//! An event is one token. Output is a token that is not special, with a text or without: half of a
//! character has none. An end-of-sequence token is special and no part of the generated text. The
//! last event has `generated_text`, in which a token without text is none, and with it `details`:
//! `generated_tokens`, and in newer versions `input_length`. There is no `[DONE]`. A response that is
//! no stream has `details` only if the request asks for them.

use super::json::{Broken, Cursor, Text, document};
use super::{Event, Reading, Usage};

pub fn read(data: &[u8]) -> Result<Reading, Broken> {
    let mut reading = Reading::default();
    let (mut text, mut is_special, mut is_error) = (Text::None, false, false);
    let text_place = document(data, |key, at| match key {
        b"token" => at.object(|key, at| match key {
            b"text" => at.text().map(|found| text = found),
            b"special" => at.begins(b"true").map(|special| is_special = special),
            _ => at.skip(),
        }),
        // An empty text is one, too: nothing but special tokens was generated.
        b"generated_text" => at.begins(b"\"").map(|is_last| reading.may_end = is_last),
        b"details" => usage(at).map(|usage| reading.usage = usage),
        b"error" => at.is_report().map(|report| is_error = report),
        _ => at.skip(),
    })?;
    let is_token = match text {
        Text::Some => true,
        Text::Empty => !reading.may_end,
        Text::None => false,
    };
    reading.event = match () {
        () if is_error => Event::Error,
        () if is_token && !is_special => Event::Output,
        () => Event::Other,
    };
    reading.text = text_place;
    Ok(reading)
}

pub fn usage(at: &mut Cursor<'_>) -> Result<Usage, Broken> {
    let mut usage = Usage::default();
    at.object(|key, at| match key {
        b"input_length" => at.number().map(|count| usage.input = count),
        b"generated_tokens" => at.number().map(|count| usage.output = count),
        _ => at.skip(),
    })?;
    Ok(usage)
}
