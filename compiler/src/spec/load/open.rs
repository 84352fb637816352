//! The stages of an open loop: stretches of time with a rate, or a ramp between two.
//!
//! Refuses the keys of closed loops, which have no rate.

use super::stages::{CommonKeys, Measured};
use crate::samplers::{Ramp, RateProfile};
use crate::spec::error::SpecError;
use crate::spec::fields::{Choices, Cursor, Fields, Keys};
use crate::spec::load::MAX_CONCURRENCY;
use crate::spec::quantity::RateMicrohertz;
use schemas::manifest::SweepHints;

/// A stretch of time with one rate, or a ramp between two.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenStage {
    pub name: Option<String>,
    pub profile: RateProfile,
    /// Most requests in flight at once; a request that finds no place waits.
    pub max_concurrency: Option<u32>,
    /// Whether summaries leave the stage out.
    pub warm_up: bool,
}

const KEYS: Keys = Keys {
    known: &[
        "rate",
        "duration",
        "end_rate",
        "ramp",
        "name",
        "max_concurrency",
        "warm_up",
    ],
    later: &[],
    refused: &[
        (
            "num_requests",
            "an open loop starts requests at a rate, as long as the stage lasts",
            "write `rate` and `duration`, or set `load.type: concurrent`",
        ),
        (
            "concurrency_level",
            "an open loop starts requests at a rate, however many are in flight",
            "write `rate` and `duration`, or set `load.type: concurrent`",
        ),
        (
            "users",
            "an open loop starts requests at a rate, whoever sends them",
            "write `rate` and `duration`, or set `load.type: users`",
        ),
        (
            "think_time",
            "an open loop waits for no answer",
            "remove it, or set `load.type: users`",
        ),
        (
            "cancellation",
            "cancellation is one for all stages",
            "write it beside `load`",
        ),
    ],
};

const RAMPS: Choices<Ramp> = Choices {
    known: &[("linear", Ramp::Linear), ("exponential", Ramp::Exponential)],
    later: &[],
    refused: &[],
};

/// One stage of an open loop.
pub(super) fn read(item: &Cursor<'_>) -> Result<Measured<OpenStage>, SpecError> {
    let fields = item.clone().fields(&KEYS)?;
    let profile = read_profile(&fields)?;
    profile.check().map_err(|error| {
        item.error(
            error.to_string(),
            "change the rates, the ramp or the duration",
        )
    })?;
    let common = CommonKeys::read(&fields)?;
    let most = fields.optional("max_concurrency");
    let most = most.map(|most| most.count_u32(1, MAX_CONCURRENCY, " of requests"));
    Ok(Measured {
        exposure: profile.exposure(),
        duration_ns: profile.duration_ns,
        stage: OpenStage {
            name: common.name,
            profile,
            max_concurrency: most.transpose()?,
            warm_up: common.warm_up,
        },
    })
}

fn read_profile(fields: &Fields<'_>) -> Result<RateProfile, SpecError> {
    let rate = fields.required("rate", "add `rate: 50`, in requests per second")?;
    let duration = fields.required("duration", "add `duration: 60`, in seconds")?;
    let ramp = fields.optional("ramp");
    let Some(end_rate) = fields.optional("end_rate") else {
        if let Some(ramp) = ramp {
            let what = "there is no `end_rate` to go to";
            return Err(ramp.error(what, "add `end_rate: 100`, or remove `ramp`"));
        }
        return Ok(RateProfile::flat(
            rate.rate()?.get(),
            duration.duration()?.get(),
        ));
    };
    let (from, to) = (rate.rate_or_zero()?, end_rate.rate_or_zero()?);
    if from.get() == 0 && to.get() == 0 {
        return Err(end_rate.error("the stage starts no request", "raise one of the two rates"));
    }
    Ok(RateProfile {
        from_microhertz: from.get(),
        to_microhertz: to.get(),
        duration_ns: duration.duration()?.get(),
        ramp: read_ramp(ramp, from, to)?,
    })
}

fn read_ramp(
    cursor: Option<Cursor<'_>>,
    from: RateMicrohertz,
    to: RateMicrohertz,
) -> Result<Ramp, SpecError> {
    let Some(cursor) = cursor else {
        return Ok(if from == to { Ramp::Flat } else { Ramp::Linear });
    };
    let ramp = cursor.choice(&RAMPS)?;
    if ramp == Ramp::Exponential && from.min(to).get() == 0 {
        let what = "no factor leads from or to a rate of 0";
        return Err(cursor.error(what, "write `ramp: linear`, or a rate of more than 0"));
    }
    Ok(if from == to { Ramp::Flat } else { ramp })
}

/// The stage that stands in for missing ones where a sweep will set the rates: as many requests as
/// its probe has, one each second.
pub(super) fn of_sweep(sweep: &SweepHints) -> OpenStage {
    OpenStage {
        name: None,
        profile: RateProfile::flat(1_000_000, sweep.requests * 1_000_000_000),
        max_concurrency: None,
        warm_up: false,
    }
}
