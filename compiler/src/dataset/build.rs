//! A data set in the making: what every reader adds to.

use super::arena::{Id, Texts};
use super::error::DataError;
use super::row::{Item, Row};
use super::secrets;
use super::{
    Account, Arena, Content, Conversation, DataFile, DataSet, LeftOut, MAX_REQUESTS_OF_A_SESSION,
    MAX_ROWS, MAX_TURNS, Medium, MediumKind, Raw, Turn,
};
use crate::spec::SetKind;
use crate::text::tokenizer::Tokenizer;
use std::collections::BTreeMap;

/// How many left out rows are named for each reason; the rest are only counted.
const MAX_NAMED_LINES: usize = 5;

/// The prompt of a raw body, to be counted: texts, and tokens that stand there as numbers.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    pub texts: Vec<Id>,
    pub tokens: u32,
}

pub struct Builder {
    set: DataSet,
    /// Texts of raw bodies, which are counted and not sent again.
    pub prompts: Texts,
    /// The prompt of each turn with a raw body, in their order.
    raw: Vec<Prompt>,
    /// References and kinds that are known.
    media: BTreeMap<(MediumKind, Box<str>), u32>,
}

impl Builder {
    pub fn new(kind: SetKind) -> Self {
        Self {
            set: DataSet {
                kind,
                files: Vec::new(),
                is_directory: false,
                conversations: Vec::new(),
                turns: Vec::new(),
                pools: Vec::new(),
                texts: Texts::default(),
                bodies: Arena::default(),
                media: Vec::new(),
                account: Account::default(),
            },
            prompts: Texts::default(),
            raw: Vec::new(),
            media: BTreeMap::new(),
        }
    }

    pub fn kind(&self) -> SetKind {
        self.set.kind
    }

    /// The number of a text.
    pub fn text(&mut self, text: &str) -> Id {
        self.set.texts.add(text)
    }

    /// The number of an image or clip.
    pub fn medium(&mut self, kind: MediumKind, item: &Item<'_>) -> Result<u32, DataError> {
        let reference = item.said()?;
        secrets::refuse_user(item)?;
        let key = (kind, Box::from(reference));
        if let Some(number) = self.media.get(&key) {
            return Ok(*number);
        }
        let number = self.set.media.len() as u32;
        let (line, column) = item.row.place(item.json.at);
        self.set.media.push(Medium {
            kind,
            reference: reference.into(),
            place: (self.set.files.len() as u32, line, column),
        });
        self.media.insert(key, number);
        Ok(number)
    }

    /// A body that is sent as it stands in the file, and the prompt in it.
    pub fn raw(&mut self, body: &Item<'_>, prompt: Prompt, streams: bool) -> Raw {
        self.raw.push(prompt);
        Raw {
            body: self.set.bodies.add(body.raw().as_bytes()),
            streams,
            input_tokens: 0,
            path: None,
        }
    }

    /// Counts a row.
    pub fn row(&mut self, row: &Row<'_>) -> Result<(), DataError> {
        if self.set.account.rows == MAX_ROWS {
            let what = format!("more than the limit of {MAX_ROWS} rows");
            return Err(row.error(0, what, "split the file"));
        }
        self.set.account.rows += 1;
        Ok(())
    }

    /// The row is not sent.
    pub fn leave_out(&mut self, why: LeftOut, row: &Row<'_>) {
        let place = LeftOut::ALL.iter().position(|reason| *reason == why);
        let left_out = &mut self.set.account.left_out[place.unwrap_or(0)];
        left_out.count += 1;
        if left_out.first_lines.len() < MAX_NAMED_LINES {
            left_out.first_lines.push(row.line);
        }
    }

    /// A conversation that begins in `row`.
    pub fn conversation(&mut self, session_id: Option<Box<str>>, line: u64, turns: Vec<Turn>) {
        let first = self.set.turns.len() as u32;
        self.set.turns.extend(turns);
        self.set.conversations.push(Conversation {
            session_id,
            file: self.set.files.len() as u32,
            line,
            turns: first..self.set.turns.len() as u32,
        });
    }

    /// Whether a session of so many turns may have one more, which stands in `row`.
    pub fn check_turns(&self, turns: usize, row: &Row<'_>, at: usize) -> Result<(), DataError> {
        let limit = match self.set.kind.accumulates() {
            true => MAX_TURNS,
            false => MAX_REQUESTS_OF_A_SESSION,
        };
        if turns < limit {
            return Ok(());
        }
        let what = format!("the session has more than {limit} turns");
        Err(row.error(at, what, "give the rest another session_id"))
    }

    /// Ends a file; of a pool the conversations since the file before are one.
    pub fn file(&mut self, file: DataFile) {
        if self.set.kind == SetKind::RandomPool {
            let from = self.set.pools.last().map_or(0, |pool| pool.end);
            self.set
                .pools
                .push(from..self.set.conversations.len() as u32);
        }
        self.set.files.push(file);
    }

    /// Counts tokens and closes the account.
    pub fn finish(self, tokenizer: &Tokenizer) -> Result<DataSet, DataError> {
        let (mut set, mut prompts) = (self.set, self.prompts);
        let file = set.files.first().map_or(String::new(), |f| f.file.clone());
        let left_out: u64 = set.account.left_out.iter().map(|rows| rows.count).sum();
        set.account.kept = set.account.rows - left_out;
        if set.conversations.is_empty() {
            let what = format!("all {left_out} conversations are left out, so nothing can be sent");
            let remedy =
                "give a file with at least one conversation in which a human says something";
            return Err(DataError::file(&file, what, remedy));
        }
        let counted = set
            .texts
            .count(tokenizer)
            .and_then(|()| prompts.count(tokenizer));
        counted.map_err(|error| DataError::Count {
            file,
            error: Box::new(error),
        })?;
        let mut raw = self.raw.iter();
        for turn in &mut set.turns {
            match &mut turn.content {
                Content::Raw(body) => {
                    let prompt = raw.next().expect("every raw body has a prompt");
                    let texts = prompt.texts.iter().map(|id| prompts.tokens(*id));
                    body.input_tokens = texts.fold(prompt.tokens, u32::saturating_add);
                }
                Content::Said(said) => {
                    let recorded = said.answer.map(|answer| set.texts.tokens(answer));
                    let recorded = recorded.filter(|tokens| *tokens > 0);
                    turn.output_tokens = turn.output_tokens.or(recorded);
                }
            }
        }
        Ok(set)
    }
}
