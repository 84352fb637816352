//! The text of a trace on its way to a row reader: unpacked if it was gzip, without its byte
//! order mark, and with every line ended by one LF, the last one too: csv counts lines reliably
//! only there.
//!
//! Refuses a line without an end, so that a file which is no trace at all cannot
//! fill the memory.

use std::io::{self, Cursor, ErrorKind, Read};

use crate::TraceError;
use crate::stored::{Fingerprint, Headed, Stored, read_head};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A reader of one file's text.
pub struct Source<R> {
    inner: Headed<Stored<R>>,
    name: String,
    max_line_bytes: usize,
    line: u64,
    line_bytes: usize,
    /// Bytes handed on since [`Self::begin_record`].
    record_bytes: usize,
    after_cr: bool,
    overlong_line: Option<u64>,
}

impl<R: Read> Source<R> {
    /// `name` is what errors call the file.
    pub fn open(inner: R, name: &str, max_line_bytes: usize) -> Result<Self, TraceError> {
        let io_error = |source| TraceError::Io {
            file: name.to_owned(),
            source,
        };
        let mut stored = Stored::open(inner).map_err(io_error)?;
        let head = match read_head(&mut stored, 2 * BYTE_ORDER_MARK.len() as u64) {
            Ok(head) => head,
            Err(error) => return Err(read_error(&stored, name, error)),
        };
        let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&head);
        if text.len() < head.len() && text.starts_with(BYTE_ORDER_MARK) {
            let file = name.to_owned();
            return Err(TraceError::TwoByteOrderMarks { file });
        }
        Ok(Self {
            inner: Cursor::new(text.to_vec()).chain(stored),
            name: name.to_owned(),
            max_line_bytes,
            line: 1,
            line_bytes: 0,
            record_bytes: 0,
            after_cr: false,
            overlong_line: None,
        })
    }

    /// From here on a further record is read. It may have several lines (CSV with quotes), but
    /// no more bytes than a line, give or take what the reader buffers.
    pub fn begin_record(&mut self) {
        self.record_bytes = 0;
    }

    /// What an error met on reading means. `line` is where the record began, or a blank line just
    /// above it.
    pub fn error(&self, error: io::Error, line: u64) -> TraceError {
        // An open quote began before the line at which patience ended.
        let record_line = self.is_record_overlong().then_some(line);
        match self.overlong_line.or(record_line) {
            Some(line) => TraceError::LineTooLong {
                file: self.name.clone(),
                line,
                limit: self.max_line_bytes,
            },
            None => read_error(self.inner.get_ref().1, &self.name, error),
        }
    }

    /// Hash and length of everything read; call it at the end.
    pub fn finish(self) -> Fingerprint {
        self.inner.into_inner().1.finish()
    }

    /// A line and a reader's buffer are as long as the limit at most.
    fn is_record_overlong(&self) -> bool {
        self.record_bytes > 2 * self.max_line_bytes
    }

    /// Turns CRLF and CR into LF in place; returns how many bytes are left.
    fn normalise(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        let mut kept = 0;
        for i in 0..chunk.len() {
            let byte = chunk[i];
            let second_of_crlf = byte == b'\n' && self.after_cr;
            self.after_cr = byte == b'\r';
            if second_of_crlf {
                continue;
            }
            let ends_line = byte == b'\n' || byte == b'\r';
            chunk[kept] = if ends_line { b'\n' } else { byte };
            kept += 1;
            self.count(ends_line)?;
        }
        Ok(kept)
    }

    fn count(&mut self, ends_line: bool) -> io::Result<()> {
        if ends_line {
            self.line += 1;
            self.line_bytes = 0;
            return Ok(());
        }
        self.line_bytes += 1;
        if self.line_bytes > self.max_line_bytes {
            self.overlong_line = Some(self.line);
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(())
    }

    /// Ends a last line that has no end.
    fn at_end(&mut self, buffer: &mut [u8]) -> usize {
        match buffer.first_mut() {
            Some(first) if self.line_bytes > 0 => {
                *first = b'\n';
                self.line_bytes = 0;
                1
            }
            _ => 0,
        }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.is_record_overlong() {
            return Err(ErrorKind::InvalidData.into());
        }
        loop {
            let length = self.inner.read(buffer)?;
            if length == 0 {
                return Ok(self.at_end(buffer));
            }
            let kept = self.normalise(&mut buffer[..length])?;
            self.record_bytes += kept;
            // A lone LF after a CR leaves nothing, which must not look like the end.
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

fn read_error<R: Read>(stored: &Stored<R>, name: &str, source: io::Error) -> TraceError {
    let file = name.to_owned();
    if stored.is_damaged() {
        let message = source.to_string();
        TraceError::Gzip { file, message }
    } else {
        TraceError::Io { file, source }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    const LIMIT: usize = 100;

    /// Hands out one byte at a time, the hardest way to be read.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(1);
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    #[test]
    fn every_line_end_becomes_one_lf_and_the_hash_is_of_the_raw_bytes() {
        for (raw, normalised) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\r\nb", "a\nb\n"),
            ("a\rb", "a\nb\n"),
            ("a\n\r\n\nb", "a\n\n\nb\n"),
            ("a\r\r\nb", "a\n\nb\n"),
            ("", ""),
            ("\n", "\n"),
            ("\u{feff}a", "a\n"),
            ("\u{feff}", ""),
        ] {
            let mut source = Source::open(Trickle(raw.as_bytes()), "t", LIMIT).unwrap();
            let mut text = String::new();
            source.read_to_string(&mut text).unwrap();
            assert_eq!(text, normalised, "{raw:?}");
            let stored = source.finish();
            assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(raw)));
            assert_eq!(stored.bytes, raw.len() as u64);
        }
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        let read = |text: &str| {
            let mut source = Source::open(text.as_bytes(), "t", LIMIT).unwrap();
            io::copy(&mut source, &mut io::sink()).map_err(|error| source.error(error, 2))
        };
        assert!(read(&format!("a\n{}\n", "x".repeat(LIMIT))).is_ok());
        let error = read(&format!("a\n{}\n", "x".repeat(LIMIT + 1))).unwrap_err();
        assert!(matches!(error, TraceError::LineTooLong { line: 2, .. }));
    }
}
