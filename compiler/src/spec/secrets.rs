//! Secrets in a spec: its text enters the workload word for word, also the blocks that nothing
//! here uses. Refuses keys that name a secret and have a value, and URLs that hold a user.
//!
//! A secret under an innocent name is not found, nor one in a comment: nobody can tell it from
//! other text.

use super::error::SpecError;
use super::fields::Cursor;
use super::node::{Entry, Node, Value};

/// Keys that name a secret, in lower case and with `_` between words.
const NAMES: [&str; 6] = ["token", "api_key", "apikey", "password", "passwd", "secret"];
const ENDINGS: [&str; 4] = ["_token", "_api_key", "_password", "_secret"];
const BEGINNING: &str = "secret_";
const INSIDE: &str = "access_key";

/// What to do about a secret.
pub(super) const REMEDY: &str = "remove it: the spec's text stands in the workload, which is there to be \
     shared; `replay run --api-key-env VAR` sends a key";

/// Refuses the first secret anywhere in `document`, which messages call `file`.
pub fn refuse(document: &Node, file: &str) -> Result<(), SpecError> {
    refuse_under(&Cursor::root(document, file))
}

/// Goes down as deep as YAML may nest here, which `node` limits.
fn refuse_under(cursor: &Cursor<'_>) -> Result<(), SpecError> {
    match &cursor.node.value {
        Value::Text(text) if holds_user(text) => {
            Err(cursor.error("a URL with a user is a secret", REMEDY))
        }
        Value::List(_) => cursor.list()?.iter().try_for_each(refuse_under),
        Value::Map(entries) => {
            cursor
                .entries()?
                .iter()
                .zip(entries)
                .try_for_each(|((key, value), entry)| {
                    if is_secret(entry) {
                        return Err(key.error("secrets never enter a workload", REMEDY));
                    }
                    refuse_under(value)
                })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => Ok(()),
    }
}

/// Whether the key names a secret and there is one: `password: null` says that there is none.
fn is_secret(entry: &Entry) -> bool {
    !entry.node.is_empty() && names_secret(&entry.key)
}

/// Whatever its case, and with `-` for `_` as header fields have it.
pub(crate) fn names_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    NAMES.contains(&key.as_str())
        || ENDINGS.iter().any(|ending| key.ends_with(ending))
        || key.starts_with(BEGINNING)
        || key.contains(INSIDE)
}

/// Whether a URL in the text names a user, and perhaps a password: RFC 3986's `userinfo@` between
/// `//` and the end of the authority.
pub(crate) fn holds_user(text: &str) -> bool {
    text.match_indices("://").any(|(at, separator)| {
        let rest = &text[at + separator.len()..];
        let ends = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace();
        let authority = rest.split(ends).next().unwrap_or_default();
        authority.contains('@')
    })
}
