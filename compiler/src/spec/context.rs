//! What every reader has at hand: a place for notes, the files that the spec names, and what is
//! costly to build twice. A block that several populations share is read for each of them.

use std::sync::Arc;

use super::Files;
use super::error::SpecError;
use super::fields::Cursor;
use crate::samplers::shape::InvalidDistribution;
use crate::samplers::{Distribution, Shape};

/// Largest file that a spec may name beside a trace, in bytes.
const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;
/// Longest file name, in bytes.
const MAX_FILE_NAME_BYTES: usize = 4096;

/// What is gathered while a spec is read.
pub struct Context<'f> {
    notes: Vec<String>,
    files: &'f mut Files<'f>,
    /// Files read so far, so that all populations see the same bytes.
    texts: Vec<(String, Arc<str>)>,
    /// Zipf distributions built so far: each has a table of up to a million weights.
    tables: Vec<(Shape, (u64, u64), Distribution)>,
}

impl<'f> Context<'f> {
    pub fn new(files: &'f mut Files<'f>) -> Self {
        Self {
            notes: Vec::new(),
            files,
            texts: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// Tells the user something, once.
    pub fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub fn into_notes(self) -> Vec<String> {
        self.notes
    }

    /// The distribution, which shares its table with an equal one.
    pub fn distribution(
        &mut self,
        shape: Shape,
        min: u64,
        max: u64,
    ) -> Result<Distribution, InvalidDistribution> {
        let Shape::Zipf { .. } = shape else {
            return Distribution::new(shape, min, max);
        };
        let mut tables = self.tables.iter();
        if let Some((.., known)) = tables.find(|(s, b, _)| *s == shape && *b == (min, max)) {
            return Ok(known.clone());
        }
        let built = Distribution::new(shape.clone(), min, max)?;
        self.tables.push((shape, (min, max), built.clone()));
        Ok(built)
    }

    /// The text of the file that stands at `cursor`, and its name.
    pub fn read_file<'a>(&mut self, cursor: &Cursor<'a>) -> Result<(&'a str, Arc<str>), SpecError> {
        let name = file_name(cursor)?;
        if let Some((_, text)) = self.texts.iter().find(|(known, _)| known == name) {
            return Ok((name, Arc::clone(text)));
        }
        let bytes = (self.files)(name).map_err(|error| {
            let what = format!("\"{name}\" cannot be read: {error}");
            cursor.error(
                what,
                "write the path of a readable file, from the spec's folder",
            )
        })?;
        if bytes.len() > MAX_FILE_BYTES {
            let what = format!("\"{name}\" has more than {MAX_FILE_BYTES} bytes");
            return Err(cursor.error(what, "write a smaller file"));
        }
        let text = String::from_utf8(bytes).map_err(|_| {
            let what = format!("\"{name}\" is not UTF-8 text");
            cursor.error(what, "write the file as UTF-8")
        })?;
        let text: Arc<str> = text.into();
        self.texts.push((name.to_owned(), Arc::clone(&text)));
        Ok((name, text))
    }
}

/// The name of a file, in the spec's own words.
pub fn file_name<'a>(cursor: &Cursor<'a>) -> Result<&'a str, SpecError> {
    let name = cursor.text()?;
    if name.is_empty() || name.len() > MAX_FILE_NAME_BYTES || name.contains('\0') {
        let what = format!("a file name has 1 to {MAX_FILE_NAME_BYTES} bytes, none of them zero");
        return Err(cursor.error(what, "write the path of the file"));
    }
    Ok(name)
}
