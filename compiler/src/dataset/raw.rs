//! A body that is sent as it is, and what can be read off it: model, streaming, the length of the
//! answer, and the texts of its prompt, which are counted. Also read by who exports a body.

use super::build::{Builder, Prompt};
use super::error::DataError;
use super::json::{Entry, Json, Value};
use super::row::{Item, Object};
use super::secrets;
use super::{Content, Turn};

/// Where bodies say how long an answer may be; the first that is there counts.
const LENGTHS: [&str; 5] = [
    "max_completion_tokens",
    "max_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "max_tokens_to_sample",
];

/// Where bodies have texts for the model.
const PROMPTS: [&str; 9] = [
    "system",
    "instructions",
    "messages",
    "prompt",
    "input",
    "inputs",
    "text_input",
    "query",
    "documents",
];

/// Inside those, what is no text for the model.
const NO_TEXTS: [&str; 6] = ["role", "type", "url", "data", "id", "name"];

/// A turn with the body at `item`.
pub fn read(item: Item<'_>, builder: &mut Builder) -> Result<Turn, DataError> {
    let body = item.any_object()?;
    for entry in item.entries()? {
        secrets::refuse_key(item.row, entry)?;
    }
    let streams = match body.get("stream") {
        Some(stream) => stream.bool()?,
        None => false,
    };
    let mut prompt = Prompt::default();
    said(item.entries()?, &mut |part| match part {
        Said::Text(text) => prompt.texts.push(builder.prompts.add(text)),
        Said::Token => prompt.tokens = prompt.tokens.saturating_add(1),
    });
    Ok(Turn {
        line: item.row.place(item.json.at).0,
        output_tokens: output_tokens(&body)?,
        at_ns: None,
        delay_ns: None,
        model: match body.get("model") {
            Some(model) => Some(model.text()?.into()),
            None => None,
        },
        headers: Vec::new(),
        content: Content::Raw(builder.raw(&item, prompt, streams)),
    })
}

fn output_tokens(body: &Object<'_>) -> Result<Option<u32>, DataError> {
    // TGI keeps it in a block of its own.
    let parameters = body.get("parameters").map(Item::any_object);
    let parameters = parameters.and_then(Result::ok);
    let blocks = [Some(*body), parameters];
    let found = blocks
        .iter()
        .flatten()
        .find_map(|block| LENGTHS.iter().find_map(|key| block.get(key)));
    found.map(|length| length.tokens()).transpose()
}

/// What a body says to the model.
pub enum Said<'j> {
    Text(&'j str),
    /// A number in a list of tokens.
    Token,
}

/// Hands every text and token for the model of a body, whose members these are, to `each`.
pub fn said<'j>(members: &'j [Entry<'_>], each: &mut dyn FnMut(Said<'j>)) {
    for key in PROMPTS {
        if let Some(member) = members.iter().find(|member| member.key == key) {
            gather(&member.value, each);
        }
    }
}

/// Every text for the model in `json`; in a list of numbers each is a token.
fn gather<'j>(json: &'j Json<'_>, each: &mut dyn FnMut(Said<'j>)) {
    match &json.value {
        Value::Text(text) => each(Said::Text(text)),
        Value::Number(_) => each(Said::Token),
        Value::List(items) => {
            for item in items {
                gather(item, each);
            }
        }
        Value::Object(entries) => {
            for entry in entries {
                let is_number = matches!(entry.value.value, Value::Number(_));
                if !is_number && !NO_TEXTS.contains(&&*entry.key) {
                    gather(&entry.value, each);
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}
