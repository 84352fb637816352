//! What `replay` can reach: no compiler, no traces, no YAML, no tokenizer, no random numbers.
//!
//! Reads the resolved dependency graph of `cargo metadata`, so that a crate which another crate
//! pulls in counts as much as one that is named.

use crate::support::root;
use harness::Call;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Crates that `replay` must not reach; a name stands for itself and, before a `*`, for all that
/// begin so.
const FORBIDDEN: [&str; 23] = [
    // The other side of the wall.
    "compiler",
    "traces",
    "csv",
    "chrono",
    "nom",
    "rayon",
    // YAML.
    "serde-saphyr*",
    "saphyr*",
    "serde_yaml*",
    "yaml*",
    "unsafe-libyaml",
    // Tokenizers.
    "bpe*",
    "tiktoken*",
    "tokenizers",
    "sentencepiece*",
    // Random numbers.
    "rand",
    "rand_*",
    "fastrand",
    "getrandom",
    "oorandom",
    "nanorand",
    "uuid",
    "ahash",
];

/// Forbidden by its name, but traits alone: drawing is done by what stands behind it, which stays
/// forbidden. The crates of signatures name its traits, and replay never hands them a generator.
const TRAITS_ALONE: &str = "rand_core";

/// The one way to randomness that is allowed: TLS cannot do without secret keys and nonces. `ring`
/// draws them, and only crates of TLS use `ring`: nothing that is sent inside of a connection, and
/// no time, depends on them. (The standard library's hash maps are seeded at random, too. That is
/// no crate, and out of this test's sight; the engine looks things up in them and never goes
/// through them in order.)
const ALLOWED: (&str, &str) = ("ring", "getrandom");
/// Crates that may use `ring`.
const TLS: [&str; 2] = ["rustls", "rustls-webpki"];

type Graph = BTreeMap<String, BTreeSet<String>>;

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Packages and those that their libraries are linked with: normal dependencies, neither those of tests
/// nor those of build scripts. Ours by their names, others as NAME@VERSION: of two versions of a crate one
/// may draw and the other not.
fn graph() -> Graph {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let call = Call::new(cargo).cwd(root());
    // For this platform only: crates of others are not on this machine.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let call = call.words("metadata --format-version 1 --locked --offline --filter-platform");
    let call = call.arg(platform);
    let metadata = call.run().json();
    let packages = metadata["packages"].as_array().expect("packages");
    let label = |package: &Value| match package["source"].is_null() {
        true => text(&package["name"]),
        false => format!("{}@{}", text(&package["name"]), text(&package["version"])),
    };
    let names: BTreeMap<String, String> = packages
        .iter()
        .map(|package| (text(&package["id"]), label(package)))
        .collect();
    let mut graph = Graph::new();
    for node in metadata["resolve"]["nodes"].as_array().expect("nodes") {
        let linked = graph.entry(names[&text(&node["id"])].clone()).or_default();
        for dependency in node["deps"].as_array().expect("deps") {
            let kinds = dependency["dep_kinds"].as_array().expect("kinds");
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                linked.insert(names[&text(&dependency["pkg"])].clone());
            }
        }
    }
    graph
}

/// A crate's name without its version.
fn name_of(package: &str) -> &str {
    package.split_once('@').map_or(package, |(name, _)| name)
}

/// Every crate that `package` reaches, with the chain of names that leads to it; one step may be
/// left out.
fn ways_from(
    graph: &Graph,
    package: &str,
    without: Option<(&str, &str)>,
) -> BTreeMap<String, String> {
    let mut ways = BTreeMap::from([(package.to_owned(), package.to_owned())]);
    let mut ahead = vec![package.to_owned()];
    while let Some(name) = ahead.pop() {
        for next in &graph[&name] {
            if without == Some((name_of(&name), name_of(next))) {
                continue;
            }
            let way = format!("{} → {next}", ways[&name]);
            if !ways.contains_key(next) {
                ways.insert(next.clone(), way);
                ahead.push(next.clone());
            }
        }
    }
    ways.remove(package);
    ways
}

/// Every way from `package` to a forbidden crate that is not allowed.
fn forbidden_from(graph: &Graph, package: &str) -> Vec<String> {
    let mut ways = ways_from(graph, package, Some(ALLOWED));
    ways.retain(|package, _| is_forbidden(package));
    ways.into_values().collect()
}

fn is_forbidden(package: &str) -> bool {
    let name = name_of(package);
    let mut patterns = FORBIDDEN.iter();
    name != TRAITS_ALONE
        && patterns.any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == *pattern,
        })
}

#[test]
fn replay_reaches_nothing_of_the_compiler_and_no_randomness() {
    let graph = graph();
    assert!(
        graph["replay"].contains("schemas"),
        "the graph is read right"
    );
    assert_eq!(forbidden_from(&graph, "replay"), [""; 0]);
}

#[test]
fn the_only_randomness_in_replay_is_that_of_tls() {
    let graph = graph();
    let ways = ways_from(&graph, "replay", None);
    let (from, to) = ALLOWED;
    // The control: without the exception it is found, and what stands behind it.
    let found = ways.iter().filter(|(name, _)| is_forbidden(name));
    let found: Vec<&String> = found.map(|(_, way)| way).collect();
    let steps = |way: &str| -> Vec<String> {
        let names = way.split(" → ").map(name_of);
        names.map(str::to_owned).collect()
    };
    let has_step = |way: &&String| steps(way).windows(2).any(|step| step == [from, to]);
    assert_eq!(
        found
            .iter()
            .filter(|way| steps(way).ends_with(&[from.into(), to.into()]))
            .count(),
        1
    );
    assert!(found.iter().all(has_step), "{found:?}");
    let without = ways_from(&graph, "replay", Some(ALLOWED));
    let users = |of: &str| -> Vec<&str> {
        let reached = without.keys().map(String::as_str).chain(["replay"]);
        let uses = |package: &&str| graph[*package].iter().any(|used| name_of(used) == of);
        let users: BTreeSet<&str> = reached.filter(uses).map(name_of).collect();
        users.into_iter().collect()
    };
    assert_eq!(users(to), [from]);
    assert_eq!(users(from), TLS);
    // Those who use TLS: itself, and the engine's own wall in `engine/tls.rs` and `engine/link.rs`.
    assert_eq!(users(TLS[0]), ["replay"]);
    assert_eq!(users(TLS[1]), [TLS[0]]);
}

#[test]
fn control_traits_with_a_generator_behind_them_would_be_found() {
    let mut graph = graph();
    let reached = ways_from(&graph, "replay", Some(ALLOWED));
    let traits = reached
        .keys()
        .filter(|package| name_of(package) == TRAITS_ALONE);
    let [traits] = traits.collect::<Vec<_>>()[..] else {
        panic!("signatures name one version of it: {reached:?}")
    };
    // What ssh-key's feature `std` would bring along.
    let drawn = graph.keys().find(|package| name_of(package) == "getrandom");
    let drawn = drawn.expect("ring uses it").clone();
    let behind = graph.get_mut(traits).expect("it is in the graph");
    assert!(behind.insert(drawn.clone()));
    let found = forbidden_from(&graph, "replay");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("ssh-key@"), "{found:?}");
    assert!(
        found[0].ends_with(&format!("{traits} → {drawn}")),
        "{found:?}"
    );
}

#[test]
fn schemas_reaches_nothing_forbidden_either() {
    assert_eq!(forbidden_from(&graph(), "schemas"), [""; 0]);
}

#[test]
fn control_the_same_check_finds_them_in_the_compiler() {
    let found = forbidden_from(&graph(), "compiler").join("\n");
    for name in [
        "traces",
        "rand",
        "rand_chacha",
        "serde-saphyr",
        "bpe",
        "nom",
        "rayon",
    ] {
        assert!(
            found
                .lines()
                .any(|way| way.rsplit(" → ").next().map(name_of) == Some(name)),
            "{name}:\n{found}"
        );
    }
}

#[test]
fn the_wings_depend_one_way() {
    let graph = graph();
    let ours = [
        "schemas",
        "traces",
        "compiler",
        "replay",
        "mock-llm",
        "integration",
    ];
    let inner = |package: &str| -> Vec<&str> {
        ours.into_iter()
            .filter(|name| graph[package].contains(*name))
            .collect()
    };
    assert_eq!(inner("schemas"), [""; 0]);
    assert_eq!(inner("traces"), [""; 0]);
    assert_eq!(inner("replay"), ["schemas"]);
    assert_eq!(inner("compiler"), ["schemas", "traces"]);
    assert_eq!(
        inner("mock-llm"),
        [""; 0],
        "the judge shares no code with the judged"
    );
}
