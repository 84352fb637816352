//! Qwen-Bailian traces: JSONL with `chat_id`, `parent_chat_id` (-1 for none), `timestamp`
//! (seconds), `input_length`, `output_length`, `type` and `hash_ids`, one id for each block of
//! the prompt. The file's own `turn` is not used: it counts turns that the file does not have.
//!
//! Source: <https://github.com/alibaba-edu/qwen-bailian-usagetraces-anon>, Wang et al., KVCache
//! in the wild, ATC 2025, whose blocks have 16 tokens. Times are printed floats: digits below a
//! nanosecond are noise, and are rounded, half up. Refuses a chat id that stands twice.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use crate::block_ids;
use crate::collect::{Collector, open};
use crate::columns::NONE;
use crate::decimal::{Rounding, whole};
use crate::intern::NameColumn;
use crate::json_rows::JsonRows;
use crate::rows::{EventFields, Rows, Wanted};
use crate::sessions::{self, Lineage};
use crate::timestamp::Clock;
use crate::{Trace, TraceError};

/// The block size of the published traces.
pub const BAILIAN_BLOCK_TOKENS: u32 = 16;

const FIELDS: EventFields = EventFields {
    time: 0,
    clock: Clock::Decimal {
        power: 9,
        rounding: Rounding::HalfUp,
    },
    input: 1,
    output: 2,
};
const HASH_IDS: usize = 3;
const CHAT_ID: usize = 4;
const PARENT: usize = 5;
const TYPE: usize = 6;

fn keys() -> Vec<Wanted> {
    [
        "timestamp",
        "input_length",
        "output_length",
        "hash_ids",
        "chat_id",
        "parent_chat_id",
        "type",
    ]
    .map(Wanted::required)
    .into()
}

/// Reads the trace at `path`, gzip or not. `block_tokens` is the size of its blocks, for the
/// published traces [`BAILIAN_BLOCK_TOKENS`].
pub fn read_file(path: &Path, block_tokens: u32) -> Result<Trace, TraceError> {
    let (reader, name) = open(path)?;
    read(reader, &name, block_tokens)
}

/// Reads a trace from `reader`; `name` is what errors call it. A row whose parent is not in the
/// file, comes later, or was dropped without an ancestor that was not, begins a conversation of
/// its own and is counted in `Accounting::unlinked`.
pub fn read(reader: impl Read, name: &str, block_tokens: u32) -> Result<Trace, TraceError> {
    let mut blocks = block_ids::column(block_tokens, name)?;
    let mut rows = JsonRows::open(reader, name, keys())?;
    let mut collector = Collector::new();
    let mut kinds = NameColumn::default();
    let mut family = Family::default();
    while rows.advance()? {
        let event = rows.event(&FIELDS)?;
        block_ids::add(&mut blocks, &rows, HASH_IDS, event)?;
        kinds.add(&rows, TYPE)?;
        family.add(&rows, event.at_ns)?;
        family.lineage.emitted.push(collector.add(event));
    }
    let mut trace = collector.finish(rows.close(), name)?;
    trace.columns.kinds = kinds.finish();
    trace.columns.blocks = Some(blocks);
    sessions::by_parent(&mut trace, &family.into_lineage());
    Ok(trace)
}

/// Who is whose parent, by chat id.
#[derive(Default)]
struct Family {
    row_of_chat: BTreeMap<u64, u32>,
    parents: Vec<Option<u64>>,
    lineage: Lineage,
}

impl Family {
    fn add<R: Read>(&mut self, rows: &JsonRows<R>, at_ns: u64) -> Result<(), TraceError> {
        let Some(chat) = chat_id(rows, CHAT_ID)? else {
            let cell = rows.cell(CHAT_ID);
            return Err(TraceError::ChatId { cell });
        };
        if let Some(first_row) = self.row_of_chat.insert(chat, rows.row()) {
            return Err(TraceError::DuplicateChat {
                cell: rows.cell(CHAT_ID),
                first_row,
            });
        }
        self.parents.push(chat_id(rows, PARENT)?);
        self.lineage.times.push(at_ns);
        Ok(())
    }

    fn into_lineage(self) -> Lineage {
        let row_of = |chat: &u64| self.row_of_chat.get(chat).copied();
        let parents = self.parents.iter();
        Lineage {
            names_parent: parents.clone().map(Option::is_some).collect(),
            parents: parents
                .map(|parent| parent.as_ref().and_then(row_of).unwrap_or(NONE))
                .collect(),
            ..self.lineage
        }
    }
}

/// A chat id, or nothing for -1.
fn chat_id<R: Read>(rows: &JsonRows<R>, field: usize) -> Result<Option<u64>, TraceError> {
    let digits = rows.number(field)?;
    if *digits == *b"-1" {
        return Ok(None);
    }
    match whole(&digits) {
        // Saturated: there is no telling such ids apart.
        None | Some(u64::MAX) => Err(TraceError::ChatId {
            cell: rows.cell(field),
        }),
        chat => Ok(chat),
    }
}
