//! Mooncake traces: JSONL with `timestamp` (whole milliseconds), `input_length`, `output_length`
//! and `hash_ids`, one id for each block of the prompt. Equal ids are equal text: a shared prefix.
//!
//! Source: <https://github.com/kvcache-ai/Mooncake>, Qin et al., Mooncake, FAST 2025, whose
//! blocks have 512 tokens. Refuses rows whose ids do not fit that size.

use std::io::Read;
use std::path::Path;

use crate::block_ids;
use crate::collect::{Collector, open};
use crate::json_rows::JsonRows;
use crate::rows::{EventFields, Rows, Wanted};
use crate::timestamp::Clock;
use crate::{Trace, TraceError};

/// The block size of the published traces.
pub const MOONCAKE_BLOCK_TOKENS: u32 = 512;

const FIELDS: EventFields = EventFields {
    time: 0,
    clock: Clock::Whole { power: 6 },
    input: 1,
    output: 2,
};
const HASH_IDS: usize = 3;

fn keys() -> Vec<Wanted> {
    ["timestamp", "input_length", "output_length", "hash_ids"]
        .map(Wanted::required)
        .into()
}

/// Reads the trace at `path`, gzip or not. `block_tokens` is the size of its blocks, for the
/// published traces [`MOONCAKE_BLOCK_TOKENS`].
pub fn read_file(path: &Path, block_tokens: u32) -> Result<Trace, TraceError> {
    let (reader, name) = open(path)?;
    read(reader, &name, block_tokens)
}

/// Reads a trace from `reader`; `name` is what errors call it.
pub fn read(reader: impl Read, name: &str, block_tokens: u32) -> Result<Trace, TraceError> {
    let mut blocks = block_ids::column(block_tokens, name)?;
    let mut rows = JsonRows::open(reader, name, keys())?;
    let mut collector = Collector::new();
    while rows.advance()? {
        let event = rows.event(&FIELDS)?;
        block_ids::add(&mut blocks, &rows, HASH_IDS, event)?;
        collector.add(event);
    }
    let mut trace = collector.finish(rows.close(), name)?;
    trace.columns.blocks = Some(blocks);
    Ok(trace)
}
