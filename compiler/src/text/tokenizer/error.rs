//! Why there is no tokenizer, or none that prompts can be made with; each message says what,
//! where, and after `help:` what to do next.

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// What is wrong with a tokenizer.
#[derive(Debug, Error)]
pub enum TokenizerError {
    /// The file cannot be read.
    #[error(
        "{}: cannot be read: {source}\n  help: name a tokenizer.json that this user may read", path.display()
    )]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, pipe or device.
    #[error("{}: not a regular file\n  help: name a tokenizer.json, or a folder with one", path.display())]
    NotAFile {
        /// Which one.
        path: PathBuf,
    },
    /// Larger than any tokenizer.
    #[error(
        "{}: larger than the limit of {limit} bytes\n  help: name the model's tokenizer.json, not its weights", path.display()
    )]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// [`MAX_FILE_BYTES`](super::MAX_FILE_BYTES).
        limit: u64,
    },
    /// Not JSON at all.
    #[error(
        "{}:{line}:{column}: not JSON: {reason}\n  help: name a tokenizer.json; a SentencePiece .model must be converted to one first", path.display()
    )]
    NotJson {
        /// Which file.
        path: PathBuf,
        /// From 1; 0 if the file is empty or ends too early.
        line: usize,
        /// From 1; 0 at the end of a line.
        column: usize,
        /// What the parser said.
        reason: String,
    },
    /// JSON that `tokenizers` does not read as a tokenizer.
    #[error(
        "{}: JSON, but no tokenizer: {reason}\n  help: name the tokenizer.json itself, not tokenizer_config.json, vocab.json or config.json", path.display()
    )]
    NotATokenizer {
        /// Which file.
        path: PathBuf,
        /// What the library said.
        reason: String,
    },
    /// BPE dropout: the same text is other tokens each time.
    #[error(
        "{}: `model.dropout` is {dropout}, so the same text is split at random\n  help: set model.dropout to null, as servers do", path.display()
    )]
    Random {
        /// Which file.
        path: PathBuf,
        /// The probability in the file.
        dropout: f32,
    },
    /// A text that the tokenizer has no tokens for.
    #[error(
        "tokenizer {name}: cannot encode a text of {bytes} bytes: {reason}\n  help: use text of the characters that the vocabulary covers, or remove `tokenizer` to use o200k_base"
    )]
    Encode {
        /// The tokenizer's name.
        name: String,
        /// Length of the text.
        bytes: usize,
        /// What the library said.
        reason: String,
    },
    /// Not enough words to make prompts of.
    #[error(
        "tokenizer {name}: {words} usable words, {floor} are needed: of {tokens} tokens {candidates} spell a lower-case word, {single} of these are one token alone and one token after a space, and {words} of these stay one token beside every other\n  help: name a tokenizer with whole English words in its vocabulary, or remove `tokenizer` to use o200k_base"
    )]
    TooFewWords {
        /// The tokenizer's name.
        name: String,
        /// Tokens in the vocabulary.
        tokens: usize,
        /// Distinct lower-case words that tokens spell.
        candidates: usize,
        /// Of these, words that are one token alone and after a space.
        single: usize,
        /// Of these, words that stay so in every text tried.
        words: usize,
        /// How many are needed.
        floor: usize,
    },
    /// Words are one token each, but texts of them are not as many tokens.
    #[error(
        "tokenizer {name}: a text of {words} words, one token each, is {tokens} tokens: what a word is depends on the text around it\n  help: name another tokenizer, or remove `tokenizer` to use o200k_base"
    )]
    NotAdditive {
        /// The tokenizer's name.
        name: String,
        /// Words in the text.
        words: usize,
        /// Tokens of that text.
        tokens: usize,
    },
    /// A text of which prompts would repeat themselves more than any text does.
    #[error(
        "corpus {corpus}: {tokens} tokens of {name}, {floor} are needed\n  help: name a longer text, or remove `corpus` to use the built-in words"
    )]
    CorpusTooShort {
        /// The corpus in the spec's own words.
        corpus: String,
        /// The tokenizer's name.
        name: String,
        /// Tokens of the text.
        tokens: u64,
        /// How many are needed.
        floor: u32,
    },
    /// A text that cannot be made as long as it should be.
    #[error(
        "corpus {corpus}: no text of {tokens} tokens of {name} found in {rounds} rounds, the last had {counted}: what is counted depends on the text around it\n  help: set `corpus: words`, whose counts add up, or remove `tokenizer` to use o200k_base"
    )]
    Inexact {
        /// The corpus in the spec's own words.
        corpus: String,
        /// The tokenizer's name.
        name: String,
        /// How many were asked for.
        tokens: u32,
        /// How many the last attempt had.
        counted: u64,
        /// How often it was corrected.
        rounds: u32,
    },
    /// Neither a path nor in the cache.
    #[error(
        "tokenizer {named}: no tokenizer.json found; nothing is downloaded; looked at{}\n  help: name a local tokenizer.json, or remove `tokenizer` to use o200k_base",
        lines(looked)
    )]
    NotFound {
        /// As the spec says it.
        named: String,
        /// Every file that would have been taken.
        looked: Vec<PathBuf>,
    },
    /// The cache holds several revisions and does not say which is meant.
    #[error(
        "tokenizer {named}: the cache holds several revisions and no refs/main:{}\n  help: name one of these files",
        lines(snapshots)
    )]
    SeveralSnapshots {
        /// As the spec says it.
        named: String,
        /// The `tokenizer.json` of each, in the order of their names.
        snapshots: Vec<PathBuf>,
    },
}

impl TokenizerError {
    /// The corpus that it is about, in the spec's own words, if not about the tokenizer.
    pub fn corpus(&self) -> Option<&str> {
        match self {
            Self::CorpusTooShort { corpus, .. } | Self::Inexact { corpus, .. } => Some(corpus),
            _ => None,
        }
    }

    /// Whether another spec or file is the remedy, not another try or another disk.
    pub fn is_users_fault(&self) -> bool {
        match self {
            Self::Read { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::InvalidFilename
            ),
            _ => true,
        }
    }
}

/// One path a line.
fn lines(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| format!("\n    {}", path.display()))
        .collect()
}
