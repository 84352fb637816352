//! Time bases, closed stages, and how work is shared out.

use super::made::{Request, after, at, closed, open, slot};
use super::oracle::check;
use super::simulator::{Fate, Log, Setting};

fn run(setting: &Setting) -> Log {
    let log = setting.run();
    check(setting, &log).unwrap();
    log
}

/// Index and due time of all that were sent, by index.
fn dues(log: &Log) -> Vec<(u64, u64)> {
    let mut dues: Vec<_> = log.sent().iter().map(|sent| (sent.0, sent.1)).collect();
    dues.sort_unstable();
    dues
}

#[test]
fn workers_share_an_open_loop_without_gap_or_overlap() {
    for count in 0..8 {
        let requests: Vec<Request> = [0, 0, 0, 10, 10, 30, 30][..count]
            .iter()
            .map(|ns| at(*ns))
            .collect();
        for workers in 1..6 {
            let mut setting = Setting::new(&[open()], &requests);
            setting.workers = workers;
            let log = run(&setting);
            assert_eq!(log.sent().len(), count, "{workers} workers");
            for event in &log.events {
                assert_eq!(event.worker as u64, event.index % workers as u64);
            }
        }
    }
}

#[test]
fn what_is_late_is_caught_up_with_at_once_and_in_order() {
    let requests = [0, 1, 1, 2, 50, 51].map(at);
    let mut setting = Setting::new(&[open(), open()], &requests);
    setting.requests[2].stage = 1;
    setting.late_ns = vec![20];
    let sent = run(&setting).sent();
    let caught_up: Vec<_> = sent.iter().filter(|sent| sent.2 == 21).collect();
    assert_eq!(caught_up, [&(1, 1, 21), &(2, 1, 21), &(3, 2, 21)]);
}

#[test]
fn a_chain_of_stages_begins_each_after_the_end_of_the_last() {
    // The third has no requests; what hangs on it begins when it does, at its pause.
    let stages = [
        open(),
        open().behind(5),
        open().behind(7),
        closed(1).behind(100),
    ];
    let requests = [
        at(0),
        at(3),
        at(0).stage(1),
        at(40).stage(1),
        slot().stage(3),
        slot().stage(3),
    ];
    for workers in 1..5 {
        let mut setting = Setting::new(&stages, &requests);
        setting.workers = workers;
        setting.service[0].0 = 30;
        // 30: the first ends last. 35: the second stage begins. 85: it ends. 92, 192: the others.
        let expected = [(0, 0), (1, 3), (2, 35), (3, 75), (4, 192), (5, 202)];
        assert_eq!(dues(&run(&setting)), expected, "{workers} workers");
    }
}

#[test]
fn speed_scales_times_of_the_schedule_and_no_pause() {
    let stages = [
        open(),
        open().behind(8),
        closed(1).starts(40),
        open().starts(60),
        open().behind(6),
    ];
    let requests = [
        at(20),
        after(0, 6),
        at(4).stage(1),
        slot().stage(2),
        at(2).stage(4),
    ];
    let mut setting = Setting::new(&stages, &requests);
    setting.speed = 2.0;
    // 0 ends at 20, 1 at 36. The empty stage begins and ends at 30, the one behind it at 36.
    let expected = [(0, 10), (1, 26), (2, 46), (3, 20), (4, 37)];
    assert_eq!(dues(&run(&setting)), expected);
}

#[test]
fn a_closed_stage_keeps_exactly_its_concurrency_in_flight() {
    let requests: Vec<Request> = (0..500).map(|_| slot()).collect();
    for workers in 1..6 {
        let mut setting = Setting::new(&[closed(64)], &requests);
        setting.workers = workers;
        setting.service = (0..500)
            .map(|index| (1 + index * 7919 % 97, index % 5 == 0))
            .collect();
        let log = run(&setting);
        // At the end of each moment, until the last has been drawn.
        let (mut in_flight, mut sent) = (0, 0);
        for (place, event) in log.events.iter().enumerate() {
            match event.fate {
                Fate::Sent { .. } => (in_flight, sent) = (in_flight + 1, sent + 1),
                _ => in_flight -= 1,
            }
            assert!(in_flight <= 64);
            let next = log.events.get(place + 1);
            if next.is_none_or(|next| next.at_ns > event.at_ns) && sent < 500 {
                assert_eq!(in_flight, 64, "{workers} workers at {}", event.at_ns);
            }
        }
        assert_eq!(sent, 500);
    }
}

#[test]
fn a_slot_request_is_due_when_its_place_becomes_free() {
    let requests = [slot(), slot(), slot(), slot()];
    let mut setting = Setting::new(&[closed(2).starts(100)], &requests);
    setting.service = vec![(7, false), (30, true), (9, false), (1, false)];
    setting.late_ns = vec![0, 2];
    let sent = run(&setting).sent();
    // Told at 109 that the first ended at 107.
    assert_eq!(sent[..3], [(0, 100, 100), (1, 100, 100), (2, 107, 109)]);
    assert_eq!((sent[3].0, sent[3].1), (3, 118));
}

#[test]
fn slots_are_drawn_by_ascending_index_also_by_those_that_repeat_answers() {
    let mut requests = vec![at(0).session(1), slot().session(1).answers(&[0])];
    requests.extend([slot(), slot(), slot()]);
    let mut setting = Setting::new(&[closed(1)], &requests);
    // The first holds the only place and is answered when it gives it back.
    setting.requests[0].start_ns = 0;
    let order: Vec<u64> = run(&setting).sent().iter().map(|sent| sent.0).collect();
    assert_eq!(order, [2, 0, 1, 3, 4]);
}

#[test]
fn users_with_think_time_share_the_places_of_their_stage() {
    // Two users of three turns, two places: a turn that is due takes the place before a new user.
    let mut requests = Vec::new();
    for user in 0..3u64 {
        requests.push(slot().session(user as u32));
        requests.push(after(user * 3, 0).session(user as u32));
        requests.push(after(user * 3 + 1, 4).session(user as u32));
    }
    let setting = Setting::new(&[closed(2)], &requests);
    let log = run(&setting);
    // 20: both think, the third user takes one place, and nobody the other.
    assert_eq!(
        log.sent(),
        [
            (0, 0, 0),
            (3, 0, 0),
            (1, 10, 10),
            (4, 10, 10),
            (6, 20, 20),
            (2, 24, 24),
            (5, 30, 30),
            (7, 34, 34),
            (8, 48, 48),
        ]
    );
}

#[test]
fn a_request_is_due_with_the_place_that_it_waits_for_in_a_closed_stage_alone() {
    let requests = [at(0), at(1), after(0, 2), at(3)];
    let mut setting = Setting::new(&[closed(1)], &requests);
    // Every other look comes late: that is no part of what was waited for.
    setting.late_ns = vec![0, 1];
    let with_places = run(&setting).sent();
    assert_eq!(
        with_places,
        [(0, 0, 0), (1, 10, 10), (3, 20, 20), (2, 30, 31)]
    );
    // The same with a cap: the schedule says when, and who waits is late.
    setting.stages = vec![open().at_most(1)];
    let with_cap = dues(&run(&setting));
    assert_eq!(with_cap, [(0, 0), (1, 1), (2, 12), (3, 3)]);
}

#[test]
fn a_stage_ends_with_its_latest_end_whoever_tells_it_last() {
    // Worker 0 ends its request at 50 and tells it late; worker 1 ended at 10.
    let stages = [open(), open().behind(1)];
    let requests = [at(0), at(0), at(0).stage(1), at(0).stage(1)];
    let mut setting = Setting::new(&stages, &requests);
    setting.workers = 2;
    setting.service = vec![(50, false), (49, false), (1, false), (1, false)];
    setting.late_ns = vec![0, 9];
    let log = run(&setting);
    assert_eq!(dues(&log)[2..], [(2, 51), (3, 51)]);
}
