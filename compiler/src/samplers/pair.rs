//! Input and output lengths that belong together: AIPerf's sequence-length distribution, a list
//! of weighted pairs. Refuses weights that cannot be chosen from.

use std::sync::Arc;

use super::{Distribution, WeightedChoice};
use crate::rng::{Stream, Streams};

/// One kind of request: how long its input and its output are, and how often it comes.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Input tokens.
    pub input: Distribution,
    /// Output tokens.
    pub output: Distribution,
    /// Its share is this over the sum of all weights.
    pub weight: u64,
}

/// Weighted pairs, ready to be sampled. A copy is cheap.
#[derive(Clone, Debug, PartialEq)]
pub struct PairDistribution {
    pairs: Arc<[Pair]>,
    choice: Arc<WeightedChoice>,
}

/// Why a [`PairDistribution`] cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPairs {
    /// No pair, no weight, or weights whose sum passes 2^64 - 1.
    #[error(
        "the weights of the pairs must sum to at least 1 and at most {}",
        u64::MAX
    )]
    Weights,
}

impl PairDistribution {
    /// Prepares the choice, in the order given.
    pub fn new(pairs: Vec<Pair>) -> Result<Self, InvalidPairs> {
        let choice = WeightedChoice::new(pairs.iter().map(|pair| pair.weight));
        Ok(Self {
            choice: Arc::new(choice.ok_or(InvalidPairs::Weights)?),
            pairs: pairs.into(),
        })
    }

    /// The pairs, as given.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Both lengths if they are certain beforehand, in which case no stream is ever made.
    pub fn certain(&self) -> Option<(u64, u64)> {
        let pair = &self.pairs[self.choice.certain()?];
        pair.input.certain().zip(pair.output.certain())
    }

    /// Input and output tokens of item `index`: the choice of a pair, then the input's draws, then
    /// the output's, all from that one stream.
    pub fn sample(&self, streams: &Streams, index: u64) -> (u64, u64) {
        self.sample_with(|| streams.stream(index))
    }

    /// The same from a stream that is only made if there is something to draw.
    pub fn sample_with(&self, stream: impl FnOnce() -> Stream) -> (u64, u64) {
        if let Some(lengths) = self.certain() {
            return lengths;
        }
        let stream = &mut stream();
        let pair = &self.pairs[self.choice.choose(stream)];
        let input_tokens = pair.input.sample_from(stream);
        (input_tokens, pair.output.sample_from(stream))
    }
}
