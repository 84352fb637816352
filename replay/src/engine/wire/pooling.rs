//! Embeddings and rerank: one whole JSON, of which only the usage is read.
//!
//! OpenAI's embeddings, NIM's rankings and vLLM's rerank report `usage`
//! (<https://platform.openai.com/docs/api-reference/embeddings/object>); nothing is generated, so a
//! `total_tokens` alone is the input. Cohere's rerank reports `meta.tokens.input_tokens` where it
//! reports tokens at all, Text Embeddings Inference reports nothing. Neither is ever streamed.

use super::json::{last, member, number};
use super::{Event, Reading, Usage};

pub fn read(_: &[u8]) -> Reading {
    Reading::of(Event::Other)
}

pub fn read_whole(response: &[u8]) -> Reading {
    let object = |key: &[u8]| last(response, key, |value| value.starts_with(b"{"));
    let counted = |object: Option<&[u8]>, key: &[u8]| member(object?, key).and_then(number);
    let usage = object(b"\"usage\"");
    let input = counted(usage, b"prompt_tokens")
        .or_else(|| counted(usage, b"total_tokens"))
        .or_else(|| counted(object(b"\"tokens\""), b"input_tokens"));
    Reading {
        usage: input.map(|input| Usage {
            input: Some(input),
            output: None,
        }),
        ..Reading::of(Event::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_found_in_the_forms_that_servers_have() {
        for (response, input) in [
            (
                r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}"#,
                Some(8),
            ),
            (
                r#"0.5,0.25]}],"usage":{"prompt_tokens":8,"total_tokens":8}}"#,
                Some(8),
            ),
            (
                r#"{"results":[{"index":0,"relevance_score":0.5}],"usage":{"total_tokens":56}}"#,
                Some(56),
            ),
            (
                r#"{"results":[],"meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}}}"#,
                None,
            ),
            (
                r#"{"results":[],"meta":{"tokens":{"input_tokens":30,"output_tokens":0}}}"#,
                Some(30),
            ),
            (
                r#"{"rankings":[{"index":0,"logit":-1.5}],"usage":{"prompt_tokens":41,"total_tokens":41}}"#,
                Some(41),
            ),
            (r#"[{"index":0,"score":0.5}]"#, None),
            (
                r#"{"results":[{"index":0,"document":{"text":"\"usage\":{\"prompt_tokens\":3}"}}]}"#,
                None,
            ),
        ] {
            let usage = read_whole(response.as_bytes()).usage;
            assert_eq!(usage.and_then(|usage| usage.input), input, "{response}");
            assert!(usage.is_none_or(|usage| usage.output.is_none()));
        }
    }
}
