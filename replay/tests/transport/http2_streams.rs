//! Requests over one HTTP/2 connection: whole, side by side, and with exact moments.

use crate::certificates::Authority;
use crate::http2_client::{Client, Seen};
use crate::http2_server::{Event, serve};
use crate::tls_server::{self, BOTH_VERSIONS};
use bytes::Bytes;
use h2::Reason;
use h2::server::Builder;
use replay::engine::clock::monotonic_ns;
use replay::engine::exchange::Content;
use replay::engine::tls::TlsClient;

/// A body of `bytes` in uneven parts, unlike that of another `seed`.
fn body(seed: u32, bytes: usize) -> Vec<Bytes> {
    let all: Bytes = (0..bytes)
        .map(|i| (i as u32 * 31 / 7 + seed) as u8)
        .collect();
    let mut parts = Vec::new();
    let mut rest = all;
    for length in [1, 300, 0, 17_000, 5, 70_000].into_iter().cycle() {
        if rest.len() <= length {
            parts.push(rest);
            return parts;
        }
        parts.push(rest.split_to(length));
    }
    unreachable!("a cycle does not end")
}

fn assert_echoed(seen: &Seen, sent: &[Bytes]) {
    assert!(seen.data == sent.concat(), "{} bytes", seen.data.len());
    let (status, content, _) = seen.head.unwrap();
    assert_eq!((status, content), (200, Content::EventStream));
    assert!(seen.sent_ns.unwrap() <= seen.end_ns.unwrap());
    assert!(seen.written_ns.is_some());
}

fn echo_many(client: &mut Client) {
    let bodies: Vec<_> = (0..60).map(|i| body(i, 499 * (i * i) as usize)).collect();
    for (flight, body) in bodies.iter().enumerate() {
        client.post(flight as u32, "/echo", body.clone());
    }
    for (flight, body) in bodies.iter().enumerate() {
        assert_echoed(client.finish(flight as u32), body);
    }
    // Beyond every window, and beyond what sockets hold.
    let large = body(9, 3 << 20);
    client.post(99, "/echo", large.clone());
    assert_echoed(client.finish(99), &large);
    assert!(client.open);
}

#[test]
fn many_bodies_come_back_whole_side_by_side() {
    let server = serve(Builder::new(), None);
    echo_many(&mut Client::connect(server.address, None));
}

#[test]
fn many_bodies_come_back_whole_over_tls() {
    let authority = Authority::new();
    for version in BOTH_VERSIONS {
        let config = tls_server::config(&authority.sign("localhost"), &["h2"], None, version);
        let server = serve(Builder::new(), Some(config));
        let tls = TlsClient::new(&authority.trusted(), "localhost", true).unwrap();
        echo_many(&mut Client::connect(server.address, Some(&tls)));
    }
}

#[test]
fn a_body_counts_as_written_when_flow_control_has_let_its_last_byte_through() {
    let server = serve(Builder::new(), None);
    let mut client = Client::connect(server.address, None);
    let before_ns = monotonic_ns();
    client.post(1, "/held", body(1, 65_536));
    let after_ns = monotonic_ns();
    // Written at once: one byte more than the window is what holds the other.
    client.post(2, "/echo", Vec::new());
    client.finish(2);
    let held = &client.seen[&1];
    assert!((before_ns..after_ns).contains(&held.sent_ns.unwrap()));
    assert_eq!(held.written_ns, None);
    let go_ns = monotonic_ns();
    server.go.notify_one();
    let written_ns = client.finish(1).written_ns.unwrap();
    let received = server.events.iter().find_map(|event| match event {
        Event::Body(at_ns, length) => Some((at_ns, length)),
        _ => None,
    });
    let (received_ns, length) = received.unwrap();
    assert_eq!(length, 65_536);
    assert!(go_ns < written_ns, "{go_ns} {written_ns}");
    assert!(client.seen[&1].end_ns.unwrap() >= received_ns);
    // Control: a body that fits is written before `start` returns.
    client.post(3, "/held", body(3, 2000));
    let after_ns = monotonic_ns();
    assert!(client.seen[&3].written_ns.unwrap() <= after_ns);
    // Without a body, it is the head.
    assert!(client.seen[&2].written_ns.is_some());
}

#[test]
fn a_hundred_thousand_small_frames_are_read_and_fields_after_them_are_no_matter() {
    let server = serve(Builder::new(), None);
    let mut client = Client::connect(server.address, None);
    client.post(1, "/tokens", Vec::new());
    let seen = client.finish(1);
    assert_eq!((seen.data.len(), seen.failed), (100_000, None));
}

#[test]
fn no_more_streams_are_open_than_the_server_allows() {
    let mut settings = Builder::new();
    settings.max_concurrent_streams(3);
    let server = serve(settings, None);
    let mut client = Client::connect(server.address, None);
    client.post(0, "/echo", Vec::new());
    client.finish(0);
    assert_eq!(client.http2.room(), 3);
    for (flight, room) in [(1, 2), (2, 1), (3, 0)] {
        client.post(flight, "/silent", Vec::new());
        assert_eq!(client.http2.room(), room);
    }
    client.seen.remove(&2);
    client.http2.cancel(2);
    assert_eq!(client.http2.room(), 1);
    client.post(4, "/echo", body(4, 100));
    assert_echoed(client.finish(4), &body(4, 100));
}

#[test]
fn before_the_servers_settings_a_hundred_streams_may_be_begun() {
    let (address, server) = tls_server::accept(|socket| socket);
    let mut client = Client::connect(address, None);
    assert_eq!(client.http2.room(), 100);
    client.post(1, "/", Vec::new());
    assert_eq!(client.http2.room(), 99);
    drop(server.join().unwrap());
    client.close();
    assert_eq!(client.http2.room(), 0);
}

#[test]
fn a_cancelled_request_is_told_to_the_server_and_no_more_is_told_here() {
    let server = serve(Builder::new(), None);
    let mut client = Client::connect(server.address, None);
    let next = |wanted: Event| {
        let found = server.events.iter().find(|event| *event == wanted);
        assert_eq!(found, Some(wanted));
    };
    // Before the response, within it, and within the request.
    client.post(1, "/silent", Vec::new());
    next(Event::Begun("/silent".to_owned()));
    client.post(2, "/endless", Vec::new());
    client.until(|client| client.seen[&2].data.len() > 100_000);
    client.post(3, "/silent", body(3, 200_000));
    assert_eq!(client.seen[&3].written_ns, None);
    for flight in [1, 2, 3] {
        // What is told of it from now on panics.
        client.seen.remove(&flight);
        client.http2.cancel(flight);
        next(Event::Reset(Reason::CANCEL));
    }
    client.http2.cancel(3);
    let large = body(4, 1 << 20);
    client.post(4, "/echo", large.clone());
    assert_echoed(client.finish(4), &large);
}

#[test]
fn a_thousand_cancelled_requests_leave_the_connection_as_it_was() {
    let mut settings = Builder::new();
    // This server defends itself against such clients; that is not what is tried here.
    settings.max_pending_accept_reset_streams(10_000);
    settings.max_local_error_reset_streams(None);
    let server = serve(settings, None);
    let mut client = Client::connect(server.address, None);
    for flight in 0..1100 {
        client.post(flight, "/endless", Vec::new());
        client.until(|client| !client.seen[&flight].data.is_empty());
        client.seen.remove(&flight);
        client.http2.cancel(flight);
    }
    client.post(9999, "/echo", body(1, 100_000));
    assert_echoed(client.finish(9999), &body(1, 100_000));
}
