//! Shared prefixes in inference-perf's sense: groups of prompts that begin with the same text.

use crate::rng::{Component, Seed, Stream, Streams};
use crate::samplers::{Distribution, permutation};
use crate::spec::SharedPrefix;

/// Which prompt each request sends, and what stands in front of it.
#[derive(Clone, Debug)]
pub struct Prefixes {
    per_group: u32,
    conversations: bool,
    /// Prompts in the order in which they are sent, again and again.
    order: Vec<u32>,
    length: Distribution,
    streams: Streams,
}

/// The place of one request among the prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Number of the group, whose prefix it has.
    pub group: u32,
    /// Number of the prompt (the user, in conversations).
    pub prompt: u64,
    /// Turn of that user; 0 where requests stand alone.
    pub turn: u32,
    /// Whether earlier turns stand in front.
    pub conversation: bool,
}

impl Prefixes {
    /// Prepares the groups: the order of the prompts is one permutation, as in inference-perf.
    pub fn new(shared: &SharedPrefix, seed: Seed, population: Option<&str>) -> Self {
        let streams = |component| Streams::in_population(seed, population, component);
        let prompts = u64::from(shared.groups) * u64::from(shared.prompts_per_group);
        let order = permutation(&mut streams(Component::SamplerShuffle).stream(0), prompts);
        Self {
            per_group: shared.prompts_per_group,
            conversations: shared.multi_turn,
            order,
            length: shared.system.clone(),
            streams: streams(Component::PrefixCorpus),
        }
    }

    /// Where the request with this ordinal stands.
    pub fn place(&self, ordinal: u64) -> Placed {
        let prompts = self.prompts();
        let prompt = self.order[(ordinal % prompts) as usize];
        Placed {
            group: prompt / self.per_group,
            prompt: u64::from(prompt),
            turn: match self.conversations {
                true => (ordinal / prompts) as u32,
                false => 0,
            },
            conversation: self.conversations,
        }
    }

    /// Distinct prompts.
    pub fn prompts(&self) -> u64 {
        self.order.len() as u64
    }

    /// Whether each prompt is a user whose turns build on one another.
    pub fn conversations(&self) -> bool {
        self.conversations
    }

    /// Tokens of a group's prefix.
    pub fn tokens(&self, group: u32) -> u32 {
        self.length.sample(&self.streams, u64::from(group)) as u32
    }

    /// The stream of a group, behind the draws of its length: its text goes on from there.
    pub fn text(&self, group: u32) -> (u32, Stream) {
        let mut stream = self.streams.stream(u64::from(group));
        let tokens = self.length.sample_from(&mut stream) as u32;
        (tokens, stream)
    }
}
