//! When the requests of a population start: the stages and arrivals that its load asks for.

use super::arrivals::clients::{self, Clients};
use super::arrivals::closed::{self, Counted};
use super::arrivals::open::{Open, Placed};
use super::arrivals::{Arrival, ArrivalKind};
use super::audit::Audited;
use super::dataset::Begin;
use super::error::PlanError;
use super::population::{PopulationTraces, Replayed};
use super::rows::Rows;
use super::set::Set;
use super::stage::PlannedStage;
use crate::rng::index::MAX_ORDINALS;
use crate::rng::{Component, Seed, Streams};
use crate::samplers::Interval;
use crate::spec::{self, ConcurrentStage, DurationNs, Load, OpenStage, TraceRef, UserStage};
use traces::NONE;

/// What decides when requests start.
pub enum Timing<'s> {
    /// Stages with rates.
    Open(Open),
    /// Stages with a number of requests.
    Counted(Vec<Counted>),
    /// The rows of a trace, as the stage with this index.
    Rows(Rows<'s>, u32),
    /// The conversations of a data set at their own times, likewise.
    Schedule(Vec<Begin>, u32),
    /// The clients of a population, likewise.
    Clients(Clients, u32),
    /// The trials of an audit, the first of them as the stage with this index.
    Audit(Audited<'s>, u32),
}

/// Where a population's stages go, and whose draws they are made with.
pub struct Place<'p> {
    pub seed: Seed,
    /// What stands in front of the population's identifiers.
    pub prefix: Option<&'p str>,
    /// What stands in front of its stages' names.
    pub name: Option<&'p str>,
    /// The plan's stages so far.
    pub stages: &'p mut Vec<PlannedStage>,
}

impl Place<'_> {
    /// Appends a stage; gives its index in the plan.
    fn push(&mut self, stage: PlannedStage) -> u32 {
        self.stages.push(stage.of_population(self.name));
        (self.stages.len() - 1) as u32
    }
}

impl<'s> Timing<'s> {
    /// Prepares a load, with the traces that it names.
    pub fn new(
        population: &'s spec::Population,
        traces: &'s PopulationTraces,
        set: Option<&Set>,
        mut place: Place,
    ) -> Result<Self, PlanError> {
        match &population.load {
            Load::Open {
                interval,
                stages,
                pause,
            } => Ok(Self::open(*interval, stages, *pause, place)),
            Load::Concurrent { stages, pause } => {
                let counted = |(position, stage): (usize, &ConcurrentStage)| Counted {
                    stage: place.push(PlannedStage::concurrent(stage, position, *pause)),
                    requests: stage.requests,
                    users: None,
                };
                Ok(Self::Counted(
                    stages.iter().enumerate().map(counted).collect(),
                ))
            }
            Load::Users { stages, pause } => {
                let counted = |(position, stage): (usize, &UserStage)| Counted {
                    stage: place.push(PlannedStage::users(stage, position, *pause)),
                    requests: stage.requests,
                    users: Some(stage.users),
                };
                Ok(Self::Counted(
                    stages.iter().enumerate().map(counted).collect(),
                ))
            }
            Load::Schedule => {
                let set = set.expect("the spec was checked: a schedule is a data set's");
                let begins = set.schedule()?;
                let last_ns = begins.last().map_or(0, |begin| begin.at_ns);
                let stage = place.push(PlannedStage::trace(last_ns, None, None));
                Ok(Self::Schedule(begins, stage))
            }
            Load::Audit(audit) => Ok(Self::audit(audit, place)),
            Load::Trace {
                trace,
                max_concurrency,
            } => Self::trace(trace, *max_concurrency, traces, place),
        }
    }

    /// Stages with rates, one after the other with a pause between them.
    fn open(interval: Interval, stages: &[OpenStage], pause: DurationNs, mut place: Place) -> Self {
        let component = interval.component().unwrap_or(Component::PoissonInterval);
        let streams = Streams::in_population(place.seed, place.prefix, component);
        let mut start_ns = 0;
        let placed = stages.iter().map(|stage| {
            let placed = Placed {
                stage: place.push(PlannedStage::open(stage, start_ns)),
                start_ns,
                profile: stage.profile,
            };
            start_ns += stage.profile.duration_ns + pause.get();
            placed
        });
        Self::Open(Open {
            interval,
            stages: placed.collect(),
            streams,
        })
    }

    /// Each trial is a stage: it begins when the one before has ended.
    fn audit(audit: &'s spec::Audit, mut place: Place) -> Self {
        let audited = Audited::new(audit, place.seed, place.prefix);
        let first = place.stages.len() as u32;
        for (position, trial) in audited.trials().enumerate() {
            place.push(PlannedStage::trial(trial.name(), position, audit.pause));
        }
        Self::Audit(audited, first)
    }

    fn trace(
        named: &TraceRef,
        max_concurrency: Option<u32>,
        traces: &'s PopulationTraces,
        mut place: Place,
    ) -> Result<Self, PlanError> {
        let rate = named.options.rate.map(|rate| rate.get());
        let replayed = traces.replayed.as_ref();
        match replayed.expect("the caller reads the traces that the spec names") {
            Replayed::Rows(trace) => {
                let rows = Rows::select(named, trace, place.seed, place.prefix)?;
                let stage = PlannedStage::trace(rows.last_ns(), rate, max_concurrency);
                Ok(Self::Rows(rows, place.push(stage)))
            }
            Replayed::Clients(population) => {
                let clients = Clients::new(named, population, place.seed, place.prefix)?;
                let stage = PlannedStage::trace(clients.duration_ns(), rate, max_concurrency);
                Ok(Self::Clients(clients, place.push(stage)))
            }
        }
    }

    /// Sessions in one pass of a trace.
    pub fn sessions(&self) -> u64 {
        let Self::Rows(rows, _) = self else {
            return 0;
        };
        let sessions = rows.trace().columns.sessions.iter();
        let last = sessions.filter(|session| **session != NONE).max();
        last.map_or(0, |last| u64::from(*last) + 1)
    }

    /// What is drawn from.
    pub fn components(&self) -> Vec<Component> {
        match self {
            Self::Open(open) => open.interval.component().into_iter().collect(),
            Self::Counted(_) | Self::Schedule(..) => Vec::new(),
            Self::Rows(rows, _) if rows.is_sampled() => vec![Component::SamplerRows],
            Self::Rows(..) => Vec::new(),
            Self::Clients(clients, _) => clients.components(),
            Self::Audit(..) => vec![Component::SamplingSeed],
        }
    }

    /// The arrivals, in order of time.
    pub fn arrivals(&self) -> Box<dyn Iterator<Item = Arrival> + '_> {
        match self {
            Self::Open(open) => open.arrivals(),
            Self::Counted(stages) => Box::new(closed::arrivals(stages)),
            Self::Rows(rows, stage) => Box::new(rows.arrivals(*stage)),
            Self::Schedule(begins, stage) => {
                let stage = *stage;
                Box::new(begins.iter().map(move |begin| Arrival {
                    ordinal: begin.place.into(),
                    stage,
                    kind: ArrivalKind::Turns {
                        at_ns: begin.at_ns,
                        from: begin.from,
                    },
                }))
            }
            Self::Clients(clients, stage) => Box::new(clients.arrivals(*stage)),
            Self::Audit(audited, first) => Box::new(audited.arrivals(*first)),
        }
    }

    /// Arrivals to expect.
    pub fn expected(&self) -> u64 {
        match self {
            Self::Open(open) => open.expected(),
            Self::Counted(stages) => closed::expected(stages),
            Self::Rows(rows, _) => rows.expected(),
            Self::Schedule(begins, _) => begins.len() as u64,
            Self::Clients(clients, _) => clients.expected(),
            Self::Audit(audited, _) => audited.audit.requests(),
        }
    }
}

const _: () = assert!((clients::MAX_CLIENT_ID + 1) * clients::CLIENT_STRIDE <= MAX_ORDINALS);
