//! A body by the spec's own template: JSON text with slots, checked as the JSON that it becomes.
//!
//! Refuses slots it does not know, a template without a prompt or with two, a slot where its
//! value cannot stand, and everything that is no JSON when the slots are filled, with line and
//! column in the template.

mod check;
mod slots;

use crate::spec::context::Context;
use crate::spec::error::{Place, SpecError};
use crate::spec::fields::Cursor;
use std::sync::Arc;

/// Longest template, in bytes: it stands in the workload once for each length of an answer.
const MAX_TEMPLATE_BYTES: usize = 1024 * 1024;

/// A checked template: the prompt stands in it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub pieces: Vec<Piece>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// JSON as it stands.
    Fixed(String),
    /// The model's name within a JSON string.
    Model,
    /// The tokens asked for.
    OutputTokens,
    /// All texts within a JSON string; with `list` it is the first of a list, and documents follow.
    Prompt { list: bool },
    /// A JSON list of documents.
    Documents,
}

/// What is wrong, and where: a byte of the template.
struct Fault {
    at: usize,
    what: String,
    remedy: String,
}

impl Fault {
    fn new(at: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (what, remedy) = (what.into(), remedy.into());
        Self { at, what, remedy }
    }
}

impl Template {
    /// The template under `cursor`: its text, or the name of the file that holds it.
    pub(super) fn read(
        cursor: &Cursor<'_>,
        streaming: bool,
        context: &mut Context<'_>,
    ) -> Result<Self, SpecError> {
        let written = cursor.text().map_err(|_| {
            let what = format!("expected text, found {}", cursor.node.kind());
            let remedy = "put the template behind `template: |`, indented, or into a file";
            cursor.error(what, remedy)
        })?;
        let (file, text): (_, Arc<str>) = match written.contains('{') {
            true => (None, written.into()),
            false => {
                let (name, text) = context.read_file(cursor)?;
                (Some(name), text)
            }
        };
        Self::parse(&text, streaming).map_err(|fault| {
            let (line, column) = position(&text, fault.at);
            match file {
                Some(name) => {
                    let place = Place::Text { line, column };
                    SpecError::new(name, &place, fault.what, fault.remedy)
                }
                None => {
                    let what = format!(
                        "line {line}, column {column} of the template: {}",
                        fault.what
                    );
                    cursor.error(what, fault.remedy)
                }
            }
        })
    }

    fn parse(text: &str, streaming: bool) -> Result<Self, Fault> {
        if text.len() > MAX_TEMPLATE_BYTES {
            let what = format!("the template has more than {MAX_TEMPLATE_BYTES} bytes");
            return Err(Fault::new(0, what, "shorten it"));
        }
        let pieces = slots::split(text.trim_end(), streaming)?;
        check::check(&pieces)?;
        let mut merged: Vec<Piece> = Vec::with_capacity(pieces.len());
        for (_, piece) in pieces {
            match (merged.last_mut(), piece) {
                (Some(Piece::Fixed(before)), Piece::Fixed(text)) => before.push_str(&text),
                (_, piece) => merged.push(piece),
            }
        }
        Ok(Self { pieces: merged })
    }

    /// Whether it has a list of documents.
    pub fn takes_documents(&self) -> bool {
        self.pieces.contains(&Piece::Documents)
    }

    /// Whether its prompt is the first of a list of texts.
    pub fn takes_batch(&self) -> bool {
        self.pieces.contains(&Piece::Prompt { list: true })
    }
}

/// Line and column of a byte, from 1, the column in characters.
fn position(text: &str, at: usize) -> (u64, u64) {
    let before = &text[..text.floor_char_boundary(at)];
    let line = before.matches('\n').count() as u64 + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count() as u64 + 1)
}

#[cfg(test)]
mod tests;
