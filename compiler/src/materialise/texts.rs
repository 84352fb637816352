//! What is said, as slices of the corpus: by the user, in a shared prefix, in a materialised
//! answer, in the blocks of a trace.

use crate::payload::Role;
use crate::plan::{PlannedRequest, Population};
use crate::rng::index::request_index;
use crate::rng::{Component, Seed, Streams};
use crate::text::blocks::BlockTexts;
use crate::text::corpus::Corpus;
use crate::text::prompt::prompt;
use std::ops::Range;

/// One turn of a conversation, by whoever's it is.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Identity of the conversation's text.
    pub ordinal: u64,
    /// Number of the turn.
    pub turn: u32,
    /// Length.
    pub tokens: u32,
}

/// The texts of one population.
pub struct Texts {
    said: Streams,
    answered: Streams,
    blocks: Option<BlockTexts>,
}

impl Texts {
    /// Prepares the texts of a population; `words` is the number of lead words of blocks.
    pub fn new(seed: Seed, population: &Population, words: u32) -> Self {
        let streams = |component| Streams::in_population(seed, population.prefix(), component);
        let blocks = population.blocks().map(|(blocks, rows)| {
            let prefix = population.blocks_prefix();
            let streams = Streams::in_population(seed, prefix, Component::BlockCorpus);
            BlockTexts::new(blocks, rows, words, streams)
        });
        Self {
            said: streams(Component::PromptCorpus),
            answered: streams(Component::AnswerCorpus),
            blocks,
        }
    }

    /// Blocks that may share their first word with another.
    pub fn shared_leads(&self) -> u64 {
        self.blocks.as_ref().map_or(0, |blocks| blocks.shared_leads)
    }

    /// What a request says last, or alone. Here and below, `behind` says that the text stands
    /// behind another and begins with its space.
    pub fn of(
        &self,
        corpus: &Corpus,
        request: &PlannedRequest,
        population: &Population,
        behind: bool,
        out: &mut Vec<Range<u32>>,
    ) {
        match (&self.blocks, request.row, population.blocks()) {
            (Some(texts), Some(row), Some((blocks, _))) => {
                let ids = blocks.of_row(row);
                texts.prompt(corpus, ids, request.said_tokens, behind, out);
            }
            _ => {
                let turn = Turn {
                    ordinal: request.text_ordinal,
                    turn: request.turn,
                    tokens: request.said_tokens,
                };
                self.turn(corpus, Role::User, turn, behind, out);
            }
        }
    }

    /// What the user says in a turn, or what the server is taken to have answered.
    pub fn turn(
        &self,
        corpus: &Corpus,
        role: Role,
        turn: Turn,
        behind: bool,
        out: &mut Vec<Range<u32>>,
    ) {
        let streams = match role {
            Role::Assistant => &self.answered,
            Role::User | Role::System => &self.said,
        };
        let index = request_index(turn.turn.into(), turn.ordinal);
        prompt(corpus, &mut streams.stream(index), turn.tokens, behind, out);
    }

    /// A group's shared prefix.
    pub fn prefix(
        &self,
        corpus: &Corpus,
        population: &Population,
        group: u32,
        behind: bool,
        out: &mut Vec<Range<u32>>,
    ) {
        let prefixes = population.prefixes().expect("the request has a prefix");
        let (tokens, mut stream) = prefixes.text(group);
        prompt(corpus, &mut stream, tokens, behind, out);
    }
}
