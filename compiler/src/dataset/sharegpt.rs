//! ShareGPT: one JSON array of recorded conversations, each `{"id": .., "conversations": [{"from":
//! "human", "value": ..}, {"from": "gpt", "value": ..}, ..]}`.
//!
//! What a human says is a turn, what the model said behind it its recorded answer. Leaves out
//! conversations without a human, with empty messages, and with messages from or to tools.

use super::build::Builder;
use super::conversation::Messages;
use super::error::DataError;
use super::json::Value;
use super::row::{Item, Row};
use super::source::Elements;
use super::{Content, LeftOut, Said, Text, Turn};
use crate::payload::Role;
use crate::spec::SetKind;
use crate::spec::suggest::nearest;
use std::path::Path;
use traces::quote;

const WHOLE: &str = "a ShareGPT file is one array: [{\"conversations\": [{\"from\": \"human\", \"value\": ..}, ..]}, ..]";

/// Who speaks, in the words of the files that are about.
const SPEAKERS: [(&str, Option<Role>); 17] = [
    ("human", Some(Role::User)),
    ("user", Some(Role::User)),
    ("gpt", Some(Role::Assistant)),
    ("assistant", Some(Role::Assistant)),
    ("chatgpt", Some(Role::Assistant)),
    ("model", Some(Role::Assistant)),
    ("bing", Some(Role::Assistant)),
    ("bard", Some(Role::Assistant)),
    ("system", Some(Role::System)),
    ("tool", None),
    ("tools", None),
    ("tool_call", None),
    ("tool_response", None),
    ("function", None),
    ("function_call", None),
    ("function_response", None),
    ("observation", None),
];

pub fn read(path: &Path) -> Result<Builder, DataError> {
    let mut builder = Builder::new(SetKind::ShareGpt);
    let mut elements = Elements::open(path, WHOLE)?;
    elements.take(b'[', WHOLE)?;
    let mut rows = 0_u64;
    while let Some(row) = elements.next(WHOLE)? {
        builder.row(&row)?;
        rows += 1;
        read_conversation(&row, &mut builder)?;
    }
    let file = elements.close(WHOLE)?;
    if rows == 0 {
        return Err(DataError::file(
            &file.file,
            "the array is empty",
            format!("give {WHOLE}"),
        ));
    }
    builder.file(file);
    Ok(builder)
}

fn read_conversation(row: &Row<'_>, builder: &mut Builder) -> Result<(), DataError> {
    let json = row.parse()?;
    // Files have further keys, of which none says what is sent.
    let object = row.whole(&json).any_object()?;
    let id = object.get("id").map(|id| read_id(&id)).transpose()?;
    let id = id.filter(|id| !id.is_empty());
    let remedy = "write `conversations: [{from: human, value: ..}, {from: gpt, value: ..}]`";
    let said = object.required("conversations", remedy)?;
    let mut messages = Vec::new();
    let mut left_out = None;
    for item in said.list()? {
        let (role, value) = read_message(item)?;
        match role {
            None => left_out = left_out.or(Some(LeftOut::Tools)),
            Some(_) if value.text()?.trim().is_empty() => {
                left_out = left_out.or(Some(LeftOut::EmptyMessage));
            }
            Some(role) => messages.push((role, value)),
        }
    }
    if !messages.iter().any(|(role, _)| *role == Role::User) {
        left_out = left_out.or(Some(LeftOut::NoHuman));
    }
    if let Some(why) = left_out {
        builder.leave_out(why, row);
        return Ok(());
    }
    let mut conversation = Messages::default();
    for (role, value) in messages {
        builder.check_turns(conversation.turns.len(), row, value.json.at)?;
        let id = builder.text(value.text()?);
        match role {
            Role::User => conversation.turn(asked(&value, id)),
            role => conversation.message(role, id),
        }
    }
    builder.conversation(id, row.line, conversation.turns);
    Ok(())
}

/// Files number their conversations, or call them anything: the name is not sent.
fn read_id(item: &Item<'_>) -> Result<Box<str>, DataError> {
    match item.json.value {
        Value::Number(_) | Value::Bool(_) => Ok(item.raw().into()),
        _ => item.text().map(Box::from),
    }
}

/// Who says it, none for a tool, and what.
fn read_message(item: Item<'_>) -> Result<(Option<Role>, Item<'_>), DataError> {
    let message = item.named("message").any_object()?;
    let from = message.required("from", "write `from: human` or `from: gpt`")?;
    let word = from.text()?;
    let Some((_, role)) = SPEAKERS.iter().find(|(known, _)| *known == word) else {
        let names: Vec<&str> = SPEAKERS.iter().map(|(name, _)| *name).collect();
        let remedy = match nearest(word, &names) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "write human, gpt or system".to_owned(),
        };
        let what = format!("nobody is called \"{}\"", quote(word.as_bytes()));
        return Err(from.error(what, remedy));
    };
    let value = message.required("value", "write `value: ..`, the message")?;
    Ok((*role, value))
}

fn asked(value: &Item<'_>, id: super::Id) -> Turn {
    let is_query = false;
    Turn {
        line: value.row.place(value.json.at).0,
        content: Content::Said(Said {
            texts: vec![Text { id, is_query }],
            ..Said::default()
        }),
        output_tokens: None,
        at_ns: None,
        delay_ns: None,
        model: None,
        headers: Vec::new(),
    }
}
