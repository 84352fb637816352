//! `--set`: overrides are held to the same rules as the spec, and name themselves when they break
//! one.

use compiler::samplers::{Interval, RateProfile};
use compiler::spec::{Load, Spec, SpecError};
use proptest::prelude::*;

/// A good spec; the tests override parts of it.
const BASE: &str = "\
models: [{name: m}]
data:
  type: synthetic
  input_distribution: {type: lognormal, mean: 512, std_dev: 256}
  output_distribution: fixed(128)
load:
  type: poisson
  stages: [{rate: 50, duration: 60}]
";

fn parse_with(text: &str, sets: &[&str]) -> Result<Spec, SpecError> {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let mut no_files = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    Spec::parse(text, "s.yaml", &sets, &mut no_files)
}

/// `text` with one piece replaced, which must be there.
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    text.replacen(old, new, 1)
}

#[test]
fn overrides_replace_add_and_remove() {
    let sets = [
        "load.stages.0.rate=1.5k/s",
        "load.stages.1={rate: 7, duration: 1m}",
        "seed=9",
        "api.streaming=true",
        "data.output_distribution=uniform(3, 4)",
        "load.type=constant",
    ];
    let spec = parse_with(BASE, &sets).unwrap();
    assert_eq!(spec.seed, Some(9));
    assert!(spec.populations[0].api.streaming);
    let Load::Open {
        interval, stages, ..
    } = &spec.populations[0].load
    else {
        panic!("{:?}", spec.populations[0].load);
    };
    assert_eq!(*interval, Interval::Even);
    let profiles: Vec<RateProfile> = stages.iter().map(|stage| stage.profile).collect();
    let sixty_s = 60_000_000_000;
    assert_eq!(
        profiles,
        [
            RateProfile::flat(1_500_000_000, sixty_s),
            RateProfile::flat(7_000_000, sixty_s)
        ]
    );
    let removed = parse_with(&with(BASE, "load:", "seed: 5\nload:"), &["seed="]).unwrap();
    assert_eq!(removed.seed, None);
    let twice = parse_with(BASE, &["seed=1", "seed=2"]).unwrap();
    assert_eq!(twice.seed, Some(2), "the last override wins");
}

#[test]
fn overrides_reach_into_a_population() {
    let text = with(BASE, "load:", "populations: [{name: a}, {name: b}]\nload:");
    let set = "populations.1.api.streaming=true";
    let spec = parse_with(&text, &[set]).unwrap();
    let streaming: Vec<bool> = spec.populations.iter().map(|p| p.api.streaming).collect();
    assert_eq!(streaming, [false, true]);
}

#[test]
fn wrong_overrides_name_themselves_and_no_line() {
    for (set, what, remedy) in [
        ("seed", "--set …: there is no `=`", "--set PATH=VALUE"),
        (
            "load.type: a=b",
            "--set …: there is a colon or a space before the `=`",
            "--set PATH=VALUE",
        ),
        (
            "a..b=1",
            "--set a..b: a step of the path is empty",
            "--set PATH=VALUE",
        ),
        ("=1", "a step of the path is empty", "--set PATH=VALUE"),
        (
            "load.stages.5.rate=1",
            "there is no item 5 in a list of 1",
            "--set PATH=VALUE",
        ),
        (
            "load.stages.first.rate=1",
            "`first` is a step into a list of 1",
            "--set PATH=VALUE",
        ),
        (
            "load.type.x=1",
            "`x` is a step into text",
            "--set PATH=VALUE",
        ),
        (
            "seed=[1",
            "--set seed: the value is no YAML of a spec",
            "check its brackets",
        ),
        (
            "load.stages.0.rate=0",
            "--set load.stages.0.rate: `load.stages[0].rate`: `0` must be more than 0",
            "requests per second",
        ),
        (
            "load.colour=0",
            "--set load.colour: unknown key `load.colour`",
            "the keys here are",
        ),
        (
            "load.stages.1.rate=1",
            "--set load.stages.1.rate: missing `load.stages[1].duration`",
            "in seconds",
        ),
        (
            "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1",
            "too many steps",
            "--set PATH=VALUE",
        ),
    ] {
        let error = parse_with(BASE, &[set]).expect_err(set);
        assert!(error.what.contains(what), "{set}: {error}");
        assert!(error.remedy.contains(remedy), "{set}: {error}");
        assert_eq!((error.line, error.column), (None, None), "{set}");
    }
}

#[test]
fn a_secret_in_an_override_is_not_repeated() {
    for set in [
        "server.api_key=hunter2",
        "server.api_key=[hunter2",
        "server.api_key='hunter2",
        "server.api_key=*hunter2",
        "server.api_key=!hunter2 x",
        "server.api_key={hunter2: a, hunter2: b}",
        "server.api_key:hunter2",
        "server.api_key: hunter2==",
        "server.api_key hunter2",
        "api.headers.authorization=Bearer hunter2",
        "api.headers={authorization: Bearer hunter2}",
        "server.base_url=http://me:hunter2@host/",
        "server.base_url=http://me:hunt#hunter2@host/",
        "server.base_url=hunter2",
        "metrics.url=http://me:hunter2@host/",
        "metrics.url=http://me:1234#hunter2@host/",
    ] {
        let error = parse_with(BASE, &[set]).expect_err(set).to_string();
        assert!(error.contains("--set "), "{set}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn an_error_elsewhere_keeps_its_line_beside_an_override() {
    let error = parse_with(&with(BASE, "rate: 50", "rate: 0"), &["seed=1"]).unwrap_err();
    assert_eq!((error.line, error.column), (Some(8), Some(19)));
}

#[test]
fn syntax_is_checked_before_overrides() {
    let error = parse_with("models: [", &["models=x"]).unwrap_err();
    assert_eq!(error.line, Some(1), "{error}");
}

proptest! {
    #[test]
    fn no_override_makes_the_parser_panic(set in "[a-z.=0-9\\[\\]{}:,' -]{0,40}") {
        let _ = parse_with(BASE, &[&set]);
        let _ = parse_with(BASE, &[&format!("load.stages.0.{set}")]);
    }
}
