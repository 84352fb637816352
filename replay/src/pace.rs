//! How fast a run goes at the moment: what happened within the last seconds, beside what was due.

use crate::engine::progress::Snapshot;
use crate::engine::schedule::Speed;
use schemas::layout::{RequestRecord, STAGE_AFTER_PREVIOUS, StageRecord, StartKind};
use schemas::reader::Workload;
use std::collections::VecDeque;

/// "At the moment" is this long, in ns.
const WINDOW_NS: u64 = 5_000_000_000;

/// No rate is told over less than this, in ns.
const SHORTEST_NS: u64 = 100_000_000;

/// What a person wants to know of the moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Requests due per second; `None` where a time does not come from the file alone: closed
    /// stages, later turns, stages that follow another.
    pub asked_per_s: Option<f64>,
    /// Requests sent per second.
    pub sent_per_s: f64,
    /// Events with output per second.
    pub tokens_per_s: f64,
    /// 99th percentile of lag, in ns, at most an eighth too high; `None` if nothing was sent.
    pub lag_p99_ns: Option<u64>,
}

/// Follows one run.
pub struct Pace {
    workload: Workload,
    due: Due,
    window: Window,
}

impl Pace {
    /// For a workload that is fired at this speed.
    pub fn new(workload: &Workload, speed: Speed) -> Self {
        Pace {
            workload: workload.clone(),
            due: Due::new(speed),
            window: Window::default(),
        }
    }

    /// Requests that are fired.
    pub fn requests(&self) -> u64 {
        self.workload.requests().len() as u64
    }

    /// When the last request is due, in ns from t0, if the file alone says so.
    pub fn last_due_ns(&self) -> Option<u64> {
        let last = self.workload.requests().last()?;
        let stage = self.workload.stages().get(last.stage.get() as usize)?;
        let from_t0 = stage.flags & STAGE_AFTER_PREVIOUS == 0;
        (from_t0 && last.start_kind == StartKind::At as u8)
            .then(|| self.due.speed.scale_ns(last.start_ns.get()))
    }

    /// Takes a snapshot of `elapsed_ns` from t0 and gives the figures of the time before it.
    pub fn at(&mut self, elapsed_ns: u64, now: Snapshot) -> Moment {
        let (requests, stages) = (self.workload.requests(), self.workload.stages());
        let due = self.due.by(elapsed_ns, requests, stages);
        self.window.at(elapsed_ns, due, now)
    }
}

/// Snapshots of the last seconds, each with its time and how many requests were due by then.
#[derive(Default)]
struct Window(VecDeque<(u64, Option<u64>, Snapshot)>);

impl Window {
    fn at(&mut self, elapsed_ns: u64, due_now: Option<u64>, now: Snapshot) -> Moment {
        let is_old = |at_ns: u64| at_ns.saturating_add(WINDOW_NS) <= elapsed_ns;
        // The last that is old enough stays: the window is never shorter than it says.
        while self.0.get(1).is_some_and(|(at_ns, ..)| is_old(*at_ns)) {
            self.0.pop_front();
        }
        let from_t0 = (0, Some(0), Snapshot::default());
        let (then_ns, due_then, then) = self.0.front().unwrap_or(&from_t0);
        let span_ns = elapsed_ns.saturating_sub(*then_ns);
        // Over less time one request more or less is a rate of its own.
        let seconds = span_ns.max(SHORTEST_NS) as f64 / 1e9;
        let due = due_now.filter(|_| span_ns >= SHORTEST_NS);
        let per_s = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
        let moment = Moment {
            asked_per_s: due.zip(*due_then).map(|(now, then)| per_s(now, then)),
            sent_per_s: per_s(now.sent, then.sent),
            tokens_per_s: per_s(now.tokens, then.tokens),
            lag_p99_ns: now.lags.since(&then.lags).quantile_ns(0.99),
        };
        self.0.push_back((elapsed_ns, due_now, now));
        moment
    }
}

/// Counts the requests whose time has come, as long as times come from the file alone.
struct Due {
    speed: Speed,
    next: usize,
    is_known: bool,
}

impl Due {
    fn new(speed: Speed) -> Self {
        Due {
            speed,
            next: 0,
            is_known: true,
        }
    }

    /// Requests due from t0 to `elapsed_ns`; each is looked at once over the whole run.
    fn by(
        &mut self,
        elapsed_ns: u64,
        requests: &[RequestRecord],
        stages: &[StageRecord],
    ) -> Option<u64> {
        while self.is_known
            && let Some(request) = requests.get(self.next)
        {
            let stage = stages.get(request.stage.get() as usize);
            let follows = stage.is_none_or(|stage| stage.flags & STAGE_AFTER_PREVIOUS != 0);
            if request.start_kind != StartKind::At as u8 || follows {
                self.is_known = false;
            } else if self.speed.scale_ns(request.start_ns.get()) > elapsed_ns {
                break;
            } else {
                self.next += 1;
            }
        }
        self.is_known.then_some(self.next as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::FromZeros;

    const SECOND: u64 = 1_000_000_000;

    fn by(elapsed_ns: u64, speed: f64, requests: &[RequestRecord], flags: u8) -> Option<u64> {
        let mut stage = StageRecord::new_zeroed();
        stage.flags = flags;
        Due::new(Speed::new(speed).unwrap()).by(elapsed_ns, requests, &[stage])
    }

    #[test]
    fn what_is_due_is_read_off_the_schedule_under_its_speed() {
        let requests = [0, 10, 10, 30].map(RequestRecord::at);
        assert_eq!(by(9, 1.0, &requests, 0), Some(1));
        assert_eq!(by(10, 1.0, &requests, 0), Some(3));
        assert_eq!(by(10, 3.0, &requests, 0), Some(4));
        assert_eq!(by(u64::MAX, 1.0, &requests, 0), Some(4));
    }

    #[test]
    fn nothing_is_said_of_times_that_depend_on_answers() {
        let mut requests = [0, 10].map(RequestRecord::at);
        assert_eq!(by(9, 1.0, &requests, STAGE_AFTER_PREVIOUS), None);
        requests[1].start_kind = StartKind::After as u8;
        assert_eq!(by(20, 1.0, &requests, 0), None);
    }

    #[test]
    fn rates_are_those_of_the_last_five_seconds() {
        let mut window = Window::default();
        let snapshot = |sent, tokens| Snapshot {
            sent,
            tokens,
            ..Snapshot::default()
        };
        let start = window.at(0, Some(1), snapshot(0, 0));
        assert_eq!((start.asked_per_s, start.sent_per_s), (None, 0.0));
        window = Window::default();
        let first = window.at(SECOND, Some(10), snapshot(8, 100));
        assert_eq!(
            (first.asked_per_s, first.sent_per_s, first.tokens_per_s),
            (Some(10.0), 8.0, 100.0)
        );
        window.at(5 * SECOND, Some(20), snapshot(20, 500));
        window.at(6 * SECOND, Some(30), snapshot(30, 500));
        let later = window.at(10 * SECOND, Some(120), snapshot(70, 500));
        // From 5 s on: the snapshot at 1 s is too old, the one at 6 s too young.
        assert_eq!(
            (later.asked_per_s, later.sent_per_s, later.tokens_per_s),
            (Some(20.0), 10.0, 0.0)
        );
        assert_eq!(later.lag_p99_ns, None);
        let closed = window.at(11 * SECOND, None, snapshot(70, 500));
        assert_eq!(closed.asked_per_s, None);
    }
}
