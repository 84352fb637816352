//! A request that was sent, as the figures see it.
//!
//! Knows who counted its tokens and which times it has; refuses requests of which nothing reached
//! a socket.

use crate::analysis::stats::Stats;
use crate::analysis::times::{Times, is_stream, span_ns};
use schemas::frames::RequestResult;
use schemas::layout::optional_u32;
use schemas::records::{Outcome, ResultRecord};

const NS_PER_S: f64 = 1e9;

/// A request that was sent; a million of them are worth keeping small.
#[derive(Clone, Copy)]
pub struct Sent<'a>(pub &'a RequestResult);

impl<'a> Sent<'a> {
    /// The request, if it was sent.
    pub fn of(result: &'a RequestResult) -> Option<Self> {
        Times::of(&result.record).sent_ns.map(|_| Sent(result))
    }

    /// Its record.
    pub fn record(&self) -> &'a ResultRecord {
        &self.0.record
    }

    /// Its times.
    pub fn times(&self) -> Times {
        Times::of(self.record())
    }

    /// Whether it ended so.
    pub fn is(&self, outcome: Outcome) -> bool {
        self.record().outcome == outcome as u8
    }

    /// Whether a stream was asked for.
    pub fn is_stream(&self) -> bool {
        is_stream(self.record())
    }

    /// Gaps between consecutive events with output, in ns.
    pub fn gaps_ns(&self) -> impl Iterator<Item = i64> + use<'a> {
        let pairs = self.0.token_ns.windows(2);
        pairs.filter_map(|pair| span_ns(Some(pair[0]), Some(pair[1])))
    }

    /// Time per output token in ns; `None` below two tokens.
    pub fn tpot_ns(&self) -> Option<i64> {
        let tokens = i64::try_from(self.output_tokens()?.count()).ok()?;
        let times = self.times();
        let span = span_ns(times.first_token_ns, times.last_token_ns)?;
        let intervals = tokens - 1;
        // Rounded to nearest; spans are never negative in a record that is believed.
        (intervals > 0).then(|| (span + intervals / 2) / intervals)
    }

    /// Generated tokens, if anybody counted them.
    pub fn output_tokens(&self) -> Option<Count> {
        let events = self.is_stream().then(|| self.record().token_count.get());
        Count::of(optional_u32(self.record().usage_output), events)
    }

    /// Prompt tokens, if anybody counted them.
    pub fn input_tokens(&self) -> Option<Count> {
        let expected = optional_u32(self.record().input_tokens);
        Count::of(optional_u32(self.record().usage_input), expected)
    }
}

/// A number of tokens and who counted them.
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

    fn count(self) -> u64 {
        match self {
            Count::Usage(tokens) | Count::Ours(tokens) => tokens,
        }
    }
}

/// The distribution of a span over those requests that have it.
pub fn stats(requests: &[Sent<'_>], value: impl Fn(&Times) -> Option<i64>) -> Option<Stats> {
    Stats::of_ns(
        requests
            .iter()
            .filter_map(|sent| value(&sent.times()))
            .collect(),
    )
}

/// From the earliest to the latest of some times, in seconds.
pub fn extent_s(times_ns: impl Iterator<Item = u64> + Clone) -> Option<f64> {
    let (first, last) = (times_ns.clone().min()?, times_ns.max()?);
    Some((last - first) as f64 / NS_PER_S)
}

/// A rate per second; `None` for a duration that is unknown or zero.
pub fn per_second(count: u64, duration_s: Option<f64>) -> Option<f64> {
    let duration_s = duration_s.filter(|duration| *duration > 0.0)?;
    Some(count as f64 / duration_s)
}
