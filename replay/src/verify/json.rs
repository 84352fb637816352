//! JSON documents that have one reading only, and how two of them differ.
//!
//! Compares values and not texts: a number that was read and is printed again may have another last
//! digit.

use crate::verify::finding::{Examined, WHOLE_FILE};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Differences that are named; the others are counted.
const NAMED: usize = 20;

/// What is wrong with JSON stands at its line and column.
pub fn json_place(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

/// Reads a document; refuses one with a key that stands twice in an object, of which each reader could
/// take another.
pub fn unambiguous(text: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(text).map(|Unambiguous(value)| value)
}

struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Unambiguous)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Unambiguous(value))) = entries.next_entry::<String, _>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice")));
            }
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

/// Enters each value that a file has and that is not what the file ought to give; `gives` says whose
/// word the other value is.
pub fn compare(examined: &mut Examined<'_>, file: &str, said: &Value, again: &Value, gives: &str) {
    let mut found = Vec::new();
    differences("", said, again, gives, &mut found);
    let more = found.len().saturating_sub(NAMED);
    for (key, what) in found.into_iter().take(NAMED) {
        examined.fault(file, key, what);
    }
    if more > 0 {
        let what = format!("{more} more values are others");
        examined.fault(file, WHOLE_FILE, what);
    }
}

/// Every value that is not the same in both, by its dotted key.
fn differences(
    key: &str,
    said: &Value,
    again: &Value,
    gives: &str,
    found: &mut Vec<(String, String)>,
) {
    let below = |name: &str| match key {
        "" => name.to_owned(),
        _ => format!("{key}.{name}"),
    };
    match (said, again) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, said) in a {
                match b.get(name) {
                    Some(again) => differences(&below(name), said, again, gives, found),
                    None => found.push((below(name), "is not a key of it".to_owned())),
                }
            }
            let absent = b.keys().filter(|name| !a.contains_key(*name));
            found.extend(absent.map(|name| (below(name), "is missing".to_owned())));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (place, (said, again)) in a.iter().zip(b).enumerate() {
                differences(&format!("{key}[{place}]"), said, again, gives, found);
            }
        }
        _ if said == again => {}
        _ => {
            let what = format!("is {}, {gives} {}", short(said), short(again));
            found.push((key.to_owned(), what));
        }
    }
}

/// A value in words of bounded length.
pub fn short(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(_) => "an object".to_owned(),
        _ => {
            let text = value.to_string();
            match text.char_indices().nth(80) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_difference_is_named_by_its_dotted_key() {
        let said = json!({"a": {"b": [1, 2.5, null]}, "same": {"x": [1]}, "own": 1, "n": null});
        let again = json!({"a": {"b": [1, 2.25, 0]}, "same": {"x": [1]}, "n": {}, "c": [1, 2]});
        let mut found = Vec::new();
        differences("", &said, &again, "the records give", &mut found);
        let found: Vec<String> = found
            .into_iter()
            .map(|(key, what)| format!("{key} {what}"))
            .collect();
        assert_eq!(
            found,
            [
                "a.b[1] is 2.5, the records give 2.25",
                "a.b[2] is null, the records give 0",
                "n is null, the records give an object",
                "own is not a key of it",
                "c is missing",
            ]
        );
    }
    #[test]
    fn a_key_that_stands_twice_is_refused_wherever_it_stands() {
        let text = br#"{"a": [{"b": 1, "c": -2.5}, "x", null, true], "b": {}}"#;
        let plain: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(unambiguous(text).unwrap(), plain);
        for (wrong, key) in [
            (
                r#"{"verdict": {"word": "FORGED"}, "verdict": 1}"#,
                "verdict",
            ),
            (r#"{"a": [{"b": 1, "\u0062": 1}]}"#, "b"),
        ] {
            let error = unambiguous(wrong.as_bytes()).unwrap_err().to_string();
            let what = format!("the key {key:?} stands twice");
            assert!(error.starts_with(&what), "{error}");
        }
    }
}
