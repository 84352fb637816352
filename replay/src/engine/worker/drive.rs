//! Connections: opening them, and letting each do what its socket allows.

use super::{TIMER, WAKER, Worker};
use crate::engine::clock::monotonic_ns;
use crate::engine::exchange::Part;
use crate::engine::http1::After;
use crate::engine::poll::Ready;
use crate::engine::pool::{Id, Kind};
use crate::engine::run::Reuse;
use crate::engine::target::CONNECT_TIMEOUT;
use schemas::records::ErrorClass;
use std::io;
use std::net::SocketAddr;

/// Connections that are being opened at once before t0.
const OPENING_AT_ONCE: usize = 128;
/// How long a TLS server may take to refuse a connection that it seemed to accept, in ns.
const MIN_REFUSAL_WAIT_NS: u64 = 20_000_000;
const MAX_REFUSAL_WAIT_NS: u64 = 1_000_000_000;

impl Worker {
    /// Opens the connections that are wanted before t0; each target has its share. The error names
    /// the address.
    pub fn preconnect(&mut self) -> Result<(), (SocketAddr, io::Error)> {
        let targets = self.plan.endpoints.len();
        let begun_ns = monotonic_ns();
        let patience_ns = CONNECT_TIMEOUT.as_nanos() as u64;
        let mut deadline_ns = begun_ns + patience_ns;
        let mut opening: Vec<Id> = Vec::new();
        let number = self.plan.number;
        let mut wanted = (0..self.plan.connections).map(move |n| (n + number) % targets);
        loop {
            while opening.len() < OPENING_AT_ONCE
                && let Some(target) = wanted.next()
            {
                let address = self.pool.address(target);
                let id = self.pool.open(&self.poll, target);
                opening.push(id.map_err(|error| (address, error))?);
            }
            let Some(first) = opening.first().copied() else {
                return self.await_refusals(begun_ns);
            };
            if monotonic_ns() >= deadline_ns {
                let target = self
                    .pool
                    .get(first)
                    .map_or(0, |connection| connection.target);
                return Err((self.pool.address(target), io::ErrorKind::TimedOut.into()));
            }
            for n in 0..self.wait_until(deadline_ns) {
                let id = Id::of(self.poll.ready(n).token);
                // One that is open already is idle already, whatever its server says unasked.
                if !opening.contains(&id) {
                    self.hear(id)?;
                    continue;
                }
                let target = self.pool.get(id).map_or(0, |connection| connection.target);
                match self.establish(id) {
                    Ok(true) => {
                        opening.retain(|other| *other != id);
                        deadline_ns = monotonic_ns() + patience_ns;
                        // Something may have come along with the end of a handshake.
                        self.hear(id)?;
                    }
                    Ok(false) => {}
                    Err(error) => return Err((self.pool.address(target), error)),
                }
            }
        }
    }

    /// With TLS 1.3 a server refuses a client's certificate only after the handshake, half a round
    /// trip later: that is waited for as long as it took to open all connections.
    fn await_refusals(&mut self, begun_ns: u64) -> Result<(), (SocketAddr, io::Error)> {
        if self.plan.endpoints.iter().all(|to| to.tls.is_none()) {
            return Ok(());
        }
        let now_ns = monotonic_ns();
        let wait_ns = (now_ns - begun_ns).clamp(MIN_REFUSAL_WAIT_NS, MAX_REFUSAL_WAIT_NS);
        while monotonic_ns() < now_ns + wait_ns {
            for n in 0..self.wait_until(now_ns + wait_ns) {
                self.hear(Id::of(self.poll.ready(n).token))?;
            }
        }
        Ok(())
    }

    /// Reads what a server says on a connection that nothing was sent on.
    fn hear(&mut self, id: Id) -> Result<(), (SocketAddr, io::Error)> {
        let Some(connection) = self.pool.get(id) else {
            return Ok(());
        };
        let target = connection.target;
        match connection.hear(&mut self.buffer) {
            Ok(true) => {}
            Ok(false) => self.close(id),
            Err(error) => return Err((self.pool.address(target), error)),
        }
        Ok(())
    }

    pub(super) fn wait_until(&mut self, deadline_ns: u64) -> usize {
        let armed = self.timer.arm(deadline_ns);
        armed.and_then(|()| self.poll.wait(true)).unwrap_or(0)
    }

    /// A descriptor has become ready.
    pub(super) fn handle(&mut self, ready: Ready) {
        match ready.token {
            // What is due is found out anyway.
            TIMER | WAKER => {}
            token => self.drive(Id::of(token), ready.ended),
        }
    }

    /// Lets a connection do what its socket allows.
    pub(super) fn drive(&mut self, id: Id, ended: bool) {
        // It may have been closed since the event was fetched.
        let Some(connection) = self.pool.get(id) else {
            return;
        };
        let flights = &mut self.flights;
        let mut on = |number: u32, part: Part<'_>| flights.take(number, part);
        let after = match &mut connection.kind {
            Kind::Opening(_) => return self.open_further(id, ended),
            Kind::Http1(http1) => {
                let was_idle = connection.flights.is_empty();
                let after = http1.drive(ended, &mut self.buffer, &self.plan.factory, &mut on);
                match after {
                    After::Idle if was_idle => After::Busy,
                    after => after,
                }
            }
            Kind::Http2(http2) => http2.drive(&mut on),
        };
        // First the records: what is over leaves its connection, and may want it closed.
        self.sweep();
        match after {
            After::Busy => {}
            After::More => self.again.push_back(id),
            After::Idle if self.plan.reuse == Reuse::Never => self.close(id),
            After::Idle => self.pool.put(id),
            After::Over => self.close(id),
        }
    }

    pub(super) fn close(&mut self, id: Id) {
        self.pool.close(id);
    }

    pub(super) fn open_further(&mut self, id: Id, ended: bool) {
        match self.establish(id) {
            Ok(true) => {
                let waiting = self.pool.get(id).map(|it| std::mem::take(&mut it.flights));
                for number in waiting.into_iter().flatten() {
                    if let Some(out) = self.flights.get(number).waiting.take() {
                        self.put_on_opened(id, number, out);
                    }
                }
                // Something may have come along with the end of a handshake.
                self.drive(id, ended);
            }
            Ok(false) => {}
            Err(_) => {
                for number in self.pool.close(id) {
                    self.flights.not_sent(number, ErrorClass::Connect);
                }
                self.sweep();
            }
        }
    }

    /// Goes on opening a connection; true when it is open. One that nobody waits for is idle then.
    pub(super) fn establish(&mut self, id: Id) -> io::Result<bool> {
        let Some(connection) = self.pool.get(id) else {
            return Ok(false);
        };
        if !connection.establish(self.plan.http2)? {
            return Ok(false);
        }
        if !self.plan.http2 && connection.flights.is_empty() {
            self.pool.put(id);
        }
        Ok(true)
    }
}
