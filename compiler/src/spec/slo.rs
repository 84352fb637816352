//! The `slo` block: limits that requests are judged by when they were fired. They become hints to
//! the replay and decide nothing of the load. Refuses a limit without a unit: other tools take a
//! bare number for milliseconds, and this spec for seconds.

use super::error::SpecError;
use super::fields::{Cursor, Keys};
use schemas::hints::SLO_METRICS;
use schemas::manifest::SloHint;

const KEYS: Keys = Keys {
    known: &SLO_METRICS,
    later: &[],
    refused: &[],
};

/// The limits, in the order of [`SLO_METRICS`] however they are written.
pub fn read(cursor: Option<Cursor<'_>>) -> Result<Vec<SloHint>, SpecError> {
    let Some(cursor) = cursor else {
        return Ok(Vec::new());
    };
    let fields = cursor.fields(&KEYS)?;
    let mut slos = Vec::new();
    for metric in SLO_METRICS {
        if let Some(limit) = fields.optional(metric) {
            let limit_ns = read_limit(&limit)?;
            let metric = metric.to_owned();
            slos.push(SloHint { metric, limit_ns });
        }
    }
    Ok(slos)
}

fn read_limit(cursor: &Cursor<'_>) -> Result<u64, SpecError> {
    let text = cursor.scalar()?;
    let ns = cursor.duration()?.get();
    match text.ends_with(|last: char| last.is_alphabetic()) {
        true => Ok(ns),
        false => {
            let what = format!("`{text}` has no unit");
            Err(cursor.error(what, format!("write `{text}ms` or `{text}s`")))
        }
    }
}
