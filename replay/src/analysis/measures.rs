//! The figures of a set of requests: a stage, or all stages that are not warm-up.
//!
//! Durations are in seconds in the JSON, as in inference-perf, and integer ns until then. Refuses
//! to let a request that failed enter a latency, and a warm-up enter an overall figure.

use crate::analysis::stats::Stats;
use crate::analysis::times::{Times, is_stream, span_ns};
use schemas::frames::RequestResult;
use schemas::layout::optional_u32;
use schemas::records::{Outcome, ResultRecord};
use serde::{Deserialize, Serialize};

const NS_PER_S: f64 = 1e9;

/// How the load was put on: inference-perf's `load_summary`, its keys and units, with
/// `schedule_duration` and `scheduled_rate` added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadSummary {
    /// Requests that were sent, whatever became of them.
    pub count: u64,
    /// `sent - scheduled` in seconds.
    pub schedule_delay: Option<Stats>,
    /// From the first sending to the last, in seconds.
    pub send_duration: Option<f64>,
    /// From the first to the last scheduled time of the requests that were sent, in seconds.
    pub schedule_duration: Option<f64>,
    /// Requests per second that were asked for: the stage's rate, or `scheduled_rate` for several
    /// stages or one without a rate.
    pub requested_rate: Option<f64>,
    /// `count / schedule_duration`. This is what `achieved_rate` can be held against: drawn arrivals do not hit the asked rate exactly, and
    /// `n` requests span only `n - 1` intervals. Null for fewer than two requests.
    pub scheduled_rate: Option<f64>,
    /// `count / send_duration`. Null for fewer than two requests.
    pub achieved_rate: Option<f64>,
}

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
}

/// Measures a set of requests. `asked_rate` is the rate of the one stage that it is, in requests
/// per second. Records that were not sent are skipped.
pub fn measure(results: &[&RequestResult], asked_rate: Option<f64>) -> Measures {
    let sent: Vec<Sent<'_>> = results
        .iter()
        .filter_map(|result| Sent::of(result))
        .collect();
    let ok: Vec<Sent<'_>> = sent.iter().copied().filter(Sent::is_ok).collect();
    let streamed: Vec<Sent<'_>> = ok.iter().copied().filter(Sent::is_stream).collect();
    Measures {
        load_summary: load_summary(&sent, asked_rate),
        latency_from_scheduled_s: stats(&ok, |t| span_ns(t.scheduled_ns, t.end_ns)),
        latency_from_sent_s: stats(&ok, |t| span_ns(t.sent_ns, t.end_ns)),
        ttft_s: stats(&streamed, |t| span_ns(t.sent_ns, t.first_token_ns)),
        ttft_from_scheduled_s: stats(&streamed, |t| span_ns(t.scheduled_ns, t.first_token_ns)),
        itl_s: Stats::of_ns(streamed.iter().flat_map(Sent::gaps_ns).collect()),
        tpot_s: Stats::of_ns(streamed.iter().filter_map(Sent::tpot_ns).collect()),
        throughput: throughput(&sent, &ok),
        usage: usage(&ok),
    }
}

/// A request that was sent; a million of them are worth keeping small.
#[derive(Clone, Copy)]
struct Sent<'a>(&'a RequestResult);

impl<'a> Sent<'a> {
    fn of(result: &'a RequestResult) -> Option<Self> {
        Times::of(&result.record).sent_ns.map(|_| Sent(result))
    }

    fn record(&self) -> &'a ResultRecord {
        &self.0.record
    }

    fn times(&self) -> Times {
        Times::of(self.record())
    }

    fn is_ok(&self) -> bool {
        self.record().outcome == Outcome::Ok as u8
    }

    fn is_stream(&self) -> bool {
        is_stream(self.record())
    }

    fn gaps_ns(&self) -> impl Iterator<Item = i64> + use<'a> {
        let pairs = self.0.token_ns.windows(2);
        pairs.filter_map(|pair| span_ns(Some(pair[0]), Some(pair[1])))
    }

    fn tpot_ns(&self) -> Option<i64> {
        let tokens = i64::try_from(self.output_tokens()?.count()).ok()?;
        let times = self.times();
        let span = span_ns(times.first_token_ns, times.last_token_ns)?;
        let intervals = tokens - 1;
        // Rounded to nearest; spans are never negative in a record that is believed.
        (intervals > 0).then(|| (span + intervals / 2) / intervals)
    }

    fn output_tokens(&self) -> Option<Count> {
        let events = self.is_stream().then(|| self.record().token_count.get());
        Count::of(optional_u32(self.record().usage_output), events)
    }

    fn input_tokens(&self) -> Option<Count> {
        let expected = optional_u32(self.record().input_tokens);
        Count::of(optional_u32(self.record().usage_input), expected)
    }
}

/// A number of tokens and who counted them.
enum Count {
    Usage(u64),
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

fn stats(requests: &[Sent<'_>], value: impl Fn(&Times) -> Option<i64>) -> Option<Stats> {
    Stats::of_ns(
        requests
            .iter()
            .filter_map(|sent| value(&sent.times()))
            .collect(),
    )
}

fn load_summary(sent: &[Sent<'_>], asked_rate: Option<f64>) -> LoadSummary {
    let count = sent.len() as u64;
    let send_duration = extent_s(sent.iter().filter_map(|sent| sent.times().sent_ns));
    let schedule_duration = extent_s(sent.iter().filter_map(|sent| sent.times().scheduled_ns));
    let rate = |duration: Option<f64>| per_second(count, duration.filter(|_| count >= 2));
    let scheduled_rate = rate(schedule_duration);
    LoadSummary {
        count,
        schedule_delay: stats(sent, Times::delay_ns),
        send_duration,
        schedule_duration,
        requested_rate: asked_rate.or(scheduled_rate),
        scheduled_rate,
        achieved_rate: rate(send_duration),
    }
}

/// From the earliest to the latest of some times, in seconds.
fn extent_s(times_ns: impl Iterator<Item = u64> + Clone) -> Option<f64> {
    let (first, last) = (times_ns.clone().min()?, times_ns.max()?);
    Some((last - first) as f64 / NS_PER_S)
}

/// `None` for a duration that is unknown or zero.
fn per_second(count: u64, duration_s: Option<f64>) -> Option<f64> {
    let duration_s = duration_s.filter(|duration| *duration > 0.0)?;
    Some(count as f64 / duration_s)
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
