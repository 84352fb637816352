//! Each fault as a client meets it, and what the log says of it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mock_llm::{Config, Fault, FaultKind, Server};
use serde_json::Value;

use crate::client::{Client, Reply, arrivals_when, post_bytes, read_all};

const CHAT: &str = "/v1/chat/completions";
const STREAMED: &str = r#"{"messages":[],"max_tokens":6,"stream":true}"#;
const WHOLE: &str = r#"{"messages":[],"max_tokens":6}"#;

fn server(faults: &[&str]) -> Server {
    let faults = faults.iter().map(|fault| fault.parse().expect("a fault"));
    Server::start(Config {
        faults: faults.collect(),
        ..Config::default()
    })
    .expect("the server starts")
}

fn send(server: &Server, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).expect("it listens");
    stream.write_all(&post_bytes(CHAT, body)).expect("it reads");
    stream
}

/// What comes back until the server ends the connection, split at the end of the head.
fn exchange(server: &Server, body: &str) -> (String, String, bool) {
    let (bytes, fin) = read_all(&mut send(server, body));
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    (head.to_owned(), body.to_owned(), fin)
}

fn tokens(text: &str) -> usize {
    text.matches(" tok").count()
}

fn length(head: &str) -> usize {
    let length = head.split("content-length: ").nth(1).expect("a length");
    length
        .lines()
        .next()
        .expect("a line")
        .parse()
        .expect("a number")
}

#[test]
fn reset_is_rst_and_close_is_fin_after_half_of_the_tokens() {
    for (fault, is_fin) in [("reset", false), ("close", true)] {
        let server = server(&[fault]);
        let (head, body, fin) = exchange(&server, STREAMED);
        assert!(head.starts_with("HTTP/1.1 200"), "{fault}: {head}");
        assert_eq!((tokens(&body), fin), (3, is_fin), "{fault}: {body}");
        assert!(!body.contains("finish_reason\":\"") && !body.ends_with("0\r\n\r\n"));
        let (head, body, fin) = exchange(&server, WHOLE);
        assert!(!body.is_empty() && body.len() < length(&head), "{fault}");
        assert_eq!(fin, is_fin, "{fault}");
        let arrivals = server.arrivals();
        assert_eq!(arrivals.len(), 2);
        for arrival in arrivals {
            assert_eq!(arrival.fault.as_deref(), Some(fault));
            assert!(arrival.answered_ns.is_some() && arrival.closed_early_ns.is_none());
        }
    }
}

/// The client's leaving ends the silence: its read timeout stands for never.
#[test]
fn stall_and_silent_hold_the_connection_until_the_client_leaves() {
    for (fault, tokens_sent) in [("stall", 1), ("silent", 0)] {
        let server = server(&[fault]);
        let mut stream = send(&server, STREAMED);
        let pause = Duration::from_millis(100);
        stream.set_read_timeout(Some(pause)).expect("a timeout");
        arrivals_when(&server, |a| a.len() == 1 && a[0].fault.is_some());
        let (mut all, mut room) = (Vec::new(), [0; 4096]);
        let ended = loop {
            match stream.read(&mut room) {
                Ok(0) => break None,
                Ok(n) => all.extend_from_slice(&room[..n]),
                Err(_) if tokens(&String::from_utf8_lossy(&all)) < tokens_sent => {}
                Err(error) => break Some(error),
            }
        };
        assert_eq!(
            ended.map(|e| e.kind()),
            Some(std::io::ErrorKind::WouldBlock)
        );
        assert_eq!(tokens(&String::from_utf8_lossy(&all)), tokens_sent);
        drop(stream);
        let arrivals = arrivals_when(&server, |a| a[0].closed_early_ns.is_some());
        assert_eq!(arrivals[0].answered_ns, None);
        assert_eq!(arrivals[0].status, (fault == "stall").then_some(200));
    }
}

#[test]
fn half_close_is_fin_before_any_byte_and_the_server_still_reads() {
    let server = server(&["half-close"]);
    let mut stream = send(&server, STREAMED);
    let mut room = [0];
    assert_eq!(stream.read(&mut room).expect("FIN and not RST"), 0);
    for _ in 0..3 {
        // To a closed socket the second of these would fail.
        stream.write_all(b"x").expect("it reads on");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(server.arrivals()[0].closed_early_ns, None);
}

#[test]
fn slow_headers_dribble_and_the_answer_is_whole() {
    let server = server(&["slow-headers=60ms"]);
    let mut client = Client::connect(server.addr());
    let start = Instant::now();
    client.send(&post_bytes(CHAT, STREAMED));
    let reply = client.receive();
    assert!(start.elapsed() >= Duration::from_millis(60));
    assert!(reply.body.ends_with("data: [DONE]\n\n"));
    assert_eq!(tokens(&reply.body), 6);
}

#[test]
fn a_status_is_an_error_object_and_the_connection_lives() {
    for status in [429, 500, 503] {
        let server = server(&[&format!("status={status}")]);
        let mut client = Client::connect(server.addr());
        for _ in 0..2 {
            let reply = client.post(CHAT, STREAMED);
            assert_eq!(reply.status, status);
            assert!(reply.json()["error"]["message"].is_string());
            assert_eq!(reply.head.contains("retry-after: 1\r\n"), status == 429);
        }
        assert_eq!(server.arrivals()[1].status, Some(status));
    }
}

#[test]
fn garbage_is_well_framed_and_no_json() {
    let server = server(&["garbage"]);
    let (bytes, _) = read_all(&mut {
        let mut stream = TcpStream::connect(server.addr()).expect("it listens");
        let request = String::from_utf8(post_bytes(CHAT, STREAMED)).expect("text");
        let request = request.replace("Host", "Connection: close\r\nHost");
        stream.write_all(request.as_bytes()).expect("it reads");
        stream
    });
    assert!(bytes.ends_with(b"0\r\n\r\n"));
    assert!(String::from_utf8(bytes.clone()).is_err());
    let events = bytes.windows(6).filter(|w| w == b"data: ").count();
    assert_eq!(events, 6);
}

#[test]
fn a_huge_event_is_as_long_as_it_was_told_and_has_no_end() {
    let server = server(&["huge-event=3000000"]);
    let mut client = Client::connect(server.addr());
    client.send(&post_bytes(CHAT, STREAMED));
    client.skip_head();
    let (mut bytes, mut begins) = (0, false);
    while let Some(chunk) = client.chunk() {
        begins |= bytes == 0 && chunk.starts_with("data: {");
        assert!(!chunk.contains('\n'));
        bytes += chunk.len();
    }
    assert!(begins);
    assert_eq!(bytes, 3_000_000);
}

#[test]
fn lengths_are_longer_and_shorter_than_the_body() {
    let (head, body, fin) = exchange(&server(&["long-length"]), STREAMED);
    assert_eq!(length(&head), body.len() + 1000);
    assert!(fin && body.ends_with("data: [DONE]\n\n"));
    for request in [STREAMED, WHOLE] {
        let (head, body, fin) = exchange(&server(&["short-length"]), request);
        assert_eq!(length(&head), body.len() / 2);
        assert!(fin && tokens(&body) == 6);
    }
}

#[test]
fn no_done_ends_after_the_last_token_with_its_framing_whole() {
    let server = server(&["no-done"]);
    let mut client = Client::connect(server.addr());
    let reply = client.post(CHAT, STREAMED);
    assert_eq!(reply.events.len(), 1 + 6);
    assert!(!reply.body.contains("finish_reason\":\"") && !reply.body.contains("DONE"));
    // The connection lives, since the framing is right.
    assert_eq!(client.post(CHAT, STREAMED).status, 200);
}

#[test]
fn an_error_event_ends_a_stream_that_had_begun() {
    for (path, body, key) in [
        (CHAT, STREAMED, "error"),
        (
            "/generate_stream",
            r#"{"inputs":"a","parameters":{"max_new_tokens":6}}"#,
            "error",
        ),
        (
            "/v1/messages",
            r#"{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":6,"stream":true}"#,
            "error",
        ),
        (
            "/v1/responses",
            r#"{"model":"m","input":"a","max_output_tokens":6,"stream":true}"#,
            "error",
        ),
    ] {
        let server = server(&["error-event"]);
        let reply: Reply = Client::connect(server.addr()).post(path, body);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        assert_eq!(tokens(&reply.body), 3, "{path}");
        let last = &reply.events.last().expect("events").1;
        let last: Value = serde_json::from_str(last).expect("JSON");
        assert!(last.get(key).is_some(), "{path}: {last}");
    }
}

#[test]
fn a_bad_chunk_follows_a_good_one() {
    let (head, body, fin) = exchange(&server(&["bad-chunk"]), STREAMED);
    assert!(fin && head.contains("transfer-encoding: chunked"));
    let (size, rest) = body.split_once("\r\n").expect("a size");
    let size = usize::from_str_radix(size, 16).expect("the first is a number");
    assert!(rest[size..].starts_with("\r\nzz\r\n"));
}

#[test]
fn refuse_closes_connections_and_logs_nothing() {
    let server = server(&["refuse@0.5"]);
    for number in 1..=4 {
        let mut stream = TcpStream::connect(server.addr()).expect("the kernel accepts");
        if number % 2 == 0 {
            assert_eq!(read_all(&mut stream).0.len(), 0);
        } else {
            let mut client = Client::connect_over(stream);
            assert_eq!(client.post(CHAT, WHOLE).status, 200);
        }
    }
    assert_eq!(server.stats().connections_refused, 2);
    assert!(server.arrivals().iter().all(|a| a.fault.is_none()));
    assert_eq!(server.arrivals().len(), 2);
}

#[test]
fn shares_fall_evenly_over_connections_and_spare_the_servers_own_pages() {
    let faults =
        [("status=500", 200_000), ("status=503", 200_000)].map(|(kind, share_ppm)| Fault {
            kind: kind.parse::<FaultKind>().expect("a kind"),
            share_ppm,
        });
    let server = Server::start(Config {
        faults: faults.into(),
        ..Config::default()
    })
    .expect("it starts");
    for _ in 0..20 {
        let mut client = Client::connect(server.addr());
        client.post(CHAT, WHOLE);
        assert_eq!(client.call("GET", "/stats").status, 200);
        assert_eq!(client.post("/nowhere", "").status, 404);
    }
    let statuses: Vec<_> = server.arrivals().iter().filter_map(|a| a.status).collect();
    let of = |status| statuses.iter().filter(|s| **s == status).count();
    assert_eq!((of(500), of(503), of(200), of(404)), (4, 4, 12, 20));
    let chats: Vec<_> = statuses.iter().filter(|s| **s != 404).collect();
    assert!(
        chats
            .iter()
            .enumerate()
            .all(|(i, s)| (i % 5 == 4) == (**s == 500))
    );
}
