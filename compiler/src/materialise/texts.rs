//! What is said, with the exact number of tokens: by the user, in front of a conversation, in a
//! materialised answer, in the blocks of a trace.

use super::error::MakeError;
use crate::payload::Role;
use crate::plan::{PlannedRequest, Population};
use crate::rng::index::request_index;
use crate::rng::{Component, Seed, Stream, Streams};
use crate::text::blocks::BlockTexts;
use crate::text::corpora::Corpora;
use crate::text::prompt::Place;
use crate::text::source::{Source, TextOut};
use crate::text::unique::{lead_words, unique_lead};
use schemas::writer::Segment;
use std::sync::Arc;

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
    source: Source,
    /// Where the source's text lies in the blob.
    pub source_at: Segment,
    said: Streams,
    answered: Streams,
    blocks: Option<BlockTexts>,
    lead: Option<Lead>,
}

/// What makes the beginning of each conversation unlike every other's.
struct Lead {
    words: Arc<[String]>,
    /// Words of each lead.
    count: u32,
    /// Populations, and the number of this one among them.
    of_populations: (u64, u64),
}

impl Texts {
    /// Prepares the texts of a population, one of `populations`, whose corpus lies at `source_at`.
    pub fn new(
        seed: Seed,
        population: &Population,
        populations: usize,
        corpora: &Corpora,
        source_at: Segment,
    ) -> Self {
        let (_, source) = corpora
            .all()
            .nth(corpora.of(population.number()))
            .expect("every population has a corpus");
        let streams = |component| Streams::in_population(seed, population.prefix(), component);
        let blocks = population.blocks().map(|(blocks, rows)| {
            let prefix = population.blocks_prefix();
            let streams = Streams::in_population(seed, prefix, Component::BlockCorpus);
            BlockTexts::new(blocks, rows, corpora.words.len() as u32, streams)
        });
        let lead = population.spec.data.unique.then(|| {
            let identities = crate::rng::index::MAX_ORDINALS * populations as u64;
            Lead {
                words: Arc::clone(&corpora.words),
                count: lead_words(identities, corpora.words.len()),
                of_populations: (populations as u64, population.number().into()),
            }
        });
        Self {
            source: source.clone(),
            source_at,
            said: streams(Component::PromptCorpus),
            answered: streams(Component::AnswerCorpus),
            blocks,
            lead,
        }
    }

    /// The text that cuts of the corpus point into, escaped for JSON.
    pub fn source_text(&self) -> &str {
        self.source.text()
    }

    /// Blocks that may share their first word with another.
    pub fn shared_leads(&self) -> u64 {
        self.blocks.as_ref().map_or(0, |blocks| blocks.shared_leads)
    }

    /// What a request says last, or alone.
    pub fn of(
        &self,
        request: &PlannedRequest,
        population: &Population,
        place: Place,
        out: &mut TextOut,
    ) -> Result<(), MakeError> {
        match (&self.blocks, request.row, population.blocks()) {
            (Some(texts), Some(row), Some((blocks, _))) => {
                let Source::Words(corpus) = &self.source else {
                    unreachable!("the spec has blocks made of words only");
                };
                let ids = blocks.of_row(row);
                texts.prompt(corpus, ids, request.said_tokens, place, out);
                Ok(())
            }
            _ => {
                let turn = Turn {
                    ordinal: request.text_ordinal,
                    turn: request.turn,
                    tokens: request.said_tokens,
                };
                self.turn(Role::User, turn, place, out)
            }
        }
    }

    /// What the user says in a turn, or what the server is taken to have answered.
    pub fn turn(
        &self,
        role: Role,
        turn: Turn,
        place: Place,
        out: &mut TextOut,
    ) -> Result<(), MakeError> {
        let streams = match role {
            Role::Assistant => &self.answered,
            Role::User | Role::System => &self.said,
        };
        let mut stream = streams.stream(request_index(turn.turn.into(), turn.ordinal));
        match &self.lead {
            Some(lead) if role == Role::User && turn.turn == 0 => {
                let tokens = lead.append(turn.ordinal, turn.tokens, place, out)?;
                self.drawn(tokens, &mut stream, Place::Behind, out)
            }
            _ => self.drawn(turn.tokens, &mut stream, place, out),
        }
    }

    /// A text of so many tokens, from where its stream has got to.
    pub fn drawn(
        &self,
        tokens: u32,
        stream: &mut Stream,
        place: Place,
        out: &mut TextOut,
    ) -> Result<(), MakeError> {
        Ok(self.source.append(stream, tokens, place, out)?)
    }
}

impl Lead {
    /// Appends the lead of the conversation `ordinal`; gives the tokens that are left.
    fn append(
        &self,
        ordinal: u64,
        tokens: u32,
        place: Place,
        out: &mut TextOut,
    ) -> Result<u32, MakeError> {
        let Some(left) = tokens.checked_sub(self.count) else {
            let lead = self.count;
            return Err(MakeError::TooShortToBeUnique { tokens, lead });
        };
        let (populations, number) = self.of_populations;
        let identity = ordinal * populations + number;
        unique_lead(identity, self.count, &self.words, place, out);
        Ok(left)
    }
}
