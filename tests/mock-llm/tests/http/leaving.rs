//! Clients that leave are seen when they do, and not at the next token: here that is a minute
//! later, which no test waits for.

use std::time::Duration;

use mock_llm::{Config, Server};

use crate::client::{Client, arrivals_when, now_ns, post_bytes};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"model":"m","messages":[],"max_tokens":7,"stream":true}"#;

fn server(ttft: Duration) -> Server {
    Server::start(Config {
        ttft,
        ..Config::default()
    })
    .expect("the server starts")
}

#[test]
fn a_client_that_leaves_mid_stream_is_noticed() {
    let config = Config {
        itl: Duration::from_secs(60),
        ..Config::default()
    };
    let server = Server::start(config).expect("the server starts");
    let mut client = Client::connect(server.addr());
    client.send(&post_bytes(CHAT, BODY));
    client.skip_head();
    assert!(
        client
            .chunk()
            .expect("the role and the first token")
            .contains("assistant")
    );
    assert_eq!(server.arrivals()[0].closed_early_ns, None);
    let leaving_ns = now_ns();
    drop(client);
    let arrivals = arrivals_when(&server, |a| a[0].closed_early_ns.is_some());
    assert!(arrivals[0].closed_early_ns > Some(leaving_ns));
    let stats = server.stats();
    assert_eq!((stats.closed_early, stats.in_flight), (1, 0));
}

#[test]
fn a_client_that_leaves_before_its_answer_or_in_its_body_is_noticed() {
    let server = server(Duration::from_secs(60));
    let mut waits = Client::connect(server.addr());
    waits.send(&post_bytes(CHAT, r#"{"messages":[]}"#));
    arrivals_when(&server, |a| a.len() == 1 && a[0].status == Some(200));
    drop(waits);
    arrivals_when(&server, |a| a[0].closed_early_ns.is_some());
    let mut sends = Client::connect(server.addr());
    let bytes = post_bytes(CHAT, BODY);
    sends.send(&bytes[..bytes.len() - 1]);
    arrivals_when(&server, |a| a.len() == 2);
    drop(sends);
    let arrivals = arrivals_when(&server, |a| a[1].closed_early_ns.is_some());
    assert_eq!((arrivals[1].status, arrivals[1].body_end_ns), (None, None));
}

/// A corked socket sends its last bytes and its FIN in one segment. A server that waits for bytes,
/// as it does behind an answer, hears of both at once.
#[test]
fn a_request_whose_connection_ends_with_it_is_logged_all_the_same() {
    let server = server(Duration::ZERO);
    for round in 0..10 {
        let stream = std::net::TcpStream::connect(server.addr()).expect("it listens");
        let mut client = Client::connect_over(stream.try_clone().expect("a handle"));
        client.post(CHAT, BODY);
        rustix::net::sockopt::set_tcp_cork(&stream, true).expect("an option");
        client.send(&post_bytes(CHAT, BODY));
        let leaving_ns = now_ns();
        drop((stream, client));
        let last = 2 * round + 1;
        let arrivals = arrivals_when(&server, |a| {
            a.len() == last + 1 && a[last].closed_early_ns.is_some()
        });
        assert!(arrivals[last].arrival_ns > leaving_ns && arrivals[last].answered_ns.is_none());
    }
    let stats = server.stats();
    assert_eq!(
        (stats.requests, stats.closed_early, stats.in_flight),
        (20, 10, 0)
    );
}

#[test]
fn a_client_that_resets_the_connection_is_noticed() {
    let server = server(Duration::from_secs(60));
    let stream = std::net::TcpStream::connect(server.addr()).expect("it listens");
    std::io::Write::write_all(&mut &stream, &post_bytes(CHAT, BODY)).expect("it reads");
    arrivals_when(&server, |a| a.len() == 1 && a[0].status == Some(200));
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("an option");
    drop(stream);
    let arrivals = arrivals_when(&server, |a| a[0].closed_early_ns.is_some());
    assert_eq!(arrivals[0].answered_ns, None);
}

/// The control: an answer that was read to its end was answered and nobody left.
#[test]
fn a_client_that_leaves_after_its_answer_has_not_left_early() {
    let server = server(Duration::ZERO);
    let mut client = Client::connect(server.addr());
    client.post(CHAT, BODY);
    let read_ns = now_ns();
    drop(client);
    let arrivals = server.arrivals();
    assert!(arrivals[0].answered_ns.is_some_and(|ns| ns < read_ns));
    assert_eq!(arrivals[0].closed_early_ns, None);
    assert_eq!(server.stats().closed_early, 0);
}

/// The answer's last bytes were made, but they lie in the server: the client reads nothing.
#[test]
fn an_answer_that_could_not_be_written_is_not_answered() {
    let config = Config {
        tokens: Some(200_000),
        ..Config::default()
    };
    let server = Server::start(config).expect("it starts");
    let mut client = Client::connect(server.addr());
    client.send(&post_bytes(
        "/v1/completions",
        r#"{"prompt":"a","stream":true}"#,
    ));
    client.skip_head();
    drop(client);
    let arrivals = arrivals_when(&server, |a| a[0].closed_early_ns.is_some());
    assert_eq!(arrivals[0].answered_ns, None);
}
