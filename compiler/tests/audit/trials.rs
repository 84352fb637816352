//! The stages of an audit, and who is in them.

use crate::{SMALL, made, sent};
use compiler::plan::audit::{Audited, Part};
use compiler::rng::Seed;
use compiler::spec::audit::Audit;
use compiler::spec::{Load, Spec};
use schemas::audit::{NEIGHBOUR, NEIGHBOURS, PROBE, ROLE, is_audit};
use schemas::layout::{STAGE_AFTER_PREVIOUS, StageKind, StartKind};
use std::collections::{BTreeSet, HashSet};

const SEEDED: [&str; 8] = [
    "alone",
    "again",
    "other_seed",
    "among-1",
    "among-4",
    "among_greedy",
    "id_first",
    "id_reused",
];

fn audit(sets: &[&str]) -> Audit {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let mut files = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let mut spec = Spec::parse(SMALL, "s.yaml", &sets, &mut files).unwrap();
    match spec.populations.remove(0).load {
        Load::Audit(audit) => audit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_trials_of_a_probe_stand_in_order_and_are_named() {
    let (_, workload) = made(SMALL, &[]);
    let names: Vec<&str> = (workload.stages().iter())
        .map(|stage| workload.tables().string(stage.name.get()).unwrap())
        .collect();
    let mut expected = Vec::new();
    for number in 0..2 {
        for (kind, roles) in [
            ("flat", &SEEDED[..]),
            ("peaked", &SEEDED[..]),
            ("greedy", &SEEDED[..5]),
            ("unseeded", &SEEDED[..2]),
        ] {
            expected.extend(roles.iter().map(|role| format!("{kind}-{number}/{role}")));
        }
    }
    assert_eq!(names, expected);
}

#[test]
fn each_trial_waits_for_all_of_the_one_before_and_is_an_open_stage() {
    let (_, workload) = made(SMALL, &[]);
    for (position, stage) in workload.stages().iter().enumerate() {
        let follows = position > 0;
        assert_eq!(stage.kind, StageKind::Scheduled as u8);
        assert_eq!(stage.flags, if follows { STAGE_AFTER_PREVIOUS } else { 0 });
        assert_eq!(stage.start_ns.get(), if follows { 9_000_000 } else { 0 });
    }
    assert!(workload.requests().iter().all(|request| {
        request.start_kind == StartKind::At as u8 && request.after_request.get() == u64::MAX
    }));
}

#[test]
fn neighbours_begin_before_and_behind_their_probe() {
    let sent = sent(SMALL, &[]);
    let times = |stage: &str| -> Vec<(u64, String)> {
        let of_stage = sent.iter().filter(|one| one.stage == stage);
        let time = |one: &crate::Sent| (one.record.start_ns.get(), one.label(ROLE).to_owned());
        of_stage.map(time).collect()
    };
    let [before, at, behind] = [0, 3_000_000, 6_000_000];
    let keeps = |at_ns| (at_ns, NEIGHBOUR.to_owned());
    assert_eq!(times("flat-0/alone"), [(0, "alone".to_owned())]);
    assert_eq!(
        times("peaked-1/among-1"),
        [keeps(before), (at, "among".to_owned())]
    );
    assert_eq!(
        times("greedy-0/among-4"),
        [
            keeps(before),
            keeps(before),
            (at, "among".to_owned()),
            keeps(behind),
            keeps(behind)
        ]
    );
    assert_eq!(
        times("flat-1/among_greedy"),
        [
            keeps(before),
            keeps(before),
            keeps(before),
            (at, "among_greedy".to_owned()),
            keeps(behind),
            keeps(behind)
        ]
    );
}

#[test]
fn a_trial_has_one_probe_and_says_how_many_keep_it_company() {
    let sent = sent(SMALL, &[]);
    let stages: BTreeSet<&str> = sent.iter().map(|one| &*one.stage).collect();
    for stage in stages {
        let of: Vec<_> = sent.iter().filter(|one| one.stage == stage).collect();
        assert_eq!(of.iter().filter(|one| one.is_probe()).count(), 1, "{stage}");
        let count = match of.len() - 1 {
            0 => String::new(),
            count => count.to_string(),
        };
        let (probe, _) = stage.split_once('/').unwrap();
        for one in of {
            assert_eq!(one.label(NEIGHBOURS), count, "{stage}");
            assert_eq!(one.label(PROBE), probe);
            assert!(probe.starts_with(one.label("audit_kind")));
        }
    }
}

#[test]
fn the_counts_are_those_of_the_trials_and_no_two_requests_are_one() {
    for sets in [
        &["audit={}"][..],
        &["audit={probes: 3, neighbours: [256]}"],
        &["audit={probes: 1, neighbours: [1, 2, 3, 5, 8, 255, 256]}"],
        &["audit={probes: 2}", "api.type=tgi"],
    ] {
        let audit = audit(sets);
        let audited = Audited::new(&audit, Seed(1), None);
        let trials: Vec<_> = audited.trials().collect();
        assert_eq!(trials.len() as u64, audit.trials(), "{sets:?}");
        let arrivals: Vec<_> = audited.arrivals(4).collect();
        assert_eq!(arrivals.len() as u64, audit.requests(), "{sets:?}");
        let ordinals: HashSet<u64> = arrivals.iter().map(|a| a.ordinal).collect();
        assert_eq!(ordinals.len(), arrivals.len(), "{sets:?}");
        // What an ordinal says is what the trial is.
        for arrival in &arrivals {
            let part = Part::of(arrival.ordinal);
            assert_eq!(part.trial, trials[arrival.stage as usize - 4]);
            assert!(
                part.neighbour
                    .is_none_or(|j| j < part.trial.role.neighbours())
            );
        }
    }
    assert_eq!(audit(&["audit={}"]).trials(), 208);
}

#[test]
fn only_an_audit_is_one() {
    assert!(is_audit(&made(SMALL, &[]).1));
    let plain = "load={type: constant, stages: [{rate: 1, duration: 1}]}";
    let data = "data={type: random, input_distribution: 8, output_distribution: 8}";
    let spec = SMALL.lines().take(3).collect::<Vec<_>>().join("\n");
    assert!(!is_audit(&made(&spec, &[plain, data]).1));
}
