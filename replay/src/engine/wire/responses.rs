//! OpenAI's `/v1/responses`: typed events, each with its `type` at the top
//! (<https://platform.openai.com/docs/api-reference/responses-streaming>).
//!
//! Output is every `response.….delta` whose `delta` is a text: `output_text`, `refusal`,
//! `reasoning_text`, `reasoning_summary_text`, `function_call_arguments` and what may be added. An
//! empty one is none: nothing tells the last of a stream from a token without text. The `….done`
//! events repeat what the deltas brought. A stream is complete with `response.completed`, or with
//! `response.incomplete`, which says that a limit on tokens was reached; `response.failed` and
//! `error` are errors. A response that is no stream can be answered 200 and have the `status`
//! `failed`.

use super::json::{Broken, Cursor, document};
use super::{Event, Reading, Usage};

pub fn read(data: &[u8]) -> Result<Reading, Broken> {
    let (mut kind, mut status) = (None, None);
    let (mut is_error, mut has_text) = (false, false);
    let mut reading = Reading::default();
    let text_place = document(data, |key, at| match key {
        b"type" => at.string().map(|found| kind = found),
        b"delta" => at.is_text().map(|has| has_text = has),
        b"response" => at.object(|key, at| match key {
            b"usage" => usage(at).map(|usage| reading.usage = usage),
            _ => at.skip(),
        }),
        // The next two are a whole response's.
        b"status" => at.string().map(|found| status = found),
        b"usage" => usage(at).map(|usage| reading.usage = usage),
        b"error" => at.is_report().map(|report| is_error = report),
        _ => at.skip(),
    })?;
    let kind = kind.unwrap_or_default();
    is_error |= matches!(kind, b"response.failed" | b"error") || status == Some(b"failed");
    reading.may_end = matches!(kind, b"response.completed" | b"response.incomplete");
    reading.event = match () {
        () if is_error => Event::Error,
        () if has_text && kind.ends_with(b".delta") => Event::Output,
        () => Event::Other,
    };
    reading.text = text_place;
    Ok(reading)
}

pub fn usage(at: &mut Cursor<'_>) -> Result<Usage, Broken> {
    let mut usage = Usage::default();
    at.object(|key, at| match key {
        b"input_tokens" => at.number().map(|count| usage.input = count),
        b"output_tokens" => at.number().map(|count| usage.output = count),
        _ => at.skip(),
    })?;
    Ok(usage)
}
