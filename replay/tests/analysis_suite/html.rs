//! The page: complete, well-formed and small whatever it is given, and nothing that a file says
//! becomes markup.

use crate::fixture::*;
use replay::analysis::report::html;
use replay::analysis::verdict::Word;
use replay::analysis::{RunData, Window};
use replay::run_info::RunInfo;
use replay::sweep::result::*;
use schemas::hints::Progression;
use schemas::manifest::SpecSource;

const HOSTILE: &str = "</script></style></title><img src=x onerror=\"alert(1)\">'\"&<!--";

fn page(data: &RunData) -> String {
    let mut out = Vec::new();
    html::write(data, &summary(data), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn sweep_page(sweep: &SweepResult) -> String {
    let mut out = Vec::new();
    html::write_sweep(sweep, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Elements that are closed by nothing.
const VOID: [&str; 1] = ["meta"];

/// Everything that is open is closed in turn, and every attribute is in quotes; gives the number of
/// elements of this name.
fn elements(page: &str, name: &str) -> usize {
    let body = page.strip_prefix("<!doctype html>").expect("a document");
    let (mut open, mut found, mut rest) = (Vec::new(), 0, body);
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag has an end");
        let tag = &rest[..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!tag.contains('<'), "{tag}");
        let this = tag.split(['/', ' ']).find(|part| !part.is_empty()).unwrap();
        match tag.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed)),
            None => {
                found += usize::from(this == name);
                if !tag.ends_with('/') && !VOID.contains(&this) {
                    open.push(this);
                }
            }
        }
        rest = &rest[end + 1..];
        if tag == "style" || tag.starts_with("script") {
            rest = &rest[rest.find(&format!("</{this}>")).expect("its end")..];
        }
    }
    assert_eq!(open, [""; 0]);
    found
}

/// What is behind the script.
fn behind(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_run_of_every_outcome_has_its_verdict_figures_and_charts() {
    let data = data(info(), 14, &requests());
    let page = page(&data);
    assert_eq!(elements(&page, "svg"), 8);
    for id in [
        "verdict",
        "times",
        "rate",
        "lag",
        "in-flight",
        "latency",
        "latency-cdf",
        "ttft",
        "itl",
        "lanes",
    ] {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    let verdict = summary(&data).verdict;
    assert_eq!(verdict.verdict, Word::Invalid);
    assert!(page.contains("<b>INVALID</b>"));
    assert_eq!(
        page.matches("class=\"level ").count(),
        verdict.reasons.len()
    );
    for text in [
        "NaN",
        "inf ",
        "undefined",
        "http-equiv=\"refresh\"",
        "<link",
        "<img",
        "src=",
        "href=",
    ] {
        assert!(!page.contains(text), "{text}");
    }
    let charts = behind(&page)["charts"].as_array().unwrap().clone();
    assert_eq!(charts.len(), 7);
    for chart in charts {
        let places = chart["at"].as_array().unwrap().len();
        for row in chart["rows"].as_array().unwrap() {
            assert_eq!(row[1].as_array().unwrap().len(), places, "{}", chart["id"]);
        }
    }
}

#[test]
fn a_run_of_nothing_is_a_page_too() {
    let page = page(&data(info(), 14, &[]));
    elements(&page, "svg");
    assert!(page.contains("nothing to show"));
}

#[test]
fn one_request_and_equal_requests_and_huge_times_are_drawn() {
    let huge = sent(1, 1, 1 << 40, 1 << 38, 1 << 39).stream(&[0, 1 << 38]);
    for made in [
        vec![sent(0, 1, 0, 0, 0)],
        (0..14)
            .map(|index| sent(index, 1, 5, 1, 3).stream(&[1, 2]))
            .collect(),
        vec![sent(0, 1, 0, 0, 1), huge],
    ] {
        let page = page(&data(info(), 14, &made));
        elements(&page, "svg");
        assert!(!page.contains("NaN") && !page.contains("inf\""));
    }
}

#[test]
fn no_name_becomes_markup() {
    let mut info = info();
    info.stages[1].name = Some(HOSTILE.into());
    info.command = vec!["replay".into(), HOSTILE.into()];
    info.targets[0].url = HOSTILE.into();
    info.host.cpu = Some(HOSTILE.into());
    info.effective.api_key_env = Some(HOSTILE.into());
    info.workload.spec = Some(SpecSource {
        text: HOSTILE.into(),
        sha256: HOSTILE.into(),
        sets: vec![HOSTILE.into()],
    });
    let clean = elements(&page(&data(self::info(), 14, &requests())), "script");
    let page = page(&data(info, 14, &requests()));
    assert_eq!(elements(&page, "script"), clean);
    assert_eq!(elements(&page, "img"), 0);
    assert!(!page.contains("<img") && !page.contains("<!--"));
    assert!(page.matches("&lt;img src=x").count() >= 6);
}

#[test]
fn ten_thousand_requests_are_less_than_3_mb_and_a_sample_of_lanes_is_owned_up_to() {
    let mut info = many(10_000);
    info.workload.requests = 10_000;
    let made: Vec<Made> = (0..10_000)
        .map(|index| {
            sent(index, 1, index * 60, 1 + index % 9, 400 + index % 700).stream(&[100, 200, 350])
        })
        .collect();
    let page = page(&data(info, 10_000, &made));
    elements(&page, "svg");
    assert!(page.len() < 3 << 20, "{}", page.len());
    assert!(page.contains("2\u{202f}000 of 10\u{202f}000 requests shown, every 5th by index"));
    assert_eq!(
        behind(&page)["lanes"]["rows"].as_array().unwrap().len(),
        2_000
    );
}

fn many(requests: u64) -> RunInfo {
    let mut info = info();
    info.stages[1].requests = requests;
    info
}

#[test]
fn a_window_is_drawn_as_what_it_is() {
    let window = Window {
        from_ns: 1_000_000_000,
        to_ns: 1_500_000_000,
    };
    let data = data_in(info(), &file_bytes(14, &requests(), true), window);
    elements(&page(&data), "svg");
}

fn step(asked_rate: f64, completed: f64) -> StepResult {
    StepResult {
        directory: format!("step-{asked_rate}"),
        asked_rate,
        speed: 1.0,
        requests: 100,
        paced_share: 1.0,
        duration_s: 4.0,
        is_short: false,
        max_in_flight: Some(64),
        in_flight_max: 20,
        scheduled_rate: Some(asked_rate),
        achieved_rate: Some(asked_rate),
        offered_rate: Some(asked_rate),
        completed_rate: Some(completed),
        latency_p50_s: Some(0.1),
        latency_p99_s: Some(asked_rate / 100.0),
        ttft_p50_s: None,
        ttft_p99_s: None,
        tpot_p50_s: None,
        output_tokens_per_s: Some(completed * 10.0),
        goodput_share: Some(0.9),
        good_per_s: Some(1.0),
        error_rate: Some(0.0),
        verdict: Word::Valid,
    }
}

fn sweep(steps: Vec<StepResult>, knee: Option<Knee>) -> SweepResult {
    SweepResult {
        format: SWEEP_FORMAT,
        replay_version: "0.1.0".into(),
        workload: SweptWorkload {
            content_hash: schemas::hex(&HASH),
            requests: 100,
        },
        slos: vec![],
        progression: Progression::Linear,
        step_duration_s: 4.0,
        interrupted: false,
        saturation: None,
        steps,
        knee,
        goal: None,
    }
}

#[test]
fn a_sweep_shows_its_knee_at_the_top_in_every_chart_and_in_the_table() {
    let steps = [60.0, 120.0, 180.0, 240.0].map(|rate: f64| step(rate, rate.min(200.0)));
    let knee = Knee {
        rate: 180.0,
        step: 2,
        why: HOSTILE.into(),
    };
    let page = sweep_page(&sweep(steps.into(), Some(knee)));
    assert_eq!(elements(&page, "svg"), 4, "TTFT has nothing to show");
    assert_eq!(elements(&page, "img"), 0);
    assert_eq!(page.matches("knee 180 /s").count(), 4);
    assert_eq!(page.matches("<tr class=\"knee\">").count(), 1);
    assert!(page.contains("<b>180 /s</b>") && page.contains("<b>VALID</b>"));
    assert!(page.contains("4 of 4 steps"));
}

#[test]
fn a_sweep_of_nothing_or_with_a_bad_step_does_not_say_valid() {
    let nothing = sweep_page(&sweep(vec![], None));
    elements(&nothing, "svg");
    assert!(nothing.contains("No step was fired") && !nothing.contains("<b>VALID</b>"));
    let mut bad = step(60.0, 10.0);
    bad.verdict = Word::Invalid;
    let page = sweep_page(&sweep(vec![bad, step(120.0, 120.0)], None));
    assert!(page.contains("<b>INVALID</b>") && page.contains("step-60: "));
}
