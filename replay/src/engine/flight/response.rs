//! What a flight makes of the body of its response: events, tokens, and whether it was as asked.

use super::{Flight, Rules, Step};
use crate::engine::exchange::Content;
use crate::engine::wire::Event;
use crate::engine::wire::answer::append_answer;
use schemas::layout::{NONE_U32, optional_u64};
use schemas::records::{ErrorClass, Outcome, RESULT_STREAM};

/// Longest response that is kept to look for usage, in bytes; of a longer one only its end is.
const KEPT_TAIL_BYTES: usize = 64 * 1024;
/// Longest response body, in bytes.
const MAX_RESPONSE_BYTES: u64 = 1 << 30;

impl Flight {
    pub(super) fn is_good(&self) -> bool {
        (200..300).contains(&self.record.http_status.get())
    }

    /// Whether events are read: an error's body is one whole, whatever it calls itself.
    pub(super) fn has_events(&self) -> bool {
        self.content != Content::Other && self.is_good()
    }

    pub(super) fn data(&mut self, bytes: &[u8], read_ns: u64, rules: &Rules) -> Step {
        let total = self.record.response_bytes.get() + bytes.len() as u64;
        self.record.response_bytes = total.into();
        let fits = total <= MAX_RESPONSE_BYTES;
        let fed = match self.has_events() {
            true => self.events(Some(bytes), rules.since_t0(read_ns).get()),
            false => {
                // Of a response that somebody wants to repeat all is kept.
                let kept = match self.is_answer_wanted {
                    true => usize::MAX,
                    false => KEPT_TAIL_BYTES,
                };
                keep_tail(&mut self.tail, bytes, kept);
                true
            }
        };
        if !fits || !fed {
            self.must_close = true;
            self.settle(Outcome::Error, ErrorClass::TooLarge);
            return Step::Over;
        }
        let wanted = self.cancel_after_tokens.unwrap_or(NONE_U32);
        if self.token_times.count() >= wanted {
            self.record.cancel_due_ns = rules.since_t0(read_ns);
            self.must_close = true;
            self.settle(Outcome::Cancelled, ErrorClass::None);
            return Step::Over;
        }
        Step::On
    }

    /// Reads the events in some bytes, or what is left at the end of the stream. False if one is
    /// too large.
    pub(super) fn events(&mut self, bytes: Option<&[u8]>, read_ns: u64) -> bool {
        let (mut events, mut fault) = (0, ErrorClass::None);
        let (format, sent_ns) = (self.format, self.record.sent_ns.get());
        let is_answer_wanted = self.is_answer_wanted;
        let (token_times, answer) = (&mut self.token_times, &mut self.answer);
        let (reader, keeping) = (&mut self.reader, &mut self.keeping);
        // What the end of the stream has broken off is no event.
        let broken_off = match bytes {
            Some(_) => ErrorClass::Malformed,
            None => ErrorClass::Stream,
        };
        let on_event = |event: &[u8]| {
            let kind = reader.read(event);
            events += u32::from(kind != Event::Done);
            match kind {
                Event::Output => token_times.push(sent_ns, read_ns),
                Event::Error if fault == ErrorClass::None => fault = ErrorClass::Reported,
                Event::Malformed if fault == ErrorClass::None => fault = broken_off,
                _ => {}
            }
            if is_answer_wanted {
                append_answer(format, event, false, answer);
            }
            if let Some(keeping) = keeping {
                keeping.take(format, kind, event, false);
            }
        };
        let fed = match bytes {
            Some(bytes) => self.cutter.feed(bytes, on_event),
            None => self.cutter.finish(on_event),
        };
        self.note_fault(fault);
        self.record.events = (self.record.events.get() + events).into();
        fed.is_ok()
    }

    pub(super) fn note_fault(&mut self, fault: ErrorClass) {
        if self.fault == ErrorClass::None {
            self.fault = fault;
        }
    }

    pub(super) fn complete(&mut self, read_ns: u64, rules: &Rules) {
        // The answer may be there before the write of the request's last byte has returned; over HTTP/2
        // the rest of a body may still go out.
        let written_ns = optional_u64(self.record.body_written_ns).unwrap_or(0);
        let end_ns = rules.since_t0(read_ns).get().max(written_ns);
        self.record.end_ns = end_ns.into();
        if self.has_events() {
            self.events(None, rules.since_t0(read_ns).get());
            let asked_stream = self.record.flags & RESULT_STREAM != 0;
            if asked_stream && !self.reader.is_complete() {
                self.note_fault(ErrorClass::Stream);
            }
        } else {
            self.read_whole();
        }
        match self.fault {
            _ if !self.is_good() => self.settle(Outcome::Error, ErrorClass::Status),
            ErrorClass::None => self.settle(Outcome::Ok, ErrorClass::None),
            fault => self.settle(Outcome::Error, fault),
        }
    }

    /// Reads a response that is no stream, or as much of it as was kept.
    pub(super) fn read_whole(&mut self) {
        let is_truncated = (self.tail.len() as u64) < self.record.response_bytes.get();
        let kind = self.reader.read_whole(&self.tail, is_truncated);
        let is_good = self.is_good();
        if let Some(keeping) = &mut self.keeping {
            match is_good {
                true => keeping.take(self.format, kind, &self.tail, true),
                false => keeping.fail(&self.tail),
            }
        }
        match kind {
            Event::Error => self.note_fault(ErrorClass::Reported),
            Event::Malformed => self.note_fault(ErrorClass::Malformed),
            _ => {}
        }
        // A stream was asked for and is not what came.
        if self.record.flags & RESULT_STREAM != 0 {
            self.note_fault(ErrorClass::Stream);
        }
        if self.is_answer_wanted && is_good {
            append_answer(self.format, &self.tail, true, &mut self.answer);
        }
    }
}

/// Keeps the last `kept` bytes or more of a response.
fn keep_tail(tail: &mut Vec<u8>, data: &[u8], kept: usize) {
    if tail.len() / 2 > kept {
        tail.drain(..tail.len() - kept);
    }
    tail.extend_from_slice(data);
}
