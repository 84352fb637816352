//! Reading a tree of nodes by key: one cursor for each value, which knows its path
//! and makes every error about it. Refuses unknown keys and values, with the
//! nearest known one as a suggestion.

use super::error::{Place, SpecError};
use super::node::{Entry, Node, Value};
use super::suggest::nearest;

/// A word that is refused on purpose: the word, why, and what to do instead.
pub type Refused = (&'static str, &'static str, &'static str);

/// The keys of one block.
pub struct Keys {
    pub known: &'static [&'static str],
    /// Keys that users may expect and this version refuses, with what to do instead.
    pub later: &'static [(&'static str, &'static str)],
    /// Keys that cannot stand here in any version.
    pub refused: &'static [Refused],
}

/// The values of one key.
pub struct Choices<T: 'static> {
    pub known: &'static [(&'static str, T)],
    /// Values that users may expect and this version refuses.
    pub later: &'static [&'static str],
    /// Values that cannot stand here in any version.
    pub refused: &'static [Refused],
}

/// What to do about a key which has no better advice.
pub const REMOVE: &str = "remove it for now; CHANGELOG.md says what each version adds";

/// One value and the way to it.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    pub node: &'a Node,
    file: &'a str,
    path: String,
}

/// The entries of one map, all of them known.
pub struct Fields<'a> {
    pub cursor: Cursor<'a>,
    entries: &'a [Entry],
}

/// A key that is a value itself, such as the name of a header field.
pub struct Key<'a> {
    pub text: &'a str,
    file: &'a str,
    path: String,
    place: &'a Place,
}

impl Key<'_> {
    pub fn error(&self, what: impl AsRef<str>, remedy: impl Into<String>) -> SpecError {
        let what = format!("`{}`: {}", self.path, what.as_ref());
        SpecError::new(self.file, self.place, what, remedy)
    }
}

impl<'a> Cursor<'a> {
    pub fn root(node: &'a Node, file: &'a str) -> Self {
        let path = String::new();
        Self { node, file, path }
    }

    /// The path as messages print it.
    pub fn name(&self) -> String {
        match self.path.as_str() {
            "" => "the spec".into(),
            path => format!("`{path}`"),
        }
    }

    pub fn error(&self, what: impl AsRef<str>, remedy: impl Into<String>) -> SpecError {
        let what = format!("{}: {}", self.name(), what.as_ref());
        SpecError::new(self.file, &self.node.place, what, remedy)
    }

    fn mismatch(&self, expected: &str, remedy: &str) -> SpecError {
        let found = self.node.kind();
        self.error(format!("expected {expected}, found {found}"), remedy)
    }

    pub fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    pub fn is_empty_list(&self) -> bool {
        matches!(&self.node.value, Value::List(items) if items.is_empty())
    }

    /// Text that is not a number, `true`, or another thing YAML knows better.
    pub fn text(&self) -> Result<&'a str, SpecError> {
        match &self.node.value {
            Value::Text(text) => Ok(text),
            Value::Number(_) | Value::Bool(_) => {
                Err(self.mismatch("text", "put the value in quotes"))
            }
            _ => Err(self.mismatch("text", "write a single word or a quoted text here")),
        }
    }

    /// A number or text, as it was written.
    pub fn scalar(&self) -> Result<&'a str, SpecError> {
        match &self.node.value {
            Value::Text(text) | Value::Number(text) => Ok(text),
            _ => Err(self.mismatch("a number or text", "write a single value here")),
        }
    }

    pub fn bool(&self) -> Result<bool, SpecError> {
        match self.node.value {
            Value::Bool(value) => Ok(value),
            _ => Err(self.mismatch("true or false", "write true or false, without quotes")),
        }
    }

    pub fn list(&self) -> Result<Vec<Cursor<'a>>, SpecError> {
        let Value::List(items) = &self.node.value else {
            return Err(self.mismatch("a list", "write one `- ` line for each item, or [..]"));
        };
        let item = |(i, node)| Cursor {
            node,
            file: self.file,
            path: format!("{}[{i}]", self.path),
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// The entries of a map whose keys are values themselves.
    pub fn entries(&self) -> Result<Vec<(Key<'a>, Cursor<'a>)>, SpecError> {
        let Value::Map(entries) = &self.node.value else {
            return Err(self.mismatch("a map", "write `key: value`, one for each line, or {..}"));
        };
        let entry = |entry: &'a Entry| {
            let path = self.path_of(&entry.key);
            let key = Key {
                text: &entry.key,
                file: self.file,
                path: path.clone(),
                place: &entry.key_place,
            };
            let (node, file) = (&entry.node, self.file);
            (key, Cursor { node, file, path })
        };
        Ok(entries.iter().map(entry).collect())
    }

    /// The map here, with every key checked against `keys`.
    pub fn fields(self, keys: &Keys) -> Result<Fields<'a>, SpecError> {
        self.fields_beside(keys, &[])
    }

    /// The same, where keys of inference-perf are passed over: no message suggests them.
    pub fn fields_beside(self, keys: &Keys, passed: &[&str]) -> Result<Fields<'a>, SpecError> {
        let Value::Map(entries) = &self.node.value else {
            let remedy = format!("write a map here; its keys are {}", list(keys.known));
            return Err(self.mismatch("a map", &remedy));
        };
        for entry in entries {
            if !passed.contains(&entry.key.as_str()) {
                self.check_key(entry, keys)?;
            }
        }
        let cursor = self;
        Ok(Fields { cursor, entries })
    }

    fn check_key(&self, entry: &Entry, keys: &Keys) -> Result<(), SpecError> {
        let key = entry.key.as_str();
        if keys.known.contains(&key) {
            return Ok(());
        }
        let path = self.path_of(key);
        let error = |what: String, remedy: String| {
            SpecError::new(self.file, &entry.key_place, what, remedy)
        };
        let later = keys.later.iter().find(|(later, _)| *later == key);
        let refused = keys.refused.iter().find(|(refused, ..)| *refused == key);
        // `sweep: null` and `api_key: ""` say that there is none, which is what happens.
        if entry.node.is_empty() && (later.is_some() || refused.is_some()) {
            return Ok(());
        }
        if let Some((_, instead)) = later {
            let what = format!("`{path}` is not supported by this version yet");
            return Err(error(what, (*instead).to_owned()));
        }
        if let Some((_, what, instead)) = refused {
            return Err(error(format!("`{path}`: {what}"), (*instead).to_owned()));
        }
        let known = list(keys.known);
        let remedy = match nearest(key, keys.known) {
            // `{delay: normal(2s, 500ms)}` is two entries to YAML, the second `500ms)`.
            _ if key.ends_with(')') => {
                "put the whole text in quotes: inside `{..}` a comma ends it".to_owned()
            }
            Some(near) => format!("did you mean `{near}`? The keys here are {known}"),
            None => format!("the keys here are {known}"),
        };
        Err(error(format!("unknown key `{path}`"), remedy))
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, choices: &Choices<T>) -> Result<T, SpecError> {
        let word = match &self.node.value {
            Value::Number(text) => text,
            _ => self.text()?,
        };
        choices.find(word, self)
    }

    fn path_of(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }
}

impl<T: Copy> Choices<T> {
    /// What `word` stands for; it was written at `cursor`.
    pub fn find(&self, word: &str, cursor: &Cursor<'_>) -> Result<T, SpecError> {
        if let Some((_, value)) = self.known.iter().find(|(known, _)| *known == word) {
            return Ok(*value);
        }
        let names: Vec<&str> = self.known.iter().map(|(name, _)| *name).collect();
        let known = list(&names);
        if self.later.contains(&word) {
            let what = format!("`{word}` is not supported by this version yet");
            return Err(cursor.error(what, format!("write one of {known}")));
        }
        if let Some((_, what, remedy)) = self.refused.iter().find(|(refused, ..)| *refused == word)
        {
            return Err(cursor.error(what, *remedy));
        }
        let remedy = match nearest(word, &names) {
            Some(near) => format!("did you mean `{near}`? Write one of {known}"),
            None => format!("write one of {known}"),
        };
        Err(cursor.error(format!("unknown value `{word}`"), remedy))
    }
}

impl<'a> Fields<'a> {
    /// The value of `key`, if it is there and not null.
    pub fn optional(&self, key: &str) -> Option<Cursor<'a>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        let cursor = Cursor {
            node: &entry.node,
            file: self.cursor.file,
            path: self.cursor.path_of(key),
        };
        (!cursor.is_null()).then_some(cursor)
    }

    /// The value of `key`, and of `synonym`, of which only one may be there.
    pub fn either(&self, key: &str, synonym: &str) -> Result<Option<Cursor<'a>>, SpecError> {
        one_of(self.optional(key), self.optional(synonym))
    }

    /// The value of `key`; `remedy` says what to write if it is not there.
    pub fn required(&self, key: &str, remedy: &str) -> Result<Cursor<'a>, SpecError> {
        self.optional(key).ok_or_else(|| {
            let place = self.place_of(key);
            let what = format!("missing `{}`", self.cursor.path_of(key));
            SpecError::new(self.cursor.file, place, what, remedy)
        })
    }

    /// Where `key` stands with nothing under it, or else the map it should be in.
    fn place_of(&self, key: &str) -> &'a Place {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        entry.map_or(&self.cursor.node.place, |entry| &entry.key_place)
    }
}

/// The one of two that is there; both are an error, at the second.
pub fn one_of<'a>(
    first: Option<Cursor<'a>>,
    second: Option<Cursor<'a>>,
) -> Result<Option<Cursor<'a>>, SpecError> {
    match (first, second) {
        (Some(first), Some(second)) => {
            let what = format!("{} says the same already", first.name());
            Err(second.error(what, "remove one of the two"))
        }
        (first, second) => Ok(first.or(second)),
    }
}

/// Names as a message lists them.
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
