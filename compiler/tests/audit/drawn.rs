//! Whose draws an audit is made of: each request's own, whoever stands beside it.

use crate::{SMALL, Sent, made, sent};
use compiler::rng::{Component, Seed, Streams};
use std::collections::BTreeMap;

/// Bodies by stage and place in it.
fn bodies(sent: &[Sent]) -> BTreeMap<(String, usize), String> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut bodies = BTreeMap::new();
    for one in sent {
        let place = places.entry(&one.stage).or_default();
        bodies.insert((one.stage.clone(), *place), one.body.to_string());
        *place += 1;
    }
    bodies
}

/// How many of `fewer` are the same in `more`; all are in it.
fn kept(fewer: &[&str], more: &[&str]) -> (usize, usize) {
    let (fewer, more) = (bodies(&sent(SMALL, fewer)), bodies(&sent(SMALL, more)));
    assert!(more.len() > fewer.len());
    let kept = fewer.iter().filter(|(place, body)| more[*place] == **body);
    (kept.count(), fewer.len())
}

#[test]
fn more_probes_and_other_counts_move_nobody() {
    let base = ["audit={probes: 2, neighbours: [1]}"];
    for more in [
        "audit={probes: 3, neighbours: [1]}",
        "audit={probes: 2, neighbours: [1, 5]}",
        "audit={probes: 2, neighbours: [1, 5], pause: 1s, gap: 0}",
    ] {
        let (kept, all) = kept(&base, &[more]);
        assert_eq!(kept, all, "{more}");
    }
}

#[test]
fn control_another_seed_moves_everybody() {
    let base = "audit={probes: 2, neighbours: [1]}";
    let (kept, all) = kept(&[base], &["audit={probes: 3, neighbours: [1]}", "seed=8"]);
    assert_eq!((kept, all > 0), (0, true));
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| made(SMALL, &["audit.neighbours=[1, 5, 16]"]).0)
    };
    assert!(with(1) == with(4));
}

#[test]
fn seeds_are_those_of_the_registered_stream() {
    let seeds = Streams::new(Seed(7), Component::SamplingSeed);
    let seed = |ordinal: u64| seeds.stream(ordinal).next_u64() >> 11;
    let sent = sent(SMALL, &[]);
    let said = |stage: &str, is_probe: bool| {
        let found = sent
            .iter()
            .find(|one| one.stage == stage && one.is_probe() == is_probe);
        found.unwrap().body["seed"].as_u64()
    };
    // Probe 1 of its kind and kind 1 is number 5.
    let peaked = 5 << 20;
    assert_eq!(said("peaked-1/among-4", true), Some(seed(peaked)));
    assert_eq!(said("peaked-1/other_seed", true), Some(seed(peaked + 2)));
    assert_eq!(
        said("peaked-1/among-4", false),
        Some(seed(peaked + 4 * 1024 + 1))
    );
    let greedy = 2 << 20;
    assert_eq!(said("greedy-0/other_seed", true), Some(seed(greedy + 2)));
    assert_eq!(said("greedy-0/again", true), None);
}

#[test]
fn the_manifest_names_what_is_drawn_from() {
    let (_, workload) = made(SMALL, &[]);
    let names = workload.manifest().unwrap().rng.identifiers;
    let expected = [
        Component::SamplingSeed,
        Component::CorpusWords,
        Component::PromptCorpus,
    ];
    assert_eq!(names, expected.map(|component| component.identifier()));
}
