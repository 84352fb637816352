//! A request a line, in AIPerf's words. Lines of one `session_id` are sent one after the other, in
//! the order of the file; none repeats anything of another.

use super::build::Builder;
use super::error::DataError;
use super::source::Lines;
use super::{Turn, turn};
use crate::payload::Role;
use crate::spec::SetKind;
use std::collections::HashMap;
use std::path::Path;

const EXPECTED: &str = "a JSONL file, each line like {\"text\": \"Who are you?\"}";

/// Requests of one session so far.
struct Session {
    id: Option<Box<str>>,
    line: u64,
    turns: Vec<Turn>,
}

pub fn read(path: &Path) -> Result<Builder, DataError> {
    let mut builder = Builder::new(SetKind::SingleTurn);
    let mut lines = Lines::open(path)?;
    let mut sessions: Vec<Session> = Vec::new();
    // Only looked up, never walked.
    let mut known: HashMap<Box<str>, usize> = HashMap::new();
    while let Some(row) = lines.next()? {
        builder.row(&row)?;
        let json = row.parse()?;
        let object = row.whole(&json).object(&turn::KEYS)?;
        turn::check_type(&object, &builder)?;
        if let (role, Some(item)) = (turn::role(&object)?, object.get("role"))
            && role != Role::User
        {
            let what = "a line of a single_turn data set is what a user asks";
            let remedy = "write it into the `turns` of a multi_turn data set";
            return Err(item.error(what, remedy));
        }
        let id = turn::session_id(&object)?;
        let turn = turn::read(&object, None, &mut builder)?;
        let before = id.as_ref().and_then(|id| known.get(id)).copied();
        match before {
            Some(number) => {
                let turns = &mut sessions[number].turns;
                builder.check_turns(turns.len(), &row, 0)?;
                turns.push(turn);
            }
            None => {
                if let Some(id) = &id {
                    known.insert(id.clone(), sessions.len());
                }
                sessions.push(Session {
                    id,
                    line: row.line,
                    turns: vec![turn],
                });
            }
        }
    }
    for session in sessions {
        builder.conversation(session.id, session.line, session.turns);
    }
    builder.file(lines.close(EXPECTED)?);
    Ok(builder)
}
