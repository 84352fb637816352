//! What stands in front of a conversation's own turns: a system prompt that all share, a text that
//! only this one has, a prefix out of a pool.

use crate::rng::{Component, Seed, Stream, Streams};
use crate::samplers::Distribution;
use crate::spec;

/// Decides the front of each conversation.
#[derive(Clone, Debug)]
pub struct Front {
    system: Option<(u32, Streams)>,
    context: Option<(Distribution, Streams)>,
    pool: Option<Pool>,
}

/// Prefixes, of which each conversation begins with one.
#[derive(Clone, Debug)]
struct Pool {
    count: u32,
    choice: Streams,
    length: Distribution,
    texts: Streams,
}

impl Front {
    /// Prepares the front of a population.
    pub fn new(front: &spec::Front, seed: Seed, population: Option<&str>) -> Self {
        let streams = |component| Streams::in_population(seed, population, component);
        let pool = front.prefix_pool.as_ref();
        let context = front.user_context.clone();
        Self {
            system: front
                .system_prompt
                .map(|tokens| (tokens, streams(Component::SystemCorpus))),
            context: context.map(|length| (length, streams(Component::ContextCorpus))),
            pool: pool.map(|pool| Pool {
                count: pool.count,
                choice: streams(Component::PromptPrefix),
                length: pool.length.clone(),
                texts: streams(Component::PrefixCorpus),
            }),
        }
    }

    /// Which prefix of the pool this conversation begins with.
    pub fn prefix(&self, conversation: u64) -> Option<u32> {
        let pool = self.pool.as_ref()?;
        Some(pool.choice.stream(conversation).below(pool.count.into()) as u32)
    }

    /// The system prompt: its tokens, and the stream that its text is drawn from.
    pub fn system(&self) -> Option<(u32, Stream)> {
        let (tokens, streams) = self.system.as_ref()?;
        Some((*tokens, streams.stream(0)))
    }

    /// The text of this conversation alone, likewise, behind the draws of its length.
    pub fn context(&self, conversation: u64) -> Option<(u32, Stream)> {
        let (length, streams) = self.context.as_ref()?;
        Some(drawn(length, streams, conversation))
    }

    /// A prefix of the pool, likewise.
    pub fn prefix_text(&self, prefix: u32) -> Option<(u32, Stream)> {
        let pool = self.pool.as_ref()?;
        Some(drawn(&pool.length, &pool.texts, prefix.into()))
    }

    /// Tokens of everything in front of a conversation.
    pub fn tokens(&self, conversation: u64, prefix: Option<u32>) -> u32 {
        let system = self.system.as_ref().map_or(0, |(tokens, _)| *tokens);
        let context = self.context.as_ref().map_or(0, |(length, streams)| {
            length.sample(streams, conversation) as u32
        });
        let prefix = match (&self.pool, prefix) {
            (Some(pool), Some(prefix)) => pool.length.sample(&pool.texts, prefix.into()) as u32,
            _ => 0,
        };
        system.saturating_add(context).saturating_add(prefix)
    }

    /// Messages in front of the first turn.
    pub fn messages(&self) -> u32 {
        u32::from(self.system.is_some()) + u32::from(self.context.is_some())
    }

    /// Whether there is a system prompt.
    pub fn has_system(&self) -> bool {
        self.system.is_some()
    }

    /// What is drawn from.
    pub fn components(&self) -> Vec<Component> {
        let mut components = Vec::new();
        components.extend(self.system.is_some().then_some(Component::SystemCorpus));
        components.extend(self.context.is_some().then_some(Component::ContextCorpus));
        if let Some(pool) = &self.pool {
            components.push(Component::PrefixCorpus);
            components.extend((pool.count > 1).then_some(Component::PromptPrefix));
        }
        components
    }
}

/// A text whose length is the first that its stream decides.
pub fn drawn(length: &Distribution, streams: &Streams, index: u64) -> (u32, Stream) {
    let mut stream = streams.stream(index);
    let tokens = length.sample_from(&mut stream) as u32;
    (tokens, stream)
}
