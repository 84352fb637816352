//! The arrival log as it is read: one [`Arrival`] per POST request, in the order
//! the requests reached the server.
//!
//! Nothing here runs while requests are served; the log is kept as compact
//! records (see `log.rs`) and put into words only when somebody reads it.

use std::fmt::Write;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::config::FRAME_BYTES;
use crate::log::{End, Record};
use crate::stats::Shared;

/// One POST request as the server saw it. Times are `CLOCK_MONOTONIC`
/// nanoseconds; what is not known (yet) is `None`, and `null` in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Place in arrival order among the requests of the log, from 0. It starts
    /// anew when the log is cleared.
    pub seq: u64,
    /// When the kernel had the bytes that the read of the first one brought; over TLS, that read.
    pub arrival_ns: u64,
    /// The same of the read that completed the body.
    pub body_end_ns: Option<u64>,
    /// Always `POST`.
    pub method: String,
    /// Path, without the query.
    pub path: String,
    /// Status of the answer, known when the body was read.
    pub status: Option<u16>,
    /// Length of the body.
    pub body_bytes: Option<u64>,
    /// SHA-256 of the body, lower-case hexadecimal.
    pub body_sha256: Option<String>,
    /// Which connection brought it, in the order they were accepted, from 1.
    pub connection: u64,
    /// `model` of the body.
    pub model: Option<String>,
    /// `max_completion_tokens` of the body, else `max_tokens`, as asked.
    pub max_tokens: Option<u64>,
    /// `stream` of the body; `None` when the body could not be read.
    pub stream: Option<bool>,
    /// POST requests in flight at arrival, this one included.
    pub concurrent: u64,
    /// When the client was seen to be gone (or its body to be cut off or badly
    /// framed) before the answer was complete: `Some` of a request that has ended
    /// unless `answered_ns` is.
    pub closed_early_ns: Option<u64>,
    /// Just before the write that handed the answer's last byte to the socket, so
    /// that nothing the client does upon it is logged as earlier. Of an answer that
    /// a fault broke off, the last byte there was. Over HTTP/2 it may be too early
    /// when the client's flow control held the last bytes back.
    pub answered_ns: Option<u64>,
    /// Whether an `Authorization` header came along. Its value is not kept.
    pub authorization: bool,
    /// Which API was called (`chat`, `messages`, `tgi_stream`, ...); `None` under any other path.
    pub endpoint: Option<String>,
    /// Images in the body.
    pub images: u64,
    /// Pieces of audio in the body.
    pub audios: u64,
    /// Documents to rank, or texts to embed, in the body.
    pub documents: u64,
    /// The fault that fell on it, as in `--fault` but without its share.
    pub fault: Option<String>,
}

impl Arrival {
    fn new(seq: u64, record: &Record, faults: &[String]) -> Self {
        let ended = |end| record.end_ns.filter(|_| record.end == end).map(u64::from);
        let body = record.body.as_ref();
        Arrival {
            seq,
            arrival_ns: record.arrival_ns,
            body_end_ns: body.map(|b| b.end_ns.get()),
            method: "POST".to_owned(),
            path: record.path.to_string(),
            status: record.status.map(u16::from),
            body_bytes: body.map(|b| u64::from(b.bytes)),
            body_sha256: body.map(|b| hex(&b.sha256)),
            connection: record.connection,
            model: record.model.as_ref().map(|m| m.to_string()),
            max_tokens: record.max_tokens.map(u64::from),
            stream: record.stream,
            concurrent: u64::from(record.concurrent),
            closed_early_ns: ended(End::ClosedEarly),
            answered_ns: ended(End::Answered),
            authorization: record.authorization,
            endpoint: record.api.map(|api| api.name().to_owned()),
            images: record.media.images.into(),
            audios: record.media.audios.into(),
            documents: record.media.documents.into(),
            fault: record
                .fault
                .map(|n| faults[usize::from(n.get()) - 1].clone()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(out, "{byte:02x}").expect("a String takes every character");
    }
    out
}

/// All records of all workers, ready to be read in arrival order.
pub struct Arrivals {
    records: std::vec::IntoIter<Record>,
    next_seq: u64,
    /// Names of the configured faults.
    faults: Vec<String>,
}

impl Arrivals {
    /// All so far; requests read in the same nanosecond go by connection.
    pub fn of(shared: &Shared) -> Self {
        let mut records = shared.records();
        records.sort_unstable_by_key(|r| (r.arrival_ns, r.connection));
        Arrivals {
            records: records.into_iter(),
            next_seq: 0,
            faults: shared
                .config
                .faults
                .iter()
                .map(|fault| fault.kind.to_string())
                .collect(),
        }
    }

    /// The next lines of JSON, about one frame of them, or `None` at the end.
    pub fn next_lines(&mut self) -> Option<Bytes> {
        let mut out = Vec::with_capacity(FRAME_BYTES + 1024);
        while out.len() < FRAME_BYTES
            && let Some(arrival) = self.next()
        {
            serde_json::to_writer(&mut out, &arrival).expect("numbers and strings serialise");
            out.push(b'\n');
        }
        (!out.is_empty()).then(|| Bytes::from(out))
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let record = self.records.next()?;
        let seq = self.next_seq;
        self.next_seq += 1;
        Some(Arrival::new(seq, &record, &self.faults))
    }
}
