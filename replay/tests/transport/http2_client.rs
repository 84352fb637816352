//! Drives one HTTP/2 connection as a worker does, and keeps what it tells.

use crate::readiness::{Readiness, establish};
use bytes::Bytes;
use http::Request;
use replay::engine::exchange::{Content, Part};
use replay::engine::http1::After;
use replay::engine::http2::Http2;
use replay::engine::link::Link;
use replay::engine::tls::TlsClient;
use schemas::records::ErrorClass;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What was told of one request. Times are CLOCK_MONOTONIC ns.
#[derive(Debug, Default)]
pub struct Seen {
    pub sent_ns: Option<u64>,
    pub written_ns: Option<u64>,
    pub head: Option<(u16, Content, u64)>,
    pub data: Vec<u8>,
    /// Of each piece of `data`.
    pub data_ns: Vec<u64>,
    pub end_ns: Option<u64>,
    pub failed: Option<ErrorClass>,
}

impl Seen {
    pub fn is_over(&self) -> bool {
        self.end_ns.is_some() || self.failed.is_some()
    }

    fn note(&mut self, part: Part<'_>) {
        assert!(!self.is_over(), "{part:?} after the end");
        match part {
            Part::Sent(at_ns) => assert!(self.sent_ns.replace(at_ns).is_none()),
            Part::BodyWritten(at_ns) => {
                assert!(self.sent_ns.expect("it was sent") <= at_ns);
                assert!(self.written_ns.replace(at_ns).is_none());
            }
            Part::FirstByte(at_ns) => assert!(self.sent_ns.expect("it was sent") <= at_ns),
            Part::Head {
                status,
                content,
                read_ns,
            } => {
                assert!(self.sent_ns.expect("it was sent") <= read_ns);
                assert!(self.head.replace((status, content, read_ns)).is_none());
            }
            Part::Data { bytes, read_ns } => {
                let before = self.data_ns.last().copied();
                assert!(before.unwrap_or(self.head.expect("a head").2) <= read_ns);
                assert!(!bytes.is_empty());
                self.data.extend_from_slice(bytes);
                self.data_ns.push(read_ns);
            }
            Part::End { read_ns } => {
                assert!(self.head.is_some());
                self.end_ns = Some(read_ns);
            }
            Part::Failed(class) => self.failed = Some(class),
        }
    }
}

/// A client with one connection.
pub struct Client {
    pub http2: Http2,
    pub seen: BTreeMap<u32, Seen>,
    pub open: bool,
    readiness: Readiness,
}

impl Client {
    pub fn connect(address: SocketAddr, tls: Option<&TlsClient>) -> Self {
        let link = Link::connect(address, None, tls).unwrap();
        let (link, readiness) = establish(link).unwrap();
        assert_eq!(link.is_http2(), tls.is_some());
        rustix::net::sockopt::set_socket_send_buffer_size(&link, 32 << 10).unwrap();
        let mut client = Client {
            http2: Http2::new(link),
            seen: BTreeMap::new(),
            open: true,
            readiness,
        };
        client.drive();
        client
    }

    /// Begins `POST path` as `flight`, with a body of these parts.
    pub fn post(&mut self, flight: u32, path: &str, body: Vec<Bytes>) {
        let uri = format!("http://server.example{path}");
        let request = Request::post(uri).body(()).unwrap();
        self.seen.insert(flight, Seen::default());
        let seen = &mut self.seen;
        let on = &mut |flight, part: Part<'_>| seen.get_mut(&flight).expect("begun").note(part);
        self.http2.start(flight, request, body.into_iter(), on);
    }

    pub fn drive(&mut self) {
        let seen = &mut self.seen;
        let on = &mut |flight, part: Part<'_>| seen.get_mut(&flight).expect("begun").note(part);
        self.open = self.http2.drive(on) != After::Over;
        if !self.open {
            assert!(self.seen.values().all(Seen::is_over), "{:?}", self.seen);
        }
    }

    /// Waits and drives until it is so.
    pub fn until(&mut self, so: impl Fn(&Client) -> bool) {
        while !so(self) {
            assert!(self.open, "the connection is over: {:?}", self.seen);
            self.readiness.wait();
            self.drive();
        }
    }

    /// Until this request is over; what was told of it.
    pub fn finish(&mut self, flight: u32) -> &Seen {
        self.until(|client| client.seen[&flight].is_over());
        &self.seen[&flight]
    }

    /// Until the connection is over.
    pub fn close(&mut self) {
        while self.open {
            self.readiness.wait();
            self.drive();
        }
    }
}
