use super::*;
use ResponseFormat as Format;

#[track_caller]
fn answer(format: Format, is_whole: bool, pieces: &[&str]) -> String {
    let mut out = Vec::new();
    for data in pieces {
        append_answer(format, data.as_bytes(), is_whole, &mut out);
    }
    String::from_utf8(out).expect("an answer is UTF-8")
}

/// Events of a stream, a whole response, and the answer that both have.
type Row<'a> = (Format, &'a [&'a str], &'a str, &'a str);

const ROWS: &[Row<'_>] = &[
    (
        Format::OpenAiChat,
        &[
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":"no","content":null},"index":0}]}"#,
            r#"{"choices":[{"delta":{"content":"a \"q\""},"index":0}]}"#,
            r#"{"choices":[{"delta":{"content":"other"},"index":1}]}"#,
            r#"{"choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"content":"\u00e9\n"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"function":{"arguments":"{"}}]},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"completion_tokens":3}}"#,
            "[DONE]",
        ],
        r#"{"choices":[{"index":1,"message":{"content":"other"}},{"index":0,"message":{"role":"assistant","reasoning":"no","content":"a \"q\"é\n"}}]}"#,
        r#"a \"q\"é\u000a"#,
    ),
    (
        Format::OpenAiCompletion,
        &[
            r#"{"choices":[{"text":"a"}]}"#,
            r#"{"choices":[{"index":0,"text":"\/b"}]}"#,
        ],
        r#"{"choices":[{"text":"a/b"}]}"#,
        "a/b",
    ),
    (
        Format::OpenAiResponses,
        &[
            r#"{"type":"response.reasoning_text.delta","delta":"no"}"#,
            r#"{"type":"response.output_text.delta","delta":"a"}"#,
            r#"{"delta":"b","type":"response.output_text.delta"}"#,
            r#"{"type":"response.function_call_arguments.delta","delta":"no"}"#,
            r#"{"type":"response.output_text.done","text":"ab"}"#,
        ],
        r#"{"status":"completed","output":[{"type":"reasoning","content":[{"type":"reasoning_text","text":"no"}]},{"type":"message","content":[{"type":"output_text","text":"a"},{"text":"b","type":"output_text"}]}]}"#,
        "ab",
    ),
    (
        Format::AnthropicMessages,
        &[
            r#"{"type":"content_block_start","content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"no"}}"#,
            r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}"#,
            r#"{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"no"}}"#,
            r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"b"}}"#,
            r#"{"type":"message_stop"}"#,
        ],
        r#"{"type":"message","content":[{"type":"thinking","thinking":"no"},{"type":"text","text":"ab"}]}"#,
        "ab",
    ),
    (
        Format::TgiGenerate,
        &[
            r#"{"token":{"text":"a","special":false},"generated_text":null}"#,
            r#"{"token":{"text":"b","special":false},"top_tokens":[{"text":"no"}],"generated_text":null}"#,
            r#"{"token":{"text":"</s>","special":true},"generated_text":"ab"}"#,
        ],
        r#"[{"generated_text":"ab","details":{"tokens":[{"text":"a"}]}}]"#,
        "ab",
    ),
    (
        Format::KserveGenerate,
        &[
            r#"{"text_output":"a"}"#,
            r#"{"text_output":"b"}"#,
            r#"{"text_output":""}"#,
        ],
        r#"{"model_name":"m","text_output":"ab"}"#,
        "ab",
    ),
    (Format::Generic, &[r#"{"text":"a"}"#], r#"{"text":"a"}"#, ""),
    (Format::Rerank, &[], r#"{"text":"a"}"#, ""),
];

#[test]
fn an_answer_is_the_text_of_the_first_choice_streamed_or_whole() {
    for (format, events, whole, expected) in ROWS {
        assert_eq!(answer(*format, false, events), *expected, "{format:?}");
        assert_eq!(answer(*format, true, &[whole]), *expected, "{format:?}");
    }
}

#[test]
fn halves_of_a_character_in_two_events_are_each_replaced() {
    let event = |text: &str| format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#);
    let (whole, high, low) = (event(r"\ud83d\ude00"), event(r"\ud83d"), event(r"\ude00"));
    assert_eq!(answer(Format::OpenAiChat, false, &[&whole]), "😀");
    assert_eq!(
        answer(Format::OpenAiChat, false, &[&high, &low]),
        "\u{fffd}\u{fffd}"
    );
    // Bytes that are no UTF-8, in two events as in one.
    let (mut out, broken) = (Vec::new(), b"{\"text_output\":\"\xf0\x9f\"}");
    append_answer(Format::KserveGenerate, broken, false, &mut out);
    append_answer(Format::KserveGenerate, broken, false, &mut out);
    assert_eq!(out, "\u{fffd}\u{fffd}".as_bytes());
}

#[test]
fn nothing_of_a_malformed_event_is_taken() {
    let events = [
        r#"{"text_output":"a"}"#,
        r#"{"text_output":"b""#,
        r#"{"text_output":"c"}}"#,
    ];
    assert_eq!(answer(Format::KserveGenerate, false, &events), "a");
    let open = r#"{"choices":[{"text":"b"}"#;
    assert_eq!(answer(Format::OpenAiCompletion, true, &[open]), "");
}
