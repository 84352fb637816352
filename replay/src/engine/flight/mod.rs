//! One request from its first byte to its record.
//!
//! A flight holds the record while it grows. It is told what happens on the wire and says when it
//! is over; it never looks at a socket or a clock.

mod record;
mod response;

use super::exchange::{Content, Part};
use super::kept::Keeping;
use super::pool::Id;
use super::request::Outgoing;
use super::wire::Reader;
use super::wire::cut::Cutter;
use schemas::Digest;
use schemas::frames::TokenTimes;
use schemas::layout::{
    NONE_U32, NONE_U64, RequestRecord, ResponseFormat, optional_u32, optional_u64,
};
use schemas::records::{ErrorClass, NONE_U16, Outcome, ResultRecord};
use zerocopy::byteorder::little_endian::U64;

/// A buffer that has grown beyond this is let go, in bytes.
const KEPT_BUFFER_BYTES: usize = 256 * 1024;

/// What a flight needs to know of the run.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// t0 on CLOCK_MONOTONIC.
    pub t0_ns: u64,
    /// Longest wait for a complete response from the first write on, in ns.
    pub timeout_ns: u64,
    /// Whether the time of each event with output is kept, or only the first and the last.
    pub token_times: bool,
    /// Whether whole answers are kept.
    pub answers: bool,
}

/// What follows from something that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing yet.
    On,
    /// The flight is to be given up at this point of CLOCK_MONOTONIC, and no other.
    Deadline(u64),
    /// It is over; [`Flight::must_close`] says what becomes of its connection.
    Over,
}

/// A request that is being sent or answered.
pub struct Flight {
    /// What is known of it so far.
    pub record: ResultRecord,
    /// The connection that it is on or waits for.
    pub connection: Option<Id>,
    /// What is to be sent as soon as its connection is open.
    pub waiting: Option<Outgoing>,
    /// SHA-256 of a body that was put together when it was fired.
    pub sent_sha256: Option<Digest>,
    /// Text of the answer as it stands in a JSON string, if somebody wants it.
    pub answer: Vec<u8>,
    /// Whether somebody wants it.
    pub is_answer_wanted: bool,
    /// The whole answer, where answers are kept.
    pub keeping: Option<Box<Keeping>>,
    /// Whether the schedule counts it as in flight.
    pub is_scheduled: bool,
    /// From its beginning until its record has been handed over.
    pub is_flying: bool,
    token_times: TokenTimes,
    cutter: Cutter,
    tail: Vec<u8>,
    format: ResponseFormat,
    reader: Reader,
    content: Content,
    /// What was wrong with the response first.
    fault: ErrorClass,
    cancel_after_ns: Option<u64>,
    cancel_after_tokens: Option<u32>,
    over: bool,
    must_close: bool,
}

impl Flight {
    /// Buffers without a flight.
    pub fn empty(rules: &Rules) -> Self {
        Flight {
            record: record::blank(),
            connection: None,
            waiting: None,
            sent_sha256: None,
            answer: Vec::new(),
            is_answer_wanted: false,
            keeping: rules.answers.then(Box::default),
            is_scheduled: false,
            is_flying: false,
            token_times: TokenTimes::default(),
            cutter: Cutter::default(),
            tail: Vec::new(),
            format: ResponseFormat::Generic,
            reader: Reader::new(ResponseFormat::Generic),
            content: Content::Other,
            fault: ErrorClass::None,
            cancel_after_ns: None,
            cancel_after_tokens: None,
            over: false,
            must_close: false,
        }
    }

    /// Begins the record of a request that is due; the buffers stay.
    pub fn begin(&mut self, index: u64, request: &RequestRecord, leaf: Digest, due_ns: u64) {
        self.record = record::begun(index, request, leaf, due_ns);
        self.connection = None;
        self.waiting = None;
        self.sent_sha256 = None;
        self.is_answer_wanted = false;
        self.is_scheduled = true;
        self.is_flying = true;
        self.answer.clear();
        self.token_times.clear();
        self.cutter.reset(Content::Other);
        self.tail.clear();
        // A number that is not defined is never fired: the factory refuses its record.
        self.format =
            ResponseFormat::from_number(request.response_format).unwrap_or(ResponseFormat::Generic);
        self.reader.reset(self.format);
        self.content = Content::Other;
        self.fault = ErrorClass::None;
        self.cancel_after_ns = optional_u64(request.cancel_after_ns);
        self.cancel_after_tokens = optional_u32(request.cancel_after_tokens);
        self.over = false;
        self.must_close = false;
    }

    /// Lets go buffers that have grown large.
    pub fn trim(&mut self) {
        for buffer in [&mut self.tail, &mut self.answer] {
            if buffer.capacity() > KEPT_BUFFER_BYTES {
                *buffer = Vec::new();
            }
        }
    }

    /// Whether its connection is to be closed now that it is over.
    pub fn must_close(&self) -> bool {
        self.must_close
    }

    /// Whether it is over; what happens then is no part of it.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether its last body byte has been written.
    pub fn is_written(&self) -> bool {
        self.record.body_written_ns.get() != NONE_U64
    }

    /// Events with output so far.
    pub fn tokens(&self) -> u32 {
        self.token_times.count()
    }

    /// Its token times as the records file has them; none where they are not kept.
    pub fn token_time_bytes(&self, rules: &Rules) -> &[u8] {
        match rules.token_times {
            true => self.token_times.bytes(),
            false => &[],
        }
    }

    /// Takes what has happened on the wire.
    pub fn take(&mut self, mut part: Part<'_>, rules: &Rules) -> Step {
        if self.over {
            return Step::On;
        }
        if let Part::FirstByte(ns)
        | Part::Head { read_ns: ns, .. }
        | Part::Data { read_ns: ns, .. }
        | Part::End { read_ns: ns } = &mut part
        {
            // What lay in the socket before the request went out was received before it.
            let sent_ns = optional_u64(self.record.sent_ns).unwrap_or(0);
            *ns = (*ns).max(rules.t0_ns.saturating_add(sent_ns));
        }
        match part {
            Part::Sent(ns) => {
                self.record.sent_ns = rules.since_t0(ns);
                Step::Deadline(ns.saturating_add(rules.timeout_ns))
            }
            Part::BodyWritten(ns) => self.body_written(ns, rules),
            Part::FirstByte(ns) => {
                self.first_byte(ns, rules);
                Step::On
            }
            Part::Head {
                status,
                content,
                read_ns,
            } => {
                self.first_byte(read_ns, rules);
                self.record.http_status = status.into();
                self.content = content;
                self.cutter.reset(content);
                Step::On
            }
            Part::Data { bytes, read_ns } => self.data(bytes, read_ns, rules),
            Part::End { read_ns } => {
                self.complete(read_ns, rules);
                Step::Over
            }
            Part::Failed(class) => {
                self.settle(Outcome::Error, class);
                Step::Over
            }
        }
    }

    /// Its deadline has passed: cancelled if it was to be, or timed out. `now_ns` is on
    /// CLOCK_MONOTONIC.
    pub fn expire(&mut self, now_ns: u64, rules: &Rules) {
        self.must_close = true;
        let cancel_due = optional_u64(self.record.cancel_due_ns);
        let now = now_ns.saturating_sub(rules.t0_ns);
        let outcome = match () {
            () if self.record.sent_ns.get() == NONE_U64 => match self.waiting {
                Some(_) => (Outcome::NotSent, ErrorClass::Connect),
                None => (Outcome::NotSent, ErrorClass::Write),
            },
            () if cancel_due.is_some_and(|due| due <= now) => {
                (Outcome::Cancelled, ErrorClass::None)
            }
            () if self.record.http_status.get() == NONE_U16 => {
                (Outcome::Timeout, ErrorClass::NoResponse)
            }
            () => (Outcome::Timeout, ErrorClass::Stalled),
        };
        self.settle(outcome.0, outcome.1);
    }

    /// It never goes out.
    pub fn not_sent(&mut self, class: ErrorClass) {
        self.settle(Outcome::NotSent, class);
    }

    /// The run ends before it does.
    pub fn interrupt(&mut self) {
        self.must_close = true;
        self.settle(Outcome::Error, ErrorClass::Interrupted);
    }

    fn settle(&mut self, outcome: Outcome, class: ErrorClass) {
        self.over = true;
        // Not a byte was written: whatever failed, it was not sent.
        let sent = self.record.sent_ns.get() != NONE_U64;
        let outcome = if sent { outcome } else { Outcome::NotSent };
        self.record.outcome = outcome as u8;
        self.record.error_class = class as u8;
    }

    /// The record is complete but for its end, if it was given up: that is now.
    pub fn close(&mut self, now_ns: u64, rules: &Rules) {
        let record = &mut self.record;
        let usage = self.reader.usage();
        record.usage_input = usage.input.unwrap_or(NONE_U32).into();
        record.usage_output = usage.output.unwrap_or(NONE_U32).into();
        record.token_count = self.token_times.count().into();
        record.first_token_ns = self.token_times.first().unwrap_or(NONE_U64).into();
        record.last_token_ns = self.token_times.last().unwrap_or(NONE_U64).into();
        if record.outcome == Outcome::NotSent as u8 {
            record.cancel_due_ns = NONE_U64.into();
            record.first_byte_ns = NONE_U64.into();
        } else if record.end_ns.get() == NONE_U64 {
            record.end_ns = rules.since_t0(now_ns);
        }
        // What ended before was not to be abandoned any more.
        if optional_u64(record.cancel_due_ns) > optional_u64(record.end_ns) {
            record.cancel_due_ns = NONE_U64.into();
        }
    }

    fn body_written(&mut self, ns: u64, rules: &Rules) -> Step {
        self.record.body_written_ns = rules.since_t0(ns);
        let Some(after_ns) = self.cancel_after_ns else {
            return Step::On;
        };
        let due_ns = ns.saturating_add(after_ns);
        self.record.cancel_due_ns = rules.since_t0(due_ns);
        let sent_ns = rules.t0_ns.saturating_add(self.record.sent_ns.get());
        Step::Deadline(due_ns.min(sent_ns.saturating_add(rules.timeout_ns)))
    }

    fn first_byte(&mut self, ns: u64, rules: &Rules) {
        if self.record.first_byte_ns.get() == NONE_U64 {
            self.record.first_byte_ns = rules.since_t0(ns);
        }
    }
}

impl Rules {
    /// A point of CLOCK_MONOTONIC as ns from t0.
    fn since_t0(&self, monotonic_ns: u64) -> U64 {
        monotonic_ns.saturating_sub(self.t0_ns).into()
    }
}
