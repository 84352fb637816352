//! Header fields of a spec, and the one that names the session. Refuses those that the engine or
//! the endpoint sets, and those that carry secrets.

use crate::spec::error::SpecError;
use crate::spec::fields::{Cursor, Key};
use schemas::rules;

/// Header fields that belong to the endpoint.
pub(crate) const OF_THE_ENDPOINT: [&str; 2] = ["accept", "content-type"];
/// Most header fields of a spec; a workload's list holds those of the endpoint, too.
const MAX_HEADERS: usize = 1_000;

/// Names in lower case and values, in the spec's order.
pub(super) fn read(cursor: &Cursor<'_>) -> Result<Vec<(String, String)>, SpecError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (key, value) in cursor.entries()? {
        let name = key.text.to_ascii_lowercase();
        check_name(&name, |what, remedy| key_error(&key, what, remedy))?;
        if headers.iter().any(|(known, _)| *known == name) {
            let what = format!("header {name} stands twice");
            return Err(key.error(what, "keep one of the two; case makes no difference"));
        }
        let text = value.scalar()?.to_owned();
        if let Err(broken) = rules::header(&name, &text) {
            return Err(value.error(broken, "write visible ASCII, with spaces only inside"));
        }
        headers.push((name, text));
    }
    if headers.len() > MAX_HEADERS {
        let what = format!(
            "{} header fields are more than {MAX_HEADERS}",
            headers.len()
        );
        return Err(cursor.error(what, "remove some: no server takes so many"));
    }
    Ok(headers)
}

/// The header field that carries a request's session, in lower case.
pub(super) fn read_session_id(
    cursor: &Cursor<'_>,
    headers: &[(String, String)],
) -> Result<String, SpecError> {
    let name = cursor.text()?.to_ascii_lowercase();
    check_name(&name, |what, remedy| cursor.error(what, remedy))?;
    if headers.iter().any(|(known, _)| *known == name) {
        let what = format!("header {name} stands in `api.headers` already");
        return Err(cursor.error(what, "keep one of the two"));
    }
    Ok(name)
}

fn key_error(key: &Key<'_>, what: String, remedy: &str) -> SpecError {
    key.error(what, remedy)
}

fn check_name(name: &str, error: impl Fn(String, &str) -> SpecError) -> Result<(), SpecError> {
    if OF_THE_ENDPOINT.contains(&name) {
        let what = format!("header {name} is set by `api.type` and `api.streaming`");
        return Err(error(what, "remove it"));
    }
    if rules::FORBIDDEN_HEADERS.contains(&name) {
        let what = format!("header {name} is set when firing, or it is a secret");
        let remedy = "remove it; `replay run --api-key-env VAR` or `--header K:V` send it";
        return Err(error(what, remedy));
    }
    rules::header(name, "").map_err(|broken| error(broken, "write a name like x-route"))
}
