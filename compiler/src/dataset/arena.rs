//! Bytes kept once, however often they stand in a data set: texts, bodies, references to media.

use crate::escape::escaped;
use crate::text::tokenizer::{Tokenizer, TokenizerError};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The number of an item of an [`Arena`], in order of first appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(pub u32);

/// Items one behind the other.
#[derive(Clone, Debug, Default)]
pub struct Arena {
    bytes: Vec<u8>,
    /// Where each item ends; it begins where the one before it does.
    ends: Vec<u64>,
    /// By hash, for the file may be most of the memory. Only looked up, never walked.
    known: HashMap<[u8; 32], Id>,
}

impl Arena {
    /// The number of these bytes; equal bytes have one number.
    pub fn add(&mut self, item: &[u8]) -> Id {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(item);
        self.keep_from(from)
    }

    /// Makes an item of the bytes from `from` on, or takes them back if it is known.
    fn keep_from(&mut self, from: usize) -> Id {
        let hash = Sha256::digest(&self.bytes[from..]).into();
        let next = Id(u32::try_from(self.ends.len()).expect("rows are limited"));
        let id = *self.known.entry(hash).or_insert(next);
        match id == next {
            true => self.ends.push(self.bytes.len() as u64),
            false => self.bytes.truncate(from),
        }
        id
    }

    /// The bytes of an item.
    pub fn get(&self, id: Id) -> &[u8] {
        let number = id.0 as usize;
        let from = match number {
            0 => 0,
            _ => self.ends[number - 1],
        };
        &self.bytes[from as usize..self.ends[number] as usize]
    }

    /// Distinct items.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Every number.
    pub fn ids(&self) -> impl Iterator<Item = Id> + use<> {
        (0..self.ends.len() as u32).map(Id)
    }
}

/// Texts, escaped for JSON: what stands in a body between the quotes.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    arena: Arena,
    tokens: Vec<u32>,
}

impl Texts {
    /// The number of a text.
    pub fn add(&mut self, text: &str) -> Id {
        let from = self.arena.bytes.len();
        self.arena.bytes.extend_from_slice(escaped(text).as_bytes());
        self.arena.keep_from(from)
    }

    /// A text as it stands in JSON, without the quotes around it.
    pub fn escaped(&self, id: Id) -> &str {
        std::str::from_utf8(self.arena.get(id)).expect("an escaped text is UTF-8")
    }

    /// The text itself.
    pub fn plain(&self, id: Id) -> String {
        let quoted = format!("\"{}\"", self.escaped(id));
        serde_json::from_str(&quoted).expect("an escaped text is JSON")
    }

    /// How many tokens a text is. 0 until they are counted.
    pub fn tokens(&self, id: Id) -> u32 {
        self.tokens.get(id.0 as usize).copied().unwrap_or(0)
    }

    /// Distinct texts.
    pub fn len(&self) -> usize {
        self.arena.len()
    }

    pub fn is_empty(&self) -> bool {
        self.arena.is_empty()
    }

    /// Counts the tokens of every text, on all threads.
    pub fn count(&mut self, tokenizer: &Tokenizer) -> Result<(), TokenizerError> {
        let ids: Vec<Id> = self.arena.ids().collect();
        let count = |id: &Id| {
            let tokens = tokenizer.count(&self.plain(*id))?;
            // A row has fewer bytes than that.
            Ok(u32::try_from(tokens).unwrap_or(u32::MAX))
        };
        self.tokens = ids.par_iter().map(count).collect::<Result<_, _>>()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_text_goes_in_comes_back(texts: Vec<String>) {
            let mut arena = Texts::default();
            let ids: Vec<Id> = texts.iter().map(|text| arena.add(text)).collect();
            for (text, id) in texts.iter().zip(ids) {
                prop_assert_eq!(&arena.plain(id), text);
                let escaped = arena.escaped(id);
                prop_assert!(escaped.bytes().all(|byte| byte >= 0x20));
                prop_assert_eq!(arena.add(text), id);
            }
        }
    }

    #[test]
    fn equal_texts_are_kept_once_and_counted() {
        let mut texts = Texts::default();
        let ids = ["hello world", "a \"b\"\n", "hello world", ""].map(|text| texts.add(text));
        assert_eq!(ids, [Id(0), Id(1), Id(0), Id(2)]);
        assert_eq!((texts.len(), texts.escaped(ids[1])), (3, "a \\\"b\\\"\\n"));
        let tokenizer = Tokenizer::o200k_base();
        texts.count(&tokenizer).unwrap();
        let alone = |text| tokenizer.count(text).unwrap() as u32;
        let counted = [
            texts.tokens(ids[0]),
            texts.tokens(ids[1]),
            texts.tokens(ids[3]),
        ];
        assert_eq!(counted, [alone("hello world"), alone("a \"b\"\n"), 0]);
    }
}
