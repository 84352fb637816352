//! One row a request (RFC 4180): the columns of `wlc inspect --requests --json`, flat, and of the body
//! its length and SHA-256. Lists of pairs are JSON in their cell; what is absent is an empty cell.

use super::{Account, ExportError};
use crate::verbs::inspect::request_json;
use ::csv::{Terminator, WriterBuilder};
use schemas::body::BodyHasher;
use schemas::hex;
use schemas::reader::Workload;
use serde_json::Value;
use std::io::{self, Write};

/// What no row says.
pub const NEVER: &str = "bodies, but for length and SHA-256, stages, salt and manifest";

/// The first row.
pub const COLUMNS: [&str; 21] = [
    "index",
    "at_ns",
    "after_request",
    "after_delay_ns",
    "stage",
    "session",
    "turn",
    "model",
    "adapter",
    "method",
    "path",
    "headers",
    "stream",
    "input_tokens",
    "output_tokens",
    "cancel_after_ns",
    "cancel_after_tokens",
    "labels",
    "leaf",
    "body_bytes",
    "body_sha256",
];

const ANSWERS: &str = "repeat the server's answers, which body_bytes and body_sha256 are without";

/// Writes every request. Bodies may hold any bytes.
///
/// # Errors
/// [`ExportError`] but for the refusals.
pub fn write(workload: &Workload, out: &mut dyn Write) -> Result<Account, ExportError> {
    let mut rows = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(out);
    let mut account = Account::default();
    rows.write_record(COLUMNS).map_err(io::Error::from)?;
    for index in 0..workload.requests().len() as u64 {
        let mut hasher = BodyHasher::default();
        workload.body(index)?.for_each(|piece| hasher.piece(piece));
        let body = hasher.finish();
        if !body.splices.is_empty() {
            account.lose(ANSWERS);
        }
        let mut object = request_json(workload, index, false)?;
        object["after_request"] = object["after"]["request"].clone();
        object["after_delay_ns"] = object["after"]["delay_ns"].clone();
        object["body_bytes"] = body.bytes.into();
        object["body_sha256"] = hex(&body.sha256).into();
        let cells = COLUMNS.map(|column| cell(&object[column]));
        rows.write_record(cells).map_err(io::Error::from)?;
        account.written += 1;
    }
    rows.flush()?;
    Ok(account)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
