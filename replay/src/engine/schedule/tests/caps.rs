//! The oracle's part that counts what is in flight.

use super::super::Overload;
use super::oracle::Oracle;
use super::simulator::Fate;
use schemas::layout::{StageKind, StartKind};

impl Oracle<'_> {
    /// No stage, no share of it and no worker has more in flight than allowed; a place of a closed
    /// stage is not left free while there are requests for it; only who finds no place is dropped.
    pub fn check_caps(&self) -> Result<(), String> {
        let workers = self.setting.workers;
        let mut in_stage = vec![vec![0usize; workers]; self.setting.stages.len()];
        let mut in_flight = vec![0; workers];
        for (place, event) in self.log.events.iter().enumerate() {
            let request = &self.setting.requests[event.index as usize];
            let stage = request.stage as usize;
            let of_stage = &mut in_stage[stage];
            let full = in_flight[event.worker] >= self.setting.max_in_flight;
            let stage_full = self.share(stage, event.worker) == Some(of_stage[event.worker]);
            match event.fate {
                Fate::Sent { .. } if full || stage_full => {
                    return Err(format!("{} is one too many", event.index));
                }
                Fate::Sent { .. } => {
                    of_stage[event.worker] += 1;
                    in_flight[event.worker] += 1;
                }
                Fate::Ended { .. } => {
                    of_stage[event.worker] -= 1;
                    in_flight[event.worker] -= 1;
                }
                Fate::Overloaded { .. } => {
                    let scheduled = self.setting.stages[stage].kind == StageKind::Scheduled;
                    let may = self.setting.overload == Overload::Drop
                        && scheduled
                        && (full || stage_full);
                    if !may {
                        return Err(format!("{} is dropped, but has a place", event.index));
                    }
                }
                Fate::Skipped { .. } => {}
            }
            self.check_kept_full(place, &in_stage)?;
        }
        Ok(())
    }

    fn share(&self, stage: usize, worker: usize) -> Option<usize> {
        let places = self.setting.stages[stage].concurrency?;
        let mine = (0..places as usize).filter(|place| place % self.setting.workers == worker);
        Some(mine.count())
    }

    /// When a worker has looked, its places of a closed stage that has begun are taken as long as
    /// there are `slot` requests that wait for nothing else.
    fn check_kept_full(&self, place: usize, in_stage: &[Vec<usize>]) -> Result<(), String> {
        let event = &self.log.events[place];
        let next = self.log.events.get(place + 1);
        let looks_on = next.is_some_and(|next| next.look == event.look);
        let gives = matches!(event.fate, Fate::Sent { .. });
        let stopped = !self.setting.stop_after.is_empty();
        if looks_on || !gives || stopped || self.setting.max_in_flight != usize::MAX {
            return Ok(());
        }
        for (stage, of_stage) in in_stage.iter().enumerate() {
            let closed = self.setting.stages[stage].kind == StageKind::Closed;
            let begun = self.begins[stage].is_some_and(|begin_ns| begin_ns <= event.at_ns)
                && self.is_begin_known(stage, place);
            let left = (0..).zip(&self.setting.requests).any(|(index, request)| {
                request.stage as usize == stage
                    && request.kind == StartKind::Slot
                    && request.answers.is_empty()
                    && self.place_of(index) > place
            });
            let share = self.share(stage, event.worker);
            if closed && begun && left && share != Some(of_stage[event.worker]) {
                return Err(format!("stage {stage} has free places at {}", event.at_ns));
            }
        }
        Ok(())
    }

    /// Whether the worker whose look includes this place in the log could know by then when the
    /// stage begins: the ends of all in front of it had been told.
    fn is_begin_known(&self, stage: usize, place: usize) -> bool {
        let look = self.log.events[place].look;
        let first = self.log.events[..place].iter();
        let first = first.take_while(|event| event.look < look).count();
        let in_front = self.setting.requests.iter().zip(&self.ends);
        !self.setting.stages[stage].after_previous
            || in_front
                .filter(|(request, _)| (request.stage as usize) < stage)
                .all(|(_, end)| end.place < first)
    }
}
