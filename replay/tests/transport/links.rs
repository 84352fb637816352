//! Bytes go through a link whole, in both directions, however little the socket takes.

use crate::certificates::Authority;
use crate::readiness::{Readiness, establish, read};
use crate::tls_server::{self, BOTH_VERSIONS, accept};
use replay::engine::link::Link;
use replay::engine::tls::TlsClient;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::mpsc;

const TRANSFER_BYTES: usize = 4 << 20;

/// No two places a power of two apart look alike.
fn pattern() -> Vec<u8> {
    (0..TRANSFER_BYTES)
        .map(|i| (i % 251) as u8 ^ (i / 65_537) as u8)
        .collect()
}

/// Sends back what comes until there is no more.
fn echo(mut stream: impl Read + Write) {
    let mut buffer = vec![0; 10_000];
    let mut left = TRANSFER_BYTES;
    while left > 0 {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{left} bytes are missing");
        stream.write_all(&buffer[..read]).unwrap();
        left -= read;
    }
    stream.flush().unwrap();
}

/// What a transfer met on its way.
#[derive(Debug, Default)]
struct Met {
    full: usize,
    partial: usize,
    held: usize,
}

/// Sends the pattern in three parts a call, and takes what comes back.
fn transfer(link: &mut Link, readiness: &Readiness) -> Met {
    let sent = pattern();
    let mut received = Vec::new();
    let mut at = 0;
    let mut met = Met::default();
    let mut buffer = vec![0; 3000];
    while received.len() < sent.len() {
        while at < sent.len() {
            let rest = &sent[at..sent.len().min(at + 200_000)];
            let (a, rest) = rest.split_at(rest.len() / 5);
            let (b, c) = rest.split_at(rest.len() / 3);
            match link.write_vectored(&[IoSlice::new(a), IoSlice::new(b), IoSlice::new(c)]) {
                Ok(taken) => {
                    met.partial += usize::from(taken < a.len() + b.len() + c.len());
                    at += taken;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    met.full += 1;
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
        met.held += usize::from(!link.flush().unwrap());
        while received.len() < sent.len() {
            match link.read(&mut buffer) {
                Ok(read) => {
                    assert!(read > 0, "ended after {} bytes", received.len());
                    received.extend_from_slice(&buffer[..read]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        if received.len() < sent.len() {
            readiness.wait();
        }
    }
    assert!(received == sent, "what came back is what was sent");
    assert!(link.flush().unwrap());
    met
}

fn narrow(link: &Link) {
    rustix::net::sockopt::set_socket_send_buffer_size(link, 32 << 10).unwrap();
    rustix::net::sockopt::set_socket_recv_buffer_size(link, 32 << 10).unwrap();
}

#[test]
fn tcp_carries_megabytes_both_ways_through_small_buffers() {
    let (address, server) = accept(echo);
    let (mut link, readiness) = establish(Link::connect(address, None, None).unwrap()).unwrap();
    narrow(&link);
    let met = transfer(&mut link, &readiness);
    assert!(met.full > 0 && met.partial > 0 && met.held == 0, "{met:?}");
    assert!(!link.is_http2());
    server.join().unwrap();
}

#[test]
fn tls_carries_megabytes_both_ways_through_small_buffers() {
    let authority = Authority::new();
    let client = TlsClient::new(&authority.trusted(), "localhost", false).unwrap();
    for version in BOTH_VERSIONS {
        let config = tls_server::config(&authority.sign("localhost"), &["http/1.1"], None, version);
        let (address, server) = tls_server::serve(config, echo);
        let link = Link::connect(address, None, Some(&client)).unwrap();
        let (mut link, readiness) = establish(link).unwrap();
        narrow(&link);
        let met = transfer(&mut link, &readiness);
        assert!(met.full > 0 && met.partial > 0 && met.held > 0, "{met:?}");
        server.join().unwrap();
    }
}

#[test]
fn a_record_is_read_to_its_end_without_another_word_from_the_socket() {
    let authority = Authority::new();
    let client = TlsClient::new(&authority.trusted(), "127.0.0.1", false).unwrap();
    for version in BOTH_VERSIONS {
        let config = tls_server::config(&authority.sign("127.0.0.1"), &[], None, version);
        let (done, wait) = mpsc::channel::<()>();
        let (address, server) = tls_server::serve(config, move |mut stream| {
            stream.write_all(&[7; 16_000]).unwrap();
            // Silent until the client has it all.
            wait.recv().unwrap();
        });
        let link = Link::connect(address, None, Some(&client)).unwrap();
        let (mut link, readiness) = establish(link).unwrap();
        let mut buffer = [0; 7];
        let mut read_bytes = 0;
        while read_bytes < 16_000 {
            read_bytes += read(&mut link, &readiness, &mut buffer).unwrap();
        }
        let nothing = link.read(&mut buffer).unwrap_err();
        assert_eq!(
            (read_bytes, nothing.kind()),
            (16_000, ErrorKind::WouldBlock)
        );
        done.send(()).unwrap();
        server.join().unwrap();
    }
}

#[test]
fn an_announced_end_is_an_end_and_a_cut_is_an_error() {
    let authority = Authority::new();
    let client = TlsClient::new(&authority.trusted(), "localhost", false).unwrap();
    for (announced, version) in [true, false]
        .into_iter()
        .zip(BOTH_VERSIONS.into_iter().rev())
    {
        let config = tls_server::config(&authority.sign("localhost"), &[], None, version);
        let (address, server) = tls_server::serve(config, move |mut stream| {
            stream.write_all(b"last words").unwrap();
            if announced {
                stream.conn.send_close_notify();
            }
            stream.flush().unwrap();
            stream.sock.shutdown(Shutdown::Write).unwrap();
            // Until the client has gone too, so that nothing is reset.
            let _ = stream.read(&mut [0]);
        });
        let link = Link::connect(address, None, Some(&client)).unwrap();
        let (mut link, readiness) = establish(link).unwrap();
        let mut buffer = [0; 100];
        let mut words = Vec::new();
        let end = loop {
            match read(&mut link, &readiness, &mut buffer) {
                Ok(0) => break None,
                Ok(read) => words.extend_from_slice(&buffer[..read]),
                Err(error) => break Some(error.kind()),
            }
        };
        assert_eq!(words, b"last words");
        let expected = (!announced).then_some(ErrorKind::UnexpectedEof);
        assert_eq!(end, expected, "announced: {announced}");
        drop(link);
        server.join().unwrap();
    }
}

#[test]
fn tls_takes_no_more_than_its_limit_before_the_socket_has_it() {
    let authority = Authority::new();
    let client = TlsClient::new(&authority.trusted(), "localhost", false).unwrap();
    let version = BOTH_VERSIONS[1];
    let config = tls_server::config(&authority.sign("localhost"), &[], None, version);
    let (go, wait) = mpsc::channel::<usize>();
    let (address, server) = tls_server::serve(config, move |mut stream| {
        stream.write_all(b"!").unwrap();
        let expected = wait.recv().unwrap();
        let mut received = vec![0; expected];
        stream.read_exact(&mut received).unwrap();
        received
    });
    let link = Link::connect(address, None, Some(&client)).unwrap();
    let (mut link, readiness) = establish(link).unwrap();
    assert_eq!(read(&mut link, &readiness, &mut [0]).unwrap(), 1);
    let sent = pattern();
    let mut taken = 0;
    while let Ok(now) = link.write_vectored(&[IoSlice::new(&sent[taken..])]) {
        assert!(now <= 64 << 10, "{now}");
        taken += now;
    }
    assert!(taken < sent.len() && !link.flush().unwrap());
    go.send(taken).unwrap();
    while !link.flush().unwrap() {
        readiness.wait();
    }
    assert!(server.join().unwrap() == sent[..taken]);
}

#[test]
fn a_refused_connection_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = match Link::connect(address, None, None) {
        Ok(link) => establish(link).map(|_| ()).unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_link_comes_from_the_address_it_is_bound_to() {
    for ip in ["127.0.0.1", "127.0.0.2"] {
        let (address, server) = accept(|socket| socket.peer_addr().unwrap().ip());
        let bind = Some(ip.parse().unwrap());
        establish(Link::connect(address, bind, None).unwrap()).unwrap();
        assert_eq!(server.join().unwrap().to_string(), ip);
    }
    let other_family = Some("::1".parse().unwrap());
    let address = "127.0.0.1:1".parse().unwrap();
    Link::connect(address, other_family, None).unwrap_err();
}
