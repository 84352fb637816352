//! What is read first: what was fired and where, the verdict, and the figures that runs are
//! compared by.

use super::number::{Quantity, count};
use super::page::{Page, Tile};
use super::tables::{Head, Row, Table, head};
use crate::analysis::metric::Metric;
use crate::analysis::report::text;
use crate::analysis::summary::Summary;
use crate::analysis::verdict::{Level, Word};
use crate::run_info::RunInfo;
use crate::wall_time;

/// Times that stand on the first screen.
const TIMES: [(&str, Metric); 6] = [
    ("TTFT", Metric::Ttft),
    ("ITL", Metric::Itl),
    ("TPOT", Metric::Tpot),
    ("Latency, from scheduled", Metric::LatencyFromScheduled),
    ("Latency, from sent", Metric::LatencyFromSent),
    ("Schedule lag", Metric::ScheduleDelay),
];

/// Characters of a hash that tell workloads apart at a glance.
const SHORT_HASH: usize = 12;

/// Which workload, at what, when.
pub fn beside(info: &RunInfo) -> String {
    let hash: String = info
        .workload
        .content_hash
        .chars()
        .take(SHORT_HASH)
        .collect();
    let target = info.targets.first().map_or("", |target| &target.url);
    let more = match info.targets.len() {
        0 | 1 => String::new(),
        targets => format!(" and {} more", targets - 1),
    };
    let when = wall_time::utc(info.clock.t0_unix_ns);
    format!("workload {hash} · {target}{more} · {when}")
}

/// Adds the verdict and every reason.
pub fn band(page: &mut Page, summary: &Summary) {
    let verdict = &summary.verdict;
    let reasons = verdict.reasons.iter();
    let reasons: Vec<(&str, String)> = reasons
        .map(|reason| (level_name(reason.level), text::words(reason)))
        .collect();
    page.band(verdict.verdict, meaning(verdict.verdict), &reasons);
}

fn meaning(word: Word) -> &'static str {
    match word {
        Word::Valid => "The load was put on as the workload says.",
        Word::Degraded => "Usable with care: the load was not put on quite as the workload says.",
        Word::Invalid => "Not a measurement of this workload.",
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Note => "note",
        Level::Degraded => "degraded",
        Level::Invalid => "invalid",
    }
}

/// How much was fired, how fast, how well it ended.
pub fn tiles(summary: &Summary) -> Vec<Tile> {
    let (load, work) = (&summary.overall.load_summary, &summary.overall.throughput);
    let (accounting, errors) = (&summary.accounting, &summary.overall.errors);
    let tile = |name, value, beside| Tile {
        name,
        value,
        beside,
    };
    let per_s = |rate| Quantity::PerSecond.maybe(rate);
    let mut tiles = vec![
        tile(
            "Requests sent",
            count(accounting.sent),
            format!("of {}", count(accounting.scheduled)),
        ),
        tile(
            "Achieved rate",
            per_s(load.achieved_rate),
            match load.requested_rate {
                Some(rate) => format!("of {} asked", Quantity::PerSecond.text(rate)),
                None => "the server sets the pace".to_owned(),
            },
        ),
        tile(
            "Answered well",
            per_s(work.requests_per_s),
            format!("{} requests", count(accounting.ok)),
        ),
        tile(
            "Output tokens",
            per_s(work.output_tokens_per_s),
            format!("input {}", per_s(work.input_tokens_per_s)),
        ),
        tile(
            "Errors",
            Quantity::Share.maybe(errors.rate),
            format!("{} failed", count(errors.failed)),
        ),
    ];
    if let Some(goodput) = &summary.overall.goodput {
        tiles.push(tile(
            "Goodput",
            Quantity::Share.maybe(goodput.share),
            format!("{} of {}", per_s(goodput.good_per_s), slos(summary)),
        ));
    }
    tiles
}

/// The objectives as they are typed.
fn slos(summary: &Summary) -> String {
    let limit = |limit: f64| Quantity::Seconds.tick(limit);
    let slos = summary.slos.iter();
    let texts = slos.map(|slo| format!("{} ≤ {}", slo.metric.name(), limit(slo.limit_s)));
    texts.collect::<Vec<_>>().join(", ")
}

/// The table of times, as HTML in a card.
pub fn times(summary: &Summary) -> String {
    let rows = TIMES.into_iter().map(|(name, metric)| {
        let stats = summary.overall.distribution(metric);
        let figure = |value: Option<f64>| Quantity::Seconds.maybe(value);
        let mut cells = vec![name.to_owned()];
        cells.extend([
            figure(stats.map(|stats| stats.mean)),
            figure(stats.map(|stats| stats.median)),
            figure(stats.map(|stats| stats.p90)),
            figure(stats.map(|stats| stats.p99)),
            figure(stats.map(|stats| stats.max)),
        ]);
        Row {
            hint: metric.formula(),
            cells,
            ..Row::default()
        }
    });
    let table = Table {
        heads: ["", "mean", "p50", "p90", "p99", "max"].map(head).to_vec(),
        rows: rows.collect(),
    };
    format!(
        "<div class=\"card\" id=\"times\"><h3>Times</h3><p class=\"note\">warm-up left out; point at a name for its formula</p>{}</div>",
        table.html()
    )
}

/// The table of every distribution.
pub fn all(summary: &Summary) -> Table {
    let mut heads = vec![Head {
        text: "",
        hint: "point at a name for its formula",
    }];
    heads.extend(crate::analysis::stats::Stats::KEYS.map(head));
    let rows = Metric::ALL.iter().filter_map(|metric| {
        let stats = summary.overall.distribution(*metric)?;
        let quantity = Quantity::of(metric.unit());
        let mut cells = vec![metric.key().to_owned()];
        cells.extend(stats.values().map(|value| quantity.maybe(value)));
        Some(Row {
            hint: metric.formula(),
            cells,
            ..Row::default()
        })
    });
    Table {
        heads,
        rows: rows.collect(),
    }
}
