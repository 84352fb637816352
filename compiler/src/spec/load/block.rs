//! The block as a whole: which kind of load it is, and what else inference-perf keeps in it.

use super::engine::Engine;
use super::stages::read_list;
use super::{Load, MAX_CONCURRENCY, closed, interval, open};
use crate::samplers::RateProfile;
use crate::spec::audit::Audit;
use crate::spec::context::Context;
use crate::spec::error::SpecError;
use crate::spec::fields::{Choices, Cursor, Fields, Keys, REMOVE, Refused};
use crate::spec::quantity::DurationNs;
use crate::spec::trace::TraceRef;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Constant,
    Poisson,
    Gamma,
    Weibull,
    Concurrent,
    Users,
    TraceReplay,
    FixedSchedule,
}

const KINDS: Choices<Kind> = Choices {
    known: &[
        ("constant", Kind::Constant),
        ("poisson", Kind::Poisson),
        ("gamma", Kind::Gamma),
        ("weibull", Kind::Weibull),
        ("concurrent", Kind::Concurrent),
        ("users", Kind::Users),
        ("trace_replay", Kind::TraceReplay),
        ("fixed_schedule", Kind::FixedSchedule),
    ],
    later: &["trace_session_replay"],
    refused: &[
        (
            "closed",
            "there are two closed loops",
            "write `concurrent`, or `users` if they think between requests",
        ),
        (
            "sessions",
            "sessions stand in a block of their own",
            "write `sessions: {turns: .., delay: ..}` beside `load`",
        ),
    ],
};

/// Whose block it is, which decides what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The root, for one population at least.
    Root,
    /// The root, while every population has a load of its own, or an audit is the load.
    Unused,
    /// A population.
    Population,
}

/// What decides one load.
pub const LOAD_KEYS: [&str; 10] = [
    "type",
    "interval",
    "stages",
    "trace",
    "max_concurrency",
    "burstiness",
    "shape",
    "smoothness",
    "lora_traffic_split",
    "cancellation",
];

/// What inference-perf says there about its engine, which all populations share.
const ENGINE_KEYS: [&str; 10] = [
    "base_seed",
    "sweep",
    "num_workers",
    "worker_max_concurrency",
    "worker_max_tcp_connections",
    "request_timeout",
    "request_retries",
    "request_retry_backoff_sec",
    "stage_teardown_grace_seconds",
    "circuit_breakers",
];

const ROOT_KEYS: Keys = Keys {
    known: &joined(LOAD_KEYS, ENGINE_KEYS),
    later: LATER,
    refused: &[SESSIONS],
};

const POPULATION_KEYS: Keys = Keys {
    known: &LOAD_KEYS,
    later: LATER,
    refused: &sessions_and(
        ENGINE_KEYS,
        "it is one for all populations",
        "write it in the `load` of the root",
    ),
};

const UNUSED_KEYS: Keys = Keys {
    known: &ENGINE_KEYS,
    later: LATER,
    refused: &sessions_and(
        LOAD_KEYS,
        "every population has a load of its own",
        "remove it here, or the load of a population",
    ),
};

const fn joined(first: [&'static str; 10], second: [&'static str; 10]) -> [&'static str; 20] {
    let mut all = [""; 20];
    let mut i = 0;
    while i < first.len() {
        all[i] = first[i];
        all[first.len() + i] = second[i];
        i += 1;
    }
    all
}

/// Refuses `sessions`, and each of the keys for the reason given.
const fn sessions_and(
    keys: [&'static str; 10],
    what: &'static str,
    remedy: &'static str,
) -> [Refused; 11] {
    let mut refused = [SESSIONS; 11];
    let mut i = 0;
    while i < keys.len() {
        refused[i + 1] = (keys[i], what, remedy);
        i += 1;
    }
    refused
}

const LATER: &[(&str, &str)] = &[("session_rate", REMOVE), ("num_sessions", REMOVE)];

const SESSIONS: Refused = (
    "sessions",
    "sessions stand in a block of their own",
    "write `sessions: {turns: .., delay: ..}` beside `load`",
);

const OPEN_EXAMPLE: &str = "{rate: 50, duration: 60}";
const CONCURRENT_EXAMPLE: &str = "{num_requests: 1000, concurrency_level: 32}";
const USERS_EXAMPLE: &str = "{users: 32, num_requests: 1000, think_time: 2s}";

/// inference-perf's printed default: one request per second for 30 s.
const DEFAULT_STAGE: RateProfile = RateProfile::flat(1_000_000, 30_000_000_000);

/// A load, and the blocks in it that belong beside it.
pub struct LoadBlock<'a> {
    pub load: Load,
    pub adapters: Option<Cursor<'a>>,
    pub cancellation: Option<Cursor<'a>>,
}

impl Kind {
    pub fn name(self) -> &'static str {
        let known = KINDS.known.iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(name, _)| name)
    }
}

/// The keys at `cursor`, checked for whose block it is.
pub fn fields_of<'a>(cursor: Cursor<'a>, owner: Owner) -> Result<Fields<'a>, SpecError> {
    cursor.fields(match owner {
        Owner::Root => &ROOT_KEYS,
        Owner::Unused => &UNUSED_KEYS,
        Owner::Population => &POPULATION_KEYS,
    })
}

impl<'a> LoadBlock<'a> {
    /// The load at `cursor`; `engine` knows of a sweep, if the root has one.
    pub fn read(
        cursor: Cursor<'a>,
        owner: Owner,
        engine: &Engine<'_>,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        let fields = fields_of(cursor, owner)?;
        let remedy = "add `type: constant`, `poisson`, `concurrent` or `trace_replay`";
        let kind = fields.required("type", remedy)?.choice(&KINDS)?;
        let load = match kind {
            Kind::TraceReplay => read_trace(&fields, context)?,
            Kind::FixedSchedule => read_schedule(&fields)?,
            _ => read_stages(kind, &fields, engine, context)?,
        };
        Ok(Self {
            load,
            adapters: fields.optional("lora_traffic_split"),
            cancellation: fields.optional("cancellation"),
        })
    }

    /// An audit, for which the root says nothing here.
    pub fn audit(audit: Audit) -> Self {
        Self {
            load: Load::Audit(audit),
            adapters: None,
            cancellation: None,
        }
    }

    /// inference-perf's default, for a spec without `load`.
    pub fn missing(context: &mut Context<'_>) -> Self {
        context.note(
            "there is no `load`: one request per second for 30 s, inference-perf's default"
                .to_owned(),
        );
        let stage = open::OpenStage {
            name: None,
            profile: DEFAULT_STAGE,
            max_concurrency: None,
            warm_up: false,
        };
        let load = Load::Open {
            interval: crate::samplers::Interval::Even,
            stages: vec![stage],
            pause: DurationNs::SECOND,
        };
        Self {
            load,
            adapters: None,
            cancellation: None,
        }
    }
}

fn read_trace(fields: &Fields<'_>, context: &mut Context<'_>) -> Result<Load, SpecError> {
    let stages = fields.optional("stages");
    if let Some(stages) = stages.filter(|stages| !stages.is_empty_list()) {
        let what = "a trace replay has no stages: the trace says when requests start";
        return Err(stages.error(what, "remove `load.stages`, or set another `load.type`"));
    }
    if let Some(pause) = fields.optional("interval") {
        pause.duration_or_zero()?;
        let name = pause.name();
        context.note(format!(
            "{name} is not used: a trace has no stages to pause between"
        ));
    }
    interval::read(Kind::TraceReplay, fields)?;
    let remedy = "add `trace: {file: ./traces/traces.csv, format: AzurePublicDataset}`";
    let most = fields.optional("max_concurrency");
    let most = most.map(|most| most.count_u32(1, MAX_CONCURRENCY, " of requests"));
    Ok(Load::Trace {
        trace: TraceRef::read(&fields.required("trace", remedy)?)?,
        max_concurrency: most.transpose()?,
    })
}

/// The data set says when; nothing else may.
fn read_schedule(fields: &Fields<'_>) -> Result<Load, SpecError> {
    refuse_trace_keys(Kind::FixedSchedule, fields)?;
    interval::read(Kind::FixedSchedule, fields)?;
    let stages = fields.optional("stages");
    let stages = stages.filter(|stages| !stages.is_empty_list());
    match stages.or_else(|| fields.optional("interval")) {
        Some(foreign) => {
            let what = "a fixed schedule has no stages: the data set says when requests start";
            Err(foreign.error(what, "remove it, or set another `load.type`"))
        }
        None => Ok(Load::Schedule),
    }
}

fn read_stages(
    kind: Kind,
    fields: &Fields<'_>,
    engine: &Engine<'_>,
    context: &mut Context<'_>,
) -> Result<Load, SpecError> {
    refuse_trace_keys(kind, fields)?;
    let interval = interval::read(kind, fields)?;
    let pause = read_pause(fields, context)?;
    let stages = fields.optional("stages");
    let has_stages = stages.is_some_and(|stages| !stages.is_empty_list());
    Ok(match (kind, &engine.sweep) {
        (Kind::Concurrent, _) => Load::Concurrent {
            stages: read_list(fields, pause, CONCURRENT_EXAMPLE, closed::read_concurrent)?,
            pause,
        },
        (Kind::Users, _) => Load::Users {
            stages: read_list(fields, pause, USERS_EXAMPLE, |item| {
                closed::read_users(item, context)
            })?,
            pause,
        },
        (_, Some((_, sweep))) if !has_stages => {
            context.note(format!(
                "there are no stages: {} requests, one each second, whose rates `replay sweep` sets",
                sweep.requests
            ));
            Load::Open {
                interval,
                stages: vec![open::of_sweep(sweep)],
                pause,
            }
        }
        _ => Load::Open {
            interval,
            stages: read_list(fields, pause, OPEN_EXAMPLE, open::read)?,
            pause,
        },
    })
}

fn refuse_trace_keys(kind: Kind, fields: &Fields<'_>) -> Result<(), SpecError> {
    if let Some(trace) = fields.optional("trace") {
        let what = "only a load of type trace_replay has a trace";
        let remedy = "set `load.type: trace_replay`, or remove `load.trace`";
        return Err(trace.error(what, remedy));
    }
    let Some(most) = fields.optional("max_concurrency") else {
        return Ok(());
    };
    let what = format!("a load of type {} has no limit of its own", kind.name());
    let remedy = match kind {
        Kind::Concurrent | Kind::Users => "remove it: its stages say how many are in flight",
        Kind::FixedSchedule => "remove it",
        _ => "write it in each stage",
    };
    Err(most.error(what, remedy))
}

/// Between two stages: inference-perf pauses for a second unless told otherwise.
fn read_pause(fields: &Fields<'_>, context: &mut Context<'_>) -> Result<DurationNs, SpecError> {
    if let Some(pause) = fields.optional("interval") {
        return pause.duration_or_zero();
    }
    let stages = fields
        .optional("stages")
        .and_then(|stages| stages.list().ok());
    if stages.is_some_and(|stages| stages.len() > 1) {
        let name = fields.cursor.name();
        context.note(format!(
            "{name}: `interval` between stages is 1 s, inference-perf's default"
        ));
    }
    Ok(DurationNs::SECOND)
}
