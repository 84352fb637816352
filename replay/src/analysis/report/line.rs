//! What a report that shows every record says of one, whatever the format.
//!
//! Refuses to have a number for what did not happen: absent is none, never 0.

use crate::analysis::run_data::RunData;
use crate::analysis::times::Times;
use schemas::frames::RequestResult;
use schemas::layout::optional_u32;
use schemas::records::{ErrorClass, NONE_U16, Outcome, RESULT_NEW_CONNECTION, RESULT_STREAM};
use serde::Serialize;

/// A record as its line has it. Times are ns from t0.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Line<'a> {
    pub index: u64,
    pub scheduled_ns: Option<u64>,
    pub sent_ns: Option<u64>,
    pub body_written_ns: Option<u64>,
    pub first_byte_ns: Option<u64>,
    pub first_token_ns: Option<u64>,
    pub last_token_ns: Option<u64>,
    pub end_ns: Option<u64>,
    pub cancel_due_ns: Option<u64>,
    /// `end - cancel_due`; null unless the request was abandoned.
    pub cancel_error_ns: Option<i64>,
    /// `sent - scheduled`.
    pub lag_ns: Option<i64>,
    pub outcome: Option<&'static str>,
    pub http_status: Option<u16>,
    pub error_class: Option<&'static str>,
    /// Null unless a stream was asked for and the request was sent.
    pub events: Option<u32>,
    /// Response bytes; null if the request was not sent.
    pub bytes: Option<u64>,
    /// Null unless a stream was asked for, the request was sent and its token times were kept.
    pub token_times: Option<&'a [u64]>,
    pub input_tokens: Option<u32>,
    pub output_tokens: Option<u32>,
    pub usage_input: Option<u32>,
    pub usage_output: Option<u32>,
    /// Numbered within its worker.
    pub connection: Option<u32>,
    pub new_connection: Option<bool>,
    pub worker: u16,
    /// Index into the targets of `run.json`.
    pub target: u16,
    pub stage: u32,
    pub model: Option<&'a str>,
    pub adapter: Option<&'a str>,
    pub session: Option<&'a str>,
    pub turn: Option<u32>,
    pub population: Option<&'a str>,
    pub leaf: String,
    /// SHA-256 of the body as it was sent; null unless answers were put into it.
    pub sent_sha256: Option<String>,
}

impl<'a> Line<'a> {
    /// Of a record.
    pub fn of(data: &'a RunData, result: &'a RequestResult) -> Self {
        let record = &result.record;
        let times = Times::of(record);
        let sent = times.sent_ns.is_some();
        let cancelled = record.outcome == Outcome::Cancelled as u8;
        let streamed = sent && record.flags & RESULT_STREAM != 0;
        let kept = result.token_ns.len() == record.token_count.get() as usize;
        let connection = optional_u32(record.connection);
        let population = record.population.get().checked_sub(1);
        let population = population.and_then(|place| data.info.populations.get(place as usize));
        let status = record.http_status.get();
        Line {
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
            error_class: ErrorClass::from_number(record.error_class)
                .filter(|class| *class != ErrorClass::None)
                .map(ErrorClass::name),
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
            model: data.string(record.model.get()),
            adapter: data.string(record.adapter.get()),
            session: data.string(record.session.get()),
            turn: optional_u32(record.turn),
            population: population.map(String::as_str),
            leaf: schemas::hex(&record.leaf),
            sent_sha256: result.sent_sha256.map(|hash| schemas::hex(&hash)),
        }
    }
}
