//! OpenAI's chat and completions: the two questions asked of an event while the clock runs, is it
//! output and what usage does it report (<https://platform.openai.com/docs/api-reference/chat>).
//!
//! Answered by searching for keys: inside a JSON string a quote is escaped, so an unescaped
//! `"content":` can only be a key, and in these events it has one meaning wherever it stands.

use super::json::{after_colon, is_text, last, member, number};
use super::{Event, Reading, Usage};
use memchr::memmem;

const OUTPUT_KEYS: [&[u8]; 5] = [
    b"\"content\"",
    b"\"text\"",
    b"\"reasoning_content\"",
    b"\"reasoning\"",
    b"\"arguments\"",
];

pub fn read(data: &[u8]) -> Reading {
    Reading {
        event: classify(data),
        may_end: finishes(data),
        usage: usage(data),
    }
}

pub fn read_whole(response: &[u8]) -> Reading {
    Reading {
        usage: usage(response),
        ..Reading::of(Event::Other)
    }
}

fn classify(data: &[u8]) -> Event {
    if OUTPUT_KEYS.iter().any(|key| has_text(data, key)) {
        return Event::Output;
    }
    match value_of(data, b"\"error\"") {
        Some([b'{' | b'"', ..]) if memmem::find(data, b"\"choices\"").is_none() => Event::Error,
        _ => Event::Other,
    }
}

/// Whether an event says why its answer ends: a `finish_reason` that is not null. Servers that
/// send no `[DONE]` send this.
fn finishes(data: &[u8]) -> bool {
    has_text(data, b"\"finish_reason\"")
}

/// Whether `key` stands in `data` with a string that is not empty.
fn has_text(data: &[u8], key: &[u8]) -> bool {
    memmem::find_iter(data, key).any(|at| after_colon(&data[at + key.len()..]).is_some_and(is_text))
}

/// What stands behind the first `key` and its colon.
fn value_of<'d>(data: &'d [u8], key: &[u8]) -> Option<&'d [u8]> {
    memmem::find_iter(data, key).find_map(|at| after_colon(&data[at + key.len()..]))
}

/// The usage object in an event or a whole response, if there is one that is not null. The last
/// one counts: servers that report as they go repeat it.
fn usage(data: &[u8]) -> Option<Usage> {
    let object = last(data, b"\"usage\"", |value| value.starts_with(b"{"))?;
    Some(Usage {
        input: member(object, b"prompt_tokens").and_then(number),
        output: member(object, b"completion_tokens").and_then(number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_apart() {
        for (data, expected) in [
            (
                r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
                Event::Other,
            ),
            (
                r#"{"choices":[{"delta":{"content":" hello"}}]}"#,
                Event::Output,
            ),
            (
                r#"{"choices": [{"delta": {"content" : "x"}}]}"#,
                Event::Output,
            ),
            (
                r#"{"choices":[{"delta":{"content":null,"reasoning_content":"hm"}}]}"#,
                Event::Output,
            ),
            (
                r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{"}}]}}]}"#,
                Event::Output,
            ),
            (r#"{"choices":[{"text":"a","index":0}]}"#, Event::Output),
            (
                r#"{"choices":[{"text":"","finish_reason":"length"}]}"#,
                Event::Other,
            ),
            (
                r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#,
                Event::Other,
            ),
            (r#"{"error":{"message":"out of memory"}}"#, Event::Error),
            (
                r#"{"choices":[{"delta":{"role":"say \"content\":\"x\""}}],"error":null}"#,
                Event::Other,
            ),
        ] {
            assert_eq!(classify(data.as_bytes()), expected, "{data}");
        }
    }

    #[test]
    fn a_finish_reason_ends_an_answer_and_null_does_not() {
        assert!(finishes(
            br#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#
        ));
        assert!(!finishes(
            br#"{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#
        ));
        assert!(!finishes(
            br#"{"choices":[{"delta":{"content":"\"finish_reason\":\"x\""}}]}"#
        ));
    }

    #[test]
    fn usage_is_found_where_it_is_and_only_there() {
        let both = Usage {
            input: Some(12),
            output: Some(3),
        };
        for (data, expected) in [
            (
                r#"{"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}}"#,
                Some(both),
            ),
            (
                r#"{"usage": {"total_tokens": 15, "completion_tokens": 3, "prompt_tokens": 12}}"#,
                Some(both),
            ),
            (r#"{"usage":null}"#, None),
            (r#"{"text":"\"usage\":{"}"#, None),
            (
                r#"{"usage":{"prompt_tokens":99999999999}}"#,
                Some(Usage::default()),
            ),
            (r#"{}"#, None),
        ] {
            assert_eq!(usage(data.as_bytes()), expected, "{data}");
        }
    }
}
