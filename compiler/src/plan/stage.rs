//! One stage, decided.

use crate::spec::{ConcurrentStage, DurationNs, OpenStage, UserStage};

/// One stage, decided; how many requests it has is known when they are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStage {
    /// The population's name, the stage's, or both, joined by `/`.
    pub name: Option<String>,
    /// Requests start when a slot is free, instead of at a time.
    pub closed: bool,
    /// Left out of summaries.
    pub warm_up: bool,
    /// Begins after the stage before it has ended.
    pub after_previous: bool,
    /// ns from t0, or from the end of the stage before.
    pub start_ns: u64,
    /// Asked duration in ns; for a trace the time of its last request.
    pub duration_ns: Option<u64>,
    /// Asked rate in requests per 10^6 seconds, the mean of a ramp.
    pub rate_microhertz: Option<u64>,
    /// Requests in flight: exactly (closed) or at most.
    pub concurrency: Option<u32>,
}

impl PlannedStage {
    /// A stage with a rate, beginning `start_ns` after t0.
    pub fn open(stage: &OpenStage, start_ns: u64) -> Self {
        let profile = &stage.profile;
        // Of a ramp the mean over time.
        let rate = (profile.exposure() / u128::from(profile.duration_ns)) as u64;
        Self {
            name: stage.name.clone(),
            closed: false,
            warm_up: stage.warm_up,
            after_previous: false,
            start_ns,
            duration_ns: Some(profile.duration_ns),
            rate_microhertz: Some(rate),
            concurrency: stage.max_concurrency,
        }
    }

    /// A stage with a fixed number of requests in flight, the `position`-th of its population.
    pub fn concurrent(stage: &ConcurrentStage, position: usize, pause: DurationNs) -> Self {
        Self {
            name: stage.name.clone(),
            closed: true,
            concurrency: Some(stage.concurrency),
            ..Self::in_sequence(stage.warm_up, position, pause)
        }
    }

    /// A stage of users with think time, the `position`-th of its population.
    pub fn users(stage: &UserStage, position: usize, pause: DurationNs) -> Self {
        Self {
            name: stage.name.clone(),
            ..Self::in_sequence(stage.warm_up, position, pause)
        }
    }

    /// A trial of an audit, the `position`-th of its population.
    pub fn trial(name: String, position: usize, pause: DurationNs) -> Self {
        Self {
            name: Some(name),
            ..Self::in_sequence(false, position, pause)
        }
    }

    /// The one stage of a replayed trace.
    pub fn trace(last_ns: u64, rate_microhertz: Option<u64>, max_concurrency: Option<u32>) -> Self {
        Self {
            name: None,
            closed: false,
            warm_up: false,
            after_previous: false,
            start_ns: 0,
            duration_ns: Some(last_ns),
            rate_microhertz,
            concurrency: max_concurrency,
        }
    }

    /// A stage that lasts as long as its requests do.
    fn in_sequence(warm_up: bool, position: usize, pause: DurationNs) -> Self {
        let follows = position > 0;
        Self {
            name: None,
            closed: false,
            warm_up,
            after_previous: follows,
            start_ns: if follows { pause.get() } else { 0 },
            duration_ns: None,
            rate_microhertz: None,
            concurrency: None,
        }
    }

    /// Puts the population's name in front.
    pub fn of_population(mut self, population: Option<&str>) -> Self {
        if let Some(population) = population {
            self.name = Some(match self.name {
                Some(name) => format!("{population}/{name}"),
                None => population.to_owned(),
            });
        }
        self
    }
}
