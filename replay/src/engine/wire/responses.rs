//! OpenAI's `/v1/responses`: typed events, each with its `type` at the top
//! (<https://platform.openai.com/docs/api-reference/responses-streaming>).
//!
//! Output is every `response.….delta` whose `delta` is a text: `output_text`, `refusal`,
//! `reasoning_text`, `reasoning_summary_text`, `function_call_arguments` and what may be added. The
//! `….done` events repeat what the deltas brought. There is no `[DONE]`: a stream is complete with
//! `response.completed`, or with `response.incomplete`, which says that a limit on tokens was
//! reached; `response.failed` and `error` are errors. A response that is no stream can be answered
//! 200 and have the `status` `failed`.

use super::json::{is, is_text, last, member, number, path, raw_text};
use super::{Event, Reading, Usage};

pub fn read(data: &[u8]) -> Reading {
    let kind = member(data, b"type").and_then(raw_text).unwrap_or(b"");
    match kind {
        b"response.completed" | b"response.incomplete" => Reading {
            event: Event::Other,
            may_end: true,
            usage: path(data, &[b"response", b"usage"]).and_then(usage),
        },
        b"response.failed" | b"error" => Reading::of(Event::Error),
        b"" if member(data, b"error").is_some_and(|value| value.starts_with(b"{")) => {
            Reading::of(Event::Error)
        }
        _ if kind.ends_with(b".delta") && member(data, b"delta").is_some_and(is_text) => {
            Reading::of(Event::Output)
        }
        _ => Reading::of(Event::Other),
    }
}

pub fn read_whole(response: &[u8]) -> Reading {
    let failed = member(response, b"status").is_some_and(|status| is(status, b"failed"));
    let event = if failed { Event::Error } else { Event::Other };
    Reading {
        usage: last(response, b"\"usage\"", |value| value.starts_with(b"{")).and_then(usage),
        ..Reading::of(event)
    }
}

fn usage(object: &[u8]) -> Option<Usage> {
    object.starts_with(b"{").then(|| Usage {
        input: member(object, b"input_tokens").and_then(number),
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
            ResponseFormat::OpenAiResponses,
            &[
                (
                    r#"{"type":"response.created","response":{"status":"in_progress","instructions":"\"delta\":\"x\"","usage":null}}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (
                    r#"{"type":"response.output_item.added","item":{"type":"message","content":[]}}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (
                    r#"{"type":"response.output_text.delta","item_id":"m","delta":" hi"}"#,
                    Event::Output,
                    false,
                    None,
                ),
                (
                    r#"{"delta" : " hi", "type" : "response.output_text.delta"}"#,
                    Event::Output,
                    false,
                    None,
                ),
                (
                    r#"{"type":"response.output_text.delta","delta":""}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (
                    r#"{"type":"response.reasoning_text.delta","delta":"hm"}"#,
                    Event::Output,
                    false,
                    None,
                ),
                (
                    r#"{"type":"response.function_call_arguments.delta","delta":"{\"a\":"}"#,
                    Event::Output,
                    false,
                    None,
                ),
                (
                    r#"{"type":"response.output_text.done","text":" hi"}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (
                    r#"{"type":"response.completed","response":{"output":[{"usage":{"input_tokens":9}}],"usage":{"input_tokens":12,"input_tokens_details":{"cached_tokens":4},"output_tokens":3}}}"#,
                    Event::Other,
                    true,
                    Some((Some(12), Some(3))),
                ),
                (
                    r#"{"type":"response.incomplete","response":{"usage":null}}"#,
                    Event::Other,
                    true,
                    None,
                ),
                (
                    r#"{"type":"response.failed","response":{"error":{"code":"server_error"}}}"#,
                    Event::Error,
                    false,
                    None,
                ),
                (
                    r#"{"type":"error","message":"overloaded"}"#,
                    Event::Error,
                    false,
                    None,
                ),
                (
                    r#"{"error":{"message":"overloaded"}}"#,
                    Event::Error,
                    false,
                    None,
                ),
                (
                    r#"{"type":"response.in_progress","response":{"metadata":{"type":"response.failed"},"error":null}}"#,
                    Event::Other,
                    false,
                    None,
                ),
            ],
        );
    }

    #[test]
    fn a_whole_response_has_usage_and_can_have_failed() {
        let whole = |text: &str| {
            let reading = read_whole(text.as_bytes());
            (
                reading.event,
                reading.usage.map(|usage| (usage.input, usage.output)),
            )
        };
        let good = r#"{"status":"completed","output":[],"usage":{"input_tokens":5,"output_tokens":2},"metadata":{"usage":"x"}}"#;
        assert_eq!(whole(good), (Event::Other, Some((Some(5), Some(2)))));
        assert_eq!(
            whole(&good[25..]),
            (Event::Other, Some((Some(5), Some(2)))),
            "only the end"
        );
        assert_eq!(
            whole(r#"{"status":"failed","error":{"code":"x"},"usage":null}"#),
            (Event::Error, None)
        );
    }
}
