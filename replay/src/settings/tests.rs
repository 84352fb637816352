//! Flags, hints and defaults, and who wins.

use super::*;
use crate::cli::{Cli, Verb};
use clap::Parser;

/// What `replay run w.wlc FLAGS` means.
pub(crate) fn args(flags: &str) -> FireArgs {
    let line = format!("replay run w.wlc {flags}");
    match Cli::try_parse_from(line.split_whitespace()).unwrap().verb {
        Verb::Run(args) => args.fire,
        _ => unreachable!(),
    }
}

fn hints() -> Hints {
    Hints {
        workers: Some(3),
        max_in_flight: Some(64),
        connections: Some(8),
        timeout_ns: Some(1_500_000_000),
        url: Some("http://hint".into()),
        sweep: None,
        slos: Vec::new(),
    }
}

#[test]
fn a_flag_wins_over_a_hint_and_a_hint_over_the_default() {
    let asked = Asked::new(&args("--workers 1 --url http://flag"), &hints(), None).unwrap();
    assert_eq!(asked.workers, Setting::of(Some(1), None));
    assert_eq!(asked.urls.value, Some(vec!["http://flag".to_owned()]));
    assert_eq!(asked.connections, Setting::of(None, None));
    // 64 in flight would need 64 connections, and there may be 8.
    assert_eq!(
        asked.from_workload().unwrap(),
        "--max-in-flight 8 --timeout 1.5s"
    );
    let hinted = Asked::new(&args("--workers 1"), &hints(), None).unwrap();
    let told = hinted.from_workload().unwrap();
    assert!(told.starts_with("--url http://hint "), "{told}");
    let two = Asked::new(&args("--url http://a --url http://b"), &hints(), None).unwrap();
    assert_eq!(two.urls.value.unwrap(), ["http://a", "http://b"]);
    let none = Asked::new(&args(""), &Hints::default(), None).unwrap();
    assert_eq!(none.workers, Setting::of(None, None));
    assert_eq!(none.workers.origin, Origin::Default);
    assert_eq!(none.from_workload(), None);
}

#[test]
fn one_slo_that_is_typed_replaces_all_that_the_workload_recommends() {
    let slo = |metric: &str, limit_ns| SloHint {
        metric: metric.to_owned(),
        limit_ns,
    };
    let mut hints = Hints {
        slos: vec![slo("ttft", 500_000_000), slo("tpot", 30_000_000)],
        ..Hints::default()
    };
    let of = |flags: &str, hints: &Hints| Asked::new(&args(flags), hints, None);
    let said = |asked: Asked| {
        let slos = asked.slos.value.unwrap_or_default();
        let slos = slos.iter().map(ToString::to_string).collect::<Vec<_>>();
        (slos.join(" "), asked.slos.origin)
    };
    let hinted = of("", &hints).unwrap();
    let flags = hinted.from_workload().unwrap();
    assert_eq!(flags, "--slo ttft=500ms --slo tpot=30ms");
    assert_eq!(
        said(hinted),
        ("ttft=500ms tpot=30ms".into(), Origin::Workload)
    );
    let typed = of("--slo latency=2s", &hints).unwrap();
    assert_eq!(typed.from_workload(), None);
    assert_eq!(said(typed), ("latency=2s".into(), Origin::Flag));
    let none = of("", &Hints::default()).unwrap();
    assert_eq!(said(none), (String::new(), Origin::Default));
    let twice = of("--slo ttft=1s --slo ttft=2s", &hints).unwrap_err();
    assert!(
        twice.message.contains("--slo: ttft has two limits"),
        "{}",
        twice.message
    );
    hints.slos[0].metric = "speed".into();
    let unknown = of("", &hints).unwrap_err();
    assert!(
        unknown.message.contains("help: give --slo"),
        "{}",
        unknown.message
    );
    of("--slo ttft=1s", &hints).unwrap();
}

#[test]
fn a_hint_that_cannot_be_followed_is_refused_unless_a_flag_replaces_it() {
    type Change = fn(&mut Hints);
    let cases: [(&str, &str, Change); 4] = [
        ("--workers", "1", |hints| {
            hints.workers = Some(MAX_WORKERS + 1)
        }),
        ("--max-in-flight", "9", |hints| {
            (hints.max_in_flight, hints.connections) = (Some(1 << 40), None);
        }),
        ("--timeout", "1s", |hints| hints.timeout_ns = Some(1)),
        ("--timeout", "1s", |hints| hints.timeout_ns = Some(u64::MAX)),
    ];
    for (flag, value, change) in cases {
        let mut hints = hints();
        change(&mut hints);
        let failure = Asked::new(&args(""), &hints, None).expect_err(flag);
        assert_eq!(failure.status, crate::exit::WRONG_INPUT);
        let advice = format!("help: give another {flag}");
        assert!(failure.message.contains(&advice), "{}", failure.message);
        Asked::new(&args(&format!("{flag} {value}")), &hints, None).unwrap();
    }
}
