//! One worker's walk through the plan.

use super::entry::{Entries, Entry, What};
use super::places::Places;
use super::plan::Plan;
use super::{Overload, Shot, Skipped};
use schemas::layout::RequestRecord;
use schemas::reader::Workload;
use std::collections::VecDeque;
use std::sync::Arc;

/// Most entries that memory is set aside for; a heap of more grows.
const MAX_RESERVE: usize = 1 << 16;

/// Which requests one worker fires, and when. All times are ns from t0.
#[derive(Debug)]
pub struct Schedule {
    pub(super) plan: Arc<Plan>,
    pub(super) workload: Workload,
    pub(super) worker: usize,
    max_in_flight: usize,
    in_flight: usize,
    /// Of these, how many have requests that wait for them.
    in_flight_awaited: usize,
    /// The plan's generation up to which beginnings are known here.
    pub(super) generation: u64,
    /// By time base: roots taken so far.
    pub(super) walked: Vec<u64>,
    /// Roots that are not taken.
    pub(super) roots_left: u64,
    /// Stages with a time base of their own that has not begun.
    pub(super) unbegun: Vec<usize>,
    /// All that has a time and is not in `placed`.
    pub(super) due: Entries,
    /// Requests of closed stages that hold their places: apart, for they are never dropped, and
    /// wait for room in flight.
    pub(super) placed: Entries,
    /// By stage.
    pub(super) places: Vec<Places>,
    /// Requests that wait for nothing but the beginning of their time base, and since when.
    pub(super) parked: Vec<(u64, u64)>,
    pub(super) skipped: VecDeque<Skipped>,
    /// Requests whose end is being passed on, and whether they failed; kept for its memory.
    pub(super) ended: Vec<(u64, bool)>,
    pub(super) stopped: bool,
    /// Stages before this one have nothing left to skip.
    pub(super) stages_skipped: usize,
}

impl Schedule {
    /// The part of worker number `worker` of the plan, which was made of this workload.
    ///
    /// # Panics
    ///
    /// If there is no such worker, or `max_in_flight` is 0.
    pub fn new(plan: Arc<Plan>, workload: Workload, worker: usize, max_in_flight: usize) -> Self {
        assert!(worker < plan.workers && max_in_flight > 0);
        let stages = plan.stages.list();
        let places = stages
            .iter()
            .map(|stage| Places::new(stage.share(worker, plan.workers)))
            .collect();
        let walked = vec![0; plan.stages.bases()];
        let roots_left = plan.roots.count((worker, plan.workers));
        let unbegun = (0..stages.len())
            .filter(|stage| stages[*stage].base > 0)
            .collect();
        let reserve = max_in_flight.min(MAX_RESERVE);
        let mut schedule = Schedule {
            generation: 0,
            due: Entries::with_capacity(reserve),
            placed: Entries::with_capacity(reserve),
            plan,
            workload,
            worker,
            max_in_flight,
            in_flight: 0,
            in_flight_awaited: 0,
            walked,
            roots_left,
            unbegun,
            places,
            parked: Vec::new(),
            skipped: VecDeque::with_capacity(reserve),
            ended: Vec::with_capacity(reserve),
            stopped: false,
            stages_skipped: 0,
        };
        schedule.push_root(0);
        for stage in 0..schedule.places.len() {
            if schedule.plan.stages.list()[stage].base == 0 {
                schedule.push_opening(stage);
            }
        }
        schedule.begin_stages();
        schedule
    }

    /// The next request that may start at `now_ns`. It is in flight from now on, unless it is
    /// overloaded.
    pub fn take(&mut self, now_ns: u64) -> Option<Shot> {
        if self.stopped {
            return None;
        }
        self.look();
        loop {
            let full = self.in_flight >= self.max_in_flight;
            if full && self.plan.overload == Overload::Wait {
                return None;
            }
            let (entry, is_placed) = self.first(full)?;
            if entry.due_ns > now_ns {
                return None;
            }
            let _ = if is_placed {
                self.placed.pop()
            } else {
                self.due.pop()
            };
            let (due_ns, index) = (entry.due_ns, entry.index);
            let has_place = match entry.what {
                What::Open => {
                    self.places[index as usize].open();
                    self.grant(index as usize, due_ns);
                    continue;
                }
                What::Granted | What::Slot => true,
                What::Root => {
                    self.walk_on(index);
                    self.find_place(due_ns, index)
                }
                What::Ready => self.find_place(due_ns, index),
            };
            if has_place && !full {
                return Some(self.start(due_ns, index));
            }
            if self.drops(index) {
                return Some(self.overload(due_ns, index, now_ns, has_place));
            }
            if has_place {
                self.placed.push(Entry::new(due_ns, index, What::Granted));
            }
        }
    }

    /// The earliest time at which [`Schedule::take`] may give something, as far as is known; 0 if
    /// another worker has begun a stage. `None` if only an end, here or on another worker, can
    /// bring one. Constant work.
    pub fn next_due(&self) -> Option<u64> {
        if self.stopped {
            return None;
        }
        if self.generation != self.plan.stages.generation() {
            return Some(0);
        }
        let full = self.in_flight >= self.max_in_flight;
        if full && self.plan.overload == Overload::Wait {
            return None;
        }
        self.first(full).map(|(entry, _)| entry.due_ns)
    }

    /// A request that [`Schedule::take`] gave out, and that was not overloaded, has ended. True if
    /// other workers must look again: a stage begins now that could not before.
    pub fn end(&mut self, index: u64, ended_ns: u64, failed: bool) -> bool {
        debug_assert!(self.in_flight > 0, "request {index} is not in flight");
        self.in_flight -= 1;
        self.in_flight_awaited -= usize::from(self.is_awaited(index));
        self.finish(index, ended_ns, failed, true)
    }

    /// Requests given out that have not ended.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether nothing is left to give out, now or later. What is in flight may not have ended, and
    /// there may be more to skip: see [`Schedule::has_skipped`].
    pub fn is_done(&self) -> bool {
        let stages = self.plan.stages.list();
        self.stopped
            || (self.roots_left == 0
                && self.in_flight_awaited == 0
                && self.placed.is_empty()
                && self.parked.is_empty()
                && self.due.is_empty()
                // From behind: the last of a chain of stages is the last to be used up.
                && !(0..stages.len()).rev().any(|stage| {
                    let places = &self.places[stage];
                    !places.is_empty() || places.may_draw(&stages[stage])
                }))
    }

    /// What is to be looked at first, and whether it is one of `placed`; none of them when `full`.
    fn first(&self, full: bool) -> Option<(Entry, bool)> {
        let due = self.due.peek();
        match self.placed.peek().filter(|_| !full) {
            Some(placed) if due.is_none_or(|due| placed < due) => Some((placed, true)),
            _ => due.map(|due| (due, false)),
        }
    }

    pub(super) fn request(&self, index: u64) -> &RequestRecord {
        &self.workload.requests()[index as usize]
    }

    pub(super) fn stage_of(&self, index: u64) -> usize {
        self.request(index).stage.get() as usize
    }

    pub(super) fn is_awaited(&self, index: u64) -> bool {
        !self.plan.links.dependants(index).is_empty()
    }

    /// Whether a request that finds no place in its stage, or no room in flight, is dropped.
    fn drops(&self, index: u64) -> bool {
        let stage = &self.plan.stages.list()[self.stage_of(index)];
        self.plan.overload == Overload::Drop && !stage.closed
    }

    /// Takes a place of the request's stage. If there is none, the request waits for one, unless
    /// it is dropped.
    fn find_place(&mut self, due_ns: u64, index: u64) -> bool {
        let stage = self.stage_of(index);
        let has_place = self.places[stage].take();
        if !has_place && !self.drops(index) {
            self.places[stage].enqueue(due_ns, index);
        }
        has_place
    }

    fn start(&mut self, due_ns: u64, index: u64) -> Shot {
        self.in_flight += 1;
        self.in_flight_awaited += usize::from(self.is_awaited(index));
        Shot {
            index,
            due_ns,
            overloaded: false,
            wake_others: false,
        }
    }

    fn overload(&mut self, due_ns: u64, index: u64, now_ns: u64, has_place: bool) -> Shot {
        Shot {
            index,
            due_ns,
            overloaded: true,
            wake_others: self.finish(index, now_ns, true, has_place),
        }
    }
}
