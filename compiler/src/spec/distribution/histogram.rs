//! Weighted values: a map `{128: 5, 256: 3}`, a list of pairs, or a file with either.
//!
//! A file is CSV (`tokens,weight`; `value,weight` for what is not tokens) or JSON
//! (`{"128": 5, "256": 3}`). Refuses a value that stands twice, and weights that sum to nothing.

use super::unit::Unit;
use super::written::Written;
use crate::samplers::{Distribution, Shape};
use crate::spec::context::Context;
use crate::spec::error::{Place, SpecError};
use crate::spec::fields::Cursor;
use crate::spec::node::{Node, Value};
use crate::spec::quantity;

/// Most values of a histogram.
const MAX_VALUES: usize = 1_000_000;
/// Largest weight of a value; a million of them stay below 2^64.
const MAX_WEIGHT: u64 = 1_000_000_000_000;

const VALUES_EXAMPLE: &str = "write values with their weights, like `values: {128: 5, 256: 3}`";
const WEIGHT_EXAMPLE: &str = "a whole number, like 5";

/// Values and their weights.
type Items = Vec<(u64, u64)>;

/// The empirical distribution that `written` describes.
pub fn read(written: &Written<'_>, context: &mut Context<'_>) -> Result<Distribution, SpecError> {
    let unit = &written.unit;
    let items = match (written.parameter("values"), written.parameter("file")) {
        (Some(_), Some(file)) => {
            let what = "`values` gives them already";
            return Err(file.error(what, "keep one of the two"));
        }
        (Some(values), None) => read_values(&values, unit)?,
        (None, Some(file)) => read_file(&file, unit, context)?,
        (None, None) => return Err(written.missing("values")),
    };
    build(items, &written.cursor)
}

fn build(mut items: Items, cursor: &Cursor<'_>) -> Result<Distribution, SpecError> {
    items.sort_unstable();
    let bounds = items.first().zip(items.last());
    let Some((min, max)) = bounds.map(|((min, _), (max, _))| (*min, *max)) else {
        return Err(cursor.error("there are no values", VALUES_EXAMPLE));
    };
    if items.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(cursor.error(
            "a value stands twice",
            "keep one, with the sum of the weights",
        ));
    }
    Distribution::new(Shape::Empirical(items.into()), min, max)
        .map_err(|error| cursor.error(error.to_string(), VALUES_EXAMPLE))
}

fn read_values(values: &Cursor<'_>, unit: &Unit) -> Result<Items, SpecError> {
    let items: Items = match &values.node.value {
        Value::Map(_) => values
            .entries()?
            .iter()
            .map(|(key, weight)| {
                let value = unit.value(key.text).map_err(|error| {
                    key.error(error.to_string(), error.remedy(unit.value_example))
                })?;
                Ok((value, weight.count(0, MAX_WEIGHT, "")?))
            })
            .collect::<Result<_, SpecError>>()?,
        _ => values
            .list()?
            .iter()
            .map(|item| read_pair(item, unit))
            .collect::<Result<_, SpecError>>()?,
    };
    if items.len() > MAX_VALUES {
        let what = format!("{} values are more than {MAX_VALUES}", items.len());
        return Err(values.error(what, "put neighbours together"));
    }
    Ok(items)
}

/// `[128, 5]`.
fn read_pair(item: &Cursor<'_>, unit: &Unit) -> Result<(u64, u64), SpecError> {
    let pair = item.list()?;
    let [value, weight] = pair.as_slice() else {
        let what = format!("{} parts; a value and its weight are two", pair.len());
        return Err(item.error(what, "write [value, weight], like [128, 5]"));
    };
    let read = unit.value(value.scalar()?);
    let value = read.map_err(|error| value.quantity_error(&error, unit.value_example))?;
    Ok((value, weight.count(0, MAX_WEIGHT, "")?))
}

fn read_file(
    cursor: &Cursor<'_>,
    unit: &Unit,
    context: &mut Context<'_>,
) -> Result<Items, SpecError> {
    let (name, text) = context.read_file(cursor)?;
    match name.rsplit_once('.').map(|(_, suffix)| suffix) {
        // JSON is YAML, and so its errors have a line and a column.
        Some("json") => {
            let document = Node::parse(&text, name)?;
            let root = Cursor::root(&document, name);
            read_values(&root, unit)
        }
        Some("csv") => read_csv(&text, name, unit),
        _ => {
            let what = format!("\"{name}\" ends neither in .csv nor in .json");
            Err(cursor.error(what, "give the file the ending of its format"))
        }
    }
}

fn read_csv(text: &str, name: &str, unit: &Unit) -> Result<Items, SpecError> {
    let column = if unit.is_length() { "tokens" } else { "value" };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut items = Items::new();
    for (i, record) in reader.records().enumerate() {
        let example = format!("write two columns, `{column},weight`, with that header");
        let record = record
            .map_err(|error| at_line(name, &error.position(), &error.to_string(), &example))?;
        let position = record.position().cloned();
        let fail = |what: String, remedy: String| at_line(name, &position.as_ref(), &what, &remedy);
        let cells: Vec<&str> = record.iter().collect();
        match (i, cells.as_slice()) {
            (0, [first, "weight"]) if *first == column => {}
            (0, _) => {
                return Err(fail(
                    format!("the header is `{}`", cells.join(",")),
                    example,
                ));
            }
            (_, [value, weight]) => {
                let value = unit
                    .value(value)
                    .map_err(|error| fail(error.to_string(), error.remedy(unit.value_example)))?;
                let weight = quantity::whole(weight, MAX_WEIGHT)
                    .map_err(|error| fail(error.to_string(), error.remedy(WEIGHT_EXAMPLE)))?;
                items.push((value, weight));
            }
            (_, _) => return Err(fail(format!("{} columns", cells.len()), example)),
        }
    }
    Ok(items)
}

/// An error in a line of a file, whose cells have no columns of characters.
fn at_line(name: &str, position: &Option<&csv::Position>, what: &str, remedy: &str) -> SpecError {
    let error = SpecError::new(name, &Place::Nowhere, what, remedy);
    SpecError {
        line: position.map(csv::Position::line),
        ..error
    }
}
