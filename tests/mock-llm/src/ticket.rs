//! A POST request in flight: it is logged when it begins, counted while it
//! lasts, and knows at its end whether the answer was completed.

use std::num::{NonZeroU8, NonZeroU16, NonZeroU64};
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use hyper::StatusCode;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;

use crate::api::Api;
use crate::clock;
use crate::connection::Connection;
use crate::fault::FaultKind;
use crate::log::{BodyFacts, End, Media, Record, Slot};
use crate::request::Ask;

/// Held by the handler, then by the answer's body. Dropping it unfinished means
/// that the client went away, unless the server is stopping.
pub struct Ticket {
    connection: Rc<Connection>,
    slot: Slot,
    /// Which of the configured faults falls on the request.
    fault: Option<usize>,
    finished: bool,
}

impl Ticket {
    /// Logs a request whose head was parsed.
    pub fn open(connection: &Rc<Connection>, arrival_ns: u64, head: &Parts) -> Self {
        let concurrent = connection.worker.shared.enter();
        let api = Api::of(head.uri.path());
        let fault = api.and_then(|_| connection.worker.shared.next_fault());
        let mut log = connection.worker.share().log();
        let record = Record {
            arrival_ns,
            end_ns: None,
            connection: connection.id,
            path: log.name(head.uri.path()),
            model: None,
            body: None,
            max_tokens: None,
            concurrent: u32::try_from(concurrent).unwrap_or(u32::MAX),
            status: None,
            stream: None,
            authorization: head.headers.contains_key(AUTHORIZATION),
            api,
            media: Media::default(),
            end: End::Answered,
            fault: None,
        };
        let slot = log.push(record);
        drop(log);
        Ticket {
            connection: Rc::clone(connection),
            slot,
            fault,
            finished: false,
        }
    }

    /// The fault that is to befall the request.
    pub fn fault(&self) -> Option<FaultKind> {
        let faults = &self.connection.worker.shared.config.faults;
        self.fault.map(|index| faults[index].kind)
    }

    /// Notes that it does.
    pub fn note_fault(&self) {
        let mut log = self.connection.worker.share().log();
        if let Some(record) = log.get_mut(self.slot) {
            let number = self.fault.and_then(|index| u8::try_from(index + 1).ok());
            record.fault = number.and_then(NonZeroU8::new);
        }
    }

    /// Notes what the body said, once it is read, and how it will be answered: not at all, if
    /// there is no status.
    pub fn describe(
        &self,
        body: Option<BodyFacts>,
        ask: Option<&Ask<'_>>,
        status: Option<StatusCode>,
    ) {
        let mut log = self.connection.worker.share().log();
        let status = status.map_or(0, |status| status.as_u16());
        log.counts.errors += u64::from(status >= 400);
        let model = ask.and_then(|ask| ask.model.as_deref());
        let model = model.map(|model| log.name(model));
        let Some(record) = log.get_mut(self.slot) else {
            return;
        };
        record.body = body;
        record.model = model;
        record.status = NonZeroU16::new(status);
        record.stream = ask.map(|ask| ask.stream);
        record.max_tokens = ask
            .and_then(|ask| ask.max_tokens)
            .map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        record.media = ask.map(|ask| Media::of(&ask.counts)).unwrap_or_default();
    }

    /// The last byte of the answer is about to be written. It counts as out of flight from now,
    /// lest a client that has it sends its next request before it was counted out.
    pub fn finish(mut self) {
        self.connection.await_write(self.slot);
        self.finished = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let worker = &self.connection.worker;
        worker.shared.leave();
        if self.finished || worker.shared.stopping.load(Relaxed) {
            return;
        }
        let mut log = worker.share().log();
        log.counts.closed_early += 1;
        if let Some(now_ns) = NonZeroU64::new(clock::now_ns()) {
            log.end(self.slot, End::ClosedEarly, now_ns);
        }
    }
}
