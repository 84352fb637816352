//! The figures of a group of requests: a stage, an adapter, or everything that is measured.
//!
//! Refuses to let a request that failed enter a latency, and a warm-up enter an overall figure.

use crate::analysis::cancellation::Cancellation;
use crate::analysis::distributions::Distributions;
use crate::analysis::errors::{Errors, Failures};
use crate::analysis::goodput::{Good, Goodput};
use crate::analysis::group::{Dimension, GroupKey};
use crate::analysis::load_summary::{Load, LoadSummary};
use crate::analysis::metric::Metric;
use crate::analysis::row::Row;
use crate::analysis::run_data::RunData;
use crate::analysis::slo::Slo;
use crate::analysis::stats::Stats;
use crate::analysis::tokens::{Throughput, Usage, Work};
use crate::run_info::StageInfo;
use serde::{Deserialize, Serialize};

/// All figures of a set of requests; [`Metric::formula`] says what each distribution is of.
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
    /// Time to second token: from the first to the second event with output, as in AIPerf.
    pub ttst_s: Option<Stats>,
    /// Inter-token latency: every gap between consecutive events with output of one response. An
    /// event may carry several tokens. Percentiles are from counts and off by 0.05 % at most.
    pub itl_s: Option<Stats>,
    /// Time per output token, one value a request: `(last_token - first_token) / (tokens - 1)`,
    /// for two tokens or more, rounded to 1 ns. vLLM: `(latency - ttft) / (output_len - 1)`, its
    /// latency ending at the last token, which is the same.
    pub tpot_s: Option<Stats>,
    /// Normalised time per output token, `(end - sent) / tokens`, as in inference-perf.
    pub ntpot_s: Option<Stats>,
    /// Output tokens per second of one request, `tokens / (end - sent)`.
    pub output_rate: Option<Stats>,
    /// Prompt tokens of a request.
    pub input_tokens: Option<Stats>,
    /// Generated tokens of a request.
    pub output_tokens: Option<Stats>,
    /// Bytes of a response's body.
    pub response_bytes: Option<Stats>,
    /// `end - sent` of requests that failed or timed out.
    pub failed_latency_s: Option<Stats>,
    /// Requests in flight, weighted by time.
    pub in_flight: Option<Stats>,
    /// Work done by the server.
    pub throughput: Throughput,
    /// The server's count of tokens against ours.
    pub usage: Usage,
    /// Requests that were to be abandoned.
    pub cancellation: Cancellation,
    /// What did not end well.
    pub errors: Errors,
    /// Requests that met the objectives; null where none were set.
    pub goodput: Option<Goodput>,
}

impl Measures {
    /// The distribution of a metric; `None` where no request is of its population.
    pub fn distribution(&self, metric: Metric) -> Option<&Stats> {
        let stats = match metric {
            Metric::ScheduleDelay => &self.load_summary.schedule_delay,
            Metric::LatencyFromScheduled => &self.latency_from_scheduled_s,
            Metric::LatencyFromSent => &self.latency_from_sent_s,
            Metric::Ttft => &self.ttft_s,
            Metric::TtftFromScheduled => &self.ttft_from_scheduled_s,
            Metric::Ttst => &self.ttst_s,
            Metric::Itl => &self.itl_s,
            Metric::Tpot => &self.tpot_s,
            Metric::Ntpot => &self.ntpot_s,
            Metric::OutputRate => &self.output_rate,
            Metric::InputTokens => &self.input_tokens,
            Metric::OutputTokens => &self.output_tokens,
            Metric::ResponseBytes => &self.response_bytes,
            Metric::FailedLatency => &self.failed_latency_s,
            Metric::CancellationError => &self.cancellation.error_s,
            Metric::InFlight => &self.in_flight,
        };
        stats.as_ref()
    }
}

/// What is added up of a group, request by request.
#[derive(Clone, Debug, Default)]
struct Sums {
    load: Load,
    work: Work,
    cancellation: Cancellation,
    failures: Failures,
    good: Good,
}

impl Sums {
    fn add(&mut self, row: &Row, stages: &[StageInfo], slos: &[Slo]) {
        self.load.add(row, stages);
        self.work.add(row);
        self.cancellation.add(row);
        self.failures.add(row);
        self.good.add(row, slos);
    }
}

/// Measures every group of a run, in the order of `groups.keys`.
pub fn measure(data: &RunData, slos: &[Slo]) -> Vec<Measures> {
    let distributions = Distributions::of(data);
    let stages = &data.info.stages;
    let mut sums = vec![Sums::default(); data.groups.keys.len()];
    for row in &data.rows {
        for group in data.groups.of(row) {
            sums[*group].add(row, stages, slos);
        }
    }
    let keys = data.groups.keys.iter().enumerate();
    keys.map(|(group, key)| {
        let same = data.groups.measured_as(group);
        let stats = |metric| distributions.get(same, metric);
        finish(sums[same].clone(), stats, slos, asked_rate(key, stages))
    })
    .collect()
}

/// The rate that was asked for, in requests per second: a stage's; of everything, that of the only
/// stage that is not warm-up.
fn asked_rate(key: &GroupKey, stages: &[StageInfo]) -> Option<f64> {
    match key.dimension {
        Dimension::Stage => stages[key.stage? as usize].rate,
        Dimension::All => {
            let mut measured = stages.iter().filter(|stage| !stage.warm_up);
            let only = measured.next()?;
            measured.next().is_none().then_some(only.rate)?
        }
        _ => None,
    }
}

fn finish(
    sums: Sums,
    stats: impl Fn(Metric) -> Option<Stats>,
    slos: &[Slo],
    asked_rate: Option<f64>,
) -> Measures {
    let duration_s = sums.work.duration_s();
    Measures {
        load_summary: sums.load.summary(stats(Metric::ScheduleDelay), asked_rate),
        latency_from_scheduled_s: stats(Metric::LatencyFromScheduled),
        latency_from_sent_s: stats(Metric::LatencyFromSent),
        ttft_s: stats(Metric::Ttft),
        ttft_from_scheduled_s: stats(Metric::TtftFromScheduled),
        ttst_s: stats(Metric::Ttst),
        itl_s: stats(Metric::Itl),
        tpot_s: stats(Metric::Tpot),
        ntpot_s: stats(Metric::Ntpot),
        output_rate: stats(Metric::OutputRate),
        input_tokens: stats(Metric::InputTokens),
        output_tokens: stats(Metric::OutputTokens),
        response_bytes: stats(Metric::ResponseBytes),
        failed_latency_s: stats(Metric::FailedLatency),
        in_flight: stats(Metric::InFlight),
        throughput: sums.work.throughput(),
        usage: sums.work.usage(),
        cancellation: Cancellation {
            error_s: stats(Metric::CancellationError),
            ..sums.cancellation
        },
        errors: sums.failures.errors(),
        goodput: sums.good.goodput(slos, duration_s),
    }
}
