//! Answers that mock-llm does not give: other shapes, other framings, broken ones. Each is judged
//! by its record.

use crate::support::{Run, chat_spec};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
const TOKEN: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";

/// Answers every request with these bytes and closes the connection; lives as long as the tests.
fn server(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            // A client that goes away is none of our business.
            std::thread::spawn(move || serve(stream, &answer).ok());
        }
    });
    url
}

fn serve(stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut body_bytes = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some(("content-length", length)) => body_bytes = length.parse().unwrap_or(0),
            Some(_) => {}
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    reader.read_exact(&mut vec![0; body_bytes])?;
    (&stream).write_all(answer.as_bytes())
}

/// Ten requests, all answered so; outcome, error class, status and number of tokens of each.
#[track_caller]
fn all_end(answer: String, outcome: &str, class: Option<&str>, status: Option<u16>, tokens: usize) {
    let run = Run::new(&chat_spec(20, "500ms"), &server(answer), "--timeout 5s");
    run.assert_accounted();
    assert_eq!(run.outcome.status, Some(0), "{}", run.outcome.stderr);
    assert_eq!(run.count("outcome", outcome), 10, "{:?}", run.records[0]);
    assert_eq!(run.count("error_class", class), 10, "{:?}", run.records[0]);
    assert_eq!(run.count("http_status", status), 10, "{:?}", run.records[0]);
    for times in run.column("token_times") {
        assert_eq!(times.as_array().map(Vec::len), Some(tokens));
    }
}

#[test]
fn a_stream_that_ends_with_its_connection_is_complete() {
    let answer = format!("{HEAD}connection: close\r\n\r\n{TOKEN}{TOKEN}data: [DONE]\n\n");
    all_end(answer, "ok", None, Some(200), 2);
}

#[test]
fn line_ends_and_comments_of_other_servers_are_understood() {
    let crlf = TOKEN.replace('\n', "\r\n");
    let answer =
        format!("{HEAD}connection: close\r\n\r\n: ping\n\n{crlf}event: x\n{TOKEN}data:[DONE]\n\n");
    all_end(answer, "ok", None, Some(200), 2);
}

#[test]
fn an_error_in_a_stream_is_an_error() {
    let error = "data: {\"error\":{\"message\":\"out of memory\"}}\n\n";
    let answer = format!("{HEAD}connection: close\r\n\r\n{TOKEN}{error}");
    all_end(answer, "error", Some("stream"), Some(200), 1);
}

#[test]
fn a_stream_that_was_asked_for_and_not_given_is_an_error() {
    let body = "{\"choices\":[{\"message\":{\"content\":\"a\"}}]}";
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    all_end(answer, "error", Some("stream"), Some(200), 0);
}

#[test]
fn a_stream_that_is_cut_off_is_an_error_with_the_tokens_that_came() {
    let length = TOKEN.len();
    let answer = format!("{HEAD}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{TOKEN}\r\n");
    all_end(answer, "error", Some("closed"), Some(200), 1);
}

#[test]
fn a_server_error_keeps_its_status() {
    let answer = "HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy".to_owned();
    all_end(answer, "error", Some("status"), Some(503), 0);
}

#[test]
fn what_is_not_http_is_a_protocol_error() {
    all_end(
        "SSH-2.0-surprise\r\n\r\n".to_owned(),
        "error",
        Some("protocol"),
        None,
        0,
    );
}
