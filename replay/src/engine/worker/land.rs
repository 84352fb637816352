//! The ends of requests: their connections, their records, and what waited for them.

use super::Worker;
use crate::engine::clock::monotonic_ns;
use crate::engine::pool::Kind;
use crate::engine::run::Reuse;
use crate::engine::schedule::{Skipped, Why};
use schemas::layout::{optional_u32, optional_u64};
use schemas::records::{ErrorClass, Outcome};

/// Records of requests that will never be sent, written in one go.
const SKIPS: u32 = 256;

impl Worker {
    /// Brings everything that is over to its end: its connection, its record, what waited for it.
    pub(super) fn sweep(&mut self) {
        self.skip();
        while let Some(number) = self.flights.next_over() {
            self.let_go(number);
            self.land(number);
            self.skip();
        }
    }

    /// Takes a flight that is over off its connection, which is closed if it must be.
    pub(super) fn let_go(&mut self, number: u32) {
        let flight = self.flights.get(number);
        let (must_close, on) = (flight.must_close(), flight.connection.take());
        let Some(connection) = on.and_then(|id| self.pool.get(id)) else {
            return;
        };
        connection.flights.retain(|other| *other != number);
        let closes = match &mut connection.kind {
            Kind::Http2(http2) => {
                if must_close {
                    http2.cancel(number);
                    // Its end, should that be it, is told to the others.
                    self.again.extend(on);
                }
                self.plan.reuse == Reuse::Never
            }
            // Another request is put on an HTTP/1.1 connection only when this one is over.
            Kind::Http1(_) => must_close,
            Kind::Opening(_) => must_close && connection.flights.is_empty(),
        };
        if let Some(id) = on.filter(|_| closes) {
            self.close(id);
        }
    }

    /// Hands over the record of a flight that is over, and lets go on what waited for its end.
    fn land(&mut self, number: u32) {
        let now_ns = monotonic_ns();
        let rules = *self.flights.rules();
        let flight = self.flights.close(number, now_ns);
        flight.record.worker = (self.plan.number as u16).into();
        let record = flight.record;
        let index = record.index.get();
        let is_scheduled = flight.is_scheduled;
        if flight.is_answer_wanted && self.answers.are_wanted(index) {
            self.answers.keep(index, &flight.answer);
        }
        if let Some(keeping) = &mut flight.keeping {
            self.kept.push(keeping.end(index));
        }
        if let Some(sink) = &mut self.sink {
            let times = flight.token_time_bytes(&rules);
            sink.push(&record, flight.sent_sha256.as_ref(), times);
        }
        self.flights.end(number);
        let session = optional_u32(record.session);
        if let Some(session) = session
            && self.open_sessions.turn_ended(session)
        {
            self.session_targets.remove(&session);
            self.pool.end_session(session);
        }
        if !is_scheduled {
            return;
        }
        self.loads[record.target.get() as usize] -= 1;
        let failed = ![Outcome::Ok as u8, Outcome::Cancelled as u8].contains(&record.outcome);
        let ended_ns = optional_u64(record.end_ns);
        let ended_ns = ended_ns.unwrap_or(now_ns.saturating_sub(rules.t0_ns));
        if self.schedule.end(index, ended_ns, failed) {
            self.wake_others();
        }
    }

    /// Writes the records of requests that will never be sent, not too many at once: after Ctrl-C that
    /// may be millions, while answers are still to be read.
    pub(super) fn skip(&mut self) {
        for _ in 0..SKIPS {
            let Some(skipped) = self.schedule.take_skipped() else {
                self.has_skipped = false;
                return;
            };
            self.record_skipped(&skipped);
        }
        self.has_skipped = true;
    }

    fn record_skipped(&mut self, skipped: &Skipped) {
        let index = skipped.index as usize;
        let number = self.flights.begin();
        let flight = self.flights.get(number);
        let request = &self.plan.workload.requests()[index];
        let leaf = self.plan.workload.leaves()[index];
        let due_ns = skipped.due_ns.unwrap_or(u64::MAX);
        flight.begin(skipped.index, request, leaf, due_ns);
        let population = self.plan.populations.of(request.labels.get());
        flight.record.population = population.into();
        flight.is_scheduled = false;
        let target = self.target(skipped.index, optional_u32(request.session));
        self.flights.get(number).record.target = (target as u16).into();
        self.answers.used_by(&self.plan.workload, skipped.index);
        self.flights.get(number).not_sent(match skipped.why {
            Why::SessionEnded => ErrorClass::SessionEnded,
            Why::Interrupted => ErrorClass::Interrupted,
        });
        self.land(number);
    }
}
