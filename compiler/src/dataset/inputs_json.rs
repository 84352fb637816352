//! AIPerf's `inputs.json`: `{"data": [{"session_id": .., "payloads": [{..}, ..]}, ..]}`. The
//! payloads of a session are bodies that are sent as they are, one after the other.

use super::build::Builder;
use super::error::DataError;
use super::row::{Keys, Row};
use super::source::Elements;
use super::{raw, turn};
use crate::spec::SetKind;
use std::collections::BTreeSet;
use std::path::Path;
use traces::quote;

const WHOLE: &str =
    "an inputs.json is {\"data\": [{\"session_id\": \"..\", \"payloads\": [{..}, ..]}, ..]}";

const KEYS: Keys = Keys {
    known: &["session_id", "payloads"],
    refused: &[],
};

pub fn read(path: &Path) -> Result<Builder, DataError> {
    let mut builder = Builder::new(SetKind::InputsJson);
    let mut elements = Elements::open(path, WHOLE)?;
    elements.take(b'{', WHOLE)?;
    let key = elements.one(WHOLE)?;
    if key.parse()?.value != super::json::Value::Text("data".into()) {
        let found = quote(key.text.trim().as_bytes());
        return Err(key.error(
            0,
            format!("expected the key \"data\", found {found}"),
            WHOLE,
        ));
    }
    elements.take(b':', WHOLE)?;
    elements.take(b'[', WHOLE)?;
    let mut known = BTreeSet::new();
    while let Some(row) = elements.next(WHOLE)? {
        builder.row(&row)?;
        read_session(&row, &mut known, &mut builder)?;
    }
    elements.take(b'}', WHOLE)?;
    let file = elements.close(WHOLE)?;
    if known.is_empty() {
        return Err(DataError::file(
            &file.file,
            "there is no session in `data`",
            WHOLE,
        ));
    }
    builder.file(file);
    Ok(builder)
}

fn read_session(
    row: &Row<'_>,
    known: &mut BTreeSet<Box<str>>,
    builder: &mut Builder,
) -> Result<(), DataError> {
    let json = row.parse()?;
    let session = row.whole(&json).object(&KEYS)?;
    let item = session.required("session_id", "write the session's name")?;
    let id = turn::name(&item)?;
    if !known.insert(id.clone()) {
        let what = format!("there is a session \"{}\" already", quote(id.as_bytes()));
        return Err(item.error(
            what,
            "give each session its own name, with all its payloads",
        ));
    }
    let payloads = session.required("payloads", "write `payloads: [{..}, ..]`, the bodies")?;
    let mut turns = Vec::new();
    for body in payloads.list()? {
        builder.check_turns(turns.len(), row, body.json.at)?;
        turns.push(raw::read(body.named("payload"), builder)?);
    }
    if turns.is_empty() {
        return Err(payloads.error(
            "there is no payload",
            "write at least one body, or remove the session",
        ));
    }
    builder.conversation(Some(id), row.line, turns);
    Ok(())
}
