//! A records file that is read frame by frame, however long it is.
//!
//! Holds one frame in memory and finds the same records, and the same damage, as
//! [`crate::frames::Records`]. Read with plain reads into a buffer that is used again: a mapped
//! file's pages would count as memory of the process.

use crate::Digest;
use crate::frames::{
    RecordsError, RequestResult, check_header, decode_strings, next_frame, take_result,
};
use crate::records::{FrameHeader, FrameKind, MAX_FRAME_BYTES, RecordsHeader, ResultRecord};
use crate::regular_file;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use zerocopy::FromBytes;

const FRAME_HEADER_BYTES: usize = size_of::<FrameHeader>();

/// An open records file whose header is in order.
#[derive(Debug)]
pub struct RecordFile {
    file: File,
    path: PathBuf,
    header: RecordsHeader,
}

/// What a whole reading found besides the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// The string table that the records refer to.
    pub strings: Vec<String>,
    /// Why reading stopped before an end frame, when the writer was cut off.
    pub truncated: Option<String>,
}

/// Where a record stands in its file.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// First byte, counted from the beginning of the file.
    pub offset: u64,
    /// Length in bytes, with the body's hash and the token times.
    pub bytes: u32,
}

/// One record and what follows it, for as long as its frame is in memory.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'f> {
    /// The fixed part.
    pub record: &'f ResultRecord,
    /// Where it stands.
    pub place: Place,
    /// The record as it stands in the file, with the body's hash and the token times.
    pub bytes: &'f [u8],
    /// SHA-256 of the body as it was sent, where answers were put into it.
    pub sent_sha256: Option<Digest>,
    /// Time of each event with output, ns from t0, ascending; empty where they were not kept.
    pub token_ns: &'f [u64],
}

impl RecordFile {
    /// Opens a file and checks its header.
    pub fn open(path: &Path) -> Result<Self, RecordsError> {
        let io = |source| RecordsError::Io {
            path: path.to_owned(),
            source,
        };
        let file = regular_file::open(path).map_err(io)?;
        let mut bytes = Vec::new();
        let header_bytes = size_of::<RecordsHeader>() as u64;
        let mut reader = (&file).take(header_bytes);
        reader.read_to_end(&mut bytes).map_err(io)?;
        Ok(RecordFile {
            header: check_header(&bytes, path)?,
            path: path.to_owned(),
            file,
        })
    }

    /// The header.
    pub fn header(&self) -> &RecordsHeader {
        &self.header
    }

    /// Length of the file in bytes as it is now.
    pub fn len_bytes(&self) -> Result<u64, RecordsError> {
        let metadata = self.file.metadata().map_err(|error| self.io(error))?;
        Ok(metadata.len())
    }

    /// Calls `each` for every record in file order. A last frame that is cut off is not an error
    /// but is told in [`Scanned::truncated`]; a damaged frame is an error, of which `each` may
    /// have seen the first records. May be called again.
    pub fn scan(&self, each: &mut dyn FnMut(&RecordView<'_>)) -> Result<Scanned, RecordsError> {
        let mut scanned = Scanned::default();
        let mut offset = size_of::<RecordsHeader>() as u64;
        let (mut bytes, mut token_ns) = (Vec::new(), Vec::new());
        for frame in 0.. {
            let wrong = |what: String| RecordsError::Frame {
                path: self.path.clone(),
                frame,
                offset,
                what,
            };
            self.read_frame(offset, &mut bytes)
                .map_err(|error| self.io(error))?;
            let Some((kind, items, payload)) = next_frame(&bytes).map_err(wrong)? else {
                let why = format!("no end mark: cut off at offset {offset}");
                scanned.truncated = Some(why);
                break;
            };
            let next = offset + (FRAME_HEADER_BYTES + payload.len()) as u64;
            match kind {
                FrameKind::End => {
                    let behind = self.read_some(next, 1, &mut Vec::new());
                    let behind = behind.map_err(|error| self.io(error))?;
                    if items > 0 || !payload.is_empty() || behind > 0 {
                        let what = "the end mark is not empty, or bytes follow it";
                        return Err(wrong(what.into()));
                    }
                    break;
                }
                FrameKind::Strings if frame > 0 => {
                    return Err(wrong("a string table that is not the first frame".into()));
                }
                FrameKind::Strings => {
                    scanned.strings = decode_strings(items, payload).map_err(wrong)?;
                }
                FrameKind::Records => {
                    let begin = offset + FRAME_HEADER_BYTES as u64;
                    scan_frame(begin, items, payload, &mut token_ns, each).map_err(wrong)?;
                }
            }
            offset = next;
        }
        Ok(scanned)
    }

    /// Reads a record that a scan has shown again. Fails if the file was changed meanwhile.
    pub fn at(&self, place: Place) -> Result<RequestResult, RecordsError> {
        let mut bytes = vec![0; place.bytes as usize];
        self.file
            .read_exact_at(&mut bytes, place.offset)
            .map_err(|error| self.io(error))?;
        let mut token_ns = Vec::new();
        let (record, sent_sha256) =
            take_result(0, &mut &bytes[..], &mut token_ns).map_err(|what| {
                let what = format!(
                    "{what}, at offset {}: altered while it was read",
                    place.offset
                );
                self.io(io::Error::new(io::ErrorKind::InvalidData, what))
            })?;
        Ok(RequestResult {
            record: *record,
            sent_sha256,
            token_ns,
        })
    }

    /// Puts a frame with its header in place of what is in `bytes`, or as much of it as there is.
    fn read_frame(&self, offset: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.clear();
        self.read_some(offset, FRAME_HEADER_BYTES as u64, bytes)?;
        let Ok((header, _)) = FrameHeader::read_from_prefix(bytes) else {
            return Ok(());
        };
        // A length beyond the limit is told by whoever looks at the header.
        let length = header.length.get();
        if length <= MAX_FRAME_BYTES {
            let behind = offset + FRAME_HEADER_BYTES as u64;
            self.read_some(behind, length.into(), bytes)?;
        }
        Ok(())
    }

    /// Appends up to `most` bytes from `offset` on; gives their number, which is less only at the
    /// end of the file.
    fn read_some(&self, offset: u64, most: u64, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let onward = Onward {
            file: &self.file,
            offset,
        };
        onward.take(most).read_to_end(bytes)
    }

    fn io(&self, source: io::Error) -> RecordsError {
        RecordsError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

/// A file from an offset on, without the file's own position: several scans may run at once.
struct Onward<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for Onward<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(out, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// Shows the records of one frame's payload, which begins at `offset` of the file.
fn scan_frame(
    offset: u64,
    items: u32,
    payload: &[u8],
    token_ns: &mut Vec<u64>,
    each: &mut dyn FnMut(&RecordView<'_>),
) -> Result<(), String> {
    let mut rest = payload;
    for item in 0..items {
        let begin = payload.len() - rest.len();
        let (record, sent_sha256) = take_result(item, &mut rest, token_ns)?;
        let bytes = &payload[begin..payload.len() - rest.len()];
        each(&RecordView {
            record,
            place: Place {
                offset: offset + begin as u64,
                // No frame is longer than `MAX_FRAME_BYTES`.
                bytes: bytes.len() as u32,
            },
            bytes,
            sent_sha256,
            token_ns,
        });
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err("bytes follow the last record".into())
    }
}
