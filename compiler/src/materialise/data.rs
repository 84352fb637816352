//! The texts, bodies and media of a population's data set, each placed in the blob when it is first
//! needed, once.

use super::shared::Literal;
use crate::dataset::{DataSet, Id};
use crate::media::Reference;
use crate::payload::Payload;
use crate::plan::PlannedRequest;
use crate::plan::set::{Held, Set, answer, raw, said};
use schemas::error::WriteError;
use schemas::writer::{Segment, WorkloadWriter};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// What of a data set lies in the blob.
#[derive(Default)]
pub struct Data {
    texts: BTreeMap<Id, Segment>,
    bodies: BTreeMap<Id, Segment>,
    media: BTreeMap<u32, Literal>,
}

impl Data {
    /// Places what `request` sends and no other did. What its conversation said before, an earlier
    /// turn has placed.
    pub fn ensure(
        &mut self,
        set: &Set,
        request: &PlannedRequest,
        payload: &Payload,
        references: &[Reference],
        writer: &mut WorkloadWriter,
    ) -> Result<(), WriteError> {
        let data = &set.fitted.set;
        let turns = set.turns(request, request.turn);
        for turn in &turns {
            if let Some(raw) = raw(turn) {
                let bytes = data.bodies.get(raw.body);
                place(&mut self.bodies, raw.body, bytes, writer)?;
            }
            let before = said(turn).into_iter().flat_map(|said| &said.before);
            for (_, id) in before {
                self.text(data, *id, writer)?;
            }
        }
        for (_, held) in set.held(&turns, payload.api) {
            match held {
                Held::Text(id) => self.text(data, id, writer)?,
                Held::Image(number) | Held::Audio(number) => {
                    let Entry::Vacant(vacant) = self.media.entry(number) else {
                        continue;
                    };
                    let text = match &references[number as usize] {
                        Reference::Url(url) => payload.image_url(url),
                        Reference::Data(media) | Reference::File(media) => match held {
                            Held::Audio(_) => payload.audio(media.format(), &media.base64),
                            _ => payload.image(media.mime, &media.base64),
                        },
                    };
                    vacant.insert(Literal::place(&text, writer)?);
                }
            }
        }
        if request.turn > 0 && set.history().is_some() {
            let before = set.turns(request, request.turn - 1);
            if let Some(id) = before.first().and_then(|turn| answer(turn)) {
                self.text(data, id, writer)?;
            }
        }
        Ok(())
    }

    fn text(
        &mut self,
        data: &DataSet,
        id: Id,
        writer: &mut WorkloadWriter,
    ) -> Result<(), WriteError> {
        let bytes = data.texts.escaped(id).as_bytes();
        place(&mut self.texts, id, bytes, writer)
    }

    /// Where a text lies.
    pub fn text_at(&self, id: Id) -> Segment {
        self.texts[&id]
    }

    /// Where a body lies.
    pub fn body_at(&self, id: Id) -> Segment {
        self.bodies[&id]
    }

    /// An image or a clip between its fences.
    pub fn medium(&self, number: u32) -> &Literal {
        &self.media[&number]
    }
}

fn place(
    placed: &mut BTreeMap<Id, Segment>,
    id: Id,
    bytes: &[u8],
    writer: &mut WorkloadWriter,
) -> Result<(), WriteError> {
    if let Entry::Vacant(vacant) = placed.entry(id) {
        vacant.insert(writer.blob(bytes)?);
    }
    Ok(())
}
