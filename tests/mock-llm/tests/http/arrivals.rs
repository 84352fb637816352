//! What the arrival log says.

use std::time::Duration;

use mock_llm::{Arrival, Config, Server};
use sha2::{Digest, Sha256};

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

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

#[test]
fn a_request_is_logged_as_it_came() {
    let server = server(Duration::ZERO);
    let mut client = Client::connect(server.addr());
    let before = now_ns();
    let length = BODY.len();
    client.send(
        format!(
            "POST {CHAT}?x=1 HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer k\r\n\
             Content-Length: {length}\r\n\r\n{BODY}"
        )
        .as_bytes(),
    );
    assert_eq!(client.receive().status, 200);
    let after = now_ns();
    let mut arrivals = server.arrivals();
    let arrival = arrivals.pop().expect("one arrival");
    assert!(arrivals.is_empty());
    let body_end_ns = arrival.body_end_ns.expect("the body was read");
    assert!(before < arrival.arrival_ns && arrival.arrival_ns <= body_end_ns);
    let answered_ns = arrival.answered_ns.expect("it was answered");
    assert!(body_end_ns < answered_ns && answered_ns < after);
    let expected = Arrival {
        seq: 0,
        arrival_ns: arrival.arrival_ns,
        body_end_ns: Some(body_end_ns),
        method: "POST".to_owned(),
        path: CHAT.to_owned(),
        status: Some(200),
        body_bytes: Some(length as u64),
        body_sha256: Some(hex_sha256(BODY.as_bytes())),
        connection: 1,
        model: Some("m".to_owned()),
        max_tokens: Some(7),
        stream: Some(true),
        concurrent: 1,
        closed_early_ns: None,
        answered_ns: Some(answered_ns),
        authorization: true,
        endpoint: Some("chat".to_owned()),
        images: 0,
        audios: 0,
        documents: 0,
        fault: None,
    };
    assert_eq!(arrival, expected);
}

#[test]
fn a_refused_request_is_logged_too() {
    let server = server(Duration::ZERO);
    let mut client = Client::connect(server.addr());
    client.post("/nowhere", "abc");
    client.post(CHAT, "{");
    let arrivals = server.arrivals();
    assert_eq!(arrivals[0].path, "/nowhere");
    assert_eq!(arrivals[0].status, Some(404));
    assert_eq!(arrivals[0].body_sha256, Some(hex_sha256(b"abc")));
    assert_eq!((arrivals[1].status, arrivals[1].stream), (Some(400), None));
    assert!(
        arrivals
            .iter()
            .all(|a| a.closed_early_ns.is_none() && !a.authorization)
    );
}

/// The control of the stamps: the second request of a connection must carry its
/// own time, also when its bytes come in pieces, and not that of the first.
#[test]
fn two_requests_on_a_connection_have_two_arrival_times() {
    let server = server(Duration::ZERO);
    let mut client = Client::connect(server.addr());
    client.post(CHAT, BODY);
    let between_ns = now_ns();
    let bytes = post_bytes(CHAT, BODY);
    client.send(&bytes[..10]);
    std::thread::sleep(Duration::from_millis(30));
    let late_ns = now_ns();
    client.send(&bytes[10..]);
    client.receive();
    let arrivals = server.arrivals();
    let [first, second] = arrivals.as_slice() else {
        panic!("two arrivals")
    };
    assert!(first.arrival_ns < between_ns && first.body_end_ns < Some(between_ns));
    assert!(
        between_ns < second.arrival_ns,
        "stamped by the first request's read"
    );
    assert!(
        second.arrival_ns < late_ns,
        "stamped by the handler, not by the first byte"
    );
    assert!(Some(late_ns) < second.body_end_ns);
    assert_eq!((first.connection, second.connection), (1, 1));
}

#[test]
fn pipelined_requests_are_both_logged() {
    let server = server(Duration::ZERO);
    let mut client = Client::connect(server.addr());
    let mut both = post_bytes(CHAT, BODY);
    both.extend(post_bytes(CHAT, BODY));
    client.send(&both);
    assert_eq!(
        (client.receive().status, client.receive().status),
        (200, 200)
    );
    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), 2);
    assert!(0 < arrivals[0].arrival_ns && arrivals[0].arrival_ns <= arrivals[1].arrival_ns);
}

#[test]
fn arrivals_of_all_workers_are_in_order() {
    let config = Config {
        workers: 3,
        ..Config::default()
    };
    let server = Server::start(config).expect("the server starts");
    let mut clients: Vec<Client> = (0..6).map(|_| Client::connect(server.addr())).collect();
    for round in 0..5 {
        for (i, client) in clients.iter_mut().enumerate() {
            client.post(
                CHAT,
                &format!(r#"{{"messages":[],"model":"{}"}}"#, round * 6 + i),
            );
        }
    }
    let arrivals = server.arrivals();
    let models: Vec<_> = arrivals.iter().filter_map(|a| a.model.clone()).collect();
    let sent: Vec<_> = (0..30).map(|i| i.to_string()).collect();
    assert_eq!(models, sent);
    assert!(arrivals.iter().map(|a| a.seq).eq(0..30));
    let stats = server.stats();
    assert_eq!(
        (stats.requests, stats.connections_opened, stats.in_flight),
        (30, 6, 0)
    );
}

#[test]
fn a_stopped_server_does_not_blame_its_clients() {
    let mut server = server(Duration::from_secs(60));
    let mut client = Client::connect(server.addr());
    client.send(&post_bytes(CHAT, BODY));
    arrivals_when(&server, |a| a.len() == 1);
    server.stop();
    let arrivals = server.arrivals();
    assert_eq!((arrivals.len(), arrivals[0].closed_early_ns), (1, None));
}

#[test]
fn requests_in_flight_are_counted() {
    let server = server(Duration::from_millis(100));
    let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(server.addr())).collect();
    for (i, client) in clients.iter_mut().enumerate() {
        client.send(&post_bytes(CHAT, BODY));
        arrivals_when(&server, |a| a.len() == i + 1);
    }
    for client in &mut clients {
        client.receive();
    }
    let concurrent: Vec<_> = server.arrivals().iter().map(|a| a.concurrent).collect();
    // A slow machine may have answered the first before it took the last.
    assert_eq!(concurrent[0], 1);
    let stats = server.stats();
    assert_eq!(concurrent.iter().max(), Some(&stats.peak_in_flight));
    assert_eq!(stats.in_flight, 0);
}

#[test]
fn the_log_is_read_and_cleared_over_http() {
    let server = server(Duration::ZERO);
    let mut client = Client::connect(server.addr());
    for _ in 0..500 {
        client.post(CHAT, r#"{"messages":[]}"#);
    }
    let text = client.call("GET", "/arrivals").body;
    let lines: Vec<Arrival> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("an arrival"))
        .collect();
    assert_eq!(lines, server.arrivals());
    assert_eq!(lines.len(), 500);
    assert_eq!(client.call("DELETE", "/arrivals").status, 200);
    assert_eq!(client.call("GET", "/arrivals").body, "");
    client.post(CHAT, BODY);
    assert_eq!(server.arrivals()[0].seq, 0);
    let stats = client.call("GET", "/stats").json();
    assert_eq!(stats["requests"], 501);
    assert_eq!(stats["connections_opened"], 1);
}
