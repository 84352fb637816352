//! `replay verify` on sweeps: the statement is about all loads and no others, and the figures of
//! `sweep.json` follow from them.

use crate::bundle::closed_sweep;
use crate::support::await_arrivals;
use crate::sweep::{ANY_MACHINE, even, server};
use crate::verify_results::{assert_named, faults, verify};
use harness::{Call, Dir, sha256_hex};
use replay::bundle::{self, Kind};
use serde_json::{Value, json};

const SWEEP: &str = "results/sweep.json";
const STATEMENT: &str = "results/bundle.json";

/// Writes `sweep.json` and closes the sweep anew, as somebody does who covers something up.
#[track_caller]
fn forge(dir: &Dir, sweep: &Value) {
    dir.write(SWEEP, serde_json::to_vec_pretty(sweep).unwrap());
    bundle::close(&dir.path("results"), Kind::Sweep).unwrap();
}

/// Writes what [`bundle::close`] refuses to: a statement about `sweep.json` and these loads.
#[track_caller]
fn state(dir: &Dir, sweep: &Value, loads: &[&str]) {
    let bytes = serde_json::to_vec_pretty(sweep).unwrap();
    dir.write(SWEEP, &bytes);
    let subject = |name: &str| {
        let digest = sha256_hex(dir.read(&format!("results/{name}")));
        json!({"name": name, "digest": {"sha256": digest}})
    };
    let names = loads.iter().map(|load| format!("{load}/bundle.json"));
    let subjects: Vec<Value> = names
        .chain(["sweep.json".to_owned()])
        .map(|name| subject(&name))
        .collect();
    let mut statement = dir.json(STATEMENT);
    statement["subject"] = json!(subjects);
    statement["predicate"]["sweep"] = sweep.clone();
    dir.write(STATEMENT, statement.to_string());
}

#[test]
fn every_figure_of_a_sweep_follows_from_its_loads() {
    let (server, dir) = (server(Some(20)), even(3000));
    let url = format!("http://{}", server.addr());
    let flags = "--steps 3 --step-duration 1s --goal --slo latency=300ms --tolerance 0.3";
    dir.replay(&format!(
        "sweep w.wlc --url {url} --out results {ANY_MACHINE} {flags}"
    ))
    .run()
    .ok();
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
    assert_eq!(faults(&dir, ""), [""; 0]);
    let honest = dir.json(SWEEP);
    let half = |pointer: &str| json!(honest.pointer(pointer).unwrap().as_f64().unwrap() / 2.0);
    // Where, what is said instead, and what only the workload tells.
    let forged = [
        (
            "/steps/0/latency_p50_s",
            half("/steps/0/latency_p50_s"),
            false,
        ),
        ("/steps/2/goodput_share", json!(0.125), false),
        ("/steps/1/requests", json!(7), false),
        ("/steps/1/speed", half("/steps/1/speed"), false),
        ("/steps/1/in_flight_max", json!(1), false),
        (
            "/steps/0/completed_rate",
            half("/steps/0/completed_rate"),
            true,
        ),
        ("/steps/0/is_short", json!(true), true),
        ("/saturation/probes/0/rate", json!(1.5), false),
        ("/saturation/probes/1/failed", json!(3), false),
        ("/saturation/rate", half("/saturation/rate"), true),
        ("/saturation/high", half("/saturation/high"), true),
        ("/saturation/why", json!("so it is"), true),
        ("/knee/rate", json!(1e6), false),
        ("/knee/why", json!("so it is"), false),
        ("/goal/rate", json!(1e6), false),
        ("/goal/holds_at", json!(1e6), false),
        ("/goal/trials/0/latency_p99_s", json!(1e-3), false),
        ("/goal/trials/1/asked_rate", json!(1e3), false),
    ];
    for (pointer, value, needs_workload) in forged {
        let mut sweep = honest.clone();
        *sweep.pointer_mut(pointer).expect(pointer) = value;
        forge(&dir, &sweep);
        let mut key = String::new();
        for part in pointer[1..].split('/') {
            match part.parse::<usize>() {
                Ok(place) => key += &format!("[{place}]"),
                Err(_) if key.is_empty() => key += part,
                Err(_) => key += &format!(".{part}"),
            }
        }
        let named = format!("sweep.json: {key}: is ");
        assert_named(&faults(&dir, "--workload w.wlc"), &[&named], None);
        let without = faults(&dir, "");
        match needs_workload {
            true => assert!(
                !without.iter().any(|fault| fault.starts_with(&named)),
                "{pointer}"
            ),
            false => assert_named(&without, &[&named], None),
        }
    }
    // The last trial of a search that was to go on.
    let mut sweep = honest.clone();
    let trials = sweep["goal"]["trials"].as_array_mut().unwrap();
    let last = trials.pop().unwrap()["directory"]
        .as_str()
        .unwrap()
        .to_owned();
    std::fs::rename(dir.path(&format!("results/{last}")), dir.path("away")).unwrap();
    forge(&dir, &sweep);
    let named = "sweep.json: goal.trials: the search had not come to its end";
    assert_named(&faults(&dir, ""), &[named], Some(1));
    std::fs::rename(dir.path("away"), dir.path(&format!("results/{last}"))).unwrap();
    forge(&dir, &honest);
    assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0]);
}

#[test]
fn a_sweep_is_of_all_loads_that_it_names_and_of_no_other() {
    let dir = closed_sweep();
    let honest = dir.json(SWEEP);
    let again = "bundle.json: whole file: cannot be made again of the files: ";
    let refused = |what: &str| assert_named(&faults(&dir, ""), &[&format!("{again}{what}")], None);
    // Figures without a load.
    state(&dir, &honest, &["step-01"]);
    refused("the statement must be about step-02/bundle.json, too");
    state(&dir, &honest, &[]);
    refused("the statement must be about step-01/bundle.json, too");
    // A load of which nothing is said: by a sweep that came to its end, and by one that did not.
    let mut fewer = honest.clone();
    fewer["steps"].as_array_mut().unwrap().pop();
    state(&dir, &fewer, &["step-01", "step-02"]);
    refused("the statement is about \"step-02/bundle.json\"");
    fewer["interrupted"] = json!(true);
    forge(&dir, &fewer);
    let named = "step-02/run.json: end.interrupted: is false, and sweep.json does not speak of it";
    let named = named.replace("of it", "of this load");
    assert_named(&faults(&dir, ""), &[&named], Some(1));
    // One load twice, under another name.
    let mut twice = honest.clone();
    twice["steps"][1] = twice["steps"][0].clone();
    state(&dir, &twice, &["step-01"]);
    refused("sweep.json: a load lies in \"step-01\", and a sweep calls it step-02");
    // What else lies there is no load.
    Call::new("cp")
        .cwd(dir.path("."))
        .words("-r results/step-01 results/old")
        .run()
        .ok();
    forge(&dir, &honest);
    let text = verify(&dir, "--workload w.wlc").ok().stdout;
    assert!(text.contains("note: old/: not in the statement"), "{text}");
}

#[test]
fn a_sweep_that_was_stopped_is_verified_with_the_load_that_it_does_not_name() {
    // Within the first probe, and within the second step.
    for (flags, arrivals, load) in [
        ("", 30, "probe-1"),
        ("--up-to 20 --steps 2 --step-duration 5s", 55, "step-02"),
    ] {
        let (server, dir) = (server(Some(20)), even(600));
        let url = format!("http://{}", server.addr());
        let call = format!("sweep w.wlc --url {url} --out results {ANY_MACHINE} {flags}");
        let running = dir.replay(&call).start();
        await_arrivals(arrivals, || server.arrivals().len());
        running.interrupt();
        running.wait().expect(130);
        let names = dir.json(STATEMENT)["subject"].to_string();
        assert!(names.contains(&format!("{load}/bundle.json")), "{names}");
        assert_eq!(faults(&dir, "--workload w.wlc"), [""; 0], "{load}");
    }
}
