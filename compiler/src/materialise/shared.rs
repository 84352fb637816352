//! Text that bodies share, placed in the blob once.

use super::MediaPools;
use super::data::Data;
use super::heads::{self, Heads};
use crate::media::{Media, Reference};
use crate::payload::{Element, Payload};
use crate::plan::sampling::Sampled;
use crate::plan::{PlannedRequest, Population};
use crate::spec;
use schemas::error::WriteError;
use schemas::writer::{Segment, WorkloadWriter};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const ELEMENTS: usize = Element::ALL.len();

/// A text and where it lies in the blob; perhaps of no bytes, and then nowhere.
#[derive(Clone, Debug)]
pub struct Literal {
    pub bytes: Arc<[u8]>,
    pub at: Segment,
}

impl Literal {
    /// Places a text in the blob.
    pub fn place(text: &str, writer: &mut WorkloadWriter) -> Result<Self, WriteError> {
        let at = writer.blob(text.as_bytes())?;
        let bytes = text.as_bytes().into();
        Ok(Self { bytes, at })
    }
}

/// What all bodies of a workload share.
pub struct Shared<'c> {
    /// The salt slot, if a population has one.
    pub salt: Option<Literal>,
    /// A space, where no text brings one.
    pub space: Literal,
    /// By population.
    pub payloads: Vec<SharedPayload<'c>>,
}

/// Literals by what follows them: the number of an element.
type ByElement = [Option<Literal>; ELEMENTS];

/// What a tail depends on: the model and the adapter, the number of the last element, and the
/// tokens asked for.
type TailKey = (Option<(u32, Option<u32>)>, usize, u32);

/// What the bodies of one population share.
pub struct SharedPayload<'p> {
    pub payload: Payload<'p>,
    /// What of its data set is in the blob.
    pub data: Data,
    /// The media that its data set names.
    references: &'p [Reference],
    spec: &'p spec::Population,
    /// Whether texts follow one another in one string.
    pub joins_texts: bool,
    /// Whether bodies have a salt slot.
    pub is_salted: bool,
    /// The pool of images.
    pub images: Vec<Literal>,
    /// The pool of audio clips.
    pub clips: Vec<Literal>,
    heads: Heads,
    /// Whether a head says how many tokens are asked for.
    head_says_tokens: bool,
    /// Numbers of tokens asked for, where a head says them.
    numbers: BTreeMap<u32, Literal>,
    /// By the element before, then by the one behind.
    fences: [ByElement; ELEMENTS],
    /// By the last element: the fence behind it, where something that is not shared stands between
    /// that and the tail.
    closings: ByElement,
    /// Sampling parameters that all requests have: what every tail begins with, behind the fence.
    certain: Option<String>,
    /// By model, where the tail names it, last element and output tokens; placed when first needed.
    tails: BTreeMap<TailKey, Literal>,
}

impl<'p> SharedPayload<'p> {
    /// Places heads, fences and closings.
    pub fn place(
        payload: Payload<'p>,
        population: &Population<'p>,
        media: &'p MediaPools,
        writer: &mut WorkloadWriter,
    ) -> Result<Self, WriteError> {
        let elements = population.elements();
        let mut place = |text: &str| Literal::place(text, writer);
        let images = placed_media(&media.images.media, &mut place, |image| {
            payload.image(image.mime, &image.base64)
        })?;
        let clips = placed_media(&media.audio.media, &mut place, |clip| {
            payload.audio(clip.format(), &clip.base64)
        })?;
        let certain = population.certain_parameters().map(|certain| {
            let mut text = String::new();
            payload.append_parameters(&certain, &mut text);
            text
        });
        let mut fences = [const { [const { None }; ELEMENTS] }; ELEMENTS];
        for &previous in &elements {
            fences[previous.number()] = by_element(&elements, &mut place, |next| {
                payload.fence(Some(previous), Some(next))
            })?;
        }
        let closings = match certain {
            Some(_) => [const { None }; ELEMENTS],
            None => by_element(&elements, &mut place, |last| {
                payload.fence(Some(last), None)
            })?,
        };
        let heads = heads::place(&payload, population, &elements, &mut place)?;
        Ok(Self {
            data: Data::default(),
            references: &media.named,
            is_salted: population.spec.data.front.salt,
            images,
            clips,
            head_says_tokens: heads
                .iter()
                .flatten()
                .flatten()
                .flatten()
                .any(|head| head.len() > 1),
            heads,
            numbers: BTreeMap::new(),
            spec: population.spec,
            joins_texts: payload.joins_texts(),
            fences,
            closings,
            certain,
            tails: BTreeMap::new(),
            payload,
        })
    }

    /// Places what a request needs and no other had, if there is something.
    pub fn ensure(
        &mut self,
        request: &PlannedRequest,
        population: &Population,
        writer: &mut WorkloadWriter,
    ) -> Result<(), WriteError> {
        if let Some(set) = &population.set {
            let (payload, references) = (self.payload, self.references);
            self.data
                .ensure(set, request, &payload, references, writer)?;
            if population.is_raw() {
                return Ok(());
            }
        }
        let tokens = request.output_tokens;
        if self.head_says_tokens && !self.numbers.contains_key(&tokens) {
            let number = Literal::place(&tokens.to_string(), writer)?;
            self.numbers.insert(tokens, number);
        }
        let key = self.tail_key(request);
        if !self.tails.contains_key(&key) {
            let tail = self.payload.tail(self.model(request), tokens);
            let text = match &self.certain {
                Some(certain) => {
                    let fence = self.fence_behind(request.last);
                    format!("{fence}{certain}{tail}")
                }
                None => tail,
            };
            self.tails.insert(key, Literal::place(&text, writer)?);
        }
        Ok(())
    }

    /// The name that the request gives as its model.
    fn model(&self, request: &PlannedRequest) -> &'p str {
        match request.adapter {
            Some(adapter) => &self.spec.adapters[adapter as usize].name,
            None => &self.spec.models.list[request.model as usize].name,
        }
    }

    fn tail_key(&self, request: &PlannedRequest) -> TailKey {
        let named = (request.model, request.adapter);
        let named = self.payload.tail_names_model().then_some(named);
        (named, request.last.number(), request.output_tokens)
    }

    /// Appends sampling parameters, each with a comma in front.
    pub fn append_parameters(&self, sampled: &Sampled, out: &mut String) {
        self.payload.append_parameters(sampled, out);
    }

    fn fence_behind(&self, last: Element) -> String {
        let fence = self.payload.fence(Some(last), None);
        fence.expect("the spec asks for bodies that the endpoint has")
    }

    /// The body up to its first element.
    pub fn head(&self, request: &PlannedRequest, first: Element) -> impl Iterator<Item = &Literal> {
        let adapter = request.adapter.map_or(0, |adapter| adapter as usize + 1);
        let head = self.heads[request.model as usize][adapter][first.number()].as_ref();
        let head = head.expect("the spec asks for bodies that the endpoint has");
        let tokens = request.output_tokens;
        head.iter().enumerate().flat_map(move |(i, piece)| {
            let number = (i > 0).then(|| &self.numbers[&tokens]);
            number.into_iter().chain(piece)
        })
    }

    /// What stands between two elements.
    pub fn fence(&self, previous: Element, next: Element) -> &Literal {
        known(&self.fences[previous.number()], next)
    }

    /// What stands behind the last element where the parameters are the request's own; none where
    /// they are part of the tail.
    pub fn closing(&self, last: Element) -> Option<&Literal> {
        self.certain.is_none().then(|| known(&self.closings, last))
    }

    /// The end of a body.
    pub fn tail(&self, request: &PlannedRequest) -> &Literal {
        &self.tails[&self.tail_key(request)]
    }
}

/// Places a pool, equal media once.
fn placed_media(
    pool: &[Media],
    place: &mut dyn FnMut(&str) -> Result<Literal, WriteError>,
    text: impl Fn(&Media) -> String,
) -> Result<Vec<Literal>, WriteError> {
    let mut known: BTreeMap<[u8; 32], Literal> = BTreeMap::new();
    let mut placed = Vec::with_capacity(pool.len());
    for media in pool {
        let literal = match known.get(&media.sha256) {
            Some(literal) => literal.clone(),
            None => place(&text(media))?,
        };
        known.insert(media.sha256, literal.clone());
        placed.push(literal);
    }
    Ok(placed)
}

fn known(literals: &ByElement, element: Element) -> &Literal {
    let literal = literals[element.number()].as_ref();
    literal.expect("the spec asks for bodies that the endpoint has")
}

/// Places what `text` says for each element.
fn by_element(
    elements: &[Element],
    place: &mut dyn FnMut(&str) -> Result<Literal, WriteError>,
    text: impl Fn(Element) -> Option<String>,
) -> Result<ByElement, WriteError> {
    let mut literals = [const { None }; ELEMENTS];
    for &element in elements {
        let literal = text(element).map(|text| place(&text));
        literals[element.number()] = literal.transpose()?;
    }
    Ok(literals)
}
