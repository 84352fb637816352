//! The bytes of a trace on their way to the CSV reader. They are hashed and
//! counted as they stand in the file, then handed on with every line ended by one
//! LF, the last one too: csv counts lines reliably only there.
//!
//! Refuses a line without an end, so that a file which is no CSV at all cannot
//! fill the memory.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Longest line of a trace, in bytes.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// A reader that remembers what passed through it.
pub struct Source<R> {
    inner: R,
    hasher: Sha256,
    bytes: u64,
    line: u64,
    line_bytes: usize,
    after_cr: bool,
    overlong_line: Option<u64>,
}

impl<R: Read> Source<R> {
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            bytes: 0,
            line: 1,
            line_bytes: 0,
            after_cr: false,
            overlong_line: None,
        }
    }

    /// The line (from 1) that was longer than [`MAX_LINE_BYTES`], if one was.
    pub fn overlong_line(&self) -> Option<u64> {
        self.overlong_line
    }

    /// SHA-256 and length of everything read.
    pub fn finish(self) -> ([u8; 32], u64) {
        (self.hasher.finalize().into(), self.bytes)
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
        if self.line_bytes > MAX_LINE_BYTES {
            self.overlong_line = Some(self.line);
            return Err(io::ErrorKind::InvalidData.into());
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
        loop {
            let length = self.inner.read(buffer)?;
            if length == 0 {
                return Ok(self.at_end(buffer));
            }
            let chunk = &mut buffer[..length];
            self.hasher.update(&*chunk);
            self.bytes += length as u64;
            let kept = self.normalise(chunk)?;
            // A lone LF after a CR leaves nothing, which must not look like the end.
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            let mut source = Source::new(Trickle(raw.as_bytes()));
            let mut text = String::new();
            source.read_to_string(&mut text).unwrap();
            assert_eq!(text, normalised, "{raw:?}");
            let (sha256, bytes) = source.finish();
            assert_eq!(sha256, <[u8; 32]>::from(Sha256::digest(raw)));
            assert_eq!(bytes, raw.len() as u64);
        }
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        let text = format!("a\n{}\n", "x".repeat(MAX_LINE_BYTES));
        assert!(io::copy(&mut Source::new(text.as_bytes()), &mut io::sink()).is_ok());
        let text = format!("a\n{}\n", "x".repeat(MAX_LINE_BYTES + 1));
        let mut source = Source::new(text.as_bytes());
        assert!(io::copy(&mut source, &mut io::sink()).is_err());
        assert_eq!(source.overlong_line(), Some(2));
    }
}
