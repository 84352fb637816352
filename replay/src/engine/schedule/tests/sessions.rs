//! Requests that wait for others, and sessions that fail.

use super::super::{OnTurnFailure, PlanError, Why};
use super::made::{after, at, closed, open, slot};
use super::oracle::check;
use super::simulator::{Fate, Log, Setting};

fn run(setting: &Setting) -> Log {
    let log = setting.run();
    check(setting, &log).unwrap();
    log
}

fn skipped(log: &Log) -> Vec<u64> {
    log.with(|fate| {
        matches!(
            fate,
            Fate::Skipped {
                why: Why::SessionEnded,
                ..
            }
        )
    })
}

#[test]
fn a_turn_waits_its_delay_from_the_end_of_the_one_before() {
    let requests = [at(5), after(0, 0), after(1, 20), at(6)];
    for workers in 1..4 {
        let mut setting = Setting::new(&[open()], &requests);
        setting.workers = workers;
        let sent = run(&setting).sent();
        assert_eq!(sent, [(0, 5, 5), (3, 6, 6), (1, 15, 15), (2, 45, 45)]);
    }
}

#[test]
fn an_at_request_that_waits_starts_at_the_later_of_the_two() {
    let requests = [at(0), at(4).after(0), at(30).after(0)];
    let sent = run(&Setting::new(&[open()], &requests)).sent();
    assert_eq!(sent, [(0, 0, 0), (1, 10, 10), (2, 30, 30)]);
}

#[test]
fn an_at_request_waits_for_its_stage_also_when_what_it_waits_for_has_ended() {
    let stages = [open(), open().behind(3)];
    let requests = [at(0), at(1), at(2).stage(1).after(0)];
    for workers in 1..3 {
        let mut setting = Setting::new(&stages, &requests);
        setting.workers = workers;
        setting.service[1].0 = 40;
        assert_eq!(run(&setting).sent()[2], (2, 46, 46));
    }
}

#[test]
fn a_live_body_waits_for_all_that_it_answers() {
    let requests = [
        at(0).session(1),
        at(0).session(1),
        after(0, 3).session(1).answers(&[0, 1]),
    ];
    let mut setting = Setting::new(&[open()], &requests);
    setting.service[1].0 = 40;
    assert_eq!(run(&setting).sent()[2], (2, 40, 40));
    setting.service[1].0 = 11;
    assert_eq!(run(&setting).sent()[2], (2, 13, 13));
}

#[test]
fn a_delay_counts_from_its_request_also_when_a_later_answer_implies_its_end() {
    let requests = [
        at(0).session(1),
        after(0, 1).session(1),
        after(0, 100).session(1).answers(&[1]),
    ];
    assert_eq!(
        run(&Setting::new(&[open()], &requests)).sent()[2],
        (2, 110, 110)
    );
}

#[test]
fn two_roots_need_one_worker_and_the_message_says_so() {
    let requests = [
        at(0).session(1),
        at(0).session(1),
        after(0, 3).session(1).answers(&[1]),
    ];
    let mut setting = Setting::new(&[open()], &requests);
    assert!(setting.plan().is_ok());
    setting.workers = 2;
    let error = setting.plan().unwrap_err();
    assert!(matches!(error, PlanError::OneWorker { index: 2 }));
    assert!(error.to_string().contains("--workers 1"), "{error}");
}

#[test]
fn what_follows_a_slot_needs_a_place_on_every_worker() {
    let stages = [closed(8), open().at_most(2)];
    let requests = [slot(), slot(), after(0, 1).stage(1)];
    let mut setting = Setting::new(&stages, &requests);
    setting.workers = 3;
    let error = setting.plan().unwrap_err();
    assert!(matches!(
        error,
        PlanError::Narrow {
            index: 2,
            places: 2
        }
    ));
    assert!(error.to_string().contains("--workers 2"), "{error}");
    setting.workers = 2;
    assert_eq!(run(&setting).sent().len(), 3);
}

#[test]
fn a_tree_is_dealt_to_a_worker_that_has_places_for_all_of_it() {
    let stages = [open(), open().at_most(1)];
    let requests = [
        at(0),
        at(0),
        at(0),
        after(1, 0).stage(1),
        after(2, 0).stage(1),
    ];
    let mut setting = Setting::new(&stages, &requests);
    setting.workers = 3;
    assert_eq!(run(&setting).sent().len(), 5);
}

#[test]
fn a_failed_turn_ends_its_session_and_nothing_else() {
    let requests = [
        at(0).session(1),
        after(0, 1).session(1),
        after(1, 1).session(1),
        after(1, 1).session(2),
        after(2, 1),
        at(9).session(1),
    ];
    let mut setting = Setting::new(&[open()], &requests);
    setting.service[0].1 = true;
    let log = run(&setting);
    assert_eq!(skipped(&log), [1, 2]);
    // What is skipped has ended at the end of what failed; others wait for it no longer.
    assert_eq!(log.sent()[1..], [(5, 9, 9), (3, 11, 11), (4, 11, 11)]);
    setting.on_turn_failure = OnTurnFailure::Continue;
    assert!(skipped(&run(&setting)).is_empty());
}

#[test]
fn a_skipped_turn_ends_its_stage() {
    let stages = [open(), open().behind(5)];
    let requests = [
        at(0).session(1),
        after(0, 1_000).session(1),
        at(0).stage(1),
        at(0).stage(1),
    ];
    for workers in 1..3 {
        let mut setting = Setting::new(&stages, &requests);
        setting.workers = workers;
        setting.service[0].1 = true;
        let mut sent = run(&setting).sent();
        sent.sort_unstable();
        assert_eq!(sent, [(0, 0, 0), (2, 15, 15), (3, 15, 15)]);
    }
}

#[test]
fn an_answer_behind_a_foreign_turn_is_no_implied_one() {
    // 2 repeats the answer of 0, which fails. 1 lies between, but in no session: it goes on.
    let requests = [
        at(0).session(1),
        after(0, 1),
        after(1, 1).session(1).answers(&[0]),
    ];
    let mut setting = Setting::new(&[open()], &requests);
    setting.service[0].1 = true;
    let log = run(&setting);
    assert_eq!(skipped(&log), [2]);
    assert_eq!(log.sent().len(), 2);
}

#[test]
fn a_turn_with_a_failed_answer_is_skipped_once_and_at_once() {
    let requests = [
        at(0).session(1),
        at(0).session(1),
        at(0).session(1).answers(&[0, 1]),
    ];
    let mut setting = Setting::new(&[open()], &requests);
    setting.service = vec![(5, true), (50, true), (1, false)];
    let log = run(&setting);
    let skip = log.events.iter().find(|event| event.index == 2).unwrap();
    assert_eq!(skip.at_ns, 5);
}
