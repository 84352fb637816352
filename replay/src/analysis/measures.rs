//! The figures of a set of requests: a stage, or all stages that are not warm-up.
//!
//! Durations are in seconds in the JSON, as in inference-perf, and integer ns until then. Refuses
//! to let a request that failed enter a latency, and a warm-up enter an overall figure.

use crate::analysis::cancellation::{self, Cancellation};
use crate::analysis::load_summary::{self, LoadSummary};
use crate::analysis::sent::{Count, Sent, extent_s, per_second, stats};
use crate::analysis::stats::Stats;
use crate::analysis::times::span_ns;
use crate::run_info::StageInfo;
use schemas::frames::RequestResult;
use schemas::layout::optional_u32;
use schemas::records::Outcome;
use serde::{Deserialize, Serialize};

/// Work done by the server, over requests that ended well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// Generated tokens per second of `duration_s`; null if no count is known.
    pub output_tokens_per_s: Option<f64>,
    /// Prompt tokens per second of `duration_s`; null if no count is known.
    pub input_tokens_per_s: Option<f64>,
    /// Requests that ended well per second of `duration_s`.
    pub requests_per_s: Option<f64>,
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

/// All figures of a set of requests.
///
/// Latencies are over requests with outcome `ok`. TTFT, ITL and TPOT are over those of them that
/// were streamed; an event with output may carry several tokens, and then ITL is the gap between
/// events, as it is in vLLM's and inference-perf's benchmarks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// How the load was put on.
    pub load_summary: LoadSummary,
    /// `end - scheduled`: what a user who came on schedule waited; free of coordinated omission.
    pub latency_from_scheduled_s: Option<Stats>,
    /// `end - sent`: what the server took.
    pub latency_from_sent_s: Option<Stats>,
    /// Time to first token, `first_token - sent`.
    pub ttft_s: Option<Stats>,
    /// Time to first token, `first_token - scheduled`.
    pub ttft_from_scheduled_s: Option<Stats>,
    /// Inter-token latency: every gap between consecutive events with output of one response.
    pub itl_s: Option<Stats>,
    /// Time per output token, one value a request: `(last_token - first_token) / (tokens - 1)`,
    /// for two tokens or more, rounded to 1 ns. vLLM: `(latency - ttft) / (output_len - 1)`, its
    /// latency ending at the last token, which is the same. Tokens are the server's count, else
    /// events with output.
    pub tpot_s: Option<Stats>,
    /// Work done by the server.
    pub throughput: Throughput,
    /// The server's count of tokens against ours.
    pub usage: Usage,
    /// Requests that were to be abandoned.
    pub cancellation: Cancellation,
}

/// Measures a set of requests of these `stages` of the workload. `asked_rate` is the rate of the
/// one stage that it is, in requests per second. Records that were not sent are skipped.
pub fn measure(
    results: &[&RequestResult],
    stages: &[StageInfo],
    asked_rate: Option<f64>,
) -> Measures {
    let sent: Vec<Sent<'_>> = results
        .iter()
        .filter_map(|result| Sent::of(result))
        .collect();
    let ok: Vec<Sent<'_>> = sent
        .iter()
        .copied()
        .filter(|sent| sent.is(Outcome::Ok))
        .collect();
    let streamed: Vec<Sent<'_>> = ok.iter().copied().filter(Sent::is_stream).collect();
    Measures {
        load_summary: load_summary::summarize(&sent, stages, asked_rate),
        latency_from_scheduled_s: stats(&ok, |t| span_ns(t.scheduled_ns, t.end_ns)),
        latency_from_sent_s: stats(&ok, |t| span_ns(t.sent_ns, t.end_ns)),
        ttft_s: stats(&streamed, |t| span_ns(t.sent_ns, t.first_token_ns)),
        ttft_from_scheduled_s: stats(&streamed, |t| span_ns(t.scheduled_ns, t.first_token_ns)),
        itl_s: Stats::of_ns(streamed.iter().flat_map(Sent::gaps_ns).collect()),
        tpot_s: Stats::of_ns(streamed.iter().filter_map(Sent::tpot_ns).collect()),
        throughput: throughput(&sent, &ok),
        usage: usage(&ok),
        cancellation: cancellation::take(&sent),
    }
}

fn throughput(sent: &[Sent<'_>], ok: &[Sent<'_>]) -> Throughput {
    let ends = sent.iter().filter_map(|sent| sent.times().end_ns);
    let duration_s = extent_s(
        sent.iter()
            .filter_map(|sent| sent.times().sent_ns)
            .chain(ends),
    );
    let output = Tally::of(ok.iter().map(Sent::output_tokens));
    let input = Tally::of(ok.iter().map(Sent::input_tokens));
    Throughput {
        output_tokens_per_s: output.total().and_then(|all| per_second(all, duration_s)),
        input_tokens_per_s: input.total().and_then(|all| per_second(all, duration_s)),
        requests_per_s: per_second(ok.len() as u64, duration_s),
        duration_s,
        output_tokens_from_usage: output.usage,
        output_tokens_from_events: output.ours,
        output_unknown_requests: output.unknown,
        input_tokens_from_usage: input.usage,
        input_tokens_from_workload: input.ours,
        input_unknown_requests: input.unknown,
    }
}

/// Tokens by who counted them, and requests that nobody counted.
#[derive(Default)]
struct Tally {
    known: u64,
    usage: u64,
    ours: u64,
    unknown: u64,
}

impl Tally {
    fn of(counts: impl Iterator<Item = Option<Count>>) -> Tally {
        let mut tally = Tally::default();
        for count in counts {
            tally.known += u64::from(count.is_some());
            match count {
                Some(Count::Usage(tokens)) => tally.usage += tokens,
                Some(Count::Ours(tokens)) => tally.ours += tokens,
                None => tally.unknown += 1,
            }
        }
        tally
    }

    fn total(&self) -> Option<u64> {
        (self.known > 0).then_some(self.usage + self.ours)
    }
}

fn usage(ok: &[Sent<'_>]) -> Usage {
    let mut usage = Usage::default();
    for record in ok.iter().map(Sent::record) {
        let (input, output) = (
            optional_u32(record.usage_input),
            optional_u32(record.usage_output),
        );
        usage.reported += u64::from(input.is_some() || output.is_some());
        usage.input_mismatches += u64::from(differ(input, optional_u32(record.input_tokens)));
        usage.output_mismatches += u64::from(differ(output, optional_u32(record.output_tokens)));
    }
    usage
}

/// Whether both are known and not the same.
fn differ(reported: Option<u32>, expected: Option<u32>) -> bool {
    matches!((reported, expected), (Some(reported), Some(expected)) if reported != expected)
}
