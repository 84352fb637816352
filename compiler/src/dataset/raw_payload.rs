//! A body a line, sent byte for byte. In a directory each file is a session, whose bodies follow
//! one another, and the file's name is its name.

use super::build::Builder;
use super::error::DataError;
use super::source::{Lines, files_of};
use super::{Turn, raw};
use crate::spec::SetKind;
use std::path::Path;

const EXPECTED: &str = "a JSONL file, each line the whole body of a request";

pub fn read(path: &Path) -> Result<Builder, DataError> {
    let mut builder = Builder::new(SetKind::RawPayload);
    if !path.is_dir() {
        let mut lines = Lines::open(path)?;
        while let Some(turn) = next(&mut lines, 0, &mut builder)? {
            builder.conversation(None, turn.line, vec![turn]);
        }
        builder.file(lines.close(EXPECTED)?);
        return Ok(builder);
    }
    for file in files_of(path, "every file of a directory of sessions")? {
        let mut lines = Lines::open(&file)?;
        let mut turns = Vec::new();
        while let Some(turn) = next(&mut lines, turns.len(), &mut builder)? {
            turns.push(turn);
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split(".jsonl").next().unwrap_or_default();
        let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
        let line = turns.first().map_or(1, |turn: &Turn| turn.line);
        let read = lines.close(EXPECTED)?;
        builder.conversation(is_plain.then(|| name.into()), line, turns);
        builder.file(read);
    }
    Ok(builder)
}

fn next(lines: &mut Lines, turns: usize, builder: &mut Builder) -> Result<Option<Turn>, DataError> {
    let Some(row) = lines.next()? else {
        return Ok(None);
    };
    builder.row(&row)?;
    builder.check_turns(turns, &row, 0)?;
    let json = row.parse()?;
    raw::read(row.whole(&json).named("body"), builder).map(Some)
}
