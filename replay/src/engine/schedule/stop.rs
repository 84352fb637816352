//! What becomes of the requests that a stopped worker does not give out.

use super::entry::What;
use super::walk::Schedule;
use super::{Skipped, Why};

impl Schedule {
    /// Gives nothing more out. Everything that is left comes from [`Schedule::take_skipped`], and
    /// what waits for a request in flight comes from there when that has ended.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// A request that will never be sent. To be called after [`Schedule::take`],
    /// [`Schedule::end`] and [`Schedule::stop`], until it gives none, but not in one go: a stop may
    /// leave millions, which are not copied for it but read off the plan call by call.
    pub fn take_skipped(&mut self) -> Option<Skipped> {
        if let Some(skipped) = self.skipped.pop_front() {
            return Some(skipped);
        }
        if !self.stopped {
            return None;
        }
        let (index, due_ns) = self.next_left()?;
        // When it ends makes no difference any more.
        self.let_go(index, 0, true);
        Some(Skipped {
            index,
            due_ns,
            why: Why::Interrupted,
        })
    }

    /// Whether [`Schedule::take_skipped`] is to be called again: it may give something, and gives
    /// none at the latest when all is accounted for. A schedule that [`Schedule::is_done`] may have
    /// some left. Constant work.
    pub fn has_skipped(&self) -> bool {
        !self.skipped.is_empty()
            || (self.stopped
                && !(self.due.is_empty()
                    && self.placed.is_empty()
                    && self.parked.is_empty()
                    && self.stages_skipped == self.places.len()))
    }

    /// Any request that was not given out and waits for no other, with its time if it is known.
    fn next_left(&mut self) -> Option<(u64, Option<u64>)> {
        while let Some(entry) = self.due.pop().or_else(|| self.placed.pop()) {
            match entry.what {
                What::Open => continue,
                What::Root => self.walk_on(entry.index),
                What::Ready | What::Granted | What::Slot => {}
            }
            return Some((entry.index, Some(entry.due_ns)));
        }
        if let Some((index, _)) = self.parked.pop() {
            return Some((index, None));
        }
        while self.stages_skipped < self.places.len() {
            let left = self.next_left_of(self.stages_skipped);
            if left.is_some() {
                return left;
            }
            self.stages_skipped += 1;
        }
        None
    }

    /// The same, of a stage: what waits for a place, has no time yet, or was not drawn.
    fn next_left_of(&mut self, number: usize) -> Option<(u64, Option<u64>)> {
        if let Some((due_ns, index)) = self.places[number].take_waiting() {
            return Some((index, Some(due_ns)));
        }
        let stage = &self.plan.stages.list()[number];
        let base = stage.base;
        if let Some(index) = stage.draw_slot() {
            return Some((index, None));
        }
        let root = self.next_root(base).filter(|_| base > 0)?;
        self.skip_root(base);
        Some((root, None))
    }
}
