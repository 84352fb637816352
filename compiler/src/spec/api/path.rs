//! The path of an endpoint behind the base URL: its own, or the spec's. Refuses what is no path.

use crate::spec::error::SpecError;
use crate::spec::fields::Cursor;
use std::fmt::Write;

/// What stands for the model's name.
const MODEL: &str = "{model}";
/// Longest path, in bytes.
const MAX_PATH_BYTES: usize = 4096;

/// The spec's path, with `{model}` where the model's name belongs.
pub(super) fn read(cursor: &Cursor<'_>) -> Result<String, SpecError> {
    let path = cursor.text()?;
    let rest = path.replace(MODEL, "");
    if rest.contains(['{', '}']) {
        let what = format!("\"{path}\" holds braces");
        return Err(cursor.error(
            what,
            "write `{model}` for the model's name, and no other braces",
        ));
    }
    let visible = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if !path.starts_with('/') || !visible || path.len() > MAX_PATH_BYTES {
        let what = format!("\"{path}\" is not a path");
        let remedy =
            "write what follows host and port, like /v1/chat/completions, in ASCII without blanks";
        return Err(cursor.error(what, remedy));
    }
    Ok(path.to_owned())
}

/// `path` with the model's name in its place, percent-encoded (RFC 3986, section 2.1).
pub fn fill(path: &str, model: &str) -> String {
    let mut encoded = String::with_capacity(model.len());
    for byte in model.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => write!(encoded, "%{byte:02X}").expect("a String takes everything"),
        }
    }
    path.replace(MODEL, &encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment_of_the_path() {
        let filled = fill("/v2/models/{model}/generate", "org/a b\"é#?%.1");
        assert_eq!(
            filled,
            "/v2/models/org%2Fa%20b%22%C3%A9%23%3F%25.1/generate"
        );
        assert_eq!(fill("/v1/x", "m"), "/v1/x");
    }
}
