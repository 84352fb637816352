//! Responses that are no stream, and the ends of long ones.

use super::*;
use ResponseFormat as Format;

type Row<'a> = (Format, &'a str, Event, Option<(Option<u32>, Option<u32>)>);

const WHOLE: &[Row<'_>] = &[
    (
        Format::OpenAiChat,
        r#"{"choices":[{"index":0,"message":{"content":"\"usage\":{\"prompt_tokens\":1}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#,
        Event::Other,
        Some((Some(5), Some(2))),
    ),
    (
        Format::OpenAiCompletion,
        r#"{"choices":[{"text":"a"}],"usage":null}"#,
        Event::Other,
        None,
    ),
    (
        Format::OpenAiResponses,
        r#"{"status":"completed","error":null,"output":[],"usage":{"input_tokens":5,"output_tokens":2},"metadata":{"usage":"x"}}"#,
        Event::Other,
        Some((Some(5), Some(2))),
    ),
    (
        Format::AnthropicMessages,
        r#"{"type":"message","content":[{"type":"text","text":"\"usage\":{\"input_tokens\":1}"}],"usage":{"input_tokens":5,"output_tokens":2}}"#,
        Event::Other,
        Some((Some(5), Some(2))),
    ),
    (
        Format::TgiGenerate,
        r#"{"generated_text":"x","details":{"finish_reason":"length","generated_tokens":3,"seed":null,"prefill":[],"tokens":[{"id":1}]}}"#,
        Event::Other,
        Some((None, Some(3))),
    ),
    (
        Format::TgiGenerate,
        r#"[{"generated_text":"x","details":{"generated_tokens":3}}]"#,
        Event::Other,
        Some((None, Some(3))),
    ),
    (
        Format::TgiGenerate,
        r#"{"generated_text":"\"details\":{}"}"#,
        Event::Other,
        None,
    ),
    (
        Format::KserveGenerate,
        r#"{"text_output":"x"}"#,
        Event::Other,
        None,
    ),
    (
        Format::OpenAiEmbeddings,
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}"#,
        Event::Other,
        Some((Some(8), None)),
    ),
    (
        Format::Rerank,
        r#"{"results":[{"index":0,"relevance_score":0.5}],"usage":{"total_tokens":56}}"#,
        Event::Other,
        Some((Some(56), None)),
    ),
    (
        Format::Rerank,
        r#"{"results":[],"meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}}}"#,
        Event::Other,
        None,
    ),
    (
        Format::Rerank,
        r#"{"results":[],"meta":{"tokens":{"input_tokens":30,"output_tokens":0}}}"#,
        Event::Other,
        Some((Some(30), None)),
    ),
    (
        Format::Rerank,
        r#"{"rankings":[{"index":0,"logit":-1.5}],"usage":{"prompt_tokens":41,"total_tokens":41}}"#,
        Event::Other,
        Some((Some(41), None)),
    ),
    (
        Format::Rerank,
        r#"[{"index":0,"score":0.5}]"#,
        Event::Other,
        None,
    ),
    (
        Format::Rerank,
        r#"{"results":[{"index":0,"document":{"text":"\"usage\":{\"prompt_tokens\":3}"}}]}"#,
        Event::Other,
        None,
    ),
    (
        Format::Generic,
        r#"{"error":"x","usage":{"prompt_tokens":3}}"#,
        Event::Other,
        None,
    ),
];

const ERRORS: &[(Format, &str)] = &[
    (Format::OpenAiChat, r#"{"error":{"message":"x"}}"#),
    (
        Format::OpenAiCompletion,
        r#"{"object":"error","message":"x"}"#,
    ),
    (Format::OpenAiEmbeddings, r#"{"error":"x"}"#),
    (Format::Rerank, r#"{"error":"x","error_type":"Backend"}"#),
    (
        Format::OpenAiResponses,
        r#"{"status":"failed","error":{"code":"x"},"usage":null}"#,
    ),
    (Format::OpenAiResponses, r#"{"status":"failed"}"#),
    (
        Format::AnthropicMessages,
        r#"{"type":"error","error":{"type":"api_error","message":"x"}}"#,
    ),
    (
        Format::TgiGenerate,
        r#"{"error":"x","error_type":"generation"}"#,
    ),
    (Format::KserveGenerate, r#"{"error":"x"}"#),
];

#[test]
fn usage_is_found_in_a_whole_response_and_at_the_end_of_one() {
    for (format, response, event, usage) in WHOLE {
        let mut reader = Reader::new(*format);
        let found = reader.read_whole(response.as_bytes(), false);
        assert_eq!((found, counts(&reader)), (*event, *usage), "{response}");
        for cut in 1..10 {
            let mut reader = Reader::new(*format);
            let found = reader.read_whole(&response.as_bytes()[cut..], true);
            assert_eq!(
                (found, counts(&reader)),
                (*event, *usage),
                "{response} {cut}"
            );
        }
    }
}

#[test]
fn an_error_in_spite_of_the_status_is_one() {
    for (format, response) in ERRORS {
        let found = Reader::new(*format).read_whole(response.as_bytes(), false);
        assert_eq!(found, Event::Error, "{response}");
    }
}

#[test]
fn a_response_that_is_broken_off_is_malformed_as_far_as_that_can_be_told() {
    for (format, response, ..) in WHOLE {
        let broken = &response.as_bytes()[..response.len() - 1];
        for is_cut in [false, true] {
            let found = Reader::new(*format).read_whole(broken, is_cut);
            // Of an end alone, nothing but its last bracket can be looked at.
            let ends = is_cut && broken.ends_with(b"}") | broken.ends_with(b"]");
            let is_malformed = *format != Format::Generic && !ends;
            assert_eq!(
                found == Event::Malformed,
                is_malformed,
                "{response} {is_cut}"
            );
        }
    }
}
