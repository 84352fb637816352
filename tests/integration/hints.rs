//! What a workload recommends is followed where no flag says otherwise, and is told.

use crate::made::{self, REQUESTS};
use crate::support::{dir, server};
use harness::Dir;
use schemas::manifest::{Hints, SloHint};
use serde_json::{Value, json};

/// Where nobody listens.
const DEAD_URL: &str = "http://127.0.0.1:9";

fn slo(metric: &str, limit_ns: u64) -> SloHint {
    SloHint {
        metric: metric.to_owned(),
        limit_ns,
    }
}

fn with_hints(hints: Hints) -> Dir {
    let dir = dir();
    made::write(&dir.path("w.wlc"), |made| made.hints = hints);
    dir.wlc("verify w.wlc").run().ok();
    dir
}

#[track_caller]
fn assert_all_sent(dir: &Dir) -> Value {
    let accounting = &dir.json("results/summary.json")["accounting"];
    assert_eq!(accounting["ok"], REQUESTS, "{accounting}");
    dir.json("results/run.json")
}

#[test]
fn a_workload_names_its_server_and_its_settings() {
    let server = server(0, 0);
    let url = format!("http://{}", server.addr());
    let dir = with_hints(Hints {
        workers: Some(2),
        max_in_flight: Some(8),
        connections: Some(100),
        timeout_ns: Some(30_000_000_000),
        url: Some(url.clone()),
        sweep: None,
        slos: vec![slo("ttft", 500_000_000)],
    });
    let outcome = dir.replay("run w.wlc --out results").run().ok();
    let told =
        format!("--url {url} --workers 2 --max-in-flight 8 --timeout 30s --slo ttft=500ms\n");
    assert!(outcome.stderr.contains(&told), "{}", outcome.stderr);
    let run = assert_all_sent(&dir);
    assert_eq!(run["targets"][0]["url"], url);
    for settings in ["requested", "effective"] {
        assert_eq!(run[settings]["workers"], 2);
        assert_eq!(run[settings]["max_in_flight"], 8);
        assert_eq!(run[settings]["timeout_ns"], 30_000_000_000_u64);
    }
    let origins = run["origins"].as_object().expect("an object");
    assert_eq!(origins.len(), 6);
    assert_eq!(
        run["slos"],
        json!([{"metric": "ttft", "limit_ns": 500_000_000}])
    );
    for (setting, origin) in origins {
        let expected = match setting.as_str() {
            "connections" => "default",
            _ => "workload",
        };
        assert_eq!(origin, expected, "{setting}");
    }
}

#[test]
fn a_flag_wins_over_every_hint() {
    let server = server(0, 0);
    let dir = with_hints(Hints {
        workers: Some(200),
        max_in_flight: Some(1),
        connections: Some(u64::MAX),
        timeout_ns: Some(1),
        url: Some(DEAD_URL.into()),
        sweep: None,
        slos: vec![slo("ttft", 1), slo("latency", 1)],
    });
    let flags = "--workers 1 --max-in-flight 4 --connections 2 --timeout 20s --slo tpot=30ms";
    let call = format!(
        "run w.wlc --out results --url http://{} {flags}",
        server.addr()
    );
    let outcome = dir.replay(&call).run().ok();
    assert!(!outcome.stderr.contains("recommend"), "{}", outcome.stderr);
    let run = assert_all_sent(&dir);
    assert_eq!(run["effective"]["workers"], 1);
    assert_eq!(
        run["slos"],
        json!([{"metric": "tpot", "limit_ns": 30_000_000}])
    );
    assert_eq!(run["effective"]["max_in_flight"], 4);
    assert_eq!(run["effective"]["connections"], 2);
    assert_eq!(run["effective"]["timeout_ns"], 20_000_000_000_u64);
    let origins = run["origins"].as_object().expect("an object");
    assert!(origins.values().all(|origin| origin == "flag"));
}

#[test]
fn without_flags_and_hints_the_defaults_are_called_defaults() {
    let server = server(0, 0);
    let dir = with_hints(Hints::default());
    let call = format!("run w.wlc --out results --url http://{}", server.addr());
    dir.replay(&call).run().ok();
    let run = assert_all_sent(&dir);
    assert_eq!(run["requested"]["workers"], Value::Null);
    let default = "default";
    let expected = json!({
        "url": "flag", "workers": default, "max_in_flight": default, "connections": default,
        "timeout_ns": default, "slos": default,
    });
    assert_eq!(run["origins"], expected);
}

#[test]
fn a_url_that_nobody_names_is_asked_for() {
    let dir = with_hints(Hints::default());
    let outcome = dir.replay("run w.wlc --out results").run().expect(2);
    assert!(outcome.stderr.contains("no --url"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("help: name the server"));
    assert_eq!(dir.list("."), ["w.wlc"]);
}

#[test]
fn a_dead_url_of_the_workload_is_told_from_one_of_the_user() {
    let dir = with_hints(Hints {
        url: Some(DEAD_URL.into()),
        ..Hints::default()
    });
    let advice = "the workload recommends this URL; name another with --url";
    let hinted = dir.replay("run w.wlc --out results").run().expect(3);
    assert!(hinted.stderr.contains(advice), "{}", hinted.stderr);
    let call = format!("run w.wlc --out results --url {DEAD_URL}");
    let typed = dir.replay(&call).run().expect(3);
    assert!(!typed.stderr.contains(advice), "{}", typed.stderr);
    assert_eq!(dir.list("."), ["w.wlc"]);
}

#[test]
fn a_hint_that_cannot_be_followed_is_refused_and_not_bent() {
    let server = server(0, 0);
    let dir = with_hints(Hints {
        workers: Some(100_000),
        url: Some(format!("http://{}", server.addr())),
        ..Hints::default()
    });
    let outcome = dir.replay("run w.wlc --out results").run().expect(2);
    assert!(outcome.stderr.contains("give another --workers"));
    assert!(server.arrivals().is_empty());
    dir.replay("run w.wlc --out results --workers 1").run().ok();
    assert_all_sent(&dir);
}
