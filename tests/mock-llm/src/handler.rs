//! From a request to its answer: routes, and the endpoints behind them.
//!
//! Every body is read to its end before anything is answered, also under a path
//! that does not exist: the log tells what arrived, not what was welcome.

use std::rc::Rc;

use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::answer::{self, After, Answer, Content, respond};
use crate::api::Api;
use crate::arrivals::Arrivals;
use crate::body;
use crate::connection::{Connection, Hangup};
use crate::post::Post;
use crate::refusal::Refusal;
use crate::stamps::Arrived;
use crate::stats::Shared;
use crate::ticket::Ticket;

/// What stands behind a path.
#[derive(Clone, Copy)]
enum Route {
    Generate(Api),
    Models,
    Health,
    Arrivals,
    Stats,
}

impl Route {
    fn of(path: &str) -> Option<(Self, &'static str)> {
        Some(match path {
            "/v1/models" => (Route::Models, "GET"),
            "/health" => (Route::Health, "GET"),
            "/arrivals" => (Route::Arrivals, "GET, DELETE"),
            "/stats" => (Route::Stats, "GET"),
            _ => (Route::Generate(Api::of(path)?), "POST"),
        })
    }
}

/// Answers one request. It is logged before the answer is awaited for the first time: the HTTP
/// library never does if the end of the connection comes together with the request.
pub fn handle(
    connection: Rc<Connection>,
    arrived: Arrived,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Answer>, Hangup>> {
    let (head, incoming) = request.into_parts();
    let ticket =
        (head.method == Method::POST).then(|| Ticket::open(&connection, arrived.ns, &head));
    answer(connection, arrived, head, ticket, incoming)
}

async fn answer(
    connection: Rc<Connection>,
    arrived: Arrived,
    head: Parts,
    ticket: Option<Ticket>,
    incoming: Incoming,
) -> Result<Response<Answer>, Hangup> {
    let body = body::read(incoming).await?;
    let end_ns = connection.stamps.end_request(arrived);
    let Some(ticket) = ticket else {
        return Ok(look_up(
            &connection.worker.shared,
            &head.method,
            head.uri.path(),
        ));
    };
    let post = Post::new(&connection, ticket, end_ns);
    Ok(match (body, Route::of(head.uri.path())) {
        (Err(refusal), _) => post.refuse_unread(&refusal),
        (Ok(body), Some((Route::Generate(api), _))) => post.generate(api, &head, &body).await?,
        (Ok(body), route) => {
            let refusal = wrong_way(&head.method, head.uri.path());
            let mut response = post.refuse(&body, None, &refusal);
            allow(&mut response, route.map(|(_, methods)| methods));
            response
        }
    })
}

/// Requests other than POST.
fn look_up(shared: &Shared, method: &Method, path: &str) -> Response<Answer> {
    let text = |value: serde_json::Value| {
        respond(
            StatusCode::OK,
            answer::JSON,
            Answer::whole(format!("{value}\n"), None),
        )
    };
    let get = *method == Method::GET;
    match Route::of(path) {
        Some((Route::Models, _)) if get => text(models()),
        Some((Route::Health, _)) if get => text(json!({ "status": "ok" })),
        Some((Route::Stats, _)) if get => text(json!(shared.stats())),
        Some((Route::Arrivals, _)) if get => {
            let lines = Content::Lines(Box::new(Arrivals::of(shared)));
            let answer = Answer::new(lines, After::End, None);
            respond(StatusCode::OK, answer::JSON_LINES, answer)
        }
        Some((Route::Arrivals, _)) if *method == Method::DELETE => {
            shared.clear();
            text(json!({ "cleared": true }))
        }
        route => {
            let refusal = wrong_way(method, path);
            let answer = Answer::whole(refusal.json(), None);
            let mut response = respond(refusal.status, answer::JSON, answer);
            allow(&mut response, route.map(|(_, methods)| methods));
            response
        }
    }
}

fn models() -> serde_json::Value {
    let model = json!({ "id": "mock", "object": "model", "created": 0, "owned_by": "mock-llm" });
    json!({ "object": "list", "data": [model] })
}

/// 404, or 405 when the path exists.
fn wrong_way(method: &Method, path: &str) -> Refusal {
    match Route::of(path) {
        None => Refusal::new(
            StatusCode::NOT_FOUND,
            format!("no such endpoint: {method} {path}"),
        ),
        Some((_, methods)) => Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{path} does not take {method}, only {methods}"),
        ),
    }
}

fn allow(response: &mut Response<Answer>, methods: Option<&'static str>) {
    if let Some(methods) = methods {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static(methods));
    }
}
