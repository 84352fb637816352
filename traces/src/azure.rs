//! AzurePublicDataset LLM inference traces: CSV files with the columns TIMESTAMP, ContextTokens
//! and GeneratedTokens, found by name in any order (2023, 2024), and NumImages in the multimodal
//! one of 2025. Times become integer nanoseconds after the earliest event, exactly.
//!
//! Source: <https://github.com/Azure/AzurePublicDataset>, Patel et al., Splitwise,
//! ISCA 2024. Refuses quotes around fields, which no published file has, and every
//! row it cannot read as it stands: a repaired trace would not be the trace.

use std::io::Read;
use std::path::Path;

use crate::collect::{Collector, open};
use crate::csv_rows::{CsvRows, Quotes};
use crate::limits::MAX_IMAGES;
use crate::rows::{EventFields, Rows, Wanted};
use crate::timestamp::Clock;
use crate::{Trace, TraceError};

/// The fields of an event, by their place in the list of columns.
const FIELDS: EventFields = EventFields {
    time: 0,
    clock: Clock::Iso8601,
    input: 1,
    output: 2,
};
const IMAGES: usize = 3;

fn columns() -> Vec<Wanted> {
    vec![
        Wanted::required("TIMESTAMP"),
        Wanted::required("ContextTokens"),
        Wanted::required("GeneratedTokens"),
        Wanted::optional("NumImages"),
    ]
}

/// Reads the trace at `path`, gzip or not. Errors name the path as it was given.
pub fn read_file(path: &Path) -> Result<Trace, TraceError> {
    let (reader, name) = open(path)?;
    read(reader, &name)
}

/// Reads a trace from `reader`; `name` is what errors call it.
pub fn read(reader: impl Read, name: &str) -> Result<Trace, TraceError> {
    let mut rows = CsvRows::open(reader, name, columns(), Quotes::Literal)?;
    let mut collector = Collector::new();
    let mut images = Vec::new();
    while rows.advance()? {
        collector.add(rows.event(&FIELDS)?);
        if rows.has(IMAGES) {
            images.push(rows.count(IMAGES, MAX_IMAGES, "image")?);
        }
    }
    let mut trace = collector.finish(rows.close(), name)?;
    trace.columns.images = images;
    Ok(trace)
}
