//! Documents that a query is asked of, or the further texts of a batch: how many, and how long.

use crate::rng::{Component, Seed, Stream, Streams};
use crate::samplers::Distribution;
use crate::spec;

/// Decides the documents of each request.
#[derive(Clone, Debug)]
pub struct Documents {
    count: (Distribution, Streams),
    /// Texts that the count means and that are no documents: the first text of a batch.
    not_counted: u64,
    length: (Distribution, Streams),
    texts: Streams,
}

impl Documents {
    /// Prepares the documents of a population.
    pub fn new(documents: &spec::Documents, seed: Seed, population: Option<&str>) -> Self {
        let streams = |component| Streams::in_population(seed, population, component);
        Self {
            count: (documents.count.clone(), streams(Component::DocumentCount)),
            not_counted: u64::from(documents.is_batch),
            length: (documents.length.clone(), streams(Component::DocumentLength)),
            texts: streams(Component::DocumentCorpus),
        }
    }

    /// How many documents the request with this index holds.
    pub fn count(&self, index: u64) -> u32 {
        let (count, streams) = &self.count;
        count
            .sample(streams, index)
            .saturating_sub(self.not_counted) as u32
    }

    /// The tokens of each of `count` documents of the request with this index.
    pub fn lengths(&self, index: u64, count: u32) -> impl Iterator<Item = u32> + '_ {
        let (length, streams) = &self.length;
        let certain = length.certain();
        let mut stream = streams.stream(index);
        (0..count).map(move |_| match certain {
            Some(tokens) => tokens as u32,
            None => length.sample_from(&mut stream) as u32,
        })
    }

    /// Tokens of all of them.
    pub fn tokens(&self, index: u64, count: u32) -> u32 {
        self.lengths(index, count).fold(0, u32::saturating_add)
    }

    /// The stream that their texts are drawn from, one after the other.
    pub fn texts(&self, index: u64) -> Stream {
        self.texts.stream(index)
    }

    /// What is drawn from.
    pub fn components(&self) -> Vec<Component> {
        let uncertain = |(distribution, _): &(Distribution, Streams), component| {
            distribution.certain().is_none().then_some(component)
        };
        let drawn = [
            uncertain(&self.count, Component::DocumentCount),
            uncertain(&self.length, Component::DocumentLength),
        ];
        let mut components: Vec<Component> = drawn.into_iter().flatten().collect();
        components.push(Component::DocumentCorpus);
        components
    }
}
