//! AIPerf's `profile_export.jsonl`: one JSON object a line for each request that was sent.
//!
//! Times are Unix times in ns, durations in ms. `RESULTS.md` says where a figure means something
//! else there. Refuses to show requests that were not sent, which AIPerf has no line for; how many
//! they are is known to [`left_out`].

use crate::analysis::metric::Metric;
use crate::analysis::row::{Row, known};
use crate::analysis::run_data::RunData;
use schemas::records::{ErrorClass, NONE_U16, Outcome};
use serde::Serialize;
use std::io::{self, BufWriter, Write};

/// What AIPerf says of a request that was abandoned as asked.
const CANCELLED_CODE: u16 = 499;

/// Writes a line for each request that was sent, of those in the window.
pub fn write(data: &RunData, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    for row in sent(data) {
        serde_json::to_writer(&mut out, &line(data, row)?)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Requests that have no line: not sent, outside the window, or without a record to believe.
pub fn left_out(data: &RunData) -> u64 {
    data.accounting.scheduled - sent(data).count() as u64
}

fn sent(data: &RunData) -> impl Iterator<Item = &Row> {
    let rows = data.rows.iter();
    rows.filter(|row| row.is_sent() && data.window.has(row))
}

#[derive(Serialize)]
struct Line<'a> {
    metadata: Metadata<'a>,
    metrics: Metrics,
    error: Option<Error>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    session_num: u64,
    x_request_id: String,
    x_correlation_id: Id<'a>,
    conversation_id: Id<'a>,
    turn_index: u32,
    credit_issued_ns: Option<u64>,
    request_start_ns: Option<u64>,
    request_ack_ns: Option<u64>,
    request_end_ns: Option<u64>,
    worker_id: String,
    record_processor_id: &'static str,
    benchmark_phase: &'static str,
    was_cancelled: bool,
    cancellation_time_ns: Option<u64>,
}

/// Of a conversation: the session's name, or the index of a request that is none of a session.
#[derive(Serialize)]
#[serde(untagged)]
enum Id<'a> {
    Session(&'a str),
    Alone(String),
}

#[derive(Serialize)]
struct Metrics {
    #[serde(flatten)]
    of_ok: Option<OfOk>,
    /// Prompt tokens of a request that did not end well.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_isl: Option<Quantity<u64>>,
}

/// What is not known has no key.
#[derive(Serialize)]
struct OfOk {
    #[serde(skip_serializing_if = "Option::is_none")]
    request_latency: Option<Quantity<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_first_token: Option<Quantity<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_second_token: Option<Quantity<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inter_token_latency: Option<Quantity<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inter_chunk_latency: Option<Quantity<Vec<f64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_sequence_length: Option<Quantity<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_sequence_length: Option<Quantity<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_token_throughput_per_user: Option<Quantity<f64>>,
}

#[derive(Serialize)]
struct Quantity<T> {
    value: T,
    unit: &'static str,
}

#[derive(Serialize)]
struct Error {
    /// HTTP status, if there was one.
    code: Option<u16>,
    r#type: &'static str,
    message: String,
}

fn line<'a>(data: &'a RunData, row: &Row) -> io::Result<Line<'a>> {
    let metrics = match row.is(Outcome::Ok) {
        true => Metrics {
            of_ok: Some(of_ok(data, row)?),
            error_isl: None,
        },
        false => Metrics {
            of_ok: None,
            error_isl: row.input_tokens().map(|count| tokens(count.count())),
        },
    };
    Ok(Line {
        metadata: metadata(data, row),
        metrics,
        error: error(row),
    })
}

fn metadata<'a>(data: &'a RunData, row: &Row) -> Metadata<'a> {
    let times = row.times();
    let unix = |at_ns: Option<u64>| Some(data.info.clock.t0_unix_ns.saturating_add(at_ns?));
    let conversation = || match data.string(row.session) {
        Some(session) => Id::Session(session),
        None => Id::Alone(row.index.to_string()),
    };
    let cancelled = row.is(Outcome::Cancelled);
    let warm_up = data.info.stages[row.stage as usize].warm_up;
    Metadata {
        session_num: row.index,
        x_request_id: row.index.to_string(),
        x_correlation_id: conversation(),
        conversation_id: conversation(),
        turn_index: known(row.turn).unwrap_or(0),
        credit_issued_ns: unix(times.scheduled_ns),
        request_start_ns: unix(times.sent_ns),
        request_ack_ns: unix(times.first_byte_ns),
        request_end_ns: unix(times.end_ns),
        worker_id: format!("worker_{}", row.worker),
        record_processor_id: "replay",
        benchmark_phase: if warm_up { "warmup" } else { "profiling" },
        was_cancelled: cancelled,
        cancellation_time_ns: unix(times.end_ns).filter(|_| cancelled),
    }
}

fn of_ok(data: &RunData, row: &Row) -> io::Result<OfOk> {
    let duration = |metric: Metric| metric.of(row).map(|ns| millis(ns as f64 / 1e6));
    let gap_ns = Metric::Tpot.of(row);
    Ok(OfOk {
        request_latency: duration(Metric::LatencyFromSent),
        time_to_first_token: duration(Metric::Ttft),
        time_to_second_token: duration(Metric::Ttst),
        inter_token_latency: duration(Metric::Tpot),
        inter_chunk_latency: chunk_gaps(data, row)?.map(millis),
        output_sequence_length: row.output_tokens().map(|count| tokens(count.count())),
        input_sequence_length: row.input_tokens().map(|count| tokens(count.count())),
        output_token_throughput_per_user: gap_ns.filter(|ns| *ns > 0).map(|ns| Quantity {
            value: 1e9 / ns as f64,
            unit: "tokens/sec/user",
        }),
    })
}

/// Gaps between events with output in ms, of an answer that has any and whose times were kept.
fn chunk_gaps(data: &RunData, row: &Row) -> io::Result<Option<Vec<f64>>> {
    if !row.is_stream() || row.second_token().is_none() {
        return Ok(None);
    }
    let result = data.file.at(row.place()).map_err(io::Error::other)?;
    let pairs = result.token_ns.windows(2);
    Ok(Some(
        pairs.map(|pair| (pair[1] - pair[0]) as f64 / 1e6).collect(),
    ))
}

fn error(row: &Row) -> Option<Error> {
    let status = (row.http_status != NONE_U16).then_some(row.http_status);
    match row.class() {
        Some(class) => Some(Error {
            code: status,
            r#type: class.name(),
            message: message(class, status),
        }),
        None => row.is(Outcome::Cancelled).then(|| Error {
            code: Some(CANCELLED_CODE),
            r#type: Outcome::Cancelled.name(),
            message: "abandoned as the workload asks".into(),
        }),
    }
}

fn message(class: ErrorClass, status: Option<u16>) -> String {
    match status {
        Some(status) => format!("error class {}, HTTP status {status}", class.name()),
        None => format!("error class {}", class.name()),
    }
}

fn millis<T>(value: T) -> Quantity<T> {
    Quantity { value, unit: "ms" }
}

fn tokens(value: u64) -> Quantity<u64> {
    Quantity {
        value,
        unit: "tokens",
    }
}
