//! Text that bodies share, placed in the blob once.

use crate::payload::{Element, Payload, parameters};
use crate::plan::{PlannedRequest, Population};
use crate::text::corpus::Corpus;
use schemas::error::WriteError;
use schemas::writer::{Segment, WorkloadWriter};
use std::collections::BTreeMap;

const ELEMENTS: usize = Element::ALL.len();

/// A text and where it lies in the blob; perhaps of no bytes, and then nowhere.
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
    /// A space, where no text brings one.
    pub space: Literal,
    /// By population.
    pub payloads: Vec<SharedPayload<'c>>,
}

/// Literals by what follows them: the number of an element.
type ByElement = [Option<Literal>; ELEMENTS];

/// What the bodies of one population share.
pub struct SharedPayload<'p> {
    payload: Payload<'p>,
    /// Whether texts follow one another in one string.
    pub joins_texts: bool,
    /// By model, then by adapter (none first), then by the first element.
    heads: Vec<Vec<ByElement>>,
    /// By the element before, then by the one behind.
    fences: [ByElement; ELEMENTS],
    /// By the last element: the fence behind it, where something that is not shared stands between
    /// that and the tail.
    closings: ByElement,
    /// Sampling parameters that all requests have: what every tail begins with, behind the fence.
    certain: Option<String>,
    /// By last element and output tokens; placed when first needed.
    tails: BTreeMap<(usize, u32), Literal>,
}

impl<'p> SharedPayload<'p> {
    /// Places heads, fences and closings.
    pub fn place(
        payload: Payload<'p>,
        population: &Population,
        writer: &mut WorkloadWriter,
    ) -> Result<Self, WriteError> {
        let elements = population.elements();
        let mut place = |text: &str| Literal::place(text, writer);
        let certain = population.certain_parameters().map(|certain| {
            let mut text = String::new();
            parameters::append(&certain, &mut text);
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
        Ok(Self {
            heads: heads(&payload, population, &elements, &mut place)?,
            joins_texts: payload.joins_texts(),
            fences,
            closings,
            certain,
            tails: BTreeMap::new(),
            payload,
        })
    }

    /// Places the tail that a request needs, if it is new.
    pub fn ensure_tail(
        &mut self,
        request: &PlannedRequest,
        writer: &mut WorkloadWriter,
    ) -> Result<(), WriteError> {
        let last = request.last_element();
        let key = (last.number(), request.output_tokens);
        if !self.tails.contains_key(&key) {
            let tail = self.payload.tail(request.output_tokens);
            let text = match &self.certain {
                Some(certain) => format!("{}{certain}{tail}", self.fence_behind(last)),
                None => tail,
            };
            self.tails.insert(key, Literal::place(&text, writer)?);
        }
        Ok(())
    }

    fn fence_behind(&self, last: Element) -> String {
        let fence = self.payload.fence(Some(last), None);
        fence.expect("the spec asks for bodies that the endpoint has")
    }

    /// The body up to its first element.
    pub fn head(&self, request: &PlannedRequest, first: Element) -> &Literal {
        let adapter = request.adapter.map_or(0, |adapter| adapter as usize + 1);
        known(&self.heads[request.model as usize][adapter], first)
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
        &self.tails[&(request.last_element().number(), request.output_tokens)]
    }
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

/// An adapter goes into the `model` field: that is how servers route to it.
fn heads(
    payload: &Payload,
    population: &Population,
    elements: &[Element],
    place: &mut dyn FnMut(&str) -> Result<Literal, WriteError>,
) -> Result<Vec<Vec<ByElement>>, WriteError> {
    let spec = population.spec;
    let firsts: Vec<Element> = elements
        .iter()
        .copied()
        .filter(|element| element.may_be_first())
        .collect();
    let mut heads = Vec::with_capacity(spec.models.list.len());
    for model in &spec.models.list {
        let adapters = spec.adapters.iter().map(|adapter| &*adapter.name);
        let mut of_model = Vec::new();
        for name in std::iter::once(&*model.name).chain(adapters) {
            let head = payload.head(name);
            of_model.push(by_element(&firsts, place, |first| {
                Some(format!("{head}{}", payload.fence(None, Some(first))?))
            })?);
        }
        heads.push(of_model);
    }
    Ok(heads)
}
