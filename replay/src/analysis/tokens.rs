//! Work done by the server: tokens, requests and bytes, and who counted the tokens.
//!
//! Refuses to take a count that nobody gave for 0: such requests are counted as unknown.

use crate::analysis::extent::{Extent, per_second};
use crate::analysis::row::{Count, Row, known};
use schemas::records::Outcome;
use serde::{Deserialize, Serialize};

/// Work done by the server, over requests that ended well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// Generated tokens per second of `duration_s`; null if no count is known.
    pub output_tokens_per_s: Option<f64>,
    /// Prompt tokens per second of `duration_s`; null if no count is known.
    pub input_tokens_per_s: Option<f64>,
    /// Both together; null if either is.
    pub total_tokens_per_s: Option<f64>,
    /// Requests that ended well per second of `duration_s`.
    pub requests_per_s: Option<f64>,
    /// Bytes of their response bodies per second of `duration_s`.
    pub bytes_per_s: Option<f64>,
    /// From the first sending to the last end of any request that was sent, in seconds.
    pub duration_s: Option<f64>,
    /// Output tokens as counted by the server's `usage`.
    pub output_tokens_from_usage: u64,
    /// Output tokens where the server gave no usage: events with output, one token each.
    pub output_tokens_from_events: u64,
    /// Requests that are missing from both: not streamed, no usage.
    pub output_unknown_requests: u64,
    /// Prompt tokens as counted by the server's `usage`.
    pub input_tokens_from_usage: u64,
    /// Prompt tokens where the server gave no usage: the workload's count.
    pub input_tokens_from_workload: u64,
    /// Requests that are missing from both.
    pub input_unknown_requests: u64,
}

/// The server's `usage` held against the workload's counts, over requests that ended well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Requests for which the server gave a count.
    pub reported: u64,
    /// Prompt counts that differ from the workload's.
    pub input_mismatches: u64,
    /// Output counts that differ from what the workload asked for.
    pub output_mismatches: u64,
}

/// The work of a set of requests, added up one by one.
#[derive(Clone, Debug, Default)]
pub struct Work {
    lasted: Extent,
    ok: u64,
    bytes: u128,
    output: Counted,
    input: Counted,
    usage: Usage,
}

impl Work {
    /// Adds a request.
    pub fn add(&mut self, row: &Row) {
        let times = row.times();
        self.lasted.add(times.sent_ns);
        self.lasted.add(times.sent_ns.and(times.end_ns));
        if !row.is(Outcome::Ok) {
            return;
        }
        self.ok += 1;
        self.bytes += u128::from(row.response_bytes);
        self.output.add(row.output_tokens());
        self.input.add(row.input_tokens());
        let (input, output) = (known(row.usage_input), known(row.usage_output));
        self.usage.reported += u64::from(input.is_some() || output.is_some());
        self.usage.input_mismatches += u64::from(differ(input, known(row.input_tokens)));
        self.usage.output_mismatches += u64::from(differ(output, known(row.output_tokens)));
    }

    /// From the first sending to the last end, in seconds.
    pub fn duration_s(&self) -> Option<f64> {
        self.lasted.seconds()
    }

    /// The sum.
    pub fn throughput(&self) -> Throughput {
        let duration_s = self.duration_s();
        let rate = |total: Option<u64>| per_second(total? as f64, duration_s);
        let total = |(output, input)| output + input;
        Throughput {
            output_tokens_per_s: rate(self.output.total()),
            input_tokens_per_s: rate(self.input.total()),
            total_tokens_per_s: rate(self.output.total().zip(self.input.total()).map(total)),
            requests_per_s: rate(Some(self.ok)),
            bytes_per_s: per_second(self.bytes as f64, duration_s),
            duration_s,
            output_tokens_from_usage: self.output.usage,
            output_tokens_from_events: self.output.ours,
            output_unknown_requests: self.output.unknown,
            input_tokens_from_usage: self.input.usage,
            input_tokens_from_workload: self.input.ours,
            input_unknown_requests: self.input.unknown,
        }
    }

    /// How the server's counts compare.
    pub fn usage(&self) -> Usage {
        self.usage.clone()
    }
}

/// Tokens by who counted them, and requests that nobody counted.
#[derive(Clone, Debug, Default)]
struct Counted {
    known: u64,
    usage: u64,
    ours: u64,
    unknown: u64,
}

impl Counted {
    fn add(&mut self, count: Option<Count>) {
        self.known += u64::from(count.is_some());
        match count {
            Some(Count::Usage(tokens)) => self.usage += tokens,
            Some(Count::Ours(tokens)) => self.ours += tokens,
            None => self.unknown += 1,
        }
    }

    fn total(&self) -> Option<u64> {
        (self.known > 0).then_some(self.usage + self.ours)
    }
}

/// Whether both are known and not the same.
fn differ(reported: Option<u32>, expected: Option<u32>) -> bool {
    matches!((reported, expected), (Some(reported), Some(expected)) if reported != expected)
}
