//! What the requests of an audit say to the server.

use crate::{SMALL, Sent, probes, sent};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const ID: &str = "x-request-id";

fn neighbours<'s>(sent: &'s [Sent], stage: &str) -> Vec<&'s Sent> {
    let of_stage = sent.iter().filter(|one| one.stage == stage);
    of_stage.filter(|one| !one.is_probe()).collect()
}

fn kinds() -> [&'static str; 8] {
    [
        "flat-0",
        "flat-1",
        "peaked-0",
        "peaked-1",
        "greedy-0",
        "greedy-1",
        "unseeded-0",
        "unseeded-1",
    ]
}

#[test]
fn a_probe_sends_one_body_in_all_trials_but_that_of_another_seed() {
    let sent = sent(SMALL, &[]);
    let probes = probes(&sent);
    for probe in kinds() {
        let alone = &probes[&*format!("{probe}/alone")].body;
        for (stage, one) in probes.iter().filter(|(stage, _)| stage.starts_with(probe)) {
            match stage.ends_with("/other_seed") {
                false => assert_eq!(one.body, *alone, "{stage}"),
                true => {
                    assert_eq!(one.body["messages"], alone["messages"], "{stage}");
                    assert_eq!(one.body["temperature"], alone["temperature"], "{stage}");
                    assert_ne!(one.body["seed"], alone["seed"], "{stage}");
                    assert!(one.body["seed"].is_u64(), "{stage}");
                }
            }
            assert_eq!(one.record.output_tokens.get(), 32, "{stage}");
        }
    }
    let texts: BTreeSet<String> = kinds()
        .iter()
        .map(|probe| probes[&*format!("{probe}/alone")].body["messages"].to_string())
        .collect();
    assert_eq!(
        texts.len(),
        6,
        "each probe but unseeded ones has its own prompt"
    );
}

/// What unseeded answers say of chance is said of the very prompts that are judged by it.
#[test]
fn an_unseeded_probe_is_the_flat_one_without_its_seed() {
    let models = "models=[{name: a}, {name: b}]";
    let sent = sent(SMALL, &["server.type=vllm", models]);
    let probes = probes(&sent);
    for number in 0..2 {
        let body = |kind: &str| probes[&*format!("{kind}-{number}/alone")].body.clone();
        let mut flat = body("flat");
        assert_ne!(flat, body("unseeded"));
        flat.as_object_mut().unwrap().remove("seed").unwrap();
        assert_eq!(flat, body("unseeded"), "{number}");
    }
}

#[test]
fn what_is_sampled_says_that_no_token_is_left_out() {
    for (api, server, is_tgi, top_k) in [
        ("chat", None, false, None),
        ("chat", Some("vllm"), false, Some(-1)),
        ("completion", Some("sglang"), false, Some(-1)),
        ("completion", Some("tgi"), false, None),
        ("tgi", Some("tgi"), true, None),
        ("tgi", Some("vllm"), true, None),
    ] {
        let mut sets = vec![format!("api.type={api}")];
        sets.extend(server.map(|server| format!("server.type={server}")));
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        for one in sent(SMALL, &sets) {
            let said = if is_tgi {
                &one.body["parameters"]
            } else {
                &one.body
            };
            let is_greedy = said["do_sample"] == false || said["temperature"] == 0.0;
            // TGI takes a `top_p` of less than 1 only, and has no default of its own.
            let top_p = (!is_greedy && !is_tgi).then_some(1.0);
            assert_eq!(said["top_p"].as_f64(), top_p, "{sets:?} {}", one.stage);
            let top_k = top_k.filter(|_| !is_greedy);
            assert_eq!(said["top_k"].as_i64(), top_k, "{sets:?} {}", one.stage);
        }
    }
}

#[test]
fn each_kind_has_its_temperature_and_its_seed_or_none() {
    let sent = sent(SMALL, &["audit.flat_temperature=1.5"]);
    let probes = probes(&sent);
    for (probe, temperature, is_seeded) in [
        ("flat-1", 1.5, true),
        ("peaked-1", 0.7, true),
        ("greedy-1", 0.0, false),
        ("unseeded-1", 1.5, false),
    ] {
        let body = &probes[&*format!("{probe}/again")].body;
        assert_eq!(body["temperature"], temperature, "{probe}");
        assert_eq!(body["seed"].is_u64(), is_seeded, "{probe}");
    }
    let seeds: Vec<&Value> = sent
        .iter()
        .filter(|one| one.stage.ends_with("/alone"))
        .map(|one| &one.body["seed"])
        .filter(|seed| !seed.is_null())
        .collect();
    let distinct: BTreeSet<String> = seeds.iter().map(|seed| seed.to_string()).collect();
    assert_eq!((seeds.len(), distinct.len()), (4, 4));
}

#[test]
fn sampled_neighbours_are_never_greedy_and_greedy_ones_never_seeded() {
    let sent = sent(SMALL, &[]);
    for probe in ["flat-0", "peaked-1", "greedy-0"] {
        let among = neighbours(&sent, &format!("{probe}/among-4"));
        let seeded: Vec<bool> = among.iter().map(|n| n.body["seed"].is_u64()).collect();
        assert_eq!(seeded, [true, false, true, false], "{probe}");
        assert!(among.iter().all(|n| n.body["temperature"] == 2.0));
    }
    let greedy = neighbours(&sent, "peaked-0/among_greedy");
    assert_eq!(greedy.len(), 5);
    for neighbour in greedy {
        assert_eq!(neighbour.body["temperature"], 0.0);
        assert!(neighbour.body["seed"].is_null());
    }
}

#[test]
fn neighbours_have_texts_and_seeds_of_their_own_and_outlast_the_probe() {
    let sent = sent(SMALL, &[]);
    let all: Vec<&Sent> = sent.iter().filter(|one| !one.is_probe()).collect();
    let said: BTreeSet<String> = all.iter().map(|n| n.body["messages"].to_string()).collect();
    assert_eq!(said.len(), all.len());
    let seeds: Vec<u64> = all.iter().filter_map(|n| n.body["seed"].as_u64()).collect();
    let distinct: BTreeSet<u64> = seeds.iter().copied().collect();
    assert_eq!(distinct.len(), seeds.len());
    assert!(all.iter().all(|n| n.body["max_tokens"] == 64));
    assert!(all.iter().all(|n| n.record.input_tokens.get() == 32));
}

#[test]
fn an_id_is_sent_twice_by_each_seeded_probe_and_by_nobody_else() {
    let sent = sent(SMALL, &[]);
    let mut ids: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in &sent {
        let (_, role) = one.stage.split_once('/').unwrap();
        let is_expected = ["id_first", "id_reused"].contains(&role);
        assert_eq!(one.headers.contains_key(ID), is_expected, "{}", one.stage);
        if let Some(id) = one.headers.get(ID) {
            ids.entry(id).or_default().push(&one.stage);
        }
    }
    // SHA-256 of "7/flat-0" begins with these digits.
    let first = vec!["flat-0/id_first", "flat-0/id_reused"];
    assert_eq!(ids["audit-eefd93b36e06"], first);
    assert_eq!(ids.len(), 4);
    assert!(ids.values().all(|stages| stages.len() == 2));
    // The other fields are those of everybody.
    let probes = probes(&sent);
    let mut with = probes["peaked-1/id_first"].headers.clone();
    with.remove(ID);
    assert_eq!(with, probes["peaked-1/alone"].headers);
}

#[test]
fn a_completion_holds_the_same_and_models_in_turn_get_every_kind() {
    let models = "models=[{name: a}, {name: b}]";
    let sent = sent(SMALL, &["api.type=completion", models]);
    for one in &sent {
        let probe = one.label("audit_probe");
        let model = if probe.ends_with("-0") { "a" } else { "b" };
        assert_eq!(one.body["model"], model, "{}", one.stage);
        assert!(one.body["prompt"].is_string());
    }
}

#[test]
fn tgi_is_told_not_to_sample_and_never_given_a_seed_with_it() {
    let sent = sent(SMALL, &["api.type=tgi"]);
    let probes = probes(&sent);
    assert!(!probes.contains_key("greedy-0/other_seed"));
    assert!(probes.contains_key("flat-0/other_seed"));
    for role in ["alone", "again", "among-1", "among-4"] {
        let parameters = &probes[&*format!("greedy-0/{role}")].body["parameters"];
        assert_eq!(parameters["do_sample"], false);
        assert!(parameters["seed"].is_null() && parameters["temperature"].is_null());
    }
    let flat = &probes["flat-0/alone"].body["parameters"];
    assert_eq!(flat["temperature"], 2.0);
    assert!(flat["seed"].is_u64() && flat["do_sample"] == true);
}
