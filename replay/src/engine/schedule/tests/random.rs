//! Random small workloads, and logs that were tampered with.

use super::super::*;
use super::made::{Request, Stage, after, at, closed, open, slot};
use super::oracle::check;
use super::simulator::{Event, Fate, Log, Setting};
use proptest::prelude::*;
use schemas::layout::{StageKind, StartKind};

/// Draws for one request: stage, kind, time step, what it waits for, session, answers, service,
/// whether it fails.
type Draw = (usize, u8, u64, usize, Option<u32>, Vec<usize>, u64, bool);

fn draw() -> impl Strategy<Value = Draw> {
    (
        0..8usize,
        0..8u8,
        0..4u64,
        any::<usize>(),
        prop_oneof![Just(None), (0..3u32).prop_map(Some)],
        prop::collection::vec(any::<usize>(), 0..3),
        0..9u64,
        prop::bool::weighted(0.2),
    )
}

fn stage() -> impl Strategy<Value = Stage> {
    let concurrency = prop_oneof![Just(None), (1..6u32).prop_map(Some)];
    (concurrency, any::<bool>(), any::<bool>(), 0..12u64).prop_map(
        |(concurrency, is_closed, after_previous, start_ns)| {
            let stage = match (concurrency, is_closed) {
                (None, _) => open(),
                (Some(places), true) => closed(places),
                (Some(places), false) => open().at_most(places),
            };
            Stage {
                after_previous,
                start_ns,
                ..stage
            }
        },
    )
}

/// Requests that keep the rules of the format.
fn requests(stages: &[Stage], draws: &[Draw]) -> Vec<Request> {
    let mut requests: Vec<Request> = Vec::new();
    let mut latest_ns = vec![0; stages.len() + 1];
    for (stage, kind, step_ns, awaited, session, answers, ..) in draws.iter().cloned() {
        let stage = stage % stages.len();
        let earlier: Vec<u64> = (0..)
            .zip(&requests)
            .filter(|(_, other)| other.stage as usize <= stage)
            .map(|(index, _)| index)
            .collect();
        let pick = |draw: usize| earlier.get(draw % earlier.len().max(1)).copied();
        let latest_ns = &mut latest_ns[if stages[stage].after_previous {
            stage + 1
        } else {
            0
        }];
        let request = match (kind, pick(awaited)) {
            (0..2, Some(other)) => after(other, step_ns),
            (2..5, _) if stages[stage].kind == StageKind::Closed => slot(),
            (_, other) => {
                *latest_ns += step_ns;
                let other = other.filter(|_| kind == 5);
                Request {
                    after: other,
                    ..at(*latest_ns)
                }
            }
        };
        let mut request = Request {
            session,
            ..request.stage(stage as u32)
        };
        let answered = answers.into_iter().filter_map(pick);
        request.answers = answered
            .filter(|other| session.is_some() && requests[*other as usize].session == session)
            .collect();
        requests.push(request);
    }
    requests
}

prop_compose! {
    fn setting()(
        mut stages in prop::collection::vec(stage(), 1..5),
        draws in prop::collection::vec(draw(), 0..28),
        workers in 1..5usize,
        max_in_flight in prop_oneof![Just(usize::MAX), 1..5usize],
        speed in prop_oneof![Just(1.0), Just(2.0)],
        (drops, goes_on) in any::<(bool, bool)>(),
        late_ns in prop_oneof![Just(vec![0]), prop::collection::vec(0..5u64, 1..4)],
        stop_after in prop_oneof![Just(None), (0..20usize).prop_map(Some)],
    ) -> Setting {
        stages[0].after_previous = false;
        let requests = requests(&stages, &draws);
        Setting {
            service: draws.iter().map(|draw| (draw.6, draw.7)).collect(),
            workers,
            max_in_flight,
            speed,
            overload: if drops { Overload::Drop } else { Overload::Wait },
            on_turn_failure: if goes_on { OnTurnFailure::Continue } else { OnTurnFailure::End },
            late_ns,
            // Not all hear of it at the same time.
            stop_after: stop_after
                .map_or(Vec::new(), |turn| (turn..).step_by(2).take(workers).collect()),
            ..Setting::new(&stages, &requests)
        }
    }
}

/// With as many workers as can share it: some workloads need a single one.
fn shared(mut setting: Setting) -> Setting {
    while let Err(error) = setting.plan() {
        assert!(setting.workers > 1, "{error}");
        assert!(matches!(
            error,
            PlanError::OneWorker { .. } | PlanError::Narrow { .. }
        ));
        setting.workers -= 1;
    }
    setting
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_run_keeps_the_rules(setting in setting()) {
        let setting = shared(setting);
        let log = setting.run();
        prop_assert!(check(&setting, &log).is_ok(), "{:?}\n{:#?}", check(&setting, &log), log);
    }
}

proptest! {
    #[test]
    fn the_first_requests_of_a_file_run_as_a_file_of_their_own(
        mut setting in setting(),
        place in any::<prop::sample::Index>(),
    ) {
        let behind = setting.requests.split_off(place.index(setting.requests.len() + 1));
        let alone = shared(setting);
        let first = Setting { behind, ..alone.clone() };
        let log = first.run();
        prop_assert!(check(&first, &log).is_ok(), "{:?}\n{log:#?}", check(&first, &log));
        prop_assert_eq!(log.events, alone.run().events);
    }
}

/// A run with something of everything.
fn sample() -> (Setting, Log) {
    let stages = [open().at_most(2), closed(2).behind(5)];
    let requests = [
        at(0).session(1),
        after(0, 3).session(1),
        after(1, 3).session(1),
        at(1).session(2),
        after(3, 4).session(2).answers(&[3]),
        at(2),
        slot().stage(1),
        slot().stage(1),
        slot().stage(1),
        after(6, 2).stage(1),
    ];
    let mut setting = Setting::new(&stages, &requests);
    setting.overload = Overload::Drop;
    setting.service[1].1 = true;
    let log = setting.run();
    (setting, log)
}

#[test]
fn the_oracle_accepts_a_run_and_no_forgery_of_it() {
    let (setting, log) = sample();
    check(&setting, &log).unwrap();
    assert_eq!(
        log.with(|fate| matches!(fate, Fate::Overloaded { .. })),
        [5]
    );
    assert_eq!(log.with(|fate| matches!(fate, Fate::Skipped { .. })), [2]);
    let mut refused = 0;
    for place in 0..log.events.len() {
        for forge in forgeries(&log.events[place]) {
            let mut forged = log.clone();
            forge(&mut forged.events, place);
            assert!(check(&setting, &forged).is_err(), "{:#?}", forged.events);
            refused += 1;
        }
    }
    assert!(refused > 40, "only {refused} forgeries were tried");
}

type Forgery = fn(&mut Vec<Event>, usize);

/// What must not go unnoticed in an event.
fn forgeries(event: &Event) -> Vec<Forgery> {
    let mut all: Vec<Forgery> = vec![
        |events, place| {
            events.remove(place);
        },
        |events, place| events.insert(place, events[place]),
    ];
    match event.fate {
        Fate::Sent { .. } => all.extend([
            (|events, place| events[place].fate = Fate::Sent { due_ns: 1_000 }) as Forgery,
            |events, place| events[place].at_ns = 0,
        ]),
        Fate::Overloaded { due_ns } if due_ns > 0 => {
            all.push(|events, place| events[place].fate = Fate::Overloaded { due_ns: 0 });
        }
        Fate::Skipped { .. } => all.push(|events, place| {
            let why = Why::Interrupted;
            events[place].fate = Fate::Skipped { why, due_ns: None };
        }),
        Fate::Overloaded { .. } | Fate::Ended { .. } => {}
    }
    // The first is sent at 0 in truth.
    let truly_at_0 = matches!(event.fate, Fate::Sent { .. }) && event.at_ns == 0;
    if truly_at_0 {
        all.pop();
    }
    all
}

#[test]
fn the_generator_makes_every_kind_of_workload() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let setting = setting().new_tree(&mut runner).unwrap().current();
        let setting = shared(setting);
        for request in &setting.requests {
            let joined = request.awaited().len() > 1;
            seen.insert((
                request.kind as u8,
                request.after.is_some(),
                joined,
                setting.workers > 1,
            ));
        }
    }
    for kind in [StartKind::At as u8, StartKind::After as u8] {
        assert!(seen.contains(&(kind, true, true, false)), "{seen:?}");
        assert!(seen.contains(&(kind, true, false, true)), "{seen:?}");
    }
    assert!(seen.contains(&(StartKind::Slot as u8, false, false, true)));
}
