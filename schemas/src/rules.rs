//! What a single record of a workload may hold. Pure: each rule of `WORKLOAD.md` that concerns one
//! record stands here once; `verify` walks the file and says where a rule is broken.

use crate::layout::{
    MAX_BODY_BYTES, MAX_PAIRS, MAX_SPLICES, MAX_STRING_BYTES, MAX_TIME_NS, NONE_U32, NONE_U64,
    REQUEST_LIVE, REQUEST_SALTED, REQUEST_STREAM, RequestRecord, ResponseFormat,
    STAGE_AFTER_PREVIOUS, STAGE_WARM_UP, StageKind, StageRecord, StartKind,
};
use crate::tables::Tables;

/// What is wrong, in words that follow "record N at offset O: ".
pub type Broken = String;

/// Header fields that a workload must not hold: the engine sets them, or they are secrets.
pub const FORBIDDEN_HEADERS: [&str; 15] = [
    "api-key",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-api-key",
];

/// The fields of a request that do not refer to other sections, and its stage.
pub fn request(request: &RequestRecord, stage: Option<&StageRecord>) -> Result<(), Broken> {
    let Some(stage) = stage else {
        return Err("its stage is past the last stage".into());
    };
    let Some(start) = StartKind::from_number(request.start_kind) else {
        return Err("start_kind is not defined".into());
    };
    let (start_ns, after) = (request.start_ns.get(), request.after_request.get());
    let cancel_ns = request.cancel_after_ns.get();
    let cancel_tokens = request.cancel_after_tokens.get();
    let streamed = request.flags & REQUEST_STREAM != 0;
    let broken = match () {
        _ if ResponseFormat::from_number(request.response_format).is_none() => {
            "response_format is not defined"
        }
        _ if request.flags & !(REQUEST_STREAM | REQUEST_LIVE | REQUEST_SALTED) != 0 => {
            "flags are not defined"
        }
        _ if request.zero != 0 => "a field that must be zero is not",
        _ if start_ns > MAX_TIME_NS => "its start is later than the limit",
        _ if start == StartKind::Slot && start_ns != 0 => "a slot start has a time",
        _ if start == StartKind::Slot && stage.kind != StageKind::Closed as u8 => {
            "it waits for a slot of a stage that has none"
        }
        _ if start == StartKind::Slot && after != NONE_U64 => {
            "after_request is set, but it starts in a free slot"
        }
        _ if cancel_ns != NONE_U64 && cancel_ns > MAX_TIME_NS => {
            "its cancellation is later than the limit"
        }
        _ if cancel_tokens == 0 => "cancel_after_tokens is zero",
        _ if cancel_tokens != NONE_U32 && cancel_ns != NONE_U64 => "it has two cancellations",
        _ if cancel_tokens != NONE_U32 && !streamed => {
            "it is to be cancelled after tokens, but is not streamed"
        }
        _ if (request.session.get() == NONE_U32) != (request.turn.get() == NONE_U32) => {
            "session and turn are set only together"
        }
        _ if request.body_bytes.get() > MAX_BODY_BYTES => "its body is longer than the limit",
        _ => return Ok(()),
    };
    Err(broken.into())
}

/// That a request may wait for another, which is `None` if it does not come before it. A request
/// of a later stage is refused: two stages could wait for each other.
pub fn awaited(request: &RequestRecord, other: Option<&RequestRecord>) -> Result<(), Broken> {
    match other {
        None => Err("waits for a request that does not come before it".into()),
        Some(other) if other.stage.get() > request.stage.get() => {
            Err("waits for a request of a later stage".into())
        }
        Some(_) => Ok(()),
    }
}

/// That the answer to another request may be put into a request's body. `other` is `None` if it
/// does not come before it.
pub fn splice(
    request: &RequestRecord,
    other: Option<&RequestRecord>,
    tables: &Tables,
) -> Result<(), Broken> {
    let session = |of: &RequestRecord| tables.optional_string(of.session.get());
    let broken = match other {
        None => "repeats the answer to a request that does not come before it",
        Some(_) if session(request)?.is_none() => "repeats an answer, but has no session",
        Some(other) if session(other)? != session(request)? => {
            "repeats an answer of another session"
        }
        Some(other) if other.turn.get() >= request.turn.get() => {
            "repeats the answer of a turn that is not an earlier one"
        }
        Some(other) if other.stage.get() > request.stage.get() => {
            "repeats the answer of a later stage"
        }
        Some(_) => return Ok(()),
    };
    Err(broken.into())
}

/// That the flag says whether answers are put into the body, and that they are not too many.
pub fn live_flag(request: &RequestRecord, answers: u64) -> Result<(), Broken> {
    let live = request.flags & REQUEST_LIVE != 0;
    match answers {
        0 if live => Err("its live flag is set, but no answer is put into its body".into()),
        1.. if !live => Err("an answer is put into its body, but its live flag is not set".into()),
        _ if answers > MAX_SPLICES.into() => Err(format!(
            "{answers} answers are put into its body, more than the limit of {MAX_SPLICES}"
        )),
        _ => Ok(()),
    }
}

/// That a body with the salted flag has one slot, as wide as the workload's (`None`: it has none).
/// `slots` are the lengths of those it has; without the flag no segment is one.
pub fn salt_slot(request: &RequestRecord, slots: &[u64], width: Option<u64>) -> Result<(), Broken> {
    let broken = match (slots, width) {
        _ if request.flags & REQUEST_SALTED == 0 => return Ok(()),
        (_, None) => "its salted flag is set, but the manifest has no salt".to_owned(),
        ([], _) => "its salted flag is set, but no segment is the salt slot".to_owned(),
        ([_, _, ..], _) => "its body has more than one salt slot".to_owned(),
        ([slot], Some(width)) if *slot != width => {
            format!("its salt slot has {slot} bytes, that of the manifest {width}")
        }
        _ => return Ok(()),
    };
    Err(broken)
}

/// The fields of a stage; `counted` is the number of requests that carry it.
pub fn stage(
    stage: &StageRecord,
    index: usize,
    counted: u64,
    tables: &Tables,
) -> Result<(), Broken> {
    tables.optional_string(stage.name.get())?;
    let duration_ns = stage.duration_ns.get();
    let closed = stage.kind == StageKind::Closed as u8;
    let broken = match () {
        _ if StageKind::from_number(stage.kind).is_none() => "kind is not defined",
        _ if stage.flags & !(STAGE_WARM_UP | STAGE_AFTER_PREVIOUS) != 0 => "flags are not defined",
        _ if stage.zero.get() != 0 || stage.zero2.get() != 0 => "a field that must be zero is not",
        _ if stage.start_ns.get() > MAX_TIME_NS => "its start is later than the limit",
        _ if duration_ns != NONE_U64 && duration_ns > MAX_TIME_NS => {
            "its duration is longer than the limit"
        }
        _ if index == 0 && stage.flags & STAGE_AFTER_PREVIOUS != 0 => {
            "the first stage follows no other"
        }
        _ if closed && matches!(stage.concurrency.get(), 0 | NONE_U32) => {
            "a closed stage has no concurrency"
        }
        _ if stage.concurrency.get() == 0 => "its concurrency is zero",
        _ if stage.request_count.get() != counted => {
            "request_count is not the number of its requests"
        }
        _ => return Ok(()),
    };
    Err(broken.into())
}

/// A string of the table: whole, UTF-8 and not too long.
pub fn string(tables: &Tables, id: u32) -> Result<(), Broken> {
    let text = tables.string(id)?;
    if text.len() > MAX_STRING_BYTES as usize {
        return Err(format!(
            "{} bytes are more than the limit of {MAX_STRING_BYTES}",
            text.len()
        ));
    }
    Ok(())
}

/// A pair list of the table: whole, not empty, not too long, no dangling string.
pub fn pair_list(tables: &Tables, id: u32) -> Result<(), Broken> {
    let pairs = tables.pair_list(id)?;
    if pairs.is_empty() || pairs.len() > MAX_PAIRS as usize {
        return Err(format!(
            "{} pairs; a list has 1 to {MAX_PAIRS}",
            pairs.len()
        ));
    }
    tables.named_pairs(id).map(|_| ())
}

/// What a request sends as the head of an HTTP message: method, path and header fields.
pub fn http_head(request: &RequestRecord, tables: &Tables) -> Result<(), Broken> {
    let method = tables.string(request.method.get())?;
    if method.is_empty() || !method.bytes().all(is_token_byte) {
        return Err(format!("{method:?} is not an HTTP method"));
    }
    let path = tables.string(request.path.get())?;
    if !path.starts_with('/')
        || !path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#')
    {
        return Err(format!(
            "{path:?} is not a path: it begins with / and holds visible ASCII but no #"
        ));
    }
    for (name, value) in tables.named_pairs(request.headers.get())? {
        header(name, value)?;
    }
    let mut names: Vec<&str> = tables
        .named_pairs(request.labels.get())?
        .iter()
        .map(|(name, _)| *name)
        .collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("label {:?} stands twice", pair[0])),
        None => Ok(()),
    }
}

/// One header field: name and value.
pub fn header(name: &str, value: &str) -> Result<(), Broken> {
    let lower_case = name
        .bytes()
        .all(|byte| is_token_byte(byte) && !byte.is_ascii_uppercase());
    if name.is_empty() || !lower_case {
        return Err(format!("{name:?} is not a header name in lower case"));
    }
    if FORBIDDEN_HEADERS.contains(&name) {
        return Err(format!(
            "header {name} does not belong in a workload: it is set when firing, or it is a secret"
        ));
    }
    let visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t';
    if !value.bytes().all(visible) || value.trim_ascii() != value {
        return Err(format!(
            "the value of header {name} holds more than visible ASCII with spaces and tabs inside"
        ));
    }
    Ok(())
}

/// A byte of an HTTP token (RFC 9110, section 5.6.2).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::TablesBuilder;

    fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> Result<(), Broken> {
        let mut tables = TablesBuilder::default();
        let mut request = RequestRecord::at(0);
        request.method = tables.string(method).unwrap().into();
        request.path = tables.string(path).unwrap().into();
        request.headers = tables.pair_list(headers).unwrap().into();
        http_head(&request, &tables.view())
    }

    #[test]
    fn a_head_cannot_smuggle_a_second_request_or_a_secret() {
        head(
            "POST",
            "/v1/x?a=b",
            &[("content-type", "application/json; charset=utf-8")],
        )
        .unwrap();
        for (method, path, name, value) in [
            ("POST /", "/", "a", "b"),
            ("", "/", "a", "b"),
            ("POST", "v1", "a", "b"),
            ("POST", "/ HTTP/1.1\r\nx: y", "a", "b"),
            ("POST", "/", "a", "b\r\nc: d"),
            ("POST", "/", "A", "b"),
            ("POST", "/", "", "b"),
            ("POST", "/", "authorization", "Bearer key"),
            ("POST", "/", "content-length", "0"),
        ] {
            assert!(
                head(method, path, &[(name, value)]).is_err(),
                "{method} {path} {name}: {value}"
            );
        }
    }
}
