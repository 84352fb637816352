//! Text that bodies share, placed in the blob once.

use crate::payload::{Payload, Role, parameters};
use crate::plan::{PlannedRequest, Population};
use crate::text::corpus::Corpus;
use schemas::error::WriteError;
use schemas::writer::{Segment, WorkloadWriter};
use std::collections::BTreeMap;

/// A text and where it lies in the blob.
#[derive(Clone, Debug)]
pub struct Literal {
    pub bytes: Vec<u8>,
    pub at: Segment,
}

impl Literal {
    /// Places a text in the blob.
    pub fn place(text: &str, writer: &mut WorkloadWriter) -> Result<Self, WriteError> {
        let bytes = text.as_bytes().to_vec();
        let at = writer.blob(&bytes)?;
        Ok(Self { bytes, at })
    }
}

/// What all bodies of a workload share.
pub struct Shared<'c> {
    pub corpus: &'c Corpus,
    pub corpus_at: Segment,
    /// By population.
    pub payloads: Vec<SharedPayload<'c>>,
}

/// What the bodies of one population share.
pub struct SharedPayload<'p> {
    payload: Payload<'p>,
    /// By model, then by adapter (none first), then by role.
    heads: Vec<Vec<Vec<Literal>>>,
    betweens: Vec<Literal>,
    /// The closing, where something that is not shared stands between it and the tail.
    closing: Literal,
    /// Closing, certain parameters, or neither: what every tail begins with.
    tail_begin: String,
    /// Whether sampling parameters differ between requests.
    pub own_parameters: bool,
    /// By output tokens; placed when first needed.
    tails: BTreeMap<u32, Literal>,
}

impl<'p> SharedPayload<'p> {
    /// Places heads, betweens and the closing.
    pub fn place(
        payload: Payload<'p>,
        population: &Population,
        writer: &mut WorkloadWriter,
    ) -> Result<Self, WriteError> {
        let certain = population.certain_parameters();
        let mut tail_begin = String::new();
        if let Some(certain) = &certain {
            tail_begin += payload.closing();
            parameters::append(certain, &mut tail_begin);
        }
        let mut place = |text: &str| Literal::place(text, writer);
        Ok(Self {
            heads: heads(&payload, population, &mut place)?,
            betweens: Role::ALL
                .into_iter()
                .map(|role| place(payload.between(role)))
                .collect::<Result<_, _>>()?,
            closing: place(payload.closing())?,
            payload,
            tail_begin,
            own_parameters: certain.is_none(),
            tails: BTreeMap::new(),
        })
    }

    /// Places the tail that a request needs, if it is new.
    pub fn ensure_tail(
        &mut self,
        output_tokens: u32,
        writer: &mut WorkloadWriter,
    ) -> Result<(), WriteError> {
        if !self.tails.contains_key(&output_tokens) {
            let text = format!("{}{}", self.tail_begin, self.payload.tail(output_tokens));
            let tail = Literal::place(&text, writer)?;
            self.tails.insert(output_tokens, tail);
        }
        Ok(())
    }

    /// The body up to its first text, which `role` says.
    pub fn head(&self, request: &PlannedRequest, role: Role) -> &Literal {
        let adapter = request.adapter.map_or(0, |adapter| adapter as usize + 1);
        &self.heads[request.model as usize][adapter][role as usize]
    }

    /// What stands before a further text.
    pub fn between(&self, role: Role) -> &Literal {
        &self.betweens[role as usize]
    }

    /// What closes the last text where own parameters follow.
    pub fn closing(&self) -> &Literal {
        &self.closing
    }

    /// The end of a body.
    pub fn tail(&self, output_tokens: u32) -> &Literal {
        &self.tails[&output_tokens]
    }
}

/// An adapter goes into the `model` field: that is how servers route to it.
fn heads(
    payload: &Payload,
    population: &Population,
    place: &mut dyn FnMut(&str) -> Result<Literal, WriteError>,
) -> Result<Vec<Vec<Vec<Literal>>>, WriteError> {
    let spec = population.spec;
    // Of a conversation the first text may be the system's; no other body begins with it.
    let roles = Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Assistant);
    let roles: Vec<Role> = roles.collect();
    let mut heads = Vec::with_capacity(spec.models.list.len());
    for model in &spec.models.list {
        let adapters = spec.adapters.iter().map(|adapter| &*adapter.name);
        let mut of_model = Vec::new();
        for name in std::iter::once(&*model.name).chain(adapters) {
            let texts = roles.iter().map(|role| payload.head(name, *role));
            let placed = texts.map(|text| place(&text)).collect::<Result<_, _>>()?;
            of_model.push(placed);
        }
        heads.push(of_model);
    }
    Ok(heads)
}
