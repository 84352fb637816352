//! Anthropic's `/v1/messages`: typed events from `message_start` to `message_stop`
//! (<https://docs.anthropic.com/en/api/messages-streaming>).
//!
//! Output is a `content_block_delta` with text, thinking or the JSON of a tool's input that is not
//! empty; a signature is none. Usage comes in two events: the prompt in `message_start`, the
//! generated tokens, counted from the beginning, in `message_delta`. The prompt's tokens are all
//! that were read, from the cache or not: the API reports the three parts apart.

use super::json::{is_text, last, member, number, path, raw_text};
use super::{Event, Reading, Usage};

/// The parts of a prompt, each of which may be missing.
const INPUT_KEYS: [&[u8]; 3] = [
    b"input_tokens",
    b"cache_creation_input_tokens",
    b"cache_read_input_tokens",
];
const DELTA_KEYS: [&[u8]; 3] = [b"text", b"thinking", b"partial_json"];

pub fn read(data: &[u8]) -> Reading {
    match member(data, b"type").and_then(raw_text).unwrap_or(b"") {
        b"content_block_delta" if has_text(data) => Reading::of(Event::Output),
        b"message_start" => Reading {
            // Its output tokens are those so far; the last count comes with `message_delta`.
            usage: path(data, &[b"message", b"usage"])
                .and_then(usage)
                .map(|usage| Usage {
                    output: None,
                    ..usage
                }),
            ..Reading::of(Event::Other)
        },
        b"message_delta" => Reading {
            usage: member(data, b"usage").and_then(usage),
            ..Reading::of(Event::Other)
        },
        b"message_stop" => Reading {
            may_end: true,
            ..Reading::of(Event::Other)
        },
        b"error" => Reading::of(Event::Error),
        _ => Reading::of(Event::Other),
    }
}

pub fn read_whole(response: &[u8]) -> Reading {
    Reading {
        usage: last(response, b"\"usage\"", |value| value.starts_with(b"{")).and_then(usage),
        ..Reading::of(Event::Other)
    }
}

fn has_text(data: &[u8]) -> bool {
    let Some(delta) = member(data, b"delta") else {
        return false;
    };
    DELTA_KEYS
        .iter()
        .any(|key| member(delta, key).is_some_and(is_text))
}

fn usage(object: &[u8]) -> Option<Usage> {
    if !object.starts_with(b"{") {
        return None;
    }
    let part = |key: &&[u8]| member(object, key).and_then(number);
    Some(Usage {
        input: INPUT_KEYS
            .iter()
            .filter_map(part)
            .reduce(u32::saturating_add),
        output: member(object, b"output_tokens").and_then(number),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_read;
    use super::*;
    use schemas::layout::ResponseFormat;

    #[test]
    fn events_are_told_apart() {
        assert_read(
            ResponseFormat::AnthropicMessages,
            &[
                (
                    r#"{"type":"message_start","message":{"type":"message","role":"assistant","content":[],"usage":{"input_tokens":25,"output_tokens":1}}}"#,
                    Event::Other,
                    false,
                    Some((Some(25), None)),
                ),
                (
                    r#"{"type":"message_start","message":{"usage":{"input_tokens":5,"cache_creation_input_tokens":null,"cache_read_input_tokens":20}}}"#,
                    Event::Other,
                    false,
                    Some((Some(25), None)),
                ),
                (
                    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (
                    r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","input":{"text":"x"}}}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (r#"{"type": "ping"}"#, Event::Other, false, None),
                (
                    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#,
                    Event::Output,
                    false,
                    None,
                ),
                (
                    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (
                    r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
                    Event::Output,
                    false,
                    None,
                ),
                (
                    r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a"}}"#,
                    Event::Output,
                    false,
                    None,
                ),
                (
                    r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (
                    r#"{"type":"content_block_stop","index":0}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (
                    r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":15}}"#,
                    Event::Other,
                    false,
                    Some((None, Some(15))),
                ),
                (r#"{"type":"message_stop"}"#, Event::Other, true, None),
                (
                    r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                    Event::Error,
                    false,
                    None,
                ),
                (
                    r#"{"type":"one_day","text":"new"}"#,
                    Event::Other,
                    false,
                    None,
                ),
            ],
        );
    }

    #[test]
    fn a_whole_message_has_usage() {
        let message = r#"{"type":"message","content":[{"type":"text","text":"\"usage\":{\"input_tokens\":1}"}],"usage":{"input_tokens":5,"output_tokens":2}}"#;
        let both = Some(Usage {
            input: Some(5),
            output: Some(2),
        });
        assert_eq!(read_whole(message.as_bytes()).usage, both);
        assert_eq!(read_whole(&message.as_bytes()[60..]).usage, both);
        assert_eq!(read_whole(b"{\"usage\":null}").usage, None);
    }
}
