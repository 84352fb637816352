//! A tokenizer read from a Hugging Face `tokenizer.json`.
//!
//! Refuses what would make counts untrue: BPE dropout is an error, truncation and padding are
//! switched off.

use super::error::TokenizerError;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::Read as _;
use std::panic::catch_unwind;
use std::path::Path;
use tokenizers::models::ModelWrapper;

/// The largest `tokenizer.json` that is read, in bytes. The largest in use are under 40 MB.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// Encoded once to see that it can be.
const TRIAL: &str = "a trial of some words";

/// A tokenizer and where it came from.
pub struct FileTokenizer {
    inner: tokenizers::Tokenizer,
    name: String,
    sha256: [u8; 32],
}

impl FileTokenizer {
    /// Reads, hashes and parses the file.
    pub fn read(path: &Path, name: &str) -> Result<Self, TokenizerError> {
        let bytes = read_limited(path)?;
        let mut inner = parse(path, &bytes)?;
        if let ModelWrapper::BPE(bpe) = inner.get_model()
            && let Some(dropout) = bpe.dropout.filter(|dropout| *dropout > 0.0)
        {
            let path = path.to_owned();
            return Err(TokenizerError::Random { path, dropout });
        }
        inner
            .with_truncation(None)
            .expect("no truncation is always valid")
            .with_padding(None);
        Ok(Self {
            inner,
            name: name.to_owned(),
            sha256: Sha256::digest(&bytes).into(),
        })
    }

    /// As the spec says it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Of the file.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The tokens of `text`, without any added around it.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self.inner.encode_fast(text, false);
        let encoding = encoding.map_err(|error| self.encode_error(text, &*error))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Where in `text` each token begins, in bytes, ascending.
    pub fn begins(&self, text: &str) -> Result<Vec<usize>, TokenizerError> {
        let encoding = self.inner.encode(text, false);
        let encoding = encoding.map_err(|error| self.encode_error(text, &*error))?;
        let mut begins: Vec<usize> = encoding.get_offsets().iter().map(|(at, _)| *at).collect();
        // A normalizer may move characters past each other.
        begins.sort_unstable();
        Ok(begins)
    }

    fn encode_error(&self, text: &str, error: &dyn std::error::Error) -> TokenizerError {
        TokenizerError::Encode {
            name: self.name.clone(),
            bytes: text.len(),
            reason: error.to_string(),
        }
    }

    /// Every token as the file spells it, added ones too, sorted.
    pub fn tokens(&self) -> Vec<String> {
        // The map's order is random; sorted, it is not seen.
        let mut tokens: Vec<String> = self.inner.get_vocab(true).into_keys().collect();
        tokens.sort_unstable();
        tokens
    }

    /// Ids of tokens that were added to the model's own (special tokens above all), sorted.
    pub fn added_ids(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.inner.get_added_tokens_decoder().into_keys().collect();
        ids.sort_unstable();
        ids
    }

    /// How the file spells a token.
    pub fn spelling(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }
}

fn read_limited(path: &Path) -> Result<Vec<u8>, TokenizerError> {
    let at = |source| TokenizerError::Read {
        path: path.to_owned(),
        source,
    };
    // Asked before opening: opening a pipe waits for its writer.
    if !std::fs::metadata(path).map_err(at)?.is_file() {
        let path = path.to_owned();
        return Err(TokenizerError::NotAFile { path });
    }
    let file = File::open(path).map_err(at)?;
    let mut bytes = Vec::new();
    if file.metadata().map_err(at)?.len() <= MAX_FILE_BYTES {
        // One more than allowed: it may grow while it is read.
        let mut limited = file.take(MAX_FILE_BYTES + 1);
        limited.read_to_end(&mut bytes).map_err(at)?;
        if bytes.len() as u64 <= MAX_FILE_BYTES {
            return Ok(bytes);
        }
    }
    Err(TokenizerError::TooLarge {
        path: path.to_owned(),
        limit: MAX_FILE_BYTES,
    })
}

fn parse(path: &Path, bytes: &[u8]) -> Result<tokenizers::Tokenizer, TokenizerError> {
    let path = || path.to_owned();
    // Alone, it says where: the library's error is often of a part without a place.
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map_err(|error| {
        let reason = error.to_string();
        TokenizerError::NotJson {
            path: path(),
            line: error.line(),
            column: error.column(),
            // Without the place, which the message begins with.
            reason: match reason.split_once(" at line ") {
                Some((what, _)) => what.to_owned(),
                None => reason,
            },
        }
    })?;
    // The library panics on some settings that make no sense (pieces of length 0, for one), some
    // of them at the first text only; what is wrong with a file is an error.
    let tried = catch_unwind(|| -> tokenizers::Result<_> {
        let tokenizer = tokenizers::Tokenizer::from_bytes(bytes)?;
        // An error here may be of this text alone: a vocabulary need not hold these words.
        let _ = tokenizer.encode_fast(TRIAL, false);
        Ok(tokenizer)
    });
    let reason = match tried {
        Ok(Ok(tokenizer)) => return Ok(tokenizer),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the library panicked on its settings".to_owned(),
    };
    let path = path();
    Err(TokenizerError::NotATokenizer { path, reason })
}
