//! Strings and lists of pairs: stored once, referred to by number.
//!
//! [`Tables`] is the view that both sides use, over a mapped file or over what
//! [`TablesBuilder`] has gathered, so that a request's leaf is computed by one function only.

use crate::error::WriteError;
use crate::layout::{
    MAX_PAIRS, MAX_STRING_BYTES, NONE_U32, PairListRecord, PairRecord, StringRecord,
};
use std::collections::HashMap;

/// A borrowed view of the string and pair sections.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'a> {
    /// STRING_BYTES.
    pub string_bytes: &'a [u8],
    /// STRINGS.
    pub strings: &'a [StringRecord],
    /// PAIRS.
    pub pairs: &'a [PairRecord],
    /// PAIR_LISTS.
    pub pair_lists: &'a [PairListRecord],
}

/// What is wrong with a reference into the tables; the caller adds where it stands.
pub type ReferenceError = String;

impl<'a> Tables<'a> {
    /// The string with this id.
    pub fn string(&self, id: u32) -> Result<&'a str, ReferenceError> {
        let record = self.strings.get(id as usize).ok_or_else(|| {
            format!(
                "string id {id} is past the last of {} strings",
                self.strings.len()
            )
        })?;
        let start = record.offset.get() as usize;
        let bytes = start
            .checked_add(record.length.get() as usize)
            .and_then(|end| self.string_bytes.get(start..end))
            .ok_or_else(|| format!("string {id} reaches past STRING_BYTES"))?;
        std::str::from_utf8(bytes).map_err(|error| format!("string {id} is not UTF-8: {error}"))
    }

    /// The string with this id, or `None` for the sentinel.
    pub fn optional_string(&self, id: u32) -> Result<Option<&'a str>, ReferenceError> {
        if id == NONE_U32 {
            Ok(None)
        } else {
            self.string(id).map(Some)
        }
    }

    /// The pairs of a list; empty for the sentinel.
    pub fn pair_list(&self, id: u32) -> Result<&'a [PairRecord], ReferenceError> {
        if id == NONE_U32 {
            return Ok(&[]);
        }
        let list = self.pair_lists.get(id as usize).ok_or_else(|| {
            format!(
                "pair-list id {id} is past the last of {} lists",
                self.pair_lists.len()
            )
        })?;
        let first = list.first.get() as usize;
        first
            .checked_add(list.count.get() as usize)
            .and_then(|end| self.pairs.get(first..end))
            .ok_or_else(|| format!("pair list {id} reaches past PAIRS"))
    }

    /// The names and values of a list, in order.
    pub fn named_pairs(&self, id: u32) -> Result<Vec<(&'a str, &'a str)>, ReferenceError> {
        self.pair_list(id)?
            .iter()
            .map(|pair| {
                Ok((
                    self.string(pair.name.get())?,
                    self.string(pair.value.get())?,
                ))
            })
            .collect()
    }
}

/// Gathers strings and pair lists, each distinct one once, numbered in order of first use.
#[derive(Clone, Debug, Default)]
pub struct TablesBuilder {
    string_bytes: Vec<u8>,
    strings: Vec<StringRecord>,
    string_ids: HashMap<String, u32>,
    pairs: Vec<PairRecord>,
    pair_lists: Vec<PairListRecord>,
    pair_list_ids: HashMap<Vec<(u32, u32)>, u32>,
}

impl TablesBuilder {
    /// The id of this string, which is added if it is new.
    pub fn string(&mut self, text: &str) -> Result<u32, WriteError> {
        if let Some(id) = self.string_ids.get(text) {
            return Ok(*id);
        }
        if text.len() > MAX_STRING_BYTES as usize {
            return Err(WriteError::Limit {
                what: "the length of a string",
                limit: MAX_STRING_BYTES.into(),
            });
        }
        let id = new_id(self.strings.len(), "the number of strings")?;
        let offset = new_id(self.string_bytes.len(), "the bytes of all strings")?;
        self.string_bytes.extend_from_slice(text.as_bytes());
        self.strings.push(StringRecord {
            offset: offset.into(),
            length: (text.len() as u32).into(),
        });
        self.string_ids.insert(text.to_owned(), id);
        Ok(id)
    }

    /// The id of this list of names and values; the sentinel for an empty list.
    pub fn pair_list(&mut self, pairs: &[(&str, &str)]) -> Result<u32, WriteError> {
        if pairs.is_empty() {
            return Ok(NONE_U32);
        }
        if pairs.len() > MAX_PAIRS as usize {
            return Err(WriteError::Limit {
                what: "the length of a pair list",
                limit: MAX_PAIRS.into(),
            });
        }
        let ids = pairs
            .iter()
            .map(|(name, value)| Ok((self.string(name)?, self.string(value)?)))
            .collect::<Result<Vec<_>, WriteError>>()?;
        if let Some(id) = self.pair_list_ids.get(&ids) {
            return Ok(*id);
        }
        let id = new_id(self.pair_lists.len(), "the number of pair lists")?;
        let first = new_id(self.pairs.len(), "the number of pairs")?;
        self.pairs
            .extend(ids.iter().map(|(name, value)| PairRecord {
                name: (*name).into(),
                value: (*value).into(),
            }));
        self.pair_lists.push(PairListRecord {
            first: first.into(),
            count: (ids.len() as u32).into(),
        });
        self.pair_list_ids.insert(ids, id);
        Ok(id)
    }

    /// The view that leaves are computed from and that the writer stores.
    pub fn view(&self) -> Tables<'_> {
        Tables {
            string_bytes: &self.string_bytes,
            strings: &self.strings,
            pairs: &self.pairs,
            pair_lists: &self.pair_lists,
        }
    }
}

fn new_id(length: usize, what: &'static str) -> Result<u32, WriteError> {
    let limit = u64::from(NONE_U32 - 1);
    if length as u64 >= limit {
        return Err(WriteError::Limit { what, limit });
    }
    Ok(length as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_and_lists_share_an_id() {
        let mut builder = TablesBuilder::default();
        let a = builder.string("POST").unwrap();
        let list = builder
            .pair_list(&[("accept", "text/event-stream"), ("x", "POST")])
            .unwrap();
        assert_eq!(builder.string("POST").unwrap(), a);
        assert_eq!(
            builder
                .pair_list(&[("accept", "text/event-stream"), ("x", "POST")])
                .unwrap(),
            list
        );
        let view = builder.view();
        assert_eq!(view.strings.len(), 4);
        assert_eq!(
            view.named_pairs(list).unwrap(),
            [("accept", "text/event-stream"), ("x", "POST")]
        );
        assert_eq!(view.named_pairs(NONE_U32).unwrap(), []);
    }

    #[test]
    fn a_reference_past_the_end_is_an_error() {
        let builder = TablesBuilder::default();
        assert!(
            builder
                .view()
                .string(0)
                .unwrap_err()
                .contains("string id 0")
        );
        assert!(
            builder
                .view()
                .pair_list(3)
                .unwrap_err()
                .contains("pair-list id 3")
        );
    }
}
