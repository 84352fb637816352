//! A line for each stage, model, adapter and population, as far as the screen reaches.

use super::{MAX_LINES, Screen, UNKNOWN, millis, rate, row};
use crate::analysis::measures::Measures;
use crate::analysis::metric::Metric;
use crate::analysis::summary::{NamedSummary, StageSummary, Summary};
use std::io;

/// Most rows of one table; the rest is counted.
pub const MAX_ROWS: usize = 8;
/// Lines of a table beside its rows: a gap, the heading, what is left out.
const FRAME_LINES: usize = 3;

/// Writes those of which there are several, or one that is not what the figures above are of.
pub fn write(screen: &mut Screen<'_>, summary: &Summary) -> io::Result<()> {
    let mut left_out = Vec::new();
    for (kind, rows) in [
        ("stages", summary.stages.iter().map(stage).collect()),
        ("models", named(&summary.models)),
        ("adapters", named(&summary.adapters)),
        ("populations", named(&summary.populations)),
    ] {
        // The last line of the screen says what did not fit.
        let room = (MAX_LINES - 1).saturating_sub(screen.lines() + FRAME_LINES);
        match rows.len() {
            0 | 1 => {}
            count if room == 0 => left_out.push(format!("{count} {kind}")),
            _ => table(screen, kind, &rows, room.min(MAX_ROWS))?,
        }
    }
    match left_out.is_empty() {
        true => Ok(()),
        false => screen.plain(&format!(
            "also measured: {}: see --format json",
            left_out.join(", ")
        )),
    }
}

/// What a row is called and what it shows.
type Named<'a> = (String, &'a Measures);

fn stage(stage: &StageSummary) -> Named<'_> {
    let name = stage.name.as_deref().unwrap_or_default();
    let warm_up = if stage.warm_up { "(warm-up)" } else { "" };
    (format!("{} {name} {warm_up}", stage.stage), &stage.measures)
}

fn named(groups: &[NamedSummary]) -> Vec<Named<'_>> {
    let groups = groups.iter();
    groups
        .map(|group| (group.name.clone(), &group.measures))
        .collect()
}

fn table(screen: &mut Screen<'_>, kind: &str, rows: &[Named<'_>], most: usize) -> io::Result<()> {
    screen.gap()?;
    let columns = ["asked", "achieved", "late p99", "TTFT p99", "latency p99"];
    screen.plain(&row(kind, columns.map(String::from)))?;
    for (name, measures) in rows.iter().take(most) {
        let name: String = name.chars().take(24).collect();
        screen.plain(&row(&name, figures(measures)))?;
    }
    match rows.len().saturating_sub(most) {
        0 => Ok(()),
        more => screen.plain(&format!("and {more} more: see --format json")),
    }
}

fn figures(measures: &Measures) -> [String; 5] {
    let load = &measures.load_summary;
    let per_second = |value: Option<f64>| match value {
        Some(_) => format!("{}/s", rate(value)),
        None => UNKNOWN.into(),
    };
    let p99 = |metric| {
        let stats = measures.distribution(metric);
        stats.map_or(UNKNOWN.into(), |stats| millis(stats.p99))
    };
    [
        per_second(load.requested_rate),
        per_second(load.achieved_rate),
        p99(Metric::ScheduleDelay),
        p99(Metric::Ttft),
        p99(Metric::LatencyFromScheduled),
    ]
}
