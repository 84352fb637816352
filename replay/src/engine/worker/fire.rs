//! Firing: what is due goes out, on a connection of its target.

use super::Worker;
use crate::engine::clock::monotonic_ns;
use crate::engine::exchange::Part;
use crate::engine::http1::After;
use crate::engine::pool::{Id, Kind};
use crate::engine::request::Outgoing;
use crate::engine::run::{Balance, Reuse};
use crate::engine::schedule::Shot;
use crate::engine::target::CONNECT_TIMEOUT;
use schemas::layout::optional_u32;
use schemas::records::{ErrorClass, RESULT_NEW_CONNECTION};
use std::io;

/// Due requests that are fired in one go before answers are looked at.
const BURST: u32 = 64;

impl Worker {
    /// Fires every request that is due. True if there may be more.
    pub(super) fn fire_due(&mut self) -> bool {
        for _ in 0..BURST {
            let now_ns = monotonic_ns();
            if now_ns < self.next_due_ns() {
                return false;
            }
            let Some(shot) = self.schedule.take(now_ns - self.flights.rules().t0_ns) else {
                self.skip();
                return false;
            };
            self.fire(shot);
            self.sweep();
        }
        true
    }

    pub(super) fn fire(&mut self, shot: Shot) {
        let index = shot.index as usize;
        let request = &self.plan.workload.requests()[index];
        let leaf = self.plan.workload.leaves()[index];
        let number = self.flights.begin();
        let flight = self.flights.get(number);
        flight.begin(shot.index, request, leaf, shot.due_ns);
        let population = self.plan.populations.of(request.labels.get());
        flight.record.population = population.into();
        flight.is_scheduled = !shot.overloaded;
        flight.is_answer_wanted = self.answers.are_wanted(shot.index);
        if shot.wake_others {
            self.wake_others();
        }
        let session = optional_u32(request.session);
        let target = self.target(shot.index, session);
        let flight = self.flights.get(number);
        flight.record.target = (target as u16).into();
        if shot.overloaded {
            return self.flights.not_sent(number, ErrorClass::Overload);
        }
        self.loads[target] += 1;
        let out = self.plan.factory.make(shot.index, target, &self.answers);
        self.answers.used_by(&self.plan.workload, shot.index);
        let Some(out) = out else {
            return self.flights.not_sent(number, ErrorClass::Workload);
        };
        flight.sent_sha256 = out.made_sha256();
        let begun_ns = monotonic_ns();
        let patience_ns = self
            .plan
            .rules
            .timeout_ns
            .min(CONNECT_TIMEOUT.as_nanos() as u64);
        self.flights.set_deadline(number, begun_ns + patience_ns);
        self.place(number, target, session, out);
    }

    /// Puts a request on a connection, which is opened for it if there is none.
    fn place(&mut self, number: u32, target: usize, session: Option<u32>, out: Outgoing) {
        let connected = self.connection(target, session);
        let Ok((id, is_new)) = connected else {
            return self.flights.not_sent(number, ErrorClass::Connect);
        };
        if is_new {
            self.count_connections(1);
            self.flights.get(number).record.flags |= RESULT_NEW_CONNECTION;
        }
        self.put_on(id, number, out);
    }

    /// Puts a request on the connection that it has waited for, or, if that takes no more streams, on
    /// another.
    pub(super) fn put_on_opened(&mut self, id: Id, number: u32, out: Outgoing) {
        let has_room = match self.pool.get(id).map(|connection| &mut connection.kind) {
            Some(Kind::Http2(http2)) => http2.room() > 0,
            _ => true,
        };
        if has_room {
            return self.put_on(id, number, out);
        }
        let record = &self.flights.get(number).record;
        let (target, session) = (record.target.get().into(), optional_u32(record.session));
        self.place(number, target, session, out);
    }

    /// Which target a request goes to: the turns of a session all to one.
    pub(super) fn target(&mut self, index: u64, session: Option<u32>) -> usize {
        let targets = self.loads.len();
        if targets == 1 {
            return 0;
        }
        let number = session.map_or(index, |session| self.plan.sessions.number(session));
        let turn = number as usize % targets;
        if self.plan.balance == Balance::RoundRobin {
            return turn;
        }
        let loads = &self.loads;
        let least = (0..targets)
            .map(|n| (turn + n) % targets)
            .min_by_key(|target| loads[*target])
            .unwrap_or(turn);
        match session {
            Some(session) => *self.session_targets.entry(session).or_insert(least),
            None => least,
        }
    }

    /// A connection for a request, and whether it was opened for it.
    pub(super) fn connection(
        &mut self,
        target: usize,
        session: Option<u32>,
    ) -> io::Result<(Id, bool)> {
        let session = session.filter(|_| self.plan.reuse == Reuse::Session);
        let there = match (self.plan.reuse, session) {
            (Reuse::Never, _) => None,
            _ if self.pool.is_http2() => self.pool.take_shared(target),
            (_, Some(session)) => self.pool.take_for_session(session, target),
            (_, None) => self.pool.take(target),
        };
        if let Some(id) = there {
            return Ok((id, false));
        }
        let id = self.pool.open(&self.poll, target)?;
        if let Some(session) = session {
            self.pool.keep_for_session(session, id);
        }
        Ok((id, true))
    }

    /// Sends a request on its connection, or lets it wait until that is open.
    pub(super) fn put_on(&mut self, id: Id, number: u32, out: Outgoing) {
        let Some(connection) = self.pool.get(id) else {
            return;
        };
        let flight = self.flights.get(number);
        flight.connection = Some(id);
        flight.record.connection = connection.number.into();
        connection.flights.push(number);
        let flights = &mut self.flights;
        let mut on = |number: u32, part: Part<'_>| flights.take(number, part);
        match &mut connection.kind {
            Kind::Opening(_) => self.flights.get(number).waiting = Some(out),
            Kind::Http1(http1) => http1.send(number, out, &self.plan.factory, &mut on),
            Kind::Http2(http2) => {
                let (head, body) = self.plan.factory.http2(out);
                if http2.start(number, head, body, &mut on) != After::Busy {
                    self.again.push_back(id);
                }
            }
        }
    }
}
