//! How requests go out: what is written of a body when the answer comes early or never, which
//! connection is given up, and the order of a burst.

use crate::support::{Run, dir, read_request};
use harness::ServerProcess;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::process::{Resource, getrlimit};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Longest wait of a server for its client to close.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a server that has answered early does not read on.
const SILENCE: Duration = Duration::from_millis(500);

const TOO_LARGE: &str = "HTTP/1.1 413 Content Too Large\r\ncontent-length: 4\r\n\r\nlong";
const COMPLETE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
     connection: close\r\n\r\ndata: [DONE]\n\n";
const KEPT: &str = "HTTP/1.1 500 The first connection is still open\r\ncontent-length: 0\r\n\r\n";

/// Streamed requests, evenly spaced, of `input` prompt tokens and one token of answer.
fn spec(input: u32, rate: u32, duration: &str) -> String {
    format!(
        "seed: 7\napi: {{type: chat, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: synthetic, input_distribution: '{input}', output_distribution: '1'}}\n\
         load: {{type: constant, stages: [{{rate: {rate}, duration: {duration}}}]}}\n"
    )
}

/// A listener on a free port and its URL.
fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    (listener, url)
}

/// Answers the first request after its first 100 bytes with 413 and reads nothing for a while;
/// then waits for the client to close. The next request is answered well if it did.
fn refuse_early(listener: &TcpListener) -> io::Result<()> {
    let mut closed = None;
    for stream in listener.incoming() {
        let mut stream = stream?;
        // A connection that only asks whether anybody answers brings nothing.
        if stream.read_exact(&mut [0; 100]).is_err() {
            continue;
        }
        match closed {
            None => {
                stream.write_all(TOO_LARGE.as_bytes())?;
                std::thread::sleep(SILENCE);
                closed = Some(is_closed_by_client(stream));
            }
            Some(closed) => {
                // The rest of the head, and the body.
                read_request(&stream)?;
                let answer = if closed { COMPLETE } else { KEPT };
                stream.write_all(answer.as_bytes())?;
            }
        }
    }
    Ok(())
}

/// Whether the client closes the connection before it falls silent for [`PATIENCE`]. What it had
/// given to the socket before is in front of the end.
fn is_closed_by_client(mut stream: TcpStream) -> bool {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn an_answer_before_the_body_is_sent_keeps_its_status_and_gives_its_connection_up() {
    let (listener, url) = listen();
    // Its connections inherit this; what is not read does not go far.
    set_socket_recv_buffer_size(&listener, 2_048).expect("a socket");
    std::thread::spawn(move || refuse_early(&listener));
    // Two of the longest bodies, more than the sockets hold.
    let run = Run::new(&spec(1 << 20, 2, "1"), &url, "--connections 1 --no-models");
    run.assert_accounted();
    assert!(run.workload[0].body.len() > 4_000_000);
    let [first, second] = &run.records[..] else {
        panic!("two requests")
    };
    assert_eq!(first["outcome"], "error", "{first}");
    assert_eq!(first["error_class"], "status", "{first}");
    assert_eq!(first["http_status"], 413, "{first}");
    assert!(first["sent_ns"].is_u64(), "{first}");
    assert_eq!(first["body_written_ns"], Value::Null, "{first}");
    // The answer to the second says whether the first connection was closed while the run went on.
    assert_eq!(second["outcome"], "ok", "{second}");
    assert_eq!(second["new_connection"], true, "{second}");
    assert_ne!(second["connection"], first["connection"]);
    assert_eq!(run.run["end"]["connections_opened"], 2);
}

/// Reads whole requests and never answers.
fn stay_silent(stream: &TcpStream) -> io::Result<()> {
    read_request(stream)?;
    // Until the client goes away.
    io::copy(&mut &*stream, &mut io::sink()).map(drop)
}

#[test]
fn a_body_that_was_written_says_so_when_no_answer_comes() {
    let (listener, url) = listen();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || stay_silent(&stream).ok());
        }
    });
    // More than one write takes.
    let run = Run::new(
        &spec(100_000, 20, "200ms"),
        &url,
        "--timeout 300ms --no-models",
    );
    run.assert_accounted();
    assert_eq!(run.count("outcome", "timeout"), 4, "{:?}", run.records);
    for record in &run.records {
        let times = ["sent_ns", "body_written_ns", "end_ns"].map(|key| record[key].as_u64());
        assert!(
            times.iter().all(Option::is_some) && times.is_sorted(),
            "{record}"
        );
        assert_eq!(record["first_byte_ns"], Value::Null, "{record}");
    }
}

#[test]
fn a_burst_on_open_connections_is_sent_in_the_order_of_its_requests() {
    // Client and server each need a file for a connection, and some more.
    let files = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let connections = (files / 2).min(3_000);
    assert!(connections >= 500, "{files} open files are too few");
    let dir = dir();
    let server = ServerProcess::start(dir.program(), &[]).expect("the server starts");
    let run = Run::new(
        &spec(1, 200_000, "20ms"),
        &server.url(),
        &format!("--connections {connections}"),
    );
    assert_eq!(run.outcome.status, Some(0), "{}", run.outcome.stderr);
    run.assert_accounted();
    assert_eq!(run.workload.len(), 4_000);
    let at_once = run
        .records
        .iter()
        .filter(|record| record["new_connection"] == false);
    let sent_ns: Vec<u64> = at_once.filter_map(|r| r["sent_ns"].as_u64()).collect();
    assert!(
        sent_ns.len() as u64 >= connections,
        "{} of {connections}",
        sent_ns.len()
    );
    let out_of_order = sent_ns.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert_eq!(out_of_order, 0, "of {} requests", sent_ns.len());
}
