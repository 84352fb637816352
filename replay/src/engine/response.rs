//! An HTTP/1.1 response as its bytes come: head, framing of the body, end (RFC 9112).
//!
//! Knows nothing of sockets: it is fed what was read and tells what it means. Heads are parsed by
//! `httparse`; a body goes through untouched.

use super::exchange::{Content, Part};
use httparse::{Header, Status};
use schemas::records::ErrorClass;

/// Longest response head, and longest line of a trailer, in bytes.
pub const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Most header fields of a response.
const MAX_FIELDS: usize = 128;
/// Longest line with the size of a chunk, in bytes; some servers add extensions.
const MAX_CHUNK_LINE_BYTES: usize = 1024;

/// Where in a response the next byte belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// This many bytes of the body are still to come.
    Length(u64),
    ChunkSize,
    /// This many bytes of the chunk are still to come.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    Trailer,
    /// The body ends with the connection.
    UntilClose,
    Done,
}

/// What the head says that outlives it.
struct Head {
    bytes: usize,
    status: u16,
    content: Content,
    body: State,
    keep_alive: bool,
}

/// One response after the other on one connection.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    /// The beginning of a head or line whose end has not come.
    pending: Vec<u8>,
    /// The read that brought the response's first byte; 0 before it.
    first_read_ns: u64,
    /// The answer to a HEAD request has no body, whatever it says.
    bodiless: bool,
    keep_alive: bool,
}

impl Decoder {
    /// Waits for the next response; `bodiless` if its request was a HEAD.
    pub fn begin(&mut self, bodiless: bool) {
        self.state = State::Head;
        self.pending.clear();
        self.first_read_ns = 0;
        self.bodiless = bodiless;
        self.keep_alive = false;
    }

    /// Whether the connection may be used again after this response.
    pub fn keeps_alive(&self) -> bool {
        self.keep_alive
    }

    /// Whether the head of the response is complete.
    pub fn has_begun(&self) -> bool {
        self.state != State::Head
    }

    /// Takes bytes of one read. True when the response is complete; an error ends the request and
    /// the connection.
    pub fn feed(
        &mut self,
        mut bytes: &[u8],
        read_ns: u64,
        on: &mut impl FnMut(Part<'_>),
    ) -> Result<bool, ErrorClass> {
        if self.first_read_ns == 0 {
            self.first_read_ns = read_ns;
            on(Part::FirstByte(read_ns));
        }
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Head => self.head(bytes, on)?,
                State::Length(left) => {
                    self.data(bytes, left, State::Length, State::Done, read_ns, on)
                }
                State::Chunk(left) => {
                    self.data(bytes, left, State::Chunk, State::ChunkEnd, read_ns, on)
                }
                State::ChunkSize => self.chunk_size(bytes)?,
                State::ChunkEnd => self.chunk_end(bytes)?,
                State::Trailer => self.trailer(bytes)?,
                State::UntilClose => {
                    on(Part::Data { bytes, read_ns });
                    &[]
                }
                // More than the response: the next one has not been asked for.
                State::Done => return Err(ErrorClass::Protocol),
            };
        }
        Ok(self.complete(read_ns, on))
    }

    /// The server has closed the connection.
    pub fn close(&mut self, read_ns: u64, on: &mut impl FnMut(Part<'_>)) -> Result<(), ErrorClass> {
        match self.state {
            State::UntilClose => {
                on(Part::End { read_ns });
                Ok(())
            }
            State::Head if self.first_read_ns == 0 => Err(ErrorClass::Closed),
            State::Head => Err(ErrorClass::Protocol),
            _ => Err(ErrorClass::CutShort),
        }
    }

    fn complete(&mut self, read_ns: u64, on: &mut impl FnMut(Part<'_>)) -> bool {
        let done = matches!(self.state, State::Done | State::Length(0));
        if done {
            self.state = State::Done;
            on(Part::End { read_ns });
        }
        done
    }

    /// Hands out what belongs to a body of which `left` bytes are still to come.
    fn data<'b>(
        &mut self,
        bytes: &'b [u8],
        left: u64,
        more: fn(u64) -> State,
        then: State,
        read_ns: u64,
        on: &mut impl FnMut(Part<'_>),
    ) -> &'b [u8] {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let (body, rest) = bytes.split_at(count);
        if !body.is_empty() {
            on(Part::Data {
                bytes: body,
                read_ns,
            });
        }
        let left = left - count as u64;
        self.state = if left == 0 { then } else { more(left) };
        rest
    }

    fn head<'b>(
        &mut self,
        bytes: &'b [u8],
        on: &mut impl FnMut(Part<'_>),
    ) -> Result<&'b [u8], ErrorClass> {
        let before = self.pending.len();
        let parsed = if before == 0 {
            parse(bytes)?
        } else {
            self.pending.extend_from_slice(bytes);
            parse(&self.pending)?
        };
        let Some(head) = parsed else {
            if before == 0 {
                self.pending.extend_from_slice(bytes);
            }
            return match self.pending.len() > MAX_HEAD_BYTES {
                true => Err(ErrorClass::TooLarge),
                false => Ok(&[]),
            };
        };
        self.pending.clear();
        // 101 would speak another protocol, which nobody has asked for.
        match head.status {
            101 => return Err(ErrorClass::Protocol),
            100..200 => {}
            status => {
                self.keep_alive = head.keep_alive && head.body != State::UntilClose;
                on(Part::Head {
                    status,
                    content: head.content,
                    read_ns: self.first_read_ns,
                });
                self.state = match status {
                    204 | 304 => State::Done,
                    _ if self.bodiless => State::Done,
                    _ if head.body == State::Length(0) => State::Done,
                    _ => head.body,
                };
            }
        }
        Ok(&bytes[head.bytes - before..])
    }

    /// The next line without its end, and what follows; `None` until it is complete.
    fn line<'b>(
        &mut self,
        bytes: &'b [u8],
        most: usize,
    ) -> Result<Option<(Line<'b>, &'b [u8])>, ErrorClass> {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.pending.extend_from_slice(bytes);
            return match self.pending.len() > most {
                true => Err(ErrorClass::TooLarge),
                false => Ok(None),
            };
        };
        let (line, rest) = bytes.split_at(end + 1);
        let line = if self.pending.is_empty() {
            Line::Read(line)
        } else {
            self.pending.extend_from_slice(line);
            Line::Pending
        };
        Ok(Some((line, rest)))
    }

    fn chunk_size<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], ErrorClass> {
        let Some((line, rest)) = self.line(bytes, MAX_CHUNK_LINE_BYTES)? else {
            return Ok(&[]);
        };
        self.state = match httparse::parse_chunk_size(line.bytes(&self.pending)) {
            Ok(Status::Complete((_, 0))) => State::Trailer,
            Ok(Status::Complete((_, size))) => State::Chunk(size),
            _ => return Err(ErrorClass::Protocol),
        };
        self.pending.clear();
        Ok(rest)
    }

    fn chunk_end<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], ErrorClass> {
        // Whatever stands there for longer is no line end.
        let line = self.line(bytes, 2).map_err(|_| ErrorClass::Protocol)?;
        let Some((line, rest)) = line else {
            return Ok(&[]);
        };
        let blank = line.is_blank(&self.pending);
        self.pending.clear();
        self.state = State::ChunkSize;
        blank.then_some(rest).ok_or(ErrorClass::Protocol)
    }

    fn trailer<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], ErrorClass> {
        let Some((line, rest)) = self.line(bytes, MAX_HEAD_BYTES)? else {
            return Ok(&[]);
        };
        if line.is_blank(&self.pending) {
            self.state = State::Done;
        }
        self.pending.clear();
        Ok(rest)
    }
}

/// A line with its end: within one read, or put together in `pending`.
enum Line<'b> {
    Read(&'b [u8]),
    Pending,
}

impl<'b> Line<'b> {
    fn bytes<'l>(&self, pending: &'l [u8]) -> &'l [u8]
    where
        'b: 'l,
    {
        match self {
            Line::Read(bytes) => bytes,
            Line::Pending => pending,
        }
    }

    fn is_blank(&self, pending: &[u8]) -> bool {
        matches!(self.bytes(pending), b"\r\n" | b"\n")
    }
}

/// Reads a head if it is complete.
fn parse(bytes: &[u8]) -> Result<Option<Head>, ErrorClass> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let length = match response.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(ErrorClass::TooLarge),
        Err(_) => return Err(ErrorClass::Protocol),
    };
    let status = response.code.ok_or(ErrorClass::Protocol)?;
    let is_1_1 = response.version == Some(1);
    let fields = &*response.headers;
    let content = values(fields, "content-type").next();
    let asked_to_close = has_token(fields, "connection", "close");
    Ok(Some(Head {
        bytes: length,
        status,
        content: content.map_or(Content::Other, Content::of),
        body: framing(fields)?,
        keep_alive: !asked_to_close && (is_1_1 || has_token(fields, "connection", "keep-alive")),
    }))
}

/// How the body ends (RFC 9112, 6.3). Lengths that contradict each other are an error.
fn framing(fields: &[Header<'_>]) -> Result<State, ErrorClass> {
    if values(fields, "transfer-encoding").next().is_some() {
        return Ok(match has_token(fields, "transfer-encoding", "chunked") {
            true => State::ChunkSize,
            false => State::UntilClose,
        });
    }
    let mut length = None;
    for value in values(fields, "content-length") {
        let digits = std::str::from_utf8(value).ok().map(str::trim);
        let value: u64 = digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .ok_or(ErrorClass::Protocol)?;
        if length.is_some_and(|length| length != value) {
            return Err(ErrorClass::Protocol);
        }
        length = Some(value);
    }
    Ok(length.map_or(State::UntilClose, State::Length))
}

fn values<'f>(fields: &'f [Header<'f>], name: &'f str) -> impl Iterator<Item = &'f [u8]> {
    fields
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name))
        .map(|field| field.value)
}

/// Whether a field that is a list has this among its items.
fn has_token(fields: &[Header<'_>], name: &str, token: &str) -> bool {
    values(fields, name)
        .flat_map(|value| value.split(|byte| *byte == b','))
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

#[cfg(test)]
mod tests;
