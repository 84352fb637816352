//! Text Generation Inference: `/generate` and `/generate_stream`
//! (<https://huggingface.github.io/text-generation-inference/>, types in its `router/src/lib.rs`).
//!
//! An event is one token. Output is a token with text that is not special: an end-of-sequence token
//! is no part of the generated text. The last event has `generated_text` and, with it, `details`:
//! `generated_tokens`, and in newer versions `input_length`. There is no `[DONE]`. A response that
//! is no stream has `details` only if the request asks for them.

use super::json::{is_text, last, member, number, path};
use super::{Event, Reading, Usage};

pub fn read(data: &[u8]) -> Reading {
    if member(data, b"error").is_some_and(is_text) {
        return Reading::of(Event::Error);
    }
    let has_text = path(data, &[b"token", b"text"]).is_some_and(is_text);
    let special = path(data, &[b"token", b"special"]).is_some_and(|at| at.starts_with(b"true"));
    Reading {
        event: if has_text && !special {
            Event::Output
        } else {
            Event::Other
        },
        // An empty text is one, too: nothing but special tokens was generated.
        may_end: member(data, b"generated_text").is_some_and(|value| value.starts_with(b"\"")),
        usage: member(data, b"details").and_then(usage),
    }
}

pub fn read_whole(response: &[u8]) -> Reading {
    Reading {
        usage: last(response, b"\"details\"", |value| value.starts_with(b"{")).and_then(usage),
        ..Reading::of(Event::Other)
    }
}

fn usage(details: &[u8]) -> Option<Usage> {
    details.starts_with(b"{").then(|| Usage {
        input: member(details, b"input_length").and_then(number),
        output: member(details, b"generated_tokens").and_then(number),
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
            ResponseFormat::TgiGenerate,
            &[
                (
                    r#"{"index":1,"token":{"id":7,"text":" hi","logprob":-0.5,"special":false},"generated_text":null,"details":null}"#,
                    Event::Output,
                    false,
                    None,
                ),
                (
                    r#"{"token":{"id":7,"text":"","logprob":null,"special":false},"generated_text":null,"details":null}"#,
                    Event::Other,
                    false,
                    None,
                ),
                (
                    r#"{"index":2,"token":{"id":2,"text":"</s>","logprob":0.0,"special":true},"generated_text":" hi","details":{"finish_reason":"eos_token","generated_tokens":2,"seed":null}}"#,
                    Event::Other,
                    true,
                    Some((None, Some(2))),
                ),
                (
                    r#"{"index":2,"token":{"id":3,"text":" a","logprob":0.0,"special":false},"generated_text":" hi a","details":{"finish_reason":"length","generated_tokens":2,"seed":null,"input_length":9}}"#,
                    Event::Output,
                    true,
                    Some((Some(9), Some(2))),
                ),
                (
                    r#"{"token":{"text":"</s>","special":true},"generated_text":"","details":null}"#,
                    Event::Other,
                    true,
                    None,
                ),
                (
                    r#"{"token":{"text":" a","special":false},"top_tokens":[{"text":" b","special":true}],"generated_text":null}"#,
                    Event::Output,
                    false,
                    None,
                ),
                (
                    r#"{"error":"Request failed during generation","error_type":"generation"}"#,
                    Event::Error,
                    false,
                    None,
                ),
            ],
        );
    }

    #[test]
    fn a_whole_response_has_usage_if_it_has_details() {
        let whole = r#"{"generated_text":"x","details":{"finish_reason":"length","generated_tokens":3,"seed":null,"prefill":[],"tokens":[{"id":1}]}}"#;
        let usage = Some(Usage {
            input: None,
            output: Some(3),
        });
        assert_eq!(read_whole(whole.as_bytes()).usage, usage);
        assert_eq!(read_whole(format!("[{whole}]").as_bytes()).usage, usage);
        assert_eq!(
            read_whole(br#"{"generated_text":"\"details\":{}"}"#).usage,
            None
        );
    }
}
