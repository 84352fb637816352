//! An answer that comes from the batch: asking for it, and its tokens as they come.
//!
//! Whoever drops it has left: the batch finds its channel closed at the next token.

use std::sync::mpsc::Sender;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::answer::{self, After, Answer, Content, respond};
use crate::batch::Request;
use crate::render::{Facts, GeneratedEvents};
use crate::request::prompt_hash;
use crate::ticket::Ticket;

/// Why the batch is there as long as anybody waits for a token.
const OUTLIVES: &str = "the batch ends after the workers";

/// Tokens under way to a client.
pub struct Tokens {
    from_batch: UnboundedReceiver<u32>,
    /// Tokens to come.
    left: u32,
}

/// A stream of them.
pub struct Generated {
    events: GeneratedEvents,
    tokens: Tokens,
    opened: bool,
}

impl Tokens {
    /// Hands a request to the batch, which it may join at `ready`.
    pub fn ask(facts: &Facts<'_>, body: &[u8], batch: &Sender<Request>, ready: Instant) -> Self {
        let (to_client, from_batch) = unbounded_channel();
        let sampling = &facts.ask.sampling;
        let request = Request {
            id: facts.client_id.map(str::to_owned),
            prompt_hash: prompt_hash(body),
            temperature: sampling.temperature.unwrap_or(1.0),
            seed: sampling.seed,
            tokens: facts.completion_tokens,
            ready,
            answer: to_client,
        };
        batch.send(request).expect(OUTLIVES);
        Tokens {
            from_batch,
            left: facts.completion_tokens,
        }
    }

    /// The answer: its head at once if it is streamed, else when all tokens are there.
    pub async fn answer(mut self, facts: &Facts<'_>, ticket: Ticket) -> Response<Answer> {
        let (content, content_type) = if facts.ask.stream {
            let generated = Generated {
                events: facts.generated_events(),
                tokens: self,
                opened: false,
            };
            (Content::Generated(Box::new(generated)), answer::EVENTS)
        } else {
            let tokens = self.all().await;
            (Content::whole(facts.generated_json(&tokens)), answer::JSON)
        };
        let answer = Answer::new(content, After::End, Some(ticket));
        respond(StatusCode::OK, content_type, answer)
    }

    async fn all(&mut self) -> Vec<u32> {
        let mut tokens = Vec::new();
        for _ in 0..self.left {
            tokens.push(self.from_batch.recv().await.expect(OUTLIVES));
        }
        tokens
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<u32> {
        let token = std::task::ready!(self.from_batch.poll_recv(cx)).expect(OUTLIVES);
        self.left -= 1;
        Poll::Ready(token)
    }
}

impl Generated {
    /// Whether the last byte was handed out.
    pub fn is_done(&self) -> bool {
        self.tokens.left == 0
    }

    /// All that is there, as soon as something is. Not to be called when done.
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let mut frame = BytesMut::new();
        if !self.opened {
            self.opened = true;
            frame.extend_from_slice(&self.events.opening);
        }
        while !self.is_done()
            && let Poll::Ready(token) = self.tokens.poll_next(cx)
        {
            self.events.put_token(token, &mut frame);
        }
        if self.is_done() {
            frame.extend_from_slice(&self.events.closing);
        }
        if frame.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(frame.freeze())
    }
}
