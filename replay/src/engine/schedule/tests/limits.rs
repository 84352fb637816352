//! Caps, what is dropped, and stopping.

use super::super::roots::Roots;
use super::super::{Overload, Schedule, Why};
use super::made::{Request, after, at, closed, open, slot};
use super::oracle::check;
use super::simulator::{Fate, Log, Setting};
use std::sync::Arc;

fn run(setting: &Setting) -> Log {
    let log = setting.run();
    check(setting, &log).unwrap();
    log
}

fn overloaded(log: &Log) -> Vec<u64> {
    log.with(|fate| matches!(fate, Fate::Overloaded { .. }))
}

#[test]
fn a_full_stage_lets_requests_wait_in_turn_and_others_pass() {
    let stages = [open().at_most(2), open()];
    let mut requests = vec![at(0), at(0), at(1), at(2), at(3)];
    requests.push(at(3).stage(1));
    let sent = run(&Setting::new(&stages, &requests)).sent();
    assert_eq!(
        sent,
        [
            (0, 0, 0),
            (1, 0, 0),
            (5, 3, 3),
            (2, 1, 10),
            (3, 2, 10),
            (4, 3, 20)
        ]
    );
}

#[test]
fn a_full_stage_drops_what_is_due_if_told_to() {
    let requests = [at(0), at(1), at(9), at(10), at(11)];
    let mut setting = Setting::new(&[open().at_most(1)], &requests);
    setting.overload = Overload::Drop;
    let log = run(&setting);
    assert_eq!(overloaded(&log), [1, 2, 4]);
    assert_eq!(log.sent(), [(0, 0, 0), (3, 10, 10)]);
}

#[test]
fn a_full_worker_waits_or_drops_but_never_drops_a_slot() {
    let stages = [open(), closed(2)];
    let requests = [at(0), slot().stage(1), slot().stage(1), at(1), at(2)];
    let mut setting = Setting::new(&stages, &requests);
    setting.max_in_flight = 2;
    let sent: Vec<_> = run(&setting).sent();
    assert_eq!(
        sent,
        [(0, 0, 0), (1, 0, 0), (2, 0, 10), (3, 1, 10), (4, 2, 20)]
    );
    setting.overload = Overload::Drop;
    let log = run(&setting);
    assert_eq!(overloaded(&log), [3, 4]);
    assert_eq!(log.sent(), [(0, 0, 0), (1, 0, 0), (2, 0, 10)]);
}

#[test]
fn a_request_of_a_closed_stage_waits_where_others_are_dropped() {
    let requests = [slot(), at(1), slot()];
    let mut setting = Setting::new(&[closed(1)], &requests);
    setting.overload = Overload::Drop;
    // The queue goes before the next slot.
    assert_eq!(run(&setting).sent(), [(0, 0, 0), (1, 10, 10), (2, 20, 20)]);
}

#[test]
fn a_request_of_a_closed_stage_waits_for_room_in_flight_where_others_are_dropped() {
    let stages = [open(), closed(2)];
    let requests = [
        at(0),
        at(1).stage(1),
        after(0, 3).stage(1),
        at(2),
        at(11),
        slot().stage(1),
    ];
    let mut setting = Setting::new(&stages, &requests);
    setting.max_in_flight = 1;
    setting.overload = Overload::Drop;
    let log = run(&setting);
    assert_eq!(overloaded(&log), [3, 4]);
    // 5 and 1 hold the places from 0 and 1 on, 2 is due at 13 and has one when 5 has ended.
    let sent = log.sent();
    assert_eq!(sent, [(0, 0, 0), (5, 0, 10), (1, 1, 20), (2, 20, 30)]);
}

#[test]
fn a_dropped_request_has_failed_for_its_session_and_ended_for_its_stage() {
    let stages = [open().at_most(1), open().behind(4)];
    let requests = [
        at(0),
        at(2).session(1),
        after(1, 1).session(1),
        after(1, 1),
        at(0).stage(1),
    ];
    for workers in 1..3 {
        let mut setting = Setting::new(&stages, &requests);
        setting.workers = workers;
        setting.overload = Overload::Drop;
        let log = run(&setting);
        // 3 goes on after the drop at 2, and finds no place, either.
        assert_eq!(overloaded(&log), [1, 3]);
        assert_eq!(log.with(|fate| matches!(fate, Fate::Skipped { .. })), [2]);
        assert_eq!(log.sent(), [(0, 0, 0), (4, 14, 14)]);
    }
}

#[test]
fn a_drop_that_ends_a_stage_wakes_the_other_workers() {
    // Worker 0 has the first of stage 0 and drops its last; stage 1 has one for each worker.
    let stages = [open(), open(), open().behind(5)];
    let requests = [
        at(0),
        at(1).stage(1),
        at(2).stage(1),
        at(0).stage(2),
        at(0).stage(2),
    ];
    let mut setting = Setting::new(&stages, &requests);
    setting.workers = 2;
    setting.max_in_flight = 1;
    setting.overload = Overload::Drop;
    setting.service = vec![
        (1_000, false),
        (0, false),
        (0, false),
        (1, false),
        (1, false),
    ];
    let log = run(&setting);
    // So it drops its part of stage 2, too, at the time when worker 1 sends the other.
    assert_eq!(overloaded(&log), [2, 3]);
    assert_eq!(log.sent()[2], (4, 7, 7));
}

#[test]
fn a_stop_leaves_nothing_unaccounted_for() {
    let stages = [open().at_most(1), closed(2), open().behind(3)];
    let requests = [
        at(0),
        at(0),
        after(0, 5),
        after(2, 5),
        slot().stage(1),
        slot().stage(1),
        slot().stage(1),
        at(90),
        at(1).stage(2),
        at(3).stage(2).after(0),
    ];
    for workers in 1..4 {
        for turn in 0..6 {
            let mut setting = Setting::new(&stages, &requests);
            setting.workers = workers;
            setting.stop_after = (0..workers).map(|worker| turn + worker).collect();
            let log = run(&setting);
            let interrupted = log.with(|fate| {
                matches!(
                    fate,
                    Fate::Skipped {
                        why: Why::Interrupted,
                        ..
                    }
                )
            });
            assert_eq!(interrupted.len() + log.sent().len(), requests.len());
            assert!(interrupted.contains(&7));
        }
    }
}

#[test]
fn what_a_stop_leaves_may_be_fetched_bit_by_bit_while_requests_end() {
    let stages = [open(), closed(3), closed(2).behind(7), open().behind(9)];
    let mut requests = vec![at(0), after(0, 4), after(1, 4)];
    requests.extend((0..10).map(|_| slot().stage(1)));
    requests.extend((0..10).map(|_| slot().stage(2)));
    requests.extend((0..10).map(|ns| at(ns).stage(3)));
    requests.push(after(3, 1).stage(3));
    let (workload, plan) = Setting::new(&stages, &requests).plan().unwrap();
    let mut schedule = Schedule::new(Arc::new(plan), workload, 0, usize::MAX);
    let flying: Vec<u64> = std::iter::from_fn(|| schedule.take(0))
        .map(|shot| shot.index)
        .collect();
    assert_eq!(flying, [0, 3, 4, 5]);
    assert!(!schedule.has_skipped());
    schedule.stop();
    let mut accounted = flying.clone();
    // Three at a time, and then one request ends.
    for index in flying {
        assert!(schedule.is_done() && schedule.has_skipped());
        accounted.extend((0..3).map(|_| schedule.take_skipped().unwrap().index));
        schedule.end(index, 5, false);
    }
    while schedule.has_skipped() {
        accounted.extend(schedule.take_skipped().map(|skipped| skipped.index));
    }
    assert_eq!(schedule.take_skipped(), None);
    accounted.sort_unstable();
    assert!(accounted.into_iter().eq(0..requests.len() as u64));
}

#[test]
fn what_depends_on_the_last_end_after_a_stop_is_announced() {
    let (workload, plan) = Setting::new(&[open()], &[at(0), after(0, 4), after(1, 4)])
        .plan()
        .unwrap();
    let mut schedule = Schedule::new(Arc::new(plan), workload, 0, usize::MAX);
    schedule.take(0).unwrap();
    schedule.stop();
    assert_eq!(schedule.take_skipped(), None);
    assert!(!schedule.has_skipped());
    schedule.end(0, 5, false);
    let left = [1, 2].map(|_| {
        assert!(schedule.has_skipped());
        schedule.take_skipped().unwrap().index
    });
    assert_eq!(left, [1, 2]);
    assert!(!schedule.has_skipped());
}

#[test]
fn a_stop_says_when_what_is_left_would_have_been_due() {
    let stages = [open(), closed(1).behind(1)];
    let requests = [at(0), at(70), after(0, 5), slot().stage(1), at(2).stage(1)];
    let mut setting = Setting::new(&stages, &requests);
    setting.stop_after = vec![1];
    let log = run(&setting);
    let due = |index: u64| {
        let event = log.events.iter().find(|event| event.index == index);
        match event.unwrap().fate {
            Fate::Skipped { due_ns, .. } => due_ns,
            other => panic!("{index} is {other:?}"),
        }
    };
    // The first ended at 10, before the worker was stopped; its stage did not end.
    assert_eq!([1, 2, 3, 4].map(due), [Some(70), None, None, None]);
}

#[test]
fn a_plain_open_loop_keeps_nothing_for_each_request() {
    let requests: Vec<Request> = (0..2_000).map(|ns| at(ns / 3)).collect();
    let setting = Setting::new(&[open(), open()], &requests);
    let (_, plan) = setting.plan().unwrap();
    assert!(matches!(plan.roots, Roots::All { requests: 2_000 }));
    assert!((0..2_000).all(|index| plan.links.dependants(index).is_empty()));
    run(&setting);
}

#[test]
fn only_a_plain_open_loop_that_drops_nothing_is_decided_beforehand() {
    let is_decided = |setting: &Setting| setting.plan().unwrap().1.is_decided();
    let plain = Setting::new(&[open()], &[at(0), at(5)]);
    assert!(is_decided(&plain));
    let dropping = Setting {
        overload: Overload::Drop,
        ..plain
    };
    assert!(!is_decided(&dropping));
    for (stages, requests) in [
        (vec![open()], vec![at(0), after(0, 5)]),
        (vec![open().at_most(1)], vec![at(0), at(5)]),
        (vec![closed(1)], vec![slot(), slot()]),
        (vec![open()], vec![at(0), at(5).cut_after_a_token()]),
    ] {
        assert!(
            !is_decided(&Setting::new(&stages, &requests)),
            "{requests:?}"
        );
    }
}
