//! Plan: from checked values to integers: when, how long, who, in which conversation. No bytes,
//! no I/O.
//!
//! A plan is not a table but a way to make one: arrivals are walked in firing order, and each
//! becomes one request or the turns of a conversation by itself, from its own identity. So a plan
//! of a million requests takes no more memory than one of ten, any part of it can be made on any
//! thread, and walking it twice gives the same.

mod allowance;
pub mod arrivals;
pub mod audit;
pub mod cancellation;
pub mod dataset;
pub mod documents;
pub mod error;
pub mod front;
pub mod lengths;
pub mod media;
pub mod population;
pub mod prefixes;
pub mod request;
pub mod rows;
pub mod sampling;
pub mod set;
pub mod stage;
mod timing;
mod turns;
pub mod who;

use crate::rng::Seed;
use crate::spec::Spec;
pub use arrivals::Arrival;
pub use error::PlanError;
pub use population::{Population, PopulationTraces, Replayed};
pub use request::{PlannedRequest, Start};
pub use stage::PlannedStage;

/// Everything that decides a load, short of its bytes.
pub struct Plan<'s> {
    /// In the spec's order; a request names its own by number.
    pub populations: Vec<Population<'s>>,
    /// The stages of the first population, then those of the next.
    pub stages: Vec<PlannedStage>,
}

impl<'s> Plan<'s> {
    /// Decides a spec. `traces` holds, for each population, the traces that it names, already
    /// read.
    ///
    /// # Errors
    /// If a trace, windowed and sampled as the spec says, cannot be a load.
    pub fn new(
        spec: &'s Spec,
        seed: Seed,
        traces: &'s [PopulationTraces],
    ) -> Result<Self, PlanError> {
        let mut stages = Vec::new();
        let mut populations = Vec::with_capacity(spec.populations.len());
        for (number, (population, traces)) in spec.populations.iter().zip(traces).enumerate() {
            populations.push(Population::new(
                number as u32,
                population,
                seed,
                spec.template_overhead,
                traces,
                &mut stages,
            )?);
        }
        for number in 1..populations.len() {
            let (before, from_here) = populations.split_at_mut(number);
            let population: &mut Population = &mut from_here[0];
            let same = before
                .iter()
                .find(|other| other.replays_the_blocks_of(population));
            if let Some(other) = same {
                population.blocks_prefix = other.blocks_prefix;
            }
        }
        Ok(Self {
            populations,
            stages,
        })
    }

    /// All arrivals of all populations in firing order, each with its population's number.
    ///
    /// Arrivals that count from t0 come first, by time, then by population, then in their own
    /// order; behind them those of each stage that waits for the one before it.
    pub fn arrivals(&self) -> arrivals::merged::Merged<'_> {
        arrivals::merged::Merged::new(&self.populations, &self.stages)
    }

    /// How many arrivals there will be, roughly, for a progress bar.
    pub fn expected_arrivals(&self) -> u64 {
        let expected = self.populations.iter().map(Population::expected_arrivals);
        expected.fold(0, u64::saturating_add)
    }

    /// End of the last stage whose times are known beforehand, in ns from t0.
    pub fn duration_ns(&self) -> u64 {
        let scheduled = self.stages.iter().filter(|stage| !stage.after_previous);
        let ends = scheduled.map(|stage| stage.start_ns + stage.duration_ns.unwrap_or(0));
        ends.max().unwrap_or(0)
    }

    /// Every identifier that something is drawn from, sorted.
    pub fn drawn_from(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .populations
            .iter()
            .flat_map(Population::drawn_from)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
