//! Requests that start at a time and wait for no other, dealt round the workers.

use super::stages::Stage;

/// Who fires which of them.
#[derive(Debug)]
pub enum Roots {
    /// Every request is one, all count from t0 and no stage has a concurrency: dealt in turn, and
    /// read off the mapped file as it is walked. Costs no memory, however long the workload.
    All { requests: u64 },
    /// By time base, and within it by worker.
    Dealt(Vec<Vec<u32>>),
}

impl Roots {
    /// The `position`-th of a worker in a time base.
    pub fn get(
        &self,
        base: usize,
        (worker, workers): (usize, usize),
        position: u64,
    ) -> Option<u64> {
        match self {
            Roots::All { requests } => {
                let index = position * workers as u64 + worker as u64;
                (base == 0 && index < *requests).then_some(index)
            }
            Roots::Dealt(lists) => {
                let list = &lists[base * workers + worker];
                list.get(position as usize).map(|index| u64::from(*index))
            }
        }
    }

    /// All of a worker.
    pub fn count(&self, (worker, workers): (usize, usize)) -> u64 {
        match self {
            Roots::All { requests } => {
                let (workers, worker) = (workers as u64, worker as u64);
                requests / workers + u64::from(worker < requests % workers)
            }
            Roots::Dealt(lists) => {
                let of_worker = lists.iter().skip(worker).step_by(workers);
                of_worker.map(|list| list.len() as u64).sum()
            }
        }
    }
}

/// Deals roots in file order.
#[derive(Debug)]
pub struct Dealer<'s> {
    stages: &'s [Stage],
    workers: usize,
    lists: Vec<Vec<u32>>,
    /// Dealt so far, of stages with a concurrency.
    dealt_to_stage: Vec<u64>,
    /// Dealt so far, of all others of a time base.
    dealt_to_base: Vec<u64>,
}

impl<'s> Dealer<'s> {
    /// Nothing is dealt yet.
    pub fn new(stages: &'s [Stage], bases: usize, workers: usize) -> Self {
        Dealer {
            stages,
            workers,
            lists: vec![Vec::new(); bases * workers],
            dealt_to_stage: vec![0; stages.len()],
            dealt_to_base: vec![0; bases],
        }
    }

    /// Deals the next root. `narrowest` is the stage with the least concurrency among its own and
    /// those of all requests that hang on it, which run on the same worker: they are dealt by its
    /// places, so that no worker without a place has one of them.
    pub fn deal(&mut self, index: u32, stage: usize, narrowest: usize) {
        let base = self.stages[stage].base;
        let worker = match self.stages[narrowest].concurrency {
            Some(places) => take_turn(&mut self.dealt_to_stage[narrowest], places.into()),
            None => take_turn(&mut self.dealt_to_base[base], self.workers as u64),
        } % self.workers;
        self.lists[base * self.workers + worker].push(index);
    }

    /// All that were dealt.
    pub fn finish(self) -> Roots {
        Roots::Dealt(self.lists)
    }
}

fn take_turn(dealt: &mut u64, turns: u64) -> usize {
    let turn = *dealt % turns;
    *dealt += 1;
    turn as usize
}
