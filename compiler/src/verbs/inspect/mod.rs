//! `wlc inspect`: what a workload holds, for people and for scripts.

mod summary;

use super::{open, stdout_failure, wrong_input};
use crate::cli::InspectArgs;
use crate::exit::{self, Failure};
use schemas::body::Piece;
use schemas::error::FormatError;
use schemas::hex;
use schemas::layout::{REQUEST_STREAM, Section, StartKind, optional_u32, optional_u64};
use schemas::reader::Workload;
use serde_json::{Map, Value, json};
use std::io::{self, BufWriter, Write};
pub(crate) use summary::stage_json;
use summary::{summary_json, summary_text};

/// What can go wrong while a workload is shown.
enum ShowError {
    Format(FormatError),
    Io(io::Error),
}

impl From<FormatError> for ShowError {
    fn from(error: FormatError) -> Self {
        ShowError::Format(error)
    }
}

impl From<io::Error> for ShowError {
    fn from(error: io::Error) -> Self {
        ShowError::Io(error)
    }
}

/// Runs the verb; gives the exit status.
pub fn run(args: &InspectArgs) -> Result<u8, Failure> {
    let workload = open(&args.file)?;
    let count = workload.requests().len() as u64;
    if let Some(index) = args.request.filter(|index| *index >= count) {
        let message = format!(
            "--request {index}: {} holds requests 0 to {}",
            args.file.display(),
            count.max(1) - 1
        );
        return Err(Failure::new(exit::WRONG_INPUT, message));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = show(args, &workload, &mut out).and_then(|()| Ok(out.flush()?));
    match shown {
        Ok(()) => Ok(exit::DONE),
        Err(ShowError::Io(error)) => stdout_failure(&error),
        Err(ShowError::Format(error)) => Err(wrong_input(&args.file, &error)),
    }
}

fn show(args: &InspectArgs, workload: &Workload, out: &mut dyn Write) -> Result<(), ShowError> {
    let requests = match args.request {
        Some(index) => index..index + 1,
        None if args.requests => 0..workload.requests().len() as u64,
        None if args.json => return Ok(writeln!(out, "{}", summary_json(workload)?)?),
        None => return summary_text(workload, out),
    };
    for index in requests {
        let object = request_json(workload, index, args.bodies)?;
        if args.json {
            writeln!(out, "{object}")?;
        } else {
            request_text(&object, out)?;
        }
    }
    Ok(())
}

/// One request with the keys of the command line's contract; absent values are null.
pub(crate) fn request_json(
    workload: &Workload,
    index: u64,
    with_body: bool,
) -> Result<Value, FormatError> {
    let request = &workload.requests()[index as usize];
    let tables = workload.tables();
    let wrong = |what: String| workload.record_error(Section::Requests, index, what);
    let optional = |id: u32| tables.optional_string(id).map_err(wrong);
    let start_ns = request.start_ns.get();
    let kind = StartKind::from_number(request.start_kind)
        .ok_or_else(|| wrong("start_kind is not defined".into()))?;
    let delay_ns = if kind == StartKind::After {
        start_ns
    } else {
        0
    };
    let pairs = |id: u32| tables.named_pairs(id).map(pairs_json).map_err(wrong);
    let mut object = json!({
        "index": index,
        "at_ns": (kind == StartKind::At).then_some(start_ns),
        "after": optional_u64(request.after_request)
            .map(|after| json!({"request": after, "delay_ns": delay_ns})),
        "stage": request.stage.get(),
        "session": optional(request.session.get())?,
        "turn": optional_u32(request.turn),
        "model": tables.string(request.model.get()).map_err(wrong)?,
        "adapter": optional(request.adapter.get())?,
        "method": tables.string(request.method.get()).map_err(wrong)?,
        "path": tables.string(request.path.get()).map_err(wrong)?,
        "headers": pairs(request.headers.get())?,
        "stream": request.flags & REQUEST_STREAM != 0,
        "input_tokens": optional_u32(request.input_tokens),
        "output_tokens": optional_u32(request.output_tokens),
        "cancel_after_ns": optional_u64(request.cancel_after_ns),
        "cancel_after_tokens": optional_u32(request.cancel_after_tokens),
        "labels": pairs(request.labels.get())?,
        "leaf": hex(&workload.leaves()[index as usize]),
    });
    if with_body {
        let mut parts = body_parts(workload, index)?;
        let (body, parts) = match &mut parts[..] {
            [] => ("".into(), Value::Null),
            [literal] if literal.is_string() => (literal.take(), Value::Null),
            _ => (Value::Null, parts.into()),
        };
        object["body"] = body;
        object["body_parts"] = parts;
    }
    Ok(object)
}

/// A body, unsalted, as text and `{"answer_to": N}` in turn, however it is cut into segments.
fn body_parts(workload: &Workload, index: u64) -> Result<Vec<Value>, FormatError> {
    let mut parts = Vec::new();
    let mut literal = Vec::new();
    let end_literal = |literal: &mut Vec<u8>, parts: &mut Vec<Value>| {
        if literal.is_empty() {
            return Ok(());
        }
        let text = String::from_utf8(std::mem::take(literal)).map_err(|error| {
            workload.record_error(Section::Requests, index, format!("body: {error}"))
        })?;
        parts.push(text.into());
        Ok(())
    };
    for piece in workload.body(index)? {
        match piece {
            Piece::Bytes(bytes) | Piece::Salt(bytes) => literal.extend_from_slice(bytes),
            Piece::AnswerTo(request) => {
                end_literal(&mut literal, &mut parts)?;
                parts.push(json!({"answer_to": request}));
            }
        }
    }
    end_literal(&mut literal, &mut parts)?;
    Ok(parts)
}

/// Names and values as an object; a name that stands more than once has a list of values.
fn pairs_json(pairs: Vec<(&str, &str)>) -> Value {
    let mut object = Map::new();
    for (name, value) in pairs {
        let place = object.entry(name).or_insert(Value::Null);
        *place = match place.take() {
            Value::Null => Value::from(value),
            Value::Array(mut values) => {
                values.push(value.into());
                Value::Array(values)
            }
            first => json!([first, value]),
        };
    }
    Value::Object(object)
}

/// The same values, one a line.
fn request_text(object: &Value, out: &mut dyn Write) -> io::Result<()> {
    let present = object
        .as_object()
        .expect("a request is an object")
        .iter()
        .filter(|(_, value)| !value.is_null());
    for (position, (key, value)) in present.enumerate() {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        writeln!(
            out,
            "{}{key:<16} {text}",
            if position == 0 { "- " } else { "  " }
        )?;
    }
    Ok(())
}
