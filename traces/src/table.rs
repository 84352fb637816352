//! Any other trace in a table: CSV or JSONL, with the names of its columns and the unit of its
//! times as the caller gives them. Nothing is guessed, and nothing is rounded: times must be
//! whole nanoseconds.
//!
//! Refuses two parts of an event in one column. CSV fields may stand in quotes (RFC 4180).

use std::io::Read;
use std::path::Path;

use crate::collect::{Collector, open};
use crate::columns::NONE;
use crate::csv_rows::{CsvRows, Quotes};
use crate::decimal::Rounding;
use crate::intern::{NameColumn, Numbers};
use crate::json_rows::JsonRows;
use crate::rows::{EventFields, Rows, Wanted};
use crate::sessions;
use crate::timestamp::Clock;
use crate::{Trace, TraceError};

/// How the table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// The unit of the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Nanoseconds.
    Ns,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
    /// `2023-11-16 18:17:03.9799600`, in UTC.
    Iso8601,
}

impl TimeUnit {
    fn clock(self) -> Clock {
        let power = match self {
            Self::Ns => 0,
            Self::Us => 3,
            Self::Ms => 6,
            Self::S => 9,
            Self::Iso8601 => return Clock::Iso8601,
        };
        let rounding = Rounding::Exact;
        Clock::Decimal { power, rounding }
    }
}

/// Where in the table the parts of an event stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFormat {
    /// How the table is written.
    pub kind: TableKind,
    /// Column of the times.
    pub timestamp: String,
    /// Unit of the times.
    pub time_unit: TimeUnit,
    /// Column of the prompt's tokens.
    pub input_tokens: String,
    /// Column of the answer's tokens.
    pub output_tokens: String,
    /// Column that names the conversation; an empty field is none, and so is a key that an object
    /// lacks. If it is given, the header or some object must have it.
    pub session: Option<String>,
    /// Column that names the model, likewise.
    pub model: Option<String>,
}

/// The columns of a table as readers bind them.
struct Bound {
    wanted: Vec<Wanted>,
    fields: EventFields,
    session: Option<usize>,
    model: Option<usize>,
}

impl TableFormat {
    fn bind(&self) -> Result<Bound, TraceError> {
        // A CSV file has a column or does not; an object may lack a key that others have.
        let of_some_rows = match self.kind {
            TableKind::Csv => Wanted::required,
            TableKind::Jsonl => Wanted::optional,
        };
        let names = [&self.timestamp, &self.input_tokens, &self.output_tokens];
        let mut wanted: Vec<Wanted> = names.map(|name| Wanted::required(name)).into();
        let mut bind = |name: &Option<String>| {
            let name = name.as_deref()?;
            wanted.push(of_some_rows(name));
            Some(wanted.len() - 1)
        };
        let (session, model) = (bind(&self.session), bind(&self.model));
        check_names(&wanted)?;
        let fields = EventFields {
            time: 0,
            clock: self.time_unit.clock(),
            input: 1,
            output: 2,
        };
        Ok(Bound {
            wanted,
            fields,
            session,
            model,
        })
    }
}

fn check_names(wanted: &[Wanted]) -> Result<(), TraceError> {
    for (index, Wanted { name, .. }) in wanted.iter().enumerate() {
        let what = if name.trim() != name || name.is_empty() {
            format!("a column is called \"{name}\", which no header can name")
        } else if wanted[..index].iter().any(|other| other.name == *name) {
            format!("column {name} stands for two things")
        } else {
            continue;
        };
        return Err(TraceError::Format {
            what,
            help: "give each part of an event the name of its own column".to_owned(),
        });
    }
    Ok(())
}

/// Reads the table at `path`, gzip or not. Errors name the path as it was given.
pub fn read_file(path: &Path, format: &TableFormat) -> Result<Trace, TraceError> {
    let (reader, name) = open(path)?;
    read(reader, &name, format)
}

/// Reads a table from `reader`; `name` is what errors call it.
pub fn read(reader: impl Read, name: &str, format: &TableFormat) -> Result<Trace, TraceError> {
    let bound = format.bind()?;
    let wanted = bound.wanted.clone();
    match format.kind {
        TableKind::Csv => {
            let rows = CsvRows::open(reader, name, wanted, Quotes::Enclose)?;
            read_rows(rows, name, &bound)
        }
        TableKind::Jsonl => read_rows(JsonRows::open(reader, name, wanted)?, name, &bound),
    }
}

fn read_rows(mut rows: impl Rows, name: &str, bound: &Bound) -> Result<Trace, TraceError> {
    let mut collector = Collector::new();
    let mut models = NameColumn::default();
    let (mut numbers, mut of_row) = (Numbers::default(), Vec::new());
    while rows.advance()? {
        let emitted = collector.add(rows.event(&bound.fields)?);
        if let Some(model) = bound.model {
            models.add(&rows, model)?;
        }
        if let Some(session) = bound.session {
            let session = rows.label(session)?.filter(|_| emitted);
            of_row.push(session.map_or(NONE, |session| numbers.number(&session).0));
        }
    }
    for field in [bound.model, bound.session].into_iter().flatten() {
        if !rows.has(field) {
            return Err(TraceError::Format {
                what: format!("{name}: no row has field {}", bound.wanted[field].name),
                help: "check the name, or leave it out of the format".to_owned(),
            });
        }
    }
    let mut trace = collector.finish(rows.close(), name)?;
    trace.columns.models = models.finish();
    if bound.session.is_some() {
        sessions::by_name(&mut trace, of_row);
    }
    Ok(trace)
}
