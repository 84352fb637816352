//! Pools of lines in AIPerf's words: a file is one pool, a directory one for each of its files, in
//! the order of their names. A request is made of one line of each pool.

use super::build::Builder;
use super::error::DataError;
use super::row::Keys;
use super::source::{Lines, files_of};
use super::turn;
use crate::spec::SetKind;
use std::path::Path;

const EXPECTED: &str = "a JSONL file, each line like {\"text\": \"Who are you?\"}";
const PART: &str =
    "a line of a pool is a part of a request, and says what is sent, not when or how";
const SINGLE: &str = "remove it, or set `data.type: single_turn`";

const KEYS: Keys = Keys {
    known: &[
        "text", "texts", "image", "images", "audio", "audios", "type",
    ],
    refused: &[
        ("role", PART, SINGLE),
        ("session_id", PART, SINGLE),
        ("timestamp", PART, SINGLE),
        ("delay", PART, SINGLE),
        ("output_length", PART, SINGLE),
        ("extra", PART, SINGLE),
        ("headers", PART, SINGLE),
        ("model", PART, SINGLE),
        (
            "video",
            "video is not sent: no endpoint here takes it",
            SINGLE,
        ),
        (
            "videos",
            "video is not sent: no endpoint here takes it",
            SINGLE,
        ),
    ],
};

pub fn read(path: &Path) -> Result<Builder, DataError> {
    let mut builder = Builder::new(SetKind::RandomPool);
    if !path.is_dir() {
        read_pool(path, &mut builder)?;
        return Ok(builder);
    }
    for file in files_of(path, "every file of a directory of pools")? {
        read_pool(&file, &mut builder)?;
    }
    Ok(builder)
}

fn read_pool(path: &Path, builder: &mut Builder) -> Result<(), DataError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let pool = name.split('.').next();
    let mut lines = Lines::open(path)?;
    while let Some(row) = lines.next()? {
        builder.row(&row)?;
        let json = row.parse()?;
        let object = row.whole(&json).object(&KEYS)?;
        turn::check_type(&object, builder)?;
        let turn = turn::read(&object, pool, builder)?;
        builder.conversation(None, row.line, vec![turn]);
    }
    builder.file(lines.close(EXPECTED)?);
    Ok(())
}
