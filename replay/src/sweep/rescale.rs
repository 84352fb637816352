//! One rate of a workload: how much of it is fired, and how fast its schedule is walked.
//!
//! The shape of the arrivals stays, only the clock runs faster; delays of turns stay, too. Refuses
//! workloads whose rate is not the schedule's to decide.

use crate::engine::schedule::Speed;
use schemas::kinds::{StageKind, StartKind};
use schemas::layout::{NONE_U64, RequestRecord, STAGE_AFTER_PREVIOUS, STAGE_WARM_UP, StageRecord};
use std::time::Duration;

/// Fewest requests of a workload that is swept.
pub const FEWEST_REQUESTS: u64 = 500;

/// Which requests of a workload have a rate: those that are due at a time of their own, outside
/// warm-up. None of no workload, which is the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paced<'w> {
    requests: &'w [RequestRecord],
    stages: &'w [StageRecord],
}

/// A first part of a workload, and the speed that gives it a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled {
    /// The schedule's times are divided by this.
    pub speed: Speed,
    /// Requests of the part.
    pub requests: u64,
    /// Those of them that are paced.
    pub paced: u64,
    /// It is the whole workload, and less than was asked for.
    pub is_short: bool,
}

impl<'w> Paced<'w> {
    /// # Errors
    /// A workload that has no rate, or too few requests, with what to do about it.
    pub fn of(requests: &'w [RequestRecord], stages: &'w [StageRecord]) -> Result<Self, String> {
        let paced = Paced { requests, stages };
        if stages
            .iter()
            .any(|stage| stage.kind == StageKind::Closed as u8)
        {
            return Err(
                "a closed stage has no rate to sweep: who is in flight decides when the next \
                 is sent\n  help: compile it with `load.type: constant` or `poisson`"
                    .into(),
            );
        }
        if stages
            .iter()
            .any(|stage| stage.flags & STAGE_AFTER_PREVIOUS != 0)
        {
            return Err(
                "a stage that begins when another has ended has no time of its own to scale\
                 \n  help: compile it without such stages"
                    .into(),
            );
        }
        let count = requests.iter().filter(|request| paced.has(request)).count() as u64;
        if count < FEWEST_REQUESTS {
            return Err(format!(
                "{count} requests have a time of their own outside warm-up, and a sweep needs \
                 {FEWEST_REQUESTS}\n  help: compile a longer load"
            ));
        }
        let mut times = requests.iter().filter(|request| paced.has(request));
        let first = times.next().map(|request| request.start_ns.get());
        if times.all(|request| Some(request.start_ns.get()) == first) {
            return Err(
                "all requests are due at one moment, which has no rate to scale\
                 \n  help: compile it with `load.type: constant` or `poisson`"
                    .into(),
            );
        }
        Ok(paced)
    }

    /// Whether this request has a rate.
    pub fn has(&self, request: &RequestRecord) -> bool {
        let stage = self.stages.get(request.stage.get() as usize);
        let is_measured = stage.is_some_and(|stage| stage.flags & STAGE_WARM_UP == 0);
        is_timed(request) && is_measured
    }

    /// The same, by its index.
    pub fn has_index(&self, index: u64) -> bool {
        self.at(index).is_some_and(|request| self.has(request))
    }

    /// Whether the request of this index is due at a time of its own, in warm-up or not.
    pub fn is_timed(&self, index: u64) -> bool {
        self.at(index).is_some_and(is_timed)
    }

    fn at(&self, index: u64) -> Option<&'w RequestRecord> {
        self.requests.get(usize::try_from(index).ok()?)
    }

    /// The first requests of the workload, as many as last for `duration` at `rate` paced requests
    /// per second, or all of them.
    ///
    /// # Errors
    /// A rate that leaves fewer than two requests or all of them at one moment, or that needs a
    /// speed beyond [`Speed::RANGE`].
    pub fn at_rate(&self, rate: f64, duration: Duration) -> Result<Scaled, String> {
        let wanted = (rate * duration.as_secs_f64()).round() as u64;
        let (mut paced, mut requests, mut first_ns, mut last_ns) = (0, 0, None, 0);
        for (index, request) in (0_u64..).zip(self.requests) {
            if paced == wanted {
                break;
            }
            if self.has(request) {
                (paced, requests, last_ns) = (paced + 1, index + 1, request.start_ns.get());
                first_ns.get_or_insert(last_ns);
            }
        }
        let span_ns = last_ns - first_ns.unwrap_or_default();
        if paced < 2 || span_ns == 0 {
            return Err(format!(
                "at {rate:.3} requests/s, {:.1} s have {paced} of the workload's requests, all due \
                 at one moment\n  help: give a longer --step-duration or a higher rate",
                duration.as_secs_f64()
            ));
        }
        let is_short = paced < wanted;
        if is_short {
            // What waits for an answer, behind the last that has a time of its own, is part of it.
            requests = self.requests.len() as u64;
        }
        let base = (paced - 1) as f64 / (span_ns as f64 / 1e9);
        let speed = Speed::new(rate / base).ok_or_else(|| {
            let (range, needed) = (Speed::RANGE, rate / base);
            format!(
                "{rate:.3} requests/s need a speed of {needed:e}, and it may be {:e} to {:e}\
                 \n  help: compile the workload with a rate nearer to those of the sweep",
                range.start(),
                range.end()
            )
        })?;
        Ok(Scaled {
            speed,
            requests,
            paced,
            is_short,
        })
    }
}

/// Whether it waits for no other.
fn is_timed(request: &RequestRecord) -> bool {
    request.start_kind == StartKind::At as u8 && request.after_request.get() == NONE_U64
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::FromZeros;

    const SECOND: u64 = 1_000_000_000;
    const STEP: Duration = Duration::from_secs(10);

    fn stage(kind: StageKind, flags: u8) -> StageRecord {
        let mut stage = StageRecord::new_zeroed();
        (stage.kind, stage.flags) = (kind as u8, flags);
        stage
    }

    /// So many requests, one a second, every second with one behind it that waits for its answer.
    fn conversations(count: u64) -> Vec<RequestRecord> {
        let turns = (0..count).flat_map(|i| {
            let first = RequestRecord::at(i * SECOND);
            let mut second = RequestRecord::at(SECOND);
            second.start_kind = StartKind::After as u8;
            second.after_request = (i * 2).into();
            [first, second]
        });
        turns.collect()
    }

    #[test]
    fn a_rate_is_a_part_of_the_workload_and_a_speed() {
        let requests: Vec<_> = (0..1000).map(|i| RequestRecord::at(i * SECOND)).collect();
        let stages = [stage(StageKind::Scheduled, 0)];
        let paced = Paced::of(&requests, &stages).unwrap();
        let scaled = paced.at_rate(50.0, STEP).unwrap();
        assert_eq!((scaled.requests, scaled.paced), (500, 500));
        assert!((scaled.speed.factor() - 50.0).abs() < 1e-9);
        assert!(!scaled.is_short);
        // More than there is.
        let scaled = paced.at_rate(200.0, STEP).unwrap();
        assert_eq!((scaled.requests, scaled.is_short), (1000, true));
        assert!((scaled.speed.factor() - 200.0).abs() < 1e-9);
    }

    #[test]
    fn the_part_has_the_rate_whatever_the_shape_of_its_arrivals() {
        // Twice as fast in the second half: the same rate needs another speed there.
        let slow = (0..500).map(|i| RequestRecord::at(i * SECOND));
        let fast = (0..500).map(|i| RequestRecord::at(500 * SECOND + i * SECOND / 2));
        let requests: Vec<_> = slow.chain(fast).collect();
        let stages = [stage(StageKind::Scheduled, 0)];
        let paced = Paced::of(&requests, &stages).unwrap();
        for rate in [1.0, 33.3, 49.0, 75.0, 100.0] {
            let scaled = paced.at_rate(rate, STEP).unwrap();
            let times = requests[..scaled.requests as usize].iter();
            let times: Vec<u64> = times
                .map(|r| scaled.speed.scale_ns(r.start_ns.get()))
                .collect();
            let span_s = (times.last().unwrap() - times[0]) as f64 / 1e9;
            let found = (times.len() - 1) as f64 / span_s;
            assert!((found / rate - 1.0).abs() < 1e-6, "{rate}: {found}");
            assert_eq!(scaled.paced, (rate * 10.0).round() as u64);
        }
    }

    #[test]
    fn turns_and_warm_up_come_along_and_count_for_no_rate() {
        let mut requests = conversations(600);
        let mut stages = vec![stage(StageKind::Scheduled, 0)];
        let scaled = |requests: &[RequestRecord], stages: &[StageRecord]| {
            Paced::of(requests, stages)
                .unwrap()
                .at_rate(10.0, STEP)
                .unwrap()
        };
        let plain = scaled(&requests, &stages);
        // The answer to the last one of the part is not waited for.
        assert_eq!((plain.requests, plain.paced), (199, 100));
        let short = Paced::of(&requests, &stages)
            .unwrap()
            .at_rate(100.0, STEP)
            .unwrap();
        assert_eq!(
            (short.requests, short.paced, short.is_short),
            (1200, 600, true)
        );
        stages.push(stage(StageKind::Scheduled, STAGE_WARM_UP));
        for request in &mut requests[..20] {
            request.stage = 1.into();
        }
        let warm = scaled(&requests, &stages);
        assert_eq!((warm.requests, warm.paced), (219, 100));
        assert!((warm.speed.factor() - 10.0).abs() < 1e-9);
    }

    #[test]
    fn what_has_no_rate_is_refused_with_the_remedy() {
        let even: Vec<_> = (0..600).map(|i| RequestRecord::at(i * SECOND)).collect();
        let moment = vec![RequestRecord::at(SECOND); 600];
        let open = stage(StageKind::Scheduled, 0);
        for (requests, stage, words) in [
            (&even[..], stage(StageKind::Closed, 0), "closed stage"),
            (
                &even,
                stage(StageKind::Scheduled, STAGE_AFTER_PREVIOUS),
                "when another has ended",
            ),
            (
                &even,
                stage(StageKind::Scheduled, STAGE_WARM_UP),
                "0 requests",
            ),
            (&even[..499], open, "499 requests"),
            (&moment, open, "one moment"),
        ] {
            let message = Paced::of(requests, &[stage]).expect_err(words);
            assert!(
                message.contains(words) && message.contains("\n  help: "),
                "{message}"
            );
        }
        let stages = [open];
        let paced = Paced::of(&even, &stages).unwrap();
        for rate in [0.1, 1e12] {
            let message = paced.at_rate(rate, STEP).expect_err("no such rate");
            assert!(message.contains("\n  help: "), "{message}");
        }
    }
}
