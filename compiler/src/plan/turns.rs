//! Arrivals become requests, each from its own identity: alone, or as the turns of a conversation.

use super::arrivals::{Arrival, ArrivalKind};
use super::cancellation::Cancel;
use super::lengths::Tokens;
use super::population::Population;
use super::prefixes::Prefixes;
use super::request::{PlannedRequest, Start, TraceLabels};
use crate::rng::index::{MAX_LOOPED_ROWS, looped_ordinal, request_index};
use traces::{Event, NONE};

impl Population<'_> {
    /// Appends the requests that an arrival becomes.
    pub fn requests(&self, arrival: &Arrival, out: &mut Vec<PlannedRequest>) {
        let at = |at_ns| Start::At { at_ns, after: None };
        match arrival.kind {
            ArrivalKind::At { at_ns } => {
                self.conversation(arrival.ordinal, arrival, at(at_ns), out)
            }
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
            request.input_tokens = history_tokens.saturating_add(tokens.input);
            history_tokens = request.input_tokens.saturating_add(tokens.output);
            out.push(request);
        }
    }

    /// A row of a trace. Its conversation is the trace's own, unless the spec makes some.
    fn row(&self, arrival: &Arrival, at_ns: u64, event: &Event, out: &mut Vec<PlannedRequest>) {
        let start = Start::At { at_ns, after: None };
        let first = out.len();
        if self.conversations.is_some() || self.prefixes.is_some() {
            self.conversation(arrival.ordinal, arrival, start, out);
        } else {
            let tokens = self.lengths.of(arrival.ordinal, Some(event));
            out.push(self.request(arrival.ordinal, 0, arrival, start, tokens));
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
        let Some(session) = cell(&columns.sessions, row) else {
            return;
        };
        let pass = request.ordinal / MAX_LOOPED_ROWS;
        let number = pass * self.trace_sessions + u64::from(session);
        request.session = Some((number, cell(&columns.turns, row).unwrap_or(0)));
        // A conversation keeps its model.
        request.model = self.who.model(number);
        request.adapter = self.who.adapter(number);
        request.key = Some(request.ordinal);
        if let Start::At { after, .. } = &mut request.start {
            let previous = cell(&columns.previous, row);
            *after = previous.map(|row| looped_ordinal(pass, row.into()));
        }
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
        let said = |turn| {
            self.lengths
                .of(request_index(u64::from(turn), placed.prompt), None)
        };
        let before = (0..placed.turn).map(said).fold(0_u32, |sum, tokens| {
            sum.saturating_add(tokens.input)
                .saturating_add(tokens.output)
        });
        let tokens = said(placed.turn);
        let identity = match placed.conversation {
            true => placed.prompt,
            false => ordinal,
        };
        let mut request = self.request(identity, placed.turn, arrival, start, tokens);
        request.text_ordinal = placed.prompt;
        request.prefix = Some(placed.group);
        request.input_tokens = prefix_tokens
            .saturating_add(before)
            .saturating_add(tokens.input);
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

    fn request(
        &self,
        ordinal: u64,
        turn: u32,
        arrival: &Arrival,
        start: Start,
        tokens: Tokens,
    ) -> PlannedRequest {
        let index = request_index(turn.into(), ordinal);
        PlannedRequest {
            population: self.number,
            ordinal,
            turn,
            text_ordinal: ordinal,
            stage: arrival.stage,
            start,
            key: None,
            session: None,
            prefix: None,
            input_tokens: tokens.input,
            said_tokens: tokens.input,
            output_tokens: tokens.output,
            model: self.who.model(ordinal),
            adapter: self.who.adapter(ordinal),
            sampled: self.parameters.of(index),
            cancel: self
                .cancellations
                .as_ref()
                .map_or(Cancel::Never, |cancellations| cancellations.of(index)),
            row: None,
            labels: TraceLabels::default(),
        }
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
