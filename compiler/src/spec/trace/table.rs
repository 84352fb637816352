//! The columns of a CSV or JSONL table. Refuses one column for two things.

use crate::spec::error::SpecError;
use crate::spec::fields::{Choices, Cursor, Fields, Keys};
use traces::table::{TableFormat, TableKind, TimeUnit};

/// Longest name of a column, in bytes.
const MAX_COLUMN_BYTES: usize = 512;

const KEYS: Keys = Keys {
    known: &[
        "timestamp",
        "input_tokens",
        "output_tokens",
        "session",
        "model",
    ],
    later: &[],
    refused: &[],
};

const UNITS: Choices<TimeUnit> = Choices {
    known: &[
        ("ns", TimeUnit::Ns),
        ("us", TimeUnit::Us),
        ("ms", TimeUnit::Ms),
        ("s", TimeUnit::S),
        ("iso8601", TimeUnit::Iso8601),
    ],
    later: &[],
    refused: &[],
};

const COLUMNS_EXAMPLE: &str =
    "add `columns: {timestamp: time, input_tokens: prompt, output_tokens: answer}`";

pub fn read(kind: TableKind, fields: &Fields<'_>) -> Result<TableFormat, SpecError> {
    let columns = fields.required("columns", COLUMNS_EXAMPLE)?;
    let unit = fields.required("time_unit", "add `time_unit: s`, or ns, us, ms or iso8601")?;
    let columns = columns.fields(&KEYS)?;
    let mut names: Vec<String> = Vec::new();
    let mut one = |cursor: Cursor<'_>| {
        let name = read_name(&cursor)?;
        if names.contains(&name) {
            let what = format!("column \"{name}\" stands for two things");
            return Err(cursor.error(what, "give each its own column, or remove one"));
        }
        names.push(name.clone());
        Ok(name)
    };
    let mut must = |key: &str| one(columns.required(key, &format!("add `{key}: NAME`, a column"))?);
    Ok(TableFormat {
        kind,
        timestamp: must("timestamp")?,
        time_unit: unit.choice(&UNITS)?,
        input_tokens: must("input_tokens")?,
        output_tokens: must("output_tokens")?,
        session: columns.optional("session").map(&mut one).transpose()?,
        model: columns.optional("model").map(&mut one).transpose()?,
    })
}

fn read_name(cursor: &Cursor<'_>) -> Result<String, SpecError> {
    let name = cursor.scalar()?;
    if name.is_empty() || name.len() > MAX_COLUMN_BYTES || name.trim() != name {
        let what =
            format!("a column's name has 1 to {MAX_COLUMN_BYTES} bytes and no blanks around it");
        return Err(cursor.error(what, "write the name as it stands in the file's header"));
    }
    Ok(name.to_owned())
}
