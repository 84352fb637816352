//! Triton's generate extension of the KServe v2 protocol: `/v2/models/…/generate` and
//! `/generate_stream` (its `extension_generate` document).
//!
//! Output is an event whose `text_output` is not empty, be it the text so far or what is new:
//! backends do either. Nothing in an event says that it is the last; the stream is complete when it
//! ends after one. An `error` may come after the status. Usage is not reported.

use super::json::{is_text, member};
use super::{Event, Reading};

pub fn read(data: &[u8]) -> Reading {
    if member(data, b"error").is_some_and(is_text) {
        return Reading::of(Event::Error);
    }
    let has_text = member(data, b"text_output").is_some_and(is_text);
    Reading {
        may_end: true,
        ..Reading::of(if has_text {
            Event::Output
        } else {
            Event::Other
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_read;
    use super::*;
    use schemas::layout::ResponseFormat;

    #[test]
    fn events_are_told_apart() {
        assert_read(
            ResponseFormat::KserveGenerate,
            &[
                (
                    r#"{"model_name":"m","model_version":"1","text_output":" hi"}"#,
                    Event::Output,
                    true,
                    None,
                ),
                (
                    r#"{"context_logits":0.0,"model_name":"m","model_version":"1","output_log_probs":[0.0],"text_output":""}"#,
                    Event::Other,
                    true,
                    None,
                ),
                (r#"{"error":"inference failed"}"#, Event::Error, false, None),
                (
                    r#"{"model_name":"m","parameters":{"error":"x"},"text_output":"a"}"#,
                    Event::Output,
                    true,
                    None,
                ),
            ],
        );
    }
}
