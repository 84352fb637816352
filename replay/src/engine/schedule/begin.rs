//! Time bases: the roots of each, and the stages that begin.

use super::entry::{Entry, What};
use super::walk::Schedule;

impl Schedule {
    /// The root at the head of its time base is taken: the next takes its place.
    pub(super) fn walk_on(&mut self, index: u64) {
        let base = self.plan.stages.list()[self.stage_of(index)].base;
        self.skip_root(base);
        self.push_root(base);
    }

    /// Counts the next root of a time base as taken.
    pub(super) fn skip_root(&mut self, base: usize) {
        self.walked[base] += 1;
        self.roots_left -= 1;
    }

    /// The next root of a time base.
    pub(super) fn next_root(&self, base: usize) -> Option<u64> {
        let share = (self.worker, self.plan.workers);
        self.plan.roots.get(base, share, self.walked[base])
    }

    /// Puts the next root of a time base that has begun among what is due.
    pub(super) fn push_root(&mut self, base: usize) {
        if let Some(index) = self.next_root(base) {
            let due_ns = self.at_ns(index).unwrap_or(u64::MAX);
            self.due.push(Entry::new(due_ns, index, What::Root));
        }
    }

    /// When an `at` request is due by its own time; `None` if its time base has not begun.
    pub(super) fn at_ns(&self, index: u64) -> Option<u64> {
        let request = self.request(index);
        let stage = &self.plan.stages.list()[request.stage.get() as usize];
        let begin_ns = if stage.base == 0 {
            Some(0)
        } else {
            stage.begin_ns()
        };
        let after_ns = self.plan.speed.scale_ns(request.start_ns.get());
        Some(begin_ns?.saturating_add(after_ns))
    }

    /// Puts the beginning of a stage of which this worker fills places among what is due.
    pub(super) fn push_opening(&mut self, number: usize) {
        let stage = &self.plan.stages.list()[number];
        let fills = stage.closed && stage.share(self.worker, self.plan.workers) != Some(0);
        if let Some(begin_ns) = stage.begin_ns().filter(|_| fills) {
            let opening = Entry::new(begin_ns, number as u64, What::Open);
            self.due.push(opening);
        }
    }

    /// Begins what other workers, or this one, have made known.
    pub(super) fn look(&mut self) {
        let generation = self.plan.stages.generation();
        if generation != self.generation {
            self.generation = generation;
            self.begin_stages();
        }
    }

    pub(super) fn begin_stages(&mut self) {
        let mut place = 0;
        while let Some(stage) = self.unbegun.get(place).copied() {
            if self.plan.stages.list()[stage].begin_ns().is_none() {
                place += 1;
                continue;
            }
            self.unbegun.remove(place);
            self.push_root(self.plan.stages.list()[stage].base);
            self.push_opening(stage);
            for (index, ready_ns) in std::mem::take(&mut self.parked) {
                self.make_ready(index, ready_ns, 0);
            }
        }
    }
}
