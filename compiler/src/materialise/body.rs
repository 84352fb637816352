//! The body of one request: a rope over the blob, and its digest.

use super::shared::{Literal, Shared};
use super::texts::{Texts, Turn};
use crate::payload::{Role, parameters};
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
struct Body<'b> {
    bodies: &'b mut Bodies,
    hasher: BodyHasher,
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
        };
        body.texts(request, index, population, texts, shared);
        body.end(request, shared);
        body.hasher.finish()
    }
}

impl Body<'_> {
    /// Everything that is said, the first text behind the head.
    fn texts(
        &mut self,
        request: &PlannedRequest,
        index: u64,
        population: &Population,
        texts: &Texts,
        shared: &Shared,
    ) {
        let mut first = true;
        if let Some(group) = request.prefix {
            self.lead(&mut first, Role::System, request, shared);
            texts.prefix(shared.corpus, population, group, self.rope());
            self.corpus(shared);
        }
        let history = population.history().filter(|_| request.turn > 0);
        for turn in 0..history.map_or(0, |_| request.turn) {
            let tokens = population.turn_tokens(request.text_ordinal, turn);
            let of = |tokens| Turn {
                ordinal: request.text_ordinal,
                turn,
                tokens,
            };
            self.lead(&mut first, Role::User, request, shared);
            texts.turn(shared.corpus, Role::User, of(tokens.input), self.rope());
            self.corpus(shared);
            self.lead(&mut first, Role::Assistant, request, shared);
            if history == Some(History::Live) {
                // The turns of a conversation stand one behind the other.
                self.answer_to(index - u64::from(request.turn - turn));
            } else {
                texts.turn(
                    shared.corpus,
                    Role::Assistant,
                    of(tokens.output),
                    self.rope(),
                );
                self.corpus(shared);
            }
        }
        self.lead(&mut first, Role::User, request, shared);
        texts.of(shared.corpus, request, population, self.rope());
        self.corpus(shared);
    }

    /// What stands before a text that `role` says.
    fn lead(&mut self, first: &mut bool, role: Role, request: &PlannedRequest, shared: &Shared) {
        let payload = &shared.payloads[request.population as usize];
        let literal = match std::mem::take(first) {
            true => payload.head(request, role),
            false => payload.between(role),
        };
        self.literal(literal);
    }

    fn end(&mut self, request: &PlannedRequest, shared: &Shared) {
        let payload = &shared.payloads[request.population as usize];
        if payload.own_parameters {
            self.literal(payload.closing());
            self.own_parameters(request);
        }
        self.literal(payload.tail(request.output_tokens));
    }

    fn own_parameters(&mut self, request: &PlannedRequest) {
        let text = &mut self.bodies.own_text;
        let begin = text.len();
        parameters::append(&request.sampled, text);
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
        self.hasher.segment(&literal.bytes);
        self.bodies.segments.push(literal.at);
    }

    fn answer_to(&mut self, request: u64) {
        self.hasher.splice(request);
        self.bodies.segments.push(Segment::answer(request));
    }

    fn rope(&mut self) -> &mut Vec<Range<u32>> {
        self.bodies.rope.clear();
        &mut self.bodies.rope
    }

    /// Appends the slices of the corpus that stand in the rope.
    fn corpus(&mut self, shared: &Shared) {
        let text = shared.corpus.text().as_bytes();
        for slice in &self.bodies.rope {
            self.hasher
                .segment(&text[slice.start as usize..slice.end as usize]);
            self.bodies.segments.push(Segment {
                offset: shared.corpus_at.offset + u64::from(slice.start),
                length: u64::from(slice.end - slice.start),
            });
        }
    }
}
