//! One preparation that is fired many times in one process: each run is a whole run of what it was
//! told, and says so.

use crate::support::{chat_spec, compile, dir, requests, server};
use harness::{Dir, sha256_hex};
use mock_llm::Server;
use replay::analysis::verdict::{Check, Word};
use replay::cli::{Verb, parse};
use replay::firing::{Firing, Step, summarise};
use schemas::frames::Records;
use schemas::reader::Workload;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

fn url(server: &Server) -> String {
    format!("http://{}", server.addr())
}

/// A workload of the directory, ready to be fired.
#[track_caller]
fn firing(dir: &Dir, url: &str, flags: &str) -> Firing {
    let file = dir.path("w.wlc");
    let words = format!("--url {url} --quiet {flags}");
    let args = ["replay".into(), "run".into(), file.into_os_string()]
        .into_iter()
        .chain(words.split_whitespace().map(OsString::from));
    let Verb::Run(args) = parse(args).expect("flags that there are").verb else {
        panic!("not a run")
    };
    Firing::prepare(&args.fire).unwrap_or_else(|failure| panic!("{}", failure.message))
}

/// Fires a step into a directory of this name; gives what `run.json` says.
#[track_caller]
fn fire(firing: &Firing, dir: &Dir, name: &str, step: &Step) -> replay::run_info::RunInfo {
    let fired = firing.fire(step, &dir.path(name));
    let fired = fired.unwrap_or_else(|failure| panic!("{}", failure.message));
    assert!(!fired.interrupted);
    let on_disk = replay::run_info::RunInfo::read(&dir.path(name)).expect("a description");
    assert_eq!(fired.info, on_disk);
    on_disk
}

#[test]
fn a_part_and_the_whole_are_fired_from_one_preparation_and_each_says_what_it_was() {
    let (dir, server) = (dir(), server(0, 0));
    let workload = requests(&dir, "w", &chat_spec(50, "2s"), "");
    let flags = "--slo ttft=1s --threshold schedule_delay_p99_degraded_s=0";
    let firing = firing(&dir, &url(&server), flags);
    let first = Step {
        requests: Some(30),
        speed: replay::engine::schedule::Speed::new(10.0),
        ..Step::default()
    };
    let part = fire(&firing, &dir, "part", &first);
    let arrived = server.arrivals();
    let arrived: BTreeSet<_> = arrived
        .iter()
        .filter_map(|a| a.body_sha256.clone())
        .collect();
    let asked: BTreeSet<_> = workload[..30].iter().map(|r| sha256_hex(&r.body)).collect();
    assert_eq!(arrived, asked, "the first thirty and no other");
    let whole = fire(&firing, &dir, "whole", &Step::default());
    assert_eq!(server.arrivals().len(), 130);
    assert_eq!(part.workload, whole.workload);
    assert_eq!(part.workload.requests, 100);
    assert!(
        part.workload
            .spec
            .as_ref()
            .is_some_and(|spec| spec.text.contains("seed: 11"))
    );
    assert_eq!(part.workload.seed, Some(11));
    let said = |info: &replay::run_info::RunInfo| {
        (
            info.effective.requests,
            info.effective.speed,
            info.stages[0].requests,
        )
    };
    assert_eq!(said(&part), (Some(30), Some(10.0), 30));
    assert_eq!(said(&whole), (None, Some(1.0), 100));
    for (name, info, count) in [("part", part, 30), ("whole", whole, 100)] {
        let used = info.threads[0].used.expect("this kernel counts");
        let end = info.end.expect("an end");
        assert!(used.cpu_ns > 0 && used.voluntary_switches > 0, "{used:?}");
        assert_eq!(
            end.involuntary_context_switches,
            Some(used.involuntary_switches)
        );
        assert!(end.steal_ns.is_some() && !end.cut_short);
        assert_eq!(info.slos[0].to_string(), "ttft=1s");
        let (_, summary) = summarise(&dir.path(name)).unwrap_or_else(|f| panic!("{}", f.message));
        let counted = &summary.accounting;
        assert_eq!(
            (counted.scheduled, counted.ok, counted.unaccounted),
            (count, count, 0)
        );
        let held = summary
            .verdict
            .reasons
            .iter()
            .find(|r| r.check == Check::ScheduleDelayP99);
        assert_eq!(
            held.and_then(|reason| reason.threshold),
            Some(0.0),
            "as was asked for"
        );
    }
    let again = firing
        .fire(&first, &dir.path("part"))
        .err()
        .expect("it holds a run");
    assert_eq!(again.status, replay::exit::WRONG_INPUT);
}

#[test]
fn a_run_that_is_too_long_is_cut_short_and_waits_for_its_answers() {
    let (dir, server) = (dir(), server(300, 0));
    compile(&dir, "w", &chat_spec(50, "2s"), "");
    let firing = firing(&dir, &url(&server), "");
    let for_at_most = |longest| Step {
        longest: Some(longest),
        ..Step::default()
    };
    let cut = fire(
        &firing,
        &dir,
        "cut",
        &for_at_most(Duration::from_millis(700)),
    );
    let end = cut.end.expect("an end");
    assert!(end.cut_short && !end.interrupted);
    let (_, summary) = summarise(&dir.path("cut")).unwrap_or_else(|f| panic!("{}", f.message));
    let counted = &summary.accounting;
    assert!(counted.ok > 0 && counted.not_sent > 0, "{counted:?}");
    assert_eq!(
        counted.ok + counted.not_sent,
        100,
        "nothing under way was given up"
    );
    assert_eq!(summary.verdict.verdict, Word::Invalid);
    let checks: Vec<Check> = summary.verdict.reasons.iter().map(|r| r.check).collect();
    assert!(checks.contains(&Check::CutShort), "{checks:?}");
    let long = fire(
        &firing,
        &dir,
        "long",
        &for_at_most(Duration::from_secs(600)),
    );
    assert!(!long.end.expect("an end").cut_short);
}

#[test]
fn a_salt_of_each_step_makes_other_bodies_of_one_content_hash() {
    let (dir, server) = (dir(), server(0, 0));
    let spec = chat_spec(50, "1s").replace("data: {", "data: {salt: true, ");
    compile(&dir, "w", &spec, "");
    let firing = firing(&dir, &url(&server), "--speed 10");
    assert!(firing.takes_salt());
    let salted = |salt: &str| Step {
        salt: Some(salt.to_owned()),
        ..Step::default()
    };
    let one = fire(&firing, &dir, "one", &salted("s-step-1"));
    let other = fire(&firing, &dir, "other", &salted("s-step-2"));
    assert_eq!(one.workload.content_hash, other.workload.content_hash);
    assert_eq!(one.effective.salt.expect("a salt").text, "s-step-1");
    let arrivals = server.arrivals();
    let bodies: BTreeSet<_> = arrivals.iter().map(|a| a.body_sha256.clone()).collect();
    assert_eq!(
        (arrivals.len(), bodies.len()),
        (100, 100),
        "none was sent twice"
    );
}

#[test]
fn a_salt_that_nothing_would_be_salted_by_is_refused_before_a_byte_is_sent() {
    let (dir, server) = (dir(), server(0, 0));
    compile(&dir, "w", &chat_spec(50, "1s"), "");
    let firing = firing(&dir, &url(&server), "");
    assert!(!firing.takes_salt());
    let step = Step {
        salt: Some("s".into()),
        ..Step::default()
    };
    let failure = firing
        .fire(&step, &dir.path("never"))
        .err()
        .expect("refused");
    assert_eq!(failure.status, replay::exit::WRONG_INPUT);
    assert!(!dir.path("never").exists());
    assert!(server.arrivals().is_empty());
}

#[test]
fn records_know_the_population_that_the_labels_name() {
    let (dir, server) = (dir(), server(0, 0));
    let population = |name: &str, turns: u32| {
        format!(
            "- name: {name}\n  models: [{{name: m}}]\n  \
             data: {{type: synthetic, input_distribution: '5', output_distribution: '2'}}\n  \
             sessions: {{turns: {turns}, delay: 1ms}}\n  \
             load: {{type: poisson, stages: [{{rate: 20, duration: 2}}]}}\n"
        )
    };
    let spec = format!(
        "seed: 5\napi: {{type: chat, streaming: true}}\npopulations:\n{}{}",
        population("second", 2),
        population("first", 1)
    );
    compile(&dir, "w", &spec, "");
    let info = fire(
        &firing(&dir, &url(&server), "--speed 4"),
        &dir,
        "run",
        &Step::default(),
    );
    assert_eq!(
        info.populations,
        ["second", "first"],
        "in the order of the spec"
    );
    let workload = Workload::open(&dir.path("w.wlc")).expect("a workload");
    let records = Records::read(&dir.path("run/records.wlr")).expect("records");
    assert_eq!(records.results.len(), workload.requests().len());
    for result in &records.results {
        let request = &workload.requests()[result.record.index.get() as usize];
        let labels = workload
            .tables()
            .named_pairs(request.labels.get())
            .expect("labels");
        let (_, named) = labels
            .iter()
            .find(|(name, _)| *name == "population")
            .expect("a name");
        let number = usize::from(result.record.population.get());
        assert_eq!(info.populations[number - 1], *named);
    }
}
