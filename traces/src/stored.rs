//! The bytes of a file as they are stored, hashed and counted, and unpacked behind that if they
//! are gzip. What a file is called plays no part: gzip is known by its first two bytes.

use std::io::{self, Chain, Cursor, ErrorKind, Read};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

/// The first two bytes of every gzip file (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A head that was looked at, and what comes after it.
pub type Headed<R> = Chain<Cursor<Vec<u8>>, R>;

/// Hash and length of a stored file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    pub sha256: [u8; 32],
    pub bytes: u64,
}

impl Fingerprint {
    /// Of everything that is left of `reader`.
    pub fn of(reader: impl Read) -> io::Result<Self> {
        let mut tally = Tally::new(reader);
        io::copy(&mut tally, &mut io::sink())?;
        Ok(tally.finish())
    }
}

/// Up to `length` bytes of `reader`: fewer only at its end.
pub fn read_head(reader: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(length).read_to_end(&mut head)?;
    Ok(head)
}

/// Hashes and counts what passes through.
struct Tally<R> {
    inner: R,
    hasher: Sha256,
    bytes: u64,
    /// Whether it was the file itself that could not be read.
    failed: bool,
}

impl<R> Tally<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            bytes: 0,
            failed: false,
        }
    }

    fn finish(self) -> Fingerprint {
        Fingerprint {
            sha256: self.hasher.finalize().into(),
            bytes: self.bytes,
        }
    }
}

impl<R: Read> Read for Tally<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Ok(length) => {
                    self.hasher.update(&buffer[..length]);
                    self.bytes += length as u64;
                    return Ok(length);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = true;
                    return Err(error);
                }
            }
        }
    }
}

/// A stored file, read as what is in it.
pub struct Stored<R>(Packing<R>);

enum Packing<R> {
    Plain(Headed<Tally<R>>),
    Gzip(Box<MultiGzDecoder<Headed<Tally<R>>>>),
}

impl<R: Read> Stored<R> {
    /// Looks at the first two bytes.
    pub fn open(inner: R) -> io::Result<Self> {
        let mut tally = Tally::new(inner);
        let head = read_head(&mut tally, GZIP_MAGIC.len() as u64)?;
        let gzip = head == GZIP_MAGIC;
        let whole = Cursor::new(head).chain(tally);
        Ok(Self(if gzip {
            Packing::Gzip(Box::new(MultiGzDecoder::new(whole)))
        } else {
            Packing::Plain(whole)
        }))
    }

    /// Whether an error that was met comes from what is in the file, and not from the disk.
    pub fn is_damaged(&self) -> bool {
        match &self.0 {
            Packing::Plain(_) => false,
            Packing::Gzip(decoder) => !decoder.get_ref().get_ref().1.failed,
        }
    }

    /// Hash and length of everything read; call it at the end.
    pub fn finish(self) -> Fingerprint {
        let whole = match self.0 {
            Packing::Plain(whole) => whole,
            Packing::Gzip(decoder) => decoder.into_inner(),
        };
        let (_, tally) = whole.into_inner();
        tally.finish()
    }
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Packing::Plain(whole) => whole.read(buffer),
            Packing::Gzip(decoder) => decoder.read(buffer),
        }
    }
}
