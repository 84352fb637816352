//! Events of a stream that differ from the one before in nothing but the text they carry.
//!
//! Nearly all events of a stream do: the id, the model and the brackets around a few letters are
//! sent again with each. Where only emptiness of that text decided what the event was, another text
//! that is not empty decides the same, so such an event is compared and not read.

use super::Reading;
use super::json::Place;
use memchr::memchr2;

/// Events are rarely longer, in bytes: so much memory is set aside at once.
const TYPICAL_BYTES: usize = 512;
/// Longest event that is kept to compare with, in bytes.
const MAX_BYTES: usize = 4 << 10;

/// An event that was read, and what it said.
#[derive(Clone, Debug)]
pub struct Pattern {
    event: Vec<u8>,
    /// Bytes of it in front of the text, and behind it.
    before: usize,
    behind: usize,
    reading: Option<Reading>,
}

impl Pattern {
    /// Nothing is kept yet.
    pub fn new() -> Self {
        Pattern {
            event: Vec::with_capacity(TYPICAL_BYTES),
            before: 0,
            behind: 0,
            reading: None,
        }
    }

    /// What `event` says, if it is one that was kept but for its text.
    pub fn reading(&self, event: &[u8]) -> Option<Reading> {
        let reading = self.reading?;
        let end = event.len().checked_sub(self.behind)?;
        let text = event
            .get(self.before..end)
            .filter(|text| !text.is_empty())?;
        let same = event[..self.before] == self.event[..self.before]
            && event[end..] == self.event[self.event.len() - self.behind..];
        // Neither ends the text before its end, nor escapes what ends it.
        (same && memchr2(b'"', b'\\', text).is_none()).then_some(reading)
    }

    /// Keeps an event whose text was only asked whether it is empty, and is not.
    pub fn keep(&mut self, event: &[u8], text: Place, reading: Reading) {
        self.forget();
        if event.len() <= MAX_BYTES {
            self.event.extend_from_slice(event);
            self.behind = text.behind;
            self.before = event.len() - text.behind - text.bytes;
            self.reading = Some(Reading {
                text: None,
                ..reading
            });
        }
    }

    /// Compares with nothing from now on; keeps its memory.
    pub fn forget(&mut self) {
        self.event.clear();
        self.reading = None;
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::wire::{Event, Reader, Reading, read};
    use proptest::prelude::*;
    use schemas::layout::ResponseFormat;

    fn chunk(id: &str, text: &str, finish: &str, usage: &str) -> String {
        format!(
            r#"{{"id":"{id}","choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":{finish}}}]{usage}}}"#
        )
    }

    fn kept(event: &str) -> super::Pattern {
        let reading = read(ResponseFormat::OpenAiChat, event.as_bytes()).unwrap();
        let mut pattern = super::Pattern::new();
        pattern.keep(event.as_bytes(), reading.text.unwrap(), reading);
        pattern
    }

    #[test]
    fn another_text_is_alike_and_nothing_else_is() {
        let pattern = kept(&chunk("a", " the", "null", ""));
        let says = |event: String| pattern.reading(event.as_bytes());
        let output = |reading: Option<Reading>| reading.map(|it| it.event) == Some(Event::Output);
        assert!(output(says(chunk("a", "x", "null", ""))));
        assert!(output(says(chunk("a", "a longer text", "null", ""))));
        for other in [
            chunk("b", " the", "null", ""),
            chunk("a", "", "null", ""),
            chunk("a", "\\n", "null", ""),
            chunk("a", "x", "\"stop\"", ""),
            chunk("a", "x\"},\"b\":{\"c\":\"", "null", ""),
            "{".to_owned(),
            String::new(),
        ] {
            assert_eq!(says(other.clone()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_stream_reads_the_same_as_event_by_event(events in prop::collection::vec(
            ("[ab]", "[a\"\\\\]{0,3}", prop::sample::select(vec!["null", "\"stop\"", "\"\""]),
             prop::sample::select(vec!["", r#","usage":{"completion_tokens":1}"#,
                                       r#","usage":{"completion_tokens":2}"#, r#","error":"x""#, r#","error":"""#])),
            0..20,
        ), format in prop::sample::select(ResponseFormat::ALL.to_vec())) {
            let mut with = Reader::new(format);
            let mut without = Reader::new(format);
            for (id, text, finish, usage) in events {
                let event = chunk(&id, &text, finish, usage);
                without.pattern.forget();
                prop_assert_eq!(with.read(event.as_bytes()), without.read(event.as_bytes()), "{}", event);
                prop_assert_eq!(with.usage(), without.usage());
                prop_assert_eq!(with.is_complete(), without.is_complete());
            }
        }
    }
}
