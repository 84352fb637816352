//! JSONL files: one JSON object a line. Values stay the text they are in the file until a format
//! asks for them, so that no number passes through a float.
//!
//! Refuses lines that are not one object, a needed key that is absent or stands twice, and
//! anything but UTF-8. Blank lines are not rows.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::TraceError;
use crate::limits::{MAX_IGNORED_NAMES, MAX_JSON_LINE_BYTES, MAX_ROWS};
use crate::place::{Cell, CellKind, quote};
use crate::rows::{Closed, Rows, Value, Wanted};
use crate::source::Source;

/// The rows of an open JSONL file, read one at a time into one buffer.
pub struct JsonRows<R> {
    reader: BufReader<Source<R>>,
    wanted: Vec<Wanted>,
    text: Vec<u8>,
    /// Where each wanted value stands in `text`.
    spans: Vec<Option<Range<usize>>>,
    /// Which wanted keys any row had so far.
    seen: Vec<bool>,
    line: u64,
    rows_read: u32,
    ignored: BTreeSet<String>,
    name: String,
}

impl<R: Read> JsonRows<R> {
    pub fn open(reader: R, name: &str, wanted: Vec<Wanted>) -> Result<Self, TraceError> {
        Ok(Self {
            reader: BufReader::new(Source::open(reader, name, MAX_JSON_LINE_BYTES)?),
            spans: vec![None; wanted.len()],
            seen: vec![false; wanted.len()],
            wanted,
            text: Vec::new(),
            line: 0,
            rows_read: 0,
            ignored: BTreeSet::new(),
            name: name.to_owned(),
        })
    }

    /// Line of the row that was read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The text of a wanted value, as JSON.
    pub fn raw(&self, field: usize) -> &[u8] {
        match &self.spans[field] {
            Some(span) => &self.text[span.clone()],
            None => &[],
        }
    }

    /// Reads the next line that is not blank.
    fn read_line(&mut self) -> Result<bool, TraceError> {
        loop {
            self.text.clear();
            self.reader.get_mut().begin_record();
            let length = match self.reader.read_until(b'\n', &mut self.text) {
                Ok(length) => length,
                Err(error) => return Err(self.reader.get_ref().error(error, self.line + 1)),
            };
            if length == 0 {
                return Ok(false);
            }
            self.line += 1;
            // `Source` ends every line, the last one too.
            self.text.pop();
            if !self.text.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn parse(&mut self) -> Result<(), TraceError> {
        self.spans.fill(None);
        let mut duplicate = None;
        let mut deserializer = serde_json::Deserializer::from_slice(&self.text);
        let object = Object {
            text: &self.text,
            wanted: &self.wanted,
            spans: &mut self.spans,
            ignored: &mut self.ignored,
            duplicate: &mut duplicate,
        };
        let parsed = object
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end());
        if let Err(error) = parsed {
            return Err(TraceError::Json {
                file: self.name.clone(),
                line: self.line,
                row: self.row(),
                message: in_line(&error),
            });
        }
        self.check_keys(duplicate)
    }

    fn check_keys(&mut self, duplicate: Option<usize>) -> Result<(), TraceError> {
        for (seen, span) in self.seen.iter_mut().zip(&self.spans) {
            *seen |= span.is_some();
        }
        let (file, line, row) = (self.name.clone(), self.line, self.row());
        if let Some(field) = duplicate {
            let key = self.wanted[field].name.clone();
            return Err(TraceError::DuplicateKey {
                file,
                line,
                row,
                key,
            });
        }
        let mut fields = self.wanted.iter().zip(&self.spans);
        let missing = fields.find(|(wanted, span)| wanted.required && span.is_none());
        match missing {
            None => Ok(()),
            Some((wanted, _)) => Err(TraceError::MissingKey {
                file,
                line,
                row,
                key: wanted.name.clone(),
                needed: Wanted::list(&self.wanted),
            }),
        }
    }
}

/// What serde_json says, with the column of this line instead of its own line number.
pub fn in_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    // A message may repeat a piece of the line.
    format!("{} at column {}", quote(message.as_bytes()), error.column())
}

impl<R: Read> Rows for JsonRows<R> {
    const NUMBERS_ARE_TEXT: bool = false;

    fn advance(&mut self) -> Result<bool, TraceError> {
        if !self.read_line()? {
            if self.rows_read > 0 {
                return Ok(false);
            }
            let list = Wanted::list(&self.wanted);
            return Err(TraceError::Empty {
                file: self.name.clone(),
                expected: format!("a JSONL file, each line an object with {list}"),
            });
        }
        if self.rows_read == MAX_ROWS {
            return Err(TraceError::TooManyRows {
                file: self.name.clone(),
                line: self.line,
                limit: MAX_ROWS,
            });
        }
        self.rows_read += 1;
        self.parse()?;
        Ok(true)
    }

    fn row(&self) -> u32 {
        self.rows_read.saturating_sub(1)
    }

    fn has(&self, field: usize) -> bool {
        self.seen[field]
    }

    fn value(&self, field: usize) -> Result<Value<'_>, TraceError> {
        let raw = self.raw(field);
        Ok(match raw {
            b"" | b"null" => Value::Absent,
            [b'-' | b'0'..=b'9', ..] => Value::Number(raw),
            [b'"', text @ .., b'"'] if !text.contains(&b'\\') => Value::Text(Cow::Borrowed(text)),
            [b'"', ..] => match serde_json::from_slice::<String>(raw) {
                Ok(text) => Value::Text(Cow::Owned(text.into_bytes())),
                Err(_) => return Err(self.wrong_type(field, "text without lone surrogates")),
            },
            _ => Value::Other,
        })
    }

    fn cell(&self, field: usize) -> Box<Cell> {
        let raw = self.raw(field);
        let text = raw.strip_prefix(b"\"").unwrap_or(raw);
        Box::new(Cell {
            file: self.name.clone(),
            line: self.line,
            row: self.row(),
            kind: CellKind::Field,
            name: self.wanted[field].name.clone(),
            text: quote(text.strip_suffix(b"\"").unwrap_or(text)),
        })
    }

    fn close(self) -> Closed {
        Closed {
            rows_read: self.rows_read.into(),
            ignored_columns: self.ignored.into_iter().collect(),
            fingerprint: self.reader.into_inner().finish(),
        }
    }
}

/// Takes one object apart: notes where the wanted values are, passes over the others.
struct Object<'a> {
    text: &'a [u8],
    wanted: &'a [Wanted],
    spans: &'a mut [Option<Range<usize>>],
    ignored: &'a mut BTreeSet<String>,
    duplicate: &'a mut Option<usize>,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let wanted = self.wanted;
        while let Some(key) = map.next_key_seed(Key { wanted })? {
            let field = match key {
                Ok(field) => field,
                Err(unused) => {
                    map.next_value::<IgnoredAny>()?;
                    if self.ignored.len() < MAX_IGNORED_NAMES && !self.ignored.contains(&*unused) {
                        self.ignored.insert(quote(unused.as_bytes()));
                    }
                    continue;
                }
            };
            let raw = map.next_value::<&RawValue>()?.get();
            // A raw value is borrowed from the line: its distance from the start is its place.
            let start = raw.as_ptr().addr() - self.text.as_ptr().addr();
            if self.spans[field]
                .replace(start..start + raw.len())
                .is_some()
            {
                *self.duplicate = Some(field);
            }
        }
        Ok(())
    }
}

/// A key: the index of a wanted field, or the name of another.
struct Key<'a> {
    wanted: &'a [Wanted],
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Result<usize, Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = Result<usize, Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        let field = self.wanted.iter().position(|wanted| wanted.name == key);
        Ok(field.ok_or(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let field = self.wanted.iter().position(|wanted| wanted.name == key);
        Ok(field.ok_or_else(|| Cow::Owned(key.to_owned())))
    }
}
