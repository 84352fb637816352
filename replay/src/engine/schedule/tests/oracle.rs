//! What must hold in every run, worked out from the setting and the log alone.

use super::super::{OnTurnFailure, Speed, Why};
use super::made::Request;
use super::simulator::{Event, Fate, Log, Setting};
use schemas::layout::{StageKind, StartKind};

/// Checks all of it; what is broken, in words.
pub fn check(setting: &Setting, log: &Log) -> Result<(), String> {
    let oracle = Oracle::new(setting, log)?;
    for (index, request) in (0..).zip(&setting.requests) {
        oracle.check_fate(index, request)?;
        oracle.check_due(index, request)?;
    }
    oracle.check_caps()?;
    oracle.check_order()
}

/// How a request left the schedule.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// Place in the log.
    pub place: usize,
    at_ns: u64,
    failed: bool,
    interrupted: bool,
}

/// A setting, a log, and what follows from both.
pub struct Oracle<'a> {
    pub setting: &'a Setting,
    pub log: &'a Log,
    /// By request: how it left, and the place in the log where it was sent.
    pub ends: Vec<End>,
    starts: Vec<Option<usize>>,
    /// By stage: its beginning.
    pub begins: Vec<Option<u64>>,
}

impl<'a> Oracle<'a> {
    /// Fails unless each request has left exactly once, and ended if it was sent.
    fn new(setting: &'a Setting, log: &'a Log) -> Result<Self, String> {
        let mut ends: Vec<Option<End>> = vec![None; setting.requests.len()];
        let mut starts = vec![None; setting.requests.len()];
        for (place, event) in log.events.iter().enumerate() {
            let (failed, interrupted) = match event.fate {
                Fate::Sent { .. } => {
                    let before = starts[event.index as usize].replace(place);
                    if before.is_some() {
                        return Err(format!("{} is sent twice", event.index));
                    }
                    continue;
                }
                Fate::Overloaded { .. } => (true, false),
                Fate::Ended { failed } => (failed, false),
                Fate::Skipped { why, .. } => (true, why == Why::Interrupted),
            };
            if matches!(event.fate, Fate::Ended { .. }) != starts[event.index as usize].is_some() {
                return Err(format!("{} is sent and not sent", event.index));
            }
            let end = End {
                place,
                at_ns: event.at_ns,
                failed,
                interrupted,
            };
            if ends[event.index as usize].replace(end).is_some() {
                return Err(format!("{} ends twice", event.index));
            }
        }
        let ends: Option<Vec<End>> = ends.into_iter().collect();
        let ends = ends.ok_or("a request is missing")?;
        let begins = begins(setting, &ends);
        Ok(Oracle {
            setting,
            log,
            ends,
            starts,
            begins,
        })
    }

    fn end(&self, index: u64) -> &End {
        &self.ends[index as usize]
    }

    fn fate(&self, index: u64) -> Fate {
        let place = self.starts[index as usize].unwrap_or(self.end(index).place);
        self.log.events[place].fate
    }

    /// A turn is skipped exactly if one that it waits for, in its session, failed or was skipped;
    /// and nothing is sent before all that it waits for.
    fn check_fate(&self, index: u64, request: &Request) -> Result<(), String> {
        let awaited = request.awaited();
        let session_failed = self.setting.on_turn_failure == OnTurnFailure::End
            && awaited.iter().any(|other| {
                let session = self.setting.requests[*other as usize].session;
                session.is_some()
                    && session == request.session
                    && self.end(*other).failed
                    && !self.end(*other).interrupted
            });
        match self.fate(index) {
            Fate::Skipped {
                why: Why::Interrupted,
                ..
            } => {
                return match self.setting.stop_after.is_empty() {
                    true => Err(format!("{index} is interrupted, but nobody stopped")),
                    false => Ok(()),
                };
            }
            Fate::Skipped { .. } if !session_failed => {
                return Err(format!("{index} is skipped without a reason"));
            }
            Fate::Skipped { .. } => return Ok(()),
            _ if session_failed => return Err(format!("{index} goes on, its session does not")),
            _ => {}
        }
        let start = self.starts[index as usize].unwrap_or(self.end(index).place);
        match awaited.iter().find(|other| self.end(**other).place > start) {
            Some(other) => Err(format!("{index} starts before {other} has ended")),
            None => Ok(()),
        }
    }

    /// The due time is the one that WORKLOAD.md gives, to the nanosecond.
    fn check_due(&self, index: u64, request: &Request) -> Result<(), String> {
        let (Fate::Sent { due_ns } | Fate::Overloaded { due_ns }) = self.fate(index) else {
            return Ok(());
        };
        let stage = request.stage as usize;
        let speed = Speed::new(self.setting.speed).unwrap();
        let awaited_ns = request
            .awaited()
            .iter()
            .map(|other| self.end(*other).at_ns)
            .max();
        let expected = match request.kind {
            StartKind::After => {
                let after = request.after.unwrap();
                awaited_ns.max(Some(self.end(after).at_ns + request.start_ns))
            }
            StartKind::At => self
                .base_ns(stage)
                .map(|base_ns| base_ns + speed.scale_ns(request.start_ns))
                .map(|at_ns| at_ns.max(awaited_ns.unwrap_or(0))),
            StartKind::Slot => {
                // One of the moments at which a place or the request itself became free.
                let begin_ns = self.begins[stage].ok_or("a slot before its stage")?;
                let freed = self.ends.iter().zip(&self.setting.requests);
                let known = freed
                    .filter(|(end, other)| {
                        other.stage == request.stage && end.place < self.place_of(index)
                    })
                    .map(|(end, _)| end.at_ns)
                    .chain([begin_ns])
                    .chain(awaited_ns)
                    .any(|moment_ns| moment_ns == due_ns);
                let earliest_ns = begin_ns.max(awaited_ns.unwrap_or(0));
                (known && due_ns >= earliest_ns).then_some(due_ns)
            }
        };
        let waited = expected.is_some_and(|ready_ns| due_ns > ready_ns)
            && self.setting.stages[stage].kind == StageKind::Closed
            && self.is_freed(index, request, due_ns);
        if expected != Some(due_ns) && !waited {
            return Err(format!("{index} is due at {due_ns}, not at {expected:?}"));
        }
        self.check_late(index, request, due_ns)
    }

    /// Whether a place of the request's stage, on its worker, became free then and before it.
    fn is_freed(&self, index: u64, request: &Request, at_ns: u64) -> bool {
        let place = self.place_of(index);
        let worker = self.log.events[place].worker;
        self.log.events[..place].iter().any(|event| {
            matches!(event.fate, Fate::Ended { .. })
                && (event.at_ns, event.worker) == (at_ns, worker)
                && self.setting.requests[event.index as usize].stage == request.stage
        })
    }

    pub fn place_of(&self, index: u64) -> usize {
        self.starts[index as usize].unwrap_or(self.end(index).place)
    }

    /// The beginning of a stage's time base.
    fn base_ns(&self, stage: usize) -> Option<u64> {
        if self.setting.stages[stage].after_previous {
            self.begins[stage]
        } else {
            Some(0)
        }
    }

    /// On a punctual clock a request is sent when it is due; or, where there are limits, when a
    /// request has ended that left room for it. To wait for a place of a closed stage is not to be
    /// late.
    fn check_late(&self, index: u64, request: &Request, due_ns: u64) -> Result<(), String> {
        let place = self.place_of(index);
        let sent = &self.log.events[place];
        let late_clock = self.setting.late_ns.iter().any(|late_ns| *late_ns > 0);
        let limited = self.setting.max_in_flight != usize::MAX;
        let made_room = |end: &Event| {
            let stage = self.setting.requests[end.index as usize].stage;
            let its_stage = self.setting.stages[request.stage as usize].kind
                == StageKind::Scheduled
                && stage == request.stage;
            matches!(end.fate, Fate::Ended { .. })
                && (end.at_ns, end.worker) == (sent.at_ns, sent.worker)
                && (limited || its_stage)
        };
        let may_be_late = late_clock || self.log.events[..place].iter().any(made_room);
        if sent.at_ns < due_ns || (sent.at_ns > due_ns && !may_be_late) {
            return Err(format!(
                "{index} is due at {due_ns} and sent at {}",
                sent.at_ns
            ));
        }
        Ok(())
    }

    /// In one look of a worker, what has not waited for a place comes by due time, then by index.
    fn check_order(&self) -> Result<(), String> {
        let given =
            |event: &&Event| matches!(event.fate, Fate::Sent { .. } | Fate::Overloaded { .. });
        let free = |event: &&Event| {
            let stage = self.setting.requests[event.index as usize].stage as usize;
            self.setting.stages[stage].concurrency.is_none()
        };
        let given: Vec<&Event> = self.log.events.iter().filter(given).filter(free).collect();
        let key = |event: &Event| match event.fate {
            Fate::Sent { due_ns } | Fate::Overloaded { due_ns } => (due_ns, event.index),
            _ => unreachable!("only what was given is compared"),
        };
        let wrong = given
            .windows(2)
            .find(|pair| pair[0].look == pair[1].look && key(pair[0]) > key(pair[1]));
        match wrong {
            Some(pair) => Err(format!("{} comes before {}", pair[0].index, pair[1].index)),
            None => Ok(()),
        }
    }
}

/// When each stage begins, if all in front of it that decides this came to an end by itself.
fn begins(setting: &Setting, ends: &[End]) -> Vec<Option<u64>> {
    let speed = Speed::new(setting.speed).unwrap();
    let mut begins: Vec<Option<u64>> = Vec::new();
    for (number, stage) in setting.stages.iter().enumerate() {
        if !stage.after_previous {
            begins.push(Some(speed.scale_ns(stage.start_ns)));
            continue;
        }
        let before = setting.requests.iter().zip(ends);
        let before: Vec<&End> = before
            .filter(|(request, _)| request.stage as usize + 1 == number)
            .map(|(_, end)| end)
            .collect();
        let ended_ns = match before.iter().map(|end| end.at_ns).max() {
            None => begins[number - 1],
            Some(ended_ns) => {
                let interrupted = before.iter().any(|end| end.interrupted);
                (!interrupted).then_some(ended_ns)
            }
        };
        begins.push(ended_ns.map(|ended_ns| ended_ns + stage.start_ns));
    }
    begins
}
