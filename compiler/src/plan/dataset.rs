//! Which conversation of a data set each arrival takes.
//!
//! A choice belongs to the arrival's ordinal, so it can be made alone, on any thread. Deliberately
//! absent: a position in the data set that moves on with each request.

use super::error::PlanError;
use crate::dataset::DataSet;
use crate::rng::{Component, Seed, Streams};
use crate::samplers::permutation;
use crate::spec::{SetKind, SetOrder, SetRef};
use schemas::layout::MAX_TIME_NS;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Most orders of a shuffled data set that are kept at once: threads work on neighbouring passes.
const KEPT_ORDERS: usize = 4;

/// Chooses conversations for the arrivals of one population.
#[derive(Debug)]
pub struct Sampler {
    /// The conversations that are used, in the order of the file; none: all.
    kept: Option<Vec<u32>>,
    /// How many those are.
    count: u64,
    order: Order,
    draws_subset: bool,
}

#[derive(Debug)]
enum Order {
    /// The order of the file, again and again.
    Sequential,
    /// Each with replacement.
    Random(Streams),
    /// Without replacement, in a new order for each pass.
    Shuffle(Shuffled),
    /// One of each pool, with replacement.
    Pools(Vec<Range<u32>>, Streams),
}

/// The orders of the passes through a data set, of which the last few are kept.
#[derive(Debug)]
struct Shuffled {
    streams: Streams,
    orders: Mutex<VecDeque<(u64, Arc<[u32]>)>>,
}

impl Shuffled {
    /// The order of a pass. It is the same whoever makes it, and made by one thread at a time.
    fn of_pass(&self, pass: u64, count: u64) -> Arc<[u32]> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, order)) = orders.iter().find(|(known, _)| *known == pass) {
            return Arc::clone(order);
        }
        let order: Arc<[u32]> = permutation(&mut self.streams.stream(pass), count).into();
        if orders.len() == KEPT_ORDERS {
            orders.pop_front();
        }
        orders.push_back((pass, Arc::clone(&order)));
        order
    }
}

/// What an arrival takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// All turns of one conversation.
    Conversation(u32),
    /// One line of each pool, joined into one request.
    Parts(Vec<u32>),
}

impl Sampler {
    /// For a data set of `conversations`, of which a random pool has some in each of `pools`.
    pub fn new(
        named: &SetRef,
        conversations: u64,
        pools: &[Range<u32>],
        seed: Seed,
        population: Option<&str>,
    ) -> Self {
        let streams = |component| Streams::in_population(seed, population, component);
        let entries = named.entries.filter(|entries| *entries < conversations);
        let count = entries.unwrap_or(conversations);
        let draws_subset = named.kind == SetKind::ShareGpt && entries.is_some();
        let kept = draws_subset.then(|| {
            let mut stream = streams(Component::ShareGpt).stream(0);
            let mut kept = permutation(&mut stream, conversations);
            kept.truncate(count as usize);
            kept.sort_unstable();
            kept
        });
        let order = match (named.kind, named.order) {
            (SetKind::RandomPool, _) => {
                Order::Pools(pools.to_vec(), streams(Component::RandomPool))
            }
            (_, SetOrder::Sequential) => Order::Sequential,
            (_, SetOrder::Random) => Order::Random(streams(Component::SamplerRandom)),
            (_, SetOrder::Shuffle) => Order::Shuffle(Shuffled {
                streams: streams(Component::SamplerShuffle),
                orders: Mutex::default(),
            }),
        };
        Self {
            kept,
            count,
            order,
            draws_subset,
        }
    }

    /// What the arrival with this ordinal takes.
    pub fn take(&self, ordinal: u64) -> Taken {
        let place = match &self.order {
            Order::Sequential => ordinal % self.count,
            Order::Random(streams) => streams.stream(ordinal).below(self.count),
            Order::Shuffle(_) if self.count == 1 => 0,
            Order::Shuffle(shuffled) => {
                let order = shuffled.of_pass(ordinal / self.count, self.count);
                u64::from(order[(ordinal % self.count) as usize])
            }
            Order::Pools(pools, streams) => {
                let mut stream = streams.stream(ordinal);
                let draw = |pool: &Range<u32>| {
                    pool.start + stream.below(u64::from(pool.end - pool.start)) as u32
                };
                return Taken::Parts(pools.iter().map(draw).collect());
            }
        };
        Taken::Conversation(self.conversation(place))
    }

    /// The conversation at a place among those that are used.
    pub fn conversation(&self, place: u64) -> u32 {
        match &self.kept {
            Some(kept) => kept[place as usize],
            None => place as u32,
        }
    }

    /// How many conversations are used.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What is drawn from.
    pub fn components(&self) -> Vec<Component> {
        let of_order = match &self.order {
            Order::Sequential => None,
            Order::Random(_) => (self.count > 1).then_some(Component::SamplerRandom),
            Order::Shuffle(_) => (self.count > 1).then_some(Component::SamplerShuffle),
            Order::Pools(pools, _) => {
                let is_chosen = pools.iter().any(|pool| pool.len() > 1);
                is_chosen.then_some(Component::RandomPool)
            }
        };
        let of_subset = self.draws_subset.then_some(Component::ShareGpt);
        of_order.into_iter().chain(of_subset).collect()
    }
}

/// Turns and when they begin, of a data set that is sent at its own times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// From the earliest of all.
    pub at_ns: u64,
    /// The conversation's place among those that are used: the ordinal of its arrival.
    pub place: u32,
    /// The first of the turns: every turn with a time of its own begins some.
    pub from: u32,
}

/// When each conversation begins, and each later turn that has a time of its own, in order of
/// time, then of the file. A turn is never put before the one that it follows.
///
/// # Errors
/// If the first turn of a conversation has no timestamp, or one lies too far behind the first.
pub fn schedule(set: &DataSet, sampler: &Sampler) -> Result<Vec<Begin>, PlanError> {
    let mut begins = Vec::new();
    for place in 0..sampler.count() as u32 {
        let number = sampler.conversation(u64::from(place));
        let turns = set.turns_of(number);
        if turns[0].at_ns.is_none() {
            let file = set.conversations[number as usize].file as usize;
            return Err(PlanError::NoTimestamp {
                file: set.files[file].file.clone(),
                line: turns[0].line,
            });
        }
        let mut before_ns = 0;
        for (from, turn) in turns.iter().enumerate() {
            let Some(at_ns) = turn.at_ns else { continue };
            before_ns = at_ns.max(before_ns);
            begins.push(Begin {
                at_ns: before_ns,
                place,
                from: from as u32,
            });
        }
    }
    begins.sort_unstable_by_key(|begin| (begin.at_ns, begin.place, begin.from));
    let origin_ns = begins.first().map_or(0, |begin| begin.at_ns);
    for begin in &mut begins {
        begin.at_ns -= origin_ns;
        if begin.at_ns > MAX_TIME_NS {
            let number = sampler.conversation(u64::from(begin.place));
            let file = set.conversations[number as usize].file as usize;
            return Err(PlanError::TurnTooLate {
                file: set.files[file].file.clone(),
                line: set.turns_of(number)[begin.from as usize].line,
            });
        }
    }
    Ok(begins)
}
