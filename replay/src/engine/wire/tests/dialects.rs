//! Streams as servers send them: which events are output, which is the first, what is counted.

use super::*;
use ResponseFormat as Format;

/// A server's stream, each event with whether it is output.
struct Stream<'a> {
    server: &'a str,
    format: Format,
    events: &'a [(&'a str, bool)],
    usage: Option<(Option<u32>, Option<u32>)>,
}

const STREAMS: &[Stream<'_>] = &[
    Stream {
        server: "OpenAI, usage asked for",
        format: Format::OpenAiChat,
        events: &[
            (
                r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"a1"}"#,
                false,
            ),
            (
                r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"b"}"#,
                true,
            ),
            (
                r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" there"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":""}"#,
                true,
            ),
            (
                r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null,"obfuscation":"c2"}"#,
                false,
            ),
            (
                r#"{"object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12},"obfuscation":"d"}"#,
                false,
            ),
            ("[DONE]", false),
        ],
        usage: Some((Some(9), Some(3))),
    },
    Stream {
        server: "OpenAI, a tool is called, usage not asked for",
        format: Format::OpenAiChat,
        events: &[
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}"#,
                false,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\""}}]},"finish_reason":null}]}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
                false,
            ),
            ("[DONE]", false),
        ],
        usage: None,
    },
    Stream {
        server: "vLLM chat, a character of two tokens",
        format: Format::OpenAiChat,
        events: &[
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}"#,
                false,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":null}]}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":"🦀"},"logprobs":null,"finish_reason":null}]}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":" and more of it"},"logprobs":null,"finish_reason":null}]}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":null}]}"#,
                false,
            ),
            (
                r#"{"choices":[],"usage":{"prompt_tokens":4,"total_tokens":11,"completion_tokens":7}}"#,
                false,
            ),
            ("[DONE]", false),
        ],
        usage: Some((Some(4), Some(7))),
    },
    Stream {
        server: "vLLM chat with usage in each event, a parser holds texts back",
        format: Format::OpenAiChat,
        events: &[
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":4,"total_tokens":4,"completion_tokens":0}}"#,
                false,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"reasoning":"hm"},"finish_reason":null}],"usage":{"prompt_tokens":4,"total_tokens":5,"completion_tokens":1}}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":null}],"usage":{"prompt_tokens":4,"total_tokens":6,"completion_tokens":2}}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":null}],"usage":{"prompt_tokens":4,"total_tokens":6,"completion_tokens":2}}"#,
                false,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}],"usage":{"prompt_tokens":4,"total_tokens":9,"completion_tokens":5}}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":4,"total_tokens":10,"completion_tokens":6}}"#,
                false,
            ),
            (
                r#"{"choices":[],"usage":{"prompt_tokens":4,"total_tokens":10,"completion_tokens":6}}"#,
                false,
            ),
            ("[DONE]", false),
        ],
        usage: Some((Some(4), Some(6))),
    },
    Stream {
        server: "vLLM completions",
        format: Format::OpenAiCompletion,
        events: &[
            (
                r#"{"object":"text_completion","choices":[{"index":0,"text":"","logprobs":null,"finish_reason":null,"stop_reason":null}]}"#,
                true,
            ),
            (
                r#"{"object":"text_completion","choices":[{"index":0,"text":"é","logprobs":null,"finish_reason":null,"stop_reason":null}]}"#,
                true,
            ),
            (
                r#"{"object":"text_completion","choices":[{"index":0,"text":" x","logprobs":null,"finish_reason":"length","stop_reason":null}]}"#,
                true,
            ),
            (
                r#"{"object":"text_completion","choices":[],"usage":{"prompt_tokens":4,"total_tokens":7,"completion_tokens":3}}"#,
                false,
            ),
            ("[DONE]", false),
        ],
        usage: Some((Some(4), Some(3))),
    },
    Stream {
        server: "SGLang with nulls for all it does not say and usage in each event",
        format: Format::OpenAiChat,
        events: &[
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":null,"tool_calls":null},"logprobs":null,"finish_reason":null,"matched_stop":null}],"usage":null}"#,
                false,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"role":null,"content":null,"reasoning_content":"hm","tool_calls":null},"logprobs":null,"finish_reason":null,"matched_stop":null}],"usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"role":null,"content":"a","reasoning_content":null,"tool_calls":null},"logprobs":null,"finish_reason":null,"matched_stop":null}],"usage":{"prompt_tokens":8,"completion_tokens":4,"total_tokens":12}}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"role":null,"content":null,"reasoning_content":null,"tool_calls":null},"logprobs":{"content":[{"token":"","logprob":-0.1}]},"finish_reason":null,"matched_stop":null}],"usage":null}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"role":null,"content":null,"reasoning_content":null,"tool_calls":null},"logprobs":null,"finish_reason":"stop","matched_stop":2}],"usage":null}"#,
                false,
            ),
            (
                r#"{"choices":[],"usage":{"prompt_tokens":8,"total_tokens":14,"completion_tokens":6,"prompt_tokens_details":null}}"#,
                false,
            ),
            ("[DONE]", false),
        ],
        usage: Some((Some(8), Some(6))),
    },
    Stream {
        server: "TensorRT-LLM serve, without nulls",
        format: Format::OpenAiChat,
        events: &[
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant"}}]} "#,
                false,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":"","reasoning_content":""}}]}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":"a","reasoning_content":""}}]}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"content":"","reasoning_content":""},"finish_reason":"stop"}]}"#,
                false,
            ),
            (
                r#"{"choices":[],"usage":{"prompt_tokens":3,"total_tokens":6,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":0}}}"#,
                false,
            ),
            ("[DONE]", false),
        ],
        usage: Some((Some(3), Some(3))),
    },
    Stream {
        server: "Text Generation Inference chat: a role in each event",
        format: Format::OpenAiChat,
        events: &[
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":" b"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
                true,
            ),
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":"stop"}],"usage":null}"#,
                false,
            ),
            (
                r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":3,"total_tokens":6}}"#,
                false,
            ),
            ("[DONE]", false),
        ],
        usage: Some((Some(3), Some(3))),
    },
    Stream {
        server: "llama.cpp chat: usage beside the finish reason, no [DONE]",
        format: Format::OpenAiChat,
        events: &[
            (
                r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"object":"chat.completion.chunk"}"#,
                false,
            ),
            (
                r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"a"}}],"object":"chat.completion.chunk"}"#,
                true,
            ),
            (
                r#"{"choices":[{"finish_reason":"length","index":0,"delta":{}}],"object":"chat.completion.chunk","usage":{"completion_tokens":1,"prompt_tokens":5,"total_tokens":6},"timings":{"prompt_n":5,"predicted_n":1}}"#,
                false,
            ),
        ],
        usage: Some((Some(5), Some(1))),
    },
    Stream {
        server: "Text Generation Inference",
        format: Format::TgiGenerate,
        events: &[
            (
                r#"{"index":1,"token":{"id":1,"text":"","logprob":-0.1,"special":false},"generated_text":null,"details":null}"#,
                true,
            ),
            (
                r#"{"index":2,"token":{"id":2,"text":"é","logprob":-0.1,"special":false},"generated_text":null,"details":null}"#,
                true,
            ),
            (
                r#"{"index":3,"token":{"id":0,"text":"</s>","logprob":-0.1,"special":true},"generated_text":"é","details":{"finish_reason":"eos_token","generated_tokens":3,"seed":null,"input_length":4}}"#,
                false,
            ),
        ],
        usage: Some((Some(4), Some(3))),
    },
    Stream {
        server: "Triton with a TensorRT-LLM ensemble",
        format: Format::KserveGenerate,
        events: &[
            (
                r#"{"context_logits":0.0,"cum_log_probs":0.0,"model_name":"ensemble","model_version":"1","sequence_end":false,"sequence_id":0,"text_output":"a"}"#,
                true,
            ),
            (
                r#"{"context_logits":0.0,"cum_log_probs":0.0,"model_name":"ensemble","model_version":"1","sequence_end":false,"sequence_id":0,"text_output":" b"}"#,
                true,
            ),
            (
                r#"{"context_logits":0.0,"cum_log_probs":0.0,"model_name":"ensemble","model_version":"1","sequence_end":false,"sequence_id":0,"text_output":""}"#,
                false,
            ),
        ],
        usage: None,
    },
    Stream {
        server: "Triton with vLLM",
        format: Format::KserveGenerate,
        events: &[
            (
                r#"{"model_name":"vllm","model_version":"1","text_output":"a"}"#,
                true,
            ),
            (
                r#"{"model_name":"vllm","model_version":"1","text_output":" b"}"#,
                true,
            ),
        ],
        usage: None,
    },
    Stream {
        server: "vLLM messages: the prompt is counted at the end",
        format: Format::AnthropicMessages,
        events: &[
            (
                r#"{"type":"message_start","message":{"id":"m","content":[],"model":"m","stop_reason":null,"usage":{"input_tokens":0,"output_tokens":0}}}"#,
                false,
            ),
            (
                r#"{"index":0,"type":"content_block_start","content_block":{"type":"text","text":""}}"#,
                false,
            ),
            (
                r#"{"index":0,"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}"#,
                true,
            ),
            (r#"{"index":0,"type":"content_block_stop"}"#, false),
            (
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":4,"output_tokens":2}}"#,
                false,
            ),
            (r#"{"type":"message_stop"}"#, false),
        ],
        usage: Some((Some(4), Some(2))),
    },
    Stream {
        server: "OpenAI responses",
        format: Format::OpenAiResponses,
        events: &[
            (
                r#"{"type":"response.created","sequence_number":0,"response":{"status":"in_progress","error":null,"output":[],"usage":null}}"#,
                false,
            ),
            (
                r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","status":"in_progress","content":[]}}"#,
                false,
            ),
            (
                r#"{"type":"response.content_part.added","part":{"type":"output_text","text":""}}"#,
                false,
            ),
            (
                r#"{"type":"response.output_text.delta","output_index":0,"delta":"a","logprobs":[]}"#,
                true,
            ),
            (r#"{"type":"response.output_text.done","text":"a"}"#, false),
            (
                r#"{"type":"response.completed","response":{"status":"completed","error":null,"usage":{"input_tokens":4,"output_tokens":2}}}"#,
                false,
            ),
        ],
        usage: Some((Some(4), Some(2))),
    },
];

#[test]
fn tokens_of_every_server_are_counted_and_the_first_is_found() {
    for stream in STREAMS {
        let mut reader = Reader::new(stream.format);
        for (place, (data, is_output)) in stream.events.iter().enumerate() {
            let event = reader.read(data.as_bytes());
            assert_eq!(
                event == Event::Output,
                *is_output,
                "{} {place}",
                stream.server
            );
            assert!(!matches!(event, Event::Error | Event::Malformed), "{data}");
        }
        assert!(reader.is_complete(), "{}", stream.server);
        assert_eq!(counts(&reader), stream.usage, "{}", stream.server);
    }
}

#[test]
fn a_stream_without_its_end_is_not_complete() {
    for stream in STREAMS
        .iter()
        .filter(|stream| stream.format != Format::KserveGenerate)
    {
        let mut reader = Reader::new(stream.format);
        let last = stream.events.iter().rposition(|(_, is_output)| *is_output);
        let middle = &stream.events[..last.expect("tokens")];
        for (data, _) in middle {
            reader.read(data.as_bytes());
        }
        assert!(!reader.is_complete(), "{}", stream.server);
    }
}
