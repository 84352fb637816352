//! Runs side by side: two with what changed and how sure that is, three or more with how far they
//! spread.
//!
//! Every figure is one of the summaries; only what is said of its uncertainty is made of the
//! requests. Refuses to compare in silence what was not fired alike: that stands first.

mod differ;
mod pair;
pub mod resample;
mod spread;
mod text;

pub use differ::Difference;
pub use pair::{Change, Pair, pair};
pub use spread::{Range, spread};
pub use text::write as write_text;

use crate::analysis::metric::{Metric, Unit};
use crate::analysis::stats::Stats;
use crate::analysis::summary::Summary;
use crate::analysis::verdict::Word;
use crate::run_info::RunInfo;
use serde::Serialize;

/// Version of the comparison's shape.
pub const COMPARISON_FORMAT: u32 = 1;

/// One of the runs that are compared.
pub struct Run {
    /// Its directory, as it was typed.
    pub directory: String,
    /// Its description.
    pub info: RunInfo,
    /// Its figures.
    pub summary: Summary,
}

/// What `replay compare --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// [`COMPARISON_FORMAT`].
    pub format: u32,
    /// The runs, as they were named.
    pub runs: Vec<Head>,
    /// In what the runs were not alike, but for what came back.
    pub differences: Vec<Difference>,
    /// Of two runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<Pair>,
    /// Of three or more: each figure's spread.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spread: Vec<Range>,
}

/// A run in one line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Head {
    /// Its directory, as it was typed.
    pub directory: String,
    /// Whether it may be believed.
    pub verdict: Word,
    /// Requests that were sent and are measured.
    pub requests: u64,
}

impl Comparison {
    /// Of these runs, nothing compared yet.
    pub fn of(runs: &[Run]) -> Self {
        let head = |run: &Run| Head {
            directory: run.directory.clone(),
            verdict: run.summary.verdict.verdict,
            requests: run.summary.overall.load_summary.count,
        };
        Comparison {
            format: COMPARISON_FORMAT,
            runs: runs.iter().map(head).collect(),
            differences: differ::differences(runs),
            pair: None,
            spread: Vec::new(),
        }
    }
}

/// Of a distribution, what is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stat {
    /// The arithmetic mean.
    Mean,
    /// The median.
    P50,
    /// The 90th percentile.
    P90,
    /// The 99th percentile.
    P99,
}

impl Stat {
    /// All of them.
    pub const ALL: [Stat; 4] = [Stat::Mean, Stat::P50, Stat::P90, Stat::P99];

    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Stat::Mean => "mean",
            Stat::P50 => "p50",
            Stat::P90 => "p90",
            Stat::P99 => "p99",
        }
    }

    /// Its number of a distribution.
    fn of(self, stats: &Stats) -> f64 {
        match self {
            Stat::Mean => stats.mean,
            Stat::P50 => stats.median,
            Stat::P90 => stats.p90,
            Stat::P99 => stats.p99,
        }
    }
}

/// A figure of a whole run that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Of a distribution.
    Of(Metric, Stat),
    /// Answers per second.
    RequestsPerS,
    /// Generated tokens per second.
    OutputTokensPerS,
    /// Requests that met the SLOs per second.
    GoodPerS,
    /// Requests that met the SLOs, as a share.
    GoodShare,
    /// Requests that failed, as a share.
    ErrorRate,
}

impl Figure {
    /// All of them: the distributions in the order of the summary, then the rates.
    pub fn all() -> impl Iterator<Item = Figure> {
        let of = |metric: &Metric| Stat::ALL.map(|stat| Figure::Of(*metric, stat));
        Metric::ALL.iter().flat_map(of).chain(Self::RATES)
    }

    /// Those that are of no distribution.
    pub const RATES: [Figure; 5] = [
        Figure::RequestsPerS,
        Figure::OutputTokensPerS,
        Figure::GoodPerS,
        Figure::GoodShare,
        Figure::ErrorRate,
    ];

    /// Its place in `summary.json`.
    pub fn key(self) -> &'static str {
        match self {
            Figure::Of(metric, _) => metric.key(),
            Figure::RequestsPerS => "throughput.requests_per_s",
            Figure::OutputTokensPerS => "throughput.output_tokens_per_s",
            Figure::GoodPerS => "goodput.good_per_s",
            Figure::GoodShare => "goodput.share",
            Figure::ErrorRate => "errors.rate",
        }
    }

    /// What it is counted in.
    pub fn unit(self) -> &'static str {
        match self {
            Figure::Of(metric, _) => metric.unit().name(),
            Figure::RequestsPerS | Figure::GoodPerS => "requests/s",
            Figure::OutputTokensPerS => Unit::TokensPerSecond.name(),
            Figure::GoodShare | Figure::ErrorRate => "of 1",
        }
    }

    /// Which number of the distribution, if it is of one.
    pub fn stat(self) -> Option<Stat> {
        match self {
            Figure::Of(_, stat) => Some(stat),
            _ => None,
        }
    }

    /// Its value in a run.
    pub fn value(self, summary: &Summary) -> Option<f64> {
        let overall = &summary.overall;
        let goodput = overall.goodput.as_ref();
        match self {
            Figure::Of(metric, stat) => Some(stat.of(overall.distribution(metric)?)),
            Figure::RequestsPerS => overall.throughput.requests_per_s,
            Figure::OutputTokensPerS => overall.throughput.output_tokens_per_s,
            Figure::GoodPerS => goodput?.good_per_s,
            Figure::GoodShare => goodput?.share,
            Figure::ErrorRate => overall.errors.rate,
        }
    }
}
