//! Anthropic's `/v1/messages`: typed events from `message_start` to `message_stop`
//! (<https://docs.anthropic.com/en/api/messages-streaming>).
//!
//! Output is a `content_block_delta` with text, thinking or the JSON of a tool's input that is not
//! empty (a tool's input begins with an empty one); a signature is none. Usage comes in two events:
//! the prompt in `message_start`, the generated tokens, counted from the beginning, in
//! `message_delta`. The prompt's tokens are all that were read, from the cache or not: the API
//! reports the three parts apart.

use super::json::{Broken, Cursor, document};
use super::{Event, Reading, Usage};

pub fn read(data: &[u8]) -> Result<Reading, Broken> {
    let mut kind = None;
    let (mut is_error, mut has_text) = (false, false);
    let mut reading = Reading::default();
    let text_place = document(data, |key, at| match key {
        b"type" => at.string().map(|found| kind = found),
        b"delta" => at.object(|key, at| match key {
            b"text" | b"thinking" | b"partial_json" => at.is_text().map(|has| has_text |= has),
            _ => at.skip(),
        }),
        // Its output tokens are those so far; the last count comes with `message_delta`.
        b"message" => at.object(|key, at| match key {
            b"usage" => usage(at).map(|usage| reading.usage.input = usage.input),
            _ => at.skip(),
        }),
        // Of `message_delta`, or of a whole message.
        b"usage" => usage(at).map(|usage| reading.usage = usage),
        b"error" => at.is_report().map(|report| is_error = report),
        _ => at.skip(),
    })?;
    let kind = kind.unwrap_or_default();
    reading.may_end = kind == b"message_stop";
    reading.event = match kind {
        _ if is_error || kind == b"error" => Event::Error,
        b"content_block_delta" if has_text => Event::Output,
        _ => Event::Other,
    };
    reading.text = text_place;
    Ok(reading)
}

pub fn usage(at: &mut Cursor<'_>) -> Result<Usage, Broken> {
    let mut usage = Usage::default();
    at.object(|key, at| match key {
        b"input_tokens" | b"cache_creation_input_tokens" | b"cache_read_input_tokens" => {
            let part = at.number()?;
            usage.input = match (usage.input, part) {
                (Some(sum), Some(part)) => Some(sum.saturating_add(part)),
                (sum, part) => sum.or(part),
            };
            Ok(())
        }
        b"output_tokens" => at.number().map(|count| usage.output = count),
        _ => at.skip(),
    })?;
    Ok(usage)
}
