//! Continuous batching: one thread that moves all requests of the server on by one token a step.
//!
//! A request joins the batch at the first step that has a row for it and leaves with its last
//! token, or at the next token if its client has gone. A step that is late is not caught up:
//! every request of the batch is late with it, and they stay together.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

use crate::model::{ToyModel, VOCABULARY};
use crate::sampler::{Row, Sampler, SamplerKind};
use crate::stats::Shared;

/// Rows of the batch where the server names no number.
pub const DEFAULT_ROWS: usize = 256;
/// Time of a step where the server names none.
const DEFAULT_STEP: Duration = Duration::from_millis(1);

const WIDTH: usize = VOCABULARY as usize;

/// The batch as it is now, and what it has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchStats {
    /// Requests in the batch.
    pub rows: usize,
    /// Generators that the sampler keeps.
    pub generators: usize,
    /// Steps since the start.
    pub steps: u64,
    /// Tokens since the start; more than steps if requests shared them.
    pub tokens: u64,
}

/// A request that is to be answered token by token.
pub struct Request {
    /// What the client calls it, if it does.
    pub id: Option<String>,
    pub prompt_hash: u64,
    pub temperature: f64,
    pub seed: Option<u64>,
    /// Tokens of the answer, at least one.
    pub tokens: u32,
    /// When it may join: its time to first token is over.
    pub ready: Instant,
    /// Takes the tokens; closed when the client has gone.
    pub answer: UnboundedSender<u32>,
}

/// A request in the batch.
struct Sequence {
    id: String,
    request: Request,
    /// Tokens so far.
    position: u32,
    last: u32,
}

/// The batch, and who waits for it.
pub struct Batch {
    shared: Arc<Shared>,
    sampler: Sampler,
    waiting: VecDeque<Request>,
    /// In the order of their admission.
    sequences: Vec<Sequence>,
    /// A row of logits for each sequence.
    logits: Vec<f64>,
    rows: usize,
    step: Duration,
    /// The earliest time of the next step.
    next: Instant,
    admitted: u64,
}

impl Sequence {
    /// Hands the next token over; says whether the request stays.
    fn take(&mut self, token: u32) -> bool {
        self.position += 1;
        self.last = token;
        self.request.answer.send(token).is_ok() && self.position < self.request.tokens
    }
}

impl Batch {
    pub fn new(kind: SamplerKind, shared: Arc<Shared>) -> Self {
        let config = &shared.config;
        let itl = config.itl;
        Batch {
            sampler: Sampler::new(kind),
            waiting: VecDeque::new(),
            sequences: Vec::new(),
            logits: Vec::new(),
            rows: config.slots.unwrap_or(DEFAULT_ROWS),
            step: if itl.is_zero() { DEFAULT_STEP } else { itl },
            next: Instant::now(),
            admitted: 0,
            shared,
        }
    }

    /// Serves until nobody can send requests any more: then nobody reads answers either.
    pub fn run(mut self, arrivals: &Receiver<Request>) {
        while self.wait(arrivals) {
            self.step();
        }
    }

    /// Waits for the time of the next step and takes in what arrives meanwhile; `false` at the end.
    fn wait(&mut self, arrivals: &Receiver<Request>) -> bool {
        loop {
            let arrival = match self.due() {
                None => arrivals.recv().map_err(RecvTimeoutError::from),
                Some(due) => arrivals.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match arrival {
                Ok(request) => self.waiting.push_back(request),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// When the next step is, if there is anything to do.
    fn due(&self) -> Option<Instant> {
        if !self.sequences.is_empty() {
            return Some(self.next);
        }
        let first = self.waiting.front()?;
        Some(self.next.max(first.ready))
    }

    /// One token for everybody in the batch.
    fn step(&mut self) {
        let now = Instant::now();
        let planned = self.due().unwrap_or(now);
        self.next = (planned + self.step).max(now);
        self.admit(now);
        let tokens = self.sample();
        // Held while tokens leave: who has a token finds its step in the counts.
        let mut stats = self.shared.batch();
        stats.steps += 1;
        stats.tokens += tokens.len() as u64;
        let mut tokens = tokens.into_iter();
        let sampler = &mut self.sampler;
        self.sequences.retain_mut(|sequence| {
            let token = tokens.next().expect("a token for each row");
            let stays = sequence.take(token);
            if !stays {
                sampler.finish(&sequence.id);
            }
            stays
        });
        stats.rows = self.sequences.len();
        stats.generators = self.sampler.held();
    }

    /// Fills the rows that are free, first come, first served.
    fn admit(&mut self, now: Instant) {
        while self.sequences.len() < self.rows
            && let Some(request) = self.waiting.pop_front_if(|first| first.ready <= now)
        {
            if request.answer.is_closed() {
                continue;
            }
            if let Some(places) = &self.shared.capacity {
                places.note_wait(now - request.ready);
            }
            let id = self.name(&request);
            self.sampler.admit(&id, request.seed, request.temperature);
            self.sequences.push(Sequence {
                id,
                request,
                position: 0,
                last: VOCABULARY,
            });
        }
    }

    /// The client's id unless somebody has it now; else one that no client can send, as no header
    /// has a control character.
    fn name(&mut self, request: &Request) -> String {
        self.admitted += 1;
        let taken = |id: &&String| self.sequences.iter().any(|other| other.id == **id);
        match request.id.as_ref().filter(|id| !taken(id)) {
            Some(id) => id.clone(),
            None => format!("\n{}", self.admitted),
        }
    }

    fn sample(&mut self) -> Vec<u32> {
        self.logits.resize(self.sequences.len() * WIDTH, 0.0);
        let mut rows = Vec::with_capacity(self.sequences.len());
        let matrix = self.logits.chunks_exact_mut(WIDTH);
        for (sequence, logits) in self.sequences.iter().zip(matrix) {
            let request = &sequence.request;
            ToyModel.logits(
                request.prompt_hash,
                sequence.position,
                sequence.last,
                logits,
            );
            rows.push(Row {
                id: &sequence.id,
                logits,
                temperature: request.temperature,
                seed: request.seed,
            });
        }
        self.sampler.sample_batch(&rows)
    }
}
