//! Answers that fail as they were told to: see [`FaultKind`] for what each means.

use std::future::pending;

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use crate::answer::{After, Answer, Content, respond};
use crate::api::Api;
use crate::connection::Hangup;
use crate::fault::FaultKind;
use crate::huge::Huge;
use crate::log::BodyFacts;
use crate::misframed;
use crate::pacing::Pacing;
use crate::post::{Plan, Post};
use crate::render::{Events, Token};
use crate::request::Ask;
use crate::stream::Stream;

const MESSAGE: &str = "failed as configured";
/// Neither JSON nor UTF-8, and no line end.
const GARBAGE: &[u8] = b"\xff\xfe{]\x00garbage\x80\"\xc3(";

impl Post<'_> {
    /// Answers with an error.
    pub fn fail_status(
        self,
        api: Api,
        body: BodyFacts,
        ask: &Ask<'_>,
        status: u16,
    ) -> Response<Answer> {
        let code = StatusCode::from_u16(status).expect("checked at the start");
        let mut response = self.refuse_read(Some(body), Some(ask), &api.fail(code, MESSAGE));
        if code == StatusCode::TOO_MANY_REQUESTS {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    /// Fails in any other way.
    pub async fn fail(self, kind: FaultKind, plan: &Plan<'_>) -> Result<Response<Answer>, Hangup> {
        let http2 = self.connection.is_http2();
        match kind {
            FaultKind::Refuse | FaultKind::Status(_) => unreachable!("dealt with before"),
            FaultKind::Silent => pending().await,
            FaultKind::HalfClose => {
                self.connection.close_writing();
                pending().await
            }
            FaultKind::SlowHeaders(over) if http2 => {
                tokio::time::sleep(over).await;
                Ok(self.answer(plan).await)
            }
            FaultKind::LongLength | FaultKind::ShortLength if http2 => {
                Ok(self.lie_about_length(kind, plan).await)
            }
            FaultKind::BadChunk if http2 => self.break_off(FaultKind::Close, plan).await,
            FaultKind::SlowHeaders(_)
            | FaultKind::LongLength
            | FaultKind::ShortLength
            | FaultKind::BadChunk => misframed::answer(self, kind, plan).await,
            _ => self.break_off(kind, plan).await,
        }
    }

    /// Content that is wrong or stops, in proper frames.
    async fn break_off(self, kind: FaultKind, plan: &Plan<'_>) -> Result<Response<Answer>, Hangup> {
        let content = if plan.facts.ask.stream {
            broken_stream(kind, plan)
        } else {
            plan.wait_for_all().await;
            broken_json(kind, plan)
        };
        let after = match kind {
            FaultKind::Stall => After::Silence,
            FaultKind::Reset | FaultKind::Close => {
                After::cut(self.connection, kind == FaultKind::Reset)
            }
            _ => After::End,
        };
        let answer = Answer::new(content, after, Some(self.ticket));
        Ok(respond(StatusCode::OK, plan.content_type(), answer))
    }

    async fn lie_about_length(self, kind: FaultKind, plan: &Plan<'_>) -> Response<Answer> {
        let bytes = plan.whole_body();
        plan.wait_for_all().await;
        let length = HeaderValue::from(false_length(kind, bytes.len()));
        let content = Content::Whole {
            bytes,
            length: None,
        };
        let answer = Answer::new(content, After::End, Some(self.ticket));
        let mut response = respond(StatusCode::OK, plan.content_type(), answer);
        response.headers_mut().insert(CONTENT_LENGTH, length);
        response
    }
}

/// The length that is said of a body of `length` bytes.
pub fn false_length(kind: FaultKind, length: usize) -> usize {
    match kind {
        FaultKind::LongLength => length + 1000,
        FaultKind::ShortLength => length / 2,
        _ => length,
    }
}

impl Plan<'_> {
    /// The whole body at once.
    pub fn whole_body(&self) -> Bytes {
        if self.facts.ask.stream {
            Stream::new(self.facts.events(), self.pacing).drain()
        } else {
            self.facts.json()
        }
    }
}

fn broken_stream(kind: FaultKind, plan: &Plan<'_>) -> Content {
    let mut events = plan.facts.events();
    events.closes_with_token = false;
    events.closing = Bytes::new();
    let half = plan.pacing.tokens().div_ceil(2);
    let (events, tokens) = match kind {
        FaultKind::HugeEvent(bytes) => return Content::Huge(Huge::new(bytes)),
        FaultKind::Garbage => (garbage_events(), plan.pacing.tokens()),
        FaultKind::NoDone => (events, plan.pacing.tokens()),
        FaultKind::Stall => (events, 1),
        FaultKind::ErrorEvent => {
            let error = plan
                .facts
                .api
                .fail(StatusCode::INTERNAL_SERVER_ERROR, MESSAGE);
            events.closing = plan.facts.error_event(&error);
            (events, half)
        }
        _ => (events, half),
    };
    let pacing: Pacing = plan.pacing.first_tokens(tokens);
    plan.stream(events, pacing)
}

fn garbage_events() -> Events {
    let event = [b"data: ", GARBAGE, b"\n\n"].concat();
    Events {
        opening: Bytes::new(),
        token: Token::Same(event.into()),
        closing: Bytes::new(),
        closes_with_token: false,
    }
}

fn broken_json(kind: FaultKind, plan: &Plan<'_>) -> Content {
    let json = plan.facts.json();
    let half = json.slice(..json.len() / 2);
    match kind {
        FaultKind::HugeEvent(bytes) => Content::Huge(Huge::new(bytes)),
        FaultKind::Garbage => Content::whole(GARBAGE),
        FaultKind::NoDone => Content::whole(half),
        FaultKind::ErrorEvent => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Content::whole(plan.facts.api.fail(status, MESSAGE).json())
        }
        _ => Content::Whole {
            length: Some(json.len() as u64),
            bytes: half,
        },
    }
}
