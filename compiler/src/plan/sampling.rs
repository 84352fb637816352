//! Sampling parameters: what each request asks of the server's own randomness.

use crate::rng::{Component, Seed, Streams};
use crate::samplers::Distribution;
use crate::spec::Sampling;

/// The values of one request; what is absent is not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sampled {
    /// In millionths.
    pub temperature: Option<u64>,
    /// In millionths.
    pub top_p: Option<u64>,
    /// Tokens; -1 is all of them.
    pub top_k: Option<i64>,
    /// 53 bits, so that every JSON reader keeps it exactly.
    pub seed: Option<u64>,
}

/// The server's seed for the item with this index, from its streams.
pub fn sampling_seed(streams: &Streams, index: u64) -> u64 {
    streams.stream(index).next_u64() >> 11
}

/// Draws the parameters of each request from the request's own streams.
#[derive(Clone, Debug)]
pub struct Parameters {
    temperature: Option<(Distribution, Streams)>,
    top_p: Option<(Distribution, Streams)>,
    top_k: Option<(Distribution, Streams)>,
    seed: Option<Streams>,
}

impl Parameters {
    /// Prepares the parameters of a population.
    pub fn new(sampling: &Sampling, seed: Seed, population: Option<&str>) -> Self {
        let streams = |component| Streams::in_population(seed, population, component);
        let drawn = |distribution: &Option<Distribution>, component| {
            let distribution = distribution.clone()?;
            Some((distribution, streams(component)))
        };
        Self {
            temperature: drawn(&sampling.temperature, Component::Temperature),
            top_p: drawn(&sampling.top_p, Component::TopP),
            top_k: drawn(&sampling.top_k, Component::TopK),
            seed: sampling.seed.then(|| streams(Component::SamplingSeed)),
        }
    }

    /// The values of the request with this index. At temperature 0 a server takes the likeliest
    /// token and draws nothing: then nothing else is drawn here and nothing else is sent.
    pub fn of(&self, index: u64) -> Sampled {
        let value = |parameter: &Option<(Distribution, Streams)>| {
            let (distribution, streams) = parameter.as_ref()?;
            Some(distribution.sample(streams, index))
        };
        let temperature = value(&self.temperature);
        if temperature == Some(0) {
            return Sampled {
                temperature,
                ..Sampled::default()
            };
        }
        Sampled {
            temperature,
            top_p: value(&self.top_p),
            top_k: value(&self.top_k).map(|tokens| tokens as i64),
            seed: self.seed.map(|streams| sampling_seed(&streams, index)),
        }
    }

    /// The values, if they are the same for every request.
    pub fn certain(&self) -> Option<Sampled> {
        let all_certain = self.components().is_empty();
        all_certain.then(|| self.of(0))
    }

    /// What is drawn from.
    pub fn components(&self) -> Vec<Component> {
        let parameters = [
            (&self.temperature, Component::Temperature),
            (&self.top_p, Component::TopP),
            (&self.top_k, Component::TopK),
        ];
        let certain = |parameter: &Option<(Distribution, Streams)>| {
            let value = parameter
                .as_ref()
                .map(|(distribution, _)| distribution.certain());
            value.is_none_or(|value| value.is_some())
        };
        let greedy = self
            .temperature
            .as_ref()
            .is_some_and(|(distribution, _)| distribution.certain() == Some(0));
        if greedy {
            return Vec::new();
        }
        let mut components: Vec<Component> = parameters
            .into_iter()
            .filter(|(parameter, _)| !certain(parameter))
            .map(|(_, component)| component)
            .collect();
        if self.seed.is_some() {
            components.push(Component::SamplingSeed);
        }
        components
    }
}
