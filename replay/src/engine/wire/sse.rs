//! Server-sent events, cut at their borders (WHATWG HTML, section 9.2).
//!
//! Lines end with LF or CRLF; `data:` with or without a space; several data lines are joined by
//! LF; comments and other fields are passed over. An event that lies within one read is handed
//! out without being copied.

use memchr::memchr;

/// Longest event, and longest line, in bytes.
pub const MAX_EVENT_BYTES: usize = 16 << 20;

/// The stream holds an event or a line longer than [`MAX_EVENT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLarge;

/// Cuts a stream into events, whatever the reads it arrives in.
#[derive(Debug, Default)]
pub struct SseParser {
    /// The beginning of a line whose end has not arrived.
    line: Vec<u8>,
    /// Data lines of an event whose end has not arrived.
    data: Vec<u8>,
    has_data: bool,
}

impl SseParser {
    /// Forgets everything, keeps the buffers.
    pub fn reset(&mut self) {
        self.line.clear();
        self.data.clear();
        self.has_data = false;
    }

    /// Takes the next bytes of the stream; calls `on_event` with the data of each complete event.
    pub fn feed(
        &mut self,
        mut bytes: &[u8],
        mut on_event: impl FnMut(&[u8]),
    ) -> Result<(), EventTooLarge> {
        // The event's only data line so far, while it still lies in `bytes`.
        let mut inline: Option<&[u8]> = None;
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if self.line.is_empty() {
                self.take_line(line, &mut inline, &mut on_event);
            } else {
                self.line.extend_from_slice(line);
                let whole = std::mem::take(&mut self.line);
                self.take_spilled_line(&whole, &mut inline, &mut on_event);
                self.line = whole;
                self.line.clear();
            }
        }
        if let Some(data) = inline {
            self.push_data(data);
        }
        self.line.extend_from_slice(bytes);
        if self.line.len().max(self.data.len()) > MAX_EVENT_BYTES {
            return Err(EventTooLarge);
        }
        Ok(())
    }

    fn take_line<'b>(
        &mut self,
        line: &'b [u8],
        inline: &mut Option<&'b [u8]>,
        on_event: &mut impl FnMut(&[u8]),
    ) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return self.end_event(inline, on_event);
        }
        let Some(data) = data_field(line) else { return };
        if !self.has_data && inline.is_none() {
            *inline = Some(data);
            return;
        }
        if let Some(first) = inline.take() {
            self.push_data(first);
        }
        self.push_data(data);
    }

    /// Like [`Self::take_line`] for a line that was put together from several reads.
    fn take_spilled_line(
        &mut self,
        line: &[u8],
        inline: &mut Option<&[u8]>,
        on_event: &mut impl FnMut(&[u8]),
    ) {
        if let Some(first) = inline.take() {
            self.push_data(first);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            self.end_event(inline, on_event);
        } else if let Some(data) = data_field(line) {
            self.push_data(data);
        }
    }

    fn push_data(&mut self, data: &[u8]) {
        if self.has_data {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(data);
        self.has_data = true;
    }

    fn end_event(&mut self, inline: &mut Option<&[u8]>, on_event: &mut impl FnMut(&[u8])) {
        if let Some(data) = inline.take() {
            on_event(data);
        } else if self.has_data {
            on_event(&self.data);
            self.data.clear();
            self.has_data = false;
        }
    }
}

fn data_field(line: &[u8]) -> Option<&[u8]> {
    let value = line.strip_prefix(b"data:")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(chunks: &[&[u8]]) -> Vec<String> {
        let mut parser = SseParser::default();
        let mut events = Vec::new();
        for chunk in chunks {
            parser
                .feed(chunk, |data| {
                    events.push(String::from_utf8(data.to_vec()).unwrap())
                })
                .unwrap();
        }
        events
    }

    #[test]
    fn forms_that_servers_use_are_all_read() {
        for (stream, expected) in [
            ("data: a\n\n", vec!["a"]),
            ("data:a\n\n", vec!["a"]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", vec!["a", "b"]),
            (": comment\n\ndata: a\nid: 7\nevent: x\n\n", vec!["a"]),
            ("data: a\ndata: b\n\n", vec!["a\nb"]),
            ("data:  two spaces\n\n", vec![" two spaces"]),
            ("data\n\n", vec![]),
            ("\n\n\ndata: a\n\n\n", vec!["a"]),
            ("data:\n\n", vec![""]),
            ("data: unfinished\n", vec![]),
        ] {
            assert_eq!(events(&[stream.as_bytes()]), expected, "{stream:?}");
        }
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = SseParser::default();
        let chunk = vec![b'x'; MAX_EVENT_BYTES];
        parser.feed(&chunk, |_| ()).unwrap();
        assert_eq!(parser.feed(b"yy", |_| ()), Err(EventTooLarge));
    }

    proptest! {
        /// However the reads fall, the events are the same.
        #[test]
        fn reads_may_end_anywhere(
            lines in prop::collection::vec(prop::sample::select(vec![
                "data: {\"a\":1}", "data:b", "", "", ": c", "event: d", "data: ", "x",
            ]), 0..20),
            crlf in any::<bool>(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let stream = lines.iter().flat_map(|line| [*line, if crlf { "\r\n" } else { "\n" }]).collect::<String>();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            places.extend([0, stream.len()]);
            places.sort_unstable();
            let chunks: Vec<&[u8]> = places.windows(2).map(|pair| &stream.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(events(&chunks), events(&[stream.as_bytes()]));
        }
    }
}
