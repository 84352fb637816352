//! What goes wrong on an HTTP/2 connection is told for what it is, to every request on it.

use crate::http2_client::Client;
use crate::http2_server::serve;
use crate::tls_server::accept;
use bytes::Bytes;
use h2::server::Builder;
use replay::engine::clock::monotonic_ns;
use schemas::records::ErrorClass;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// `:status: 200` for stream 1, which goes on.
const HEAD: [u8; 10] = [0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];
/// Two bytes of it, then one, which is all.
const DATA: [u8; 11] = [0, 0, 2, 0, 0, 0, 0, 0, 1, b'o', b'k'];
const LAST: [u8; 10] = [0, 0, 1, 0, 1, 0, 0, 0, 1, b'!'];
/// GOAWAY: no error, no stream was processed.
const GOAWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// A server that writes bytes when it is told to, and ends when there is nobody to tell it.
fn scripted(
    end: impl FnOnce(TcpStream) + Send + 'static,
) -> (SocketAddr, Sender<Vec<u8>>, JoinHandle<()>) {
    let (script, bytes) = mpsc::channel::<Vec<u8>>();
    let (address, server) = accept(move |mut socket| {
        for bytes in bytes {
            socket.write_all(&bytes).unwrap();
        }
        end(socket);
    });
    (address, script, server)
}

/// Reads until the client has gone, so that nothing is reset.
fn politely(mut socket: TcpStream) {
    socket.shutdown(Shutdown::Write).unwrap();
    let _ = socket.read_to_end(&mut Vec::new());
}

/// Has the kernel send a RST.
fn rudely(socket: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
}

/// How a request ends after which the server writes `bytes` and goes.
fn failure(bytes: &[&[u8]], end: impl FnOnce(TcpStream) + Send + 'static) -> Option<ErrorClass> {
    let (address, script, server) = scripted(end);
    let mut client = Client::connect(address, None);
    client.post(1, "/", Vec::new());
    script.send(bytes.concat()).unwrap();
    drop(script);
    client.close();
    let class = client.seen[&1].failed;
    drop(client);
    server.join().unwrap();
    class
}

#[test]
fn an_end_before_between_and_after_is_told_apart() {
    let class = |bytes: &[&[u8]]| failure(bytes, politely);
    assert_eq!(class(&[]), Some(ErrorClass::Closed));
    assert_eq!(class(&[&SETTINGS]), Some(ErrorClass::Closed));
    assert_eq!(class(&[&SETTINGS, &HEAD]), Some(ErrorClass::CutShort));
    assert_eq!(
        class(&[&SETTINGS, &HEAD, &DATA]),
        Some(ErrorClass::CutShort)
    );
    assert_eq!(class(&[&SETTINGS, &HEAD, &DATA, &LAST]), None);
    assert_eq!(class(&[&SETTINGS, &GOAWAY]), Some(ErrorClass::Closed));
}

#[test]
fn a_reset_connection_is_told_as_a_reset() {
    // The kernel may throw away what was not read yet; what is told is a reset all the same.
    assert_eq!(failure(&[], rudely), Some(ErrorClass::Reset));
    assert_eq!(
        failure(&[&SETTINGS, &HEAD], rudely),
        Some(ErrorClass::Reset)
    );
}

#[test]
fn what_is_not_http2_is_a_protocol_error() {
    let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    assert_eq!(failure(&[answer], politely), Some(ErrorClass::Protocol));
    // DATA without a head before it.
    assert_eq!(
        failure(&[&SETTINGS, &DATA], politely),
        Some(ErrorClass::Protocol)
    );
}

#[test]
fn times_are_those_of_the_reads_that_brought_the_bytes() {
    let (address, script, server) = scripted(politely);
    let mut client = Client::connect(address, None);
    client.post(1, "/", Vec::new());
    let mut moments = Vec::new();
    // Each is written only when the one before has been read.
    for (bytes, there) in [
        ([&SETTINGS[..], &HEAD].concat(), 0),
        (DATA.to_vec(), 1),
        (DATA.to_vec(), 2),
        (LAST.to_vec(), 3),
    ] {
        moments.push(monotonic_ns());
        script.send(bytes).unwrap();
        client.until(|client| {
            client.seen[&1].head.is_some() && client.seen[&1].data_ns.len() == there
        });
    }
    let end_ns = client.finish(1).end_ns.unwrap();
    let seen = &client.seen[&1];
    let mut times = vec![seen.head.unwrap().2];
    times.extend(&seen.data_ns);
    for (i, time) in times.iter().enumerate() {
        assert!(moments[i] < *time, "{i}");
        assert!(i == 3 || *time < moments[i + 1], "{i}");
    }
    assert_eq!(end_ns, times[3]);
    assert_eq!(seen.data, b"okok!");
    drop((script, client));
    server.join().unwrap();
}

#[test]
fn what_came_with_one_read_has_its_time_and_not_that_of_a_later_one() {
    let (there, all) = mpsc::channel();
    let (address, script, server) = scripted(move |socket| {
        there.send(()).unwrap();
        politely(socket);
    });
    let mut client = Client::connect(address, None);
    client.post(1, "/", Vec::new());
    let frames = DATA.repeat(4000);
    script
        .send([&SETTINGS[..], &HEAD, &frames, &LAST].concat())
        .unwrap();
    drop(script);
    all.recv().unwrap();
    // All of it is there and is read in one go, by more reads than one.
    client.finish(1);
    let seen = &client.seen[&1];
    assert_eq!(seen.data.len(), 8001);
    let mut times = seen.data_ns.clone();
    times.dedup();
    assert!(times.len() > 1, "{times:?}");
    drop(client);
    server.join().unwrap();
}

#[test]
fn one_stream_that_is_reset_leaves_the_others_alone() {
    let server = serve(Builder::new(), None);
    let mut client = Client::connect(server.address, None);
    client.post(1, "/silent", Vec::new());
    client.post(2, "/reset", Vec::new());
    assert_eq!(client.finish(2).failed, Some(ErrorClass::Reset));
    client.post(3, "/half", Vec::new());
    client.until(|client| client.seen[&3].data == b"half");
    server.go.notify_one();
    assert_eq!(client.finish(3).failed, Some(ErrorClass::Reset));
    assert!(client.open && !client.seen[&1].is_over());
}

#[test]
fn a_complete_answer_before_the_end_of_the_request_is_an_answer() {
    // RST_STREAM, no error: the rest of the request is not wanted.
    let enough = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    let complete = [&SETTINGS[..], &HEAD, &DATA, &LAST];
    let cut = [&SETTINGS[..], &HEAD, &DATA, &DATA];
    for (answer, failed, text) in [
        (complete, None, "ok!"),
        // Control: the same, but the answer is not complete.
        (cut, Some(ErrorClass::Reset), "okok"),
    ] {
        for last in [&enough[..], &[]] {
            let (address, script, server) = scripted(politely);
            let mut client = Client::connect(address, None);
            client.post(1, "/", vec![Bytes::from(vec![0; 1 << 20])]);
            script.send([&answer.concat(), last].concat()).unwrap();
            if last.is_empty() && failed.is_some() {
                client.until(|client| client.seen[&1].data == text.as_bytes());
                assert!(!client.seen[&1].is_over());
            } else {
                let seen = client.finish(1);
                assert_eq!((&seen.data[..], seen.failed), (text.as_bytes(), failed));
                assert_eq!(seen.written_ns, None);
                assert!(client.open);
            }
            drop((script, client));
            server.join().unwrap();
        }
    }
}

#[test]
fn a_server_that_takes_no_more_finishes_what_it_has() {
    let server = serve(Builder::new(), None);
    let mut client = Client::connect(server.address, None);
    let body = Bytes::from(vec![5; 1 << 20]);
    client.post(1, "/last", vec![body.clone()]);
    assert!(client.finish(1).data == body);
    client.close();
    assert_eq!(client.seen[&1].failed, None);
    assert_eq!(client.http2.room(), 0);
    client.post(2, "/echo", Vec::new());
    assert_eq!(client.seen[&2].failed, Some(ErrorClass::Closed));
}

#[test]
fn when_the_server_gives_up_every_request_fails_once() {
    let server = serve(Builder::new(), None);
    let mut client = Client::connect(server.address, None);
    for flight in 0..5 {
        client.post(flight, "/silent", Vec::new());
    }
    client.post(5, "/abrupt", Vec::new());
    client.close();
    let failed = client.seen.values().map(|seen| seen.failed.unwrap());
    let failed: Vec<_> = failed.collect();
    assert_eq!(failed.len(), 6);
    assert!(
        failed
            .iter()
            .all(|class| *class == ErrorClass::Closed || *class == ErrorClass::Reset),
        "{failed:?}"
    );
}
