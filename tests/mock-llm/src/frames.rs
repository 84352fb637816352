//! Watches an HTTP/2 connection's bytes as they are read: when each request's HEADERS frame
//! began to arrive, and when its last frame was complete.
//!
//! The HTTP/2 library reads all there is before it hands over the first request; its own moments
//! would be later than the reads. Looks at frame headers only. Requests are handed over in the
//! order of their HEADERS; one that the library refuses (badly formed) would give its time to
//! the next.

use std::collections::{HashMap, VecDeque};

/// What a client that speaks HTTP/2 sends first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADER_BYTES: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const END_STREAM: u8 = 1;

/// What has been seen of a connection.
#[derive(Debug, Default)]
pub struct Frames {
    state: State,
    /// Largest stream of a request: a later HEADERS on it are trailers.
    last: u32,
    begun: VecDeque<(u32, u64)>,
    ended_ns: HashMap<u32, u64>,
}

#[derive(Debug)]
enum State {
    /// So many bytes of the preface.
    Preface(usize),
    Http1,
    Header(Header),
    Payload {
        left: usize,
        /// The stream whose request ends with it.
        ends: Option<u32>,
    },
}

impl Default for State {
    fn default() -> Self {
        State::Preface(0)
    }
}

/// A frame's header as far as it was read.
#[derive(Debug, Default)]
struct Header {
    bytes: [u8; HEADER_BYTES],
    have: usize,
    first_ns: u64,
}

impl Frames {
    /// Whether the connection is HTTP/2, once enough of it was read.
    pub fn is_http2(&self) -> Option<bool> {
        match self.state {
            State::Preface(_) => None,
            State::Http1 => Some(false),
            State::Header(_) | State::Payload { .. } => Some(true),
        }
    }

    /// Takes what one read brought.
    pub fn on_read(&mut self, mut bytes: &[u8], now_ns: u64) {
        while !bytes.is_empty() {
            match &mut self.state {
                State::Http1 => return,
                State::Preface(seen) => {
                    let n = bytes.len().min(PREFACE.len() - *seen);
                    if bytes[..n] != PREFACE[*seen..*seen + n] {
                        self.state = State::Http1;
                        return;
                    }
                    *seen += n;
                    bytes = &bytes[n..];
                    if *seen == PREFACE.len() {
                        self.state = State::Header(Header::default());
                    }
                }
                State::Header(header) => {
                    if header.have == 0 {
                        header.first_ns = now_ns;
                    }
                    let n = bytes.len().min(HEADER_BYTES - header.have);
                    header.bytes[header.have..header.have + n].copy_from_slice(&bytes[..n]);
                    header.have += n;
                    bytes = &bytes[n..];
                    if header.have == HEADER_BYTES {
                        let (frame, first_ns) = (header.bytes, header.first_ns);
                        self.on_header(frame, first_ns);
                    }
                }
                State::Payload { left, .. } => {
                    let n = bytes.len().min(*left);
                    *left -= n;
                    bytes = &bytes[n..];
                }
            }
            self.close_frame(now_ns);
        }
    }

    fn on_header(&mut self, frame: [u8; HEADER_BYTES], first_ns: u64) {
        let [a, b, c, kind, flags, stream @ ..] = frame;
        let left = u32::from_be_bytes([0, a, b, c]) as usize;
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        if kind == HEADERS && stream > self.last {
            self.last = stream;
            self.begun.push_back((stream, first_ns));
        }
        if kind == RST_STREAM {
            self.ended_ns.remove(&stream);
        }
        let ends = matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0;
        self.state = State::Payload {
            left,
            ends: ends.then_some(stream),
        };
    }

    /// Goes on to the next frame when the current one is complete.
    fn close_frame(&mut self, now_ns: u64) {
        if let State::Payload { left: 0, ends } = self.state {
            if let Some(stream) = ends {
                self.ended_ns.insert(stream, now_ns);
            }
            self.state = State::Header(Header::default());
        }
    }

    /// The next request: its stream, and when its first byte was read.
    pub fn next_request(&mut self) -> Option<(u32, u64)> {
        self.begun.pop_front()
    }

    /// When the last byte of a request was read.
    pub fn end_of(&mut self, stream: u32) -> Option<u64> {
        self.ended_ns.remove(&stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    #[test]
    fn requests_have_the_times_of_their_own_frames_however_they_are_cut() {
        let settings = frame(4, 0, 0, b"");
        let one = frame(HEADERS, 4, 1, b"hhh");
        let data = frame(DATA, END_STREAM, 1, b"dddd");
        let two = frame(HEADERS, 4 | END_STREAM, 3, b"hh");
        let mut all = PREFACE.to_vec();
        all.extend([settings, one.clone(), data.clone(), two.clone()].concat());
        for cut in 1..=all.len() {
            let mut frames = Frames::default();
            // Byte n is read at n + 1.
            for (i, piece) in all.chunks(cut).enumerate() {
                frames.on_read(piece, (i * cut) as u64 + 1);
            }
            let read_at = |byte: usize| Some((byte / cut * cut) as u64 + 1);
            let first = PREFACE.len() + HEADER_BYTES;
            let end = first + one.len() + data.len();
            let (stream, begun) = frames.next_request().expect("a request");
            assert_eq!((stream, Some(begun)), (1, read_at(first)), "{cut}");
            let (stream, begun) = frames.next_request().expect("a request");
            assert_eq!((stream, Some(begun)), (3, read_at(end)), "{cut}");
            assert_eq!(frames.end_of(1), read_at(end - 1), "{cut}");
            assert_eq!(frames.end_of(3), read_at(all.len() - 1), "{cut}");
            assert_eq!(frames.next_request(), None);
        }
    }

    #[test]
    fn http_1_is_told_apart_at_the_first_letters_that_differ() {
        let mut frames = Frames::default();
        frames.on_read(b"P", 1);
        assert_eq!(frames.is_http2(), None);
        frames.on_read(b"OST / HTTP/1.1", 2);
        assert_eq!(frames.is_http2(), Some(false));
        let mut frames = Frames::default();
        frames.on_read(PREFACE, 1);
        assert_eq!(frames.is_http2(), Some(true));
    }
}
