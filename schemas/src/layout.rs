//! The bytes of a workload file: every record, its width and its sentinels.
//!
//! Each offset of `WORKLOAD.md` is derived once, here, from these types; the `const` asserts
//! below fail the build when a width changes. Integers are little-endian and unaligned, so a
//! mapped file is read in place on any machine.

pub use crate::kinds::{ResponseFormat, StageKind, StartKind};
use zerocopy::byteorder::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// First eight bytes. The high bit and both line ends catch transfers that mangle binary files.
pub const MAGIC: [u8; 8] = *b"\x89WLC\r\n\x1a\n";
/// Last eight bytes.
pub const END_MAGIC: [u8; 8] = *b"\nWLCEND\n";
/// A reader refuses any other major version.
pub const VERSION_MAJOR: u16 = 1;
/// A reader refuses a later minor version: a field that it does not know may decide the load.
pub const VERSION_MINOR: u16 = 0;
/// Sections begin at multiples of this many bytes.
pub const ALIGNMENT: u64 = 8;

/// "Absent" in 32-bit fields.
pub const NONE_U32: u32 = u32::MAX;
/// "Absent" in 64-bit fields.
pub const NONE_U64: u64 = u64::MAX;

/// Longest string (model, path, header value, label), in bytes.
pub const MAX_STRING_BYTES: u32 = 1 << 20;
/// Longest body, in bytes of its literal segments.
pub const MAX_BODY_BYTES: u64 = 1 << 32;
/// Most answers that are put into one body.
pub const MAX_SPLICES: u32 = 4_096;
/// Most pairs in one list.
pub const MAX_PAIRS: u32 = 1024;
/// Latest start, delay or cancellation, in nanoseconds: ten years.
pub const MAX_TIME_NS: u64 = 3_652 * 86_400 * 1_000_000_000;

/// `None` for the sentinel.
pub fn optional_u32(field: U32) -> Option<u32> {
    (field.get() != NONE_U32).then(|| field.get())
}

/// `None` for the sentinel.
pub fn optional_u64(field: U64) -> Option<u64> {
    (field.get() != NONE_U64).then(|| field.get())
}

/// The sections, in the order in which they MUST stand in a file, each exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Section {
    /// Bytes that body segments point into.
    Blob = 1,
    /// [`SegmentRecord`]s, the ropes of all bodies, one after the other.
    Segments = 2,
    /// UTF-8 of all strings, without separators.
    StringBytes = 3,
    /// [`StringRecord`]s; a string id is an index here.
    Strings = 4,
    /// [`PairRecord`]s: header fields and labels.
    Pairs = 5,
    /// [`PairListRecord`]s; a pair-list id is an index here.
    PairLists = 6,
    /// [`StageRecord`]s.
    Stages = 7,
    /// [`RequestRecord`]s, in firing order.
    Requests = 8,
    /// One 32-byte leaf hash for each request.
    Leaves = 9,
    /// Canonical JSON: how the file came to be.
    Manifest = 10,
}

impl Section {
    /// All sections in file order.
    pub const ALL: [Section; 10] = [
        Section::Blob,
        Section::Segments,
        Section::StringBytes,
        Section::Strings,
        Section::Pairs,
        Section::PairLists,
        Section::Stages,
        Section::Requests,
        Section::Leaves,
        Section::Manifest,
    ];

    /// The name used in messages and in `WORKLOAD.md`.
    pub fn name(self) -> &'static str {
        match self {
            Section::Blob => "BLOB",
            Section::Segments => "SEGMENTS",
            Section::StringBytes => "STRING_BYTES",
            Section::Strings => "STRINGS",
            Section::Pairs => "PAIRS",
            Section::PairLists => "PAIR_LISTS",
            Section::Stages => "STAGES",
            Section::Requests => "REQUESTS",
            Section::Leaves => "LEAVES",
            Section::Manifest => "MANIFEST",
        }
    }

    /// Width of one record in bytes; 1 for plain bytes.
    pub const fn stride(self) -> u32 {
        match self {
            Section::Blob | Section::StringBytes | Section::Manifest => 1,
            Section::Segments => size_of::<SegmentRecord>() as u32,
            Section::Strings => size_of::<StringRecord>() as u32,
            Section::Pairs => size_of::<PairRecord>() as u32,
            Section::PairLists => size_of::<PairListRecord>() as u32,
            Section::Stages => size_of::<StageRecord>() as u32,
            Section::Requests => size_of::<RequestRecord>() as u32,
            Section::Leaves => 32,
        }
    }

    /// Position in [`Section::ALL`].
    pub const fn position(self) -> usize {
        self as usize - 1
    }
}

macro_rules! record {
    ($(#[$meta:meta])* $name:ident ($size:literal) { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
        #[repr(C)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
        const _: () = assert!(size_of::<$name>() == $size && align_of::<$name>() == 1);
    };
}

record! {
    /// The first 16 bytes of the file.
    FileHeader (16) {
        /// [`MAGIC`].
        magic: [u8; 8],
        /// [`VERSION_MAJOR`].
        major: U16,
        /// [`VERSION_MINOR`].
        minor: U16,
        /// Zero.
        zero: U32,
    }
}

record! {
    /// One entry of the section table.
    SectionEntry (56) {
        /// [`Section`] as a number.
        kind: U32,
        /// Width of one record, in bytes.
        stride: U32,
        /// Where the section begins, from the start of the file.
        offset: U64,
        /// Length in bytes, without the zero padding that follows.
        length: U64,
        /// SHA-256 of the section's `length` bytes.
        sha256: [u8; 32],
    }
}

record! {
    /// The last 96 bytes of the file.
    Trailer (96) {
        /// Merkle root over the stage table and all requests.
        content_hash: [u8; 32],
        /// SHA-256 of the file header, the section table and the trailer's other fields.
        footer_hash: [u8; 32],
        /// Length of the whole file in bytes.
        file_bytes: U64,
        /// Where the section table begins.
        table_offset: U64,
        /// Number of entries in the section table.
        section_count: U32,
        /// Zero.
        zero: U32,
        /// [`END_MAGIC`].
        magic: [u8; 8],
    }
}

record! {
    /// A slice of the blob, or an answer. A body is the concatenation of its segments.
    SegmentRecord (16) {
        /// Offset into the BLOB section, in bytes; none for an answer.
        offset: U64,
        /// Length in bytes, never zero; for an answer the index of the request it answers.
        length: U64,
    }
}

record! {
    /// A string, as a slice of STRING_BYTES.
    StringRecord (8) {
        /// Offset into STRING_BYTES.
        offset: U32,
        /// Length in bytes.
        length: U32,
    }
}

record! {
    /// A name and a value: a header field or a label.
    PairRecord (8) {
        /// String id of the name.
        name: U32,
        /// String id of the value.
        value: U32,
    }
}

record! {
    /// A list of pairs, as a slice of PAIRS.
    PairListRecord (8) {
        /// Index of the first pair.
        first: U32,
        /// Number of pairs; never zero.
        count: U32,
    }
}

record! {
    /// A stage of the load.
    StageRecord (48) {
        /// String id of the name, or none.
        name: U32,
        /// [`StageKind`] as a number.
        kind: u8,
        /// Bit 0: warm-up, left out of summaries. Bit 1: begins after the stage before has ended.
        /// Other bits are zero.
        flags: u8,
        /// Zero.
        zero: U16,
        /// When the stage begins, in ns from t0; with bit 1 of `flags`, from the end of the stage
        /// before.
        start_ns: U64,
        /// Asked duration in ns, or none.
        duration_ns: U64,
        /// Asked rate in requests per 10^6 seconds, or none.
        rate_microhertz: U64,
        /// Number of requests that carry this stage.
        request_count: U64,
        /// Requests in flight: exactly (closed), at most (scheduled), or none.
        concurrency: U32,
        /// Zero.
        zero2: U32,
    }
}

/// `StageRecord::flags`: left out of summaries.
pub const STAGE_WARM_UP: u8 = 1;
/// `StageRecord::flags`: the stage begins `start_ns` after the last request of the stage before
/// has ended, and the `at` times of its requests count from its beginning.
pub const STAGE_AFTER_PREVIOUS: u8 = 2;

record! {
    /// Everything that decides one request.
    RequestRecord (96) {
        /// [`StartKind`] as a number.
        start_kind: u8,
        /// Bit 0: the response is streamed. Bit 1: answers are put into the body. Bit 2: the
        /// body has a salt slot. Other bits are zero.
        flags: u8,
        /// [`ResponseFormat`] as a number.
        response_format: u8,
        /// Zero.
        zero: u8,
        /// Index into STAGES.
        stage: U32,
        /// `at`: ns from the beginning of its time base (t0, or its stage). `after`: delay in ns after that request ends. `slot`: zero.
        start_ns: U64,
        /// `after`: index of the request to wait for, lower than this one's. `at`: the same, or
        /// none. `slot`: none.
        after_request: U64,
        /// Abandon the request this many ns after its body is fully written, or none.
        cancel_after_ns: U64,
        /// Index of the first segment in SEGMENTS.
        first_segment: U64,
        /// Number of segments.
        segment_count: U32,
        /// Prompt tokens, as counted by the manifest's tokenizer, or none.
        input_tokens: U32,
        /// Length of the body's literal segments in bytes.
        body_bytes: U64,
        /// Tokens that the body asks the server to generate, or none.
        output_tokens: U32,
        /// String id of the session, or none.
        session: U32,
        /// Turn within the session from 0, or none.
        turn: U32,
        /// String id of the (base) model.
        model: U32,
        /// String id of the adapter, or none.
        adapter: U32,
        /// String id of the HTTP method.
        method: U32,
        /// String id of the path, as it stands behind the target's base URL.
        path: U32,
        /// Pair-list id of the header fields, or none.
        headers: U32,
        /// Pair-list id of the labels, or none.
        labels: U32,
        /// Abandon the request when its n-th event with output has come, or none; never zero.
        cancel_after_tokens: U32,
    }
}

impl RequestRecord {
    /// A request that starts `start_ns` after t0, with everything optional absent.
    pub fn at(start_ns: u64) -> Self {
        let none = U32::new(NONE_U32);
        let zero = U32::new(0);
        RequestRecord {
            start_kind: StartKind::At as u8,
            flags: 0,
            response_format: 0,
            zero: 0,
            stage: zero,
            start_ns: start_ns.into(),
            after_request: NONE_U64.into(),
            cancel_after_ns: NONE_U64.into(),
            first_segment: 0.into(),
            segment_count: zero,
            input_tokens: none,
            body_bytes: 0.into(),
            output_tokens: none,
            session: none,
            turn: none,
            model: zero,
            adapter: none,
            method: zero,
            path: zero,
            headers: none,
            labels: none,
            cancel_after_tokens: none,
        }
    }
}

/// `RequestRecord::flags`: the response is streamed.
pub const REQUEST_STREAM: u8 = 1;
/// `RequestRecord::flags`: answers are put into the body, which has no bytes before the run.
pub const REQUEST_LIVE: u8 = 2;
/// `RequestRecord::flags`: the segment of the body that begins where BLOB begins is the salt slot.
pub const REQUEST_SALTED: u8 = 4;

pub(crate) use record;

/// Zero bytes needed after `length` bytes so that the next section is aligned.
pub const fn padding_after(length: u64) -> u64 {
    (ALIGNMENT - length % ALIGNMENT) % ALIGNMENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_stand_at_their_position() {
        for (position, section) in Section::ALL.iter().enumerate() {
            assert_eq!(section.position(), position);
        }
    }

    #[test]
    fn padding_reaches_the_next_multiple_of_eight() {
        assert_eq!([0, 1, 7, 8, 9].map(padding_after), [0, 7, 1, 0, 7]);
    }
}
