//! Delays are lower bounds: a token is never early. How late it is depends on
//! the machine and is not tested.

use std::time::{Duration, Instant};

use mock_llm::{Config, Server};

use crate::client::Client;

const TTFT: Duration = Duration::from_millis(30);
const ITL: Duration = Duration::from_millis(7);

fn server() -> Server {
    let config = Config {
        ttft: TTFT,
        itl: ITL,
        tokens: Some(6),
        ..Config::default()
    };
    Server::start(config).expect("the server starts")
}

#[test]
fn a_streamed_token_is_never_early() {
    let server = server();
    let mut client = Client::connect(server.addr());
    let start = Instant::now();
    let body = r#"{"messages":[],"stream":true}"#;
    let reply = client.post("/v1/chat/completions", body);
    // Event 0 is the role; token i is event 1 + i.
    for token in 0..6 {
        let due = start + TTFT + ITL * token;
        let (seen, _) = reply.events[1 + token as usize];
        assert!(seen >= due, "token {token} was {:?} early", due - seen);
    }
    assert_eq!(reply.chunks().len(), 1 + 6 + 1);
}

#[test]
fn the_role_does_not_wait_for_the_first_token() {
    let config = Config {
        ttft: Duration::from_secs(60),
        ..Config::default()
    };
    let server = Server::start(config).expect("the server starts");
    let mut client = Client::connect(server.addr());
    let body = r#"{"messages":[],"stream":true}"#;
    client.send(&crate::client::post_bytes("/v1/chat/completions", body));
    client.skip_head();
    let role = client
        .chunk()
        .expect("a chunk, long before the first token");
    assert!(
        role.contains(r#""role":"assistant""#) && !role.contains("tok\""),
        "{role}"
    );
}

#[test]
fn an_answer_in_one_piece_waits_for_its_last_token() {
    let server = server();
    let mut client = Client::connect(server.addr());
    let start = Instant::now();
    let reply = client.post("/v1/completions", r#"{"prompt":"a"}"#);
    assert!(start.elapsed() >= TTFT + ITL * 5);
    assert_eq!(reply.json()["usage"]["completion_tokens"], 6);
}

#[test]
fn with_one_slot_an_answer_begins_where_the_one_before_it_ends() {
    let service = Duration::from_millis(50);
    let answers = |slots| {
        let config = Config {
            ttft: service,
            tokens: Some(1),
            slots,
            ..Config::default()
        };
        let server = Server::start(config).expect("the server starts");
        let mut clients: Vec<_> = (0..4).map(|_| Client::connect(server.addr())).collect();
        let start = Instant::now();
        let bytes = crate::client::post_bytes("/v1/completions", r#"{"prompt":"a"}"#);
        clients.iter_mut().for_each(|client| client.send(&bytes));
        clients.iter_mut().for_each(Client::skip_head);
        (start.elapsed(), server.stats().longest_wait_ns)
    };
    let (took, wait_ns) = answers(Some(1));
    assert!(took >= service * 4, "{took:?}");
    // The last waits for three at most, for less if they came apart.
    let three_ns = service.as_nanos() as u64 * 3;
    assert!(wait_ns.is_some_and(|ns| ns <= three_ns), "{wait_ns:?}");
    let (_, no_wait_ns) = answers(Some(4));
    assert_eq!(no_wait_ns, Some(0));
    assert_eq!(answers(None).1, None);
}
