//! One JSON value of a file and its place: a line of JSONL, or an element of a long array. And one
//! value inside it, which makes every error about itself.

use super::error::{DataError, RowError};
use super::json::{Entry, Json, Value, parse};
use crate::spec::MAX_LENGTH_TOKENS;
use crate::spec::suggest::nearest;
use schemas::layout::MAX_TIME_NS;
use traces::{DecimalFault, Rounding, quote, scaled};

/// The text of a row, and where it begins.
#[derive(Clone, Copy, Debug)]
pub struct Row<'r> {
    pub file: &'r str,
    /// From 1.
    pub line: u64,
    /// Characters before it on that line.
    pub before: u64,
    pub text: &'r str,
}

impl<'r> Row<'r> {
    /// A row of bytes that ought to be UTF-8.
    pub fn new(file: &'r str, line: u64, before: u64, bytes: &'r [u8]) -> Result<Self, DataError> {
        let row = |text| Self {
            file,
            line,
            before,
            text,
        };
        std::str::from_utf8(bytes).map(row).map_err(|error| {
            let (sound, rest) = bytes.split_at(error.valid_up_to());
            let sound = std::str::from_utf8(sound).unwrap_or_default();
            let what = format!("the byte 0x{:02x} is not UTF-8 here", rest[0]);
            row(sound).error(sound.len(), what, "save the file as UTF-8")
        })
    }

    /// Line and column of a byte of the text.
    pub fn place(&self, at: usize) -> (u64, u64) {
        let before = &self.text[..at];
        let breaks = before.matches('\n').count() as u64;
        let on_line = before.rsplit('\n').next().unwrap_or_default();
        let first = if breaks == 0 { self.before } else { 0 };
        let column = first + on_line.chars().count() as u64 + 1;
        (self.line + breaks, column)
    }

    /// An error about the text from byte `at` on.
    pub fn error(
        &self,
        at: usize,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> DataError {
        let (line, column) = self.place(at);
        DataError::Row(Box::new(RowError {
            file: self.file.to_owned(),
            line,
            column,
            what: what.into(),
            remedy: remedy.into(),
        }))
    }

    /// The tree of its one value.
    pub fn parse(&self) -> Result<Json<'r>, DataError> {
        parse(self.text).map_err(|fault| self.error(fault.at, fault.what, fault.remedy))
    }

    /// The whole row as a value.
    pub fn whole(&'r self, json: &'r Json<'r>) -> Item<'r> {
        let name = "the row";
        Item {
            row: self,
            json,
            name,
        }
    }
}

/// The keys of one kind of object.
pub struct Keys {
    pub known: &'static [&'static str],
    /// Keys that users may expect: the key, why it is refused, what to do instead.
    pub refused: &'static [(&'static str, &'static str, &'static str)],
}

/// A value in a row, under the key by which messages call it.
#[derive(Clone, Copy, Debug)]
pub struct Item<'r> {
    pub row: &'r Row<'r>,
    pub json: &'r Json<'r>,
    pub name: &'r str,
}

/// An object, all of whose keys are known.
#[derive(Clone, Copy)]
pub struct Object<'r> {
    pub item: Item<'r>,
    entries: &'r [Entry<'r>],
}

impl<'r> Item<'r> {
    pub fn error(&self, what: impl AsRef<str>, remedy: impl Into<String>) -> DataError {
        let what = format!("{}: {}", quote(self.name.as_bytes()), what.as_ref());
        self.row.error(self.json.at, what, remedy)
    }

    fn mismatch(&self, expected: &str, remedy: &str) -> DataError {
        let found = match &self.json.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.error(format!("expected {expected}, found {found}"), remedy)
    }

    /// The same place under another name.
    pub fn named(self, name: &'r str) -> Self {
        Self { name, ..self }
    }

    /// As it stands in the file.
    pub fn raw(&self) -> &'r str {
        &self.row.text[self.json.at..self.json.end]
    }

    pub fn text(&self) -> Result<&'r str, DataError> {
        match &self.json.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.mismatch("text", "write it in quotes")),
        }
    }

    /// Text with something in it.
    pub fn said(&self) -> Result<&'r str, DataError> {
        match self.text()? {
            "" => Err(self.error("the text is empty", "write something, or remove the line")),
            text => Ok(text),
        }
    }

    pub fn bool(&self) -> Result<bool, DataError> {
        match self.json.value {
            Value::Bool(value) => Ok(value),
            _ => Err(self.mismatch("true or false", "write it without quotes")),
        }
    }

    pub fn list(&self) -> Result<impl ExactSizeIterator<Item = Item<'r>> + use<'r>, DataError> {
        let Value::List(items) = &self.json.value else {
            return Err(self.mismatch("a list", "write [..] around it"));
        };
        let (row, name) = (self.row, self.name);
        Ok(items.iter().map(move |json| Item { row, json, name }))
    }

    /// The entries of an object whose keys are values themselves.
    pub fn entries(&self) -> Result<&'r [Entry<'r>], DataError> {
        match &self.json.value {
            Value::Object(entries) => Ok(entries),
            _ => Err(self.mismatch("an object", "write {..} with its keys")),
        }
    }

    /// The object here, with every key checked against `keys`.
    pub fn object(self, keys: &Keys) -> Result<Object<'r>, DataError> {
        let entries = self.entries()?;
        for entry in entries {
            let key: &str = &entry.key;
            if keys.known.contains(&key) {
                continue;
            }
            if let Some((_, what, remedy)) = keys.refused.iter().find(|(k, ..)| *k == key) {
                return Err(self
                    .row
                    .error(entry.at, format!("`{key}`: {what}"), *remedy));
            }
            let what = format!("unknown key `{}`", quote(key.as_bytes()));
            let known = format!("the keys here are {}", keys.known.join(", "));
            let remedy = match nearest(key, keys.known) {
                Some(near) => format!("did you mean `{near}`? {known}"),
                None => known,
            };
            return Err(self.row.error(entry.at, what, remedy));
        }
        let item = self;
        Ok(Object { item, entries })
    }

    /// An object whose unknown keys are nobody's business.
    pub fn any_object(self) -> Result<Object<'r>, DataError> {
        let entries = self.entries()?;
        let item = self;
        Ok(Object { item, entries })
    }

    /// Milliseconds, as nanoseconds.
    pub fn milliseconds(&self) -> Result<u64, DataError> {
        let Value::Number(digits) = self.json.value else {
            return Err(self.mismatch("a number of milliseconds", "write digits, like 1500"));
        };
        scaled(digits.as_bytes(), 6, Rounding::HalfUp).map_err(|fault| {
            let what = match fault {
                DecimalFault::Negative => "a time before the beginning",
                _ => "more milliseconds than fit",
            };
            self.error(what, "write milliseconds from 0 on; is it another unit?")
        })
    }

    /// Milliseconds to wait, as nanoseconds.
    pub fn delay(&self) -> Result<u64, DataError> {
        let delay_ns = self.milliseconds()?;
        match delay_ns > MAX_TIME_NS {
            true => Err(self.error(
                "longer than the limit of ten years",
                "write milliseconds; is it another unit?",
            )),
            false => Ok(delay_ns),
        }
    }

    /// A count of tokens, from 1 on.
    pub fn tokens(&self) -> Result<u32, DataError> {
        let remedy = format!("write a whole number from 1 to {MAX_LENGTH_TOKENS}");
        let Value::Number(digits) = self.json.value else {
            return Err(self.mismatch("a whole number", &remedy));
        };
        match digits.parse::<u32>() {
            Ok(count) if (1..=MAX_LENGTH_TOKENS).contains(&count.into()) => Ok(count),
            _ => {
                let what = format!("{} is no count of tokens", quote(digits.as_bytes()));
                Err(self.error(what, remedy))
            }
        }
    }
}

impl<'r> Object<'r> {
    /// The value of `key`, if it is there and not null.
    pub fn get(&self, key: &str) -> Option<Item<'r>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        let Item { row, .. } = self.item;
        let item = Item {
            row,
            json: &entry.value,
            name: &entry.key,
        };
        (item.json.value != Value::Null).then_some(item)
    }

    /// The value of `key`; `remedy` says what to write if it is not there.
    pub fn required(&self, key: &str, remedy: &str) -> Result<Item<'r>, DataError> {
        let at = self.item.json.at;
        let missing = || (self.item.row).error(at, format!("there is no `{key}`"), remedy);
        self.get(key).ok_or_else(missing)
    }
}
