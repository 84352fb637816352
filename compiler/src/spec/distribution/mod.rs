//! Distributions, of whatever is measured: written as a number, as text or as a map, to a
//! [`Distribution`] in which every value makes sense.
//!
//! `text` is the grammar, `written` gives every parameter its name, `unit` knows what is measured,
//! `histogram` reads weighted values, `pairs` reads two lengths that are drawn together. Refuses a
//! parameter that the kind of distribution does not have: it would be ignored, and somebody meant
//! something by it.

mod defaults;
mod histogram;
mod kind;
mod pairs;
mod text;
mod unit;
mod written;

pub use pairs::read as read_pairs;
pub use unit::{
    ANSWER_TOKENS, ASPECT_RATIO, CLIP_DURATION, DOCUMENTS, DURATION, MAX_CLIP_NS,
    MAX_LENGTH_TOKENS, MAX_PIXELS, MAX_TEMPERATURE, MEDIA_COUNT, MIN_LENGTH_TOKENS, PIXELS,
    TEMPERATURE, TOKENS, TOP_K, TOP_P, TURNS, Unit,
};

use super::context::Context;
use super::error::SpecError;
use super::fields::Cursor;
use super::node::Value;
use crate::samplers::{Distribution, Shape};
use kind::Kind;
use written::Written;

/// inference-perf's mean of a length that says nothing about it, in tokens.
pub const DEFAULT_MEAN: &str = "512";
/// inference-perf's standard deviation of a length that says nothing about it, in tokens.
pub const DEFAULT_STD_DEV: &str = "200";

/// inference-perf's lengths for a spec that says nothing about them.
pub fn default_length() -> Distribution {
    let (mean, std_dev) = (512.0, 200.0);
    let shape = Shape::Normal { mean, std_dev };
    Distribution::new(shape, 10, 1024).expect("inference-perf's default is in range")
}

/// The distribution at `cursor`, of what `unit` measures.
pub fn read(
    cursor: Cursor<'_>,
    unit: &Unit,
    context: &mut Context<'_>,
) -> Result<Distribution, SpecError> {
    let written = match &cursor.node.value {
        Value::Map(_) => Written::from_map(cursor, unit, context)?,
        Value::Text(text) | Value::Number(text) => Written::from_text(text, cursor, unit)?,
        _ => {
            let what = format!("expected a distribution, found {}", cursor.node.kind());
            return Err(cursor.error(what, format!("write {}", unit.example)));
        }
    };
    match written.kind {
        Kind::Empirical => histogram::read(&written, context),
        _ => written.check(context),
    }
}
