//! One request of a run, as the figures see it: 160 bytes, of which a million fit in memory.
//!
//! Has all of a record that a figure or a report's column needs but its token times, its leaf and
//! the hash of its body; those are read again from the file where they are wanted. Refuses nothing:
//! [`crate::analysis::accounting`] says which records become rows.

use crate::analysis::times::{Times, fit_tokens, span_ns};
use schemas::layout::{NONE_U32, NONE_U64};
use schemas::record_file::{Place, RecordView};
use schemas::records::{
    ErrorClass, NONE_U16, Outcome, RESULT_CANCEL, RESULT_NEW_CONNECTION, RESULT_STREAM,
};

/// One request. Times are ns from t0 with [`NONE_U64`] for none: [`Row::times`] spells it out.
/// Numbers of 32 and 16 bits have [`NONE_U32`] and [`NONE_U16`] for none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Row {
    pub index: u64,
    pub scheduled_ns: u64,
    pub sent_ns: u64,
    pub body_written_ns: u64,
    pub first_byte_ns: u64,
    pub first_token_ns: u64,
    /// Of the second event with output; none where token times were not kept.
    pub second_token_ns: u64,
    pub last_token_ns: u64,
    pub end_ns: u64,
    pub cancel_due_ns: u64,
    pub response_bytes: u64,
    /// Where its record begins in the file.
    pub offset: u64,
    /// Length of its record with all that follows it.
    pub record_bytes: u32,
    pub stage: u32,
    /// String ids, as `model` and `adapter`.
    pub session: u32,
    pub turn: u32,
    pub model: u32,
    pub adapter: u32,
    pub token_count: u32,
    /// According to the workload.
    pub input_tokens: u32,
    /// Asked for by the workload.
    pub output_tokens: u32,
    pub usage_input: u32,
    pub usage_output: u32,
    pub connection: u32,
    /// Which groups it is in: see [`crate::analysis::group::Groups`].
    pub(crate) cell: u32,
    pub target: u16,
    pub worker: u16,
    pub http_status: u16,
    /// Index into `populations` of `run.json`.
    pub population: u16,
    pub outcome: u8,
    pub error_class: u8,
    /// `RESULT_…` bits.
    pub flags: u8,
    /// Its token times can be true: see [`fit_tokens`].
    pub token_times_fit: bool,
}

const _: () = assert!(size_of::<Row>() == 160);

/// A number of tokens and who counted them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// The server, in its `usage`.
    Usage(u64),
    /// The workload, or the stream's events.
    Ours(u64),
}

impl Count {
    fn of(usage: Option<u32>, ours: Option<u32>) -> Option<Count> {
        let usage = usage.map(|tokens| Count::Usage(tokens.into()));
        usage.or(ours.map(|tokens| Count::Ours(tokens.into())))
    }

    /// The number.
    pub fn count(self) -> u64 {
        match self {
            Count::Usage(tokens) | Count::Ours(tokens) => tokens,
        }
    }
}

impl Row {
    /// The row of a record; in no group yet.
    pub fn of(view: &RecordView<'_>) -> Row {
        let record = view.record;
        Row {
            index: record.index.get(),
            scheduled_ns: record.scheduled_ns.get(),
            sent_ns: record.sent_ns.get(),
            body_written_ns: record.body_written_ns.get(),
            first_byte_ns: record.first_byte_ns.get(),
            first_token_ns: record.first_token_ns.get(),
            second_token_ns: view.token_ns.get(1).copied().unwrap_or(NONE_U64),
            last_token_ns: record.last_token_ns.get(),
            end_ns: record.end_ns.get(),
            cancel_due_ns: record.cancel_due_ns.get(),
            response_bytes: record.response_bytes.get(),
            offset: view.place.offset,
            record_bytes: view.place.bytes,
            stage: record.stage.get(),
            session: record.session.get(),
            turn: record.turn.get(),
            model: record.model.get(),
            adapter: record.adapter.get(),
            token_count: record.token_count.get(),
            input_tokens: record.input_tokens.get(),
            output_tokens: record.output_tokens.get(),
            usage_input: record.usage_input.get(),
            usage_output: record.usage_output.get(),
            connection: record.connection.get(),
            cell: NONE_U32,
            target: record.target.get(),
            worker: record.worker.get(),
            http_status: record.http_status.get(),
            population: record.population.get().checked_sub(1).unwrap_or(NONE_U16),
            outcome: record.outcome,
            error_class: record.error_class,
            flags: record.flags,
            token_times_fit: fit_tokens(record, view.token_ns),
        }
    }

    /// Where its record stands, to read it again.
    pub fn place(&self) -> Place {
        Place {
            offset: self.offset,
            bytes: self.record_bytes,
        }
    }

    /// Its times, absence spelt out.
    pub fn times(&self) -> Times {
        let known = |ns| (ns != NONE_U64).then_some(ns);
        Times {
            scheduled_ns: known(self.scheduled_ns),
            sent_ns: known(self.sent_ns),
            body_written_ns: known(self.body_written_ns),
            first_byte_ns: known(self.first_byte_ns),
            first_token_ns: known(self.first_token_ns),
            last_token_ns: known(self.last_token_ns),
            end_ns: known(self.end_ns),
            cancel_due_ns: known(self.cancel_due_ns),
        }
    }

    /// Whether it ended so.
    pub fn is(&self, outcome: Outcome) -> bool {
        self.outcome == outcome as u8
    }

    /// Whether a byte of it reached a socket.
    pub fn is_sent(&self) -> bool {
        self.sent_ns != NONE_U64
    }

    /// Whether it was sent and ended as an error or a timeout.
    pub fn has_failed(&self) -> bool {
        self.is(Outcome::Error) || self.is(Outcome::Timeout)
    }

    /// Whether a stream was asked for.
    pub fn is_stream(&self) -> bool {
        self.flags & RESULT_STREAM != 0
    }

    /// Whether the workload asks that it be abandoned.
    pub fn is_to_be_cancelled(&self) -> bool {
        self.flags & RESULT_CANCEL != 0
    }

    /// Whether it waited for a connection that was opened for it.
    pub fn is_on_new_connection(&self) -> bool {
        self.flags & RESULT_NEW_CONNECTION != 0
    }

    /// Why it did not end well, if it did not.
    pub fn class(&self) -> Option<ErrorClass> {
        ErrorClass::from_number(self.error_class).filter(|class| *class != ErrorClass::None)
    }

    /// Generated tokens, if anybody counted them: the server, else events of a stream.
    pub fn output_tokens(&self) -> Option<Count> {
        let events = self.is_stream().then_some(self.token_count);
        Count::of(known(self.usage_output), events)
    }

    /// Prompt tokens, if anybody counted them: the server, else the workload.
    pub fn input_tokens(&self) -> Option<Count> {
        Count::of(known(self.usage_input), known(self.input_tokens))
    }

    /// Time of the second event with output, if it was kept.
    pub fn second_token(&self) -> Option<u64> {
        (self.second_token_ns != NONE_U64).then_some(self.second_token_ns)
    }

    /// Time per output token in ns, rounded; `None` below two tokens.
    pub fn tpot_ns(&self) -> Option<i64> {
        let intervals = self.output_tokens()?.count().checked_sub(1)?;
        self.token_span_ns(intervals)
    }

    /// Mean gap between events with output in ns, rounded; `None` below two.
    pub fn mean_gap_ns(&self) -> Option<i64> {
        self.token_span_ns(u64::from(self.token_count).checked_sub(1)?)
    }

    /// From the first to the last event with output, divided. Rows are credible: the span is not
    /// negative.
    fn token_span_ns(&self, parts: u64) -> Option<i64> {
        let times = self.times();
        let span = span_ns(times.first_token_ns, times.last_token_ns)?;
        let parts = i64::try_from(parts).ok().filter(|parts| *parts > 0)?;
        Some(divided(span, parts))
    }
}

/// A quotient of a number that is not negative, rounded to nearest.
fn divided(value: i64, by: i64) -> i64 {
    ((i128::from(value) + i128::from(by) / 2) / i128::from(by)) as i64
}

/// `None` for the sentinel.
pub fn known(field: u32) -> Option<u32> {
    (field != NONE_U32).then_some(field)
}
