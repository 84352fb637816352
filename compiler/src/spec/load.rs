//! The `load` block: when requests start. Refuses stages beside a trace, a trace
//! beside stages, and more requests than a workload can hold.

use super::error::SpecError;
use super::fields::{Choices, Cursor, Fields, Keys, REMOVE};
use super::quantity::{DURATION_EXAMPLE, DurationNs, RATE_EXAMPLE, RateMicrohertz};
use super::trace::TraceRef;
use schemas::layout::MAX_TIME_NS;

/// Most stages of a load.
pub const MAX_STAGES: usize = 10_000;
/// Most requests of all stages together, taken as rate × duration.
pub const MAX_REQUESTS: u64 = 1_000_000_000;

/// When requests start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Load {
    /// Evenly spaced.
    Constant { stages: Vec<Stage> },
    /// With exponentially distributed gaps.
    Poisson { stages: Vec<Stage> },
    /// When the requests of a trace did.
    TraceReplay(TraceRef),
}

/// A stretch of time with one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    pub rate: RateMicrohertz,
    pub duration: DurationNs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Constant,
    Poisson,
    TraceReplay,
}

const KINDS: Choices<Kind> = Choices {
    known: &[
        ("constant", Kind::Constant),
        ("poisson", Kind::Poisson),
        ("trace_replay", Kind::TraceReplay),
    ],
    later: &[
        "concurrent",
        "gamma",
        "weibull",
        "closed",
        "sessions",
        "trace_session_replay",
    ],
};

const AT_REPLAY: &str = "remove it: workers and connections are chosen when firing, by \
     `replay run --workers N --connections N`";

const KEYS: Keys = Keys {
    known: &["type", "base_seed", "stages", "trace"],
    later: &[
        ("cancellation", REMOVE),
        ("interval", REMOVE),
        ("sweep", "remove it and write the stages themselves"),
        ("lora_traffic_split", REMOVE),
        ("circuit_breakers", REMOVE),
        ("sessions", REMOVE),
        ("num_workers", AT_REPLAY),
        ("worker_max_concurrency", AT_REPLAY),
        ("worker_max_tcp_connections", AT_REPLAY),
        (
            "request_timeout",
            "remove it: time limits are set when firing, by `replay run --timeout D`",
        ),
    ],
};

const STAGE_KEYS: Keys = Keys {
    known: &["rate", "duration"],
    later: &[
        ("num_requests", "write `rate` and `duration`"),
        ("concurrency_level", "write `rate` and `duration`"),
        ("cancellation", REMOVE),
    ],
};

const STAGES_EXAMPLE: &str = "add `stages: [{rate: 50, duration: 60}]`";

impl Load {
    /// The load, and the value of `base_seed` for the caller, who knows `seed`.
    pub(super) fn read(cursor: Cursor<'_>) -> Result<(Self, Option<Cursor<'_>>), SpecError> {
        let fields = cursor.fields(&KEYS)?;
        let kind = fields
            .required("type", "add `type: constant`, `poisson` or `trace_replay`")?
            .choice(&KINDS)?;
        let load = match kind {
            Kind::Constant => Self::Constant {
                stages: read_stages(&fields)?,
            },
            Kind::Poisson => Self::Poisson {
                stages: read_stages(&fields)?,
            },
            Kind::TraceReplay => Self::TraceReplay(read_trace(&fields)?),
        };
        Ok((load, fields.optional("base_seed")))
    }
}

fn read_trace(fields: &Fields<'_>) -> Result<TraceRef, SpecError> {
    if let Some(stages) = fields.optional("stages") {
        let what = "a trace replay has no stages: the trace says when requests start";
        return Err(stages.error(what, "remove `load.stages`, or set another `load.type`"));
    }
    let remedy = "add `trace: {file: ./traces/traces.csv, format: AzurePublicDataset}`";
    TraceRef::read(fields.required("trace", remedy)?)
}

fn read_stages(fields: &Fields<'_>) -> Result<Vec<Stage>, SpecError> {
    if let Some(trace) = fields.optional("trace") {
        let what = "only a load of type trace_replay has a trace";
        return Err(trace.error(
            what,
            "set `load.type: trace_replay`, or remove `load.trace`",
        ));
    }
    let cursor = fields.required("stages", STAGES_EXAMPLE)?;
    let items = cursor.list()?;
    if items.is_empty() {
        return Err(cursor.error("there are no stages", STAGES_EXAMPLE));
    }
    if items.len() > MAX_STAGES {
        let what = format!(
            "{} stages are more than the limit of {MAX_STAGES}",
            items.len()
        );
        return Err(cursor.error(what, "write fewer, longer stages, or replay a trace"));
    }
    let (mut requests, mut total_ns) = (0, 0u64);
    let mut stages = Vec::with_capacity(items.len());
    for item in items {
        let stage = Stage::read(item.clone())?;
        requests += stage.requests();
        total_ns = total_ns.saturating_add(stage.duration.get());
        if total_ns > MAX_TIME_NS {
            let what = "the stages up to this one last longer than the limit of ten years";
            return Err(item.error(what, "write fewer or shorter stages"));
        }
        if requests > u128::from(MAX_REQUESTS) {
            let what = format!(
                "the stages so far start {requests} requests, more than the limit of {MAX_REQUESTS}"
            );
            return Err(item.error(what, "lower the rate or shorten the stage"));
        }
        stages.push(stage);
    }
    Ok(stages)
}

impl Stage {
    fn read(cursor: Cursor<'_>) -> Result<Self, SpecError> {
        let fields = cursor.fields(&STAGE_KEYS)?;
        let rate = fields.required("rate", "add `rate: 50`, in requests per second")?;
        let duration = fields.required("duration", "add `duration: 60`, in seconds")?;
        Ok(Self {
            rate: RateMicrohertz::parse(rate.scalar()?)
                .map_err(|error| rate.error(error.to_string(), error.remedy(RATE_EXAMPLE)))?,
            duration: DurationNs::parse(duration.scalar()?).map_err(|error| {
                duration.error(error.to_string(), error.remedy(DURATION_EXAMPLE))
            })?,
        })
    }

    /// Whole requests expected in the stage. Both factors are below 2^56.
    fn requests(&self) -> u128 {
        const MICROHERTZ_NS_PER_REQUEST: u128 = 1_000_000_000_000_000;
        u128::from(self.rate.get()) * u128::from(self.duration.get()) / MICROHERTZ_NS_PER_REQUEST
    }
}
