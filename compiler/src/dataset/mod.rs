//! Data sets: files of requests and conversations that are sent as they are. One module for each
//! format, all yielding one [`DataSet`].
//!
//! A reader never repairs a row: what does not fit the format is an error with its line and
//! column, and what fits and cannot be sent is left out under a named reason and counted, so that
//! `rows = kept + left out` always holds. Texts are escaped and counted once, here.

pub mod arena;
pub mod error;
pub mod fit;

mod build;
mod conversation;
mod inputs_json;
pub(crate) mod json;
mod multi_turn;
mod openai_batch;
mod random_pool;
pub(crate) mod raw;
mod raw_payload;
mod row;
mod secrets;
mod sharegpt;
mod single_turn;
mod source;
mod turn;

pub use arena::{Arena, Id, Texts};
pub use error::{DataError, RowError};
pub use source::MAX_ROW_BYTES;

use crate::payload::Role;
use crate::spec::SetKind;
use crate::text::tokenizer::Tokenizer;
use std::ops::Range;
use std::path::Path;

/// Most turns of a conversation in which each repeats those before it.
pub const MAX_TURNS: usize = crate::spec::sessions::MAX_TURNS as usize;
/// Most requests of a session whose requests repeat nothing.
pub const MAX_REQUESTS_OF_A_SESSION: usize = 65_536;
/// Most rows of a data set.
pub const MAX_ROWS: u64 = 100_000_000;

/// A data set, read whole.
#[derive(Clone, Debug)]
pub struct DataSet {
    pub kind: SetKind,
    /// One, or one for each file of a directory, by name.
    pub files: Vec<DataFile>,
    /// Whether those are a directory's.
    pub is_directory: bool,
    /// In the order of the files; of a pool each line is one, of one turn.
    pub conversations: Vec<Conversation>,
    /// Of all conversations, one behind the other.
    pub turns: Vec<Turn>,
    /// The conversations of each pool; none unless the kind is a random pool.
    pub pools: Vec<Range<u32>>,
    pub texts: Texts,
    /// Bodies that are sent as they are.
    pub bodies: Arena,
    /// What the turns' media are, each once.
    pub media: Vec<Medium>,
    pub account: Account,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Where it was found, for messages.
    pub file: String,
    /// Of the bytes as they are stored, compressed or not.
    pub sha256: [u8; 32],
    pub bytes: u64,
}

/// What became of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Lines, or elements of the array; blank lines are none.
    pub rows: u64,
    /// Those that became conversations, turns or parts of requests.
    pub kept: u64,
    /// In the order of [`LeftOut::ALL`], also where none was left out.
    pub left_out: [LeftOutRows; LeftOut::ALL.len()],
}

/// How many rows were left out for one reason, and the lines of the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOutRows {
    pub count: u64,
    pub first_lines: Vec<u64>,
}

/// Why a row that fits the format is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// A conversation in which nobody asks anything.
    NoHuman,
    /// A conversation with an empty message.
    EmptyMessage,
    /// A conversation with messages from or to tools.
    Tools,
}

impl LeftOut {
    pub const ALL: [Self; 3] = [Self::NoHuman, Self::EmptyMessage, Self::Tools];

    /// The name under which notes and manifests count it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoHuman => "no_human_turn",
            Self::EmptyMessage => "empty_message",
            Self::Tools => "tool_messages",
        }
    }
}

/// Turns that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The file's own name for it.
    pub session_id: Option<Box<str>>,
    /// Index of its file.
    pub file: u32,
    /// Line on which it begins, from 1.
    pub line: u64,
    /// Its turns in [`DataSet::turns`], at least one.
    pub turns: Range<u32>,
}

/// One request of a data set, or of a pool the part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Line on which it stands, from 1, in its conversation's file.
    pub line: u64,
    pub content: Content,
    /// What the file asks for, or else the length of the recorded answer.
    pub output_tokens: Option<u32>,
    /// On the file's own clock. Never beside `delay_ns`.
    pub at_ns: Option<u64>,
    /// Between the end of the turn before and this one.
    pub delay_ns: Option<u64>,
    pub model: Option<Box<str>>,
    /// Names in lower case, in the file's order.
    pub headers: Pairs,
}

/// Names with a value each.
pub type Pairs = Vec<(Box<str>, Box<str>)>;

/// What a turn sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Said(Said),
    Raw(Raw),
}

/// What a user says, to be put into a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Messages that stand in front of it, behind the turn before.
    pub before: Vec<(Role, Id)>,
    /// At least one of texts, images and audios has something in it.
    pub texts: Vec<Text>,
    /// Numbers in [`DataSet::media`].
    pub images: Vec<u32>,
    /// Likewise.
    pub audios: Vec<u32>,
    /// The recorded answer.
    pub answer: Option<Id>,
    /// Members that are put into the body: key and JSON value.
    pub extra: Pairs,
}

/// One text of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    pub id: Id,
    /// Whether the file calls it a query, beside which others are passages.
    pub is_query: bool,
}

/// A body that is sent byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Number in [`DataSet::bodies`].
    pub body: Id,
    /// What the body says of itself.
    pub streams: bool,
    /// Tokens of the texts in its prompt, without what a template puts around them.
    pub input_tokens: u32,
    /// Where it goes, if the file says so.
    pub path: Option<Box<str>>,
}

/// An image or an audio clip as the file names it: a path, a URL, or the data themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium {
    pub kind: MediumKind,
    pub reference: Box<str>,
    /// Where it stands first: index of the file, line, column.
    pub place: (u32, u64, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediumKind {
    Image,
    Audio,
}

impl DataSet {
    /// Reads the data set at `path` and counts its texts.
    ///
    /// # Errors
    /// [`DataError`], with file, line and column where there is one.
    pub fn read(kind: SetKind, path: &Path, tokenizer: &Tokenizer) -> Result<Self, DataError> {
        let builder = match kind {
            SetKind::SingleTurn => single_turn::read(path),
            SetKind::MultiTurn => multi_turn::read(path),
            SetKind::RandomPool => random_pool::read(path),
            SetKind::ShareGpt => sharegpt::read(path),
            SetKind::RawPayload => raw_payload::read(path),
            SetKind::InputsJson => inputs_json::read(path),
            SetKind::OpenAiBatch => openai_batch::read(path),
        };
        let mut set = builder?.finish(tokenizer)?;
        set.is_directory = path.is_dir();
        Ok(set)
    }

    /// A file of the data set that the spec calls `path`, in the spec's words: also for those of a
    /// directory, which it does not name one by one.
    pub fn name_of(&self, file: u32, path: &str) -> String {
        let found = Path::new(&self.files[file as usize].file);
        match found.file_name().filter(|_| self.is_directory) {
            Some(name) => Path::new(path).join(name).display().to_string(),
            None => path.to_owned(),
        }
    }

    /// The turns of a conversation.
    pub fn turns_of(&self, conversation: u32) -> &[Turn] {
        let turns = &self.conversations[conversation as usize].turns;
        &self.turns[turns.start as usize..turns.end as usize]
    }
}
