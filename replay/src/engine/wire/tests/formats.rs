//! Each kind of event of each format, on its own.

use super::*;
use ResponseFormat as Format;

/// An event's data, what it is, whether the stream may end behind it, and its usage.
type Row<'a> = (&'a str, Event, bool, Option<(Option<u32>, Option<u32>)>);

/// Holds a table of events against one format, each as the first of its stream.
#[track_caller]
fn assert_read(format: Format, table: &[Row<'_>]) {
    for (data, event, may_end, usage) in table {
        let mut reader = Reader::new(format);
        let found = reader.read(data.as_bytes());
        let found = (found, reader.is_complete(), counts(&reader));
        assert_eq!(found, (*event, *may_end, *usage), "{data}");
    }
}

#[test]
fn openai() {
    let both = Some((Some(12), Some(3)));
    let table: &[Row<'_>] = &[
        (
            r#"{"choices":[{"delta":{"content":" hello"}}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices": [{"delta": {"content" : "x"}}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"role":"assistant","content":"x"}}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"content":null,"reasoning_content":"hm"}}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"refusal":"no"}}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"x"}]}}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{"}}]}}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"function_call":{"arguments":"{"}}}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"content":"x"},"finish_reason":"length"}]}"#,
            Event::Output,
            true,
            None,
        ),
        (
            r#"{"choices":[{"text":"a","index":0}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}"#,
            Event::Output,
            true,
            None,
        ),
        // Tokens without a text.
        (
            r#"{"choices":[{"delta":{"content":""},"finish_reason":null}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"text":"","finish_reason":null}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{},"logprobs":{"content":[]},"finish_reason":null}]}"#,
            Event::Output,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{},"token_ids":[7],"finish_reason":null}]}"#,
            Event::Output,
            false,
            None,
        ),
        // What begins and ends a message, and what is no token.
        (
            r#"{"choices":[{"delta":{"role":"assistant","content":""},"logprobs":{"content":[]}}]}"#,
            Event::Other,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#,
            Event::Other,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"role":"assistant"}}]}"#,
            Event::Other,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":""}}]}}]}"#,
            Event::Other,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"content":""},"finish_reason":"stop"}]}"#,
            Event::Other,
            true,
            None,
        ),
        (
            r#"{"choices":[{"finish_reason":"length","text":""}]}"#,
            Event::Other,
            true,
            None,
        ),
        (
            r#"{"choices":[{"delta":{},"logprobs":null,"token_ids":[],"finish_reason":null}]}"#,
            Event::Other,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":null,"content_filter_results":{"hate":{"filtered":false}}}]}"#,
            Event::Other,
            false,
            None,
        ),
        (
            r#"{"choices":[],"prompt_filter_results":[{"content":"x"}]}"#,
            Event::Other,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"role":"say \"content\":\"x\""}}],"error":null}"#,
            Event::Other,
            false,
            None,
        ),
        // Usage.
        (
            r#"{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}}"#,
            Event::Other,
            false,
            both,
        ),
        (
            r#"{"usage": {"total_tokens": 15, "completion_tokens": 3, "prompt_tokens": 12}, "choices": []}"#,
            Event::Other,
            false,
            both,
        ),
        (
            r#"{"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":12,"completion_tokens":3}}]}"#,
            Event::Other,
            true,
            both,
        ),
        (r#"{"choices":[],"usage":null}"#, Event::Other, false, None),
        (
            r#"{"choices":[],"usage":{"prompt_tokens":99999999999}}"#,
            Event::Other,
            false,
            None,
        ),
        (
            r#"{"choices":[{"delta":{"metadata":{"usage":{"prompt_tokens":1}}}}]}"#,
            Event::Other,
            false,
            None,
        ),
        // Errors.
        (
            r#"{"error":{"message":"out of memory"}}"#,
            Event::Error,
            false,
            None,
        ),
        (r#"{"error":"out of memory"}"#, Event::Error, false, None),
        (
            r#"{"object":"error","message":"out of memory","code":500}"#,
            Event::Error,
            false,
            None,
        ),
        (
            r#"{"error":{"code":502},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
            Event::Error,
            false,
            None,
        ),
    ];
    assert_read(Format::OpenAiChat, table);
    assert_read(Format::OpenAiCompletion, table);
}

#[test]
fn openai_responses() {
    assert_read(
        Format::OpenAiResponses,
        &[
            (
                r#"{"type":"response.created","response":{"status":"in_progress","instructions":"\"delta\":\"x\"","usage":null}}"#,
                Event::Other,
                false,
                None,
            ),
            (
                r#"{"type":"response.output_item.added","item":{"type":"message","status":"failed","content":[]}}"#,
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
fn anthropic_messages() {
    assert_read(
        Format::AnthropicMessages,
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
                r#"{"delta":{"text":"Hello","type":"text_delta"},"type":"content_block_delta"}"#,
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
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":""}}"#,
                Event::Other,
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
fn tgi_generate() {
    assert_read(
        Format::TgiGenerate,
        &[
            (
                r#"{"index":1,"token":{"id":7,"text":" hi","logprob":-0.5,"special":false},"generated_text":null,"details":null}"#,
                Event::Output,
                false,
                None,
            ),
            (
                r#"{"token":{"id":7,"text":"","logprob":null,"special":false},"generated_text":null,"details":null}"#,
                Event::Output,
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
                r#"{"token":{"text":"","special":false},"generated_text":" hi"}"#,
                Event::Other,
                true,
                None,
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
fn kserve_generate() {
    assert_read(
        Format::KserveGenerate,
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
            (
                r#"{"model_name":"m","text_output":["a","b"]}"#,
                Event::Output,
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

#[test]
fn generic() {
    assert_read(
        Format::Generic,
        &[
            ("anything", Event::Output, true, None),
            (
                r#"{"error":{"message":"x"},"usage":{"prompt_tokens":1}}"#,
                Event::Output,
                true,
                None,
            ),
            (" ", Event::Other, false, None),
        ],
    );
}
