//! BurstGPT traces: CSV files with the columns Timestamp (seconds), Model, Request tokens,
//! Response tokens and Log Type, and Session ID in the newer ones. Columns are found by name;
//! Total tokens and Elapsed time are not used.
//!
//! Source: <https://github.com/HPMLL/BurstGPT>, Wang et al., BurstGPT, 2024. Times are printed
//! floats: digits below a nanosecond are noise, and are rounded, half up. Rows with 0 response
//! tokens are failed requests; like those with 0 request tokens they are dropped and counted.

use std::io::Read;
use std::path::Path;

use crate::collect::{Collector, open};
use crate::columns::NONE;
use crate::csv_rows::{CsvRows, Quotes};
use crate::decimal::Rounding;
use crate::intern::{NameColumn, Numbers};
use crate::rows::{EventFields, Rows, Wanted};
use crate::sessions;
use crate::timestamp::Clock;
use crate::{Trace, TraceError};

const FIELDS: EventFields = EventFields {
    time: 0,
    clock: Clock::Decimal {
        power: 9,
        rounding: Rounding::HalfUp,
    },
    input: 1,
    output: 2,
};
const MODEL: usize = 3;
const LOG_TYPE: usize = 4;
const SESSION: usize = 5;

fn columns() -> Vec<Wanted> {
    vec![
        Wanted::required("Timestamp"),
        Wanted::required("Request tokens"),
        Wanted::required("Response tokens"),
        Wanted::required("Model"),
        Wanted::required("Log Type"),
        Wanted::optional("Session ID"),
    ]
}

/// Reads the trace at `path`, gzip or not. Errors name the path as it was given.
pub fn read_file(path: &Path) -> Result<Trace, TraceError> {
    let (reader, name) = open(path)?;
    read(reader, &name)
}

/// Reads a trace from `reader`; `name` is what errors call it. A row without a Session ID, such
/// as one of the API log, belongs to no conversation.
pub fn read(reader: impl Read, name: &str) -> Result<Trace, TraceError> {
    let mut rows = CsvRows::open(reader, name, columns(), Quotes::Literal)?;
    let has_sessions = rows.has(SESSION);
    let mut collector = Collector::new();
    let (mut models, mut kinds) = (NameColumn::default(), NameColumn::default());
    let (mut numbers, mut of_row) = (Numbers::default(), Vec::new());
    while rows.advance()? {
        let emitted = collector.add(rows.event(&FIELDS)?);
        models.add(&rows, MODEL)?;
        kinds.add(&rows, LOG_TYPE)?;
        if has_sessions {
            let session = rows.label(SESSION)?.filter(|_| emitted);
            of_row.push(session.map_or(NONE, |session| numbers.number(&session).0));
        }
    }
    let mut trace = collector.finish(rows.close(), name)?;
    trace.columns.models = models.finish();
    trace.columns.kinds = kinds.finish();
    if has_sessions {
        sessions::by_name(&mut trace, of_row);
    }
    Ok(trace)
}
