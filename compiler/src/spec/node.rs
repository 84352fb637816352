//! A YAML document as a tree in which every key and value knows where it stands.
//!
//! serde-saphyr reads the syntax and keeps anchors, depth and size within budgets;
//! what it yields is kept untyped here, so that an error can point at the very key
//! that is wrong, and a number can be read from its own digits instead of an f64.
//! Refuses keys that are not text, and everything serde-saphyr refuses.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, MessageFormatter, Spanned, UserMessageFormatter};

use super::error::{Place, SpecError};

/// Longest spec, in bytes; the longest stage list stays well below.
pub const MAX_SPEC_BYTES: usize = 4 * 1024 * 1024;
/// Deepest nesting: what a spec says itself is five levels down, JSON schemas of tools go deeper.
const MAX_DEPTH: usize = 32;

/// One value of the document.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: Value,
    pub place: Place,
}

/// What a value is. Numbers keep the text they were written as.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map and what stands under it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub key_place: Place,
    pub node: Node,
}

impl Node {
    /// The document in `text`; `file` is what errors call it.
    pub fn parse(text: &str, file: &str) -> Result<Self, SpecError> {
        if text.len() > MAX_SPEC_BYTES {
            return Err(SpecError::new(
                file,
                &Place::Nowhere,
                format!(
                    "the spec has {} bytes, more than the limit of {MAX_SPEC_BYTES}",
                    text.len()
                ),
                "split it into several specs, or give the load as a trace",
            ));
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_depth: MAX_DEPTH,
                flow_nesting_limit: MAX_DEPTH,
            },
            with_snippet: false,
            strict_booleans: true,
            reject_unsupported_tags: true,
        };
        serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options)
            .map(|raw| place(raw, text))
            .map_err(|error| syntax_error(&error, file))
    }

    /// What the value is, in words that follow "found".
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// Whether nothing stands here: null, or an empty text.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// Gives the whole tree one place, for values that come from `--set`.
    pub fn move_to(&mut self, place: &Place) {
        self.place = place.clone();
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.move_to(place)),
            Value::Map(entries) => {
                for entry in entries {
                    entry.key_place = place.clone();
                    entry.node.move_to(place);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }
}

/// What is wrong with the YAML itself.
fn syntax_error(error: &serde_saphyr::Error, file: &str) -> SpecError {
    let at = error.location().map_or(Place::Nowhere, place_of);
    let what = UserMessageFormatter.format_message(error).into_owned();
    SpecError::new(file, &at, what, remedy_for(error))
}

fn remedy_for(error: &serde_saphyr::Error) -> &'static str {
    use serde_saphyr::Error;
    match error.without_snippet() {
        Error::DuplicateMappingKey { .. } => "keep one of the two and remove the other",
        Error::MultipleDocuments { .. } => "keep one document: no `---` between two parts",
        Error::Eof { .. } => "write at least `models:`, `data:` and `load:`",
        Error::NonFiniteFloat { .. } => "write a finite number",
        _ => "check indentation, colons, brackets and quotes at this place",
    }
}

fn place_of(location: Location) -> Place {
    if location == Location::UNKNOWN {
        return Place::Nowhere;
    }
    Place::Text {
        line: location.line(),
        column: location.column(),
    }
}

/// The text under a location, as it stands in the document.
fn slice(location: Location, text: &str) -> Option<&str> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    text.get(start..start.checked_add(length)?)
}

/// Turns what serde yielded into a tree with places and digits.
fn place(raw: Spanned<Raw>, text: &str) -> Node {
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        // A span is missing only where serde-saphyr had to synthesise the scalar.
        Raw::Number(value) => Value::Number(match slice(raw.defined, text) {
            Some(digits) => digits.trim().to_owned(),
            None => value,
        }),
        Raw::Text(value) => Value::Text(value),
        Raw::List(items) => Value::List(items.into_iter().map(|item| place(item, text)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    key_place: place_of(key.referenced),
                    key: key.value,
                    node: place(value, text),
                })
                .collect(),
        ),
    };
    Node {
        value,
        place: place_of(raw.referenced),
    }
}

/// What serde yields: any YAML value, with locations where serde-saphyr adds them.
enum Raw {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
