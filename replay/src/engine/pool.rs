//! A worker's connections: those that are being opened, those that are idle, those that are busy.

use super::http1::Http1;
use super::http2::Http2;
use super::link::Link;
use super::poll::Poll;
use super::tls::TlsClient;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Where a target's connections go.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Address and port.
    pub address: SocketAddr,
    /// How to speak TLS with it; `None` for plain TCP.
    pub tls: Option<TlsClient>,
}

/// What a connection speaks.
pub enum Kind {
    /// Being connected, or in the middle of the TLS handshake.
    Opening(Option<Link>),
    /// HTTP/1.1.
    Http1(Http1),
    /// HTTP/2.
    Http2(Box<Http2>),
}

/// One connection.
pub struct Connection {
    /// Number within the worker, in order of opening.
    pub number: u32,
    /// Which of the targets it leads to.
    pub target: usize,
    /// Streams or requests that are on it, or wait for it to be open.
    pub flights: Vec<u32>,
    /// What it speaks.
    pub kind: Kind,
    used: bool,
    /// It serves the turns of one session.
    is_a_sessions: bool,
}

impl Connection {
    /// Goes on opening; true when requests can be sent. Errors end it.
    pub fn establish(&mut self, http2: bool) -> io::Result<bool> {
        let Kind::Opening(opening) = &mut self.kind else {
            return Ok(true);
        };
        let Some(link) = opening else {
            return Ok(false);
        };
        if !link.establish()? {
            return Ok(false);
        }
        if http2 && link.is_tls() && !link.is_http2() {
            let text = "the server does not speak HTTP/2; leave --http2 out";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        if let Some(link) = opening.take() {
            self.kind = match http2 {
                true => Kind::Http2(Box::new(Http2::new(link))),
                false => Kind::Http1(Http1::new(link)),
            };
        }
        Ok(true)
    }

    /// Reads what the server says before anything was asked. False if it has closed the connection;
    /// the error is that it does not accept us, with a text for the user.
    pub fn hear(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        match &mut self.kind {
            Kind::Opening(_) => Ok(true),
            Kind::Http1(http1) => http1.hear(buffer),
            Kind::Http2(http2) => http2.hear(),
        }
    }
}

/// Names a connection for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(u64);

impl Id {
    /// As an event's token.
    pub fn token(self) -> u64 {
        self.0
    }

    /// From an event's token.
    pub fn of(token: u64) -> Self {
        Id(token)
    }

    fn slot(self) -> usize {
        self.0 as u32 as usize
    }
}

#[derive(Default)]
struct Slot {
    generation: u32,
    connection: Option<Connection>,
}

/// All connections of a worker.
pub struct Pool {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Idle HTTP/1.1 connections of each target; the last used is taken first, so that the fewest
    /// are kept busy.
    idle: Vec<Vec<Id>>,
    /// HTTP/2 connections of each target.
    shared: Vec<Vec<Id>>,
    /// The connection of each session that is not over, by the session's string id.
    sessions: HashMap<u32, Id>,
    opened: u32,
    endpoints: Vec<Endpoint>,
    http2: bool,
    bind: Option<IpAddr>,
}

/// Streams that may wait for an HTTP/2 connection to be open; the server's own limit is not known
/// before.
const MAX_WAITING: usize = 100;

impl Pool {
    /// Without connections. `bind` is the local address to connect from; with `http2` connections
    /// are shared.
    pub fn new(endpoints: Vec<Endpoint>, http2: bool, bind: Option<IpAddr>) -> Self {
        let targets = endpoints.len();
        Pool {
            slots: Vec::new(),
            free: Vec::new(),
            idle: vec![Vec::new(); targets],
            shared: vec![Vec::new(); targets],
            sessions: HashMap::new(),
            opened: 0,
            endpoints,
            http2,
            bind,
        }
    }

    /// Connections opened so far.
    pub fn opened(&self) -> u32 {
        self.opened
    }

    /// Begins to open a connection.
    pub fn open(&mut self, poll: &Poll, target: usize) -> io::Result<Id> {
        let to = &self.endpoints[target];
        let link = Link::connect(to.address, self.bind, to.tls.as_ref())?;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        let place = &mut self.slots[slot as usize];
        place.generation = place.generation.wrapping_add(1) & (u32::MAX >> 1);
        let id = Id(u64::from(place.generation) << 32 | u64::from(slot));
        if let Err(error) = poll.add(&link, id.token()) {
            self.free.push(slot);
            return Err(error);
        }
        place.connection = Some(Connection {
            number: self.opened,
            target,
            flights: Vec::with_capacity(1),
            kind: Kind::Opening(Some(link)),
            used: false,
            is_a_sessions: false,
        });
        self.opened += 1;
        if self.http2 {
            self.shared[target].push(id);
        }
        Ok(id)
    }

    /// The connection, if it is still there.
    pub fn get(&mut self, id: Id) -> Option<&mut Connection> {
        let slot = self.slots.get_mut(id.slot())?;
        let same = u64::from(slot.generation) == id.0 >> 32;
        slot.connection.as_mut().filter(|_| same)
    }

    /// Closes a connection and forgets it; gives the flights that were on it.
    pub fn close(&mut self, id: Id) -> Vec<u32> {
        let Some(connection) = self.get(id) else {
            return Vec::new();
        };
        let (target, flights) = (connection.target, std::mem::take(&mut connection.flights));
        self.idle[target].retain(|other| *other != id);
        self.shared[target].retain(|other| *other != id);
        self.slots[id.slot()].connection = None;
        self.free.push(id.slot() as u32);
        flights
    }

    /// A connection has become idle: it may be taken, unless it is a session's.
    pub fn put(&mut self, id: Id) {
        if let Some(connection) = self.get(id)
            && !connection.is_a_sessions
        {
            let target = connection.target;
            self.idle[target].push(id);
        }
    }

    /// Whether connections are shared by streams.
    pub fn is_http2(&self) -> bool {
        self.http2
    }

    /// The address of a target.
    pub fn address(&self, target: usize) -> SocketAddr {
        self.endpoints[target].address
    }

    /// An idle connection to a target, if there is one.
    pub fn take(&mut self, target: usize) -> Option<Id> {
        let id = self.idle[target].pop()?;
        self.mark_used(id);
        Some(id)
    }

    /// The connection of a session, or for its first turn one that nobody has used. While another
    /// turn is on it, any idle one.
    pub fn take_for_session(&mut self, session: u32, target: usize) -> Option<Id> {
        let tied = self.sessions.get(&session).copied();
        if let Some((id, connection)) = tied.and_then(|id| Some((id, self.get(id)?))) {
            return match connection.flights.is_empty() {
                true => Some(id),
                false => self.take(target),
            };
        }
        let idle = std::mem::take(&mut self.idle[target]);
        let fresh = idle
            .iter()
            .rposition(|id| self.get(*id).is_some_and(|connection| !connection.used));
        self.idle[target] = idle;
        let id = self.idle[target].remove(fresh?);
        self.keep_for_session(session, id);
        Some(id)
    }

    /// Ties a connection to a session, unless it has one.
    pub fn keep_for_session(&mut self, session: u32, id: Id) {
        let tied = self.sessions.get(&session).copied();
        if tied.is_some_and(|id| self.get(id).is_some()) {
            return;
        }
        self.sessions.insert(session, id);
        if let Some(connection) = self.get(id) {
            connection.used = true;
            connection.is_a_sessions = true;
        }
    }

    /// Closes the connection of a session that is over.
    pub fn end_session(&mut self, session: u32) {
        if let Some(id) = self.sessions.remove(&session) {
            self.close(id);
        }
    }

    /// The HTTP/2 connection to a target that carries the fewest streams and has room for another.
    pub fn take_shared(&mut self, target: usize) -> Option<Id> {
        let mut best: Option<(usize, Id)> = None;
        for at in 0..self.shared[target].len() {
            let id = self.shared[target][at];
            let Some(connection) = self.get(id) else {
                continue;
            };
            let streams = connection.flights.len();
            let has_room = match &mut connection.kind {
                Kind::Opening(_) => streams < MAX_WAITING,
                Kind::Http1(_) => false,
                Kind::Http2(http2) => http2.room() > 0,
            };
            if has_room && best.is_none_or(|(fewest, _)| streams < fewest) {
                best = Some((streams, id));
            }
        }
        best.map(|(_, id)| id)
    }

    fn mark_used(&mut self, id: Id) {
        if let Some(connection) = self.get(id) {
            connection.used = true;
        }
    }
}
