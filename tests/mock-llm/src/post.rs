//! A POST request whose body was read: what it asks for, and the answer.
//!
//! Refuses what [`Ask`] refuses, with 400; either way the log gets its record.

use std::num::NonZeroU64;
use std::rc::Rc;
use std::time::Duration;

use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use tokio::time::{Instant, sleep_until};

use crate::answer::{self, After, Answer, Content, respond};
use crate::api::{Api, kserve_model};
use crate::body::ReadBody;
use crate::capacity::Capacity;
use crate::clock;
use crate::config::{Config, DEFAULT_TOKENS};
use crate::connection::{Connection, Hangup};
use crate::fault::FaultKind;
use crate::generated::Tokens;
use crate::log::BodyFacts;
use crate::pacing::Pacing;
use crate::refusal::Refusal;
use crate::render::{Events, Facts};
use crate::request::{Ask, Refused};
use crate::split::Split;
use crate::stream::Stream;
use crate::texts::Texts;
use crate::ticket::Ticket;

/// A request that is owed an answer.
pub struct Post<'a> {
    pub connection: &'a Rc<Connection>,
    pub ticket: Ticket,
    /// The read that completed the body.
    end_ns: NonZeroU64,
}

/// What the answer is, and when.
pub struct Plan<'a> {
    pub facts: Facts<'a>,
    pub pacing: Pacing,
}

impl<'a> Post<'a> {
    pub fn new(connection: &'a Rc<Connection>, ticket: Ticket, end_ns: u64) -> Self {
        let end_ns = NonZeroU64::new(end_ns).expect("a request was read, at some time after boot");
        Post {
            connection,
            ticket,
            end_ns,
        }
    }

    /// Refuses a request whose body was left unread.
    pub fn refuse_unread(self, refusal: &Refusal) -> Response<Answer> {
        self.refuse_read(None, None, refusal)
    }

    /// Refuses a request, with what could be made out of it for the log.
    pub fn refuse(
        self,
        body: &ReadBody,
        ask: Option<&Ask<'_>>,
        refusal: &Refusal,
    ) -> Response<Answer> {
        let facts = body.facts(self.end_ns);
        self.refuse_read(Some(facts), ask, refusal)
    }

    /// The same, with what is known of the body.
    pub fn refuse_read(
        self,
        body: Option<BodyFacts>,
        ask: Option<&Ask<'_>>,
        refusal: &Refusal,
    ) -> Response<Answer> {
        self.ticket.describe(body, ask, Some(refusal.status));
        let answer = Answer::whole(refusal.json(), Some(self.ticket));
        respond(refusal.status, answer::JSON, answer)
    }

    /// Answers at the configured pace, or fails as configured.
    pub async fn generate(
        self,
        api: Api,
        head: &Parts,
        body: &ReadBody,
    ) -> Result<Response<Answer>, Hangup> {
        let mut ask = match Ask::parse(api, &body.bytes) {
            Ok(ask) => ask,
            Err(Refused { ask, message }) => {
                return Ok(self.refuse(body, ask.as_deref(), &api.refuse(message)));
            }
        };
        if ask.model.is_none() {
            ask.model = kserve_model(head.uri.path()).map(Into::into);
        }
        let config = &self.connection.worker.shared.config;
        if config.refuse_seed && ask.sampling.seed.is_some() {
            return Ok(self.refuse(body, Some(&ask), &Refusal::parameter("seed")));
        }
        let read = body;
        let body = read.facts(self.end_ns);
        let tokens = match answer_tokens(api, &ask, config) {
            Ok(tokens) => tokens,
            Err(message) => {
                return Ok(self.refuse_read(Some(body), Some(&ask), &api.refuse(message)));
            }
        };
        let facts = Facts {
            api,
            ask: &ask,
            model: ask.model.as_deref().unwrap_or("mock"),
            id: (self.connection.id, self.connection.next_request()),
            client_id: config.sampler.and_then(|_| client_id(head)),
            completion_tokens: tokens,
            texts: Texts::new(config.answer, &config.dialect, &body.sha256),
            dialect: &config.dialect,
        };
        let fault = self.ticket.fault();
        if let Some(FaultKind::Status(status)) = fault {
            self.ticket.note_fault();
            return Ok(self.fail_status(api, body, &ask, status));
        }
        if let (Api::Chat | Api::Completions, Some(batch)) = (api, &self.connection.worker.batch) {
            self.ticket
                .describe(Some(body), Some(&ask), Some(StatusCode::OK));
            let arrived = instant(self.end_ns.get()).into_std();
            let tokens = Tokens::ask(&facts, &read.bytes, batch, arrived + config.ttft);
            return Ok(tokens.answer(&facts, self.ticket).await);
        }
        let capacity = self.connection.worker.shared.capacity.as_ref();
        let plan = Plan::new(facts, config, capacity, instant(self.end_ns.get()));
        let answers = !matches!(fault, Some(FaultKind::Silent | FaultKind::HalfClose));
        let status = answers.then_some(StatusCode::OK);
        self.ticket.describe(Some(body), Some(&ask), status);
        match fault {
            None => Ok(self.answer(&plan).await),
            Some(kind) => {
                self.ticket.note_fault();
                self.fail(kind, &plan).await
            }
        }
    }

    /// Answers as it should be.
    pub async fn answer(self, plan: &Plan<'_>) -> Response<Answer> {
        let content = if plan.facts.ask.stream {
            plan.stream(plan.facts.events(), plan.pacing)
        } else {
            plan.json().await
        };
        let answer = Answer::new(content, After::End, Some(self.ticket));
        respond(StatusCode::OK, plan.content_type(), answer)
    }
}

impl<'a> Plan<'a> {
    /// An answer whose time runs from `arrived`, or from when there is a place for it.
    fn new(
        facts: Facts<'a>,
        config: &Config,
        capacity: Option<&Capacity>,
        arrived: Instant,
    ) -> Self {
        let (itl, tokens) = if facts.ask.stream {
            let itl = config.itl * facts.dialect.tokens_per_event();
            (itl, facts.token_events())
        } else {
            (config.itl, facts.completion_tokens)
        };
        let pacing = |start| Pacing::new(start, config.ttft, itl, tokens);
        let service = pacing(arrived).end() - arrived;
        let start = capacity.map_or(arrived, |places| places.book(arrived, service));
        let pacing = pacing(start);
        Plan { facts, pacing }
    }

    pub fn content_type(&self) -> HeaderValue {
        match (self.facts.ask.stream, self.facts.dialect.ndjson) {
            (false, _) => answer::JSON,
            (true, false) => answer::EVENTS,
            (true, true) => answer::JSON_LINES,
        }
    }

    /// These events at this pace, cut up if so configured.
    pub fn stream(&self, events: Events, pacing: Pacing) -> Content {
        let stream = Stream::new(events, pacing);
        if self.facts.dialect.split {
            Content::Split(Box::new(Split::new(stream)))
        } else {
            Content::Stream(Box::new(stream))
        }
    }

    /// The answer in one piece, when its last token is due.
    async fn json(&self) -> Content {
        let json = self.facts.json();
        self.wait_for_all().await;
        Content::whole(json)
    }

    /// Waits for the last token.
    pub async fn wait_for_all(&self) {
        if self.pacing.end() > Instant::now() {
            sleep_until(self.pacing.end()).await;
        }
    }
}

/// What the client calls its request: vLLM and a sampler answer under this name.
fn client_id(head: &Parts) -> Option<&str> {
    head.headers.get("x-request-id")?.to_str().ok()
}

/// How many tokens will be answered.
fn answer_tokens(api: Api, ask: &Ask<'_>, config: &Config) -> Result<u32, String> {
    // What generates nothing is answered when a first token would be.
    if api.generates() {
        ask.answer_tokens(config.tokens, DEFAULT_TOKENS)
    } else {
        Ok(1)
    }
}

/// The moment of a stamp on the timers' clock: delays count from the read that
/// completed the body, not from when the handler came to it.
fn instant(end_ns: u64) -> Instant {
    let since = Duration::from_nanos(clock::now_ns().saturating_sub(end_ns));
    let now = Instant::now();
    now.checked_sub(since).unwrap_or(now)
}
