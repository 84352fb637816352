//! The body of one request: a rope over the blob, and its digest.

use super::error::MakeError;
use super::shared::{Literal, Shared, SharedPayload};
use super::texts::{Texts, Turn};
use crate::dataset::Id;
use crate::escape::quoted;
use crate::payload::{Element, Role};
use crate::plan::media::Selection;
use crate::plan::set::{Held, Set, answer, raw, said};
use crate::plan::{PlannedRequest, Population};
use crate::rng::Stream;
use crate::rng::index::request_index;
use crate::spec::History;
use crate::text::prompt::Place;
use crate::text::source::{Cut, TextOut};
use schemas::leaf::{BodyDigest, BodyHasher};
use schemas::writer::Segment;
use std::fmt::Write as _;
use std::ops::Range;

/// Bodies that are being made on one thread, one after the other.
#[derive(Default)]
pub struct Bodies {
    /// Segments of all bodies.
    pub segments: Vec<Segment>,
    /// Which segments count from the begin of the bodies' own text instead of that of the blob.
    pub own: Vec<usize>,
    out: TextOut,
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
    /// The prefix that the first thing said begins with, as long as nothing was said.
    pool_prefix: Option<u32>,
}

impl Bodies {
    /// Text that only one body has; the segments in `own` point into it.
    pub fn own_text(&self) -> &str {
        &self.out.own
    }

    /// Appends the body of `request`, which has the index `index` in the file.
    pub fn make(
        &mut self,
        request: &PlannedRequest,
        index: u64,
        population: &Population,
        texts: &Texts,
        shared: &Shared,
    ) -> Result<BodyDigest, MakeError> {
        let mut body = Body {
            bodies: self,
            hasher: BodyHasher::default(),
            request,
            population,
            texts,
            shared,
            payload: &shared.payloads[request.population as usize],
            previous: None,
            pool_prefix: None,
        };
        if body.raw() {
            return Ok(body.hasher.finish());
        }
        body.front()?;
        match &population.set {
            Some(set) => body.set_turns(set, index)?,
            None => body.turns(index)?,
        }
        body.documents()?;
        body.end();
        Ok(body.hasher.finish())
    }
}

impl Body<'_, '_> {
    /// What stands in front of a conversation.
    fn front(&mut self) -> Result<(), MakeError> {
        let (request, population) = (self.request, self.population);
        if let Some(system) = population.front.system() {
            self.drawn(Element::text(Role::System), system)?;
        }
        if let (Some(group), Some(prefixes)) = (request.prefix, population.prefixes()) {
            self.drawn(Element::text(Role::System), prefixes.text(group))?;
        }
        if let Some(context) = population.front.context(request.conversation) {
            self.drawn(Element::text(Role::User), context)?;
        }
        self.pool_prefix = request.pool_prefix;
        Ok(())
    }

    /// Earlier turns, if they are repeated, and what is said last.
    fn turns(&mut self, index: u64) -> Result<(), MakeError> {
        let (request, population) = (self.request, self.population);
        let history = population.history().filter(|_| request.turn > 0);
        for turn in 0..history.map_or(0, |_| request.turn) {
            let tokens = population.turn_tokens(request.text_ordinal, turn);
            let of = |tokens| Turn {
                ordinal: request.text_ordinal,
                turn,
                tokens,
            };
            let media = self.media_of(request_index(turn.into(), request.ordinal));
            let place = self.begin_said(media.is_some())?;
            self.texts
                .turn(Role::User, of(tokens.input), place, &mut self.bodies.out)?;
            self.text();
            self.media(media);
            if history == Some(History::Live) {
                // The turns of a conversation stand one behind the other.
                self.answer_to(index - u64::from(request.turn - turn));
                continue;
            }
            let place = self.begin(Element::text(Role::Assistant));
            let (said, out) = (of(tokens.output), &mut self.bodies.out);
            self.texts.turn(Role::Assistant, said, place, out)?;
            self.text();
        }
        let media = self.media_of(request.index());
        let place = self.begin_said(media.is_some() || request.documents > 0)?;
        let out = &mut self.bodies.out;
        self.texts.of(request, population, place, out)?;
        self.text();
        self.media(media);
        Ok(())
    }

    /// The whole body, if a data set has it; says whether that is so.
    fn raw(&mut self) -> bool {
        let Some(set) = self
            .population
            .set
            .as_ref()
            .filter(|_| self.population.is_raw())
        else {
            return false;
        };
        let turns = set.turns(self.request, self.request.turn);
        for raw in turns.iter().filter_map(|turn| raw(turn)) {
            self.hasher.segment(set.fitted.set.bodies.get(raw.body));
            self.bodies
                .segments
                .push(self.payload.data.body_at(raw.body));
        }
        true
    }

    /// Earlier turns of a data set's conversation, if they are repeated, and the last.
    fn set_turns(&mut self, set: &Set, index: u64) -> Result<(), MakeError> {
        let (request, payload) = (self.request, self.payload);
        let first = match set.history() {
            Some(_) => 0,
            None => request.turn,
        };
        for turn in first..=request.turn {
            let turns = set.turns(request, turn);
            let before = turns.iter().filter_map(|turn| said(turn));
            for (role, id) in before.flat_map(|said| &said.before) {
                let place = self.begin(Element::text(*role));
                self.data_text(set, *id, place);
            }
            for (element, held) in set.held(&turns, payload.payload.api) {
                match held {
                    Held::Text(id) => {
                        let place = match element {
                            Element::Text { parts, .. } => self.begin_said(parts)?,
                            element => self.begin(element),
                        };
                        self.data_text(set, id, place);
                    }
                    Held::Image(number) | Held::Audio(number) => {
                        self.begin(element);
                        self.literal(payload.data.medium(number));
                    }
                }
            }
            if turn == request.turn {
                break;
            }
            match (set.history(), answer(turns[0])) {
                (Some(History::Live), _) => self.answer_to(index - u64::from(request.turn - turn)),
                (_, Some(id)) => {
                    let place = self.begin(Element::text(Role::Assistant));
                    self.data_text(set, id, place);
                }
                (_, None) => {
                    let place = self.begin(Element::text(Role::Assistant));
                    let made_up = Turn {
                        ordinal: request.ordinal,
                        turn,
                        tokens: self.population.set_output(set, request, turn),
                    };
                    let out = &mut self.bodies.out;
                    self.texts.turn(Role::Assistant, made_up, place, out)?;
                    self.text();
                }
            }
        }
        Ok(())
    }

    /// A text of the data set.
    fn data_text(&mut self, set: &Set, id: Id, place: Place) {
        let text = set.fitted.set.texts.escaped(id);
        if text.is_empty() {
            return;
        }
        if place == Place::Behind {
            self.literal(&self.shared.space);
        }
        self.hasher.segment(text.as_bytes());
        self.bodies.segments.push(self.payload.data.text_at(id));
    }

    /// Documents, or the further texts of a batch.
    fn documents(&mut self) -> Result<(), MakeError> {
        let (index, count) = (self.request.index(), self.request.documents);
        let Some(documents) = self.population.documents().filter(|_| count > 0) else {
            return Ok(());
        };
        let mut stream = documents.texts(index);
        for tokens in documents.lengths(index, count) {
            let place = self.begin(Element::Document);
            let out = &mut self.bodies.out;
            self.texts.drawn(tokens, &mut stream, place, out)?;
            self.text();
        }
        Ok(())
    }

    /// A text of so many tokens that is drawn from its own stream.
    fn drawn(
        &mut self,
        element: Element,
        (tokens, mut stream): (u32, Stream),
    ) -> Result<(), MakeError> {
        let place = self.begin(element);
        let out = &mut self.bodies.out;
        self.texts.drawn(tokens, &mut stream, place, out)?;
        self.text();
        Ok(())
    }

    /// Begins something that the user says, with other things in the same message if `parts` says
    /// so: the first begins with the prefix of the pool.
    fn begin_said(&mut self, parts: bool) -> Result<Place, MakeError> {
        let role = Role::User;
        let place = self.begin(Element::Text { role, parts });
        let prefix = self.pool_prefix.take();
        let Some((tokens, mut stream)) = prefix.and_then(|p| self.population.front.prefix_text(p))
        else {
            return Ok(place);
        };
        let out = &mut self.bodies.out;
        self.texts.drawn(tokens, &mut stream, place, out)?;
        self.text();
        Ok(Place::Behind)
    }

    /// Appends the fence in front of `next`, and the salt slot in front of everything said; says
    /// where a text there stands.
    fn begin(&mut self, next: Element) -> Place {
        let (previous, payload) = (self.previous.replace(next), self.payload);
        let Some(previous) = previous else {
            for piece in payload.head(self.request, next) {
                self.literal(piece);
            }
            return match self.shared.salt.as_ref().filter(|_| payload.is_salted) {
                Some(slot) => {
                    self.hasher.salt(&slot.bytes);
                    self.bodies.segments.push(slot.at);
                    Place::Behind
                }
                None => Place::Start,
            };
        };
        self.literal(payload.fence(previous, next));
        // A document is a string of its own.
        match payload.joins_texts && next != Element::Document {
            true => Place::Behind,
            false => Place::Start,
        }
    }

    /// The images and clips of the turn with this index; none if it has neither.
    fn media_of(&self, index: u64) -> Option<(Vec<u32>, Vec<u32>)> {
        let media = &self.population.media;
        let of = |kind: &Option<Selection>| kind.as_ref().map(|kind| kind.of(index));
        let (images, audio) = (of(&media.images), of(&media.audio));
        let (images, audio) = (images.unwrap_or_default(), audio.unwrap_or_default());
        (!images.is_empty() || !audio.is_empty()).then_some((images, audio))
    }

    /// Appends images and clips behind the text of their message.
    fn media(&mut self, media: Option<(Vec<u32>, Vec<u32>)>) {
        let payload = self.payload;
        if let Some((images, clips)) = media {
            for image in images {
                self.begin(Element::Image { first: false });
                self.literal(&payload.images[image as usize]);
            }
            for clip in clips {
                self.begin(Element::Audio { first: false });
                self.literal(&payload.clips[clip as usize]);
            }
        }
    }

    fn end(&mut self) {
        let last = self.previous.expect("a body holds something");
        debug_assert_eq!(last.number(), self.request.last.number());
        if let Some(closing) = self.payload.closing(last) {
            self.literal(closing);
            self.own_parameters();
        }
        self.literal(self.payload.tail(self.request));
    }

    fn own_parameters(&mut self) {
        let own = &mut self.bodies.out.own;
        let begin = own.len();
        self.payload.append_parameters(&self.request.sampled, own);
        if let Some(set) = &self.population.set {
            let turns = set.turns(self.request, self.request.turn);
            let extra = turns.iter().filter_map(|turn| said(turn));
            for (key, value) in extra.flat_map(|said| &said.extra) {
                write!(own, ",{}:{value}", quoted(key)).expect("a String takes everything");
            }
        }
        let end = own.len();
        self.own(begin..end);
    }

    fn literal(&mut self, literal: &Literal) {
        if !literal.bytes.is_empty() {
            self.hasher.segment(&literal.bytes);
            self.bodies.segments.push(literal.at);
        }
    }

    /// The answer to an earlier request.
    fn answer_to(&mut self, request: u64) {
        if self.begin(Element::text(Role::Assistant)) == Place::Behind {
            self.literal(&self.shared.space);
        }
        self.hasher.splice(request);
        self.bodies.segments.push(Segment::answer(request));
    }

    /// Appends the text that was just made.
    fn text(&mut self) {
        let rope = std::mem::take(&mut self.bodies.out.rope);
        let (corpus, at) = (self.texts.source_text().as_bytes(), self.texts.source_at);
        for cut in &rope {
            match cut {
                Cut::Corpus(slice) => {
                    let bytes = &corpus[slice.start as usize..slice.end as usize];
                    self.hasher.segment(bytes);
                    self.bodies.segments.push(Segment {
                        offset: at.offset + u64::from(slice.start),
                        length: u64::from(slice.end - slice.start),
                    });
                }
                Cut::Own(range) => self.own(range.clone()),
            }
        }
        // Its room is used again.
        self.bodies.out.rope = rope;
        self.bodies.out.rope.clear();
    }

    /// Appends text that only this body has.
    fn own(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.hasher
            .segment(&self.bodies.out.own.as_bytes()[range.clone()]);
        self.bodies.own.push(self.bodies.segments.len());
        self.bodies.segments.push(Segment {
            offset: range.start as u64,
            length: range.len() as u64,
        });
    }
}
