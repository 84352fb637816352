//! Live history: the text that the server generated, as a later turn repeats it (WORKLOAD.md, section
//! 3). It goes from one JSON string to another: what the server escaped its own way is escaped here
//! in the one way that the section demands, piece by piece, so that what stands in one event alone
//! decides what it adds.
//!
//! Only texts of the first choice: no reasoning, no calls of tools, nothing of a format of which
//! nothing is known.

use super::escape::append_escaped;
use super::json::{Broken, Cursor, document};
use schemas::layout::ResponseFormat;

/// Appends the text of the first choice that an event carries, or a whole response if it `is_whole`,
/// escaped. Nothing is appended if there is none or if `data` is malformed.
pub fn append_answer(format: ResponseFormat, data: &[u8], is_whole: bool, out: &mut Vec<u8>) {
    let before = out.len();
    let data = data.trim_ascii();
    let read = match (format, is_whole) {
        (ResponseFormat::OpenAiChat | ResponseFormat::OpenAiCompletion, _) => openai(data, out),
        (ResponseFormat::OpenAiResponses, false) => responses_event(data, out),
        (ResponseFormat::OpenAiResponses, true) => responses(data, out),
        (ResponseFormat::AnthropicMessages, false) => anthropic_event(data, out),
        (ResponseFormat::AnthropicMessages, true) => {
            top_member(data, b"content", |at| parts(at, b"text", out))
        }
        (ResponseFormat::TgiGenerate, false) => tgi_event(data, out),
        (ResponseFormat::TgiGenerate, true) => top_text(data, b"generated_text", out),
        (ResponseFormat::KserveGenerate, _) => top_text(data, b"text_output", out),
        (
            ResponseFormat::OpenAiEmbeddings | ResponseFormat::Rerank | ResponseFormat::Generic,
            _,
        ) => Ok(()),
    };
    if read.is_err() {
        out.truncate(before);
    }
}

fn openai(data: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    document(data, |key, at| match key {
        b"choices" => at.array(|at| {
            let (mut index, mut text) = (None, None);
            at.object(|key, at| match key {
                b"index" => at.number().map(|found| index = found),
                b"text" => at.string().map(|found| text = found),
                b"delta" | b"message" => {
                    member(at, b"content", |at| at.string().map(|found| text = found))
                }
                _ => at.skip(),
            })?;
            if let (0, Some(text)) = (index.unwrap_or(0), text) {
                append_escaped(text, out);
            }
            Ok(())
        }),
        _ => at.skip(),
    })?;
    Ok(())
}

/// Appends the ids of the tokens of the first choice that an event carries. Nothing is appended if
/// it names none, or if `data` is malformed. vLLM names them in `choices[].token_ids` when a request
/// asks for that by `return_token_ids`, TGI always in `token.id`.
pub fn append_token_ids(format: ResponseFormat, data: &[u8], out: &mut Vec<u32>) {
    let before = out.len();
    let read = match format {
        ResponseFormat::OpenAiChat | ResponseFormat::OpenAiCompletion => openai_ids(data, out),
        ResponseFormat::TgiGenerate => tgi_id(data, out),
        _ => Ok(()),
    };
    if read.is_err() {
        out.truncate(before);
    }
}

fn openai_ids(data: &[u8], out: &mut Vec<u32>) -> Result<(), Broken> {
    top_member(data, b"choices", |at| {
        at.array(|at| {
            let (mut index, before) = (None, out.len());
            at.object(|key, at| match key {
                b"index" => at.number().map(|found| index = found),
                b"token_ids" => at.array(|at| at.number().map(|id| out.extend(id))),
                _ => at.skip(),
            })?;
            if index.unwrap_or(0) != 0 {
                out.truncate(before);
            }
            Ok(())
        })
    })
}

fn tgi_id(data: &[u8], out: &mut Vec<u32>) -> Result<(), Broken> {
    top_member(data, b"token", |at| {
        let (mut id, mut is_special) = (None, false);
        at.object(|key, at| match key {
            b"id" => at.number().map(|found| id = found),
            b"special" => at.begins(b"true").map(|special| is_special = special),
            _ => at.skip(),
        })?;
        out.extend(id.filter(|_| !is_special));
        Ok(())
    })
}

/// Appends the id that an event or a whole response gives the answer, escaped: its member `id` at the
/// top. Nothing is appended if there is none, or if `data` is malformed.
pub fn append_id(data: &[u8], out: &mut Vec<u8>) {
    let before = out.len();
    if top_text(data, b"id", out).is_err() {
        out.truncate(before);
    }
}

fn responses_event(data: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    let (mut kind, mut delta) = (None, None);
    document(data, |key, at| match key {
        b"type" => at.string().map(|found| kind = found),
        b"delta" => at.string().map(|found| delta = found),
        _ => at.skip(),
    })?;
    if let (Some(b"response.output_text.delta"), Some(text)) = (kind, delta) {
        append_escaped(text, out);
    }
    Ok(())
}

/// The texts of all messages that were put out.
fn responses(data: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    top_member(data, b"output", |at| {
        at.array(|at| member(at, b"content", |at| parts(at, b"output_text", out)))
    })
}

fn anthropic_event(data: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    let (mut kind, mut text) = (None, None);
    document(data, |key, at| match key {
        b"type" => at.string().map(|found| kind = found),
        b"delta" => member(at, b"text", |at| at.string().map(|found| text = found)),
        _ => at.skip(),
    })?;
    if let (Some(b"content_block_delta"), Some(text)) = (kind, text) {
        append_escaped(text, out);
    }
    Ok(())
}

fn tgi_event(data: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    top_member(data, b"token", |at| {
        let (mut text, mut is_special) = (None, false);
        at.object(|key, at| match key {
            b"text" => at.string().map(|found| text = found),
            b"special" => at.begins(b"true").map(|special| is_special = special),
            _ => at.skip(),
        })?;
        if let (false, Some(text)) = (is_special, text) {
            append_escaped(text, out);
        }
        Ok(())
    })
}

/// The texts of those parts in a list that are of one type.
fn parts(at: &mut Cursor<'_>, of: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    at.array(|at| {
        let (mut kind, mut text) = (None, None);
        at.object(|key, at| match key {
            b"type" => at.string().map(|found| kind = found),
            b"text" => at.string().map(|found| text = found),
            _ => at.skip(),
        })?;
        if let (true, Some(text)) = (kind == Some(of), text) {
            append_escaped(text, out);
        }
        Ok(())
    })
}

fn top_text(data: &[u8], key: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    top_member(data, key, |at| {
        if let Some(text) = at.string()? {
            append_escaped(text, out);
        }
        Ok(())
    })
}

/// Visits one member of an object at the top.
fn top_member<'d>(
    data: &'d [u8],
    key: &[u8],
    mut on_value: impl FnMut(&mut Cursor<'d>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    document(data, |found, at| match found == key {
        true => on_value(at),
        false => at.skip(),
    })?;
    Ok(())
}

/// Passes a value; if it is an object, visits one member of it.
fn member<'d>(
    at: &mut Cursor<'d>,
    key: &[u8],
    mut on_value: impl FnMut(&mut Cursor<'d>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    at.object(|found, at| match found == key {
        true => on_value(at),
        false => at.skip(),
    })
}

#[cfg(test)]
mod tests;
