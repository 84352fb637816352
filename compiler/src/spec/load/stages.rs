//! What the lists of stages have in common: their limits, and the keys of every kind of stage.

use super::{MAX_REQUESTS, MAX_STAGES};
use crate::samplers::EXPOSURE_PER_ARRIVAL;
use crate::spec::error::SpecError;
use crate::spec::fields::{Cursor, Fields};
use crate::spec::quantity::DurationNs;
use schemas::layout::MAX_TIME_NS;

/// A stage, and what the limits are about.
pub struct Measured<T> {
    pub stage: T,
    /// Expected requests in 10^-15.
    pub exposure: u128,
    /// 0 if only the server knows.
    pub duration_ns: u64,
}

/// The keys of every kind of stage.
pub struct CommonKeys {
    pub name: Option<String>,
    pub warm_up: bool,
}

impl CommonKeys {
    pub fn read(fields: &Fields<'_>) -> Result<Self, SpecError> {
        let name = fields.optional("name");
        let name = name.map(|name| name.named("write the name that reports give the stage"));
        let warm_up = fields.optional("warm_up").map(|warm_up| warm_up.bool());
        Ok(Self {
            name: name.transpose()?,
            warm_up: warm_up.unwrap_or(Ok(false))?,
        })
    }
}

/// The stages at `load.stages`, each read by `read`.
pub fn read_list<'a, T>(
    fields: &Fields<'a>,
    pause: DurationNs,
    example: &str,
    mut read: impl FnMut(&Cursor<'a>) -> Result<Measured<T>, SpecError>,
) -> Result<Vec<T>, SpecError> {
    let items = items(fields, example)?;
    let (mut exposure, mut end_ns) = (0, 0u64);
    let mut stages = Vec::with_capacity(items.len());
    for item in items {
        let begin_ns = match stages.is_empty() {
            true => 0,
            false => end_ns.saturating_add(pause.get()),
        };
        let measured = read(&item)?;
        exposure += measured.exposure;
        end_ns = begin_ns.saturating_add(measured.duration_ns);
        check_limits(&item, exposure, end_ns)?;
        stages.push(measured.stage);
    }
    Ok(stages)
}

/// The items of `load.stages`, at least one.
fn items<'a>(fields: &Fields<'a>, example: &str) -> Result<Vec<Cursor<'a>>, SpecError> {
    let remedy = format!("add `stages: [{example}]`");
    let cursor = fields.required("stages", &remedy)?;
    let items = cursor.list()?;
    if items.is_empty() {
        return Err(cursor.error("there are no stages", remedy));
    }
    if items.len() > MAX_STAGES {
        let what = format!(
            "{} stages are more than the limit of {MAX_STAGES}",
            items.len()
        );
        return Err(cursor.error(what, "write fewer, longer stages, or replay a trace"));
    }
    Ok(items)
}

/// The limits of a load whose last stage so far is `item`.
fn check_limits(item: &Cursor<'_>, exposure: u128, end_ns: u64) -> Result<(), SpecError> {
    if end_ns > MAX_TIME_NS {
        let what = "the stages up to this one last longer than the limit of ten years";
        let remedy = "write fewer or shorter stages, or a shorter `interval`";
        return Err(item.error(what, remedy));
    }
    let requests = exposure / EXPOSURE_PER_ARRIVAL;
    if requests > u128::from(MAX_REQUESTS) {
        let what = format!(
            "the stages so far start {requests} requests, more than the limit of {MAX_REQUESTS}"
        );
        return Err(item.error(what, "lower the rate or shorten the stage"));
    }
    Ok(())
}
