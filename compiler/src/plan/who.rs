//! Who is asked: the model and the adapter of each conversation.

use crate::rng::{Component, Seed, Streams};
use crate::samplers::WeightedChoice;
use crate::spec::{Adapter, Models, Selection};

/// Chooses a model and an adapter for each conversation, by its identity.
#[derive(Clone, Debug)]
pub struct Who {
    models: u64,
    model: Choice,
    adapter: Option<(WeightedChoice, Streams)>,
}

#[derive(Clone, Debug)]
enum Choice {
    /// Nothing to choose, or in turn: by the ordinal, without a draw.
    RoundRobin,
    Random(Streams),
    Weighted(WeightedChoice, Streams),
}

impl Who {
    /// Prepares the choices of a population.
    pub fn new(
        models: &Models,
        adapters: &[Adapter],
        seed: Seed,
        population: Option<&str>,
    ) -> Self {
        let streams = |component| Streams::in_population(seed, population, component);
        let count = models.list.len() as u64;
        let model = match models.selection {
            _ if count == 1 => Choice::RoundRobin,
            Selection::RoundRobin => Choice::RoundRobin,
            Selection::Random => Choice::Random(streams(Component::ModelSelection)),
            Selection::Weighted => {
                let weights = models.list.iter().map(|model| model.weight);
                let choice = WeightedChoice::new(weights).expect("the spec was checked");
                Choice::Weighted(choice, streams(Component::ModelSelection))
            }
        };
        let choice = WeightedChoice::new(adapters.iter().map(|adapter| adapter.split));
        Self {
            models: count,
            model,
            adapter: choice.map(|choice| (choice, streams(Component::AdapterSelection))),
        }
    }

    /// Number of the model of the conversation with this ordinal.
    pub fn model(&self, ordinal: u64) -> u32 {
        let model = match &self.model {
            Choice::RoundRobin => ordinal % self.models,
            Choice::Random(streams) => streams.stream(ordinal).below(self.models),
            Choice::Weighted(choice, streams) => choose(choice, streams, ordinal),
        };
        model as u32
    }

    /// Number of its adapter, if the population has any.
    pub fn adapter(&self, ordinal: u64) -> Option<u32> {
        let (choice, streams) = self.adapter.as_ref()?;
        Some(choose(choice, streams, ordinal) as u32)
    }

    /// What is drawn from.
    pub fn components(&self) -> Vec<Component> {
        let mut components = Vec::new();
        let draws = match &self.model {
            Choice::RoundRobin => false,
            Choice::Random(_) => true,
            Choice::Weighted(choice, _) => choice.certain().is_none(),
        };
        if draws {
            components.push(Component::ModelSelection);
        }
        if self
            .adapter
            .as_ref()
            .is_some_and(|(c, _)| c.certain().is_none())
        {
            components.push(Component::AdapterSelection);
        }
        components
    }
}

/// The chosen item; no stream is made where there is nothing to choose.
fn choose(choice: &WeightedChoice, streams: &Streams, ordinal: u64) -> u64 {
    let item = choice
        .certain()
        .unwrap_or_else(|| choice.choose(&mut streams.stream(ordinal)));
    item as u64
}
