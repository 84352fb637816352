//! A conversation a line, in AIPerf's words. Lines of one `session_id` are one conversation. A turn
//! of an assistant is the recorded answer to the turn before it; one of the system, or of an
//! assistant where there is nothing to answer, stands in front of the next turn of a user.

use super::build::Builder;
use super::conversation::Messages;
use super::error::DataError;
use super::row::{Item, Keys};
use super::source::Lines;
use super::{Content, turn};
use crate::payload::Role;
use crate::spec::SetKind;
use std::collections::HashMap;
use std::path::Path;

const EXPECTED: &str =
    "a JSONL file, each line like {\"turns\": [{\"text\": \"Hello\"}, {\"text\": \"Why?\"}]}";

const KEYS: Keys = Keys {
    known: &["session_id", "turns", "type"],
    refused: &[(
        "text",
        "a line of a multi_turn data set is a conversation",
        "write `turns: [{text: ..}]`, or set `data.type: single_turn`",
    )],
};

/// A conversation so far.
struct Session {
    id: Option<Box<str>>,
    line: u64,
    messages: Messages,
}

pub fn read(path: &Path) -> Result<Builder, DataError> {
    let mut builder = Builder::new(SetKind::MultiTurn);
    let mut lines = Lines::open(path)?;
    let mut sessions: Vec<Session> = Vec::new();
    // Only looked up, never walked.
    let mut known: HashMap<Box<str>, usize> = HashMap::new();
    while let Some(row) = lines.next()? {
        builder.row(&row)?;
        let json = row.parse()?;
        let object = row.whole(&json).object(&KEYS)?;
        turn::check_type(&object, &builder)?;
        let id = turn::session_id(&object)?;
        let number = match id.as_ref().and_then(|id| known.get(id)) {
            Some(number) => *number,
            None => {
                if let Some(id) = &id {
                    known.insert(id.clone(), sessions.len());
                }
                let (line, messages) = (row.line, Messages::default());
                sessions.push(Session { id, line, messages });
                sessions.len() - 1
            }
        };
        let messages = &mut sessions[number].messages;
        let turns = object.required("turns", "write `turns: [{text: ..}, ..]`")?;
        let mut last = None;
        for item in turns.list()? {
            builder.check_turns(messages.turns.len(), &row, item.json.at)?;
            last = Some(item);
            read_turn(item, messages, &mut builder)?;
        }
        let Some(last) = last else {
            return Err(turns.error("there is no turn", "write at least one, like {text: ..}"));
        };
        if messages.hangs() {
            let what = "no turn of a user stands behind it, so it would not be sent";
            return Err(last
                .named("turn")
                .error(what, "write the user's turn behind it, or remove it"));
        }
    }
    for Session { id, line, messages } in sessions {
        builder.conversation(id, line, messages.turns);
    }
    builder.file(lines.close(EXPECTED)?);
    Ok(builder)
}

fn read_turn(
    item: Item<'_>,
    messages: &mut Messages,
    builder: &mut Builder,
) -> Result<(), DataError> {
    let object = item.named("turn").object(&turn::KEYS)?;
    if let Some(foreign) = object.get("session_id") {
        let what = "a session is a whole line";
        return Err(foreign.error(what, "write it beside `turns`"));
    }
    let role = turn::role(&object)?;
    let turn = turn::read(&object, None, builder)?;
    if role == Role::User {
        messages.turn(turn);
        return Ok(());
    }
    let foreign = [
        "images",
        "image",
        "audios",
        "audio",
        "timestamp",
        "delay",
        "output_length",
    ];
    let foreign = foreign.iter().chain(&["extra", "headers", "model"]);
    if let Some(foreign) = foreign.filter_map(|key| object.get(key)).next() {
        let what = format!(
            "the turn of the {} is no request, it is repeated in one",
            role.name()
        );
        return Err(foreign.error(what, "remove it: such a turn has text only"));
    }
    if let Content::Said(said) = turn.content {
        for text in said.texts {
            messages.message(role, text.id);
        }
    }
    Ok(())
}
