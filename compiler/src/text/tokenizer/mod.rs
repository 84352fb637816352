//! What counts tokens: the embedded o200k_base or cl100k_base, or a Hugging Face `tokenizer.json` on disk.
//!
//! Both give a list of words that are one token each, which is all that prompts are made of.
//! Refuses to download: a tokenizer is in the program or in a file.

mod embedded;
mod error;
mod file;
mod pieces;
mod resolve;
mod words;

pub use error::TokenizerError;
pub use file::MAX_FILE_BYTES;
pub use pieces::Piece;
pub use resolve::resolve;
pub use words::MIN_WORDS;

use embedded::Embedded;
use file::FileTokenizer;
use std::path::Path;
use std::sync::Arc;

/// The shortest corpus word, in letters: single letters read as noise.
const MIN_WORD_LETTERS: usize = 2;

/// A tokenizer; a copy is a pointer.
#[derive(Clone)]
pub struct Tokenizer {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Embedded(Embedded),
    File(Arc<FileTokenizer>),
}

impl Tokenizer {
    /// OpenAI's `o200k_base`: 199,998 ordinary tokens.
    ///
    /// The tables behind it are unpacked once per process (about 80 ms), at the first call.
    pub fn o200k_base() -> Self {
        let kind = Kind::Embedded(Embedded::o200k_base());
        Self { kind }
    }

    /// OpenAI's `cl100k_base`: 100,256 ordinary tokens; unpacked as the other.
    pub fn cl100k_base() -> Self {
        let kind = Kind::Embedded(Embedded::cl100k_base());
        Self { kind }
    }

    /// Reads a `tokenizer.json`. `name` is how the spec says it, for messages and the manifest.
    ///
    /// The file's truncation and padding are switched off: they would change counts.
    ///
    /// # Errors
    /// [`TokenizerError`] if the file cannot be read, is larger than [`MAX_FILE_BYTES`], is no
    /// tokenizer, or segments at random (BPE dropout).
    pub fn from_file(path: &Path, name: &str) -> Result<Self, TokenizerError> {
        let kind = Kind::File(Arc::new(FileTokenizer::read(path, name)?));
        Ok(Self { kind })
    }

    /// `o200k_base` or `cl100k_base`, as others call the same vocabularies, or the name that
    /// [`from_file`](Self::from_file) was given.
    pub fn name(&self) -> &str {
        match &self.kind {
            Kind::Embedded(embedded) => embedded.name,
            Kind::File(file) => file.name(),
        }
    }

    /// The library that counts, and its version.
    pub fn library(&self) -> &'static str {
        match &self.kind {
            Kind::Embedded(_) => "bpe-openai 0.3.2",
            Kind::File(_) => "tokenizers 0.23.2",
        }
    }

    /// SHA-256 of the `tokenizer.json`; none for the embedded vocabulary.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        match &self.kind {
            Kind::Embedded(_) => None,
            Kind::File(file) => Some(file.sha256()),
        }
    }

    /// How many tokens `text` is, without those that a tokenizer puts around a text (beginning
    /// and end of sentence, for example).
    ///
    /// The name of a special token within `text` is ordinary text under an embedded vocabulary and that
    /// special token under a file's tokenizer, as a server reads it. Words contain none.
    ///
    /// # Errors
    /// [`TokenizerError::Encode`] if a file's tokenizer has no token for a part of `text`.
    pub fn count(&self, text: &str) -> Result<usize, TokenizerError> {
        match &self.kind {
            Kind::Embedded(embedded) => Ok(embedded.bpe.count(text)),
            Kind::File(file) => file.ids(text).map(|ids| ids.len()),
        }
    }

    /// The tokens of `text`, as many as [`count`](Self::count) says.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        match &self.kind {
            Kind::Embedded(embedded) => Ok(embedded.bpe.encode(text)),
            Kind::File(file) => file.ids(text),
        }
    }

    /// Whether the tokens of [`pieces`](Self::pieces) add up by construction.
    pub fn adds_up(&self) -> bool {
        matches!(self.kind, Kind::Embedded(_))
    }

    /// Cuts `text` into pieces and counts each, exactly or as well as can be guessed.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub fn pieces(&self, text: &str) -> Result<Vec<Piece>, TokenizerError> {
        match &self.kind {
            Kind::Embedded(embedded) => Ok(pieces::of_embedded(embedded, text)),
            Kind::File(file) => pieces::of_file(file, text),
        }
    }

    /// The words, of two or more ASCII lower-case letters, of which a text of n, one space
    /// apart and without a space before the first, is exactly n tokens; by ascending id of the
    /// form after a space. Low ids are the frequent words.
    ///
    /// # Errors
    /// [`TokenizerError::TooFewWords`] below [`MIN_WORDS`], and
    /// [`TokenizerError::NotAdditive`] if no such list settles.
    pub fn words(&self) -> Result<Vec<String>, TokenizerError> {
        self.words_at_least(MIN_WORDS)
    }

    /// [`words`](Self::words) with another lower limit, for the small vocabularies of tests.
    #[doc(hidden)]
    pub fn words_at_least(&self, floor: usize) -> Result<Vec<String>, TokenizerError> {
        match &self.kind {
            Kind::Embedded(embedded) => {
                Ok(embedded.words().into_iter().map(str::to_owned).collect())
            }
            Kind::File(file) => words::prove(file, floor),
        }
    }
}

fn is_word(token: &[u8]) -> bool {
    token.len() >= MIN_WORD_LETTERS && token.iter().all(u8::is_ascii_lowercase)
}
