//! A body as a rope: literal slices of the blob, one of which may be the salt slot, and places where
//! an answer is put in.
//!
//! A body with such places (live history) has no bytes before the run. [`Piece`] makes every
//! reader of a body say what it does with them; nothing here invents a text for them.

use crate::Digest;
use crate::error::FormatError;
use crate::layout::{NONE_U64, REQUEST_SALTED, Section, SegmentRecord};
use crate::reader::Workload;
use sha2::{Digest as _, Sha256};

/// What a segment of a body stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'w> {
    /// These bytes.
    Bytes(&'w [u8]),
    /// The salt slot, with the bytes that stand in it unless a replay is told to salt. That there
    /// is one in a body, as wide as the manifest says, is for [`crate::verify`] to say.
    Salt(&'w [u8]),
    /// The text that the server answered to the request with this index, escaped as within a JSON
    /// string. That the request exists and comes first is for [`crate::verify`] to say.
    AnswerTo(u64),
}

/// A place in a body where an answer is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Literal bytes of the body in front of it.
    pub position: u64,
    /// Index of the request whose answer it is.
    pub request: u64,
}

/// SHA-256 of a body, fed piece by piece.
#[derive(Clone, Debug, Default)]
pub struct BodyHasher {
    hasher: Sha256,
    bytes: u64,
    splices: Vec<Splice>,
    salt: Option<u64>,
}

impl BodyHasher {
    /// Appends a literal segment.
    pub fn segment(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// Appends the salt slot; `unsalted` is what stands in it ([`crate::salt::Salt::unsalted`]).
    pub fn salt(&mut self, unsalted: &[u8]) {
        self.salt = Some(self.bytes);
        self.segment(unsalted);
    }

    /// Appends the answer to the request with this index.
    pub fn splice(&mut self, request: u64) {
        self.splices.push(Splice {
            position: self.bytes,
            request,
        });
    }

    /// Appends a piece of any kind.
    pub fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Bytes(bytes) => self.segment(bytes),
            Piece::Salt(unsalted) => self.salt(unsalted),
            Piece::AnswerTo(request) => self.splice(request),
        }
    }

    /// Length and SHA-256 of all literal segments together, the splices and the salt slot.
    pub fn finish(self) -> BodyDigest {
        BodyDigest {
            bytes: self.bytes,
            sha256: self.hasher.finalize().into(),
            splices: self.splices,
            salt: self.salt,
        }
    }
}

/// What a leaf says of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyDigest {
    /// Length of the literal body in bytes.
    pub bytes: u64,
    /// SHA-256 of the literal body.
    pub sha256: Digest,
    /// Where answers are put in, in the body's order. Most bodies have none, and allocate none.
    pub splices: Vec<Splice>,
    /// Literal bytes in front of the salt slot, if the body has one.
    pub salt: Option<u64>,
}

impl Workload {
    /// The pieces of a request's body, each literal one checked to lie in the blob.
    pub fn body(&self, index: u64) -> Result<impl Iterator<Item = Piece<'_>> + '_, FormatError> {
        let wrong = |what: String| self.record_error(Section::Requests, index, what);
        let request = usize::try_from(index)
            .ok()
            .and_then(|index| self.requests().get(index))
            .ok_or_else(|| wrong("there is no such request".into()))?;
        let first = request.first_segment.get() as usize;
        let rope = first
            .checked_add(request.segment_count.get() as usize)
            .and_then(|end| self.segments().get(first..end))
            .ok_or_else(|| wrong("its body reaches past SEGMENTS".into()))?;
        let blob = self.section(Section::Blob);
        let salted = request.flags & REQUEST_SALTED != 0;
        let piece = move |segment| piece(segment, blob, salted);
        if let Some(bad) = rope.iter().position(|segment| piece(segment).is_none()) {
            let what = "empty, or reaches past BLOB".to_owned();
            return Err(self.record_error(Section::Segments, (first + bad) as u64, what));
        }
        Ok(rope.iter().filter_map(piece))
    }

    /// The bytes of a request's body, unsalted; `None` when answers are put into it, for then nobody
    /// knows them before the run.
    pub fn body_bytes(&self, index: u64) -> Result<Option<Vec<u8>>, FormatError> {
        let mut bytes = Vec::new();
        for piece in self.body(index)? {
            match piece {
                Piece::Bytes(slice) | Piece::Salt(slice) => bytes.extend_from_slice(slice),
                Piece::AnswerTo(_) => return Ok(None),
            }
        }
        Ok(Some(bytes))
    }
}

/// What a record stands for, in a body that has a salt slot or not; `None` if it is empty or
/// reaches past the blob.
fn piece<'w>(segment: &SegmentRecord, blob: &'w [u8], salted: bool) -> Option<Piece<'w>> {
    let (offset, length) = (segment.offset.get(), segment.length.get());
    if offset == NONE_U64 {
        return Some(Piece::AnswerTo(length));
    }
    let range = usize::try_from(offset).ok()?..usize::try_from(offset.checked_add(length)?).ok()?;
    let bytes = blob.get(range)?;
    match bytes {
        [] => None,
        slot if salted && offset == 0 => Some(Piece::Salt(slot)),
        bytes => Some(Piece::Bytes(bytes)),
    }
}
