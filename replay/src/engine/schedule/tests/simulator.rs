//! Workers without threads, servers or clocks: each looks at its schedule when its timer goes off,
//! when one of its requests ends, or when another wakes it, and at no other time.

use super::super::*;
use super::made::{self, Request, Stage};
use schemas::reader::Workload;
use std::sync::Arc;

/// What a simulated run is told.
#[derive(Clone, Debug)]
pub struct Setting {
    pub stages: Vec<Stage>,
    pub requests: Vec<Request>,
    /// Behind those in the file, and not fired.
    pub behind: Vec<Request>,
    /// By request: how long it takes, and whether it fails.
    pub service: Vec<(u64, bool)>,
    pub workers: usize,
    /// Of each worker.
    pub max_in_flight: usize,
    pub speed: f64,
    pub overload: Overload,
    pub on_turn_failure: OnTurnFailure,
    /// How late each wake-up comes, in turn.
    pub late_ns: Vec<u64>,
    /// By worker: the number of wake-ups after which it is stopped.
    pub stop_after: Vec<usize>,
}

impl Setting {
    /// One worker without limits; every request succeeds after 10 ns.
    pub fn new(stages: &[Stage], requests: &[Request]) -> Self {
        Setting {
            stages: stages.to_vec(),
            requests: requests.to_vec(),
            behind: Vec::new(),
            service: vec![(10, false); requests.len()],
            workers: 1,
            max_in_flight: usize::MAX,
            speed: 1.0,
            overload: Overload::Wait,
            on_turn_failure: OnTurnFailure::End,
            late_ns: vec![0],
            stop_after: Vec::new(),
        }
    }

    pub fn plan(&self) -> Result<(Workload, Plan), PlanError> {
        let file = [&self.requests[..], &self.behind].concat();
        let workload = made::workload(&self.stages, &file).prefix(self.requests.len() as u64);
        let speed = Speed::new(self.speed).unwrap();
        let plan = Plan::new(
            &workload,
            speed,
            self.workers,
            self.overload,
            self.on_turn_failure,
        )?;
        Ok((workload, plan))
    }

    /// Runs it to its end.
    pub fn run(&self) -> Log {
        let (workload, plan) = self.plan().unwrap();
        let plan = Arc::new(plan);
        let schedule = |worker| {
            let schedule = Schedule::new(
                Arc::clone(&plan),
                workload.clone(),
                worker,
                self.max_in_flight,
            );
            Worker {
                schedule,
                timer_ns: Some(0),
                woken: false,
                was_done: false,
            }
        };
        let mut simulator = Simulator {
            setting: self,
            workers: (0..self.workers).map(schedule).collect(),
            flying: Vec::new(),
            now_ns: 0,
            log: Log::default(),
        };
        simulator.run();
        simulator.log
    }
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Given out.
    Sent { due_ns: u64 },
    /// Given out as overloaded.
    Overloaded { due_ns: u64 },
    /// A request that was sent has ended.
    Ended { failed: bool },
    /// It will never be sent.
    Skipped { why: Why, due_ns: Option<u64> },
}

/// In the order in which it happened, as far as one worker can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub at_ns: u64,
    pub worker: usize,
    pub index: u64,
    pub fate: Fate,
    /// Events of one look of a worker at its schedule have the same number.
    pub look: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Log {
    pub events: Vec<Event>,
    looks: usize,
}

impl Log {
    /// Index, due time and time of sending of all that were sent, in that order.
    pub fn sent(&self) -> Vec<(u64, u64, u64)> {
        let sent = |event: &Event| match event.fate {
            Fate::Sent { due_ns } => Some((event.index, due_ns, event.at_ns)),
            _ => None,
        };
        self.events.iter().filter_map(sent).collect()
    }

    /// Indices of requests with such a fate, ascending.
    pub fn with(&self, fate: impl Fn(Fate) -> bool) -> Vec<u64> {
        let mut found: Vec<u64> = self
            .events
            .iter()
            .filter(|event| fate(event.fate))
            .map(|event| event.index)
            .collect();
        found.sort_unstable();
        found
    }
}

struct Worker {
    schedule: Schedule,
    timer_ns: Option<u64>,
    woken: bool,
    was_done: bool,
}

struct Simulator<'s> {
    setting: &'s Setting,
    workers: Vec<Worker>,
    /// End, index, worker.
    flying: Vec<(u64, u64, usize)>,
    now_ns: u64,
    log: Log,
}

impl Simulator<'_> {
    fn run(&mut self) {
        for turn in 0.. {
            assert!(turn < 100_000, "the run does not end");
            for number in 0..self.workers.len() {
                // Not always the same worker first.
                let worker = (number + turn) % self.workers.len();
                self.stop_if_told(worker, turn);
                self.let_work(worker);
            }
            let timers = self.workers.iter().filter_map(|worker| worker.timer_ns);
            let ends = self.flying.iter().map(|flying| flying.0);
            let woken = self.workers.iter().any(|worker| worker.woken);
            let Some(next_ns) = timers.chain(ends).chain(woken.then_some(0)).min() else {
                if self.stop_the_rest(turn) {
                    continue;
                }
                break;
            };
            let late_ns = self.setting.late_ns[turn % self.setting.late_ns.len()];
            self.now_ns = self.now_ns.max(next_ns) + late_ns;
        }
        for worker in &self.workers {
            // Known since its last look: it gets no other.
            assert!(worker.was_done, "nothing can happen, but it waits");
            assert_eq!(worker.schedule.in_flight(), 0);
        }
    }

    fn stop_if_told(&mut self, number: usize, turn: usize) {
        if self.setting.stop_after.get(number) == Some(&turn) {
            self.stop(number);
        }
    }

    fn stop(&mut self, number: usize) {
        self.workers[number].schedule.stop();
        self.log.looks += 1;
        self.drain_skipped(number, self.now_ns);
        self.workers[number].woken = true;
    }

    /// A stage may wait for requests of a worker that was stopped: nothing can happen until all
    /// are. True if there was one that was not yet.
    fn stop_the_rest(&mut self, turn: usize) -> bool {
        let late = |stop: &usize| *stop > turn;
        let waits = self.setting.stop_after.iter().any(late);
        for number in (0..self.workers.len()).filter(|_| waits) {
            self.stop(number);
        }
        waits
    }

    /// What a worker does when it has been woken by whatever.
    fn let_work(&mut self, number: usize) {
        let now_ns = self.now_ns;
        self.flying.sort_unstable();
        let ends: Vec<_> = self
            .flying
            .extract_if(.., |flying| flying.2 == number && flying.0 <= now_ns)
            .collect();
        let worker = &mut self.workers[number];
        let due = worker.timer_ns.is_some_and(|timer_ns| timer_ns <= now_ns);
        if ends.is_empty() && !due && !std::mem::take(&mut worker.woken) {
            return;
        }
        worker.woken = false;
        for (end_ns, index, _) in ends {
            let failed = self.setting.service[index as usize].1;
            self.log.looks += 1;
            self.note(end_ns, number, index, Fate::Ended { failed });
            let wakes = self.workers[number].schedule.end(index, end_ns, failed);
            self.wake_others(number, wakes);
            self.drain_skipped(number, end_ns);
        }
        self.take_all(number);
        let worker = &mut self.workers[number];
        worker.timer_ns = worker.schedule.next_due();
        assert!(
            worker.timer_ns.is_none_or(|timer_ns| timer_ns > now_ns),
            "{:?} is due at {now_ns}, but nothing is given",
            worker.timer_ns
        );
        worker.was_done = worker.schedule.is_done();
    }

    fn take_all(&mut self, number: usize) {
        let now_ns = self.now_ns;
        self.log.looks += 1;
        while let Some(shot) = self.workers[number].schedule.take(now_ns) {
            let (index, due_ns) = (shot.index, shot.due_ns);
            assert!(due_ns <= now_ns, "{index} is given before its time");
            assert!(!self.workers[number].was_done, "{index} comes after all");
            if shot.overloaded {
                self.note(now_ns, number, index, Fate::Overloaded { due_ns });
                self.wake_others(number, shot.wake_others);
                self.drain_skipped(number, now_ns);
                // Its end may have let something go that is earlier than what is left.
                self.log.looks += 1;
            } else {
                self.note(now_ns, number, index, Fate::Sent { due_ns });
                let end_ns = now_ns + self.setting.service[index as usize].0;
                self.flying.push((end_ns, index, number));
            }
        }
    }

    fn wake_others(&mut self, number: usize, wakes: bool) {
        for (other, worker) in self.workers.iter_mut().enumerate() {
            worker.woken |= wakes && other != number;
        }
    }

    fn drain_skipped(&mut self, number: usize, at_ns: u64) {
        loop {
            let schedule = &mut self.workers[number].schedule;
            let announced = schedule.has_skipped();
            let Some(skipped) = schedule.take_skipped() else {
                assert!(!schedule.has_skipped(), "what is announced never comes");
                return;
            };
            assert!(announced, "{skipped:?} comes unannounced");
            let (why, due_ns) = (skipped.why, skipped.due_ns);
            self.note(at_ns, number, skipped.index, Fate::Skipped { why, due_ns });
        }
    }

    fn note(&mut self, at_ns: u64, worker: usize, index: u64, fate: Fate) {
        let look = self.log.looks;
        self.log.events.push(Event {
            at_ns,
            worker,
            index,
            fate,
            look,
        });
    }
}
