//! Mends the hashes that guard a workload, so that an altered input gets past it.
//!
//! Header, section table and trailer are made right around the bytes between them,
//! with the lengths that the input's table asks for as far as there are bytes; then its leaves,
//! where a request has one, and its hashes.

use schemas::body::Piece;
use schemas::layout::{
    END_MAGIC, FileHeader, RequestRecord, Section, SectionEntry, Trailer, padding_after,
};
use schemas::leaf::{BodyHasher, request_leaf, stages_leaf};
use schemas::merkle::RootBuilder;
use schemas::reader::Workload;
use schemas::writer::{file_header, footer_hash};
use sha2::{Digest as _, Sha256};
use std::ops::Range;
use zerocopy::{FromBytes, FromZeros, IntoBytes};

const HEADER_BYTES: usize = size_of::<FileHeader>();
const TABLE_BYTES: usize = Section::ALL.len() * size_of::<SectionEntry>();

/// What the requests say that their bodies have, in bytes.
pub fn body_bytes(workload: &Workload) -> u64 {
    let bytes = |request: &RequestRecord| request.body_bytes.get();
    let all = workload.requests().iter().map(bytes);
    all.fold(0, u64::saturating_add)
}

/// A file that opens; `None` if the input is too short to be one. Leaves are mended where all
/// bodies together have at most `most_body_bytes`.
pub fn workload(bytes: &[u8], most_body_bytes: u64) -> Option<Vec<u8>> {
    let middle_end = bytes
        .len()
        .checked_sub(TABLE_BYTES + size_of::<Trailer>())?;
    let mut middle = bytes.get(HEADER_BYTES..middle_end)?.to_vec();
    middle.resize(middle.len().next_multiple_of(8), 0);
    let table = &bytes[middle_end..][..TABLE_BYTES];
    let places = sections(<[SectionEntry]>::ref_from_bytes(table).ok()?, middle.len());
    for pair in places.windows(2) {
        middle[pair[0].end..pair[1].start].fill(0);
    }
    middle[places[Section::Manifest.position()].end..].fill(0);
    let first = assemble(&middle, &places, [0; 32]);
    let opened = Workload::from_bytes(&first).ok()?;
    let content_hash = mend_leaves(&opened, &mut middle, &places, most_body_bytes);
    Some(assemble(&middle, &places, content_hash))
}

/// Where each section lies in the middle: as long as its entry says, if there are so many bytes,
/// and the manifest up to the end.
fn sections(asked: &[SectionEntry], middle_bytes: usize) -> Vec<Range<usize>> {
    let mut places: Vec<Range<usize>> = Vec::new();
    let mut next = 0;
    for (section, entry) in Section::ALL.into_iter().zip(asked) {
        let left = middle_bytes - next;
        let asked = usize::try_from(entry.length.get())
            .unwrap_or(left)
            .min(left);
        let stride = section.stride() as usize;
        let length = match section {
            // As many as there are requests; where there is no room, so are they cut.
            Section::Requests => asked.min(left / 128 * 96) / stride * stride,
            Section::Leaves => places[Section::Requests.position()].len() / 96 * 32,
            Section::Manifest if asked.next_multiple_of(8) != left => left,
            _ => asked / stride * stride,
        };
        places.push(next..next + length);
        next += length + padding_after(length as u64) as usize;
    }
    places
}

/// Puts right every leaf that can be computed; gives the root over the stage table and them.
fn mend_leaves(
    workload: &Workload,
    middle: &mut [u8],
    places: &[Range<usize>],
    most_body_bytes: u64,
) -> [u8; 32] {
    let tables = workload.tables();
    let mut leaves = workload.leaves().to_vec();
    if body_bytes(workload) <= most_body_bytes {
        let mut scratch = Vec::new();
        for (index, request) in workload.requests().iter().enumerate() {
            let Some(pieces) = pieces(workload, index as u64) else {
                continue;
            };
            let mut hasher = BodyHasher::default();
            pieces.into_iter().for_each(|piece| hasher.piece(piece));
            let body = hasher.finish();
            if let Ok(leaf) = request_leaf(index as u64, request, &body, &tables, &mut scratch) {
                leaves[index] = leaf;
            }
        }
    }
    middle[places[Section::Leaves.position()].clone()].copy_from_slice(leaves.as_bytes());
    let salt = workload.manifest().ok().and_then(|manifest| manifest.salt);
    let count = leaves.len() as u64;
    let mut root = RootBuilder::default();
    root.push(stages_leaf(workload.stages(), count, salt.as_ref(), &tables).unwrap_or_default());
    leaves.into_iter().for_each(|leaf| root.push(leaf));
    root.root()
}

/// What a body is made of, if that is as long as its request says.
fn pieces(workload: &Workload, index: u64) -> Option<Vec<Piece<'_>>> {
    let pieces: Vec<Piece> = workload.body(index).ok()?.collect();
    let bytes = pieces.iter().map(|piece| match piece {
        Piece::Bytes(bytes) | Piece::Salt(bytes) => bytes.len() as u64,
        Piece::AnswerTo(_) => 0,
    });
    let said = workload.requests()[index as usize].body_bytes.get();
    (bytes.sum::<u64>() == said).then_some(pieces)
}

/// Header, middle, section table and trailer, with hashes of what there is.
fn assemble(middle: &[u8], places: &[Range<usize>], content_hash: [u8; 32]) -> Vec<u8> {
    let header = file_header();
    let entries: Vec<SectionEntry> = Section::ALL
        .into_iter()
        .zip(places)
        .map(|(section, place)| SectionEntry {
            kind: (section as u32).into(),
            stride: section.stride().into(),
            offset: ((HEADER_BYTES + place.start) as u64).into(),
            length: (place.len() as u64).into(),
            sha256: Sha256::digest(&middle[place.clone()]).into(),
        })
        .collect();
    let table_offset = HEADER_BYTES + middle.len();
    let mut trailer = Trailer::new_zeroed();
    trailer.content_hash = content_hash;
    trailer.file_bytes = ((table_offset + TABLE_BYTES + size_of::<Trailer>()) as u64).into();
    trailer.table_offset = (table_offset as u64).into();
    trailer.section_count = (entries.len() as u32).into();
    trailer.magic = END_MAGIC;
    trailer.footer_hash = footer_hash(&header, &entries, &trailer);
    [
        header.as_bytes(),
        middle,
        entries.as_bytes(),
        trailer.as_bytes(),
    ]
    .concat()
}
