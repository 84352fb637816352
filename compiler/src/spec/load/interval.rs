//! How the gaps of an open loop are distributed. Refuses the shape of one distribution beside
//! another.

use super::block::Kind;
use crate::samplers::Interval;
use crate::spec::error::SpecError;
use crate::spec::fields::{Cursor, Fields};
use crate::spec::quantity;

/// Largest shape that is read; the sampler has its own limits below.
const MAX_SHAPE: u32 = 1_000_000;

/// The names of a gamma distribution's shape: vLLM's, the textbook's and AIPerf's.
const GAMMA_NAMES: [&str; 3] = ["burstiness", "shape", "smoothness"];

/// The interval of a load of this kind, which is an open loop.
pub fn read(kind: Kind, fields: &Fields<'_>) -> Result<Interval, SpecError> {
    match kind {
        Kind::Gamma => {
            let remedy = "add `burstiness: 0.5`; 1 is poisson, less has more bursts";
            let shape = one_shape(kind, &GAMMA_NAMES, fields)?;
            let shape = shape.map_or_else(|| fields.required("burstiness", remedy), Ok)?;
            checked(&shape, |shape| Interval::Gamma { shape })
        }
        Kind::Weibull => {
            let remedy = "add `shape: 0.5`; 1 is poisson, less has more bursts";
            let shape = one_shape(kind, &["shape"], fields)?;
            let shape = shape.map_or_else(|| fields.required("shape", remedy), Ok)?;
            checked(&shape, |shape| Interval::Weibull { shape })
        }
        _ => {
            one_shape(kind, &[], fields)?;
            Ok(match kind {
                Kind::Poisson => Interval::Exponential,
                _ => Interval::Even,
            })
        }
    }
}

/// The shape under one of these names, and under no other name of a shape.
fn one_shape<'a>(
    kind: Kind,
    allowed: &[&str],
    fields: &Fields<'a>,
) -> Result<Option<Cursor<'a>>, SpecError> {
    let mut found: Option<Cursor<'a>> = None;
    for name in GAMMA_NAMES {
        let Some(shape) = fields.optional(name) else {
            continue;
        };
        if !allowed.contains(&name) {
            let what = format!(
                "the gaps of a load of type {} have no `{name}`",
                kind.name()
            );
            let remedy = "remove it, or set `load.type: gamma` (or weibull, with `shape`)";
            return Err(shape.error(what, remedy));
        }
        if found.is_some() {
            let what = "the shape of the gaps is given twice";
            return Err(shape.error(what, "keep one of the two"));
        }
        found = Some(shape);
    }
    Ok(found)
}

fn checked(cursor: &Cursor<'_>, interval: fn(f64) -> Interval) -> Result<Interval, SpecError> {
    let shape = quantity::real(cursor.scalar()?, MAX_SHAPE)
        .map_err(|error| cursor.quantity_error(&error, "a number, like 0.5"))?;
    let interval = interval(shape);
    let checked = interval.check();
    checked.map_err(|error| cursor.error(error.to_string(), "write a number in that range"))?;
    Ok(interval)
}
