//! Writes a workload file in one streaming pass beside its target, then renames it.
//!
//! The blob goes straight into the file. Segments, requests and leaves arrive with the requests
//! and are spooled to unnamed temporary files, so memory does not grow with their number.
//! Dropped before [`WorkloadWriter::finish`], the writer leaves nothing behind.

use crate::Digest;
use crate::error::WriteError;
use crate::layout::{
    END_MAGIC, FileHeader, MAGIC, MAX_BODY_BYTES, MAX_SPLICES, NONE_U64, REQUEST_LIVE,
    REQUEST_SALTED, RequestRecord, Section, SectionEntry, SegmentRecord, StageRecord, Trailer,
    VERSION_MAJOR, VERSION_MINOR, padding_after,
};
use crate::leaf::stages_leaf;
use crate::manifest::Manifest;
use crate::merkle::RootBuilder;
use crate::salt::Salt;
use crate::tables::TablesBuilder;
use crate::temporary::TemporaryFile;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use zerocopy::IntoBytes;

const BUFFER_BYTES: usize = 1 << 20;

/// A slice of the blob, in bytes from its beginning, or an answer ([`Segment::answer`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Offset into the blob.
    pub offset: u64,
    /// Length; a body must not have a slice of no bytes.
    pub length: u64,
}

impl Segment {
    /// The text that the server answers to the request with this index, which stands before, in
    /// the same session, at a lower turn. The replay puts it in, escaped as within a JSON string;
    /// the quotes around it stand in the literal segments.
    pub const fn answer(request: u64) -> Self {
        Segment {
            offset: NONE_U64,
            length: request,
        }
    }

    /// Whether this is an answer and no slice.
    pub const fn is_answer(self) -> bool {
        self.offset == NONE_U64
    }
}

/// What a finished file is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Merkle root over what is fired.
    pub content_hash: Digest,
    /// SHA-256 of the whole file.
    pub file_hash: Digest,
    /// Length of the file in bytes.
    pub file_bytes: u64,
}

/// Records that wait in an unnamed file until their section's turn comes.
struct Spool {
    file: BufWriter<File>,
    /// Of the section to be: hashed as it comes, while others make what comes next.
    hasher: Sha256,
    bytes: u64,
}

impl Spool {
    fn new(target: &Path) -> io::Result<Self> {
        let file = TemporaryFile::unnamed(target)?;
        Ok(Spool {
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            hasher: Sha256::new(),
            bytes: 0,
        })
    }

    fn push(&mut self, record: &[u8]) -> io::Result<()> {
        self.bytes += record.len() as u64;
        self.hasher.update(record);
        self.file.write_all(record)
    }

    fn into_spooled(self) -> io::Result<Spooled> {
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let sha256 = self.hasher.finalize().into();
        Ok(Spooled { file, sha256 })
    }
}

/// A section that is complete, at its beginning.
struct Spooled {
    file: File,
    sha256: Digest,
}

/// The output file with the running hashes of the file and of the blob.
struct Output {
    file: BufWriter<TemporaryFile>,
    file_hasher: Sha256,
    /// Of the blob, which is the only section that is written as it comes.
    blob_hasher: Sha256,
    position: u64,
    section_start: u64,
    entries: Vec<SectionEntry>,
}

impl Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file_hasher.update(bytes);
        self.position += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    fn end_section(&mut self, section: Section, sha256: Digest) -> io::Result<()> {
        let length = self.position - self.section_start;
        self.entries.push(SectionEntry {
            kind: (section as u32).into(),
            stride: section.stride().into(),
            offset: self.section_start.into(),
            length: length.into(),
            sha256,
        });
        self.write(&[0; 8][..padding_after(length) as usize])?;
        self.section_start = self.position;
        Ok(())
    }

    fn section(&mut self, section: Section, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes)?;
        self.end_section(section, Sha256::digest(bytes).into())
    }

    fn section_from(&mut self, section: Section, mut spooled: Spooled) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match spooled.file.read(&mut buffer)? {
                0 => return self.end_section(section, spooled.sha256),
                read => self.write(&buffer[..read])?,
            }
        }
    }
}

impl Output {
    /// Section table and trailer.
    fn footer(&mut self, content_hash: Digest) -> io::Result<()> {
        let table_offset = self.position;
        let entries = std::mem::take(&mut self.entries);
        self.write(entries.as_bytes())?;
        let mut trailer = Trailer {
            content_hash,
            footer_hash: [0; 32],
            file_bytes: (self.position + size_of::<Trailer>() as u64).into(),
            table_offset: table_offset.into(),
            section_count: (entries.len() as u32).into(),
            zero: 0.into(),
            magic: END_MAGIC,
        };
        trailer.footer_hash = footer_hash(&file_header(), &entries, &trailer);
        self.write(trailer.as_bytes())
    }
}

/// Merkle root over the stage table's leaf and the spooled leaves; rewinds the spool.
fn root_of(stages_leaf: Digest, leaves: &mut File) -> io::Result<Digest> {
    let mut root = RootBuilder::default();
    root.push(stages_leaf);
    let mut reader = io::BufReader::with_capacity(BUFFER_BYTES, &mut *leaves);
    let mut leaf = [0; 32];
    loop {
        match reader.read_exact(&mut leaf) {
            Ok(()) => root.push(leaf),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
    }
    leaves.rewind()?;
    Ok(root.root())
}

/// Writes one workload file. The order of calls is: blob and requests in any order, then
/// [`WorkloadWriter::finish`].
pub struct WorkloadWriter {
    target: PathBuf,
    output: Output,
    segments: Spool,
    requests: Spool,
    leaves: Spool,
    request_count: u64,
    /// Whether BLOB begins with the salt slot.
    salted: bool,
}

impl WorkloadWriter {
    /// Opens a temporary file in the target's directory.
    pub fn create(target: &Path) -> Result<Self, WriteError> {
        Self::open(target).map_err(|source| WriteError::Io {
            path: target.to_owned(),
            source,
        })
    }

    fn open(target: &Path) -> io::Result<Self> {
        let file = TemporaryFile::beside(target)?;
        let mut output = Output {
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            file_hasher: Sha256::new(),
            blob_hasher: Sha256::new(),
            position: 0,
            section_start: 0,
            entries: Vec::with_capacity(Section::ALL.len()),
        };
        output.write(file_header().as_bytes())?;
        output.section_start = output.position;
        Ok(WorkloadWriter {
            target: target.to_owned(),
            output,
            segments: Spool::new(target)?,
            requests: Spool::new(target)?,
            leaves: Spool::new(target)?,
            request_count: 0,
            salted: false,
        })
    }

    /// Places the salt slot, unsalted, and says where it lies. A body has a slot when this segment
    /// is in its rope; its digest takes it by [`crate::body::BodyHasher::salt`]. The manifest must
    /// have the same salt.
    ///
    /// # Panics
    ///
    /// If bytes are in the blob already: the slot stands at its beginning.
    pub fn salt_slot(&mut self, salt: &Salt) -> Result<Segment, WriteError> {
        let slot = self.blob(salt.unsalted().as_bytes())?;
        assert_eq!(slot.offset, 0, "the salt slot is the first of the blob");
        self.salted = true;
        Ok(slot)
    }

    /// Appends bytes to the blob and says where they lie.
    pub fn blob(&mut self, bytes: &[u8]) -> Result<Segment, WriteError> {
        let offset = self.output.position - self.output.section_start;
        self.output.blob_hasher.update(bytes);
        self.output.write(bytes).map_err(|source| self.io(source))?;
        Ok(Segment {
            offset,
            length: bytes.len() as u64,
        })
    }

    /// Appends a request. Its rope, its place in SEGMENTS, [`REQUEST_LIVE`] and [`REQUEST_SALTED`]
    /// are taken from `body`; everything else, and the leaf, must already be right: `wlc verify`
    /// checks them, the writer does not.
    pub fn request(
        &mut self,
        record: RequestRecord,
        body: &[Segment],
        leaf: Digest,
    ) -> Result<(), WriteError> {
        if record.body_bytes.get() > MAX_BODY_BYTES {
            return Err(WriteError::Limit {
                what: "the length of a body",
                limit: MAX_BODY_BYTES,
            });
        }
        let answers = body.iter().filter(|segment| segment.is_answer()).count();
        if answers > MAX_SPLICES as usize {
            return Err(WriteError::Limit {
                what: "the number of answers in a body",
                limit: MAX_SPLICES.into(),
            });
        }
        let mut record = record;
        let salted = self.salted && body.iter().any(|segment| segment.offset == 0);
        record.flags &= !(REQUEST_LIVE | REQUEST_SALTED);
        record.flags |= if answers > 0 { REQUEST_LIVE } else { 0 };
        record.flags |= if salted { REQUEST_SALTED } else { 0 };
        record.first_segment = (self.segments.bytes / size_of::<SegmentRecord>() as u64).into();
        record.segment_count = (body.len() as u32).into();
        self.spool(&record, body, &leaf)
            .map_err(|source| self.io(source))?;
        self.request_count += 1;
        Ok(())
    }

    fn spool(&mut self, record: &RequestRecord, body: &[Segment], leaf: &Digest) -> io::Result<()> {
        for segment in body {
            let record = SegmentRecord {
                offset: segment.offset.into(),
                length: segment.length.into(),
            };
            self.segments.push(record.as_bytes())?;
        }
        self.requests.push(record.as_bytes())?;
        self.leaves.push(leaf)
    }

    /// Writes the remaining sections and the footer, syncs, and renames onto the target.
    pub fn finish(
        self,
        tables: &TablesBuilder,
        stages: &[StageRecord],
        manifest: &Manifest,
    ) -> Result<Finished, WriteError> {
        let target = self.target.clone();
        self.finish_sections(tables, stages, manifest)
            .map_err(|source| WriteError::Io {
                path: target,
                source,
            })
    }

    fn finish_sections(
        self,
        tables: &TablesBuilder,
        stages: &[StageRecord],
        manifest: &Manifest,
    ) -> io::Result<Finished> {
        let mut output = self.output;
        let view = tables.view();
        let mut leaves = self.leaves.into_spooled()?;
        let stages_leaf = stages_leaf(stages, self.request_count, manifest.salt.as_ref(), &view)
            .expect("stage names come from these tables");
        let content_hash = root_of(stages_leaf, &mut leaves.file)?;
        let blob_sha256 = output.blob_hasher.finalize_reset().into();
        output.end_section(Section::Blob, blob_sha256)?;
        output.section_from(Section::Segments, self.segments.into_spooled()?)?;
        output.section(Section::StringBytes, view.string_bytes)?;
        output.section(Section::Strings, view.strings.as_bytes())?;
        output.section(Section::Pairs, view.pairs.as_bytes())?;
        output.section(Section::PairLists, view.pair_lists.as_bytes())?;
        output.section(Section::Stages, stages.as_bytes())?;
        output.section_from(Section::Requests, self.requests.into_spooled()?)?;
        output.section_from(Section::Leaves, leaves)?;
        output.section(Section::Manifest, &manifest.to_canonical_json())?;
        output.footer(content_hash)?;
        let file = output
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.keep_as(&self.target)?;
        Ok(Finished {
            content_hash,
            file_hash: output.file_hasher.finalize().into(),
            file_bytes: output.position,
        })
    }

    fn io(&self, source: io::Error) -> WriteError {
        WriteError::Io {
            path: self.target.clone(),
            source,
        }
    }
}

/// The header that this version writes.
pub fn file_header() -> FileHeader {
    FileHeader {
        magic: MAGIC,
        major: VERSION_MAJOR.into(),
        minor: VERSION_MINOR.into(),
        zero: 0.into(),
    }
}

/// `footer_hash`: SHA-256 over the header, the section table and the trailer with its
/// `footer_hash` field left out.
pub fn footer_hash(header: &FileHeader, entries: &[SectionEntry], trailer: &Trailer) -> Digest {
    let bytes = trailer.as_bytes();
    Sha256::new()
        .chain_update(header.as_bytes())
        .chain_update(entries.as_bytes())
        .chain_update(&bytes[..32])
        .chain_update(&bytes[64..])
        .finalize()
        .into()
}
