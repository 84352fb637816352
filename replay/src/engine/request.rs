//! Requests as they go out: heads that are prepared once, bodies that are never copied.
//!
//! A body is a rope over the mapped file and is handed to the socket slice by slice. Only one with
//! live history is put together here, in a buffer of its own, when it is fired.

use super::answers::Answers;
use super::target::Target;
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
    USER_AGENT,
};
use http::{Method, Request, Uri};
use schemas::Digest;
use schemas::body::{BodyHasher, Piece};
use schemas::layout::{
    REQUEST_LIVE, REQUEST_SALTED, RequestRecord, ResponseFormat, Section, SegmentRecord,
};
use schemas::reader::Workload;
use std::collections::HashMap;
use std::io::IoSlice;
use std::sync::Arc;

/// Slices that go to the socket with one call.
pub const SLICES: usize = 64;

/// What the user adds to every request.
#[derive(Clone, Debug, Default)]
pub struct ExtraHeaders {
    /// Fields that replace those of the workload with the same name.
    pub fields: Vec<(HeaderName, HeaderValue)>,
    /// Value of the `authorization` field; never written anywhere.
    pub authorization: Option<HeaderValue>,
}

/// Method, path and header fields for one target: what many requests have in common.
#[derive(Debug)]
struct Head {
    /// HTTP/1.1, up to the value of `content-length`, which comes last.
    http1: Vec<u8>,
    /// For HTTP/2.
    http2: Request<()>,
}

/// Ids of method, path and header fields in the workload.
type HeadKey = (u32, u32, u32);

/// The distinct heads of a workload, for each target.
#[derive(Debug)]
struct Heads {
    /// Place of a head among those of one target.
    places: HashMap<HeadKey, usize>,
    /// All of the first target, then all of the second, and so on.
    heads: Vec<Head>,
}

/// Makes a workload's requests without rendering them.
#[derive(Debug)]
pub struct RequestFactory {
    workload: Workload,
    /// The mapped BLOB section, counted for this factory alone.
    blob: Bytes,
    /// What stands in salt slots; `None` leaves them as they are.
    salt: Option<Bytes>,
    heads: Arc<Heads>,
}

/// The bytes of a body.
#[derive(Debug)]
enum Body {
    /// Segments of the file: the first, and how many.
    Rope { first: usize, salted: bool },
    /// Put together when it was fired.
    Made(Vec<u8>),
}

/// A request on its way out, and how far it has come.
#[derive(Debug)]
pub struct Outgoing {
    head: usize,
    /// Value of `content-length` and the end of the head.
    length: [u8; 24],
    length_bytes: usize,
    body: Body,
    /// Pieces in all: head, length and the body's segments.
    pieces: usize,
    /// Pieces that are written, and bytes of the next one that are.
    piece: usize,
    offset: usize,
    body_bytes: u64,
    bodiless_answer: bool,
}

impl Outgoing {
    /// Whether the answer has no body, whatever its head says: that of a HEAD request.
    pub fn has_bodiless_answer(&self) -> bool {
        self.bodiless_answer
    }

    /// SHA-256 of the body if it was put together here.
    pub fn made_sha256(&self) -> Option<Digest> {
        let Body::Made(bytes) = &self.body else {
            return None;
        };
        let mut hasher = BodyHasher::default();
        hasher.segment(bytes);
        Some(hasher.finish().sha256)
    }
}

impl RequestFactory {
    /// Prepares the heads; `salt` is the text for salt slots, as wide as they are. Errors say which
    /// request has a head that is not HTTP.
    pub fn new(
        workload: &Workload,
        targets: &[Target],
        extra: &ExtraHeaders,
        salt: Option<&str>,
    ) -> Result<Self, String> {
        let mut places = HashMap::new();
        let mut firsts = Vec::new();
        for (index, request) in workload.requests().iter().enumerate() {
            places.entry(head_key(request)).or_insert_with(|| {
                firsts.push(index);
                firsts.len() - 1
            });
        }
        let mut heads = Vec::new();
        for target in targets {
            for index in &firsts {
                let request = &workload.requests()[*index];
                let head = prepare_head(workload, request, target, extra)
                    .map_err(|what| format!("request {index}: {what}"))?;
                heads.push(head);
            }
        }
        let heads = Arc::new(Heads { places, heads });
        Ok(Self::over(workload, heads, salt.map(str::as_bytes)))
    }

    fn over(workload: &Workload, heads: Arc<Heads>, salt: Option<&[u8]>) -> Self {
        RequestFactory {
            workload: workload.clone(),
            blob: Bytes::from_owner(workload.section_owner(Section::Blob)),
            salt: salt.map(|salt| Bytes::from_owner(salt.to_vec())),
            heads,
        }
    }

    /// A factory for another thread: it shares no reference count with this one, so that workers
    /// do not write to each other's cache lines.
    pub fn for_another_worker(&self) -> Self {
        let heads = Arc::clone(&self.heads);
        Self::over(&self.workload, heads, self.salt.as_deref())
    }

    /// The request with this index for a target, or `None` when its record cannot be used.
    pub fn make(&self, index: u64, target: usize, answers: &Answers) -> Option<Outgoing> {
        let record = self.workload.requests().get(index as usize)?;
        ResponseFormat::from_number(record.response_format)?;
        let place = *self.heads.places.get(&head_key(record))?;
        let head = target * self.heads.places.len() + place;
        let live = record.flags & REQUEST_LIVE != 0;
        let (body, pieces, body_bytes) = if live {
            let made = self.put_together(index, answers)?;
            let bytes = made.len() as u64;
            (Body::Made(made), usize::from(bytes > 0), bytes)
        } else {
            let bytes = self.literal_bytes(index)?;
            let body = Body::Rope {
                first: record.first_segment.get() as usize,
                salted: record.flags & REQUEST_SALTED != 0,
            };
            (body, record.segment_count.get() as usize, bytes)
        };
        if !live && body_bytes != record.body_bytes.get() {
            return None;
        }
        let (length, length_bytes) = end_of_head(body_bytes);
        Some(Outgoing {
            head,
            length,
            length_bytes,
            body,
            pieces: pieces + 2,
            piece: 0,
            offset: 0,
            body_bytes,
            bodiless_answer: self.heads.heads[head].http2.method() == Method::HEAD,
        })
    }

    /// Length of a body, or `None` when it is not made of bytes of the blob alone. Walks the rope
    /// once, so that every segment is known to be a slice of the blob before a byte is sent.
    fn literal_bytes(&self, index: u64) -> Option<u64> {
        let mut pieces = self.workload.body(index).ok()?;
        pieces.try_fold(0u64, |sum, piece| match piece {
            Piece::Salt(slot) if !self.fits(slot) => None,
            Piece::Bytes(bytes) | Piece::Salt(bytes) => {
                Some(sum.saturating_add(bytes.len() as u64))
            }
            Piece::AnswerTo(_) => None,
        })
    }

    /// Whether a slot is as wide as what it is to be filled with.
    fn fits(&self, slot: &[u8]) -> bool {
        let salt = self.salt.as_ref();
        salt.is_none_or(|salt| salt.len() == slot.len())
    }

    /// A body with the answers that it repeats.
    fn put_together(&self, index: u64, answers: &Answers) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        for piece in self.workload.body(index).ok()? {
            match piece {
                Piece::Bytes(bytes) => body.extend_from_slice(bytes),
                Piece::Salt(slot) if !self.fits(slot) => return None,
                Piece::Salt(slot) => body.extend_from_slice(self.salt.as_deref().unwrap_or(slot)),
                Piece::AnswerTo(request) => body.extend_from_slice(answers.to(request)),
            }
        }
        Some(body)
    }

    /// A segment of a rope that `literal_bytes` has walked.
    fn segment(&self, at: usize, salted: bool) -> (usize, usize, Option<&Bytes>) {
        let segment: &SegmentRecord = &self.workload.segments()[at];
        let start = segment.offset.get() as usize;
        // The slot is what begins where the blob begins.
        let salt = self.salt.as_ref().filter(|_| salted && start == 0);
        (start, segment.length.get() as usize, salt)
    }

    fn piece<'a>(&'a self, out: &'a Outgoing, piece: usize) -> &'a [u8] {
        match (piece, &out.body) {
            (0, _) => &self.heads.heads[out.head].http1,
            (1, _) => &out.length[..out.length_bytes],
            (_, Body::Made(bytes)) => bytes,
            (_, Body::Rope { first, salted }) => {
                let (start, length, salt) = self.segment(first + piece - 2, *salted);
                match salt {
                    Some(salt) => salt,
                    None => &self.blob[start..start + length],
                }
            }
        }
    }

    /// The next slices to be written, as many as fit; how many is returned.
    pub fn gather<'a>(&'a self, out: &'a Outgoing, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let mut offset = out.offset;
        let mut count = 0;
        for piece in (out.piece..out.pieces).take(SLICES) {
            slices[count] = IoSlice::new(&self.piece(out, piece)[offset..]);
            offset = 0;
            count += 1;
        }
        count
    }

    /// Notes that so many bytes were written. True when that was the last.
    pub fn advance(&self, out: &mut Outgoing, mut bytes: usize) -> bool {
        while out.piece < out.pieces {
            let left = self.piece(out, out.piece).len() - out.offset;
            if bytes < left {
                out.offset += bytes;
                return false;
            }
            bytes -= left;
            (out.piece, out.offset) = (out.piece + 1, 0);
        }
        true
    }

    /// The same request for HTTP/2: its head, and its body in slices.
    pub fn http2(&self, out: Outgoing) -> (Request<()>, impl Iterator<Item = Bytes> + use<>) {
        let mut request = self.heads.heads[out.head].http2.clone();
        let length = HeaderValue::from(out.body_bytes);
        request.headers_mut().insert(CONTENT_LENGTH, length);
        let body: Vec<Bytes> = match out.body {
            Body::Made(bytes) => vec![bytes.into()],
            Body::Rope { first, salted } => (first..first + out.pieces - 2)
                .map(|at| match self.segment(at, salted) {
                    (_, _, Some(salt)) => salt.clone(),
                    (start, length, None) => self.blob.slice(start..start + length),
                })
                .collect(),
        };
        (request, body.into_iter())
    }
}

/// A number and two line ends; how many bytes that is.
fn end_of_head(number: u64) -> ([u8; 24], usize) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut left = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    let mut text = [0; 24];
    let count = digits.len() - at;
    text[..count].copy_from_slice(&digits[at..]);
    text[count..count + 4].copy_from_slice(b"\r\n\r\n");
    (text, count + 4)
}

fn head_key(request: &RequestRecord) -> HeadKey {
    (
        request.method.get(),
        request.path.get(),
        request.headers.get(),
    )
}

fn prepare_head(
    workload: &Workload,
    request: &RequestRecord,
    target: &Target,
    extra: &ExtraHeaders,
) -> Result<Head, String> {
    let tables = workload.tables();
    let method = tables.string(request.method.get())?;
    let path = tables.string(request.path.get())?;
    let mut headers = HeaderMap::new();
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("replay/", env!("CARGO_PKG_VERSION"))),
    );
    for (name, value) in tables.named_pairs(request.headers.get())? {
        let parsed = HeaderName::try_from(name)
            .ok()
            .zip(HeaderValue::try_from(value).ok());
        let (name, value) =
            parsed.ok_or_else(|| format!("{name:?}: {value:?} is not a header field"))?;
        headers.append(name, value);
    }
    extra.fields.iter().for_each(|(name, _)| {
        headers.remove(name);
    });
    extra.fields.iter().for_each(|(name, value)| {
        headers.append(name, value.clone());
    });
    if let Some(value) = &extra.authorization {
        headers.insert(AUTHORIZATION, value.clone());
    }
    if headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING) {
        return Err("content-length and transfer-encoding are the engine's to set".into());
    }
    let method: Method = method
        .parse()
        .map_err(|_| format!("{method:?} is not an HTTP method"))?;
    let path = format!("{}{path}", target.base_path);
    let scheme = if target.https { "https" } else { "http" };
    let uri: Uri = format!("{scheme}://{}{path}", target.authority)
        .parse()
        .map_err(|_| format!("{path:?} is not a path"))?;
    let mut http2 = Request::new(());
    *http2.method_mut() = method.clone();
    *http2.uri_mut() = uri;
    *http2.headers_mut() = headers.clone();
    // HTTP/2 says it in `:authority`.
    http2.headers_mut().remove(HOST);
    let host = HeaderValue::from_str(&target.authority)
        .map_err(|_| "the host is not a header value".to_owned())?;
    Ok(Head {
        http1: http1_head(&method, &path, &host, &headers),
        http2,
    })
}

/// Request line and fields, in the order of the map, up to the value of `content-length`.
fn http1_head(method: &Method, path: &str, host: &HeaderValue, headers: &HeaderMap) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
    let mut field = |name: &HeaderName, value: &HeaderValue| {
        head.extend_from_slice(name.as_ref());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    };
    if !headers.contains_key(HOST) {
        field(&HOST, host);
    }
    headers.iter().for_each(|(name, value)| field(name, value));
    head.extend_from_slice(b"content-length: ");
    head
}
