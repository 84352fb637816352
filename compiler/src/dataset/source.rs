//! The rows of a data set's file: its lines, or the elements of its one array. Plain or gzip, with
//! or without a byte order mark, whatever ends its lines.
//!
//! Refuses a row of more than [`MAX_ROW_BYTES`] before it has read more than those.

use super::DataFile;
use super::error::DataError;
use super::row::Row;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use traces::{Source, TraceError};

/// Longest line of a JSONL file and longest element of an array, in bytes.
pub const MAX_ROW_BYTES: usize = 64 * 1024 * 1024;
/// What a reader takes at once: it must not fill its buffer far beyond a limit.
const BUFFER_BYTES: usize = 64 * 1024;

fn open(
    path: &Path,
    max_line_bytes: usize,
) -> Result<(BufReader<Source<File>>, String), DataError> {
    let name = path.display().to_string();
    let io = |error| DataError::io(&name, error);
    let metadata = std::fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        return Err(io(std::io::ErrorKind::IsADirectory.into()));
    }
    // Before it is opened: a pipe would wait for somebody who writes.
    if !metadata.is_file() {
        return Err(DataError::file(&name, "not a regular file", "name a file"));
    }
    let source = Source::open(File::open(path).map_err(io)?, &name, max_line_bytes)?;
    Ok((BufReader::with_capacity(BUFFER_BYTES, source), name))
}

fn fingerprint(reader: BufReader<Source<File>>, file: String) -> DataFile {
    let stored = reader.into_inner().finish();
    DataFile {
        file,
        sha256: stored.sha256,
        bytes: stored.bytes,
    }
}

/// The files of a directory that are read, by name: all that end in `.jsonl` or `.jsonl.gz`.
/// Hidden files and directories are passed over; any other file is refused.
pub fn files_of(directory: &Path, what_they_are: &str) -> Result<Vec<PathBuf>, DataError> {
    let name = directory.display().to_string();
    let io = |error| DataError::io(&name, error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if file.starts_with('.') || path.is_dir() {
            continue;
        }
        if !file.ends_with(".jsonl") && !file.ends_with(".jsonl.gz") {
            let what = format!("the name does not end in .jsonl, but {what_they_are} is taken");
            let remedy = "rename it, or move it out of the directory";
            return Err(DataError::file(&path.display().to_string(), what, remedy));
        }
        files.push(path);
    }
    files.sort();
    match files.is_empty() {
        false => Ok(files),
        true => {
            let what = "no file in this directory ends in .jsonl";
            Err(DataError::file(
                &name,
                what,
                format!("name a directory in which {what_they_are} is read"),
            ))
        }
    }
}

/// The lines of a JSONL file.
pub struct Lines {
    reader: BufReader<Source<File>>,
    file: String,
    text: Vec<u8>,
    line: u64,
    rows: u64,
}

impl Lines {
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let (reader, file) = open(path, MAX_ROW_BYTES)?;
        Ok(Self {
            reader,
            file,
            text: Vec::new(),
            line: 0,
            rows: 0,
        })
    }

    /// The next line that is not blank.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, DataError> {
        loop {
            self.text.clear();
            self.reader.get_mut().begin_record();
            match self.reader.read_until(b'\n', &mut self.text) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) => {
                    return Err(self.reader.get_ref().error(error, self.line + 1).into());
                }
            }
            self.line += 1;
            // `Source` ends every line, the last one too.
            self.text.pop();
            if !self.text.trim_ascii().is_empty() {
                self.rows += 1;
                return Row::new(&self.file, self.line, 0, &self.text).map(Some);
            }
        }
    }

    /// What was read; `expected` describes a file with something in it.
    pub fn close(self, expected: &str) -> Result<DataFile, DataError> {
        match self.rows {
            0 => Err(empty(self.file, expected)),
            _ => Ok(fingerprint(self.reader, self.file)),
        }
    }
}

fn empty(file: String, expected: &str) -> DataError {
    let expected = expected.to_owned();
    TraceError::Empty { file, expected }.into()
}

/// The elements of an array that is too long to be read whole.
pub struct Elements {
    reader: BufReader<Source<File>>,
    file: String,
    text: Vec<u8>,
    /// Of the next byte, from 1.
    line: u64,
    /// Characters before the next byte on its line.
    before: u64,
    begun: bool,
}

impl Elements {
    /// `expected` describes a file with something in it.
    pub fn open(path: &Path, expected: &str) -> Result<Self, DataError> {
        let (reader, file) = open(path, usize::MAX / 4)?;
        let mut elements = Self {
            reader,
            file,
            text: Vec::new(),
            line: 1,
            before: 0,
            begun: false,
        };
        match elements.skip_blanks()? {
            Some(_) => Ok(elements),
            None => Err(empty(elements.file, expected)),
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, DataError> {
        match self.reader.fill_buf() {
            Ok(bytes) => Ok(bytes.first().copied()),
            Err(error) => Err(self.reader.get_ref().error(error, self.line).into()),
        }
    }

    fn bump(&mut self, byte: u8) {
        self.reader.consume(1);
        match byte {
            b'\n' => {
                self.line += 1;
                self.before = 0;
            }
            // The further bytes of a character are no columns.
            0x80..=0xbf => {}
            _ => self.before += 1,
        }
    }

    fn skip_blanks(&mut self) -> Result<Option<u8>, DataError> {
        loop {
            match self.peek()? {
                Some(blank @ (b' ' | b'\t' | b'\n')) => self.bump(blank),
                other => return Ok(other),
            }
        }
    }

    /// An error about the next byte.
    pub fn error_here(&mut self, what: impl Into<String>, remedy: &str) -> DataError {
        let row = Row {
            file: &self.file,
            line: self.line,
            before: self.before,
            text: "",
        };
        row.error(0, what, remedy)
    }

    /// Takes `byte`, behind blanks; `whole` says what the file should be.
    pub fn take(&mut self, byte: u8, whole: &str) -> Result<(), DataError> {
        match self.skip_blanks()? {
            Some(found) if found == byte => {
                self.bump(byte);
                Ok(())
            }
            found => {
                let found = match found {
                    None => "the end of the file".to_owned(),
                    Some(found) => format!("\"{}\"", traces::quote(&[found])),
                };
                let what = format!("expected `{}`, found {found}", char::from(byte));
                Err(self.error_here(what, whole))
            }
        }
    }

    /// The next element, behind a comma if it is not the first; none behind the last, whose `]`
    /// is taken.
    pub fn next(&mut self, whole: &str) -> Result<Option<Row<'_>>, DataError> {
        if self.skip_blanks()? == Some(b']') {
            self.bump(b']');
            return Ok(None);
        }
        if self.begun {
            self.take(b',', whole)?;
        }
        self.begun = true;
        self.one(whole).map(Some)
    }

    /// One value, as long as it may be; whether it is JSON is seen when it is parsed.
    pub fn one(&mut self, whole: &str) -> Result<Row<'_>, DataError> {
        self.skip_blanks()?;
        let (line, before) = (self.line, self.before);
        self.text.clear();
        let (mut depth, mut quoted, mut escaped) = (0_u64, false, false);
        while let Some(byte) = self.peek()? {
            if !quoted && depth == 0 && matches!(byte, b',' | b']' | b'}' | b':') {
                break;
            }
            if self.text.len() == MAX_ROW_BYTES {
                (self.line, self.before) = (line, before);
                let what = format!("this value is longer than the limit of {MAX_ROW_BYTES} bytes");
                return Err(self.error_here(what, whole));
            }
            self.text.push(byte);
            self.bump(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
            if !quoted && depth == 0 && matches!(byte, b'"' | b'}' | b']') {
                break;
            }
        }
        Row::new(&self.file, line, before, &self.text)
    }

    /// What was read, if nothing is left but blanks.
    pub fn close(mut self, whole: &str) -> Result<DataFile, DataError> {
        match self.skip_blanks()? {
            None => Ok(fingerprint(self.reader, self.file)),
            Some(_) => Err(self.error_here("something stands behind the end", whole)),
        }
    }
}
