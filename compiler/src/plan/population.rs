//! One population: who sends, from its own draws only.

use super::arrivals::Arrival;
use super::cancellation::Cancellations;
use super::documents::Documents;
use super::error::PlanError;
use super::front::Front;
use super::lengths::{Lengths, Tokens};
use super::media::Media;
use super::prefixes::Prefixes;
use super::rows::Rows;
use super::sampling::Parameters;
use super::set::Set;
use super::stage::PlannedStage;
use super::timing::{Place, Timing};
use super::who::Who;
use crate::dataset::fit::Fitted;
use crate::payload::{Element, Role};
use crate::rng::index::request_index;
use crate::rng::{Component, Seed, Streams};
use crate::samplers::Distribution;
use crate::spec::{self, History, Load, TemplateOverhead};
use std::sync::Arc;
use traces::{Blocks, Trace, servegen};

/// The traces that one population of the spec names, read.
#[derive(Debug, Default)]
pub struct PopulationTraces {
    /// The one whose times are replayed.
    pub replayed: Option<Replayed>,
    /// The one that gives lengths only.
    pub lengths: Option<Arc<Trace>>,
    /// Its data set.
    pub set: Option<Fitted>,
}

/// A trace whose times are replayed; populations that name the same file share it.
#[derive(Clone, Debug)]
pub enum Replayed {
    /// One request for each row.
    Rows(Arc<Trace>),
    /// A population of clients.
    Clients(Arc<servegen::Population>),
}

/// Conversations of drawn length.
pub(super) struct Conversations {
    pub turns: (Distribution, Streams),
    pub delay: (Distribution, Streams),
    /// Of a conversation of mean length, counted in requests that stand alone: each turn repeats
    /// the turns before it.
    weight: u64,
}

/// One population, decided.
pub struct Population<'s> {
    pub(super) number: u32,
    /// What stands in front of its identifiers; the first population has nothing there.
    pub(super) prefix: Option<&'s str>,
    /// What the spec says of it.
    pub spec: &'s spec::Population,
    pub(super) timing: Timing<'s>,
    pub(super) lengths: Lengths,
    pub(super) allowance: TemplateOverhead,
    /// What stands in front of each conversation.
    pub front: Front,
    pub(super) documents: Option<Documents>,
    /// The images and clips of its requests.
    pub media: Media,
    pub(super) who: Who,
    pub(super) parameters: Parameters,
    pub(super) conversations: Option<Conversations>,
    pub(super) think_time: Option<(Vec<(u32, Distribution)>, Streams)>,
    pub(super) prefixes: Option<Prefixes>,
    pub(super) cancellations: Option<Cancellations>,
    /// What stands in front of the identifier that its blocks' texts are drawn from.
    pub(super) blocks_prefix: Option<&'s str>,
    /// Sessions in one pass of the trace.
    pub(super) trace_sessions: u64,
    /// What is sent, where a data set says so.
    pub set: Option<Set<'s>>,
    /// Rows that another trace gives lengths from, and what it leaves out.
    pub length_rows: Option<Rows<'s>>,
}

impl<'s> Population<'s> {
    /// Prepares the population with this number; appends its stages to `stages`.
    pub(super) fn new(
        number: u32,
        spec: &'s spec::Population,
        seed: Seed,
        allowance: TemplateOverhead,
        traces: &'s PopulationTraces,
        stages: &mut Vec<PlannedStage>,
    ) -> Result<Self, PlanError> {
        let prefix = spec.name.as_deref().filter(|_| number > 0);
        let streams = |component| Streams::in_population(seed, prefix, component);
        let place = Place {
            seed,
            prefix,
            name: spec.name.as_deref(),
            stages,
        };
        let set = match (&spec.data.set, &traces.set) {
            (Some(named), Some(fitted)) => Some(Set::new(named, fitted, seed, prefix)),
            _ => None,
        };
        let timing = Timing::new(spec, traces, set.as_ref(), place)?;
        let length_rows = match (&spec.data.lengths, &traces.lengths) {
            (spec::Lengths::FromOtherTrace(named), Some(trace)) => {
                Some(Rows::select(named, trace, seed, prefix)?)
            }
            _ => None,
        };
        let trace_sessions = timing.sessions();
        if let (Load::Trace { trace, .. }, Some(_), 1..) =
            (&spec.load, &spec.sessions, trace_sessions)
        {
            return Err(PlanError::Unfit {
                file: trace.file.clone(),
                what: "the trace brings its own conversations, and `sessions` would make others",
                remedy: "remove `sessions`",
            });
        }
        let mut population = Self {
            number,
            prefix,
            spec,
            lengths: Lengths::new(spec, length_rows.as_ref(), set.as_ref(), seed, prefix),
            allowance: TemplateOverhead {
                // Where all texts are one string, no message is put around any.
                message: if spec.api.kind.joins_texts() {
                    0
                } else {
                    allowance.message
                },
                ..allowance
            },
            front: Front::new(&spec.data.front, seed, prefix),
            documents: (spec.data.documents.as_ref())
                .map(|documents| Documents::new(documents, seed, prefix)),
            media: Media::new(&spec.data, seed, prefix),
            who: Who::new(&spec.models, &spec.adapters, seed, prefix),
            parameters: Parameters::new(&spec.sampling, seed, prefix),
            conversations: spec.sessions.as_ref().map(|sessions| {
                let turns = libm::ceil(sessions.turns.mean()) as u64;
                Conversations {
                    turns: (sessions.turns.clone(), streams(Component::TurnCount)),
                    delay: (sessions.delay.clone(), streams(Component::TurnDelay)),
                    weight: turns * (turns + 1) / 2,
                }
            }),
            think_time: think_times(spec, stages.len())
                .map(|times| (times, streams(Component::ThinkTime))),
            prefixes: (spec.data.shared_prefix.as_ref())
                .map(|shared| Prefixes::new(shared, seed, prefix)),
            cancellations: None,
            trace_sessions,
            blocks_prefix: prefix,
            timing,
            length_rows,
            set,
        };
        if let Some(cancellation) = &spec.cancellation {
            let made = Cancellations::new(cancellation, seed, prefix, || population.indices());
            population.cancellations = Some(made);
        }
        Ok(population)
    }

    /// Its arrivals in order of time.
    pub fn arrivals(&self) -> Box<dyn Iterator<Item = Arrival> + '_> {
        self.timing.arrivals()
    }

    pub(super) fn expected_arrivals(&self) -> u64 {
        self.timing.expected()
    }

    /// Lengths of an earlier turn of a conversation, for its history.
    pub fn turn_tokens(&self, text_ordinal: u64, turn: u32) -> Tokens {
        let asked = self
            .lengths
            .of(request_index(turn.into(), text_ordinal), None);
        self.said(asked, turn)
    }

    /// What is said in a turn that is to have so many tokens at the server.
    pub(super) fn said(&self, asked: Tokens, turn: u32) -> Tokens {
        Tokens {
            input: self.allowance.left(asked.input, turn == 0),
            ..asked
        }
    }

    /// What earlier turns look like in the body; none where each request stands alone.
    pub fn history(&self) -> Option<History> {
        if let Some(set) = &self.set {
            return set.history();
        }
        match (&self.spec.sessions, &self.prefixes) {
            (Some(sessions), _) => Some(sessions.history),
            (None, Some(prefixes)) if prefixes.conversations() => Some(History::Materialised),
            _ => None,
        }
    }

    /// Whether its bodies are a data set's, sent as they are.
    pub fn is_raw(&self) -> bool {
        let set = self.spec.data.set.as_ref();
        set.is_some_and(|set| set.kind.is_raw())
    }

    /// What its bodies may be made of.
    pub fn elements(&self) -> Vec<Element> {
        if self.set.is_some() {
            return Element::ALL.to_vec();
        }
        let mut elements = vec![Element::text(Role::User)];
        if self.documents.is_some() {
            elements.extend([Element::parts(Role::User), Element::Document]);
        }
        if self.media.images.is_some() || self.media.audio.is_some() {
            let media = [
                Element::Image { first: false },
                Element::Audio { first: false },
            ];
            elements.push(Element::parts(Role::User));
            elements.extend(media);
        }
        if self.prefixes.is_some() || self.front.has_system() {
            elements.push(Element::text(Role::System));
        }
        if self.history().is_some() {
            elements.push(Element::text(Role::Assistant));
        }
        elements
    }

    /// How much is made of an arrival, in requests that stand alone.
    pub fn weight(&self, arrival: &Arrival) -> u64 {
        if let Some(set) = &self.set {
            return arrival.requests().saturating_mul(set.weight());
        }
        match (&self.conversations, &self.prefixes) {
            (Some(conversations), _) => arrival.requests().saturating_mul(conversations.weight),
            (None, Some(prefixes)) => u64::from(prefixes.place(arrival.ordinal).turn) + 1,
            (None, None) => arrival.requests(),
        }
    }

    /// What stands in front of the identifier that its blocks' texts are drawn from: equal ids of
    /// one file are equal text, whoever sends them.
    pub fn blocks_prefix(&self) -> Option<&'s str> {
        self.blocks_prefix
    }

    /// Its place among all populations.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// What stands in front of the population's identifiers.
    pub fn prefix(&self) -> Option<&'s str> {
        self.prefix
    }

    /// The documents of its requests, if they have any.
    pub fn documents(&self) -> Option<&Documents> {
        self.documents.as_ref()
    }

    /// The shared prefixes, if there are any.
    pub fn prefixes(&self) -> Option<&Prefixes> {
        self.prefixes.as_ref()
    }

    /// Values of the sampling parameters, if every request has the same and no further fields.
    pub fn certain_parameters(&self) -> Option<super::sampling::Sampled> {
        let own = self.set.as_ref().is_some_and(Set::has_extra)
            || matches!(self.timing, Timing::Audit(..));
        self.parameters.certain().filter(|_| !own)
    }

    /// The rows that are replayed.
    pub fn rows(&self) -> Option<&Rows<'s>> {
        match &self.timing {
            Timing::Rows(rows, _) => Some(rows),
            _ => None,
        }
    }

    /// Whether both send the blocks of one file.
    pub(super) fn replays_the_blocks_of(&self, other: &Self) -> bool {
        let file = |population: &Self| {
            population.blocks()?;
            Some(population.rows()?.trace().sha256)
        };
        file(self).is_some() && file(self) == file(other)
    }

    /// The blocks that prompts are made of, and the number of rows that have them.
    pub fn blocks(&self) -> Option<(&'s Blocks, u32)> {
        let trace = self.rows()?.trace();
        let blocks = trace.columns.blocks.as_ref()?;
        let rows = trace.accounting.rows_read as u32;
        matches!(self.lengths, Lengths::Row).then_some((blocks, rows))
    }

    /// How many keys requests can wait under.
    pub fn link_slots(&self) -> usize {
        match (&self.timing, &self.prefixes) {
            (_, Some(prefixes)) if prefixes.conversations() => prefixes.prompts() as usize,
            (Timing::Schedule(begins, _), _) => begins.len(),
            (Timing::Rows(rows, _), _) => rows.trace().columns.sessions.len(),
            _ => 0,
        }
    }

    /// The stream indices of all its requests.
    fn indices(&self) -> impl Iterator<Item = u64> + '_ {
        self.arrivals().flat_map(move |arrival| {
            let mut requests = Vec::new();
            self.requests(&arrival, &mut requests);
            requests.into_iter().map(|request| request.index())
        })
    }

    /// Every identifier that it draws from.
    pub(super) fn drawn_from(&self) -> Vec<String> {
        let mut components = self.timing.components();
        components.extend(self.lengths.components());
        let sampled = self.length_rows.as_ref().is_some_and(Rows::is_sampled);
        components.extend(sampled.then_some(Component::SamplerRows));
        components.extend(self.who.components());
        components.extend(self.parameters.components());
        let uncertain = |distribution: &Distribution| distribution.certain().is_none();
        if let Some(conversations) = &self.conversations {
            let drawn = [
                (&conversations.turns.0, Component::TurnCount),
                (&conversations.delay.0, Component::TurnDelay),
            ];
            let drawn = drawn.into_iter().filter(|(d, _)| uncertain(d));
            components.extend(drawn.map(|(_, component)| component));
        }
        if let Some((times, _)) = &self.think_time
            && times.iter().any(|(_, think)| uncertain(think))
        {
            components.push(Component::ThinkTime);
        }
        if self
            .cancellations
            .as_ref()
            .is_some_and(Cancellations::draws)
        {
            components.push(Component::Cancellation);
        }
        components.extend(self.front.components());
        components.extend(self.media.components());
        let documents = self.documents.as_ref();
        components.extend(documents.into_iter().flat_map(Documents::components));
        if let Some(prefixes) = &self.prefixes {
            components.push(Component::PrefixCorpus);
            components.extend((prefixes.prompts() > 1).then_some(Component::SamplerShuffle));
        }
        let materialised = match &self.set {
            Some(set) => set.draws_answers(),
            None => self.history() == Some(History::Materialised),
        };
        components.extend(materialised.then_some(Component::AnswerCorpus));
        if let Some(set) = &self.set {
            components.extend(set.components());
        }
        let text = match self.blocks() {
            _ if self.set.is_some() => None,
            Some(_) => Some(Component::BlockCorpus.name_in(self.blocks_prefix)),
            None => Some(Component::PromptCorpus.name_in(self.prefix)),
        };
        let components = components.into_iter();
        let mut names: Vec<String> = components.map(|c| c.name_in(self.prefix)).collect();
        names.extend(text);
        names
    }
}

/// Think times by stage, where the load is one of users; its stages are the last in the plan.
fn think_times(spec: &spec::Population, stages: usize) -> Option<Vec<(u32, Distribution)>> {
    let Load::Users { stages: users, .. } = &spec.load else {
        return None;
    };
    let first = stages - users.len();
    let of_stage =
        |(i, stage): (usize, &spec::UserStage)| ((first + i) as u32, stage.think_time.clone());
    Some(users.iter().enumerate().map(of_stage).collect())
}
