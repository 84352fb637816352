//! Requests that met every objective, and each objective by itself.
//!
//! What failed or was never sent has met nothing. Refuses to count requests that the workload asked
//! to abandon: nobody waited for their answer.

use crate::analysis::extent::{per_second, ratio};
use crate::analysis::row::{Count, Row};
use crate::analysis::slo::{Met, Slo, SloMetric};
use schemas::records::Outcome;
use serde::{Deserialize, Serialize};

/// How many requests met the objectives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goodput {
    /// Requests that could have met them: all but cancelled ones, those not sent included.
    pub requests: u64,
    /// Those that met every one.
    pub good: u64,
    /// `good / requests`.
    pub share: Option<f64>,
    /// `good` per second of `throughput.duration_s`.
    pub good_per_s: Option<f64>,
    /// Output tokens of the good ones, as far as known, per second of `throughput.duration_s`.
    pub good_output_tokens_per_s: Option<f64>,
    /// Each objective by itself.
    pub slos: Vec<Attainment>,
}

/// How many requests met one objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attainment {
    /// What is limited.
    pub metric: SloMetric,
    /// The longest that meets it, in seconds.
    pub limit_s: f64,
    /// Requests that met it.
    pub met: u64,
    /// `met / requests`.
    pub share: Option<f64>,
    /// Requests that ended well and of which the time cannot be known; not in `met`.
    pub unknown: u64,
}

/// The goodput of a set of requests, added up one by one.
#[derive(Clone, Debug, Default)]
pub struct Good {
    requests: u64,
    good: u64,
    output_tokens: u64,
    /// Met and unknown, for each objective.
    each: Vec<(u64, u64)>,
}

impl Good {
    /// Adds a request.
    pub fn add(&mut self, row: &Row, slos: &[Slo]) {
        if row.is(Outcome::Cancelled) {
            return;
        }
        self.each.resize(slos.len(), (0, 0));
        self.requests += 1;
        if !row.is(Outcome::Ok) {
            return;
        }
        let mut all = true;
        for (slo, (met, unknown)) in slos.iter().zip(&mut self.each) {
            let found = slo.is_met(row);
            *met += u64::from(found == Met::Yes);
            *unknown += u64::from(found == Met::Unknown);
            all &= found == Met::Yes;
        }
        if all {
            self.good += 1;
            self.output_tokens += row.output_tokens().map_or(0, Count::count);
        }
    }

    /// The sum; `None` where no objective was set.
    pub fn goodput(&self, slos: &[Slo], duration_s: Option<f64>) -> Option<Goodput> {
        let each = self.each.iter().copied().chain(std::iter::repeat((0, 0)));
        let attainment = |(slo, (met, unknown)): (&Slo, (u64, u64))| Attainment {
            metric: slo.metric,
            limit_s: slo.limit_ns as f64 / 1e9,
            met,
            share: ratio(met, self.requests),
            unknown,
        };
        (!slos.is_empty()).then(|| Goodput {
            requests: self.requests,
            good: self.good,
            share: ratio(self.good, self.requests),
            good_per_s: per_second(self.good as f64, duration_s),
            good_output_tokens_per_s: per_second(self.output_tokens as f64, duration_s),
            slos: slos.iter().zip(each).map(attainment).collect(),
        })
    }
}
