//! `replay audit` of real runs: servers that keep their promise about seeds, and servers that each break
//! it in their own way.

use crate::made;
use crate::support::{dir, root, server};
use harness::{Call, Dir, Outcome, Running};
use mock_llm::{Config, SamplerKind, Server};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// Columns of the matrix: properties by their ids. `isolation` is a row of a report for each number of
/// neighbours.
const PROPERTIES: [&str; 7] = [
    "reproducibility",
    "divergence",
    "isolation",
    "continuity",
    "greedy_stability",
    "greedy_neighbours",
    "id_reuse",
];

/// A sampler, what its requests break, and what is found: all other properties hold. The table in
/// docs/audit-the-seed.md.
type Case = (
    &'static str,
    SamplerKind,
    &'static [&'static str],
    &'static [&'static str],
);

const MATRIX: [Case; 6] = [
    ("per-request", SamplerKind::PerRequest, &[], &[]),
    (
        "shared",
        SamplerKind::Shared,
        &["isolation"],
        &["shared_rng"],
    ),
    ("reset", SamplerKind::Reset, &["continuity"], &["reset"]),
    (
        "ignore-seed",
        SamplerKind::IgnoreSeed,
        &["divergence"],
        &["default_seed", "seed_ignored"],
    ),
    (
        "leaky-id",
        SamplerKind::LeakyId,
        &["id_reuse"],
        &["leaky_id"],
    ),
    (
        "greedy-draws",
        SamplerKind::GreedyDraws,
        &["greedy_neighbours"],
        &["greedy_draws"],
    ),
];

/// What an audit that broke nothing ends with, and one that did, or showed nothing.
const KEPT: i32 = 0;
const NOT_KEPT: i32 = 1;

/// Compiles examples/audit.yaml to `w.wlc`, with `audit` as it is here.
#[track_caller]
fn compile(dir: &Dir, options: &str) {
    let spec = root().join("examples/audit.yaml");
    let call = dir.wlc("compile").arg(spec);
    call.words(&format!("-o w.wlc {options}")).run().ok();
}

/// A server of a token each 3 ms, unless it is changed: other tests share the machine, and neighbours
/// are to come in time.
fn sampling(sampler: SamplerKind, change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config {
        itl: Duration::from_millis(3),
        sampler: Some(sampler),
        ..Config::default()
    };
    change(&mut config);
    Server::start(config).expect("a free port")
}

fn firing(dir: &Dir, server: &Server, out: &str) -> Running {
    let url = format!("http://{}", server.addr());
    let call = dir.replay(&format!("run w.wlc --url {url} --out {out} --quiet"));
    call.start()
}

/// An audit as JSON, which must end with this status.
#[track_caller]
fn audited(dir: &Dir, results: &str, status: i32) -> Value {
    let call = dir.replay(&format!("audit {results} --json"));
    let outcome = call.run().expect(status);
    serde_json::from_str(&outcome.stdout).expect("one JSON object")
}

/// Fires `w.wlc` at a server and audits the answers.
#[track_caller]
fn fired(dir: &Dir, server: &Server, status: i32) -> Value {
    firing(dir, server, "results").wait().ok();
    audited(dir, "results", status)
}

fn rows<'a>(audit: &'a Value, id: &str) -> Vec<&'a Value> {
    let rows = audit["properties"].as_array().expect("a list").iter();
    rows.filter(|row| row["id"] == id).collect()
}

fn findings(audit: &Value) -> Vec<&str> {
    let findings = audit["findings"].as_array().expect("a list").iter();
    let ids = findings.map(|finding| finding["id"].as_str().expect("a name"));
    ids.collect()
}

/// Comparisons of a row that say nothing, but for these reasons.
fn silent(row: &Value, but: &[&str]) -> u64 {
    let reasons = row["inconclusive"].as_object().expect("an object").iter();
    let others = reasons.filter(|(reason, _)| !but.contains(&reason.as_str()));
    others.filter_map(|(_, count)| count.as_u64()).sum()
}

#[test]
fn the_audit_matrix() {
    let dir = dir();
    compile(&dir, "--set audit.probes=3");
    let servers = MATRIX.map(|(name, sampler, ..)| (name, sampling(sampler, |_| ())));
    let runs = servers
        .each_ref()
        .map(|(name, server)| firing(&dir, server, name));
    for run in runs {
        run.wait().ok();
    }
    for (name, _, broken, found) in MATRIX {
        let status = if broken.is_empty() { KEPT } else { NOT_KEPT };
        let audit = audited(&dir, name, status);
        assert_eq!(
            audit["outcome"],
            if broken.is_empty() { "kept" } else { "broken" }
        );
        let word = |id: &str| {
            if broken.contains(&id) {
                "fails"
            } else {
                "holds"
            }
        };
        for id in PROPERTIES {
            let rows = rows(&audit, id);
            assert_eq!(rows.len(), if id == "isolation" { 3 } else { 1 });
            for row in rows {
                assert_eq!(row["word"], word(id), "{name} {id}: {audit:#}");
                // On a busy machine a trial may have had no neighbours in time: then it says nothing.
                // Nor does a peaked probe where the seed decides too little.
                let seed_says_little = ["reset", "ignore-seed"].contains(&name);
                let but = ["no_overlap", "seed_inert"];
                let but = &but[..1 + usize::from(seed_says_little)];
                assert_eq!(silent(row, but), 0, "{name} {id}: {audit:#}");
                let is_broken = word(id) == "fails";
                assert_eq!(row["counter_example"].is_object(), is_broken, "{row}");
            }
        }
        let told = findings(&audit);
        let told: Vec<&str> = told
            .into_iter()
            .filter(|id| *id != "not_overlapping")
            .collect();
        assert_eq!(told, found, "{name}: {audit:#}");
    }
}

#[test]
fn the_documented_matrix_is_the_tested_one() {
    let path = root().join("docs/audit-the-seed.md");
    let page = std::fs::read_to_string(path).expect("docs/audit-the-seed.md");
    let head = PROPERTIES.map(|id| format!(" {} |", id.replace('_', " ")));
    let head = format!("| `--sampler` |{} findings |\n", head.concat());
    assert!(page.contains(&head), "{head}");
    for (name, _, broken, found) in MATRIX {
        let words = PROPERTIES.map(|id| match broken.contains(&id) {
            true => " **fails** |",
            false => " holds |",
        });
        let found = match found.is_empty() {
            true => "none".to_owned(),
            false => format!("`{}`", found.join("`, `")),
        };
        let line = format!("| `{name}` |{} {found} |\n", words.concat());
        assert!(page.contains(&line), "{line}");
    }
}

/// The text of the table of properties, of a report on `results`.
#[track_caller]
fn text(dir: &Dir, status: i32) -> String {
    let outcome: Outcome = dir.replay("audit results").run();
    outcome.expect(status).stdout
}

#[test]
fn neighbours_that_do_not_overlap_claim_nothing() {
    let dir = dir();
    compile(&dir, "--set audit.probes=1 --set audit.neighbours=[1,5]");
    let server = sampling(SamplerKind::Shared, |config| config.slots = Some(1));
    let audit = fired(&dir, &server, NOT_KEPT);
    assert_eq!(audit["outcome"], "unproven");
    assert_eq!(findings(&audit), ["not_overlapping"], "{audit:#}");
    for id in ["isolation", "greedy_neighbours"] {
        for row in rows(&audit, id) {
            assert_eq!(row["word"], "unknown", "{row}");
            assert_eq!(row["inconclusive"]["no_overlap"], 2, "{row}");
            assert_eq!(row["failure_rate_at_most"], Value::Null);
        }
    }
    let greedy = rows(&audit, "greedy_stability")[0];
    assert_eq!(greedy["word"], "holds");
    assert_eq!(
        (&greedy["passes"], &greedy["inconclusive"]["no_overlap"]),
        (&2.into(), &2.into())
    );
    let text = text(&dir, NOT_KEPT);
    assert!(
        text.contains("nothing is claimed; 2 × neighbours did not overlap"),
        "{text}"
    );
    assert!(
        text.contains(
            "\nUNPROVEN: none of 8 properties was seen broken, but of 3 nothing was seen\n"
        ),
        "{text}"
    );
}

#[test]
fn a_server_that_refuses_seeds_is_told() {
    let dir = dir();
    compile(&dir, "--set audit.probes=1");
    let server = sampling(SamplerKind::PerRequest, |config| config.refuse_seed = true);
    let audit = fired(&dir, &server, NOT_KEPT);
    assert_eq!(audit["outcome"], "broken");
    assert_eq!(findings(&audit)[0], "seed_rejected");
    let told = audit["findings"][0]["text"].as_str().expect("a text");
    assert!(
        told.contains("HTTP 400") && told.contains("'seed'"),
        "{told}"
    );
    for id in PROPERTIES.iter().filter(|id| **id != "greedy_stability") {
        for row in rows(&audit, id) {
            assert_eq!(
                (&row["word"], &row["passes"]),
                (&"unknown".into(), &0.into())
            );
        }
    }
    let text = text(&dir, NOT_KEPT);
    assert!(
        text.ends_with("\nBROKEN: the server refuses seeds\n"),
        "{text}"
    );
}

#[test]
fn a_server_that_ignores_ids_is_not_asked_about_them() {
    let dir = dir();
    compile(&dir, "--set audit.probes=1 --set audit.neighbours=[1]");
    // Without a sampler all answers are the same, under ids that the server makes.
    let server = Server::start(Config::default()).expect("a free port");
    let audit = fired(&dir, &server, NOT_KEPT);
    let row = rows(&audit, "id_reuse")[0];
    assert_eq!(
        (&row["word"], &row["passes"]),
        (&"unknown".into(), &0.into())
    );
    // Of the flat probe; the peaked one has this answer under every seed.
    assert_eq!(row["inconclusive"]["id_not_taken"], 1, "{row}");
    assert_eq!(row["failure_rate_at_most"], Value::Null);
    assert_eq!(rows(&audit, "reproducibility")[0]["word"], "holds");
    let text = text(&dir, NOT_KEPT);
    let says = "1 × the server did not take the id";
    assert!(text.contains(says), "{text}");
}

#[test]
fn errors_are_told() {
    let dir = dir();
    compile(&dir, "--set audit.probes=1 --set audit.neighbours=[1]");
    let faults = vec!["status=503".parse().expect("a fault")];
    let config = Config {
        faults,
        ..Config::default()
    };
    let server = Server::start(config).expect("a free port");
    let audit = fired(&dir, &server, NOT_KEPT);
    assert_eq!(audit["outcome"], "unproven");
    assert_eq!(findings(&audit)[0], "errors", "{audit:#}");
    let told = audit["findings"][0]["text"].as_str().expect("a text");
    assert!(told.contains("× HTTP 503 ("), "{told}");
    assert_eq!(audit["requests"]["ok"], 0);
    let all = audit["properties"].as_array().expect("a list").iter();
    assert!(all.clone().all(|row| row["word"] == "unknown"));
    assert!(all.clone().all(|row| row["inconclusive"]["no_answer"] != 0));
}

#[test]
fn text_without_token_ids_is_judged() {
    let dir = dir();
    let spec = std::fs::read_to_string(root().join("examples/audit.yaml")).expect("the example");
    let plain = spec.replace(", extra: {return_token_ids: true}", "");
    assert_ne!(spec, plain);
    dir.write("plain.yaml", plain);
    for (api, sampler, status) in [
        ("chat", SamplerKind::PerRequest, KEPT),
        ("completion", SamplerKind::PerRequest, KEPT),
        ("chat", SamplerKind::Shared, NOT_KEPT),
        ("chat", SamplerKind::Reset, NOT_KEPT),
    ] {
        let out = format!("{api}-{sampler:?}");
        let set = "--set audit.probes=2 --set audit.neighbours=[5] --set api.type";
        let call = dir.wlc(&format!("compile plain.yaml -o w.wlc {set}={api}"));
        call.run().ok();
        let server = sampling(sampler, |_| ());
        firing(&dir, &server, &out).wait().ok();
        let answers = String::from_utf8(dir.read(&format!("{out}/answers.jsonl"))).expect("UTF-8");
        assert!(
            answers
                .lines()
                .all(|line| line.contains("\"token_ids\":null"))
        );
        let audit = audited(&dir, &out, status);
        let failing: Vec<&Value> = PROPERTIES
            .iter()
            .flat_map(|id| rows(&audit, id))
            .filter(|row| row["word"] == "fails")
            .collect();
        match sampler {
            SamplerKind::PerRequest => assert_eq!(audit["outcome"], "kept", "{audit:#}"),
            SamplerKind::Shared => {
                assert_eq!(failing.len(), 1, "{audit:#}");
                let example = &failing[0]["counter_example"];
                assert_eq!(failing[0]["id"], "isolation");
                assert_ne!(example["a"], example["b"]);
            }
            _ => {
                assert_eq!(failing.len(), 1, "{audit:#}");
                assert_eq!(failing[0]["id"], "continuity");
            }
        }
    }
}

#[test]
fn each_format_says_the_same() {
    let dir = dir();
    compile(&dir, "--set audit.probes=1 --set audit.neighbours=[5]");
    let server = sampling(SamplerKind::Shared, |_| ());
    let audit = fired(&dir, &server, NOT_KEPT);
    let example = &rows(&audit, "isolation")[0]["counter_example"];
    let text = text(&dir, NOT_KEPT);
    for key in ["a", "b"] {
        let quoted = format!("{}", example[key]);
        assert!(text.contains(&quoted), "{quoted} in {text}");
    }
    assert!(
        text.ends_with("\nBROKEN: 1 of 7 properties were seen broken\n"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    dir.replay("audit results --format html -o page.html")
        .run()
        .expect(NOT_KEPT);
    let page = String::from_utf8(dir.read("page.html")).expect("UTF-8");
    assert!(page.starts_with("<!doctype html>") && page.contains("<b>BROKEN</b>"));
    assert!(page.contains("shared_rng"));
    // The same answers are judged alike, every time.
    assert_eq!(audit, audited(&dir, "results", NOT_KEPT));
    let json = dir
        .replay("audit results --format json -o audit.json")
        .run();
    json.expect(NOT_KEPT);
    assert_eq!(dir.json("audit.json"), audit);
    let both = dir.replay("audit results --json --format text").run();
    assert!(both.expect(2).stderr.contains("leave one of them out"));
}

#[test]
fn what_is_no_audit_is_wrong_input() {
    let plain = server(0, 0);
    let dir = dir();
    made::write(&dir.path("w.wlc"), |_| ());
    firing(&dir, &plain, "plain").wait().ok();
    assert!(!dir.list("plain").contains(&"answers.jsonl".to_owned()));
    dir.write("damaged/answers.jsonl", "{\"index\":0}\n");
    for (call, says) in [
        ("audit plain", "write `audit: {}` in the spec"),
        ("audit nowhere", "nowhere/answers.jsonl"),
        ("audit damaged", "damaged/answers.jsonl, line 1: "),
        ("audit", "<DIR>"),
    ] {
        let outcome = dir.replay(call).run().expect(2);
        assert!(outcome.stderr.contains(says), "{call}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn an_interrupted_audit_is_judged_on_what_is_there() {
    let dir = dir();
    compile(&dir, "--set audit.probes=8");
    let server = sampling(SamplerKind::PerRequest, |_| ());
    let running = firing(&dir, &server, "results");
    crate::support::await_arrivals(20, || server.arrivals().len());
    running.interrupt();
    let outcome = running.wait().expect(130);
    assert!(
        outcome.stderr.contains("next: replay audit results"),
        "{}",
        outcome.stderr
    );
    let audit = audited(&dir, "results", NOT_KEPT);
    assert_eq!(audit["outcome"], "unproven", "{audit:#}");
    let row = rows(&audit, "reproducibility")[0];
    assert!(row["passes"].as_u64() >= Some(1), "{row}");
    assert!(
        row["inconclusive"]["no_answer"].as_u64() >= Some(1),
        "{row}"
    );
}

/// The command of the documentation, with the programs of this build.
#[test]
fn the_example_audits_six_servers() {
    let dir = dir();
    for name in ["wlc", "replay", "mock-llm"] {
        let program = format!(
            "#!/bin/sh\nexec '{}' {name} \"$@\"\n",
            dir.program().display()
        );
        dir.write(name, program);
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(dir.path(name), all).expect("a file of this test");
    }
    let bin = dir.path("");
    let call = Call::new(root().join("examples/audit.sh"));
    let call = call.words("--set audit.probes=2 --set audit.neighbours=[5]");
    let call = call.env("BIN", bin.to_str().expect("UTF-8"));
    let call = call.env("TMPDIR", bin.to_str().expect("UTF-8"));
    let outcome = call.run().ok();
    for (name, _, broken, _) in MATRIX {
        let word = if broken.is_empty() {
            "KEPT: all 7"
        } else {
            "BROKEN: 1 of 7"
        };
        let line = format!("\n{name:<13} {word} properties were seen ");
        assert!(
            outcome.stdout.contains(&line),
            "{line} in {}",
            outcome.stdout
        );
        for id in broken {
            let row = format!("\n              {}", id.replace('_', " "));
            assert!(outcome.stdout.contains(&row), "{row} in {}", outcome.stdout);
        }
    }
}
