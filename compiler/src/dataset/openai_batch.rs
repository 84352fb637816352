//! The input of OpenAI's batch endpoint: each line `{"custom_id": .., "method": "POST", "url": ..,
//! "body": {..}}`. The body is sent as it is, to the path that the line names.

use super::build::Builder;
use super::error::DataError;
use super::row::{Item, Keys};
use super::source::Lines;
use super::{Content, raw, turn};
use crate::spec::SetKind;
use schemas::layout::MAX_STRING_BYTES;
use std::collections::BTreeSet;
use std::path::Path;
use traces::quote;

const EXPECTED: &str = "a JSONL file, each line like {\"custom_id\": \"1\", \"method\": \"POST\", \
                        \"url\": \"/v1/chat/completions\", \"body\": {..}}";

const KEYS: Keys = Keys {
    known: &["custom_id", "method", "url", "body"],
    refused: &[],
};

pub fn read(path: &Path) -> Result<Builder, DataError> {
    let mut builder = Builder::new(SetKind::OpenAiBatch);
    let mut lines = Lines::open(path)?;
    let mut known = BTreeSet::new();
    while let Some(row) = lines.next()? {
        builder.row(&row)?;
        let json = row.parse()?;
        let object = row.whole(&json).object(&KEYS)?;
        let item = object.required("custom_id", "write a name of its own for each line")?;
        let id = turn::name(&item)?;
        if !known.insert(id.clone()) {
            let what = format!("there is a line \"{}\" already", quote(id.as_bytes()));
            return Err(item.error(what, "give each line its own custom_id"));
        }
        let method = object.required("method", "write `method: POST`")?;
        if method.text()? != "POST" {
            let what = format!(
                "a batch is made of POST, found {}",
                quote(method.raw().as_bytes())
            );
            return Err(method.error(what, "write POST"));
        }
        let path = path_of(&object.required("url", "write a path, like /v1/chat/completions")?)?;
        let body = object.required("body", "write the body of the request")?;
        let mut turn = raw::read(body, &mut builder)?;
        if let Content::Raw(raw) = &mut turn.content {
            raw.path = Some(path);
        }
        builder.conversation(Some(id), row.line, vec![turn]);
    }
    builder.file(lines.close(EXPECTED)?);
    Ok(builder)
}

fn path_of(item: &Item<'_>) -> Result<Box<str>, DataError> {
    let path = item.text()?;
    let is_path = path.starts_with('/')
        && path.len() <= MAX_STRING_BYTES as usize
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
    match is_path {
        true => Ok(path.into()),
        false => {
            let what = format!("\"{}\" is no path", quote(path.as_bytes()));
            Err(item.error(
                what,
                "write what stands behind the host, like /v1/chat/completions, without #",
            ))
        }
    }
}
