//! Answers that mock-llm does not give: other shapes, other framings, broken ones. Each is judged
//! by its record.

use crate::support::{Run, chat_spec, read_request};
use std::io::Write;
use std::net::{TcpListener, TcpStream};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
const TOKEN: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
const FINISH: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";

/// Answers every request with these bytes and closes the connection; lives as long as the tests.
pub fn server(answer: String) -> String {
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
    read_request(&stream)?;
    (&stream).write_all(answer.as_bytes())
}

/// Ten requests, all answered so; outcome, error class, status and number of tokens of each.
#[track_caller]
fn all_end(answer: String, outcome: &str, class: Option<&str>, status: Option<u16>, tokens: usize) {
    let run = Run::new(
        &chat_spec(20, "500ms"),
        &server(answer),
        "--timeout 5s --no-models",
    );
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
    all_end(answer, "error", Some("reported"), Some(200), 1);
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
    all_end(answer, "error", Some("cut_short"), Some(200), 1);
}

/// A whole answer in chunks, with the chunk that ends it.
fn chunked(events: &str) -> String {
    let length = events.len();
    format!("{HEAD}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{events}\r\n0\r\n\r\n")
}

/// An answer that ends with its connection.
fn until_closed(events: &str) -> String {
    format!("{HEAD}connection: close\r\n\r\n{events}")
}

#[test]
fn a_stream_that_ends_cleanly_without_done_or_a_finish_reason_is_an_error() {
    let events = format!("{TOKEN}{TOKEN}");
    for answer in [chunked(&events), until_closed(&events)] {
        all_end(answer, "error", Some("stream"), Some(200), 2);
    }
}

#[test]
fn a_finish_reason_that_is_null_does_not_end_a_stream() {
    let null = TOKEN.replace("}}]}", "},\"finish_reason\":null}]}");
    assert_ne!(null, TOKEN);
    all_end(chunked(&null), "error", Some("stream"), Some(200), 1);
}

#[test]
fn a_stream_with_a_finish_reason_and_no_done_is_complete() {
    let events = format!("{TOKEN}{TOKEN}{FINISH}");
    all_end(chunked(&events), "ok", None, Some(200), 2);
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
