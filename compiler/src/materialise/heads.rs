//! What bodies begin with, for each model, adapter and first element. Long text that several of
//! them hold, like the spec's tools, is cut out and in the blob once.

use super::shared::{ELEMENTS, Literal};
use crate::escape::escaped;
use crate::payload::{Element, Payload};
use crate::plan::Population;
use schemas::error::WriteError;
use std::collections::BTreeMap;

/// Text up to here is not cut: each cut costs every body a segment.
const LONG_BYTES: usize = 4096;
/// Stands where a model's name will; U+FDD0 is no character, and none has it in a name.
const MARKER: &str = "\u{fdd0}model";

/// The pieces between which the number of tokens asked for stands, each in one or more parts.
pub type Head = Vec<Vec<Literal>>;

/// By model, then by adapter (none first), then by the first element.
pub type Heads = Vec<Vec<[Option<Head>; ELEMENTS]>>;

/// An adapter goes into the `model` field: that is how servers route to it.
pub fn place(
    payload: &Payload,
    population: &Population,
    elements: &[Element],
    place: &mut dyn FnMut(&str) -> Result<Literal, WriteError>,
) -> Result<Heads, WriteError> {
    let spec = population.spec;
    // A recorded conversation may begin with anybody.
    let recorded = population.set.is_some();
    let may_be_first =
        |element: &Element| element.may_be_first() || (recorded && element.begins_message());
    let firsts: Vec<Element> = elements.iter().copied().filter(may_be_first).collect();
    let marked = payload.head(MARKER);
    let mut long: BTreeMap<String, Literal> = BTreeMap::new();
    let mut place_once = |text: &str| match long.get(text) {
        Some(literal) => Ok(literal.clone()),
        None => {
            let literal = place(text)?;
            if text.len() > LONG_BYTES {
                long.insert(text.to_owned(), literal.clone());
            }
            Ok(literal)
        }
    };
    let mut heads = Vec::with_capacity(spec.models.list.len());
    for model in &spec.models.list {
        let adapters = spec.adapters.iter().map(|adapter| &*adapter.name);
        let mut of_model = Vec::new();
        for name in std::iter::once(&*model.name).chain(adapters) {
            let pieces = payload.head(name);
            let pieces = pieces.iter().zip(&marked);
            let cut: Vec<Vec<String>> = pieces
                .map(|(piece, marked)| cut(piece, marked, &escaped(name)))
                .collect();
            let mut by_first = [const { None }; ELEMENTS];
            for &first in &firsts {
                let Some(fence) = payload.fence(None, Some(first)) else {
                    continue;
                };
                let mut pieces = cut.clone();
                let last = pieces.last_mut().expect("a head has a piece");
                match last.last_mut().filter(|part| part.len() <= LONG_BYTES) {
                    Some(part) => part.push_str(&fence),
                    None => last.push(fence),
                }
                let placed = pieces
                    .iter()
                    .map(|parts| parts.iter().map(|part| place_once(part)).collect());
                by_first[first.number()] = Some(placed.collect::<Result<Head, _>>()?);
            }
            of_model.push(by_first);
        }
        heads.push(of_model);
    }
    Ok(heads)
}

/// `piece` in parts, of which those that are long do not hold the name; `marked` is the same piece
/// with the marker for it.
fn cut(piece: &str, marked: &str, name: &str) -> Vec<String> {
    let fixed: Vec<&str> = marked.split(MARKER).collect();
    // A spec that says the marker itself would be cut where no name stands.
    if piece.len() <= LONG_BYTES || fixed.join(name) != piece {
        return vec![piece.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    let mut short = String::new();
    for (i, fixed) in fixed.into_iter().enumerate() {
        if i > 0 {
            short.push_str(name);
        }
        if fixed.len() <= LONG_BYTES {
            short.push_str(fixed);
            continue;
        }
        parts.extend([std::mem::take(&mut short), fixed.to_owned()]);
    }
    parts.push(short);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::{LONG_BYTES, MARKER, cut};

    fn parts(template: &str, name: &str) -> Vec<String> {
        let piece = template.replace(MARKER, name);
        let parts = cut(&piece, template, name);
        assert_eq!(parts.concat(), piece);
        parts
    }

    #[test]
    fn only_long_text_is_cut_and_no_byte_is_lost() {
        let (long, short) = ("x".repeat(LONG_BYTES + 1), "y".repeat(LONG_BYTES / 2));
        let name = |before: &str, behind: &str| format!("{before}{MARKER}{behind}");
        assert_eq!(parts(&name("a", &short), "m").len(), 1);
        assert_eq!(parts(&long, "m"), [&*long]);
        assert_eq!(parts(&name("a", &long), "m"), ["am", &*long]);
        assert_eq!(parts(&name(&long, "b"), "m"), [&*long, "mb"]);
        let twice = format!("{}{}", name("a", &long), name("", "b"));
        assert_eq!(parts(&twice, "m"), ["am", &*long, "mb"]);
    }

    #[test]
    fn text_like_the_marker_is_no_name() {
        let long = "x".repeat(LONG_BYTES + 1);
        let piece = format!("{MARKER}m{long}");
        let marked = format!("{MARKER}{MARKER}{long}");
        assert_eq!(cut(&piece, &marked, "m"), [piece]);
    }
}
