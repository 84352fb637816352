//! The words of a prompt: a string, token ids (one each), or an array of these.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use crate::words;

/// What is counted.
#[derive(Debug, PartialEq)]
pub struct Words {
    pub words: u64,
    /// Texts: one, or as many as an array has; an array of token ids is one.
    pub texts: u64,
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, token ids, or an array of these")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Words, E> {
        Ok(Words {
            words: words::count(text),
            texts: 1,
        })
    }

    fn visit_u64<E: Error>(self, _token_id: u64) -> Result<Words, E> {
        Ok(Words { words: 1, texts: 0 })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Words, A::Error> {
        let mut all = Words { words: 0, texts: 0 };
        let mut number = 0;
        while let Some(part) = seq.next_element::<Words>()? {
            all.words += part.words;
            all.texts += part.texts;
            number += 1;
        }
        if all.texts == 0 && number > 0 {
            all.texts = 1;
        }
        Ok(all)
    }
}
