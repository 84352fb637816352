//! Sampling of the next tokens of a batch: the contract of per-request randomness, and the natural
//! ways to break it.
//!
//! The contract ([`SamplerKind::PerRequest`]): a sampled request has a generator of its own, made
//! from its seed when it is admitted, moved on by one number with each token, and dropped when the
//! request finishes or is cancelled. So its tokens are the same alone and among neighbours. Greedy
//! (temperature 0) takes the likeliest token and touches no generator, its own or another's. The
//! work of a step is shared, one softmax over the batch; the randomness is not, one draw per row
//! from the row's own generator.
//!
//! The other kinds are controls: each breaks one clause, and what audits a server must tell which.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use clap::ValueEnum;

use crate::generator::Generator;
use crate::softmax::{argmax, pick, softmax};

/// Where a request's randomness comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SamplerKind {
    /// A generator for each request, made from its seed: as it should be
    PerRequest,
    /// One generator for the batch, which each admitted seed seeds anew
    Shared,
    /// A generator for each request, made anew from its seed at each step
    Reset,
    /// A generator for each request, made from the same number whatever its seed
    IgnoreSeed,
    /// A generator for each x-request-id, which goes on when the id is used again
    LeakyId,
    /// As per-request, but greedy rows draw too, from the first sampled row's generator
    GreedyDraws,
}

/// Where the seeds of requests without a seed come from: an arbitrary stream, so that no small
/// seed that a client may send gives the same tokens.
const UNSEEDED: u64 = 0x6d6f_636b_2d6c_6c6d;
/// The seed of everybody where seeds are ignored.
const IGNORED: u64 = 7;

/// One request's part of a step.
#[derive(Clone, Copy, Debug)]
pub struct Row<'l> {
    /// The request's, unique in the batch.
    pub id: &'l str,
    /// The logits of all tokens, at least one; token ids are their indices.
    pub logits: &'l [f64],
    /// At least 0; 0 is greedy. The request's, the same at each step.
    pub temperature: f64,
    /// The request's, the same at each step.
    pub seed: Option<u64>,
}

/// The sampler of a server.
#[derive(Debug)]
pub struct Sampler {
    kind: SamplerKind,
    /// One entry for each admitted request; the generator if it has its own.
    requests: HashMap<String, Option<Generator>>,
    /// Of the batch, for [`SamplerKind::Shared`].
    shared: Generator,
    unseeded: Generator,
    /// The batch's matrix, kept for its memory.
    probabilities: Vec<f64>,
}

impl Sampler {
    /// A sampler that has admitted nobody.
    pub fn new(kind: SamplerKind) -> Self {
        let mut unseeded = Generator::new(UNSEEDED);
        Sampler {
            kind,
            requests: HashMap::new(),
            shared: Generator::new(unseeded.bits()),
            unseeded,
            probabilities: Vec::new(),
        }
    }

    /// Takes a request in, with fresh state whatever its id was used for before (of the kinds,
    /// [`SamplerKind::LeakyId`] alone keeps the old). A greedy request has no state.
    pub fn admit(&mut self, id: &str, seed: Option<u64>, temperature: f64) {
        let sampled = temperature > 0.0;
        let leaked = self.requests.get(id).is_some_and(Option::is_some);
        if sampled && leaked && self.kind == SamplerKind::LeakyId {
            return;
        }
        let state = match (self.kind, seed) {
            _ if !sampled => None,
            (SamplerKind::Shared, seed) => {
                // What looks like keeping the promise: right as long as nobody else draws.
                if let Some(seed) = seed {
                    self.shared = Generator::new(seed);
                }
                None
            }
            (SamplerKind::IgnoreSeed, _) => Some(Generator::new(IGNORED)),
            (_, Some(seed)) => Some(Generator::new(seed)),
            (_, None) => Some(Generator::new(self.unseeded.bits())),
        };
        self.requests.insert(id.to_owned(), state);
    }

    /// Drops what is kept of a request that has its last token or was cancelled.
    pub fn finish(&mut self, id: &str) {
        if self.kind != SamplerKind::LeakyId {
            self.requests.remove(id);
        }
    }

    /// Generators that are kept for requests.
    pub fn held(&self) -> usize {
        self.requests.values().flatten().count()
    }

    /// The next token of one request: a batch of one.
    pub fn sample(&mut self, row: &Row<'_>) -> u32 {
        self.sample_batch(std::slice::from_ref(row))[0]
    }

    /// The next token of each row, in the order of the rows. A request that was not admitted is
    /// admitted first.
    ///
    /// # Panics
    /// A row without logits; a request that was admitted as greedy and is not.
    pub fn sample_batch(&mut self, rows: &[Row<'_>]) -> Vec<u32> {
        for row in rows {
            if !self.requests.contains_key(row.id) {
                self.admit(row.id, row.seed, row.temperature);
            }
        }
        let mut probabilities = std::mem::take(&mut self.probabilities);
        softmax(rows, &mut probabilities);
        let first_sampled = rows.iter().find(|row| row.temperature > 0.0);
        let mut rest = probabilities.as_slice();
        let mut tokens = Vec::with_capacity(rows.len());
        for row in rows {
            if row.temperature > 0.0 {
                let (own, others) = rest.split_at(row.logits.len());
                rest = others;
                tokens.push(pick(own, self.draw(row)));
                continue;
            }
            if let (SamplerKind::GreedyDraws, Some(row)) = (self.kind, first_sampled) {
                self.draw(row);
            }
            tokens.push(argmax(row.logits));
        }
        self.probabilities = probabilities;
        tokens
    }

    /// One number for a sampled row.
    fn draw(&mut self, row: &Row<'_>) -> f64 {
        match (self.kind, row.seed) {
            (SamplerKind::Shared, _) => self.shared.uniform(),
            (SamplerKind::Reset, Some(seed)) => Generator::new(seed).uniform(),
            _ => {
                let own = self.requests.get_mut(row.id).and_then(Option::as_mut);
                own.expect("a sampled request has a generator").uniform()
            }
        }
    }
}
