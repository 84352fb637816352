//! JSON as a tree that remembers where everything stands, so that each complaint about a value has
//! its line and column. Numbers stay the text they are in the file.
//!
//! Refuses what RFC 8259 does, and what it leaves open: a key that stands twice in one object, a
//! surrogate without its partner, and more levels than [`MAX_DEPTH`].

use std::borrow::Cow;
use std::collections::BTreeSet;
use traces::quote;

/// Most lists and objects inside one another.
pub const MAX_DEPTH: usize = 128;
/// Objects with fewer keys are searched for doubles one by one.
const FEW_KEYS: usize = 16;

/// A value, and the bytes of the text that it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<'t> {
    pub at: usize,
    pub end: usize,
    pub value: Value<'t>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value<'t> {
    Null,
    Bool(bool),
    /// Its digits.
    Number(&'t str),
    Text(Cow<'t, str>),
    List(Vec<Json<'t>>),
    Object(Vec<Entry<'t>>),
}

/// A key, where it stands, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'t> {
    pub at: usize,
    pub key: Cow<'t, str>,
    pub value: Json<'t>,
}

/// Why a text is not JSON, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: usize,
    pub what: String,
    pub remedy: &'static str,
}

const SYNTAX: &str = "write one JSON value; NaN, comments and trailing commas are not JSON";
const SURROGATES: &str =
    "write both halves, like \\ud83d\\ude00, or the character itself; half of one is no text";

/// Reads a text that is one value, with blanks around it.
pub fn parse(text: &str) -> Result<Json<'_>, Fault> {
    let mut parser = Parser { text, at: 0 };
    parser.skip_blanks();
    let json = parser.value(0)?;
    parser.skip_blanks();
    match parser.peek() {
        None => Ok(json),
        Some(_) => Err(parser.unexpected("the end")),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn fault(&self, at: usize, what: impl Into<String>, remedy: &'static str) -> Fault {
        let what = what.into();
        Fault { at, what, remedy }
    }

    fn unexpected(&self, expected: &str) -> Fault {
        let what = match self.text[self.at..].chars().next() {
            Some(found) => {
                let mut bytes = [0; 4];
                let found = quote(found.encode_utf8(&mut bytes).as_bytes());
                format!("expected {expected}, found \"{found}\"")
            }
            None => format!("expected {expected}, but the text ends here"),
        };
        self.fault(self.at, what, SYNTAX)
    }

    /// Takes `byte` if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json<'t>, Fault> {
        let at = self.at;
        let value = match self.peek() {
            Some(b'"') => Value::Text(self.string()?),
            Some(b'{' | b'[') if depth == MAX_DEPTH => {
                let what = format!("more than {MAX_DEPTH} lists and objects inside one another");
                return Err(self.fault(at, what, "write it flatter; no request is so deep"));
            }
            Some(b'{') => Value::Object(self.object(depth + 1)?),
            Some(b'[') => Value::List(self.list(depth + 1)?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            _ => self.word()?,
        };
        let end = self.at;
        Ok(Json { at, end, value })
    }

    fn word(&mut self) -> Result<Value<'t>, Fault> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("a JSON value"))
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Json<'t>>, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            self.skip_blanks();
            items.push(self.value(depth)?);
            self.skip_blanks();
            if self.take(b']') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Entry<'t>>, Fault> {
        self.at += 1;
        let mut entries = Vec::new();
        self.skip_blanks();
        if self.take(b'}') {
            return Ok(entries);
        }
        loop {
            self.skip_blanks();
            let at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in quotes"));
            }
            let key = self.string()?;
            self.skip_blanks();
            if !self.take(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.skip_blanks();
            let value = self.value(depth)?;
            entries.push(Entry { at, key, value });
            self.skip_blanks();
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
        match second_of_a_key(&entries) {
            None => Ok(entries),
            Some(entry) => {
                let what = format!(
                    "the key \"{}\" stands twice in one object",
                    quote(entry.key.as_bytes())
                );
                Err(self.fault(entry.at, what, "keep the one that is meant"))
            }
        }
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        match self.at > from {
            true => Ok(()),
            false => Err(self.unexpected("a digit")),
        }
    }

    fn number(&mut self) -> Result<&'t str, Fault> {
        let from = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(&self.text[from..self.at])
    }

    /// The text of a string, borrowed unless something in it is escaped.
    fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        let open = self.at;
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let from = self.at;
            let bytes = self.text.as_bytes()[from..].iter();
            let plain = bytes.take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20));
            self.at += plain.count();
            let piece = &self.text[from..self.at];
            match text.is_empty() {
                true => text = Cow::Borrowed(piece),
                false => text.to_mut().push_str(piece),
            }
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.to_mut().push(self.escaped()?),
                Some(control) => {
                    let what = format!("an unescaped control character, U+{control:04X}, in text");
                    let remedy = "write it as \\n, \\t or \\u00XX";
                    return Err(self.fault(self.at, what, remedy));
                }
                None => {
                    let what = "the text that begins here has no closing quote";
                    return Err(self.fault(open, what, SYNTAX));
                }
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Fault> {
        let from = self.at;
        self.at += 1;
        let Some(letter) = self.peek() else {
            return Err(self.unexpected("an escaped character"));
        };
        let plain = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(from),
            _ => {
                let what = "a backslash before a character that it does not escape";
                return Err(self.fault(from, what, "write \\\\ for a backslash"));
            }
        };
        self.at += 1;
        Ok(plain)
    }

    /// One character of one or two `\uXXXX`, of which the first begins at `from`.
    fn unicode(&mut self, from: usize) -> Result<char, Fault> {
        let first = self.hex()?;
        if let Some(plain) = char::from_u32(first) {
            return Ok(plain);
        }
        let lone = |at: usize, unit: u32| {
            let what = format!("\\u{unit:04x} is half of a surrogate pair");
            Err(self.fault(at, what, SURROGATES))
        };
        let is_high = (0xd800..0xdc00).contains(&first);
        if !is_high || !self.text[self.at..].starts_with("\\u") {
            return lone(from, first);
        }
        let mut behind = Parser {
            text: self.text,
            at: self.at + 1,
        };
        let second = behind.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            return lone(from, first);
        }
        self.at = behind.at;
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(code).expect("two halves are one character"))
    }

    /// The number behind a `\u`; `at` stands on the `u`.
    fn hex(&mut self) -> Result<u32, Fault> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else {
            let what = "\\u without four hexadecimal digits";
            return Err(self.fault(self.at - 1, what, "write it like \\u00e9"));
        };
        self.at += 5;
        let value = |digit: &u8| char::from(*digit).to_digit(16).unwrap_or(0);
        Ok(digits
            .iter()
            .fold(0, |code, digit| code * 16 + value(digit)))
    }
}

/// The first entry whose key stands before it already.
fn second_of_a_key<'e, 't>(entries: &'e [Entry<'t>]) -> Option<&'e Entry<'t>> {
    if entries.len() < FEW_KEYS {
        let mut numbered = entries.iter().enumerate();
        let known = |(number, entry): &(usize, &Entry<'_>)| {
            entries[..*number].iter().any(|e| e.key == entry.key)
        };
        return numbered.find(known).map(|(_, entry)| entry);
    }
    let mut known = BTreeSet::new();
    entries.iter().find(|entry| !known.insert(&entry.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value as Theirs;

    /// What serde_json would have made of it.
    fn theirs(json: &Json<'_>) -> Theirs {
        match &json.value {
            Value::Null => Theirs::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(digits) => serde_json::from_str(digits).unwrap(),
            Value::Text(text) => text.as_ref().into(),
            Value::List(items) => items.iter().map(theirs).collect(),
            Value::Object(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|e| (e.key.to_string(), theirs(&e.value)));
                Theirs::Object(entries.collect())
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Theirs> {
        let leaf = prop_oneof![
            Just(Theirs::Null),
            any::<bool>().prop_map(Theirs::from),
            any::<i64>().prop_map(Theirs::from),
            any::<f64>().prop_map(Theirs::from),
            any::<String>().prop_map(Theirs::from),
        ];
        leaf.prop_recursive(4, 32, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Theirs::from),
                prop::collection::btree_map(any::<String>(), inner, 0..24)
                    .prop_map(|map| Theirs::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_read_as_another_reader_reads_it(value in any_json(), pretty: bool) {
            let text = match pretty {
                true => serde_json::to_string_pretty(&value).unwrap(),
                false => value.to_string(),
            };
            let json = parse(&text).unwrap();
            prop_assert_eq!(&text[json.at..json.end], &text);
            prop_assert_eq!(theirs(&json), serde_json::from_str::<Theirs>(&text).unwrap());
        }

        #[test]
        fn what_is_damaged_is_refused_where_another_reader_refuses_it(
            value in any_json(), at in any::<prop::sample::Index>(), byte in "[\\[\\]{},:\"\\\\u0d8.e+ntx\n-]",
        ) {
            let mut text = value.to_string();
            let boundary = (0..=at.index(text.len())).rev().find(|at| text.is_char_boundary(*at));
            let at = boundary.unwrap_or(0);
            let length = text[at..].chars().next().map_or(0, char::len_utf8);
            text.replace_range(at..at + length, &byte);
            match (parse(&text), serde_json::from_str::<Theirs>(&text)) {
                (Ok(json), Ok(expected)) => prop_assert_eq!(theirs(&json), expected),
                (Err(fault), Ok(_)) => prop_assert!(fault.what.contains("stands twice"), "{}", fault.what),
                (Ok(_), Err(error)) => {
                    prop_assert!(error.to_string().contains("number out of range"), "{}", error)
                }
                (Err(_), Err(_)) => {}
            }
        }
    }

    #[test]
    fn faults_have_their_place() {
        for (text, at, what) in [
            ("", 0, "the text ends here"),
            ("{\"a\": 1,}", 8, "expected a key in quotes"),
            ("[1 2]", 3, "expected `,` or `]`, found \"2\""),
            ("{\"a\" 1}", 5, "expected `:`"),
            ("nul", 0, "expected a JSON value"),
            ("NaN", 0, "expected a JSON value"),
            ("01", 1, "expected the end"),
            ("1.", 2, "expected a digit"),
            ("\"ab", 0, "no closing quote"),
            ("[\"a\tb\"]", 3, "U+0009"),
            ("[\"a\0b\"]", 3, "U+0000"),
            ("\"a\\x\"", 2, "does not escape"),
            ("\"a\\u12\"", 2, "four hexadecimal digits"),
            ("\"a\\ud800\"", 2, "\\ud800 is half"),
            ("\"\\udc00\\ud800\"", 1, "\\udc00 is half"),
            ("\"\\ud800\\u0041\"", 1, "\\ud800 is half"),
            ("{\"\\ud800\": 1}", 2, "\\ud800 is half"),
            (
                "{\"a\": 1, \"\\u0061\": 2}",
                9,
                "the key \"a\" stands twice",
            ),
            ("[{\"b\": {\"a\": 1, \"a\": 2}}]", 16, "stands twice"),
            ("\u{feff}1", 0, "expected a JSON value"),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(fault.at, at, "{text}: {}", fault.what);
            assert!(fault.what.contains(what), "{text}: {}", fault.what);
        }
        assert!(parse(&format!("{}{}", "[".repeat(128), "]".repeat(128))).is_ok());
        let deep = parse(&"[".repeat(1 << 20)).unwrap_err();
        assert_eq!(deep.at, MAX_DEPTH);
        let many: Vec<String> = (0..40).map(|i| format!("\"{}\":0", i % 39)).collect();
        let fault = parse(&format!("{{{}}}", many.join(","))).unwrap_err();
        assert!(fault.what.contains("\"0\" stands twice"), "{}", fault.what);
    }
}
