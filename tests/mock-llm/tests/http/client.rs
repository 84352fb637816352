//! A tiny HTTP/1.1 client over `std::net`: one request at a time, length-framed
//! or chunked answers, nothing else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

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
            while let Some(chunk) = self.chunk() {
                reply.body.push_str(&chunk);
                note_events(&mut reply);
            }
        } else {
            let length = lower.split("content-length: ").nth(1).expect("a length");
            let length = length
                .split("\r\n")
                .next()
                .expect("a line")
                .parse()
                .expect("a number");
            reply.body = self.text(length);
        }
        reply
    }

    /// Reads one HTTP chunk; `None` for the last.
    pub fn chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        self.reader.read_line(&mut size).expect("a chunk");
        let size = usize::from_str_radix(size.trim_end(), 16).expect("a chunk size");
        let text = self.text(size);
        assert_eq!(self.text(2), "\r\n");
        (size > 0).then_some(text)
    }

    /// Reads the head of an answer and leaves its body.
    pub fn skip_head(&mut self) {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert_ne!(self.reader.read_line(&mut line).expect("a head"), 0);
        }
    }

    fn text(&mut self, length: usize) -> String {
        let mut bytes = vec![0; length];
        self.reader
            .read_exact(&mut bytes)
            .expect("the rest of the answer");
        String::from_utf8(bytes).expect("UTF-8")
    }
}

/// Stamps the events that became complete with the last chunk.
fn note_events(reply: &mut Reply) {
    let now = Instant::now();
    let complete = reply.body.split("\n\n").filter(|e| !e.is_empty());
    if !reply.body.ends_with("\n\n") {
        return;
    }
    for event in complete.skip(reply.events.len()) {
        let (_, text) = event.split_once("data:").expect("an event of data");
        reply.events.push((now, text.trim_start().to_owned()));
    }
}
