//! The arrivals of all populations, merged in firing order.

use super::Arrival;
use crate::plan::{PlannedStage, Population};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What orders arrivals: the time base, the time in it, and the population.
type Rank = (u32, u64, u32);

/// Arrivals with their population's number, in firing order.
pub struct Merged<'p> {
    sources: Vec<Box<dyn Iterator<Item = Arrival> + 'p>>,
    stages: &'p [PlannedStage],
    /// The next arrival of each population that has one.
    heads: Vec<Option<Arrival>>,
    ranks: BinaryHeap<Reverse<Rank>>,
}

impl<'p> Merged<'p> {
    /// Begins at the first arrival of every population.
    pub fn new(populations: &'p [Population<'_>], stages: &'p [PlannedStage]) -> Self {
        let mut merged = Self {
            sources: populations.iter().map(Population::arrivals).collect(),
            stages,
            heads: vec![None; populations.len()],
            ranks: BinaryHeap::with_capacity(populations.len()),
        };
        for population in 0..populations.len() as u32 {
            merged.advance(population);
        }
        merged
    }

    /// Looks at the next arrival of a population.
    fn advance(&mut self, population: u32) {
        let head = self.sources[population as usize].next();
        self.heads[population as usize] = head;
        if let Some(arrival) = head {
            self.ranks.push(Reverse(self.rank(population, &arrival)));
        }
    }

    /// Stages that count from t0 share one time base and come first; each other stage has its
    /// own, in the order of the stage table.
    fn rank(&self, population: u32, arrival: &Arrival) -> Rank {
        let stage = &self.stages[arrival.stage as usize];
        match stage.after_previous {
            true => (arrival.stage + 1, arrival.at_ns(0), population),
            false => (0, arrival.at_ns(stage.start_ns), population),
        }
    }
}

impl Iterator for Merged<'_> {
    type Item = (u32, Arrival);

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((_, _, population)) = self.ranks.pop()?;
        let arrival = self.heads[population as usize].expect("a ranked population has a head");
        self.advance(population);
        Some((population, arrival))
    }
}
