//! A request as hyper wants it: a head that is prepared once and a body that is never copied.

use super::connection::Stamps;
use super::target::Target;
use bytes::{Buf, Bytes};
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
    USER_AGENT,
};
use http::{Method, Request, Uri};
use http_body::{Body, Frame, SizeHint};
use schemas::body::Piece;
use schemas::layout::{REQUEST_SALTED, RequestRecord, ResponseFormat, Section, SegmentRecord};
use schemas::reader::Workload;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use zerocopy::FromBytes;

/// What the user adds to every request.
#[derive(Clone, Debug, Default)]
pub struct ExtraHeaders {
    /// Fields that replace those of the workload with the same name.
    pub fields: Vec<(HeaderName, HeaderValue)>,
    /// Value of the `authorization` field; never written anywhere.
    pub authorization: Option<HeaderValue>,
}

/// Method, path and header fields: what many requests have in common.
#[derive(Clone, Debug)]
struct Head {
    key: (u32, u32, u32),
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

/// All distinct heads of a workload and its mapped blob: makes requests without rendering them.
#[derive(Debug)]
pub struct RequestFactory {
    workload: Workload,
    /// The mapped BLOB and SEGMENTS sections, counted for this factory alone.
    blob: Bytes,
    segments: Bytes,
    /// What stands in salt slots; `None` leaves them as they are.
    salt: Option<Bytes>,
    heads: Arc<[Head]>,
}

impl RequestFactory {
    /// Prepares the heads; `salt` is the text for salt slots, as wide as they are. Errors say which
    /// request has a head that is not HTTP.
    pub fn new(
        workload: &Workload,
        target: &Target,
        extra: &ExtraHeaders,
        salt: Option<&str>,
    ) -> Result<Self, String> {
        let mut heads: Vec<Head> = Vec::new();
        for (index, request) in workload.requests().iter().enumerate() {
            let key = head_key(request);
            if heads.iter().rev().all(|head| head.key != key) {
                let head = prepare_head(workload, request, target, extra)
                    .map_err(|what| format!("request {index}: {what}"))?;
                heads.push(head);
            }
        }
        let salt = salt.map(str::as_bytes);
        Ok(Self::over(workload, heads.into(), salt))
    }

    fn over(workload: &Workload, heads: Arc<[Head]>, salt: Option<&[u8]>) -> Self {
        RequestFactory {
            workload: workload.clone(),
            blob: Bytes::from_owner(workload.section_owner(Section::Blob)),
            segments: Bytes::from_owner(workload.section_owner(Section::Segments)),
            // With an owner from the start: a vector's would be allocated by the first request.
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

    /// The request with this index, or `None` when its record cannot be used.
    pub fn make(&self, index: u64) -> Option<Request<RopeBody>> {
        let record = self.workload.requests().get(index as usize)?;
        ResponseFormat::from_number(record.response_format)?;
        let key = head_key(record);
        let head = self.heads.iter().find(|head| head.key == key)?;
        let bytes = self.literal_bytes(index)?;
        if bytes != record.body_bytes.get() {
            return None;
        }
        let first = record.first_segment.get() as usize * size_of::<SegmentRecord>();
        let rope_bytes = record.segment_count.get() as usize * size_of::<SegmentRecord>();
        let body = RopeBody {
            blob: self.blob.clone(),
            rope: self.segments.slice(first..first + rope_bytes),
            salt: match record.flags & REQUEST_SALTED {
                0 => None,
                _ => self.salt.clone(),
            },
            remaining_bytes: bytes,
            stamps: None,
        };
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = head.uri.clone();
        *request.headers_mut() = head.headers.clone();
        Some(request)
    }
}

impl RequestFactory {
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
}

fn head_key(request: &RequestRecord) -> (u32, u32, u32) {
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
    let host = HeaderValue::from_str(&target.authority)
        .map_err(|_| "the host is not a header value".to_owned())?;
    headers.insert(HOST, host);
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
    Ok(Head {
        key: head_key(request),
        method: method
            .parse()
            .map_err(|_| format!("{method:?} is not an HTTP method"))?,
        uri: format!("{}{path}", target.base_path)
            .parse()
            .map_err(|_| format!("{path:?} is not a path"))?,
        headers,
    })
}

/// A body that hands out slices of the mapped file, segment by segment, and the salt in its place.
#[derive(Debug)]
pub struct RopeBody {
    blob: Bytes,
    /// The [`SegmentRecord`]s that are still to come.
    rope: Bytes,
    /// What stands in the salt slot, if the body has one and is salted.
    salt: Option<Bytes>,
    remaining_bytes: u64,
    stamps: Option<Rc<Stamps>>,
}

impl RopeBody {
    /// Tells these stamps when the last segment has been handed out.
    pub fn report_to(&mut self, stamps: &Rc<Stamps>) {
        match self.rope.is_empty() {
            true => stamps.note_body_taken(),
            false => self.stamps = Some(Rc::clone(stamps)),
        }
    }
}

impl Body for RopeBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Ok((segment, _)) = SegmentRecord::read_from_prefix(&self.rope) else {
            return Poll::Ready(None);
        };
        self.rope.advance(size_of::<SegmentRecord>());
        let start = segment.offset.get() as usize;
        let slice = match &self.salt {
            // The slot is what begins where the blob begins.
            Some(salt) if start == 0 => salt.clone(),
            _ => self
                .blob
                .slice(start..start + segment.length.get() as usize),
        };
        self.remaining_bytes -= slice.len() as u64;
        if self.rope.is_empty()
            && let Some(stamps) = &self.stamps
        {
            stamps.note_body_taken();
        }
        Poll::Ready(Some(Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.rope.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining_bytes)
    }
}
