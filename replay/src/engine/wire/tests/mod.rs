//! Events of every format one by one, whole responses, and streams as servers send them.

mod dialects;
mod formats;
mod whole;

use super::*;
use proptest::prelude::*;

/// The counts of prompt and answer, if there are any.
fn counts(reader: &Reader) -> Option<(Option<u32>, Option<u32>)> {
    let Usage { input, output } = reader.usage();
    (input.is_some() || output.is_some()).then_some((input, output))
}

#[test]
fn done_ends_a_stream_of_every_format_and_nothing_says_nothing() {
    for format in ResponseFormat::ALL {
        for data in ["[DONE]", " [DONE] "] {
            let mut reader = Reader::new(*format);
            for empty in ["", " "] {
                assert_eq!(reader.read(empty.as_bytes()), Event::Other);
            }
            assert!(!reader.is_complete());
            assert_eq!(reader.read(data.as_bytes()), Event::Done);
            assert!(reader.is_complete());
        }
    }
}

#[test]
fn what_is_not_json_is_malformed_where_it_must_be() {
    for format in ResponseFormat::ALL {
        let is_any = *format == ResponseFormat::Generic;
        for data in [
            "garbage",
            "<html></html>",
            "{\"choices\":[",
            "{\"a\" 1}",
            "{}}",
            "null",
            "\"x\"",
        ] {
            let event = Reader::new(*format).read(data.as_bytes());
            assert_eq!(event == Event::Malformed, !is_any, "{data} {format:?}");
            let whole = Reader::new(*format).read_whole(data.as_bytes(), false);
            assert_eq!(whole == Event::Malformed, !is_any, "{data} {format:?}");
        }
        for data in ["{}", "[]", " {\"a\":NaN}\n"] {
            assert_ne!(Reader::new(*format).read(data.as_bytes()), Event::Malformed);
            assert_eq!(
                Reader::new(*format).read_whole(data.as_bytes(), false),
                Event::Other
            );
        }
    }
}

/// A text that quotes a whole event of any format is a text.
#[test]
fn a_text_that_quotes_events_of_all_formats_is_only_a_text() {
    use ResponseFormat as Format;
    let quoted = [
        r#"{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":7}}"#,
        r#"{"type":"response.completed","response":{"usage":{"input_tokens":7,"output_tokens":7}}}"#,
        r#"{"type":"message_stop","error":{"message":"x"},"usage":{"output_tokens":7}}"#,
        r#"{"generated_text":"x","details":{"generated_tokens":7},"error":"x"}"#,
    ]
    .concat();
    let text = serde_json::to_string(&quoted).unwrap();
    for (format, event) in [
        (
            Format::OpenAiChat,
            r#"{"choices":[{"delta":{"content":TEXT},"finish_reason":null}]}"#,
        ),
        (
            Format::OpenAiCompletion,
            r#"{"choices":[{"text":TEXT,"finish_reason":null}]}"#,
        ),
        (
            Format::OpenAiResponses,
            r#"{"type":"response.output_text.delta","delta":TEXT}"#,
        ),
        (
            Format::AnthropicMessages,
            r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":TEXT}}"#,
        ),
        (
            Format::TgiGenerate,
            r#"{"token":{"text":TEXT,"special":false},"generated_text":null,"details":null}"#,
        ),
        (
            Format::KserveGenerate,
            r#"{"model_name":"m","text_output":TEXT}"#,
        ),
    ] {
        let read = |text: &str| {
            let mut reader = Reader::new(format);
            let event = reader.read(event.replace("TEXT", text).as_bytes());
            (event, reader.is_complete(), counts(&reader))
        };
        let may_end = format == Format::KserveGenerate;
        assert_eq!(read(&text), (Event::Output, may_end, None), "{event}");
        assert_eq!(read("null"), (Event::Other, may_end, None), "{event}");
        // What would be found if quotes were not escaped: the control.
        let unescaped = format!("\"\",{}", &quoted[1..quoted.len() - 1]);
        assert_ne!(read(&unescaped).0, Event::Output, "{event}");
    }
}

proptest! {
    /// Whatever the bytes are, there is an answer.
    #[test]
    fn any_bytes_are_survived(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"", "\\", "0", "9", " ", "null", "true", "[DONE]", "\u{fffd}",
            "\"choices\":[{", "\"delta\":{", "\"content\":", "\"text\"", "\"usage\":{", "\"completion_tokens\":",
            "\"type\":", "\"message_delta\"", "\"response.output_text.delta\"", "\"token\":{", "\"\\ud83d\"", "\"error\"",
        ]), 0..24),
        cut in any::<bool>(),
    ) {
        let data = pieces.concat();
        for format in ResponseFormat::ALL {
            let mut reader = Reader::new(*format);
            let event = reader.read(data.as_bytes());
            let whole = reader.read_whole(data.as_bytes(), cut);
            prop_assert!(!matches!(whole, Event::Done | Event::Output));
            let mut answer = Vec::new();
            for is_whole in [false, true] {
                answer::append_answer(*format, data.as_bytes(), is_whole, &mut answer);
            }
            if event == Event::Malformed {
                prop_assert!(answer.is_empty());
            }
            let string = format!("\"{}\"", String::from_utf8(answer).unwrap());
            prop_assert!(serde_json::from_str::<String>(&string).is_ok(), "{}", string);
        }
    }
}
