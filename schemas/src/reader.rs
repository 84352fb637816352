//! Maps a workload file and hands out its records.
//!
//! Opening checks header, footer and section table: constant work whatever the file's size.
//! Every access behind it is bounds-checked, so a damaged record is an error and never a panic.
//! Whether the bytes are those that were written is for [`crate::verify`] to say.

use crate::Digest;
use crate::error::FormatError;
use crate::layout::{
    ALIGNMENT, END_MAGIC, FileHeader, MAGIC, RequestRecord, Section, SectionEntry, SegmentRecord,
    StageRecord, Trailer, VERSION_MAJOR, VERSION_MINOR, padding_after,
};
use crate::manifest::Manifest;
use crate::regular_file;
use crate::tables::Tables;
use crate::writer::footer_hash;
use memmap2::{Mmap, MmapMut};
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

const READS: &str = "1.0";
const LEAST_BYTES: u64 = (size_of::<FileHeader>()
    + Section::ALL.len() * size_of::<SectionEntry>()
    + size_of::<Trailer>()) as u64;

/// A mapped workload file. Cheap to clone; all clones share the mapping.
#[derive(Clone, Debug)]
pub struct Workload {
    map: Arc<Mmap>,
    sections: [SectionPlace; Section::ALL.len()],
    content_hash: Digest,
    footer_hash: Digest,
    /// Requests that are shown: all, or the first.
    shown: usize,
}

/// Where a section lies and what it should hash to.
#[derive(Clone, Copy, Debug)]
pub struct SectionPlace {
    /// First byte, from the start of the file.
    pub offset: usize,
    /// Length in bytes.
    pub length: usize,
    /// SHA-256 from the section table.
    pub sha256: Digest,
}

impl SectionPlace {
    fn range(&self) -> Range<usize> {
        self.offset..self.end()
    }

    /// Behind the last byte, from the start of the file.
    pub fn end(&self) -> usize {
        self.offset + self.length
    }
}

/// A section as a plain byte container, for `Bytes::from_owner`.
#[derive(Clone, Debug)]
pub struct SectionOwner {
    map: Arc<Mmap>,
    range: Range<usize>,
}

impl AsRef<[u8]> for SectionOwner {
    fn as_ref(&self) -> &[u8] {
        &self.map[self.range.clone()]
    }
}

impl Workload {
    /// Maps the file and checks its header and footer.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io {
            path: path.to_owned(),
            source,
        };
        let file = regular_file::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.len() < LEAST_BYTES {
            let mut bytes = Vec::new();
            // Of some files the kernel says no length, though they go on and on.
            let mut limited = (&file).take(LEAST_BYTES);
            limited.read_to_end(&mut bytes).map_err(io)?;
            return Err(too_short(&bytes));
        }
        // SAFETY: the mapping is read-only and private. Files are replaced by rename and never
        // truncated in place by this project's programs (WORKLOAD.md, "Writing"), so a mapped
        // page stays valid; whoever truncates one by other means gets SIGBUS, not wrong data.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        Self::from_map(map)
    }

    /// Reads a copy of a file's bytes, and checks its header and footer as [`Workload::open`] does.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        if (bytes.len() as u64) < LEAST_BYTES {
            return Err(too_short(bytes));
        }
        let copied = MmapMut::map_anon(bytes.len()).and_then(|mut map| {
            map.copy_from_slice(bytes);
            map.make_read_only()
        });
        let map = copied.map_err(|source| FormatError::Io {
            path: "a copy in memory".into(),
            source,
        })?;
        Self::from_map(map)
    }

    fn from_map(map: Mmap) -> Result<Self, FormatError> {
        let header = FileHeader::read_from_prefix(&map)
            .expect("length was checked")
            .0;
        check_header(&header)?;
        let trailer_offset = map.len() - size_of::<Trailer>();
        let trailer = Trailer::read_from_bytes(&map[trailer_offset..]).expect("length was checked");
        let entries = check_trailer(&map, &trailer, trailer_offset)?;
        if footer_hash(&header, entries, &trailer) != trailer.footer_hash {
            return Err(FormatError::FooterHash {
                offset: trailer.table_offset.get(),
            });
        }
        let sections = check_table(entries, trailer.table_offset.get())?;
        Ok(Workload {
            content_hash: trailer.content_hash,
            footer_hash: trailer.footer_hash,
            map: Arc::new(map),
            shown: sections[Section::Requests.position()].length / size_of::<RequestRecord>(),
            sections,
        })
    }

    /// The Merkle root from the trailer.
    pub fn content_hash(&self) -> Digest {
        self.content_hash
    }

    /// SHA-256 over header, section table and trailer. As the table holds the hash of each
    /// section, it stands for every byte of the file, and costs nothing to read.
    pub fn footer_hash(&self) -> Digest {
        self.footer_hash
    }

    /// The whole file.
    pub fn file_bytes(&self) -> &[u8] {
        &self.map
    }

    /// Where a section lies.
    pub fn place(&self, section: Section) -> SectionPlace {
        self.sections[section.position()]
    }

    /// A section's bytes.
    pub fn section(&self, section: Section) -> &[u8] {
        &self.map[self.place(section).range()]
    }

    fn records<T: FromBytes + Immutable + KnownLayout + Unaligned>(
        &self,
        section: Section,
    ) -> &[T] {
        <[T]>::ref_from_bytes(self.section(section)).expect("the section table holds whole records")
    }

    /// The same file with its first `requests` requests alone; with all if there are no more. As
    /// requests refer to earlier ones only, nothing is missing from it. Hashes, stages and all other
    /// sections stay those of the whole, so it is the whole that is verified.
    pub fn prefix(&self, requests: u64) -> Self {
        let requests = usize::try_from(requests).unwrap_or(usize::MAX);
        Workload {
            shown: self.shown.min(requests),
            ..self.clone()
        }
    }

    /// The requests in firing order; all, but in a [`Workload::prefix`].
    pub fn requests(&self) -> &[RequestRecord] {
        &self.records(Section::Requests)[..self.shown]
    }

    /// All stages.
    pub fn stages(&self) -> &[StageRecord] {
        self.records(Section::Stages)
    }

    /// The segments of all bodies, one after the other; [`Workload::body`] says what they stand for.
    pub fn segments(&self) -> &[SegmentRecord] {
        self.records(Section::Segments)
    }

    /// The stored leaf hash of each request.
    pub fn leaves(&self) -> &[Digest] {
        self.records(Section::Leaves)
    }

    /// Strings and pair lists.
    pub fn tables(&self) -> Tables<'_> {
        Tables {
            string_bytes: self.section(Section::StringBytes),
            strings: self.records(Section::Strings),
            pairs: self.records(Section::Pairs),
            pair_lists: self.records(Section::PairLists),
        }
    }

    /// A section as an owner of its bytes, which outlives this value.
    pub fn section_owner(&self, section: Section) -> SectionOwner {
        SectionOwner {
            map: Arc::clone(&self.map),
            range: self.place(section).range(),
        }
    }

    /// The manifest.
    pub fn manifest(&self) -> Result<Manifest, FormatError> {
        Manifest::from_canonical_json(self.section(Section::Manifest)).map_err(|what| {
            FormatError::Manifest {
                offset: self.place(Section::Manifest).offset as u64,
                end: self.place(Section::Manifest).end() as u64,
                what,
            }
        })
    }

    /// An error that names a record by section, number and offset.
    pub fn record_error(&self, section: Section, record: u64, what: String) -> FormatError {
        let place = self.place(section);
        let offset = place.offset as u64 + record.saturating_mul(section.stride().into());
        FormatError::Record {
            section,
            record,
            offset,
            what,
        }
    }
}

fn too_short(bytes: &[u8]) -> FormatError {
    if bytes.len() >= MAGIC.len() && !bytes.starts_with(&MAGIC) {
        return FormatError::NotAWorkload;
    }
    FormatError::TooShort {
        bytes: bytes.len() as u64,
        least: LEAST_BYTES,
    }
}

fn check_header(header: &FileHeader) -> Result<(), FormatError> {
    let (major, minor) = (header.major.get(), header.minor.get());
    if header.magic != MAGIC {
        return Err(FormatError::NotAWorkload);
    }
    if major < VERSION_MAJOR {
        return Err(FormatError::TooOld {
            major,
            minor,
            reads: READS,
        });
    }
    if major > VERSION_MAJOR || minor > VERSION_MINOR {
        return Err(FormatError::TooNew {
            major,
            minor,
            reads: READS,
        });
    }
    if header.zero.get() != 0 {
        return Err(FormatError::NotZero {
            part: "HEADER",
            offset: 12,
        });
    }
    Ok(())
}

fn check_trailer<'m>(
    map: &'m Mmap,
    trailer: &Trailer,
    trailer_offset: usize,
) -> Result<&'m [SectionEntry], FormatError> {
    let offset = trailer_offset as u64;
    if trailer.magic != END_MAGIC {
        return Err(FormatError::NoEndMark { offset });
    }
    if trailer.file_bytes.get() != map.len() as u64 {
        return Err(FormatError::Length {
            offset,
            said: trailer.file_bytes.get(),
            actual: map.len() as u64,
        });
    }
    if trailer.zero.get() != 0 {
        let field = std::mem::offset_of!(Trailer, zero) as u64;
        return Err(FormatError::NotZero {
            part: "TRAILER",
            offset: offset + field,
        });
    }
    let table_bytes = Section::ALL.len() * size_of::<SectionEntry>();
    let expected = trailer_offset - table_bytes;
    if trailer.section_count.get() as usize != Section::ALL.len()
        || trailer.table_offset.get() != expected as u64
    {
        let what = format!(
            "{} entries at offset {}, expected {} at {expected}",
            trailer.section_count.get(),
            trailer.table_offset.get(),
            Section::ALL.len()
        );
        let end = map.len() as u64;
        return Err(FormatError::Table { offset, end, what });
    }
    Ok(<[SectionEntry]>::ref_from_bytes(&map[expected..trailer_offset]).expect("whole entries"))
}

fn check_table(
    entries: &[SectionEntry],
    table_offset: u64,
) -> Result<[SectionPlace; Section::ALL.len()], FormatError> {
    let mut next = size_of::<FileHeader>() as u64;
    let mut places = [SectionPlace {
        offset: 0,
        length: 0,
        sha256: [0; 32],
    }; Section::ALL.len()];
    for (section, entry) in Section::ALL.into_iter().zip(entries) {
        let at = table_offset + (section.position() * size_of::<SectionEntry>()) as u64;
        let wrong = |what: &str| FormatError::Table {
            offset: at,
            end: at + size_of::<SectionEntry>() as u64,
            what: format!("{}: {what}", section.name()),
        };
        let (offset, length, stride) = (entry.offset.get(), entry.length.get(), entry.stride.get());
        if entry.kind.get() != section as u32 {
            return Err(wrong("another section stands in its place"));
        }
        if stride != section.stride() || !length.is_multiple_of(u64::from(stride)) {
            return Err(wrong("its records have another width"));
        }
        if offset != next {
            return Err(wrong("does not begin where the section before it ends"));
        }
        next = offset
            .checked_add(length)
            .and_then(|end| end.checked_add(padding_after(length)))
            .filter(|end| *end <= table_offset)
            .ok_or_else(|| wrong("reaches past the section table"))?;
        places[section.position()] = SectionPlace {
            offset: offset as usize,
            length: length as usize,
            sha256: entry.sha256,
        };
    }
    if next != table_offset || !next.is_multiple_of(ALIGNMENT) {
        return Err(FormatError::Table {
            offset: next,
            end: table_offset,
            what: "bytes lie between the last section and the table".into(),
        });
    }
    let (requests, leaves) = (
        places[Section::Requests.position()],
        places[Section::Leaves.position()],
    );
    if requests.length / size_of::<RequestRecord>() != leaves.length / size_of::<Digest>() {
        return Err(FormatError::Table {
            offset: table_offset,
            end: table_offset + size_of_val(entries) as u64,
            what: "LEAVES and REQUESTS differ in number".into(),
        });
    }
    Ok(places)
}
