//! Writes and reads the frames of a records file.
//!
//! Each frame carries its length and a CRC-32C, so that a file whose writer was killed is
//! readable up to its last whole frame. Specified in `RESULTS.md`.

use crate::Digest;
use crate::records::{
    ErrorClass, FrameHeader, FrameKind, MAX_FRAME_BYTES, Outcome, RECORDS_MAGIC, RECORDS_VERSION,
    RESULT_FLAGS, RESULT_LIVE, RecordsHeader, ResultRecord,
};
use crate::regular_file;
use crate::token_times;
pub use crate::token_times::TokenTimes;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;
use zerocopy::byteorder::little_endian::U32;
use zerocopy::{FromBytes, IntoBytes};

/// What is wrong with a records file.
#[derive(Debug, Error)]
pub enum RecordsError {
    /// Opening or reading failed.
    #[error("cannot read {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    /// Not a records file, or another version.
    #[error("{path}: HEADER at offset {offset}: {what}")]
    Header {
        path: PathBuf,
        offset: u64,
        what: String,
    },
    /// A frame is damaged.
    #[error("{path}: FRAME {frame} at offset {offset}: {what}")]
    Frame {
        path: PathBuf,
        frame: u64,
        offset: u64,
        what: String,
    },
}

/// The header for a workload.
pub fn records_header(content_hash: Digest, request_count: u64) -> RecordsHeader {
    let mut header = RecordsHeader {
        magic: RECORDS_MAGIC,
        major: RECORDS_VERSION.0.into(),
        minor: RECORDS_VERSION.1.into(),
        zero: 0.into(),
        content_hash,
        request_count: request_count.into(),
        crc32c: 0.into(),
        zero2: 0.into(),
    };
    header.crc32c = crc32c::crc32c(&header.as_bytes()[..56]).into();
    header
}

/// Writes one frame.
pub fn write_frame(
    out: &mut impl Write,
    kind: FrameKind,
    items: u32,
    payload: &[u8],
) -> io::Result<()> {
    if payload.len() > MAX_FRAME_BYTES as usize {
        let what = format!(
            "a frame of {} bytes is longer than the limit of {MAX_FRAME_BYTES}",
            payload.len()
        );
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    let mut header = FrameHeader {
        kind: (kind as u32).into(),
        length: (payload.len() as u32).into(),
        items: items.into(),
        crc32c: 0.into(),
    };
    let crc = crc32c::crc32c(&header.as_bytes()[..12]);
    header.crc32c = crc32c::crc32c_append(crc, payload).into();
    out.write_all(header.as_bytes())?;
    out.write_all(payload)
}

/// The payload of a [`FrameKind::Strings`] frame.
pub fn encode_strings<'a>(strings: impl Iterator<Item = &'a str>) -> (u32, Vec<u8>) {
    let mut payload = Vec::new();
    let mut items = 0;
    for text in strings {
        payload.extend_from_slice(&(text.len() as u32).to_le_bytes());
        payload.extend_from_slice(text.as_bytes());
        items += 1;
    }
    (items, payload)
}

/// One request's result with what follows its record.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestResult {
    /// The fixed part.
    pub record: ResultRecord,
    /// SHA-256 of the body as it was sent, where answers were put into it.
    pub sent_sha256: Option<Digest>,
    /// Time of each event with output, ns from t0, ascending.
    pub token_ns: Vec<u64>,
}

/// Appends a record, the hash of its body if answers were put into it, and its token times as
/// [`TokenTimes`] encodes them. Sets `token_time_bytes` and [`RESULT_LIVE`], which follow from
/// these.
pub fn push_result(
    out: &mut Vec<u8>,
    record: &ResultRecord,
    sent_sha256: Option<&Digest>,
    token_times: &[u8],
) {
    let mut record = *record;
    record.token_time_bytes = (token_times.len() as u32).into();
    record.flags &= !RESULT_LIVE;
    if sent_sha256.is_some() {
        record.flags |= RESULT_LIVE;
    }
    out.extend_from_slice(record.as_bytes());
    out.extend_from_slice(sent_sha256.map_or(&[], |hash| hash.as_slice()));
    out.extend_from_slice(token_times);
}

/// All that a records file holds.
#[derive(Clone, Debug)]
pub struct Records {
    /// The header.
    pub header: RecordsHeader,
    /// The string table that the records refer to.
    pub strings: Vec<String>,
    /// Results in file order.
    pub results: Vec<RequestResult>,
    /// Why reading stopped before an end frame, when the writer was cut off.
    pub truncated: Option<String>,
}

impl Records {
    /// Reads a file. A last frame that is cut off is not an error but is reported in `truncated`;
    /// a damaged frame is an error.
    pub fn read(path: &Path) -> Result<Self, RecordsError> {
        let io = |source| RecordsError::Io {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        BufReader::new(regular_file::open(path).map_err(io)?)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        Self::from_bytes(&bytes, path)
    }

    /// Reads a file's bytes; `path` only names them in errors.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, RecordsError> {
        let header = check_header(bytes, path)?;
        let mut records = Records {
            header,
            strings: Vec::new(),
            results: Vec::new(),
            truncated: None,
        };
        let mut offset = size_of::<RecordsHeader>();
        for frame in 0.. {
            let wrong = |what: String| RecordsError::Frame {
                path: path.to_owned(),
                frame,
                offset: offset as u64,
                what,
            };
            match next_frame(&bytes[offset..]).map_err(wrong)? {
                None => {
                    records.truncated = Some(format!("no end mark: cut off at offset {offset}"));
                    return Ok(records);
                }
                Some((FrameKind::End, 0, []))
                    if offset + size_of::<FrameHeader>() == bytes.len() =>
                {
                    break;
                }
                Some((FrameKind::End, _, _)) => {
                    return Err(wrong(
                        "the end mark is not empty, or bytes follow it".into(),
                    ));
                }
                Some((FrameKind::Strings, ..)) if frame > 0 => {
                    return Err(wrong("a string table that is not the first frame".into()));
                }
                Some((FrameKind::Strings, items, payload)) => {
                    records.strings = decode_strings(items, payload).map_err(wrong)?;
                    offset += size_of::<FrameHeader>() + payload.len();
                }
                Some((FrameKind::Records, items, payload)) => {
                    decode_results(items, payload, &mut records.results).map_err(wrong)?;
                    offset += size_of::<FrameHeader>() + payload.len();
                }
            }
        }
        Ok(records)
    }

    /// The string with this id; `None` for the sentinel and for ids past the table.
    pub fn string(&self, id: U32) -> Option<&str> {
        self.strings.get(id.get() as usize).map(String::as_str)
    }
}

pub(crate) fn check_header(bytes: &[u8], path: &Path) -> Result<RecordsHeader, RecordsError> {
    let wrong = |offset, what: String| RecordsError::Header {
        path: path.to_owned(),
        offset,
        what,
    };
    let Ok((header, _)) = RecordsHeader::read_from_prefix(bytes) else {
        return Err(wrong(
            0,
            format!("{} bytes are too few for a records file", bytes.len()),
        ));
    };
    if header.magic != RECORDS_MAGIC {
        return Err(wrong(
            0,
            "not a records file (the magic bytes differ)".into(),
        ));
    }
    let version = (header.major.get(), header.minor.get());
    if version.0 != RECORDS_VERSION.0 || version.1 > RECORDS_VERSION.1 {
        let (age, program) = match version > RECORDS_VERSION {
            true => ("new", "a later program"),
            false => ("old", "the program of that version"),
        };
        let (major, minor) = version;
        let (reads, last) = RECORDS_VERSION;
        let what = format!(
            "version {major}.{minor} is too {age} for this program, which reads {reads}.0 to {reads}.{last}; use {program}"
        );
        return Err(wrong(8, what));
    }
    if header.crc32c.get() != crc32c::crc32c(&header.as_bytes()[..56])
        || header.zero.get() != 0
        || header.zero2.get() != 0
    {
        return Err(wrong(56, "altered (CRC-32C differs)".into()));
    }
    Ok(header)
}

/// Kind, number of items and payload.
pub(crate) type Frame<'a> = (FrameKind, u32, &'a [u8]);

/// The frame at the front of `bytes`, or `None` when it is cut off.
pub(crate) fn next_frame(bytes: &[u8]) -> Result<Option<Frame<'_>>, String> {
    let Ok((header, rest)) = FrameHeader::read_from_prefix(bytes) else {
        return Ok(None);
    };
    let length = header.length.get();
    if length > MAX_FRAME_BYTES {
        return Err(format!(
            "its length {length} exceeds the limit of {MAX_FRAME_BYTES}"
        ));
    }
    let Some(payload) = rest.get(..length as usize) else {
        return Ok(None);
    };
    let crc = crc32c::crc32c(&header.as_bytes()[..12]);
    if crc32c::crc32c_append(crc, payload) != header.crc32c.get() {
        return Err("altered (CRC-32C differs)".into());
    }
    let kind = u8::try_from(header.kind.get())
        .ok()
        .and_then(FrameKind::from_number)
        .ok_or_else(|| format!("kind {} is not defined", header.kind.get()))?;
    Ok(Some((kind, header.items.get(), payload)))
}

pub(crate) fn decode_strings(items: u32, mut payload: &[u8]) -> Result<Vec<String>, String> {
    let mut strings = Vec::new();
    for item in 0..items {
        let taken = U32::read_from_prefix(payload)
            .ok()
            .and_then(|(length, rest)| {
                let (text, rest) = rest.split_at_checked(length.get() as usize)?;
                Some((std::str::from_utf8(text).ok()?.to_owned(), rest))
            });
        let (text, rest) = taken.ok_or_else(|| format!("string {item} is cut off or not UTF-8"))?;
        strings.push(text);
        payload = rest;
    }
    if payload.is_empty() {
        Ok(strings)
    } else {
        Err("bytes follow the last string".into())
    }
}

fn decode_results(
    items: u32,
    mut payload: &[u8],
    results: &mut Vec<RequestResult>,
) -> Result<(), String> {
    for item in 0..items {
        let mut token_ns = Vec::new();
        let (record, sent_sha256) = take_result(item, &mut payload, &mut token_ns)?;
        results.push(RequestResult {
            record: *record,
            sent_sha256,
            token_ns,
        });
    }
    if payload.is_empty() {
        Ok(())
    } else {
        Err("bytes follow the last record".into())
    }
}

/// Takes the record numbered `item` and what follows it off the front of a frame's payload; its
/// token times, in ns, replace what is in `token_ns`.
pub(crate) fn take_result<'a>(
    item: u32,
    payload: &mut &'a [u8],
    token_ns: &mut Vec<u64>,
) -> Result<(&'a ResultRecord, Option<Digest>), String> {
    let (record, rest) =
        ResultRecord::ref_from_prefix(payload).map_err(|_| format!("record {item} is cut off"))?;
    let (sent_sha256, rest) = take_sent_hash(record, rest)
        .ok_or_else(|| format!("the body hash of record {item} is cut off"))?;
    let (times, rest) = rest
        .split_at_checked(record.token_time_bytes.get() as usize)
        .ok_or_else(|| format!("the token times of record {item} are cut off"))?;
    token_times::decode(record, times, token_ns).ok_or_else(|| {
        format!(
            "the token times of record {item} (request {}) are damaged",
            record.index.get()
        )
    })?;
    if !is_defined(record) {
        return Err(format!("record {item} holds a value that is not defined"));
    }
    *payload = rest;
    Ok((record, sent_sha256))
}

fn is_defined(record: &ResultRecord) -> bool {
    Outcome::from_number(record.outcome).is_some()
        && ErrorClass::from_number(record.error_class).is_some()
        && record.flags & !RESULT_FLAGS == 0
        && record.zero == 0
}

/// The body's hash, if the record says that one follows, and the bytes behind it.
fn take_sent_hash<'a>(
    record: &ResultRecord,
    bytes: &'a [u8],
) -> Option<(Option<Digest>, &'a [u8])> {
    if record.flags & RESULT_LIVE == 0 {
        return Some((None, bytes));
    }
    let (hash, rest) = bytes.split_first_chunk::<{ size_of::<Digest>() }>()?;
    Some((Some(*hash), rest))
}
