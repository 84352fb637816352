//! A tiny HTTP/1.1 client over `std::net`: one request at a time, length-framed
//! or chunked answers, nothing else.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use mock_llm::{Arrival, Server};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

/// Longest wait for a byte; a test that hangs fails instead.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to the server.
pub struct Client {
    reader: BufReader<TcpStream>,
}

/// An answer, with the moment each server-sent event was complete.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
    /// Payloads of the events, when the answer is a stream.
    pub events: Vec<(Instant, String)>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    /// The events that are JSON: all but the last, which must be `[DONE]`.
    pub fn chunks(&self) -> Vec<Value> {
        let (last, chunks) = self.events.split_last().expect("a stream has events");
        assert_eq!(last.1, "[DONE]");
        chunks
            .iter()
            .map(|(_, text)| serde_json::from_str(text).expect("a JSON event"))
            .collect()
    }
}

/// The bytes of a POST request with a JSON body.
pub fn post_bytes(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: mock\r\nContent-Length: {length}\r\n\r\n{body}").into()
}

impl Client {
    pub fn connect(addr: SocketAddr) -> Client {
        let stream = TcpStream::connect(addr).expect("the server listens");
        Client::connect_over(stream)
    }

    pub fn connect_over(stream: TcpStream) -> Client {
        stream.set_nodelay(true).expect("nodelay");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Client {
            reader: BufReader::new(stream),
        }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.reader
            .get_mut()
            .write_all(bytes)
            .expect("the server reads");
    }

    pub fn post(&mut self, path: &str, body: &str) -> Reply {
        self.send(&post_bytes(path, body));
        self.receive()
    }

    pub fn call(&mut self, method: &str, path: &str) -> Reply {
        self.send(format!("{method} {path} HTTP/1.1\r\nHost: mock\r\n\r\n").as_bytes());
        self.receive()
    }

    /// Reads one answer.
    pub fn receive(&mut self) -> Reply {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(
                self.reader.read_line(&mut head).expect("a head"),
                0,
                "cut off: {head:?}"
            );
        }
        let status = head[9..12].parse().expect("a status");
        let lower = head.to_ascii_lowercase();
        let mut reply = Reply {
            status,
            head,
            body: String::new(),
            events: Vec::new(),
        };
        if lower.contains("transfer-encoding: chunked") {
            let mut bytes = Vec::new();
            let mut reads = Vec::new();
            while let Some(chunk) = self.chunk_bytes() {
                bytes.extend(chunk);
                reads.push((bytes.len(), Instant::now()));
            }
            reply.body = String::from_utf8(bytes).expect("UTF-8");
            reply.events = events(&reply.body, &reads);
        } else {
            let length = lower.split("content-length: ").nth(1).expect("a length");
            let length = length
                .split("\r\n")
                .next()
                .expect("a line")
                .parse()
                .expect("a number");
            reply.body = String::from_utf8(self.bytes(length)).expect("UTF-8");
        }
        reply
    }

    /// Reads one HTTP chunk; `None` for the last.
    pub fn chunk(&mut self) -> Option<String> {
        self.chunk_bytes()
            .map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
    }

    fn chunk_bytes(&mut self) -> Option<Vec<u8>> {
        let mut size = String::new();
        self.reader.read_line(&mut size).expect("a chunk");
        let size = usize::from_str_radix(size.trim_end(), 16).expect("a chunk size");
        let bytes = self.bytes(size);
        assert_eq!(self.bytes(2), b"\r\n");
        (size > 0).then_some(bytes)
    }

    /// Reads the head of an answer and leaves its body.
    pub fn skip_head(&mut self) {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert_ne!(self.reader.read_line(&mut line).expect("a head"), 0);
        }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.reader
            .read_exact(&mut bytes)
            .expect("the rest of the answer");
        bytes
    }
}

/// The data of the events of a body that came in such reads (its length after each, and when).
fn events(body: &str, reads: &[(usize, Instant)]) -> Vec<(Instant, String)> {
    let mut end = 0;
    let mut events = Vec::new();
    for event in body.split_inclusive("\n\n") {
        end += event.len();
        let read = reads.partition_point(|(length, _)| *length < end);
        if let Some((_, data)) = event.split_once("data:") {
            events.push((reads[read].1, data.trim().to_owned()));
        }
    }
    events
}

/// Reads until the connection ends; says whether it ended with FIN.
pub fn read_all(stream: &mut TcpStream) -> (Vec<u8>, bool) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let (mut all, mut room) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        match stream.read(&mut room) {
            Ok(0) => return (all, true),
            Ok(n) => all.extend_from_slice(&room[..n]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return (all, false),
            Err(error) => panic!("neither FIN nor RST: {error}, {} bytes", all.len()),
        }
    }
}

/// The clock of the arrival log.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The log, as soon as `condition` holds.
pub fn arrivals_when(server: &Server, condition: impl Fn(&[Arrival]) -> bool) -> Vec<Arrival> {
    let give_up = Instant::now() + Duration::from_secs(10);
    loop {
        let arrivals = server.arrivals();
        if condition(&arrivals) {
            return arrivals;
        }
        assert!(Instant::now() < give_up, "not so in time: {arrivals:#?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
