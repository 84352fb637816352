//! A data set as the content of a population's requests: which turn each of them sends, what stands
//! in it, and how many tokens that is.

use super::arrivals::Arrival;
use super::dataset::{Begin, Sampler, Taken, schedule};
use super::error::PlanError;
use super::lengths::Tokens;
use super::population::Population;
use super::request::{PlannedRequest, Start};
use crate::dataset::fit::Fitted;
use crate::dataset::{Content, Id, Raw, Said, Turn};
use crate::payload::{Element, Role};
use crate::rng::index::request_index;
use crate::rng::{Component, Seed, Streams};
use crate::samplers::Distribution;
use crate::spec::{Api, History, SetRef, default_length};
use schemas::layout::NONE_U32;

/// The data set of a population.
#[derive(Debug)]
pub struct Set<'s> {
    /// What was read.
    pub fitted: &'s Fitted,
    /// What the spec says of it.
    pub named: &'s SetRef,
    sampler: Sampler,
    delay: (Distribution, Streams),
    /// Of the longest conversation, counted in requests that stand alone.
    weight: u64,
}

/// What stands for an element in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Text(Id),
    /// Number of the medium.
    Image(u32),
    /// Number of the medium.
    Audio(u32),
}

impl<'s> Set<'s> {
    /// Prepares the data set of a population.
    pub fn new(
        named: &'s SetRef,
        fitted: &'s Fitted,
        seed: Seed,
        population: Option<&str>,
    ) -> Self {
        let set = &fitted.set;
        let count = set.conversations.len() as u64;
        let turns = set.conversations.iter().map(|c| c.turns.len() as u64);
        let turns = turns.max().unwrap_or(1);
        let delays = Streams::in_population(seed, population, Component::TurnDelay);
        Self {
            fitted,
            named,
            sampler: Sampler::new(named, count, &set.pools, seed, population),
            delay: (named.delay.clone(), delays),
            weight: match named.kind.accumulates() {
                true => turns * (turns + 1) / 2,
                false => turns,
            },
        }
    }

    /// Whether a turn has members of its own for its body.
    pub fn has_extra(&self) -> bool {
        let mut said = self.fitted.set.turns.iter().filter_map(said);
        said.any(|said| !said.extra.is_empty())
    }

    /// When conversations begin, where the data set says so.
    pub(super) fn schedule(&self) -> Result<Vec<Begin>, PlanError> {
        let begins = schedule(&self.fitted.set, &self.sampler)?;
        let later = begins.iter().any(|begin| begin.from > 0);
        if later && self.history() == Some(History::Live) {
            return Err(PlanError::Unfit {
                file: self.named.path.clone(),
                what: "later turns have times of their own, and `sessions.history: live` needs \
                       turns that follow one another",
                remedy: "write `delay` instead of `timestamp` there, or `history: materialised`",
            });
        }
        Ok(begins)
    }

    /// What earlier turns look like in a body; none where each request stands alone.
    pub fn history(&self) -> Option<History> {
        self.named.kind.accumulates().then_some(self.named.history)
    }

    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// Lengths of answers, if a turn needs one to be drawn: those of the spec, or else
    /// inference-perf's default.
    pub(super) fn drawn_output(&self) -> Option<Distribution> {
        let unsaid = |turn: &Turn| turn.output_tokens.is_none();
        let any = !self.named.kind.is_raw() && self.fitted.set.turns.iter().any(unsaid);
        let named = self.named.output.clone();
        any.then(|| named.unwrap_or_else(default_length))
    }

    /// Whether answers have a length that nobody has named.
    pub fn takes_default_output(&self) -> bool {
        self.named.output.is_none() && self.drawn_output().is_some()
    }

    /// Whether answers that nobody recorded are made up.
    pub(super) fn draws_answers(&self) -> bool {
        self.history() == Some(History::Materialised)
            && self.fitted.set.conversations.iter().any(|conversation| {
                let turns = conversation.turns.start..conversation.turns.end - 1;
                let turns = &self.fitted.set.turns[turns.start as usize..turns.end as usize];
                turns.iter().any(|turn| answer(turn).is_none())
            })
    }

    /// What is drawn from, but for lengths and made-up answers.
    pub(super) fn components(&self) -> Vec<Component> {
        let waits = self.fitted.set.conversations.iter().any(|conversation| {
            let turns = &conversation.turns;
            let later = &self.fitted.set.turns[turns.start as usize + 1..turns.end as usize];
            let unsaid = |turn: &Turn| turn.at_ns.is_none() && turn.delay_ns.is_none();
            later.iter().any(unsaid)
        });
        let waits = waits && self.delay.0.certain().is_none();
        let mut components = self.sampler.components();
        components.extend(waits.then_some(Component::TurnDelay));
        components
    }

    /// The turns that are joined into turn `turn` of the request: one, but of a pool one for each.
    pub fn turns(&self, request: &PlannedRequest, turn: u32) -> Vec<&'s Turn> {
        let set = &self.fitted.set;
        match request.set_turn {
            Some(first) => vec![&set.turns[(first + turn) as usize]],
            None => match self.sampler.take(request.ordinal) {
                Taken::Conversation(number) => vec![&set.turns_of(number)[turn as usize]],
                Taken::Parts(parts) => parts.iter().map(|p| &set.turns_of(*p)[0]).collect(),
            },
        }
    }

    /// Where a request comes from: the line of its turn, or of each part, and the file's own name
    /// for its session.
    pub fn origin(&self, request: &PlannedRequest) -> (String, Option<&'s str>) {
        let set = &self.fitted.set;
        let lines = self.turns(request, request.turn).into_iter();
        let lines: Vec<String> = lines.map(|turn| turn.line.to_string()).collect();
        let session = match self.sampler.take(request.ordinal) {
            Taken::Conversation(number) => set.conversations[number as usize].session_id.as_deref(),
            Taken::Parts(_) => None,
        };
        (lines.join(","), session)
    }

    /// What a request's turn of this number says, with the elements that it makes.
    pub fn held(&self, turns: &[&'s Turn], api: &Api) -> Vec<(Element, Held)> {
        let said: Vec<&Said> = turns.iter().filter_map(|turn| said(turn)).collect();
        let mut texts: Vec<_> = said.iter().flat_map(|said| &said.texts).collect();
        // By file name, passages come before queries.
        texts.sort_by_key(|text| !text.is_query);
        let images = said.iter().flat_map(|said| &said.images);
        let audios = said.iter().flat_map(|said| &said.audios);
        let mut held: Vec<Held> = texts.iter().map(|text| Held::Text(text.id)).collect();
        held.extend(images.map(|image| Held::Image(*image)));
        held.extend(audios.map(|audio| Held::Audio(*audio)));
        let parts = held.len() > 1 && (api.kind.has_messages() || api.lists_texts());
        let role = Role::User;
        let element = |(position, held): (usize, Held)| {
            let first = position == 0;
            let element = match held {
                Held::Text(_) if first => Element::Text { role, parts },
                Held::Text(_) if api.lists_texts() => Element::Document,
                Held::Text(_) => Element::MoreText,
                Held::Image(_) => Element::Image { first },
                Held::Audio(_) => Element::Audio { first },
            };
            (element, held)
        };
        held.into_iter().enumerate().map(element).collect()
    }
}

/// What a turn says, unless it is a whole body.
pub fn said(turn: &Turn) -> Option<&Said> {
    match &turn.content {
        Content::Said(said) => Some(said),
        Content::Raw(_) => None,
    }
}

/// The body that a turn is, if it is one.
pub fn raw(turn: &Turn) -> Option<&Raw> {
    match &turn.content {
        Content::Raw(raw) => Some(raw),
        Content::Said(_) => None,
    }
}

/// The recorded answer to a turn.
pub fn answer(turn: &Turn) -> Option<Id> {
    said(turn).and_then(|said| said.answer)
}

impl<'s> Population<'s> {
    /// Appends the turns that an arrival takes: all, or those of a schedule's `from` up to the next
    /// with a time of its own.
    pub(super) fn taken(
        &self,
        set: &Set<'s>,
        ordinal: u64,
        from: Option<u32>,
        arrival: &Arrival,
        start: Start,
        out: &mut Vec<PlannedRequest>,
    ) {
        let (first, count) = match set.sampler.take(ordinal) {
            Taken::Conversation(number) => {
                let turns = &set.fitted.set.conversations[number as usize].turns;
                (Some(turns.start), turns.len() as u32)
            }
            Taken::Parts(_) => (None, 1),
        };
        let mut history_tokens = 0_u32;
        for turn in 0..count {
            let index = request_index(turn.into(), ordinal);
            let own = first.map(|first| &set.fitted.set.turns[(first + turn) as usize]);
            let is_later = from.is_some_and(|from| turn > from);
            if is_later && own.is_some_and(|own| own.at_ns.is_some()) {
                break;
            }
            let start = match from.unwrap_or(0) == turn {
                true => self.begin_of(ordinal, turn, start),
                false => Start::AfterPrevious {
                    delay_ns: (own.and_then(|own| own.delay_ns))
                        .unwrap_or_else(|| set.delay.0.sample(&set.delay.1, index)),
                },
            };
            let mut request = self.request(ordinal, turn, arrival, start, NOTHING);
            request.set_turn = first;
            request.is_exceeded = false;
            self.fill(set, own, turn, &mut request);
            if count > 1 {
                request.session = Some((ordinal, turn));
            }
            request.key = from.map(|_| ordinal);
            // Where texts are joined, they are counted together with those that they repeat.
            let joined = first.and_then(|first| set.fitted.joined_tokens(first + turn));
            let alone = joined.map_or(request.said_tokens, |_| 0);
            if set.history().is_some() {
                request.add_tokens(history_tokens);
                let answered = own
                    .and_then(answer)
                    .filter(|_| set.named.history != History::Live);
                let answered = answered.map(|id| match joined {
                    Some(_) => 0,
                    None => set.fitted.set.texts.tokens(id),
                });
                history_tokens = history_tokens
                    .saturating_add(alone)
                    .saturating_add(answered.unwrap_or(request.output_tokens))
                    .saturating_add(self.allowance.message.saturating_mul(1 + request.messages));
            }
            if from.is_none_or(|from| turn >= from) {
                out.push(request);
            }
        }
    }

    /// When the first of some turns begins: not before the turn before it has ended.
    fn begin_of(&self, ordinal: u64, turn: u32, start: Start) -> Start {
        match start {
            Start::At { at_ns, .. } if turn > 0 => Start::At {
                at_ns,
                after: Some(ordinal),
            },
            start => start,
        }
    }

    /// Tokens of the answer to a turn of the request's conversation.
    pub fn set_output(&self, set: &Set<'s>, request: &PlannedRequest, turn: u32) -> u32 {
        let turns = set.turns(request, turn);
        let asked = turns.iter().find_map(|turn| turn.output_tokens);
        let index = request_index(turn.into(), request.ordinal);
        asked.unwrap_or_else(|| self.lengths.of(index, None).output)
    }

    /// What the data set says of a request.
    fn fill(&self, set: &Set<'s>, own: Option<&Turn>, turn: u32, request: &mut PlannedRequest) {
        let turns = set.turns(request, turn);
        if let Some(raw) = turns.first().and_then(|turn| raw(turn)) {
            request.input_tokens = raw.input_tokens;
            request.output_tokens = own.and_then(|own| own.output_tokens).unwrap_or(NONE_U32);
            return;
        }
        request.output_tokens = match self.spec.api.kind.generates() {
            true => self.set_output(set, request, turn),
            false => 0,
        };
        if let Some(model) = request
            .set_turn
            .and_then(|first| set.fitted.model(first + turn))
        {
            request.model = model;
        }
        let held = set.held(&turns, &self.spec.api);
        if let Some((last, _)) = held.last() {
            request.last = *last;
        }
        request.messages = turns
            .iter()
            .filter_map(|turn| said(turn))
            .map(|said| said.before.len() as u32)
            .sum::<u32>()
            + 1;
        request.said_tokens = self.set_tokens(set, request, &turns, turn, &held);
        request.add_tokens(request.said_tokens);
        let before = request.messages - 1;
        request.add_tokens(self.allowance.message.saturating_mul(before));
    }

    /// Tokens of a turn's messages.
    fn set_tokens(
        &self,
        set: &Set<'s>,
        request: &PlannedRequest,
        turns: &[&Turn],
        turn: u32,
        held: &[(Element, Held)],
    ) -> u32 {
        let fitted = set.fitted;
        let joined = request.set_turn.map(|first| first + turn);
        if let Some(tokens) = joined.and_then(|turn| fitted.joined_tokens(turn)) {
            return tokens;
        }
        let begins_body = turn == 0 || set.history().is_none();
        // The salt stands in front of whatever comes first; a prefix, of what the user says first;
        // everything, of a text that is joined to it.
        let salted = self.spec.data.front.salt && begins_body && self.front.messages() == 0;
        let joins = self.spec.api.kind.joins_texts() && self.front.messages() > 0;
        let prefixed = (request.pool_prefix.is_some() || joins) && begins_body;
        let before = turns.iter().filter_map(|turn| said(turn));
        let before: Vec<Id> = before
            .flat_map(|s| s.before.iter().map(|(_, id)| *id))
            .collect();
        let mut tokens = 0_u32;
        for (position, id) in before.iter().enumerate() {
            let is_behind = salted && position == 0;
            tokens = tokens.saturating_add(fitted.tokens(*id, is_behind));
        }
        for (position, (_, held)) in held.iter().enumerate() {
            let is_behind = position == 0 && (prefixed || (salted && before.is_empty()));
            if let Held::Text(id) = held {
                tokens = tokens.saturating_add(fitted.tokens(*id, is_behind));
            }
        }
        tokens
    }
}

/// Of a request whose texts a data set has.
const NOTHING: Tokens = Tokens {
    input: 0,
    output: 0,
};
