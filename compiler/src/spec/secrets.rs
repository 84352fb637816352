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

/// What is wrong with a URL in which [`holds_user`] finds one.
pub(crate) const USER: &str = "a URL with a user is a secret (an @ elsewhere in it is written %40)";

/// Refuses the first secret anywhere in `document`, which messages call `file`.
pub fn refuse(document: &Node, file: &str) -> Result<(), SpecError> {
    refuse_under(&Cursor::root(document, file))
}

/// Goes down as deep as YAML may nest here, which `node` limits.
fn refuse_under(cursor: &Cursor<'_>) -> Result<(), SpecError> {
    match &cursor.node.value {
        Value::Text(text) if holds_user(text) => Err(cursor.error(USER, REMEDY)),
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

/// Whether a URL in the text names a user, and perhaps a password: RFC 3986's `userinfo@`. A
/// password that is not escaped may hold `/`, `?` and `#`, so an `@` behind one of them counts as
/// well, unless it is plain that the host ends there, as in `http://localhost:9090/a@b`.
pub(crate) fn holds_user(text: &str) -> bool {
    text.match_indices("://").any(|(at, separator)| {
        let rest = &text[at + separator.len()..];
        let ends = |c: char| matches!(c, '"' | '\'') || c.is_whitespace();
        let url = rest.split(ends).next().unwrap_or_default();
        let (authority, is_fragment) = match url.find(['/', '?', '#']) {
            Some(end) => (&url[..end], url[end..].starts_with('#')),
            None => (url, false),
        };
        url.contains('@') && (is_fragment || !is_plain_host(authority))
    })
}

/// Whether this is a host, with a port or without, and nothing else that anybody writes.
fn is_plain_host(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, ""),
    };
    let is_address = host.starts_with('[') && host.ends_with(']');
    // A short name with a port may as well be a user and the beginning of a password.
    let has_no_port = host.len() == authority.len();
    let is_name = has_no_port || host == "localhost" || host.contains('.');
    !authority.contains('@')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && (is_address || is_name && !host.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_whatever_its_password_holds() {
        for text in [
            "http://me@host",
            "https://me:word@host/a",
            "see (http://me:word@10.0.0.1:80/a)",
            "http://me:wo#rd@host",
            "http://me:wo?rd@host",
            "http://me:wo/rd@host",
            "http://me:1234#rd@host",
            "http://me:1234/rd@host",
            "http://me.at:wo/rd@host",
            "http://me:/rd@host",
            "http://a.b#rd@host",
            "http://a.b/ http://me:wo/rd@host",
        ] {
            assert!(holds_user(text), "{text}");
        }
    }

    #[test]
    fn an_at_behind_a_plain_host_is_no_users() {
        for text in [
            "http://localhost:9090/a@b?c=d@e",
            "http://127.0.0.1:8000/@scope/package",
            "https://example.com/@me",
            "https://example.com?mail=me@example.com",
            "http://[::1]:8000/@me",
            "http://[::1]/@me",
            "hf://org/model@v1",
            "file:///a@b",
            "http://host:8000/ and me@example.com",
            "{\"url\": \"http://host\", \"mail\": \"me@host\"}",
            "me@host",
            "http://host/#a",
        ] {
            assert!(!holds_user(text), "{text}");
        }
    }
}
