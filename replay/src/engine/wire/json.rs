//! Looking into JSON in one pass: a cursor that visits the members it is asked about and passes over
//! everything else. Nothing is allocated and nothing is decoded.
//!
//! Strings are passed over as strings and containers as containers, so neither a text that quotes a
//! key nor a member of another object can be taken for the one that is asked for. Says that a text is
//! broken when its strings and brackets do not fit; what a number or a word is, is not looked at.

use memchr::{memchr2, memmem};

/// The text is not JSON, or was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// What a value is as a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// A string, or a list of parts, that is not empty.
    Some,
    /// An empty string.
    Empty,
    /// No string: null, as a rule.
    None,
}

/// Where a string lies that was only asked whether it is empty, and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its length.
    pub bytes: usize,
    /// Bytes of the document behind it, beginning with its quote.
    pub behind: usize,
}

/// A place in a text, in front of a value.
#[derive(Debug)]
pub struct Cursor<'d> {
    rest: &'d [u8],
    /// The last such string.
    text: Option<Place>,
}

/// Visits the members of the object that `data` is, or of each object in the list that it is.
/// `on_member` gets the key and the place of the value, and must pass it. Gives the last text that
/// [`Cursor::text`] or [`Cursor::is_text`] has found.
pub fn document<'d>(
    data: &'d [u8],
    mut on_member: impl FnMut(&'d [u8], &mut Cursor<'d>) -> Result<(), Broken>,
) -> Result<Option<Place>, Broken> {
    let mut at = Cursor::new(data.trim_ascii_start());
    match at.rest.first() {
        Some(b'{') => at.object(on_member)?,
        Some(b'[') => at.array(|at| at.object(&mut on_member))?,
        _ => return Err(Broken),
    }
    match at.rest.trim_ascii_start() {
        [] => Ok(at.text),
        _ => Err(Broken),
    }
}

/// The last member `key` whose value is an object, of whichever object: the place of that value. For
/// a response of which only the end was kept: a quote inside of a string is escaped, so what this
/// finds is a key.
pub fn last_object<'d>(data: &'d [u8], key_in_quotes: &[u8]) -> Option<Cursor<'d>> {
    memmem::rfind_iter(data, key_in_quotes).find_map(|at| {
        let after = data[at + key_in_quotes.len()..].trim_ascii_start();
        let rest = after.strip_prefix(b":")?.trim_ascii_start();
        rest.starts_with(b"{").then_some(Cursor::new(rest))
    })
}

impl<'d> Cursor<'d> {
    fn new(rest: &'d [u8]) -> Self {
        Cursor { rest, text: None }
    }

    /// Passes a value; if it is an object, visits its members. `on_member` gets the key and the
    /// place of the value, and must pass it.
    pub fn object(
        &mut self,
        mut on_member: impl FnMut(&'d [u8], &mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.container(b'{', b'}', |at| {
            let key = at.pass_string()?;
            at.pass_white();
            at.expect(b':')?;
            at.pass_white();
            on_member(key, at)
        })
    }

    /// Passes a value; if it is a list, visits its elements. `on_element` gets the place of each,
    /// and must pass it.
    pub fn array(
        &mut self,
        on_element: impl FnMut(&mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.container(b'[', b']', on_element)
    }

    /// Passes a value; what stands between its quotes, escapes and all, if it is a string.
    pub fn string(&mut self) -> Result<Option<&'d [u8]>, Broken> {
        match self.rest.first() {
            Some(b'"') => self.pass_string().map(Some),
            _ => self.skip().map(|()| None),
        }
    }

    /// Passes a value; what it is as a text.
    pub fn text(&mut self) -> Result<Text, Broken> {
        if self.rest.starts_with(b"[") {
            return Ok(if self.is_list()? {
                Text::Some
            } else {
                Text::None
            });
        }
        Ok(match self.string()? {
            None => Text::None,
            Some([]) => Text::Empty,
            Some(text) => {
                let (bytes, behind) = (text.len(), self.rest.len() + 1);
                self.text = Some(Place { bytes, behind });
                Text::Some
            }
        })
    }

    /// Passes a value; whether it is a string that is not empty.
    pub fn is_text(&mut self) -> Result<bool, Broken> {
        let is_list = self.rest.starts_with(b"[");
        Ok(self.text()? == Text::Some && !is_list)
    }

    /// Passes a value; whether it is an object, or a string that is not empty: what servers report
    /// an error with.
    pub fn is_report(&mut self) -> Result<bool, Broken> {
        let is_object = self.rest.starts_with(b"{");
        Ok(self.is_text()? || is_object)
    }

    /// Passes a value; whether it is a list that is not empty.
    pub fn is_list(&mut self) -> Result<bool, Broken> {
        let mut is_list = false;
        self.array(|at| {
            is_list = true;
            at.skip()
        })?;
        Ok(is_list)
    }

    /// Passes a value; whether it begins so.
    pub fn begins(&mut self, with: &[u8]) -> Result<bool, Broken> {
        let begins = self.rest.starts_with(with);
        self.skip().map(|()| begins)
    }

    /// Passes a value; the number of tokens that it is, if it is one.
    pub fn number(&mut self) -> Result<Option<u32>, Broken> {
        let value = self.rest;
        self.skip()?;
        let value = &value[..value.len() - self.rest.len()];
        Ok(std::str::from_utf8(value)
            .ok()
            .and_then(|digits| digits.parse().ok()))
    }

    /// Passes a value.
    pub fn skip(&mut self) -> Result<(), Broken> {
        match self.rest.first().ok_or(Broken)? {
            b'"' => self.pass_string().map(|_| ()),
            b'{' | b'[' => self.pass_container(),
            _ => self.pass_word(),
        }
    }

    fn container(
        &mut self,
        open: u8,
        close: u8,
        mut on_item: impl FnMut(&mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        if self.rest.first() != Some(&open) {
            return self.skip();
        }
        self.rest = &self.rest[1..];
        self.pass_white();
        if self.rest.first() == Some(&close) {
            return self.expect(close);
        }
        loop {
            on_item(self)?;
            self.pass_white();
            match self.rest.split_first() {
                Some((b',', rest)) => self.rest = rest,
                _ => return self.expect(close),
            }
            self.pass_white();
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(Broken),
        }
    }

    fn pass_white(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn pass_string(&mut self) -> Result<&'d [u8], Broken> {
        self.expect(b'"')?;
        let inside = self.rest;
        let mut end = 0;
        loop {
            end += border(inside.get(end..).ok_or(Broken)?).ok_or(Broken)?;
            if inside[end] == b'"' {
                self.rest = &inside[end + 1..];
                return Ok(&inside[..end]);
            }
            // The backslash and what it escapes.
            end += 2;
        }
    }

    fn pass_word(&mut self) -> Result<(), Broken> {
        let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':' | b'"' | b'{' | b'[');
        let is_end = |byte: &u8| is_end(byte) || byte.is_ascii_whitespace();
        let end = self.rest.iter().position(is_end).unwrap_or(self.rest.len());
        match end {
            0 => Err(Broken),
            _ => {
                self.rest = &self.rest[end..];
                Ok(())
            }
        }
    }

    fn pass_container(&mut self) -> Result<(), Broken> {
        let is_mark = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
        let mut depth = 0usize;
        loop {
            let at = self.rest.iter().position(is_mark).ok_or(Broken)?;
            self.rest = &self.rest[at..];
            match self.rest[0] {
                b'"' => {
                    self.pass_string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                // It begins with an opening bracket, so one is open.
                _ => depth -= 1,
            }
            self.rest = &self.rest[1..];
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// Where a string's next quote or backslash is. Most strings in events are short: eight bytes at a
/// time are through before a search with wide registers has begun.
#[inline]
fn border(bytes: &[u8]) -> Option<usize> {
    const SHORT: usize = 64;
    let (words, _) = bytes[..bytes.len().min(SHORT)].as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zero_bytes(word ^ every_byte(b'"')) | zero_bytes(word ^ every_byte(b'\\'));
        if found != 0 {
            return Some(8 * n + found.trailing_zeros() as usize / 8);
        }
    }
    let passed = 8 * words.len();
    memchr2(b'"', b'\\', &bytes[passed..]).map(|at| at + passed)
}

const fn every_byte(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Has the highest bit of the first byte that is zero set, and none below it (Mycroft's test).
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(every_byte(1)) & !word & every_byte(0x80)
}

#[cfg(test)]
mod tests;
