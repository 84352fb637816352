//! AIPerf's two files. `inputs.json` has every body byte for byte, by session; `fixed_schedule.jsonl`
//! has times, texts and lengths as lines of a single_turn data set, of the requests that can be said
//! so.

use super::{Account, ExportError, is_from_t0};
use crate::dataset::json::{Entry, Json, Value, parse};
use crate::escape::quoted;
use schemas::layout::{NONE_U64, RequestRecord, ResponseFormat, Section, StartKind, optional_u32};
use schemas::reader::Workload;
use std::collections::HashMap;
use std::io::Write;

/// What `inputs.json` never says.
pub const NEVER_IN_INPUTS: &str =
    "times, stages, paths, headers, cancellations, labels, whether an answer is streamed";
/// What `fixed_schedule.jsonl` never says.
pub const NEVER_IN_SCHEDULE: &str =
    "stages, paths, headers, cancellations, labels, whether an answer is streamed";

const BLANKS: &str = "have blanks around their body, which no reader of JSON keeps";

const NO_CONVERSATION: &str = "are left out, as they are neither chat nor completion";
const NOT_ONE_TEXT: &str = "are left out, as what the user says last is not one text";
const SLOT: &str = "are left out, as they start when a place is free";
const OTHER_BASE: &str = "are left out, as their stage's beginning is not known before the run";
const AFTER_ANOTHER: &str =
    "are left out, as they wait for one that is not the line before in their session";
const WAITS: &str = "wait there for the line before in their session, and for nothing else";
const SYSTEM: &str = "lose what the system says in front";
const EARLIER: &str = "lose the earlier turns that they repeat";
const MEDIA: &str = "lose their images and clips";
const TOOLS: &str = "lose their tools";
const PARAMETERS: &str = "lose parameters of their body, such as temperature";

/// What the model is asked for in these keys is in a line, or for whoever reads it to say.
const IN_A_LINE: [&str; 7] = [
    "model",
    "messages",
    "prompt",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
];

/// The requests by session.
pub struct Sessions<'w> {
    /// Names and requests, in the order of their first requests.
    sessions: Vec<(String, Vec<u64>)>,
    /// Where each session that the workload names stands; only looked up, never walked.
    named: HashMap<&'w str, usize>,
}

impl<'w> Sessions<'w> {
    /// Gathers them; a request of no session is one of its own, `request_I`.
    ///
    /// # Errors
    /// [`ExportError::Format`] for a session that is no string.
    pub fn of(workload: &'w Workload) -> Result<Self, ExportError> {
        let mut named: HashMap<&str, usize> = HashMap::new();
        let mut sessions: Vec<(Option<&str>, Vec<u64>)> = Vec::new();
        for index in 0..workload.requests().len() as u64 {
            let name = session(workload, index)?;
            match name.and_then(|name| named.get(name)) {
                Some(position) => sessions[*position].1.push(index),
                None => {
                    if let Some(name) = name {
                        named.insert(name, sessions.len());
                    }
                    sessions.push((name, vec![index]));
                }
            }
        }
        let sessions = sessions.into_iter().map(|(name, mut requests)| {
            requests.sort_by_key(|index| workload.requests()[*index as usize].turn.get());
            let name = name.map_or_else(|| own_name(requests[0], &named), str::to_owned);
            (name, requests)
        });
        let sessions = sessions.collect();
        Ok(Sessions { sessions, named })
    }

    /// The name of the session of a request.
    fn name(&self, index: u64, session: Option<&str>) -> String {
        session.map_or_else(|| own_name(index, &self.named), str::to_owned)
    }
}

/// A name that no session has.
fn own_name(index: u64, taken: &HashMap<&str, usize>) -> String {
    let mut name = format!("request_{index}");
    while taken.contains_key(&*name) {
        name.push('_');
    }
    name
}

fn session(workload: &Workload, index: u64) -> Result<Option<&str>, ExportError> {
    let id = workload.requests()[index as usize].session.get();
    let name = workload.tables().optional_string(id);
    name.map_err(|what| workload.record_error(Section::Requests, index, what).into())
}

/// Writes `inputs.json`.
///
/// # Errors
/// [`ExportError::Refused`] for a body that is no JSON object, or not known before the run.
pub fn write_inputs(
    workload: &Workload,
    sessions: &Sessions,
    out: &mut dyn Write,
) -> Result<Account, ExportError> {
    let mut account = Account::default();
    write!(out, "{{\"data\":[")?;
    for (position, (name, requests)) in sessions.sessions.iter().enumerate() {
        let comma = if position == 0 { "" } else { "," };
        write!(
            out,
            "{comma}\n{{\"session_id\":{},\"payloads\":[",
            quoted(name)
        )?;
        for (position, index) in requests.iter().enumerate() {
            let body = text_of(workload, *index)?;
            let parsed = object(*index, &body)?;
            if parsed.at > 0 || parsed.end < body.len() {
                account.lose(BLANKS);
            }
            let comma = if position == 0 { "" } else { "," };
            write!(out, "{comma}{body}")?;
            account.written += 1;
        }
        write!(out, "]}}")?;
    }
    writeln!(out, "\n]}}")?;
    Ok(account)
}

fn text_of(workload: &Workload, index: u64) -> Result<String, ExportError> {
    let refused = |what: &str| {
        let remedy = "export it as jsonl or csv, which hold it";
        ExportError::Refused(format!("request {index}: {what}\n  help: {remedy}"))
    };
    let body = workload.body_bytes(index)?.ok_or_else(|| {
        refused("its body repeats the server's answers, which nobody knows before the run")
    })?;
    String::from_utf8(body).map_err(|_| refused("its body is not UTF-8, hence no JSON"))
}

fn object(index: u64, body: &str) -> Result<Json<'_>, ExportError> {
    let refused = |what: &str| {
        let remedy = "inputs.json holds JSON objects only; export it as jsonl or csv";
        ExportError::Refused(format!(
            "request {index}: its body {what}\n  help: {remedy}"
        ))
    };
    let json = parse(body)
        .map_err(|fault| refused(&format!("is no JSON at byte {}: {}", fault.at, fault.what)))?;
    match json.value {
        Value::Object(_) => Ok(json),
        _ => Err(refused("is JSON, but no object")),
    }
}

/// Writes `fixed_schedule.jsonl`, in the workload's order.
///
/// # Errors
/// As [`write_inputs`].
pub fn write_schedule(
    workload: &Workload,
    sessions: &Sessions,
    out: &mut dyn Write,
) -> Result<Account, ExportError> {
    let mut account = Account::default();
    // The last line of each session; only looked up, never walked.
    let mut last: HashMap<&str, u64> = HashMap::new();
    for index in 0..workload.requests().len() as u64 {
        let session = session(workload, index)?;
        let before = session.and_then(|session| last.get(session)).copied();
        let body = text_of(workload, index)?;
        let line = line(
            workload,
            index,
            &object(index, &body)?,
            before,
            &mut account,
        );
        let line = match line {
            Ok(line) => line,
            Err(why) => {
                account.lose(why);
                continue;
            }
        };
        let session_id = quoted(&sessions.name(index, session));
        writeln!(out, "{{\"session_id\":{session_id}{line}}}")?;
        account.written += 1;
        if let Some(session) = session {
            last.insert(session, index);
        }
    }
    Ok(account)
}

/// A line behind its session, or why there is none. `before` is the request of the line before in its
/// session.
fn line(
    workload: &Workload,
    index: u64,
    body: &Json<'_>,
    before: Option<u64>,
    account: &mut Account,
) -> Result<String, &'static str> {
    let request = &workload.requests()[index as usize];
    let Value::Object(members) = &body.value else {
        return Err(NOT_ONE_TEXT);
    };
    let (text, mut losses) = said(request, members)?;
    let (key, ns) = start(workload, request, before, &mut losses)?;
    losses.into_iter().for_each(|what| account.lose(what));
    let mut line = format!(",\"text\":{},\"{key}\":{}", quoted(&text), milliseconds(ns));
    if let Some(tokens) = optional_u32(request.output_tokens).filter(|tokens| *tokens > 0) {
        line += &format!(",\"output_length\":{tokens}");
    }
    if let Some(Value::Text(model)) = member(members, "model") {
        line += &format!(",\"model\":{}", quoted(model));
    }
    Ok(line)
}

/// When it starts: the key, and its time in ns.
fn start(
    workload: &Workload,
    request: &RequestRecord,
    before: Option<u64>,
    losses: &mut Vec<&'static str>,
) -> Result<(&'static str, u64), &'static str> {
    let after = Some(request.after_request.get()).filter(|after| *after != NONE_U64);
    match StartKind::from_number(request.start_kind) {
        Some(StartKind::At) if is_from_t0(workload, request) => {
            if after != before {
                losses.push(WAITS);
            }
            Ok(("timestamp", request.start_ns.get()))
        }
        Some(StartKind::At) => Err(OTHER_BASE),
        Some(StartKind::After) if after == before => Ok(("delay", request.start_ns.get())),
        Some(StartKind::After) => Err(AFTER_ANOTHER),
        Some(StartKind::Slot) | None => Err(SLOT),
    }
}

/// Milliseconds as a JSON number, exact to the ns: as digits, for a float would round late times.
fn milliseconds(ns: u64) -> String {
    let digits = format!("{}.{:06}", ns / 1_000_000, ns % 1_000_000);
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// What the user says last, and what is lost of the rest of the body.
fn said(
    request: &RequestRecord,
    members: &[Entry<'_>],
) -> Result<(String, Vec<&'static str>), &'static str> {
    let mut losses = Vec::new();
    let text = match ResponseFormat::from_number(request.response_format) {
        Some(ResponseFormat::OpenAiChat) => last_message(members, &mut losses)?,
        Some(ResponseFormat::OpenAiCompletion) => text(member(members, "prompt"))?,
        _ => return Err(NO_CONVERSATION),
    };
    if member(members, "tools").is_some() {
        losses.push(TOOLS);
    }
    let known = |key: &str| IN_A_LINE.contains(&key) || key == "tools";
    if members.iter().any(|member| !known(&member.key)) {
        losses.push(PARAMETERS);
    }
    Ok((text, losses))
}

fn last_message(
    members: &[Entry<'_>],
    losses: &mut Vec<&'static str>,
) -> Result<String, &'static str> {
    let Some(Value::List(messages)) = member(members, "messages") else {
        return Err(NOT_ONE_TEXT);
    };
    let (last, earlier) = messages.split_last().ok_or(NOT_ONE_TEXT)?;
    if role(last) != "user" {
        return Err(NOT_ONE_TEXT);
    }
    let is_system = |message: &Json| matches!(role(message), "system" | "developer");
    if earlier.iter().any(is_system) {
        losses.push(SYSTEM);
    }
    if earlier.iter().any(|message| !is_system(message)) {
        losses.push(EARLIER);
    }
    let Value::Object(last) = &last.value else {
        return Err(NOT_ONE_TEXT);
    };
    let content = member(last, "content");
    let Some(Value::List(parts)) = content else {
        return text(content);
    };
    let texts = parts.iter().filter_map(|part| match &part.value {
        Value::Object(part) => member(part, "text"),
        _ => None,
    });
    let texts: Vec<&Value> = texts.collect();
    let &[only] = &texts[..] else {
        return Err(NOT_ONE_TEXT);
    };
    if parts.len() > 1 {
        losses.push(MEDIA);
    }
    text(Some(only))
}

fn role<'j>(message: &'j Json<'_>) -> &'j str {
    match &message.value {
        Value::Object(members) => match member(members, "role") {
            Some(Value::Text(role)) => role,
            _ => "",
        },
        _ => "",
    }
}

/// A text with something in it.
fn text(value: Option<&Value<'_>>) -> Result<String, &'static str> {
    match value {
        Some(Value::Text(text)) if !text.is_empty() => Ok(text.to_string()),
        _ => Err(NOT_ONE_TEXT),
    }
}

fn member<'j, 't>(members: &'j [Entry<'t>], key: &str) -> Option<&'j Value<'t>> {
    let found = members.iter().find(|member| member.key == key);
    found.map(|member| &member.value.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_keep_every_nanosecond() {
        for (ns, said) in [
            (0, "0"),
            (1, "0.000001"),
            (1_000_000, "1"),
            (10_000_000, "10"),
            (1_500_000, "1.5"),
            (315_532_800_000_000_001, "315532800000.000001"),
        ] {
            assert_eq!(milliseconds(ns), said);
        }
    }
}
