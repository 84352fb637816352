//! The body of one request: a rope over the blob, and its digest.

use super::shared::{Literal, Shared, SharedPayload};
use super::texts::{Texts, Turn};
use crate::payload::{Element, Role, parameters};
use crate::plan::{PlannedRequest, Population};
use crate::spec::History;
use schemas::leaf::{BodyDigest, BodyHasher};
use schemas::writer::Segment;
use std::ops::Range;

/// Bodies that are being made on one thread, one after the other.
#[derive(Default)]
pub struct Bodies {
    /// Segments of all bodies.
    pub segments: Vec<Segment>,
    /// Text that only one body has; the segments in `own` point into it.
    pub own_text: String,
    /// Which segments count from the begin of `own_text` instead of that of the blob.
    pub own: Vec<usize>,
    rope: Vec<Range<u32>>,
}

/// A body in the making.
struct Body<'b, 's> {
    bodies: &'b mut Bodies,
    hasher: BodyHasher,
    request: &'b PlannedRequest,
    population: &'b Population<'s>,
    texts: &'b Texts,
    shared: &'b Shared<'s>,
    payload: &'b SharedPayload<'s>,
    /// The element that was made last.
    previous: Option<Element>,
}

impl Bodies {
    /// Appends the body of `request`, which has the index `index` in the file.
    pub fn make(
        &mut self,
        request: &PlannedRequest,
        index: u64,
        population: &Population,
        texts: &Texts,
        shared: &Shared,
    ) -> BodyDigest {
        let mut body = Body {
            bodies: self,
            hasher: BodyHasher::default(),
            request,
            population,
            texts,
            shared,
            payload: &shared.payloads[request.population as usize],
            previous: None,
        };
        body.front();
        body.turns(index);
        body.end();
        body.hasher.finish()
    }
}

impl Body<'_, '_> {
    /// What stands in front of a conversation.
    fn front(&mut self) {
        if let Some(group) = self.request.prefix {
            let behind = self.begin(Element::text(Role::System));
            let (corpus, population) = (self.shared.corpus, self.population);
            self.texts
                .prefix(corpus, population, group, behind, rope(self.bodies));
            self.corpus();
        }
    }

    /// Earlier turns, if they are repeated, and what is said last.
    fn turns(&mut self, index: u64) {
        let (request, population) = (self.request, self.population);
        let history = population.history().filter(|_| request.turn > 0);
        for turn in 0..history.map_or(0, |_| request.turn) {
            let tokens = population.turn_tokens(request.text_ordinal, turn);
            let of = |tokens| Turn {
                ordinal: request.text_ordinal,
                turn,
                tokens,
            };
            self.turn(Role::User, of(tokens.input));
            match history {
                // The turns of a conversation stand one behind the other.
                Some(History::Live) => self.answer_to(index - u64::from(request.turn - turn)),
                _ => self.turn(Role::Assistant, of(tokens.output)),
            }
        }
        let behind = self.begin(Element::text(Role::User));
        let (corpus, texts) = (self.shared.corpus, self.texts);
        texts.of(corpus, request, population, behind, rope(self.bodies));
        self.corpus();
    }

    /// A text of an earlier turn.
    fn turn(&mut self, role: Role, turn: Turn) {
        let behind = self.begin(Element::text(role));
        let (corpus, texts) = (self.shared.corpus, self.texts);
        texts.turn(corpus, role, turn, behind, rope(self.bodies));
        self.corpus();
    }

    /// Appends the fence in front of `next`; says whether a text there stands behind another, and
    /// so begins with a space.
    fn begin(&mut self, next: Element) -> bool {
        let (previous, payload) = (self.previous.replace(next), self.payload);
        self.literal(match previous {
            None => payload.head(self.request, next),
            Some(previous) => payload.fence(previous, next),
        });
        previous.is_some() && payload.joins_texts
    }

    fn end(&mut self) {
        let last = self.previous.expect("a body holds something");
        debug_assert_eq!(last, self.request.last_element());
        if let Some(closing) = self.payload.closing(last) {
            self.literal(closing);
            self.own_parameters();
        }
        self.literal(self.payload.tail(self.request));
    }

    fn own_parameters(&mut self) {
        let text = &mut self.bodies.own_text;
        let begin = text.len();
        parameters::append(&self.request.sampled, text);
        if text.len() > begin {
            self.hasher.segment(&text.as_bytes()[begin..]);
            let segment = Segment {
                offset: begin as u64,
                length: (text.len() - begin) as u64,
            };
            self.bodies.own.push(self.bodies.segments.len());
            self.bodies.segments.push(segment);
        }
    }

    fn literal(&mut self, literal: &Literal) {
        if !literal.bytes.is_empty() {
            self.hasher.segment(&literal.bytes);
            self.bodies.segments.push(literal.at);
        }
    }

    /// The answer to an earlier request.
    fn answer_to(&mut self, request: u64) {
        if self.begin(Element::text(Role::Assistant)) {
            self.literal(&self.shared.space);
        }
        self.hasher.splice(request);
        self.bodies.segments.push(Segment::answer(request));
    }

    /// Appends the slices of the corpus that stand in the rope.
    fn corpus(&mut self) {
        let text = self.shared.corpus.text().as_bytes();
        for slice in &self.bodies.rope {
            self.hasher
                .segment(&text[slice.start as usize..slice.end as usize]);
            self.bodies.segments.push(Segment {
                offset: self.shared.corpus_at.offset + u64::from(slice.start),
                length: u64::from(slice.end - slice.start),
            });
        }
    }
}

/// The rope, empty.
fn rope(bodies: &mut Bodies) -> &mut Vec<Range<u32>> {
    bodies.rope.clear();
    &mut bodies.rope
}
