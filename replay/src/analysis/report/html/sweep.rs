//! The page of a sweep: the knee, what the server can take, and each step's curves.

use super::axis::Axis;
use super::chart::{Chart, Curve, Ink, Mark, ReadOut, Shape};
use super::number::{Quantity, UNKNOWN, count};
use super::page::{Page, Tile, word_name};
use super::tables::{Row, Table, head};
use crate::analysis::verdict::Word;
use crate::sweep::result::{LimitedBy, StepResult, SweepResult};
use std::io::{self, Write};

/// One figure of a step.
type Figure = fn(&StepResult) -> Option<f64>;

/// Writes the report of a sweep.
pub fn write_sweep(sweep: &SweepResult, out: &mut dyn Write) -> io::Result<()> {
    let hash: String = sweep.workload.content_hash.chars().take(12).collect();
    let requests = count(sweep.workload.requests);
    let beside = format!(
        "workload {hash} of {requests} requests · {} steps",
        sweep.steps.len()
    );
    let mut page = Page::new("Sweep", &beside);
    let (word, meaning, reasons) = verdict(sweep);
    page.band(word, &meaning, &reasons);
    page.push("<div id=\"knee\">");
    page.tiles(&tiles(sweep));
    page.push("</div>");
    page.row("", &[latency(sweep), throughput(sweep)]);
    let mut others = vec![tokens(sweep), ttft(sweep)];
    if sweep.steps.iter().any(|step| step.goodput_share.is_some()) {
        others.insert(0, goodput(sweep));
    }
    page.row("", &others);
    let note = "latency is from the scheduled time; completed is what was answered well per second while the step was under way; short: the workload has no more requests";
    page.table("Steps", note, &steps(&sweep.steps, knee_step(sweep)));
    if let Some(goal) = &sweep.goal {
        page.table(
            "Trials of the goal search",
            &goal.why,
            &steps(&goal.trials, None),
        );
    }
    if let Some(saturation) = &sweep.saturation {
        page.table("Probes for saturation", &saturation.why, &probes(sweep));
    }
    page.push(&format!(
        "<section class=\"card\"><h3>Provenance</h3>{}</section>",
        super::tables::facts(&provenance(sweep))
    ));
    page.write("replay: sweep", out)
}

/// The heaviest verdict of a step decides; each step that is not valid is named.
fn verdict(sweep: &SweepResult) -> (Word, String, Vec<(&'static str, String)>) {
    let of = |word| sweep.steps.iter().filter(move |step| step.verdict == word);
    let word = match (of(Word::Invalid).count(), of(Word::Degraded).count()) {
        (0, 0) => Word::Valid,
        (0, _) => Word::Degraded,
        _ => Word::Invalid,
    };
    let mut reasons = Vec::new();
    if sweep.interrupted {
        reasons.push((
            "note",
            "the sweep was interrupted: later steps are missing".to_owned(),
        ));
    }
    for (word, level) in [(Word::Invalid, "invalid"), (Word::Degraded, "degraded")] {
        let names: Vec<&str> = of(word).map(|step| step.directory.as_str()).collect();
        if !names.is_empty() {
            let names = names.join(", ");
            reasons.push((
                level,
                format!("{names}: `replay report` on each directory says why"),
            ));
        }
    }
    let steps = sweep.steps.len();
    let meaning = match steps {
        0 => "No step was fired.".to_owned(),
        _ => format!(
            "{} of {steps} steps put the load on as the workload says.",
            of(Word::Valid).count()
        ),
    };
    let word = if steps == 0 { Word::Invalid } else { word };
    (word, meaning, reasons)
}

fn tiles(sweep: &SweepResult) -> Vec<Tile> {
    let per_s = |rate| Quantity::PerSecond.maybe(rate);
    let knee = sweep.knee.as_ref();
    let mut tiles = vec![Tile {
        name: "Knee: keeps up to",
        value: per_s(knee.map(|knee| knee.rate)),
        beside: match knee {
            Some(knee) => knee.why.clone(),
            None => "none found: it takes three steps, and one that keeps up".to_owned(),
        },
    }];
    if let Some(found) = &sweep.saturation {
        let (low, high) = (per_s(Some(found.low)), per_s(Some(found.high)));
        let paced = match found.paced_rate < found.rate {
            true => format!("{} without turns; ", per_s(Some(found.paced_rate))),
            false => String::new(),
        };
        tiles.push(Tile {
            name: "Saturation",
            value: per_s(Some(found.rate)),
            beside: format!(
                "{low} to {high}, {} in flight; {paced}{}",
                found.in_flight, found.why
            ),
        });
    }
    if let Some(goal) = &sweep.goal {
        let limits = sweep.slos.iter().map(|slo| {
            let limit = Quantity::Seconds.tick(slo.limit_s);
            format!("{} ≤ {limit}", slo.metric.name())
        });
        let limits = limits.collect::<Vec<_>>().join(", ");
        let share = Quantity::Share.tick(goal.share);
        tiles.push(Tile {
            name: "Goal: highest rate that holds",
            value: match (goal.rate, goal.fails_at) {
                (Some(rate), None) => format!("at least {}", per_s(Some(rate))),
                (rate, _) => per_s(rate),
            },
            beside: format!("{share} of the requests keep {limits}; {}", goal.why),
        });
    }
    tiles
}

fn knee_step(sweep: &SweepResult) -> Option<usize> {
    sweep.knee.as_ref().map(|knee| knee.step)
}

fn latency(sweep: &SweepResult) -> Chart {
    let curves = [
        ("p99", Ink::Second, (|step| step.latency_p99_s) as Figure),
        ("p50", Ink::First, |step| step.latency_p50_s),
    ];
    let note = "from the scheduled time, of requests that ended well";
    let up = |values: Vec<f64>| Axis::fitting(Quantity::Seconds, values.into_iter());
    chart(
        sweep,
        ("sweep-latency", "Latency by rate", note),
        &curves,
        up,
    )
}

fn throughput(sweep: &SweepResult) -> Chart {
    let curves = [
        (
            "completed",
            Ink::First,
            (|step| step.completed_rate) as Figure,
        ),
        ("sent", Ink::Second, |step| step.achieved_rate),
        ("asked", Ink::Asked, |step| Some(step.asked_rate)),
    ];
    let note = "requests per second; where completed leaves asked, the server no longer keeps up";
    let up = |values: Vec<f64>| Axis::linear(Quantity::PerSecond, values.into_iter());
    chart(
        sweep,
        ("sweep-throughput", "Throughput by rate", note),
        &curves,
        up,
    )
}

fn goodput(sweep: &SweepResult) -> Chart {
    let curves = [("share", Ink::First, (|step| step.goodput_share) as Figure)];
    let note = "share of the requests that kept every objective";
    let up = |_: Vec<f64>| Axis::tight(Quantity::Share, [1.0].into_iter());
    chart(
        sweep,
        ("sweep-goodput", "Goodput by rate", note),
        &curves,
        up,
    )
}

fn tokens(sweep: &SweepResult) -> Chart {
    let curves = [(
        "output",
        Ink::First,
        (|step| step.output_tokens_per_s) as Figure,
    )];
    let note = "output tokens per second over the whole step";
    let up = |values: Vec<f64>| Axis::linear(Quantity::PerSecond, values.into_iter());
    chart(
        sweep,
        ("sweep-tokens", "Output tokens by rate", note),
        &curves,
        up,
    )
}

fn ttft(sweep: &SweepResult) -> Chart {
    let curves = [
        ("p99", Ink::Second, (|step| step.ttft_p99_s) as Figure),
        ("p50", Ink::First, |step| step.ttft_p50_s),
    ];
    let note = "from the sending, of streamed requests";
    let up = |values: Vec<f64>| Axis::fitting(Quantity::Seconds, values.into_iter());
    chart(sweep, ("sweep-ttft", "TTFT by rate", note), &curves, up)
}

/// A chart over the steps' rates, the knee and the saturation marked.
fn chart(
    sweep: &SweepResult,
    (id, title, note): (&'static str, &'static str, &str),
    figures: &[(&'static str, Ink, Figure)],
    up: impl Fn(Vec<f64>) -> Axis,
) -> Chart {
    let curve = |(name, ink, figure): &(&'static str, Ink, Figure)| Curve {
        name,
        ink: *ink,
        shape: if *ink == Ink::Asked {
            Shape::Line
        } else {
            Shape::Dots
        },
        points: sweep
            .steps
            .iter()
            .map(|step| (step.asked_rate, figure(step)))
            .collect(),
    };
    let curves: Vec<Curve> = figures.iter().map(curve).collect();
    let values = curves.iter().flat_map(|curve| &curve.points);
    let up = up(values.filter_map(|point| point.1).collect());
    let rates = sweep.steps.iter().map(|step| step.asked_rate);
    let texts = |curve: &Curve| {
        let values = curve.points.iter();
        (
            curve.name,
            values.map(|point| up.quantity.maybe(point.1)).collect(),
        )
    };
    let place = |rate: f64| (rate, format!("{} asked", Quantity::PerSecond.text(rate)));
    Chart {
        id,
        title,
        note: note.to_owned(),
        across: Axis::linear(Quantity::PerSecond, rates.clone()),
        up,
        marks: marks(sweep),
        shades: Vec::new(),
        read_out: Some(ReadOut {
            is_down: false,
            places: rates.map(place).collect(),
            texts: curves.iter().rev().map(texts).collect(),
        }),
        curves,
    }
}

fn marks(sweep: &SweepResult) -> Vec<Mark> {
    let knee = sweep.knee.as_ref().map(|knee| Mark {
        at: knee.rate,
        label: format!("knee {}", Quantity::PerSecond.text(knee.rate)),
    });
    knee.into_iter().collect()
}

fn steps(steps: &[StepResult], knee: Option<usize>) -> Table {
    let heads = [
        "step",
        "asked",
        "sent",
        "completed",
        "latency p50",
        "p99",
        "TTFT p50",
        "p99",
        "TPOT p50",
        "tokens out",
        "goodput",
        "errors",
        "requests",
        "verdict",
    ];
    let per_s = |rate| Quantity::PerSecond.maybe(rate);
    let time = |time| Quantity::Seconds.maybe(time);
    let share = |share| Quantity::Share.maybe(share);
    let rows = steps.iter().enumerate().map(|(place, step)| Row {
        class: match step.verdict {
            _ if knee == Some(place) => "knee",
            Word::Invalid => "bad",
            _ => "",
        },
        hint: if knee == Some(place) { "the knee" } else { "" },
        cells: vec![
            match step.is_short {
                true => format!("{} (short)", step.directory),
                false => step.directory.clone(),
            },
            per_s(Some(step.asked_rate)),
            per_s(step.achieved_rate),
            per_s(step.completed_rate),
            time(step.latency_p50_s),
            time(step.latency_p99_s),
            time(step.ttft_p50_s),
            time(step.ttft_p99_s),
            time(step.tpot_p50_s),
            per_s(step.output_tokens_per_s),
            share(step.goodput_share),
            share(step.error_rate),
            count(step.requests),
            word_name(step.verdict).to_owned(),
        ],
    });
    Table {
        heads: heads.map(head).to_vec(),
        rows: rows.collect(),
    }
}

fn probes(sweep: &SweepResult) -> Table {
    let probes = sweep.saturation.iter().flat_map(|found| &found.probes);
    let per_s = |rate| Quantity::PerSecond.maybe(rate);
    let rows = probes.map(|probe| {
        Row::from(vec![
            probe.directory.clone(),
            count(probe.in_flight.into()),
            count(probe.requests),
            count(probe.failed),
            per_s(probe.rate),
            per_s(probe.low),
            per_s(probe.high),
        ])
    });
    let heads = [
        "probe",
        "in flight",
        "requests",
        "failed",
        "rate",
        "95 % from",
        "to",
    ];
    Table {
        heads: heads.map(head).to_vec(),
        rows: rows.collect(),
    }
}

fn provenance(sweep: &SweepResult) -> Vec<(&'static str, String)> {
    let limited_by = |limited: LimitedBy| match limited {
        LimitedBy::Server => "the server",
        LimitedBy::None => "nothing that was seen",
        LimitedBy::Client => "the machine that fires",
        LimitedBy::Errors => "errors",
        LimitedBy::TooFewRequests => "too few requests",
    };
    let found = sweep.saturation.as_ref();
    let progression = serde_json::to_value(sweep.progression).unwrap_or_default();
    vec![
        ("content hash", sweep.workload.content_hash.clone()),
        ("requests in it", count(sweep.workload.requests)),
        (
            "progression",
            progression.as_str().unwrap_or(UNKNOWN).to_owned(),
        ),
        (
            "step duration",
            Quantity::Seconds.text(sweep.step_duration_s),
        ),
        (
            "limited by",
            found
                .map(|found| limited_by(found.limited_by).to_owned())
                .unwrap_or_default(),
        ),
        ("replay", sweep.replay_version.clone()),
    ]
}
