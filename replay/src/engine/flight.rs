//! One request from its first byte to its record.
//!
//! A flight holds the record while it grows. Dropping it writes the record, whatever the reason:
//! a request that was begun cannot vanish.

use super::clock::monotonic_ns;
use super::connection::Connection;
use super::wire::sse::SseParser;
use super::wire::{self, Event, Usage};
use super::worker::Worker;
use http::Response;
use http::header::CONTENT_TYPE;
use http_body::Body;
use hyper::body::Incoming;
use schemas::layout::{NONE_U32, NONE_U64, REQUEST_STREAM, ResponseFormat};
use schemas::records::{
    ErrorClass, NONE_U16, Outcome, RESULT_NEW_CONNECTION, RESULT_STREAM, ResultRecord,
};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;

/// Longest response that is kept to look for usage, in bytes; of a longer one only its end is.
const KEPT_TAIL_BYTES: usize = 64 * 1024;
/// Longest response body, in bytes.
const MAX_RESPONSE_BYTES: u64 = 1 << 30;

/// Buffers that outlive a flight and serve the next.
#[derive(Debug, Default)]
pub struct Buffers {
    token_ns: Vec<u64>,
    sse: SseParser,
    tail: Vec<u8>,
}

impl Buffers {
    fn reset(&mut self) {
        self.token_ns.clear();
        self.sse.reset();
        self.tail.clear();
    }
}

/// A request that is being sent or answered.
pub struct Flight {
    record: ResultRecord,
    buffers: Buffers,
    format: ResponseFormat,
    /// The stream has said that it is complete.
    finished: bool,
    worker: Rc<Worker>,
}

/// Why a response could not be read to its end.
#[derive(Clone, Copy, Debug)]
struct Failure(ErrorClass);

impl Flight {
    /// Begins the record of a request that is due.
    pub fn new(worker: &Rc<Worker>, index: u64, scheduled_ns: u64) -> Self {
        let mut buffers = worker.take_buffers();
        buffers.reset();
        Flight {
            record: blank_record(worker, index, scheduled_ns),
            buffers,
            format: worker.response_format(index),
            finished: false,
            worker: Rc::clone(worker),
        }
    }

    /// Ends a request before anything of it was written.
    pub fn not_sent(mut self, class: ErrorClass) {
        self.settle(Outcome::NotSent, class);
    }

    /// Notes which connection the request goes out on.
    pub fn on(&mut self, connection: &Connection, is_new: bool) {
        self.record.connection = connection.number.into();
        self.record.flags |= if is_new { RESULT_NEW_CONNECTION } else { 0 };
    }

    /// Takes over the time of the first write. True if something was written.
    pub fn note_sent(&mut self, connection: &Connection) -> bool {
        let Some(sent) = connection.stamps.first_write_ns() else {
            return false;
        };
        if self.record.sent_ns.get() == NONE_U64 {
            let sent_ns = self.worker.from_t0(sent);
            self.record.sent_ns = sent_ns.into();
            self.worker
                .count_sent(sent_ns.saturating_sub(self.record.scheduled_ns.get()));
        }
        true
    }

    fn settle(&mut self, outcome: Outcome, class: ErrorClass) {
        self.record.outcome = outcome as u8;
        self.record.error_class = class as u8;
    }

    /// Reads the response to its end, settles the record, and gives the connection back if it can
    /// be used again.
    pub async fn fly(
        mut self,
        mut connection: Connection,
        response: impl Future<Output = hyper::Result<Response<Incoming>>>,
    ) {
        let deadline = tokio::time::Instant::now() + self.worker.timeout();
        let answered =
            tokio::time::timeout_at(deadline, self.read(&mut connection, response)).await;
        self.note_sent(&connection);
        let stamps = Rc::clone(&connection.stamps);
        self.record.body_written_ns = self.time_or_none(stamps.body_written_ns());
        self.record.first_byte_ns = self.time_or_none(stamps.first_read_ns());
        let ended = match answered {
            Ok(Ok(())) => stamps.last_read_ns(),
            _ => Some(monotonic_ns()),
        };
        self.record.end_ns = self.time_or_none(ended);
        match answered {
            Ok(Ok(())) => self.settle(Outcome::Ok, ErrorClass::None),
            Ok(Err(Failure(class))) => self.settle(Outcome::Error, class),
            Err(_) => self.settle(Outcome::Timeout, ErrorClass::None),
        }
        let whole = matches!(answered, Ok(Ok(()) | Err(Failure(ErrorClass::Status))));
        let worker = Rc::clone(&self.worker);
        drop(self);
        if whole && connection.is_reusable().await {
            worker.put_connection(connection);
        }
    }

    async fn read(
        &mut self,
        connection: &mut Connection,
        response: impl Future<Output = hyper::Result<Response<Incoming>>>,
    ) -> Result<(), Failure> {
        let response = connection.drive(response).await;
        self.note_sent(connection);
        let response = response.map_err(|error| self.failure(&error))?;
        self.record.first_byte_ns = self.time_or_none(connection.stamps.first_read_ns());
        self.record.http_status = response.status().as_u16().into();
        let is_sse = is_event_stream(&response);
        let good = response.status().is_success();
        let asked_stream = self.record.flags & RESULT_STREAM != 0;
        let streamed = good && is_sse;
        self.read_body(connection, response.into_body(), streamed)
            .await?;
        match () {
            _ if !good => Err(Failure(ErrorClass::Status)),
            _ if asked_stream && !self.finished => Err(Failure(ErrorClass::Stream)),
            _ => Ok(()),
        }
    }

    async fn read_body(
        &mut self,
        connection: &mut Connection,
        mut body: Incoming,
        streamed: bool,
    ) -> Result<(), Failure> {
        let stamps = Rc::clone(&connection.stamps);
        loop {
            let frame = connection
                .drive(poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)))
                .await;
            // Answering others must not make the next request late.
            self.worker.fire_due();
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|error| self.failure(&error))?.into_data() else {
                continue;
            };
            let bytes = self.record.response_bytes.get() + data.len() as u64;
            self.record.response_bytes = bytes.into();
            if bytes > MAX_RESPONSE_BYTES {
                return Err(Failure(ErrorClass::TooLarge));
            }
            if streamed {
                let read_ns = self.time_or_none(stamps.last_read_ns());
                self.take_events(&data, read_ns.get())?;
            } else {
                keep_tail(&mut self.buffers.tail, &data);
            }
        }
        if streamed {
            return Ok(());
        }
        let whole = wire::read_whole(self.format, &self.buffers.tail);
        self.take_usage(whole.usage.unwrap_or_default());
        let good = (200..300).contains(&self.record.http_status.get());
        match whole.event {
            Event::Error if good => Err(Failure(ErrorClass::Stream)),
            _ => Ok(()),
        }
    }

    fn take_events(&mut self, data: &[u8], read_ns: u64) -> Result<(), Failure> {
        let (mut events, mut failed, mut finished) = (0, false, false);
        let mut reported = Usage::default();
        let format = self.format;
        let Buffers { token_ns, sse, .. } = &mut self.buffers;
        let tokens_before = token_ns.len();
        let fed = sse.feed(data, |event| {
            let reading = wire::read(format, event);
            events += u32::from(reading.event != Event::Done);
            match reading.event {
                Event::Output => token_ns.push(read_ns),
                Event::Error => failed = true,
                Event::Done | Event::Other => {}
            }
            finished |= reading.may_end;
            if let Some(usage) = reading.usage {
                reported.update(usage);
            }
        });
        self.finished |= finished;
        let tokens = token_ns.len() - tokens_before;
        self.worker.count_tokens(tokens as u64);
        self.record.events = (self.record.events.get() + events).into();
        self.take_usage(reported);
        match (fed, failed) {
            (Err(_), _) => Err(Failure(ErrorClass::TooLarge)),
            (_, true) => Err(Failure(ErrorClass::Stream)),
            _ => Ok(()),
        }
    }

    /// Takes over what is reported; a later count replaces an earlier one.
    fn take_usage(&mut self, usage: Usage) {
        if let Some(input) = usage.input {
            self.record.usage_input = input.into();
        }
        if let Some(output) = usage.output {
            self.record.usage_output = output.into();
        }
    }

    fn failure(&self, error: &hyper::Error) -> Failure {
        Failure(match () {
            _ if error.is_parse() => ErrorClass::Protocol,
            _ if error.is_body_write_aborted() || self.record.sent_ns.get() == NONE_U64 => {
                ErrorClass::Write
            }
            _ => ErrorClass::Closed,
        })
    }

    fn time_or_none(&self, stamp: Option<u64>) -> zerocopy::byteorder::little_endian::U64 {
        stamp.map_or(NONE_U64, |ns| self.worker.from_t0(ns)).into()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let token_ns = &self.buffers.token_ns;
        self.record.token_count = (token_ns.len() as u32).into();
        self.record.first_token_ns = token_ns.first().copied().unwrap_or(NONE_U64).into();
        self.record.last_token_ns = token_ns.last().copied().unwrap_or(NONE_U64).into();
        if self.record.sent_ns.get() == NONE_U64 && self.record.outcome != Outcome::NotSent as u8 {
            // It failed before a byte was written: whatever failed, it was not sent.
            self.record.outcome = Outcome::NotSent as u8;
            self.record.end_ns = NONE_U64.into();
            if self.record.error_class == ErrorClass::None as u8 {
                // Its time ran out before the socket took a byte.
                self.record.error_class = ErrorClass::Write as u8;
            }
        } else if self.record.sent_ns.get() != NONE_U64 && self.record.end_ns.get() == NONE_U64 {
            // Given up from outside, in the middle of the answer.
            self.record.end_ns = self.worker.from_t0(monotonic_ns()).into();
        }
        self.worker.land(&self.record, token_ns);
        self.worker.put_buffers(std::mem::take(&mut self.buffers));
    }
}

/// A record that says "interrupted" until the flight settles it otherwise.
fn blank_record(worker: &Worker, index: u64, scheduled_ns: u64) -> ResultRecord {
    let request = worker.request(index);
    let none_ns = NONE_U64.into();
    ResultRecord {
        index: index.into(),
        scheduled_ns: scheduled_ns.into(),
        sent_ns: none_ns,
        body_written_ns: none_ns,
        first_byte_ns: none_ns,
        first_token_ns: none_ns,
        last_token_ns: none_ns,
        end_ns: none_ns,
        response_bytes: 0.into(),
        leaf: worker.leaf(index),
        stage: request.stage,
        session: request.session,
        turn: request.turn,
        model: request.model,
        adapter: request.adapter,
        events: 0.into(),
        token_count: 0.into(),
        input_tokens: request.input_tokens,
        output_tokens: request.output_tokens,
        usage_input: NONE_U32.into(),
        usage_output: NONE_U32.into(),
        connection: NONE_U32.into(),
        worker: worker.number().into(),
        http_status: NONE_U16.into(),
        outcome: Outcome::Error as u8,
        error_class: ErrorClass::Interrupted as u8,
        flags: if request.flags & REQUEST_STREAM != 0 {
            RESULT_STREAM
        } else {
            0
        },
        zero: 0,
        token_time_bytes: 0.into(),
        zero2: 0.into(),
    }
}

fn is_event_stream(response: &Response<Incoming>) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|value| {
        value
            .as_bytes()
            .to_ascii_lowercase()
            .starts_with(b"text/event-stream")
    })
}

/// Keeps the last [`KEPT_TAIL_BYTES`] or more of a response.
fn keep_tail(tail: &mut Vec<u8>, data: &[u8]) {
    if tail.len() > 2 * KEPT_TAIL_BYTES {
        tail.drain(..tail.len() - KEPT_TAIL_BYTES);
    }
    tail.extend_from_slice(data);
}
