//! Numbers for names, in order of first appearance. The map is only looked up and never walked,
//! so its order plays no part.

use std::collections::HashMap;

use crate::TraceError;
use crate::columns::{NONE, Names};
use crate::limits::MAX_NAMES;
use crate::rows::Rows;

/// Gives each name a number.
#[derive(Default)]
pub struct Numbers(HashMap<Box<str>, u32>);

impl Numbers {
    /// The number of `name`, and whether it is new. There are never as many as rows fit.
    pub fn number(&mut self, name: &str) -> (u32, bool) {
        if let Some(&number) = self.0.get(name) {
            return (number, false);
        }
        let number = self.0.len() as u32;
        self.0.insert(name.into(), number);
        (number, true)
    }
}

/// A column of names that is being read.
#[derive(Default)]
pub struct NameColumn {
    numbers: Numbers,
    column: Names,
}

impl NameColumn {
    /// Takes the name in `field` of the row at which `rows` stands.
    pub fn add<R: Rows>(&mut self, rows: &R, field: usize) -> Result<(), TraceError> {
        let Some(name) = rows.label(field)? else {
            self.column.of_row.push(NONE);
            return Ok(());
        };
        let (number, is_new) = self.numbers.number(&name);
        if is_new {
            if self.column.names.len() == MAX_NAMES {
                return Err(TraceError::TooManyNames {
                    cell: rows.cell(field),
                    limit: MAX_NAMES,
                });
            }
            self.column.names.push(name.into_owned());
        }
        self.column.of_row.push(number);
        Ok(())
    }

    pub fn finish(self) -> Names {
        self.column
    }
}
