//! Tables of stages, models, adapters and populations, the same columns in each.

use super::headline;
use super::number::{Quantity, UNKNOWN, count};
use super::page::Page;
use super::tables::{Head, Row, Table, head};
use crate::analysis::measures::Measures;
use crate::analysis::metric::Metric;
use crate::analysis::stats::Stats;
use crate::analysis::summary::{NamedSummary, Summary};

/// Adds every table that has something to tell apart.
pub fn add(page: &mut Page, summary: &Summary) {
    let stages = summary.stages.iter().map(|stage| {
        let name = stage.name.clone().unwrap_or_default();
        let name = format!("{} {name}", stage.stage);
        let row = row(name, &stage.measures);
        match stage.warm_up {
            true => Row {
                class: "faint",
                ..row
            },
            false => row,
        }
    });
    let note = "warm-up stages are faint and in no other figure";
    page.table("Stages", note, &table("stage", stages.collect()));
    for (title, head, groups) in [
        ("Models", "model", &summary.models),
        ("Adapters", "adapter", &summary.adapters),
        ("Populations", "population", &summary.populations),
    ] {
        let tells_apart = groups.len() > 1 || (head != "model" && !groups.is_empty());
        if tells_apart {
            page.table(title, "", &table(head, groups.iter().map(named).collect()));
        }
    }
    if !summary.adapter_stages.is_empty() {
        let groups = summary.adapter_stages.iter();
        let rows = groups.map(|group| {
            let name = format!("{}, stage {}", group.name, group.stage);
            row(name, &group.measures)
        });
        let table = table("adapter and stage", rows.collect());
        page.folded("Adapters by stage", &table.html());
    }
    page.folded("Every distribution", &headline::all(summary).html());
}

fn named(group: &NamedSummary) -> Row {
    row(group.name.clone(), &group.measures)
}

fn table(of: &'static str, rows: Vec<Row>) -> Table {
    let mut heads = vec![head(of)];
    heads.extend([
        head("sent"),
        Head {
            text: "asked",
            hint: "rate that was asked for",
        },
        Head {
            text: "achieved",
            hint: "requests sent per second",
        },
        Head {
            text: "answered",
            hint: "requests that ended well per second",
        },
        head("errors"),
        head("goodput"),
        head("lag p99"),
        head("TTFT p50"),
        head("p99"),
        head("TPOT p50"),
        head("p99"),
        Head {
            text: "latency p50",
            hint: "from the scheduled time",
        },
        head("p99"),
        head("tokens out"),
    ]);
    Table { heads, rows }
}

fn row(name: String, measures: &Measures) -> Row {
    let load = &measures.load_summary;
    let per_s = |rate| Quantity::PerSecond.maybe(rate);
    let time = |metric, of: fn(&Stats) -> f64| {
        let stats = measures.distribution(metric);
        stats.map_or(UNKNOWN.to_owned(), |stats| {
            Quantity::Seconds.text(of(stats))
        })
    };
    let median = |stats: &Stats| stats.median;
    let p99 = |stats: &Stats| stats.p99;
    let goodput = measures.goodput.as_ref();
    Row::from(vec![
        name,
        count(load.count),
        per_s(load.requested_rate),
        per_s(load.achieved_rate),
        per_s(measures.throughput.requests_per_s),
        Quantity::Share.maybe(measures.errors.rate),
        Quantity::Share.maybe(goodput.and_then(|goodput| goodput.share)),
        time(Metric::ScheduleDelay, p99),
        time(Metric::Ttft, median),
        time(Metric::Ttft, p99),
        time(Metric::Tpot, median),
        time(Metric::Tpot, p99),
        time(Metric::LatencyFromScheduled, median),
        time(Metric::LatencyFromScheduled, p99),
        per_s(measures.throughput.output_tokens_per_s),
    ])
}
