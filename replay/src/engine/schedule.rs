//! Which request a worker fires next, and when. Pure: it is told the time and has none itself.
//!
//! The schedule is read off the mapped file as it is walked; nothing is copied, so a workload of
//! any length costs no memory here.

use schemas::layout::{
    NONE_U32, NONE_U64, REQUEST_LIVE, RequestRecord, STAGE_AFTER_PREVIOUS, StageRecord, StartKind,
};

/// Divides the schedule's times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// Slowest and fastest that is accepted.
    pub const RANGE: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

    /// A factor within [`Speed::RANGE`]; 1 is the schedule as it stands.
    pub fn new(factor: f64) -> Option<Self> {
        Self::RANGE.contains(&factor).then_some(Speed(factor))
    }

    /// The factor.
    pub fn factor(self) -> f64 {
        self.0
    }

    /// A time or duration of the workload, in ns, as it is under this speed. Exact at speed 1.
    pub fn scale_ns(self, ns: u64) -> u64 {
        if self.0 == 1.0 {
            ns
        } else {
            (ns as f64 / self.0).round() as u64
        }
    }
}

/// A request that is to start at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot {
    /// Index of the request in the workload.
    pub index: u64,
    /// When it is due, in ns from t0.
    pub due_ns: u64,
}

/// One worker's part of an open-loop schedule: every `stride`-th request, in file order.
#[derive(Clone, Copy, Debug)]
pub struct OpenLoop {
    next: u64,
    stride: u64,
    speed: Speed,
}

impl OpenLoop {
    /// The part of worker number `worker` of `workers`.
    pub fn new(worker: u64, workers: u64, speed: Speed) -> Self {
        OpenLoop {
            next: worker,
            stride: workers,
            speed,
        }
    }

    /// The next request and its due time; `None` after the last.
    pub fn peek(&self, requests: &[RequestRecord]) -> Option<Shot> {
        let request = requests.get(self.next as usize)?;
        Some(Shot {
            index: self.next,
            due_ns: self.speed.scale_ns(request.start_ns.get()),
        })
    }

    /// Steps past the request that [`OpenLoop::peek`] showed.
    pub fn advance(&mut self) {
        self.next += self.stride;
    }
}

/// Why this version of the engine cannot fire a request of this stage, or `None` when it can.
pub fn unsupported(request: &RequestRecord, stage: Option<&StageRecord>) -> Option<&'static str> {
    let Some(stage) = stage else {
        return Some("has no stage");
    };
    if stage.flags & STAGE_AFTER_PREVIOUS != 0 {
        return Some("belongs to a stage that begins when another has ended");
    }
    if stage.concurrency.get() != NONE_U32 {
        return Some("belongs to a stage with a concurrency of its own");
    }
    if request.start_kind != StartKind::At as u8 {
        return Some("starts after another request or in a free slot");
    }
    if request.after_request.get() != NONE_U64 {
        return Some("starts at a time, but not before another request has ended");
    }
    if request.cancel_after_ns.get() != NONE_U64 {
        return Some("is to be cancelled after a time");
    }
    if request.cancel_after_tokens.get() != NONE_U32 {
        return Some("is to be cancelled after a number of tokens");
    }
    if request.flags & REQUEST_LIVE != 0 {
        return Some("repeats what the server answered before");
    }
    None
}

/// Most requests that are due within any window of `window_ns`: by Little's law the connections
/// that are busy at once when a response takes that long.
pub fn peak_within(requests: &[RequestRecord], speed: Speed, window_ns: u64) -> usize {
    let due = |index: usize| speed.scale_ns(requests[index].start_ns.get());
    let mut first = 0;
    let mut peak = 0;
    for last in 0..requests.len() {
        while due(first).saturating_add(window_ns) <= due(last) {
            first += 1;
        }
        peak = peak.max(last + 1 - first);
    }
    peak
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(starts_ns: &[u64]) -> Vec<RequestRecord> {
        starts_ns
            .iter()
            .map(|start_ns| RequestRecord::at(*start_ns))
            .collect()
    }

    fn walk(requests: &[RequestRecord], worker: u64, workers: u64, speed: f64) -> Vec<(u64, u64)> {
        let mut schedule = OpenLoop::new(worker, workers, Speed::new(speed).unwrap());
        let mut shots = Vec::new();
        while let Some(shot) = schedule.peek(requests) {
            shots.push((shot.index, shot.due_ns));
            schedule.advance();
        }
        shots
    }

    #[test]
    fn workers_share_the_schedule_without_gap_or_overlap() {
        let requests = requests(&[0, 0, 10, 10, 30]);
        for workers in 1..=6 {
            let mut all: Vec<_> = (0..workers)
                .flat_map(|worker| walk(&requests, worker, workers, 1.0))
                .collect();
            all.sort_unstable();
            assert_eq!(
                all,
                [(0, 0), (1, 0), (2, 10), (3, 10), (4, 30)],
                "{workers} workers"
            );
        }
    }

    #[test]
    fn speed_divides_times_and_one_leaves_them_exact() {
        let requests = requests(&[0, 3_000, u64::MAX / 4]);
        assert_eq!(walk(&requests, 0, 1, 60.0)[1], (1, 50));
        assert_eq!(walk(&requests, 0, 1, 0.5)[1], (1, 6_000));
        assert_eq!(walk(&requests, 0, 1, 1.0)[2], (2, u64::MAX / 4));
        assert_eq!([0.0, -1.0, f64::NAN, 1e9].map(Speed::new), [None; 4]);
    }

    #[test]
    fn an_empty_schedule_has_no_shot() {
        assert!(walk(&[], 0, 1, 1.0).is_empty());
    }

    #[test]
    fn the_peak_counts_requests_within_a_half_open_window() {
        let requests = requests(&[0, 5, 9, 10, 11, 40]);
        let speed = Speed::new(1.0).unwrap();
        assert_eq!(peak_within(&requests, speed, 10), 4);
        assert_eq!(peak_within(&requests, speed, 1), 1);
        assert_eq!(peak_within(&[], speed, 10), 0);
    }
}
