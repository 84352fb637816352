//! What came back, read as it arrives: event borders, which event is a token, what the server
//! says it used, and the text that a later turn repeats. Everything else in a response is left alone.
//!
//! One file for each family of formats. Each answers the same question about one event of a stream
//! or about a whole response; which one is asked stands in the request's record.

pub mod answer;
pub mod cut;

mod anthropic;
mod escape;
mod generic;
mod json;
mod kserve;
mod lines;
mod openai;
mod pattern;
mod pooling;
mod responses;
mod tgi;

use json::{Broken, Place};
use pattern::Pattern;
use schemas::layout::ResponseFormat;

/// What an event is to the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Event {
    /// `[DONE]`.
    Done,
    /// Carries at least one token: text, reasoning or tool-call arguments, or a token that has no
    /// text yet.
    Output,
    /// Anything else: a role, a finish reason, usage.
    #[default]
    Other,
    /// The server reports an error in spite of its status.
    Error,
    /// Is not JSON, which it must be.
    Malformed,
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
    fn update(&mut self, later: Usage) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
    }
}

/// What an event, or a whole response, says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reading {
    event: Event,
    /// A stream that ends behind this event is complete.
    may_end: bool,
    /// Shows no output, but has some if the count of generated tokens has grown.
    may_be_output: bool,
    /// Token counts that it reports.
    usage: Usage,
    /// Where a text lies of which all this is independent, as long as it is not empty.
    text: Option<Place>,
}

/// Reads one response: event by event, or whole.
#[derive(Clone, Debug)]
pub struct Reader {
    format: ResponseFormat,
    pattern: Pattern,
    is_complete: bool,
    usage: Usage,
}

impl Reader {
    /// For a response that has not begun.
    pub fn new(format: ResponseFormat) -> Self {
        Reader {
            format,
            pattern: Pattern::new(),
            is_complete: false,
            usage: Usage::default(),
        }
    }

    /// Begins another response; keeps its memory.
    pub fn reset(&mut self, format: ResponseFormat) {
        self.format = format;
        self.pattern.forget();
        self.is_complete = false;
        self.usage = Usage::default();
    }

    /// Reads the next event of a stream. What is reported by one that is an error or malformed is
    /// not taken over.
    pub fn read(&mut self, data: &[u8]) -> Event {
        let data = data.trim_ascii();
        match data {
            b"" => return Event::Other,
            b"[DONE]" => {
                self.is_complete = true;
                return Event::Done;
            }
            _ => {}
        }
        let reading = match self.pattern.reading(data) {
            Some(reading) => reading,
            None => match read(self.format, data) {
                Ok(reading) => reading,
                Err(Broken) => return Event::Malformed,
            },
        };
        if reading.event == Event::Error {
            return Event::Error;
        }
        let has_grown = match (self.usage.output, reading.usage.output) {
            (Some(before), Some(now)) => now > before,
            _ => false,
        };
        if let Some(text) = reading.text {
            self.pattern.keep(data, text, reading);
        }
        self.is_complete |= reading.may_end;
        self.usage.update(reading.usage);
        match reading.event {
            Event::Other if reading.may_be_output && has_grown => Event::Output,
            event => event,
        }
    }

    /// Reads a response that is no stream: whether it is an error, malformed, or anything else. If
    /// it `is_cut`, only its end is given, and only usage is looked for in it.
    pub fn read_whole(&mut self, response: &[u8], is_cut: bool) -> Event {
        let response = response.trim_ascii();
        if is_cut {
            self.usage.update(last_usage(self.format, response));
            let ends = matches!(response.last(), Some(b'}' | b']'));
            return match ends || self.format == ResponseFormat::Generic {
                true => Event::Other,
                false => Event::Malformed,
            };
        }
        match read(self.format, response) {
            Err(Broken) => Event::Malformed,
            Ok(reading) => {
                self.usage.update(reading.usage);
                match reading.event {
                    Event::Error => Event::Error,
                    _ => Event::Other,
                }
            }
        }
    }

    /// The stream has said that it is complete, or may end where it is.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Token counts reported so far; a later count replaces an earlier one.
    pub fn usage(&self) -> Usage {
        self.usage
    }
}

/// Reads an event with data, or a whole response.
fn read(format: ResponseFormat, data: &[u8]) -> Result<Reading, Broken> {
    match format {
        ResponseFormat::OpenAiChat | ResponseFormat::OpenAiCompletion => openai::read(data),
        ResponseFormat::OpenAiEmbeddings | ResponseFormat::Rerank => pooling::read(data),
        ResponseFormat::OpenAiResponses => responses::read(data),
        ResponseFormat::AnthropicMessages => anthropic::read(data),
        ResponseFormat::TgiGenerate => tgi::read(data),
        ResponseFormat::KserveGenerate => kserve::read(data),
        ResponseFormat::Generic => Ok(generic::read(data)),
    }
}

/// The usage at the end of a response whose beginning was not kept.
fn last_usage(format: ResponseFormat, tail: &[u8]) -> Usage {
    let last = |key, read: fn(&mut json::Cursor<'_>) -> Result<Usage, Broken>| {
        json::last_object(tail, key).and_then(|mut at| read(&mut at).ok())
    };
    let usage = match format {
        ResponseFormat::OpenAiChat | ResponseFormat::OpenAiCompletion => {
            last(b"\"usage\"", openai::usage)
        }
        ResponseFormat::OpenAiEmbeddings | ResponseFormat::Rerank => {
            last(b"\"usage\"", pooling::usage).or_else(|| last(b"\"meta\"", pooling::meta))
        }
        ResponseFormat::OpenAiResponses => last(b"\"usage\"", responses::usage),
        ResponseFormat::AnthropicMessages => last(b"\"usage\"", anthropic::usage),
        ResponseFormat::TgiGenerate => last(b"\"details\"", tgi::usage),
        ResponseFormat::KserveGenerate | ResponseFormat::Generic => None,
    };
    usage.unwrap_or_default()
}

#[cfg(test)]
mod tests;
