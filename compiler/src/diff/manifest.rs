//! In what two manifests differ.

use super::SpecDifference;
use schemas::manifest::Manifest;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Lines of the spec, and as many other values, that are listed.
const LISTED: usize = 20;

/// What differs, by dotted key, and how much more than is listed. The hash of the spec's text
/// follows from the text and is not told beside it.
pub fn differences(a: &Manifest, b: &Manifest) -> (Vec<SpecDifference>, usize) {
    let mut listed = line_differences(&a.spec.text, &b.spec.text);
    let lines = listed.len();
    listed.truncate(LISTED);
    let values = [a, b].map(|manifest| {
        let mut value = serde_json::to_value(manifest).expect("a manifest is JSON");
        let spec = value["spec"].as_object_mut().expect("an object");
        spec.remove("text");
        if lines > 0 {
            spec.remove("sha256");
        }
        value
    });
    let mut others = Vec::new();
    value_differences("", &values[0], &values[1], &mut others);
    let left_out = lines - listed.len() + others.len().saturating_sub(LISTED);
    others.truncate(LISTED);
    others.append(&mut listed);
    (others, left_out)
}

/// The lines between what both texts begin and end with, side by side.
fn line_differences(a: &str, b: &str) -> Vec<SpecDifference> {
    let (a, b): (Vec<&str>, Vec<&str>) = (
        a.split_inclusive('\n').collect(),
        b.split_inclusive('\n').collect(),
    );
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let ends = a.iter().rev().zip(b.iter().rev());
    let ends = ends.take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - ends], &b[..b.len() - ends]);
    // Line ends are shown only where they are all that differs.
    let plain = |line: &str| line.strip_suffix('\n').unwrap_or(line).to_owned();
    let pair = |at: usize| match [a.get(at), b.get(at)] {
        [Some(a), Some(b)] if plain(a) == plain(b) => [Value::from(*a), Value::from(*b)],
        lines => lines.map(|line| line.map(|line| plain(line)).into()),
    };
    let lines = 0..a.len().max(b.len());
    let differing = lines.filter(|at| a.get(*at) != b.get(*at));
    differing
        .map(|at| SpecDifference {
            key: "spec.text".to_owned(),
            line: Some(same + at + 1),
            values: pair(at),
        })
        .collect()
}

/// The leaves in which two values differ. A list of texts or numbers is one leaf.
fn value_differences(key: &str, a: &Value, b: &Value, found: &mut Vec<SpecDifference>) {
    let below = |name: &str| match key {
        "" => name.to_owned(),
        key => format!("{key}.{name}"),
    };
    let is_list =
        |value: &Value| matches!(value, Value::Array(list) if list.iter().all(|v| v.is_object()));
    match (a, b) {
        (a, b) if a == b => {}
        (Value::Object(a), Value::Object(b)) => {
            for name in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let value = |map: &Map<_, _>| map.get(name).cloned().unwrap_or_default();
                value_differences(&below(name), &value(a), &value(b), found);
            }
        }
        (Value::Array(first), Value::Array(second)) if is_list(a) && is_list(b) => {
            for at in 0..first.len().max(second.len()) {
                let value = |list: &[Value]| list.get(at).cloned().unwrap_or_default();
                value_differences(
                    &below(&at.to_string()),
                    &value(first),
                    &value(second),
                    found,
                );
            }
        }
        (a, b) => found.push(SpecDifference {
            key: key.to_owned(),
            line: None,
            values: [a.clone(), b.clone()],
        }),
    }
}
