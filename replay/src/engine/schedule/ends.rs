//! What follows from the end of a request: a free place, requests that waited for it, requests that
//! will never be sent, and the end of a stage.

use super::entry::{Entry, What};
use super::links::same_session;
use super::walk::Schedule;
use super::{OnTurnFailure, Skipped, Why};
use schemas::layout::StartKind;

impl Schedule {
    /// Lets what waits for a place of the stage have those that are free, since `freed_ns`.
    pub(super) fn grant(&mut self, number: usize, freed_ns: u64) {
        let stage = &self.plan.stages.list()[number];
        while let Some(entry) = self.places[number].grant(stage, freed_ns) {
            if stage.closed {
                self.placed.push(entry);
            } else {
                self.due.push(entry);
            }
        }
    }

    /// All that a request waits for had ended at `ready_ns`, which has become known at `now_ns`.
    pub(super) fn make_ready(&mut self, index: u64, ready_ns: u64, now_ns: u64) {
        let kind = self.request(index).start_kind;
        let stage = self.stage_of(index);
        if kind == StartKind::Slot as u8 {
            self.places[stage].enqueue_slot(index, ready_ns);
            return self.grant(stage, ready_ns);
        }
        let due_ns = if kind == StartKind::At as u8 {
            let Some(at_ns) = self.at_ns(index) else {
                return self.parked.push((index, ready_ns));
            };
            ready_ns.max(at_ns)
        } else {
            ready_ns
        };
        if due_ns <= now_ns && self.plan.stages.list()[stage].closed {
            // In the queue before the place that has just become free goes to a `slot` request.
            self.places[stage].enqueue(due_ns, index);
            return self.grant(stage, now_ns);
        }
        self.due.push(Entry::new(due_ns, index, What::Ready));
    }

    /// A request has ended, or was dropped: counts it, frees its place, and lets go what waited
    /// for it. True if a stage begins.
    pub(super) fn finish(
        &mut self,
        index: u64,
        ended_ns: u64,
        failed: bool,
        had_place: bool,
    ) -> bool {
        let stage = self.stage_of(index);
        let mut begins = self.plan.stages.request_ended(stage, ended_ns);
        if had_place {
            self.places[stage].give_back();
        }
        begins |= self.let_go(index, ended_ns, failed);
        if !self.stopped {
            self.grant(stage, ended_ns);
        }
        begins
    }

    /// Lets go, or skips, what waits for a request that ended; also what waits for those that are
    /// skipped, for they have ended, too. True if a stage begins.
    pub(super) fn let_go(&mut self, index: u64, ended_ns: u64, failed: bool) -> bool {
        if !self.is_awaited(index) {
            return false;
        }
        let mut begins = false;
        self.ended.push((index, failed));
        while let Some((index, failed)) = self.ended.pop() {
            for place in 0..self.plan.links.dependants(index).len() {
                let dependant = self.plan.links.dependants(index)[place];
                begins |= self.let_one_go(index, dependant, ended_ns, failed);
            }
        }
        begins
    }

    fn let_one_go(&mut self, index: u64, dependant: u32, ended_ns: u64, failed: bool) -> bool {
        let links = &self.plan.links;
        let request = self.request(dependant.into());
        let ends_session = failed
            && self.plan.on_turn_failure == OnTurnFailure::End
            && same_session(request, self.request(index));
        let why = match (self.stopped, ends_session) {
            (true, _) => Some(Why::Interrupted),
            (false, true) => Some(Why::SessionEnded),
            (false, false) => None,
        };
        let Some(why) = why else {
            let delayed = request.start_kind == StartKind::After as u8
                && request.after_request.get() == index;
            let delay_ns = if delayed { request.start_ns.get() } else { 0 };
            let ready_ns = links.one_ended(dependant, ended_ns.saturating_add(delay_ns));
            if let Some(ready_ns) = ready_ns {
                self.make_ready(dependant.into(), ready_ns, ended_ns);
            }
            return false;
        };
        if !links.give_up(dependant) {
            return false;
        }
        self.skipped.push_back(Skipped {
            index: dependant.into(),
            due_ns: None,
            why,
        });
        self.ended.push((dependant.into(), true));
        // What is skipped by a stop must not begin a stage on a worker that still runs.
        let stage = self.stage_of(dependant.into());
        why == Why::SessionEnded && self.plan.stages.request_ended(stage, ended_ns)
    }
}
