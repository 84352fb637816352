//! The `hash_ids` of a row: one id for each block of tokens that the prompt is made of.
//!
//! Refuses a row whose number of ids is not its number of blocks: then the block size is another
//! than the caller says, and every shared prefix would be a lie.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use crate::columns::Blocks;
use crate::json_rows::{JsonRows, in_line};
use crate::rows::Rows;
use crate::{Event, TraceError};

/// An empty column of blocks of `block_tokens`, which the caller gives: no file says it.
pub fn column(block_tokens: u32, name: &str) -> Result<Blocks, TraceError> {
    if block_tokens == 0 {
        return Err(TraceError::Format {
            what: format!("{name}: a block of 0 tokens"),
            help: "give the block size that the trace was made with, at least 1".to_owned(),
        });
    }
    Ok(Blocks::new(block_tokens))
}

/// Takes the ids in `field` of the row at which `rows` stands, which is `event`.
pub fn add<R: Read>(
    blocks: &mut Blocks,
    rows: &JsonRows<R>,
    field: usize,
    event: Event,
) -> Result<(), TraceError> {
    let mut deserializer = serde_json::Deserializer::from_slice(rows.raw(field));
    let parsed = Ids(blocks.ids())
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    if let Err(error) = parsed {
        return Err(TraceError::BlockIds {
            cell: rows.cell(field),
            message: in_line(&error),
        });
    }
    let found = blocks.end_row();
    let block_tokens = blocks.block_tokens;
    let expected = u64::from(event.input_tokens.div_ceil(block_tokens));
    if found == expected {
        return Ok(());
    }
    Err(TraceError::BlockCount {
        file: rows.cell(field).file,
        line: rows.line(),
        row: event.row,
        input_tokens: event.input_tokens,
        block_tokens,
        found,
        expected,
    })
}

/// Appends the numbers of a JSON array.
struct Ids<'a>(&'a mut Vec<u64>);

impl<'de> DeserializeSeed<'de> for Ids<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Ids<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of whole numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut ids: A) -> Result<(), A::Error> {
        while let Some(id) = ids.next_element()? {
            self.0.push(id);
        }
        Ok(())
    }
}
