//! Which requests are abandoned, and when. Every request's decision is its own, drawn from its
//! own stream, so it moves no other draw.

use super::rows::SHARE_UNITS;
use crate::rng::{Component, Seed, Streams};
use crate::samplers::{Distribution, Share};
use crate::spec::{CancelAfter, CancelCount, Cancellation};

/// When a request is abandoned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cancel {
    /// Never.
    #[default]
    Never,
    /// This many ns after its body is fully written.
    Delay(u64),
    /// When this many output tokens have arrived.
    Tokens(u32),
}

/// Decides for each request of a population.
#[derive(Clone, Debug)]
pub struct Cancellations {
    after: CancelAfter,
    streams: Streams,
    rule: Rule,
}

/// Who is in the share.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Each request with this probability.
    Each(Share),
    /// Exactly the requests whose draws are the lowest: up to this (draw, index), or none.
    UpTo(Option<(u64, u64)>),
}

impl Cancellations {
    /// Prepares a population. `indices` walks the stream indices of all its requests; it is
    /// called only where an exact count is asked for.
    pub fn new<I: Iterator<Item = u64>>(
        cancellation: &Cancellation,
        seed: Seed,
        population: Option<&str>,
        indices: impl Fn() -> I,
    ) -> Self {
        let streams = Streams::in_population(seed, population, Component::Cancellation);
        let rule = match cancellation.count {
            CancelCount::Bernoulli => Rule::Each(
                Share::new(cancellation.share, SHARE_UNITS).expect("the spec was checked"),
            ),
            CancelCount::Exact => Rule::UpTo(lowest(cancellation.share, &streams, indices)),
        };
        Self {
            after: cancellation.after.clone(),
            streams,
            rule,
        }
    }

    /// Whether anything is drawn.
    pub fn draws(&self) -> bool {
        !matches!(self.rule, Rule::Each(share) if share.certain() == Some(false))
    }

    /// The decision for the request with this index.
    pub fn of(&self, index: u64) -> Cancel {
        let mut stream = self.streams.stream(index);
        let chosen = match self.rule {
            Rule::Each(share) => share.decide(&mut stream),
            Rule::UpTo(last) => Some((stream.next_u64(), index)) <= last,
        };
        if !chosen {
            return Cancel::Never;
        }
        let mut value = |distribution: &Distribution| distribution.sample_from(&mut stream);
        match &self.after {
            CancelAfter::Delay(delay) => Cancel::Delay(value(delay)),
            CancelAfter::Tokens(tokens) => Cancel::Tokens(value(tokens) as u32),
        }
    }
}

/// The last of the `share` of all requests with the lowest draws; ties go by index.
fn lowest<I: Iterator<Item = u64>>(
    share: u64,
    streams: &Streams,
    indices: impl Fn() -> I,
) -> Option<(u64, u64)> {
    const WHOLE: u128 = SHARE_UNITS as u128;
    let draw = |index| streams.stream(index).next_u64();
    let mut draws: Vec<u64> = indices().map(draw).collect();
    let count = (draws.len() as u128 * u128::from(share) + WHOLE / 2) / WHOLE;
    // A share is at most 1, so the count is at most the number of draws.
    let last = (count as usize).checked_sub(1)?;
    let (lower, found, _) = draws.select_nth_unstable(last);
    let found = *found;
    // Equal draws are rare; where there are some, the lowest indices are in.
    let wanted = last + 1 - lower.iter().filter(|draw| **draw < found).count();
    let mut equal: Vec<u64> = indices().filter(|index| draw(*index) == found).collect();
    equal.sort_unstable();
    Some((found, equal[wanted - 1]))
}
