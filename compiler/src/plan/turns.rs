//! Arrivals become requests, each from its own identity: alone, or as the turns of a conversation.

use super::arrivals::{Arrival, ArrivalKind};
use super::audit::Part;
use super::cancellation::Cancel;
use super::lengths::Tokens;
use super::media::Selection;
use super::population::Population;
use super::prefixes::Prefixes;
use super::request::{PlannedRequest, Start, TraceLabels};
use super::timing::Timing;
use crate::payload::{Element, Role};
use crate::rng::index::{MAX_LOOPED_ROWS, looped_ordinal, request_index};
use crate::text::salt::SALT_TOKENS;
use traces::{Event, NONE};

impl Population<'_> {
    /// Appends the requests that an arrival becomes.
    pub fn requests(&self, arrival: &Arrival, out: &mut Vec<PlannedRequest>) {
        let at = |at_ns| Start::At { at_ns, after: None };
        match arrival.kind {
            ArrivalKind::At { at_ns } => {
                self.conversation(arrival.ordinal, arrival, at(at_ns), out)
            }
            ArrivalKind::Turns { at_ns, from } => {
                let set = self.set.as_ref().expect("turns are a data set's");
                self.taken(set, arrival.ordinal, Some(from), arrival, at(at_ns), out);
            }
            ArrivalKind::Probe { at_ns } => out.push(self.audited(arrival, at(at_ns))),
            ArrivalKind::Row { at_ns, event } => self.row(arrival, at_ns, &event, out),
            ArrivalKind::Slot => self.conversation(arrival.ordinal, arrival, Start::Slot, out),
            ArrivalKind::User { requests, stride } => {
                for position in 0..requests {
                    let ordinal = arrival.ordinal + position * stride;
                    let start = match position {
                        0 => at(0),
                        _ => Start::AfterPrevious {
                            delay_ns: self.think_ns(arrival.stage, ordinal),
                        },
                    };
                    self.conversation(ordinal, arrival, start, out);
                }
            }
        }
    }

    /// One request, or all turns of a conversation.
    fn conversation(
        &self,
        ordinal: u64,
        arrival: &Arrival,
        start: Start,
        out: &mut Vec<PlannedRequest>,
    ) {
        if let Some(set) = &self.set {
            return self.taken(set, ordinal, None, arrival, start, out);
        }
        if let Some(prefixes) = &self.prefixes {
            return out.push(self.prefixed(prefixes, ordinal, arrival, start));
        }
        let Some(conversations) = &self.conversations else {
            let tokens = self.lengths.of(ordinal, None);
            return out.push(self.request(ordinal, 0, arrival, start, tokens));
        };
        let (turns, streams) = &conversations.turns;
        let mut history_tokens = 0_u32;
        for turn in 0..turns.sample(streams, ordinal) as u32 {
            let index = request_index(turn.into(), ordinal);
            let tokens = self.lengths.of(index, None);
            let start = match turn {
                0 => start,
                _ => Start::AfterPrevious {
                    delay_ns: conversations.delay.0.sample(&conversations.delay.1, index),
                },
            };
            let mut request = self.request(ordinal, turn, arrival, start, tokens);
            request.session = Some((ordinal, turn));
            request.add_tokens(history_tokens);
            history_tokens = history_tokens.saturating_add(self.turn_sum(self.said(tokens, turn)));
            out.push(request);
        }
    }

    /// A request of an audit: a probe, whose text and seed are those of its other trials, or one
    /// that keeps it company and is asked for twice as much, to outlast it.
    fn audited(&self, arrival: &Arrival, start: Start) -> PlannedRequest {
        let Timing::Audit(audited, _) = &self.timing else {
            unreachable!("only an audit's arrivals are probes");
        };
        let part = Part::of(arrival.ordinal);
        let mut tokens = self.lengths.of(arrival.ordinal, None);
        if part.neighbour.is_some() {
            tokens.output *= 2;
        }
        let who = (arrival.ordinal, 0, part.trial.probe.conversation());
        let mut request = self.request_of(who, arrival, start, tokens);
        request.text_ordinal = part.text_ordinal();
        request.sampled = audited.sampled(&part);
        request
    }

    /// A row of a trace. Its conversation is the trace's own, unless the spec makes some.
    fn row(&self, arrival: &Arrival, at_ns: u64, event: &Event, out: &mut Vec<PlannedRequest>) {
        let start = Start::At { at_ns, after: None };
        let first = out.len();
        if self.conversations.is_some() || self.prefixes.is_some() || self.set.is_some() {
            self.conversation(arrival.ordinal, arrival, start, out);
        } else {
            let tokens = self.lengths.of(arrival.ordinal, Some(event));
            let conversation = self.session_of(arrival.ordinal, event.row);
            let conversation = conversation.unwrap_or(arrival.ordinal);
            let who = (arrival.ordinal, 0, conversation);
            out.push(self.request_of(who, arrival, start, tokens));
            self.link(event.row, &mut out[first]);
        }
        for request in &mut out[first..] {
            request.labels = self.labels(event.row);
        }
    }

    /// What the trace says of a row beyond time and lengths.
    fn labels(&self, row: u32) -> TraceLabels {
        let Some(columns) = self.rows().map(|rows| &rows.trace().columns) else {
            return TraceLabels::default();
        };
        TraceLabels {
            model: cell(&columns.models.of_row, row),
            kind: cell(&columns.kinds.of_row, row),
            images: cell(&columns.images, row),
        }
    }

    /// Puts a request into its row's conversation, behind the turn before.
    fn link(&self, row: u32, request: &mut PlannedRequest) {
        let Some(columns) = self.rows().map(|rows| &rows.trace().columns) else {
            return;
        };
        request.row = Some(row);
        let Some(number) = self.session_of(request.ordinal, row) else {
            return;
        };
        request.session = Some((number, cell(&columns.turns, row).unwrap_or(0)));
        request.key = Some(request.ordinal);
        if let Start::At { after, .. } = &mut request.start {
            let pass = request.ordinal / MAX_LOOPED_ROWS;
            let previous = cell(&columns.previous, row);
            *after = previous.map(|row| looped_ordinal(pass, row.into()));
        }
    }

    /// The number of the conversation that the trace puts a row into; each pass has its own.
    fn session_of(&self, ordinal: u64, row: u32) -> Option<u64> {
        let session = cell(&self.rows()?.trace().columns.sessions, row)?;
        let pass = ordinal / MAX_LOOPED_ROWS;
        Some(pass * self.trace_sessions + u64::from(session))
    }

    /// A request with a shared prefix in front.
    fn prefixed(
        &self,
        prefixes: &Prefixes,
        ordinal: u64,
        arrival: &Arrival,
        start: Start,
    ) -> PlannedRequest {
        let placed = prefixes.place(ordinal);
        let prefix_tokens = prefixes.tokens(placed.group);
        let index = request_index(u64::from(placed.turn), placed.prompt);
        let tokens = self.lengths.of(index, None);
        let identity = match placed.conversation {
            true => placed.prompt,
            false => ordinal,
        };
        let mut request = self.request(identity, placed.turn, arrival, start, tokens);
        request.text_ordinal = placed.prompt;
        request.prefix = Some(placed.group);
        let before = (0..placed.turn)
            .map(|turn| self.turn_sum(self.turn_tokens(placed.prompt, turn)))
            .fold(0, u32::saturating_add);
        request.add_tokens(self.allowance.message);
        request.add_tokens(prefix_tokens);
        request.add_tokens(before);
        if placed.conversation {
            request.session = Some((placed.prompt, placed.turn));
            request.key = Some(placed.prompt);
            let after = (placed.turn > 0).then_some(placed.prompt);
            if let Start::At { at_ns, .. } = start {
                request.start = Start::At { at_ns, after };
            }
        }
        request
    }

    /// What a later turn repeats of one: what was said and answered, in two messages.
    fn turn_sum(&self, said: Tokens) -> u32 {
        said.input
            .saturating_add(said.output)
            .saturating_add(2 * self.allowance.message)
    }

    /// A request that begins or goes on with the conversation `ordinal`.
    pub(super) fn request(
        &self,
        ordinal: u64,
        turn: u32,
        arrival: &Arrival,
        start: Start,
        tokens: Tokens,
    ) -> PlannedRequest {
        self.request_of((ordinal, turn, ordinal), arrival, start, tokens)
    }

    /// The request with this ordinal and turn, of this conversation: all that stands in its body
    /// but for earlier turns and what the spec says of its group is counted.
    fn request_of(
        &self,
        (ordinal, turn, conversation): (u64, u32, u64),
        arrival: &Arrival,
        start: Start,
        tokens: Tokens,
    ) -> PlannedRequest {
        let index = request_index(turn.into(), ordinal);
        let pool_prefix = self.front.prefix(conversation);
        let documents = self.documents.as_ref();
        let count = documents.map_or(0, |documents| documents.count(index));
        let document_tokens = documents.map_or(0, |documents| documents.tokens(index, count));
        let said = self.said(tokens, turn);
        let any = |kind: &Option<Selection>| kind.as_ref().is_some_and(|k| k.count(index) > 0);
        let last = match () {
            _ if count > 0 => Element::Document,
            _ if any(&self.media.audio) => Element::Audio { first: false },
            _ if any(&self.media.images) => Element::Image { first: false },
            _ => Element::text(Role::User),
        };
        let mut request = PlannedRequest {
            population: self.number,
            ordinal,
            turn,
            text_ordinal: ordinal,
            stage: arrival.stage,
            start,
            key: None,
            session: None,
            conversation,
            prefix: None,
            pool_prefix,
            documents: count,
            last,
            set_turn: None,
            messages: 1,
            input_tokens: said.input,
            said_tokens: said.input,
            is_exceeded: self.allowance.is_exceeded(tokens.input, turn == 0),
            output_tokens: tokens.output,
            model: self.who.model(conversation),
            adapter: self.who.adapter(conversation),
            sampled: self.parameters.of(index),
            cancel: self
                .cancellations
                .as_ref()
                .map_or(Cancel::Never, |cancellations| cancellations.of(index)),
            row: None,
            labels: TraceLabels::default(),
        };
        request.add_tokens(self.front.tokens(conversation, pool_prefix));
        request.add_tokens(document_tokens);
        request.add_tokens(if self.spec.data.front.salt {
            SALT_TOKENS
        } else {
            0
        });
        request.add_tokens(self.allowance.of(1 + self.front.messages()));
        request
    }

    fn think_ns(&self, stage: u32, ordinal: u64) -> u64 {
        let (times, streams) = self.think_time.as_ref().expect("users have a think time");
        let of_stage = times.iter().find(|(of, _)| *of == stage);
        let (_, think) = of_stage.expect("every stage of users has one");
        think.sample(streams, ordinal)
    }
}

/// What stands in a trace's column, if the trace has it and the row has one.
fn cell(column: &[u32], row: u32) -> Option<u32> {
    let value = column.get(row as usize).copied();
    value.filter(|value| *value != NONE)
}
