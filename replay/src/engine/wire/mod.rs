//! What came back, read as it arrives: event borders, which event is a token, what the server
//! says it used. Everything else in a response is left alone.
//!
//! One file for each family of formats. Each answers the same question about one event of a stream
//! and about a whole response; which one is asked stands in the request's record.

mod anthropic;
mod generic;
mod json;
mod kserve;
mod openai;
mod pooling;
mod responses;
pub mod sse;
mod tgi;

use schemas::layout::ResponseFormat;

/// What an event is to the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// `[DONE]`.
    Done,
    /// Carries generated text, reasoning or tool-call arguments.
    Output,
    /// Anything else: a role, a finish reason, usage.
    Other,
    /// The server reports an error inside the stream.
    Error,
}

/// Token counts as the server reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input: Option<u32>,
    /// Generated tokens.
    pub output: Option<u32>,
}

impl Usage {
    /// Takes over what a later event reports; what it is silent about stays.
    pub fn update(&mut self, later: Usage) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
    }
}

/// What an event, or a whole response, says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it is to the clock.
    pub event: Event,
    /// A stream that ends behind this event is complete.
    pub may_end: bool,
    /// Token counts that it reports.
    pub usage: Option<Usage>,
}

impl Reading {
    /// An event that says nothing but what it is.
    fn of(event: Event) -> Self {
        Reading {
            event,
            may_end: false,
            usage: None,
        }
    }
}

/// Reads one event of a stream.
pub fn read(format: ResponseFormat, data: &[u8]) -> Reading {
    if data == b"[DONE]" {
        return Reading {
            may_end: true,
            ..Reading::of(Event::Done)
        };
    }
    match format {
        ResponseFormat::OpenAiChat | ResponseFormat::OpenAiCompletion => openai::read(data),
        ResponseFormat::OpenAiEmbeddings | ResponseFormat::Rerank => pooling::read(data),
        ResponseFormat::OpenAiResponses => responses::read(data),
        ResponseFormat::AnthropicMessages => anthropic::read(data),
        ResponseFormat::TgiGenerate => tgi::read(data),
        ResponseFormat::KserveGenerate => kserve::read(data),
        ResponseFormat::Generic => generic::read(data),
    }
}

/// Reads a response that is no stream, or the end of one that is too long to be kept whole. Its
/// event is [`Event::Error`] if it reports one in spite of its status.
pub fn read_whole(format: ResponseFormat, response: &[u8]) -> Reading {
    match format {
        ResponseFormat::OpenAiChat | ResponseFormat::OpenAiCompletion => {
            openai::read_whole(response)
        }
        ResponseFormat::OpenAiEmbeddings | ResponseFormat::Rerank => pooling::read_whole(response),
        ResponseFormat::OpenAiResponses => responses::read_whole(response),
        ResponseFormat::AnthropicMessages => anthropic::read_whole(response),
        ResponseFormat::TgiGenerate => tgi::read_whole(response),
        ResponseFormat::KserveGenerate | ResponseFormat::Generic => Reading::of(Event::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event's data, what it is, whether the stream may end behind it, and its usage.
    type Row<'a> = (&'a str, Event, bool, Option<(Option<u32>, Option<u32>)>);

    /// Holds a table of events against one format.
    #[track_caller]
    pub fn assert_read(format: ResponseFormat, table: &[Row<'_>]) {
        for (data, event, may_end, usage) in table {
            let expected = Reading {
                event: *event,
                may_end: *may_end,
                usage: usage.map(|(input, output)| Usage { input, output }),
            };
            assert_eq!(read(format, data.as_bytes()), expected, "{data}");
        }
    }

    #[test]
    fn done_ends_a_stream_of_every_format() {
        for format in ResponseFormat::ALL {
            let done = read(*format, b"[DONE]");
            assert_eq!((done.event, done.may_end), (Event::Done, true));
        }
    }

    /// A text that quotes a whole event of any format is a text.
    #[test]
    fn a_text_that_quotes_events_of_all_formats_is_only_a_text() {
        let quoted = [
            r#"{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":7}}"#,
            r#"{"type":"response.completed","response":{"usage":{"input_tokens":7,"output_tokens":7}}}"#,
            r#"{"type":"message_stop","error":{"message":"x"},"usage":{"output_tokens":7}}"#,
            r#"{"generated_text":"x","details":{"generated_tokens":7},"error":"x"}"#,
        ]
        .concat();
        let text = serde_json::to_string(&quoted).unwrap();
        use ResponseFormat as Format;
        for (format, event, may_end) in [
            (
                Format::OpenAiChat,
                r#"{"choices":[{"delta":{"content":TEXT},"finish_reason":null}]}"#,
                false,
            ),
            (
                Format::OpenAiCompletion,
                r#"{"choices":[{"text":TEXT,"finish_reason":null}]}"#,
                false,
            ),
            (
                Format::OpenAiResponses,
                r#"{"type":"response.output_text.delta","delta":TEXT}"#,
                false,
            ),
            (
                Format::AnthropicMessages,
                r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":TEXT}}"#,
                false,
            ),
            (
                Format::TgiGenerate,
                r#"{"token":{"text":TEXT,"special":false},"generated_text":null,"details":null}"#,
                false,
            ),
            (
                Format::KserveGenerate,
                r#"{"model_name":"m","text_output":TEXT}"#,
                true,
            ),
        ] {
            let expected = Reading {
                event: Event::Output,
                may_end,
                usage: None,
            };
            let with_text = event.replace("TEXT", &text);
            assert_eq!(read(format, with_text.as_bytes()), expected, "{with_text}");
            let without = event.replace("TEXT", "\"\"");
            assert_eq!(
                read(format, without.as_bytes()).event,
                Event::Other,
                "{without}"
            );
            // What would be found if quotes were not escaped: the control.
            let unescaped = event.replace("TEXT", &format!("\"\",{}", &quoted[1..]));
            assert_ne!(read(format, unescaped.as_bytes()), expected, "{unescaped}");
        }
    }
}
