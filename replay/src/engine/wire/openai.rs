//! OpenAI's chat and completions (<https://platform.openai.com/docs/api-reference/chat>), as the
//! servers speak them that are like it.
//!
//! Output is an event with a choice that has a text in `content`, `reasoning_content`, `reasoning`,
//! `refusal`, `text` or the `arguments` of a call. So is one without a text that carries a token
//! nevertheless, such as half of a character: vLLM and TensorRT-LLM send an empty text then, and
//! with `logprobs` or `token_ids` perhaps none at all. What begins a message names its role, what
//! ends it has a `finish_reason`: neither is output without a text, unless (role only) the usage of
//! the event says that tokens were added.

use super::json::{Broken, Cursor, Text, document};
use super::{Event, Reading, Usage};

/// What was seen of a choice.
#[derive(Debug, Default)]
struct Choice {
    has_text: bool,
    has_empty_text: bool,
    has_role: bool,
    /// It tells of a token other than by its text.
    has_token: bool,
    finishes: bool,
}

pub fn read(data: &[u8]) -> Result<Reading, Broken> {
    let mut reading = Reading::default();
    let mut is_error = false;
    let text_place = document(data, |key, at| match key {
        b"choices" => at.array(|at| choice(at, &mut reading)),
        b"usage" => usage(at).map(|usage| reading.usage.update(usage)),
        b"error" => at.is_report().map(|report| is_error |= report),
        // Older vLLM, SGLang.
        b"object" => at.string().map(|kind| is_error |= kind == Some(b"error")),
        _ => at.skip(),
    })?;
    if is_error {
        reading.event = Event::Error;
    }
    reading.text = text_place;
    Ok(reading)
}

/// Passes a usage object, or whatever stands in its place.
pub fn usage(at: &mut Cursor<'_>) -> Result<Usage, Broken> {
    let mut usage = Usage::default();
    at.object(|key, at| match key {
        b"prompt_tokens" => at.number().map(|count| usage.input = count),
        b"completion_tokens" => at.number().map(|count| usage.output = count),
        _ => at.skip(),
    })?;
    Ok(usage)
}

fn choice(at: &mut Cursor<'_>, reading: &mut Reading) -> Result<(), Broken> {
    let mut choice = Choice::default();
    at.object(|key, at| match key {
        b"delta" | b"message" => at.object(|key, at| choice.message(key, at)),
        b"text" => at.text().map(|text| choice.text(text)),
        b"finish_reason" => at.is_text().map(|finishes| choice.finishes = finishes),
        b"logprobs" => at.begins(b"{").map(|has| choice.has_token |= has),
        b"token_ids" => at.is_list().map(|has| choice.has_token |= has),
        // Moonshot reports it here.
        b"usage" => usage(at).map(|usage| reading.usage.update(usage)),
        _ => at.skip(),
    })?;
    reading.may_end |= choice.finishes;
    reading.may_be_output |= !choice.finishes;
    if choice.is_output() {
        reading.event = Event::Output;
    }
    Ok(())
}

impl Choice {
    fn message<'d>(&mut self, key: &[u8], at: &mut Cursor<'d>) -> Result<(), Broken> {
        match key {
            b"content" | b"reasoning_content" | b"reasoning" | b"refusal" => {
                at.text().map(|text| self.text(text))
            }
            b"role" => at.is_text().map(|has| self.has_role = has),
            b"tool_calls" => at.array(|at| {
                at.object(|key, at| match key {
                    b"function" => self.call(at),
                    _ => at.skip(),
                })
            }),
            b"function_call" => self.call(at),
            _ => at.skip(),
        }
    }

    fn call(&mut self, at: &mut Cursor<'_>) -> Result<(), Broken> {
        at.object(|key, at| match key {
            b"arguments" => at.is_text().map(|has| self.has_text |= has),
            _ => at.skip(),
        })
    }

    fn text(&mut self, text: Text) {
        self.has_text |= text == Text::Some;
        self.has_empty_text |= text == Text::Empty;
    }

    fn is_output(&self) -> bool {
        let begins_or_ends = self.has_role || self.finishes;
        self.has_text || (!begins_or_ends && (self.has_empty_text || self.has_token))
    }
}
