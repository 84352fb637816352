//! A POST request whose body was read: what it asks for, and the answer.
//!
//! Refuses what [`Ask`] refuses, with 400; either way the log gets its record.

use std::num::NonZeroU64;
use std::rc::Rc;
use std::time::Duration;

use hyper::{Response, StatusCode};
use tokio::time::{Instant, sleep_until};

use crate::answer::{self, Answer, respond};
use crate::api::{Api, kserve_model};
use crate::body::ReadBody;
use crate::clock;
use crate::config::{Config, DEFAULT_TOKENS};
use crate::connection::Connection;
use crate::pacing::Pacing;
use crate::refusal::Refusal;
use crate::render::Facts;
use crate::request::{Ask, Refused};
use crate::stream::Stream;
use crate::ticket::Ticket;

/// A request that is owed an answer.
pub struct Post<'a> {
    connection: &'a Rc<Connection>,
    ticket: Ticket,
    /// The read that completed the body.
    end_ns: NonZeroU64,
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
        self.ticket.describe(None, None, refusal.status);
        let answer = Answer::whole(refusal.json(), Some(self.ticket));
        respond(refusal.status, answer::JSON, answer)
    }

    /// Refuses a request, with what could be made out of it for the log.
    pub fn refuse(
        self,
        body: &ReadBody,
        ask: Option<&Ask<'_>>,
        refusal: &Refusal,
    ) -> Response<Answer> {
        self.ticket
            .describe(Some(body.facts(self.end_ns)), ask, refusal.status);
        let answer = Answer::whole(refusal.json(), Some(self.ticket));
        respond(refusal.status, answer::JSON, answer)
    }

    /// Answers at the configured pace.
    pub async fn generate(self, api: Api, path: &str, body: &ReadBody) -> Response<Answer> {
        let mut ask = match Ask::parse(api, &body.bytes) {
            Ok(ask) => ask,
            Err(Refused { ask, message }) => {
                return self.refuse(body, ask.as_ref(), &api.refuse(message));
            }
        };
        if ask.model.is_none() {
            ask.model = kserve_model(path).map(Into::into);
        }
        let config = &self.connection.worker.shared.config;
        let id = (self.connection.id, self.connection.next_request());
        let facts = match plan(api, &ask, config, id) {
            Ok(facts) => facts,
            Err(message) => return self.refuse(body, Some(&ask), &api.refuse(message)),
        };
        self.ticket
            .describe(Some(body.facts(self.end_ns)), Some(&ask), StatusCode::OK);
        let start = instant(self.end_ns.get());
        let pacing = Pacing::new(start, config.ttft, config.itl, facts.completion_tokens);
        if ask.stream {
            let stream = Stream::new(facts.events(), pacing);
            return respond(
                StatusCode::OK,
                answer::EVENTS,
                Answer::stream(stream, self.ticket),
            );
        }
        let json = facts.json();
        if pacing.end() > Instant::now() {
            sleep_until(pacing.end()).await;
        }
        respond(
            StatusCode::OK,
            answer::JSON,
            Answer::whole(json, Some(self.ticket)),
        )
    }
}

/// What will be answered.
fn plan<'a>(
    api: Api,
    ask: &'a Ask<'_>,
    config: &Config,
    id: (u64, u64),
) -> Result<Facts<'a>, String> {
    // What generates nothing is answered when a first token would be.
    let completion_tokens = if api.generates() {
        ask.answer_tokens(config.tokens, DEFAULT_TOKENS)?
    } else {
        1
    };
    Ok(Facts {
        api,
        ask,
        model: ask.model.as_deref().unwrap_or("mock"),
        id,
        completion_tokens,
    })
}

/// The moment of a stamp on the timers' clock: delays count from the read that
/// completed the body, not from when the handler came to it.
fn instant(end_ns: u64) -> Instant {
    let since = Duration::from_nanos(clock::now_ns().saturating_sub(end_ns));
    let now = Instant::now();
    now.checked_sub(since).unwrap_or(now)
}
