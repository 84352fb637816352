use super::*;
use std::net::TcpListener;
use std::thread;

const KEY: &str = "sk-planted-0815";

/// Asks a server that gives this answer to whatever it reads, and then hangs up; also gives what it
/// read.
fn asked(answer: impl Into<Vec<u8>>) -> (ServerFacts, String) {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/base/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        // The first connection found out which address answers.
        listener.accept().unwrap();
        let (mut socket, _) = listener.accept().unwrap();
        let mut read = vec![0; 4096];
        let count = socket.read(&mut read).unwrap();
        // Who has heard enough may have left.
        let _ = socket.write_all(&answer);
        String::from_utf8(read[..count].to_vec()).unwrap()
    });
    let target = Target::reach(&url, None).unwrap();
    let facts = ask(&target, &TlsSettings::default(), &extra(), None);
    (facts, server.join().unwrap())
}

fn extra() -> ExtraHeaders {
    ExtraHeaders {
        fields: vec![("x-user".parse().unwrap(), "u-4711 abc".parse().unwrap())],
        authorization: Some(format!("Bearer {KEY}").parse().unwrap()),
    }
}

fn whole(fields: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\n{fields}content-length: {length}\r\n\r\n{body}")
}

fn names(facts: &ServerFacts) -> Vec<&str> {
    let models = facts.models.as_ref().unwrap();
    models.iter().map(String::as_str).collect()
}

#[test]
fn the_request_is_the_runs_and_the_answer_is_read_however_it_is_framed() {
    let body = r#"{"object": "list", "data": [{"id": "b", "owned_by": "x"}, {"id": "a"}]}"#;
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        &body[..5],
        body.len() - 5,
        &body[5..]
    );
    let answers = [
        whole("", body),
        chunked,
        format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
        format!(
            "HTTP/1.1 103 Early Hints\r\nserver: early\r\n\r\n{}",
            whole("", body)
        ),
    ];
    for answer in answers {
        let (facts, read) = asked(answer.as_str());
        assert_eq!(names(&facts), ["b", "a"], "{answer}");
        assert_eq!((facts.headers.len(), facts.tls), (0, None), "{answer}");
        assert!(read.starts_with("GET /base/v1/models HTTP/1.1\r\nhost: 127.0.0.1:"));
        assert!(read.contains("x-user: u-4711 abc\r\n"), "{read}");
        assert!(read.contains(&format!("authorization: Bearer {KEY}\r\n")));
        assert!(read.ends_with("\r\n\r\n"), "{read}");
    }
}

#[test]
fn the_fields_that_name_the_server_are_kept_and_no_others() {
    let fields = "Server: one\r\nset-cookie: a=b\r\nVia: x\r\nVia: y\r\nx-request-id: 1\r\n";
    let (facts, _) = asked(whole(fields, r#"{"data": []}"#));
    let kept: Vec<_> = facts.headers.iter().collect();
    let expected = [("server", "one"), ("via", "x, y")];
    assert_eq!(kept.len(), expected.len(), "{kept:?}");
    for ((name, value), expected) in kept.into_iter().zip(expected) {
        assert_eq!((name.as_str(), value.as_str()), expected);
    }
    assert_eq!(names(&facts), [""; 0]);
}

#[test]
fn what_goes_wrong_is_told_and_who_answered_is_kept() {
    let redirect = "HTTP/1.1 302 Found\r\nserver: s\r\nlocation: /v2\r\ncontent-length: 0\r\n\r\n";
    let cut = "HTTP/1.1 200 OK\r\nserver: s\r\ncontent-length: 9\r\n\r\n{";
    let endless = format!(
        "HTTP/1.1 200 OK\r\nserver: s\r\n\r\n{}",
        "x".repeat(MOST_BYTES)
    );
    for (answer, error) in [
        (redirect, "status 302"),
        (cut, "its answer failed: cut_short"),
        (&endless, "its answer is longer than 1048576 bytes"),
        (
            &whole("server: s\r\n", "{}"),
            "its answer is no list of models",
        ),
        (
            &whole("server: s\r\n", "[1"),
            "its answer is no list of models",
        ),
    ] {
        let (facts, _) = asked(answer);
        assert_eq!(facts.models, Err(error.to_owned()));
        assert_eq!(facts.headers["server"], "s", "{error}");
    }
    let (facts, _) = asked("SSH-2.0-server\r\n");
    assert_eq!(facts.models, Err("its answer failed: protocol".to_owned()));
    let (facts, _) = asked("");
    assert_eq!(facts.models, Err("its answer failed: closed".to_owned()));
}

#[test]
fn a_server_that_repeats_what_was_sent_is_not_quoted() {
    let models =
        format!(r#"{{"data": [{{"id": "m"}}, {{"id": "of {KEY}"}}, {{"id": "u-4711"}}]}}"#);
    let fields = format!("server: for {KEY}!\r\nvia: u-4711\r\nx-powered-by: abc\r\n");
    let (facts, _) = asked(whole(&fields, &models));
    assert_eq!(names(&facts), ["m", "of …", "…"]);
    assert_eq!(facts.headers["server"], "for …!");
    assert_eq!(facts.headers["via"], "…");
    assert_eq!(facts.headers["x-powered-by"], "abc", "too short to tell");
    let refusal = format!("HTTP/1.1 401 {KEY}\r\ncontent-length: 15\r\n\r\n{KEY}");
    let (facts, _) = asked(refusal);
    assert_eq!(facts.models, Err("status 401".to_owned()));
}

#[test]
fn a_server_that_is_slow_costs_two_seconds_however_it_is_slow() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let target = Target::reach(&url, None).unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let server = thread::spawn(move || {
        listener.accept().unwrap();
        let (mut socket, _) = listener.accept().unwrap();
        socket
            .write_all(b"HTTP/1.1 200 OK\r\nserver: s\r\n\r\n")
            .unwrap();
        // A byte now and then: no single read takes long.
        let pause = Duration::from_millis(50);
        while stopped
            .recv_timeout(pause)
            .is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout)
        {
            let _ = socket.write_all(b"x");
        }
    });
    let begun = Instant::now();
    let facts = ask(&target, &TlsSettings::default(), &extra(), None);
    let took = begun.elapsed();
    drop(stop);
    server.join().unwrap();
    assert_eq!(facts.models, Err("no answer within 2 s".to_owned()));
    assert_eq!(facts.headers["server"], "s");
    assert!(took >= LONGEST, "{took:?}");
}

#[test]
fn nobody_there_is_told_and_so_is_tls_that_is_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut target = Target::reach(&url, None).unwrap();
    drop(listener);
    let ask = |target: &Target| {
        let tls = TlsSettings {
            insecure: true,
            ..TlsSettings::default()
        };
        ask(target, &tls, &ExtraHeaders::default(), None)
    };
    assert_eq!(ask(&target).models, Err("connection refused".to_owned()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    target.address = listener.local_addr().unwrap();
    target.https = true;
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        assert!(socket.read(&mut [0; 4096]).unwrap() > 0);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let facts = ask(&target);
    server.join().unwrap();
    assert_eq!(facts.tls, None);
    let error = facts.models.unwrap_err();
    assert!(error.contains("corrupt message"), "{error}");
}
