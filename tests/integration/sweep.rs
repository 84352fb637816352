//! `replay sweep` against a server whose capacity is known: places and service time.
//!
//! The server keeps its places in the time of its timetable, so its capacity is exact however busy
//! this machine is. What the verdict says of the machine is left out by thresholds that nothing
//! reaches: it is not what is tested here. A machine that stands still for a moment still sends late
//! then, so nothing here asks for more than it can do; the exact figures are tested against a simulated
//! server, in `replay`.

use crate::support::{await_arrivals, compile, dir};
use harness::Dir;
use mock_llm::{Config, Server};
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;

/// Nothing is said of the machine that fires.
pub const ANY_MACHINE: &str = "--threshold run_queue_degraded=1e9 --threshold steal_degraded=1e9 \
    --threshold client_busy_degraded=1e9 --threshold schedule_delay_p99_invalid_s=1e9 \
    --threshold rate_error_invalid=1e9";

/// A server of so many places, 100 ms an answer.
pub fn server(slots: Option<usize>) -> Server {
    let config = Config {
        ttft: Duration::from_millis(100),
        tokens: Some(1),
        slots,
        ..Config::default()
    };
    Server::start(config).expect("a free port")
}

/// So many even requests, one a second, in `w.wlc`.
pub fn even(requests: u32) -> Dir {
    let dir = dir();
    let spec = format!(
        "seed: 5\napi: {{type: completion, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: '5', output_distribution: '1', salt: true}}\n\
         load: {{type: constant, stages: [{{rate: 1, duration: {requests}}}]}}\n"
    );
    compile(&dir, "w", &spec, "");
    dir
}

/// What limited a figure is one of these: a busy machine may have been short of time.
#[track_caller]
fn assert_limited_by(found: &Value, expected: &[&str]) {
    let by = found["limited_by"].as_str().expect("a word");
    assert!(expected.contains(&by), "{found}");
}

/// What a sweep said on stderr, and its result.
#[track_caller]
fn sweep(dir: &Dir, server: &Server, arguments: &str) -> (String, Value) {
    let url = format!("http://{}", server.addr());
    let call = format!("sweep w.wlc --url {url} --out s {ANY_MACHINE} {arguments}");
    let outcome = dir.replay(&call).run().ok();
    (outcome.stderr, dir.json("s/sweep.json"))
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
fn assert_near(found: &Value, expected: f64, tolerance: f64) {
    let off = number(found) / expected - 1.0;
    assert!(off.abs() < tolerance, "{found} is not {expected}");
}

#[test]
fn the_saturation_is_the_servers_capacity() {
    for slots in [20, 10] {
        let (server, dir) = (server(Some(slots)), even(6000));
        let (stderr, found) = sweep(&dir, &server, "--steps 1 --step-duration 1s");
        let saturation = &found["saturation"];
        assert_near(&saturation["rate"], slots as f64 * 10.0, 0.05);
        assert_limited_by(saturation, &["server", "client"]);
        assert!(number(&saturation["low"]) <= number(&saturation["rate"]));
        assert!(number(&saturation["rate"]) <= number(&saturation["high"]));
        assert!(stderr.contains("probe 2: "), "{stderr}");
        assert_eq!(saturation["paced_rate"], saturation["rate"], "no turns");
        assert_eq!(found["steps"][0]["asked_rate"], saturation["paced_rate"]);
        for probe in saturation["probes"].as_array().expect("a list") {
            let directory = probe["directory"].as_str().expect("a name");
            let run = dir.json(&format!("s/{directory}/run.json"));
            assert_eq!(run["effective"]["max_in_flight"], probe["in_flight"]);
            assert_eq!(run["effective"]["requests"], probe["requests"]);
        }
    }
}

#[test]
fn a_server_without_a_limit_is_said_to_have_none() {
    let (server, dir) = (server(None), even(6000));
    let flags = "--max-in-flight 32 --steps 1 --step-duration 1s";
    let (stderr, found) = sweep(&dir, &server, flags);
    let saturation = &found["saturation"];
    assert_limited_by(saturation, &["none", "client"]);
    assert_eq!(saturation["in_flight"], 32);
    // 32 at a time, 100 ms each: twice what 16 give.
    let slowest = number(&saturation["probes"][0]["rate"]);
    let rate = number(&saturation["rate"]);
    assert!(slowest < rate && rate < 400.0, "{saturation}");
    assert!(stderr.contains("warning: saturation: "), "{stderr}");
    if saturation["limited_by"] == "none" {
        let words = "a lower bound; raise --max-in-flight";
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[test]
fn steps_are_one_workload_at_several_rates_and_have_a_knee() {
    let (server, dir) = (server(Some(20)), even(1000));
    let flags = "--up-to 240 --steps 4 --step-duration 4s";
    let (_, found) = sweep(&dir, &server, flags);
    assert_eq!(found["interrupted"], false);
    assert_eq!(found["saturation"], Value::Null);
    let steps = found["steps"].as_array().expect("a list");
    let rates = [60.0, 120.0, 180.0, 240.0];
    assert_eq!(steps.len(), rates.len());
    let mut salts = HashSet::new();
    for (step, rate) in steps.iter().zip(rates) {
        assert_eq!(step["asked_rate"], rate);
        assert_near(&step["speed"], rate, 1e-9);
        let requests = rate * 4.0;
        assert_eq!(step["requests"], requests);
        // n requests are n - 1 gaps, and summaries divide n by them.
        let scheduled = rate * requests / (requests - 1.0);
        assert_near(&step["scheduled_rate"], scheduled, 1e-6);
        assert_near(&step["duration_s"], 4.0, 1e-9);
        assert_eq!(step["is_short"], false);
        // The capacity bounds what is done.
        assert_near(&step["completed_rate"], rate.min(200.0), 0.1);
        let most = number(&step["in_flight_max"]);
        assert!((1.0..=requests).contains(&most), "{step}");
        let run = dir.json(&format!(
            "s/{}/run.json",
            step["directory"].as_str().expect("a name")
        ));
        assert_eq!(
            run["workload"]["content_hash"],
            found["workload"]["content_hash"]
        );
        assert_eq!(run["effective"]["speed"], step["speed"]);
        salts.insert(run["effective"]["salt"]["text"].as_str().map(str::to_owned));
    }
    assert_eq!(
        salts.len(),
        4,
        "each step has prompts of its own: {salts:?}"
    );
    // Beyond the capacity nothing keeps up; a step below it may have had a bad moment.
    let knee = &found["knee"];
    let place = knee["step"].as_u64().expect("a step") as usize;
    assert!(place <= 2, "{knee}");
    assert_eq!(knee["rate"], rates[place]);
    let why = knee["why"].as_str().expect("words");
    let next = format!("at {:.2} requests/s ", rates[place + 1]);
    assert!(why.starts_with(&next), "{why}");
    assert_reports(&dir, &found, place);
}

/// `replay report` knows a sweep.
#[track_caller]
fn assert_reports(dir: &Dir, found: &Value, knee: usize) {
    assert_eq!(&dir.replay("report s --format json").run().json(), found);
    let text = dir.replay("report s").run().ok().stdout;
    let place = format!(" req/s, step {}\n", knee + 1);
    for words in ["knee           ", &place, "< knee", "done/s"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    let step = dir.replay("report s/step-02").run().ok().stdout;
    assert!(step.contains("480 scheduled: 480 sent"), "{step}");
    let refused = dir.replay("report s --format jsonl").run().expect(2);
    assert!(refused.stderr.contains("s/step-01"), "{}", refused.stderr);
}

#[test]
fn it_stops_after_the_first_step_that_misses_the_slos_if_asked() {
    let (server, dir) = (server(Some(20)), even(600));
    let flags = "--up-to 40 --steps 4 --step-duration 2s --slo latency=50ms";
    let (stderr, found) = sweep(&dir, &server, &format!("{flags} --stop-on-slo"));
    assert_eq!(found["steps"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["steps"][0]["goodput_share"], 0.0);
    assert!(stderr.contains("no further step: 0.00 %"), "{stderr}");
    assert_eq!(found["interrupted"], false);
}

#[test]
fn the_goal_is_the_rate_whose_queue_just_meets_the_slo() {
    let (server, dir) = (server(Some(20)), even(2500));
    let flags = "--up-to 200 --steps 1 --step-duration 3s --slo latency=300ms --goal";
    let (_, found) = sweep(&dir, &server, flags);
    let goal = &found["goal"];
    // Above 200/s the queue grows by (rate / 200 - 1) each second; 99 % of three seconds wait 200 ms
    // at most. A tenth more or less is a moment of 200 ms of this machine in a trial.
    let exact = 200.0 * (1.0 + 0.2 / (0.99 * 3.0));
    assert_limited_by(goal, &["server", "client"]);
    let (holds, fails) = (number(&goal["holds_at"]), number(&goal["fails_at"]));
    assert!(holds <= exact * 1.1 && fails >= exact * 0.9, "{goal}");
    assert_eq!(goal["rate"], goal["holds_at"]);
    let has_ended = goal["limited_by"] == "server";
    assert!(
        fails > holds && (!has_ended || fails / holds <= 1.02),
        "{goal}"
    );
    let trials = goal["trials"].as_array().expect("a list");
    for (number, trial) in (1..).zip(trials) {
        assert_eq!(trial["directory"], format!("goal-{number:02}"));
    }
    assert_eq!(trials[0]["asked_rate"], 20.0);
    let text = dir.replay("report s").run().ok().stdout;
    assert!(text.contains("latency at most 300.0 ms"), "{text}");
    assert!(text.contains("is the highest at which"), "{text}");
}

#[test]
fn a_workload_too_short_for_a_trial_proves_nothing() {
    let (server, dir) = (server(None), even(600));
    let flags = "--up-to 400 --steps 1 --step-duration 3s --slo latency=10s --goal";
    let (stderr, found) = sweep(&dir, &server, flags);
    let step = &found["steps"][0];
    assert_eq!(
        (&step["is_short"], &step["duration_s"]),
        (&Value::Bool(true), &Value::from(1.5))
    );
    assert!(stderr.contains("is over in 1.5 s"), "{stderr}");
    let goal = &found["goal"];
    assert_eq!(goal["limited_by"], "too_few_requests", "{goal}");
    assert_eq!(
        (&goal["rate"], &goal["fails_at"]),
        (&Value::from(40.0), &Value::Null)
    );
    let text = dir.replay("report s").run().ok().stdout;
    for words in ["at least 40.00 req/s", "400.0*  ", "* shorter than asked"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn the_workloads_recommendation_is_followed_where_no_flag_says_otherwise() {
    let (server, dir) = (server(None), dir());
    let spec = "seed: 5\napi: {type: completion}\nmodels: [{name: m}]\n\
         data: {type: synthetic, input_distribution: '5', output_distribution: '1'}\n\
         load: {type: constant, sweep: {type: geometric, num_requests: 600, num_stages: 2, \
         stage_duration: 2}}\n";
    compile(&dir, "w", spec, "");
    let (stderr, found) = sweep(&dir, &server, "--up-to 100 --slo latency=10s");
    assert_eq!(found["progression"], "geometric");
    assert_eq!(found["step_duration_s"], 2.0);
    let rates: Vec<f64> = found["steps"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|step| number(&step["asked_rate"]))
        .collect();
    assert_eq!(rates, [10.0, 100.0]);
    assert_eq!(found["steps"][1]["goodput_share"], 1.0);
    assert_eq!(found["knee"], Value::Null, "two steps have none");
    assert!(
        stderr.contains("warning: every step sends the same prompts"),
        "{stderr}"
    );
}

#[test]
fn an_interrupt_leaves_the_steps_that_were_measured() {
    let (server, dir) = (server(Some(20)), even(600));
    let url = format!("http://{}", server.addr());
    // 50 requests in the first step, and 100 in the second, which lasts five seconds.
    let flags = "--up-to 20 --steps 2 --step-duration 5s";
    let call = format!("sweep w.wlc --url {url} --out s {ANY_MACHINE} {flags}");
    let running = dir.replay(&call).start();
    await_arrivals(50 + 5, || server.arrivals().len());
    running.interrupt();
    let outcome = running.wait().expect(130);
    let found = dir.json("s/sweep.json");
    assert_eq!(found["interrupted"], true);
    assert_eq!(found["steps"].as_array().map(Vec::len), Some(1), "{found}");
    assert!(
        outcome.stdout.contains("did not come to its end"),
        "{}",
        outcome.stdout
    );
    assert_eq!(
        dir.list("s"),
        ["bundle.json", "step-01", "step-02", "sweep.json"]
    );
}

#[test]
fn what_cannot_be_swept_is_refused_before_anything_is_sent() {
    let (server, dir) = (server(None), even(600));
    let closed = "load: {type: concurrent, stages: [{num_requests: 600, concurrency_level: 8}]}";
    for (name, load) in [
        ("closed", closed),
        (
            "few",
            "load: {type: constant, stages: [{rate: 10, duration: 49}]}",
        ),
    ] {
        let spec = format!(
            "seed: 5\napi: {{type: completion}}\nmodels: [{{name: m}}]\n\
             data: {{type: synthetic, input_distribution: '5', output_distribution: '1'}}\n{load}\n"
        );
        compile(&dir, name, &spec, "");
    }
    let url = format!("http://{}", server.addr());
    for (arguments, words) in [
        ("closed.wlc", "a closed stage has no rate"),
        ("few.wlc", "490 requests have a time of their own"),
        ("w.wlc --speed 2", "--up-to"),
        ("w.wlc --goal", "--goal needs SLOs"),
        ("w.wlc --stop-on-slo", "--stop-on-slo needs SLOs"),
        ("w.wlc --overload drop", "the probe is a queue"),
        ("w.wlc --start-at 4000000000", "many beginnings"),
    ] {
        let call = format!("sweep {arguments} --url {url} --out s");
        let outcome = dir.replay(&call).run().expect(2);
        assert!(
            outcome.stderr.contains(words),
            "{arguments}: {}",
            outcome.stderr
        );
        assert!(!dir.path("s").exists(), "{arguments}");
    }
    dir.write("s/sweep.json", "{\"format\": 2}");
    let call = format!("sweep w.wlc --url {url} --out s");
    let used = dir.replay(&call).run().expect(2);
    assert!(
        used.stderr.contains("holds results already"),
        "{}",
        used.stderr
    );
    let later = dir.replay("report s").run().expect(2);
    assert!(later.stderr.contains("format 2"), "{}", later.stderr);
    assert!(server.arrivals().is_empty());
}
