//! How many connections a schedule is likely to keep busy, for those that are opened before t0.

use super::schedule::Speed;
use schemas::layout::{
    RequestRecord, STAGE_AFTER_PREVIOUS, StageKind, StageRecord, StartKind, optional_u32,
};
use std::collections::VecDeque;

/// Service time that Little's law is applied with when nothing is known of the server.
const ASSUMED_SERVICE_NS: u64 = 1_000_000_000;
/// Most connections that scheduled stages are given unless the user asks for more.
const MAX_SCHEDULED: usize = 512;

/// Connections for a workload when the user names no number: what closed stages hold in flight, or
/// what Little's law says of the others, whichever is more; at least one.
pub fn default_connections(
    requests: &[RequestRecord],
    stages: &[StageRecord],
    speed: Speed,
) -> usize {
    busy_in_closed(stages)
        .max(busy_in_scheduled(requests, stages, speed))
        .max(1)
}

/// What one worker that had all places would hold.
fn busy_in_closed(stages: &[StageRecord]) -> usize {
    held_in_closed(stages, 0, 1)
}

/// Most requests that closed stages hold in flight at once on one of the workers. A stage that
/// counts from t0 may overlap all others but those that follow it, each after the end of the one
/// before: of such a chain one runs at a time.
fn held_in_closed(stages: &[StageRecord], worker: usize, workers: usize) -> usize {
    let chains = stages.chunk_by(|_, next| next.flags & STAGE_AFTER_PREVIOUS != 0);
    let widest = |chain: &[StageRecord]| {
        let held = chain.iter().map(|stage| held_in(stage, worker, workers));
        held.max().unwrap_or(0)
    };
    chains.map(widest).fold(0, usize::saturating_add)
}

/// Requests that a closed stage holds in flight on one of the workers, which share its places out;
/// none in any other stage.
fn held_in(stage: &StageRecord, worker: usize, workers: usize) -> usize {
    if stage.kind != StageKind::Closed as u8 {
        return 0;
    }
    let places = optional_u32(stage.concurrency).map_or(0, |places| places as usize);
    // A stage of three requests never has more than three in flight, but any worker may have them.
    let requests = usize::try_from(stage.request_count.get()).unwrap_or(usize::MAX);
    share(places, worker, workers).min(requests)
}

/// The least cap of the run, itself shared out among the workers, that leaves each of them room for
/// what closed stages hold on it; 0 if there are none.
pub fn least_in_flight(stages: &[StageRecord], workers: usize) -> usize {
    let least = |worker| match held_in_closed(stages, worker, workers) {
        0 => 0,
        held => (held - 1)
            .saturating_mul(workers)
            .saturating_add(worker + 1),
    };
    (0..workers).map(least).max().unwrap_or(0)
}

/// A worker's share: all differ by at most one, and the first have the most.
fn share(total: usize, worker: usize, workers: usize) -> usize {
    total / workers + usize::from(worker < total % workers)
}

/// Most requests that are due within any window as long as the assumed service time, at most
/// [`MAX_SCHEDULED`]. Each time base has windows of its own.
fn busy_in_scheduled(requests: &[RequestRecord], stages: &[StageRecord], speed: Speed) -> usize {
    // The last is that of t0.
    let mut windows = vec![VecDeque::new(); stages.len() + 1];
    let mut most = 0;
    for request in requests {
        let stage = request.stage.get() as usize;
        let follows = |stage: &StageRecord| stage.flags & STAGE_AFTER_PREVIOUS != 0;
        let has_own_base = stages.get(stage).is_some_and(follows);
        if request.start_kind != StartKind::At as u8 {
            continue;
        }
        let window = &mut windows[if has_own_base { stage } else { stages.len() }];
        let due_ns = speed.scale_ns(request.start_ns.get());
        while window
            .front()
            .is_some_and(|first_ns: &u64| first_ns.saturating_add(ASSUMED_SERVICE_NS) <= due_ns)
        {
            window.pop_front();
        }
        window.push_back(due_ns);
        most = most.max(window.len());
        if most == MAX_SCHEDULED {
            break;
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::FromZeros;

    const SECOND: u64 = ASSUMED_SERVICE_NS;

    fn stage(kind: StageKind, follows: bool, concurrency: u32) -> StageRecord {
        let mut stage = StageRecord::new_zeroed();
        stage.kind = kind as u8;
        stage.flags = if follows { STAGE_AFTER_PREVIOUS } else { 0 };
        stage.request_count = 1_000_000.into();
        stage.concurrency = concurrency.into();
        stage
    }

    fn scheduled(follows: bool) -> StageRecord {
        stage(StageKind::Scheduled, follows, schemas::layout::NONE_U32)
    }

    fn due(starts_ns: &[u64], stage: u32) -> Vec<RequestRecord> {
        let in_stage = |start_ns: &u64| RequestRecord {
            stage: stage.into(),
            ..RequestRecord::at(*start_ns)
        };
        starts_ns.iter().map(in_stage).collect()
    }

    fn default_at(requests: &[RequestRecord], stages: &[StageRecord], speed: f64) -> usize {
        default_connections(requests, stages, Speed::new(speed).unwrap())
    }

    #[test]
    fn the_peak_counts_requests_within_a_half_open_second() {
        let starts = [0, 5, 9, 10, 11, 40].map(|tenths| tenths * SECOND / 10);
        let requests = due(&starts, 0);
        assert_eq!(default_at(&requests, &[scheduled(false)], 1.0), 4);
        assert_eq!(default_at(&requests, &[scheduled(false)], 1e-3), 1);
        assert_eq!(default_at(&requests, &[scheduled(false)], 1e3), 6);
        assert_eq!(default_at(&[], &[], 1.0), 1);
        let many = due(&[0; 5000], 0);
        assert_eq!(default_at(&many, &[scheduled(false)], 1.0), MAX_SCHEDULED);
    }

    #[test]
    fn stages_from_t0_share_their_seconds_and_later_ones_have_their_own() {
        let mut requests = due(&[0; 3], 0);
        requests.extend(due(&[0; 2], 1));
        let stages = |follows| [scheduled(false), scheduled(follows)];
        assert_eq!(default_at(&requests, &stages(false), 1.0), 5);
        assert_eq!(default_at(&requests, &stages(true), 1.0), 3);
    }

    #[test]
    fn closed_stages_need_as_many_as_they_hold_in_flight_however_many_that_are() {
        let closed = |follows, concurrency| stage(StageKind::Closed, follows, concurrency);
        let with = |stages: &[StageRecord]| default_at(&due(&[0; 7], 0), stages, 1.0);
        assert_eq!(with(&[scheduled(false), closed(true, 64)]), 64);
        assert_eq!(with(&[closed(false, 10_000)]), 10_000);
        assert_eq!(
            with(&[closed(false, 8), closed(true, 64), closed(true, 16)]),
            64,
            "one at a time"
        );
        let overlapping = [closed(false, 64), closed(true, 8), closed(false, 32)];
        assert_eq!(with(&overlapping), 96);
        let mut short = closed(false, 64);
        short.request_count = 3.into();
        assert_eq!(with(&[short]), 7, "the scheduled ones need more");
        // A scheduled stage's cap is no demand.
        assert_eq!(with(&[stage(StageKind::Scheduled, false, 64)]), 7);
    }

    #[test]
    fn the_least_cap_leaves_every_worker_room_for_its_places() {
        let closed = |follows, concurrency| stage(StageKind::Closed, follows, concurrency);
        let overlapping = [closed(false, 64), closed(false, 64), closed(true, 16)];
        let odd = [closed(false, 3), closed(false, 3)];
        let mut short = closed(false, 64);
        short.request_count = 3.into();
        for (stages, workers, least) in [
            (&overlapping[..], 1, 128),
            (&overlapping, 4, 128),
            (&overlapping[1..], 3, 64),
            // The first of two workers has two places of each, so it needs a share of 4.
            (&odd, 2, 7),
            (&[short], 1, 3),
            // Whichever worker has them.
            (&[short], 2, 6),
            (&[stage(StageKind::Scheduled, false, 64)], 2, 0),
            (&[], 2, 0),
        ] {
            let found = least_in_flight(stages, workers);
            assert_eq!(found, least, "{workers} workers");
            let room = |cap: usize| {
                (0..workers).all(|worker| {
                    share(cap, worker, workers) >= held_in_closed(stages, worker, workers)
                })
            };
            assert!(room(found) && (0..found).all(|cap| !room(cap)));
        }
    }

    #[test]
    fn later_turns_and_slots_have_no_time_to_be_counted_by() {
        let mut requests = due(&[0; 3], 0);
        requests[1].start_kind = StartKind::After as u8;
        requests[2].start_kind = StartKind::Slot as u8;
        assert_eq!(default_at(&requests, &[scheduled(false)], 1.0), 1);
    }
}
