//! Where streams begin and end in a flow of HTTP/2 frames (RFC 9113, section 4.1).
//!
//! Reads nothing but the nine bytes before each frame; what a frame holds is h2's matter.

const HEADER_BYTES: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What went by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// The first byte of a stream's head, at a time in ns.
    Begun { stream: u32, at_ns: u64 },
    /// The last byte of a stream.
    Ended { stream: u32 },
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Frames {
    header: [u8; HEADER_BYTES],
    /// Bytes of the frame's header that have passed.
    have: usize,
    /// Bytes of the frame's payload that have not.
    left: usize,
    begun_ns: u64,
    /// The head that is passing, or will go on in the next frame, is all of its stream.
    last_of_stream: bool,
}

impl Frames {
    /// Bytes pass, at `at_ns`.
    pub(super) fn pass(&mut self, mut bytes: &[u8], at_ns: u64, on: &mut impl FnMut(Passed)) {
        while !bytes.is_empty() {
            if self.have == 0 {
                self.begun_ns = at_ns;
            }
            if self.have < HEADER_BYTES {
                let now = bytes.len().min(HEADER_BYTES - self.have);
                self.header[self.have..self.have + now].copy_from_slice(&bytes[..now]);
                bytes = &bytes[now..];
                self.have += now;
                if self.have < HEADER_BYTES {
                    return;
                }
                self.begin(on);
            }
            let now = bytes.len().min(self.left);
            bytes = &bytes[now..];
            self.left -= now;
            if self.left == 0 {
                self.have = 0;
                self.end(on);
            }
        }
    }

    fn begin(&mut self, on: &mut impl FnMut(Passed)) {
        let [a, b, c, kind, flags, ..] = self.header;
        self.left = u32::from_be_bytes([0, a, b, c]) as usize;
        if kind == HEADERS || kind == DATA {
            self.last_of_stream = flags & END_STREAM != 0;
        }
        if kind == HEADERS {
            let (stream, at_ns) = (self.stream(), self.begun_ns);
            on(Passed::Begun { stream, at_ns });
        }
    }

    fn end(&mut self, on: &mut impl FnMut(Passed)) {
        let [_, _, _, kind, flags, ..] = self.header;
        let whole = match kind {
            DATA => true,
            HEADERS | CONTINUATION => flags & END_HEADERS != 0,
            _ => false,
        };
        if whole && self.last_of_stream {
            self.last_of_stream = false;
            on(Passed::Ended {
                stream: self.stream(),
            });
        }
    }

    /// The frame's stream; its highest bit is reserved.
    fn stream(&self) -> u32 {
        let [.., a, b, c, d] = self.header;
        u32::from_be_bytes([a & 0x7f, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: usize) -> Vec<u8> {
        let mut frame = (payload as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(vec![0xff; payload]);
        frame
    }

    #[test]
    fn streams_begin_and_end_at_the_same_bytes_however_they_are_cut() {
        let flow = [
            frame(4, END_STREAM, 0, 12), // SETTINGS: the flag is an acknowledgement's
            frame(HEADERS, END_HEADERS, 1, 30),
            frame(DATA, 0, 1, 70),
            frame(HEADERS, END_STREAM, 3, 20),
            frame(CONTINUATION, 0, 3, 10),
            frame(CONTINUATION, END_HEADERS, 3, 5),
            frame(DATA, END_STREAM, 1 | 1 << 31, 0),
            frame(HEADERS, END_STREAM | END_HEADERS, 5, 1),
        ]
        .concat();
        // Times are the place of the last byte that passed, when bytes pass one by one.
        let exact = [
            (
                22,
                Passed::Begun {
                    stream: 1,
                    at_ns: 22,
                },
            ),
            (
                140,
                Passed::Begun {
                    stream: 3,
                    at_ns: 140,
                },
            ),
            (201, Passed::Ended { stream: 3 }),
            (210, Passed::Ended { stream: 1 }),
            (
                211,
                Passed::Begun {
                    stream: 5,
                    at_ns: 211,
                },
            ),
            (220, Passed::Ended { stream: 5 }),
        ];
        for step in [1, 2, 7, 9, 64, flow.len()] {
            let (mut frames, mut seen, mut at) = (Frames::default(), Vec::new(), 0);
            for part in flow.chunks(step) {
                at += part.len();
                frames.pass(part, at as u64, &mut |passed| seen.push((at, passed)));
            }
            let up = |at: usize| at.div_ceil(step).saturating_mul(step).min(flow.len());
            let expected = exact.map(|(at, passed)| match passed {
                Passed::Begun { stream, at_ns } => {
                    let at_ns = up(at_ns as usize) as u64;
                    // It is told once the nine bytes are there, with the time of the first.
                    (up(at + 8), Passed::Begun { stream, at_ns })
                }
                ended => (up(at), ended),
            });
            assert_eq!(seen, expected, "{step}");
        }
    }
}
