//! One JSON object a line for each record, by request index.
//!
//! Writes what is recorded, believed or not: a doubled record is two lines. Refuses to write a
//! number for what did not happen: absent is null, never 0.

use crate::analysis::accounting::{by_index, error_class};
use crate::analysis::times::{Times, is_stream};
use schemas::frames::{Records, RequestResult};
use schemas::layout::optional_u32;
use schemas::records::{NONE_U16, Outcome, RESULT_NEW_CONNECTION};
use serde::Serialize;
use std::io::{self, BufWriter, Write};

/// One line. Times are ns from t0.
#[derive(Serialize)]
struct Row<'a> {
    index: u64,
    scheduled_ns: Option<u64>,
    sent_ns: Option<u64>,
    body_written_ns: Option<u64>,
    first_byte_ns: Option<u64>,
    first_token_ns: Option<u64>,
    last_token_ns: Option<u64>,
    end_ns: Option<u64>,
    cancel_due_ns: Option<u64>,
    /// `end - cancel_due`; null unless the request was abandoned.
    cancel_error_ns: Option<i64>,
    /// `sent - scheduled`.
    lag_ns: Option<i64>,
    outcome: Option<&'static str>,
    http_status: Option<u16>,
    error_class: Option<&'static str>,
    /// Null unless a stream was asked for and the request was sent.
    events: Option<u32>,
    /// Response bytes; null if the request was not sent.
    bytes: Option<u64>,
    /// Null unless a stream was asked for, the request was sent and its token times were kept.
    token_times: Option<&'a [u64]>,
    input_tokens: Option<u32>,
    output_tokens: Option<u32>,
    usage_input: Option<u32>,
    usage_output: Option<u32>,
    /// Numbered within its worker.
    connection: Option<u32>,
    new_connection: Option<bool>,
    worker: u16,
    /// Index into the targets of `run.json`.
    target: u16,
    stage: u32,
    model: Option<&'a str>,
    adapter: Option<&'a str>,
    session: Option<&'a str>,
    turn: Option<u32>,
    leaf: String,
    /// SHA-256 of the body as it was sent; null unless answers were put into it.
    sent_sha256: Option<String>,
}

/// Writes a line for each record.
pub fn write(records: &Records, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    for result in by_index(records) {
        serde_json::to_writer(&mut out, &row(records, result))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn row<'a>(records: &'a Records, result: &'a RequestResult) -> Row<'a> {
    let record = &result.record;
    let times = Times::of(record);
    let sent = times.sent_ns.is_some();
    let cancelled = record.outcome == Outcome::Cancelled as u8;
    let streamed = sent && is_stream(record);
    let kept = result.token_ns.len() == record.token_count.get() as usize;
    let connection = optional_u32(record.connection);
    let status = record.http_status.get();
    Row {
        index: record.index.get(),
        scheduled_ns: times.scheduled_ns,
        sent_ns: times.sent_ns,
        body_written_ns: times.body_written_ns,
        first_byte_ns: times.first_byte_ns,
        first_token_ns: times.first_token_ns,
        last_token_ns: times.last_token_ns,
        end_ns: times.end_ns,
        cancel_due_ns: times.cancel_due_ns,
        cancel_error_ns: times.cancel_error_ns().filter(|_| cancelled),
        lag_ns: times.delay_ns(),
        outcome: Outcome::from_number(record.outcome).map(Outcome::name),
        http_status: (status != NONE_U16).then_some(status),
        error_class: error_class(result).map(|class| class.name()),
        events: streamed.then(|| record.events.get()),
        bytes: sent.then(|| record.response_bytes.get()),
        token_times: (streamed && kept).then_some(result.token_ns.as_slice()),
        input_tokens: optional_u32(record.input_tokens),
        output_tokens: optional_u32(record.output_tokens),
        usage_input: optional_u32(record.usage_input),
        usage_output: optional_u32(record.usage_output),
        connection,
        new_connection: connection.map(|_| record.flags & RESULT_NEW_CONNECTION != 0),
        worker: record.worker.get(),
        target: record.target.get(),
        stage: record.stage.get(),
        model: records.string(record.model),
        adapter: records.string(record.adapter),
        session: records.string(record.session),
        turn: optional_u32(record.turn),
        leaf: schemas::hex(&record.leaf),
        sent_sha256: result.sent_sha256.map(|hash| schemas::hex(&hash)),
    }
}
