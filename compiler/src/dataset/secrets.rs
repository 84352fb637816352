//! Secrets in a data set: what a row says beside its texts enters the workload as it is. Refuses
//! what the spec may not hold either: keys that name a secret and have a value, and URLs that hold
//! a user.
//!
//! A secret under an innocent name is not found, and none in what is said.

use super::error::DataError;
use super::json::{Entry, Value};
use super::row::{Item, Row};
use crate::spec::secrets::{USER, holds_user, names_secret};
use traces::quote;

const REMEDY: &str = "remove it: the workload would hold it, and is there to be shared; `replay \
                      run --api-key-env VAR` sends a key";

/// Refuses the first secret anywhere in the value.
pub fn refuse(item: &Item<'_>) -> Result<(), DataError> {
    match &item.json.value {
        Value::Text(_) => refuse_user(item),
        Value::List(_) => item.list()?.try_for_each(|item| refuse(&item)),
        Value::Object(entries) => entries.iter().try_for_each(|entry| {
            refuse_key(item.row, entry)?;
            let json = &entry.value;
            refuse(&Item { json, ..*item })
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Refuses a URL with a user.
pub fn refuse_user(item: &Item<'_>) -> Result<(), DataError> {
    match &item.json.value {
        Value::Text(text) if holds_user(text) => Err(item.error(USER, REMEDY)),
        _ => Ok(()),
    }
}

/// Refuses an entry that is a secret by its name: null or empty text says that there is none.
pub fn refuse_key(row: &Row<'_>, entry: &Entry<'_>) -> Result<(), DataError> {
    let is_empty = match &entry.value.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    };
    if is_empty || !names_secret(&entry.key) {
        return Ok(());
    }
    let what = format!(
        "{}: secrets never enter a workload",
        quote(entry.key.as_bytes())
    );
    Err(row.error(entry.at, what, REMEDY))
}
