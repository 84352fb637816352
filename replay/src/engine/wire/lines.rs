//! The lines of a body, whatever the reads it arrives in. A line that lies within one read is handed
//! out where it lies; one that is spread over several is put together first. Refuses a line that is
//! too long as soon as that is known, and keeps no more of it than the limit.

use super::cut::{EventTooLarge, MAX_EVENT_BYTES};
use memchr::{memchr, memchr2};

/// What may stand in front of a text in UTF-8, and is none of it.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Which characters end a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// LF. A CR in front of it is the line's.
    Lf,
    /// LF, CR LF, or CR.
    LfOrCr,
}

/// A line, less its end.
#[derive(Debug)]
pub enum Line<'b> {
    /// It lies in the read.
    Here(&'b [u8]),
    /// It began in an earlier read: [`Lines::spilled`] has it, until the next one is asked for.
    Spilled,
}

#[derive(Debug)]
pub struct Lines {
    end: LineEnd,
    /// The beginning of a line whose end has not arrived, or the line that was handed out last.
    spilled: Vec<u8>,
    /// `spilled` is of a line that was handed out.
    is_used: bool,
    /// How much of the byte order mark has been seen; all of it, too, once it is clear that there
    /// is none.
    mark: usize,
    /// The read before ended with a CR that ended a line: an LF here belongs to it.
    after_cr: bool,
}

impl Lines {
    pub fn new(end: LineEnd) -> Self {
        Lines {
            end,
            spilled: Vec::new(),
            is_used: false,
            mark: 0,
            after_cr: false,
        }
    }

    /// Begins another body; keeps the buffer, unless it is larger than `kept_bytes`.
    pub fn reset(&mut self, end: LineEnd, kept_bytes: usize) {
        let mut spilled = std::mem::take(&mut self.spilled);
        spilled.clear();
        spilled.shrink_to(kept_bytes);
        *self = Lines {
            spilled,
            ..Lines::new(end)
        };
    }

    /// Takes the next line off `bytes`. `None` when what is left is the beginning of a line; then
    /// that is kept, and nothing is left.
    pub fn next<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Option<Line<'b>>, EventTooLarge> {
        if self.is_used {
            self.is_used = false;
            self.spilled.clear();
        }
        self.pass_mark(bytes);
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            *bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        let Some(end) = self.find_end(bytes) else {
            self.spill(std::mem::take(bytes))?;
            return Ok(None);
        };
        let line = &bytes[..end];
        let cr = bytes[end] == b'\r';
        *bytes = &bytes[end + 1..];
        if cr {
            self.after_cr = bytes.is_empty();
            *bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        if self.spilled.is_empty() {
            return match line.len() > MAX_EVENT_BYTES {
                true => Err(EventTooLarge),
                false => Ok(Some(Line::Here(line))),
            };
        }
        self.spill(line)?;
        self.is_used = true;
        Ok(Some(Line::Spilled))
    }

    /// The line that was put together; between two reads, the one that has no end yet.
    pub fn spilled(&self) -> &[u8] {
        &self.spilled
    }

    /// Bytes that its buffer takes up.
    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.spilled.capacity()
    }

    fn find_end(&self, bytes: &[u8]) -> Option<usize> {
        match self.end {
            LineEnd::Lf => memchr(b'\n', bytes),
            LineEnd::LfOrCr => memchr2(b'\n', b'\r', bytes),
        }
    }

    fn spill(&mut self, bytes: &[u8]) -> Result<(), EventTooLarge> {
        if self.spilled.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(EventTooLarge);
        }
        self.spilled.extend_from_slice(bytes);
        Ok(())
    }

    fn pass_mark(&mut self, bytes: &mut &[u8]) {
        while self.mark < BYTE_ORDER_MARK.len() {
            match bytes.split_first() {
                None => return,
                Some((byte, rest)) if *byte == BYTE_ORDER_MARK[self.mark] => {
                    self.mark += 1;
                    *bytes = rest;
                }
                Some(_) => {
                    // It only began like one.
                    self.spilled
                        .extend_from_slice(&BYTE_ORDER_MARK[..self.mark]);
                    self.mark = BYTE_ORDER_MARK.len();
                }
            }
        }
    }
}
