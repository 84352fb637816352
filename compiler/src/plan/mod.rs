//! Plan: from checked values to integer tables: when, how long, in which stage. No bytes, no I/O.

pub mod arrivals;
pub mod lengths;

use crate::rng::{Component, Seed};
use crate::spec::{Data, Lengths, Load, Spec};
use traces::Trace;

/// One request, decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedRequest {
    /// The request's identity, under which everything random about it is drawn: its ordinal, or
    /// its row number in a trace.
    pub ordinal: u64,
    /// Start in ns from t0.
    pub at_ns: u64,
    /// Index of the stage.
    pub stage: u32,
    /// Prompt tokens.
    pub input_tokens: u32,
    /// Tokens that the server is asked to generate.
    pub output_tokens: u32,
}

/// One stage, decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedStage {
    /// Start in ns from t0.
    pub start_ns: u64,
    /// Asked duration in ns; for a trace the offset of its last request.
    pub duration_ns: u64,
    /// Asked rate in requests per 10^6 seconds; none for a trace.
    pub rate_microhertz: Option<u64>,
    /// Requests in the stage.
    pub request_count: u64,
}

/// Everything that the plan decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In order of time.
    pub stages: Vec<PlannedStage>,
    /// In firing order.
    pub requests: Vec<PlannedRequest>,
    /// What was drawn from, in the order of the registry.
    pub drawn_from: Vec<Component>,
}

impl Plan {
    /// Decides a spec. `trace` is the one that the spec names, already read.
    pub fn new(spec: &Spec, seed: Seed, trace: Option<&Trace>) -> Self {
        let (stages, mut requests) = match (&spec.load, trace) {
            (Load::Constant { stages }, _) => arrivals::constant(stages),
            (Load::Poisson { stages }, _) => arrivals::poisson(stages, seed),
            (Load::TraceReplay(_), Some(trace)) => arrivals::replayed(trace),
            (Load::TraceReplay(_), None) => {
                panic!("the caller reads the trace that the spec names")
            }
        };
        let mut drawn_from = Vec::new();
        if matches!(spec.load, Load::Poisson { .. }) {
            drawn_from.push(Component::PoissonInterval);
        }
        if let Data {
            lengths: Lengths::Drawn { input, output },
            ..
        } = &spec.data
        {
            drawn_from.extend(lengths::draw(input, output, seed, &mut requests));
        }
        Plan {
            stages,
            requests,
            drawn_from,
        }
    }

    /// End of the last stage, in ns from t0.
    pub fn duration_ns(&self) -> u64 {
        self.stages
            .iter()
            .map(|stage| stage.start_ns + stage.duration_ns)
            .max()
            .unwrap_or(0)
    }
}
