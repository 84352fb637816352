//! Cuts the body of a response into events, whatever the reads it arrives in.
//!
//! Server-sent events (WHATWG HTML, section 9.2): lines end with LF, CR LF or CR, a byte order mark
//! may come first, `data:` has a space behind it or has none, several data lines are joined by LF,
//! comments and other fields are passed over. JSON lines: one value a line, ended by LF or CR LF. An
//! event without data, and a line without anything, is none.
//!
//! The standard drops an event that the body ends in without a blank line. Servers end so, with
//! `data: [DONE]` and nothing behind it, and what was received is what is asked for here: such an
//! event counts, as does a last line without its end. If it was broken off, it reads as
//! [`Event::Malformed`](super::Event::Malformed).
//!
//! An event that lies within one read is handed out without being copied; buffers stay for the next
//! body, so that nothing is allocated once they are as large as what comes.

use super::lines::{Line, LineEnd, Lines};
use crate::engine::exchange::Content;

/// Longest event, and longest line, in bytes.
pub const MAX_EVENT_BYTES: usize = 16 << 20;
/// Largest buffer that is kept for the next body, in bytes.
const KEPT_BUFFER_BYTES: usize = 64 << 10;

/// The body holds an event or a line longer than [`MAX_EVENT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLarge;

/// Cuts one body after the other into events. Begins with one that has none.
#[derive(Debug)]
pub struct Cutter {
    content: Content,
    lines: Lines,
    pending: Pending,
}

/// The data lines so far of a server-sent event that is not complete.
#[derive(Debug, Default)]
struct Pending {
    data: Vec<u8>,
    /// There is such a line, be it an empty one.
    is_begun: bool,
}

impl Default for Cutter {
    fn default() -> Self {
        Cutter {
            content: Content::Other,
            lines: Lines::new(LineEnd::Lf),
            pending: Pending::default(),
        }
    }
}

impl Cutter {
    /// Begins another body.
    pub fn reset(&mut self, content: Content) {
        self.content = content;
        let end = match content {
            Content::EventStream => LineEnd::LfOrCr,
            Content::JsonLines | Content::Other => LineEnd::Lf,
        };
        self.lines.reset(end, KEPT_BUFFER_BYTES);
        self.pending.clear();
        self.pending.data.shrink_to(KEPT_BUFFER_BYTES);
    }

    /// Takes the next bytes of the body; calls `on_event` with the data of each complete event. A
    /// body that is one whole has none. After an error nothing more is to be fed.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        mut on_event: impl FnMut(&[u8]),
    ) -> Result<(), EventTooLarge> {
        match self.content {
            Content::EventStream => self.feed_event_stream(bytes, &mut on_event),
            Content::JsonLines => self.feed_json_lines(bytes, &mut on_event),
            Content::Other => Ok(()),
        }
    }

    /// The body is complete: hands out the event that it ends in, if that has no end of its own.
    pub fn finish(&mut self, mut on_event: impl FnMut(&[u8])) -> Result<(), EventTooLarge> {
        let line = self.lines.spilled();
        match self.content {
            Content::EventStream => {
                if let Field::Data(data) = field(line) {
                    self.pending.push(data)?;
                }
                self.pending.end(None, &mut on_event);
            }
            Content::JsonLines => take_json_line(line, &mut on_event),
            Content::Other => {}
        }
        Ok(())
    }

    fn feed_event_stream(
        &mut self,
        mut bytes: &[u8],
        on_event: &mut impl FnMut(&[u8]),
    ) -> Result<(), EventTooLarge> {
        let pending = &mut self.pending;
        // The event's only data line so far, while it still lies in `bytes`.
        let mut here: Option<&[u8]> = None;
        while let Some(line) = self.lines.next(&mut bytes)? {
            let line = match line {
                // No line before it lies in `bytes`, so there is nothing in `here`.
                Line::Spilled => {
                    if let Field::Data(data) = field(self.lines.spilled()) {
                        pending.push(data)?;
                    }
                    continue;
                }
                Line::Here(line) => line,
            };
            match field(line) {
                Field::End => pending.end(here.take(), on_event),
                Field::Data(data) if here.is_none() && !pending.is_begun => here = Some(data),
                Field::Data(data) => {
                    here.take().map_or(Ok(()), |first| pending.push(first))?;
                    pending.push(data)?;
                }
                Field::Other => {}
            }
        }
        here.map_or(Ok(()), |data| pending.push(data))
    }

    fn feed_json_lines(
        &mut self,
        mut bytes: &[u8],
        on_event: &mut impl FnMut(&[u8]),
    ) -> Result<(), EventTooLarge> {
        while let Some(line) = self.lines.next(&mut bytes)? {
            match line {
                Line::Here(line) => take_json_line(line, on_event),
                Line::Spilled => take_json_line(self.lines.spilled(), on_event),
            }
        }
        Ok(())
    }
}

impl Pending {
    fn clear(&mut self) {
        self.data.clear();
        self.is_begun = false;
    }

    fn push(&mut self, line: &[u8]) -> Result<(), EventTooLarge> {
        if self.data.len() + line.len() >= MAX_EVENT_BYTES {
            return Err(EventTooLarge);
        }
        if self.is_begun {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(line);
        self.is_begun = true;
        Ok(())
    }

    /// Hands out the event, whose only line is `here` if it still lies in the read.
    fn end(&mut self, here: Option<&[u8]>, on_event: &mut impl FnMut(&[u8])) {
        let data = here.unwrap_or(&self.data);
        if !data.is_empty() {
            on_event(data);
        }
        self.clear();
    }
}

fn take_json_line(line: &[u8], on_event: &mut impl FnMut(&[u8])) {
    let line = line.trim_ascii();
    if !line.is_empty() {
        on_event(line);
    }
}

/// What a line of a stream of server-sent events says.
enum Field<'b> {
    /// The event is complete.
    End,
    Data(&'b [u8]),
    /// A comment, or a field that says nothing of the data.
    Other,
}

fn field(line: &[u8]) -> Field<'_> {
    match line.strip_prefix(b"data") {
        Some([b':', b' ', data @ ..] | [b':', data @ ..]) => Field::Data(data),
        Some([]) => Field::Data(b""),
        _ if line.is_empty() => Field::End,
        _ => Field::Other,
    }
}

#[cfg(test)]
mod tests;
