//! What inference-perf's `load` block says about the engine that fires, not about the load. It
//! becomes hints to the replay. Refuses retries: a request that fails is a result.

use super::block::{Owner, fields_of};
use super::{Load, MAX_STAGES};
use crate::spec::context::Context;
use crate::spec::error::SpecError;
use crate::spec::fields::{Choices, Cursor, Fields, Keys};
use crate::spec::node::Value;
use crate::spec::quantity::{self, MILLION, QuantityError};
use schemas::manifest::{Hints, Progression, SweepHints};

/// Most worker threads.
const MAX_WORKERS: u32 = 65_536;
/// Most requests in flight, and most connections, of a worker.
const MAX_PER_WORKER: u64 = 10_000_000;
/// Most requests of a sweep's probe; at one each second they fit a stage.
const MAX_SWEEP_REQUESTS: u64 = 10_000_000;

const SWEEP_KEYS: Keys = Keys {
    known: &[
        "type",
        "num_requests",
        "timeout",
        "num_stages",
        "stage_duration",
        "saturation_percentile",
    ],
    later: &[],
    refused: &[],
};

const PROGRESSIONS: Choices<Progression> = Choices {
    known: &[
        ("linear", Progression::Linear),
        ("geometric", Progression::Geometric),
    ],
    later: &[],
    refused: &[],
};

/// inference-perf's sweep.
const DEFAULT_SWEEP: SweepHints = SweepHints {
    progression: Progression::Linear,
    requests: 2_000,
    timeout_ns: 60_000_000_000,
    stages: 5,
    stage_duration_ns: 180_000_000_000,
    saturation_percentile_ppm: 950_000,
};

/// What is said about the engine.
#[derive(Default)]
pub struct Engine<'a> {
    /// The value of `base_seed` for the caller, who knows `seed`.
    pub base_seed: Option<Cursor<'a>>,
    /// The sweep, and where it stands.
    pub sweep: Option<(Cursor<'a>, SweepHints)>,
    workers: Option<u32>,
    worker_max_concurrency: Option<Cursor<'a>>,
    max_in_flight: Option<u64>,
    connections: Option<u64>,
    timeout_ns: Option<u64>,
}

impl<'a> Engine<'a> {
    /// What the root's `load` says, if there is one.
    pub fn read(
        cursor: Option<Cursor<'a>>,
        owner: Owner,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        let Some(cursor) = cursor else {
            return Ok(Self::default());
        };
        let fields = fields_of(cursor, owner)?;
        note_unused(&fields, context)?;
        let workers = fields.optional("num_workers");
        let workers = workers.map(|workers| workers.count_u32(1, MAX_WORKERS, " of workers"));
        let workers = workers.transpose()?;
        let per_worker = |key, things| match fields.optional(key) {
            Some(cursor) => cursor.count(1, MAX_PER_WORKER, things).map(Some),
            None => Ok(None),
        };
        let most = per_worker("worker_max_concurrency", " of requests")?;
        let connections = per_worker("worker_max_tcp_connections", " of connections")?;
        let timeout = fields
            .optional("request_timeout")
            .map(|timeout| timeout.duration());
        Ok(Self {
            base_seed: fields.optional("base_seed"),
            sweep: read_sweep(fields.optional("sweep"))?,
            workers,
            worker_max_concurrency: fields.optional("worker_max_concurrency"),
            max_in_flight: most.zip(workers).map(|(most, n)| most * u64::from(n)),
            connections: connections.map(|most| most * u64::from(workers.unwrap_or(1))),
            timeout_ns: timeout.transpose()?.map(|timeout| timeout.get()),
        })
    }

    /// The hints, for populations with these loads.
    pub fn hints<'l>(
        self,
        loads: impl Iterator<Item = &'l Load> + Clone,
        url: Option<String>,
        context: &mut Context<'_>,
    ) -> Result<Hints, SpecError> {
        if let Some((cursor, _)) = &self.sweep {
            check_sweep(cursor, loads.clone())?;
        }
        let is_concurrent = loads
            .clone()
            .any(|load| matches!(load, Load::Concurrent { .. }));
        if let Some(cursor) = &self.worker_max_concurrency {
            let why = match self.max_in_flight {
                _ if is_concurrent => Some("a concurrent load says itself how many are in flight"),
                None => Some("without `num_workers` nobody knows of how many workers"),
                Some(_) => None,
            };
            if let Some(why) = why {
                context.note(format!("{} is not used: {why}", cursor.name()));
            }
        }
        Ok(Hints {
            workers: self.workers,
            max_in_flight: self.max_in_flight.filter(|_| !is_concurrent),
            connections: self.connections,
            timeout_ns: self.timeout_ns,
            url,
            sweep: self.sweep.map(|(_, sweep)| sweep),
            slos: Vec::new(),
        })
    }
}

fn note_unused(fields: &Fields<'_>, context: &mut Context<'_>) -> Result<(), SpecError> {
    if let Some(retries) = fields.optional("request_retries")
        && retries.count(0, u64::MAX, "")? > 0
    {
        let what = "nothing is fired twice: a request that fails is a result";
        return Err(retries.error(what, "write 0, or remove it"));
    }
    for (key, why) in [
        ("request_retry_backoff_sec", "nothing is fired twice"),
        (
            "stage_teardown_grace_seconds",
            "every request is waited for until its time limit",
        ),
        ("circuit_breakers", "a run ends with its last request"),
    ] {
        let cursor = fields
            .optional(key)
            .filter(|cursor| !cursor.is_empty_list());
        if let Some(cursor) = cursor {
            context.note(format!("{} is not used: {why}", cursor.name()));
        }
    }
    Ok(())
}

/// A sweep sets rates, which only open loops have.
fn check_sweep<'l>(
    cursor: &Cursor<'_>,
    mut loads: impl Iterator<Item = &'l Load>,
) -> Result<(), SpecError> {
    let (what, remedy) = match loads.find(|load| !matches!(load, Load::Open { .. })) {
        None | Some(Load::Open { .. }) => return Ok(()),
        Some(Load::Concurrent { .. }) => (
            "a concurrent load has no rate to sweep",
            "remove the sweep, or set `load.type: constant`",
        ),
        Some(Load::Users { .. }) => (
            "a load of users has no rate to sweep",
            "remove the sweep, or set `load.type: constant`",
        ),
        Some(Load::Schedule) => (
            "the times of a data set are not swept",
            "remove the sweep, or set `load.type: constant`",
        ),
        Some(Load::Audit(_)) => (
            "an audit has no rate to sweep",
            "remove the sweep; `replay run` fires an audit once",
        ),
        Some(Load::Trace { .. }) => (
            "the times of a trace are not swept",
            "remove the sweep; `load.trace.speed` and `replay run --speed` play it faster",
        ),
    };
    Err(cursor.error(what, remedy))
}

fn read_sweep(cursor: Option<Cursor<'_>>) -> Result<Option<(Cursor<'_>, SweepHints)>, SpecError> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    match cursor.node.value {
        Value::Bool(true) => return Ok(Some((cursor, DEFAULT_SWEEP))),
        Value::Bool(false) => return Ok(None),
        _ => {}
    }
    let fields = cursor.clone().fields(&SWEEP_KEYS)?;
    let mut sweep = DEFAULT_SWEEP;
    if let Some(kind) = fields.optional("type") {
        sweep.progression = kind.choice(&PROGRESSIONS)?;
    }
    if let Some(requests) = fields.optional("num_requests") {
        sweep.requests = requests.count(1, MAX_SWEEP_REQUESTS, " of requests")?;
    }
    if let Some(timeout) = fields.optional("timeout") {
        sweep.timeout_ns = timeout.duration()?.get();
    }
    if let Some(stages) = fields.optional("num_stages") {
        sweep.stages = stages.count_u32(1, MAX_STAGES as u32, " of stages")?;
    }
    if let Some(duration) = fields.optional("stage_duration") {
        sweep.stage_duration_ns = duration.duration()?.get();
    }
    if let Some(percentile) = fields.optional("saturation_percentile") {
        sweep.saturation_percentile_ppm = read_percentile(&percentile)?;
    }
    Ok(Some((cursor, sweep)))
}

/// A percentile in 10^-6 of the whole.
fn read_percentile(cursor: &Cursor<'_>) -> Result<u32, SpecError> {
    const STEPS_OF_PERCENT: u64 = MILLION / 100;
    let text = cursor.scalar()?;
    let of = || text.to_owned();
    let percentile = quantity::millionths(text).and_then(|millionths| {
        let steps = millionths / (MILLION / STEPS_OF_PERCENT);
        match millionths {
            0 => Err(QuantityError::NotPositive(of())),
            _ if millionths > 100 * MILLION => Err(QuantityError::TooLarge {
                text: of(),
                limit: "100".to_owned(),
            }),
            _ if steps * (MILLION / STEPS_OF_PERCENT) != millionths => {
                Err(QuantityError::TooFine {
                    text: of(),
                    step: "0.0001",
                    nearest: quantity::decimal_text(steps.max(1), STEPS_OF_PERCENT),
                })
            }
            _ => Ok(steps as u32),
        }
    });
    percentile.map_err(|error| cursor.quantity_error(&error, "a percentile, like 95"))
}
