//! The metrics: what each is called, its unit, its formula, and its value for one request.
//!
//! One list for every report; `RESULTS.md` has the same. Refuses to have a value for a request
//! outside a metric's population.

use crate::analysis::row::Row;
use crate::analysis::times::span_ns;
use schemas::records::Outcome;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Metric {
    ScheduleDelay,
    LatencyFromScheduled,
    LatencyFromSent,
    Ttft,
    TtftFromScheduled,
    Ttst,
    Itl,
    Tpot,
    Ntpot,
    OutputRate,
    InputTokens,
    OutputTokens,
    ResponseBytes,
    FailedLatency,
    CancellationError,
    InFlight,
}

/// What a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unit {
    Seconds,
    Tokens,
    TokensPerSecond,
    Bytes,
    Requests,
}

impl Unit {
    /// As it is written behind a number.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Seconds => "s",
            Unit::Tokens => "tokens",
            Unit::TokensPerSecond => "tokens/s",
            Unit::Bytes => "bytes",
            Unit::Requests => "requests",
        }
    }
}

/// Billionths in one: samples are in billionths of the unit.
const NANO: i128 = 1_000_000_000;

impl Metric {
    /// All of them, in the order of the summary.
    pub const ALL: &[Metric] = &[
        Metric::ScheduleDelay,
        Metric::LatencyFromScheduled,
        Metric::LatencyFromSent,
        Metric::Ttft,
        Metric::TtftFromScheduled,
        Metric::Ttst,
        Metric::Itl,
        Metric::Tpot,
        Metric::Ntpot,
        Metric::OutputRate,
        Metric::InputTokens,
        Metric::OutputTokens,
        Metric::ResponseBytes,
        Metric::FailedLatency,
        Metric::CancellationError,
        Metric::InFlight,
    ];

    /// Its place in `summary.json`.
    pub fn key(self) -> &'static str {
        match self {
            Metric::ScheduleDelay => "load_summary.schedule_delay",
            Metric::LatencyFromScheduled => "latency_from_scheduled_s",
            Metric::LatencyFromSent => "latency_from_sent_s",
            Metric::Ttft => "ttft_s",
            Metric::TtftFromScheduled => "ttft_from_scheduled_s",
            Metric::Ttst => "ttst_s",
            Metric::Itl => "itl_s",
            Metric::Tpot => "tpot_s",
            Metric::Ntpot => "ntpot_s",
            Metric::OutputRate => "output_rate",
            Metric::InputTokens => "input_tokens",
            Metric::OutputTokens => "output_tokens",
            Metric::ResponseBytes => "response_bytes",
            Metric::FailedLatency => "failed_latency_s",
            Metric::CancellationError => "cancellation.error_s",
            Metric::InFlight => "in_flight",
        }
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Metric::OutputRate => Unit::TokensPerSecond,
            Metric::InputTokens | Metric::OutputTokens => Unit::Tokens,
            Metric::ResponseBytes => Unit::Bytes,
            Metric::InFlight => Unit::Requests,
            _ => Unit::Seconds,
        }
    }

    /// How it follows from a record, and over which requests.
    pub fn formula(self) -> &'static str {
        match self {
            Metric::ScheduleDelay => "sent - scheduled, over requests that were sent",
            Metric::LatencyFromScheduled => "end - scheduled, over ok requests",
            Metric::LatencyFromSent => "end - sent, over ok requests",
            Metric::Ttft => "first token - sent, over streamed ok requests with output",
            Metric::TtftFromScheduled => {
                "first token - scheduled, over streamed ok requests with output"
            }
            Metric::Ttst => "second token - first token, over streamed ok requests with both",
            Metric::Itl => "every gap between consecutive tokens of streamed ok requests",
            Metric::Tpot => {
                "(last token - first token) / (tokens - 1), over streamed ok requests with 2 tokens or more"
            }
            Metric::Ntpot => "(end - sent) / output tokens, over ok requests with output tokens",
            Metric::OutputRate => "output tokens / (end - sent), over ok requests",
            Metric::InputTokens => "by server usage, else by the workload, over ok requests",
            Metric::OutputTokens => "by server usage, else events with output, over ok requests",
            Metric::ResponseBytes => "bytes of the response body, over ok requests",
            Metric::FailedLatency => "end - sent, over requests that failed or timed out",
            Metric::CancellationError => "end - due time, over cancelled requests",
            Metric::InFlight => "requests between sending and end, weighted by time",
        }
    }

    /// Its value for a request, in billionths of the unit; `None` outside its population and for
    /// [`Metric::Itl`] and [`Metric::InFlight`], which have no one value a request.
    pub fn of(self, row: &Row) -> Option<i64> {
        match self {
            Metric::Itl | Metric::InFlight => None,
            Metric::ScheduleDelay => row.times().delay_ns(),
            Metric::FailedLatency => row.has_failed().then(|| took_ns(row))?,
            Metric::CancellationError => {
                let cancelled = row.is(Outcome::Cancelled);
                cancelled.then(|| row.times().cancel_error_ns())?
            }
            _ if row.is(Outcome::Ok) => self.of_ok(row),
            _ => None,
        }
    }

    fn of_ok(self, row: &Row) -> Option<i64> {
        match self {
            Metric::LatencyFromScheduled => span_ns(row.times().scheduled_ns, row.times().end_ns),
            Metric::LatencyFromSent => took_ns(row),
            Metric::Ntpot => {
                let tokens = i128::from(row.output_tokens()?.count());
                (tokens > 0).then(|| rounded(took_ns(row)?.into(), tokens))?
            }
            Metric::OutputRate => {
                let tokens = i128::from(row.output_tokens()?.count());
                let took = i128::from(took_ns(row)?);
                (took > 0).then(|| rounded(tokens * NANO * NANO, took))?
            }
            Metric::InputTokens => rounded(i128::from(row.input_tokens()?.count()) * NANO, 1),
            Metric::OutputTokens => rounded(i128::from(row.output_tokens()?.count()) * NANO, 1),
            Metric::ResponseBytes => rounded(i128::from(row.response_bytes) * NANO, 1),
            _ if row.is_stream() => self.of_stream(row),
            _ => None,
        }
    }

    fn of_stream(self, row: &Row) -> Option<i64> {
        let times = row.times();
        match self {
            Metric::Ttft => span_ns(times.sent_ns, times.first_token_ns),
            Metric::TtftFromScheduled => span_ns(times.scheduled_ns, times.first_token_ns),
            Metric::Ttst => span_ns(times.first_token_ns, row.second_token()),
            Metric::Tpot => row.tpot_ns(),
            _ => None,
        }
    }
}

fn took_ns(row: &Row) -> Option<i64> {
    span_ns(row.times().sent_ns, row.times().end_ns)
}

/// A quotient of numbers that are not negative, rounded to nearest; what is too large is the
/// greatest that there is.
fn rounded(value: i128, by: i128) -> Option<i64> {
    Some(i64::try_from((value + by / 2) / by).unwrap_or(i64::MAX))
}
