use super::*;
use proptest::prelude::*;

/// What was told of a response: status, body, whether it ended, or how it failed.
#[derive(Debug, PartialEq)]
struct Told {
    status: Option<u16>,
    body: String,
    ended: bool,
    failed: Option<ErrorClass>,
    keep_alive: bool,
}

fn read(pieces: &[&[u8]], closes: bool, bodiless: bool) -> Told {
    let mut decoder = Decoder::default();
    decoder.begin(bodiless);
    let mut told = Told {
        status: None,
        body: String::new(),
        ended: false,
        failed: None,
        keep_alive: false,
    };
    let mut on = |part: Part<'_>| match part {
        Part::Head { status, .. } => told.status = Some(status),
        Part::Data { bytes, .. } => told.body.push_str(std::str::from_utf8(bytes).unwrap()),
        Part::End { .. } => told.ended = true,
        _ => {}
    };
    let mut outcome = Ok(false);
    for piece in pieces {
        outcome = decoder.feed(piece, 1, &mut on);
        if outcome.is_err() {
            break;
        }
    }
    if closes && outcome == Ok(false) {
        outcome = decoder.close(2, &mut on).map(|()| true);
    }
    told.failed = outcome.err();
    told.keep_alive = decoder.keeps_alive();
    told
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nx: y\r\n\r\n";

#[test]
fn every_framing_ends_where_it_should() {
    for (response, closes, body, keep_alive) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            false,
            "hi",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
            false,
            "hi",
            false,
        ),
        (
            "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
            false,
            "hi",
            false,
        ),
        (
            "HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: Keep-Alive\r\n\r\nhi",
            false,
            "hi",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            false,
            "",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\nuntil close",
            true,
            "until close",
            false,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
            false,
            "hi",
            true,
        ),
        (CHUNKED, false, "hello world", true),
    ] {
        let told = read(&[response.as_bytes()], closes, false);
        let expected = Told {
            status: Some(200),
            body: body.into(),
            ended: true,
            failed: None,
            keep_alive,
        };
        assert_eq!(told, expected, "{response:?}");
    }
    let head = read(
        &[b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"],
        false,
        true,
    );
    assert!(head.ended && head.body.is_empty());
    assert!(read(&[b"HTTP/1.1 204 No Content\r\n\r\n"], false, false).ended);
}

#[test]
fn what_is_wrong_has_its_class() {
    use ErrorClass::*;
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(200));
    let long = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(MAX_HEAD_BYTES));
    for (response, class) in [
        ("", Closed),
        ("HTTP/1.1 200", Protocol),
        ("220 smtp ready\r\n\r\n", Protocol),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", Protocol),
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi", CutShort),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nhi", Protocol),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nhi",
            Protocol,
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nhi", Protocol),
        ("HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\nh", Protocol),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
            CutShort,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            CutShort,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
            Protocol,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhello\r\n",
            Protocol,
        ),
        (&many, TooLarge),
        (&long, TooLarge),
    ] {
        let pieces: &[&[u8]] = if response.is_empty() {
            &[]
        } else {
            &[response.as_bytes()]
        };
        assert_eq!(
            read(pieces, true, false).failed,
            Some(class),
            "{response:.80?}"
        );
    }
}

proptest! {
    /// Wherever the reads are cut, the response is the same.
    #[test]
    fn cuts_do_not_matter(mut cuts in prop::collection::vec(0..CHUNKED.len(), 0..40)) {
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([CHUNKED.len()]) {
            if cut > from {
                pieces.push(&CHUNKED.as_bytes()[from..cut]);
                from = cut;
            }
        }
        prop_assert_eq!(read(&pieces, false, false), read(&[CHUNKED.as_bytes()], false, false));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), tail in "(HTTP/1.1 200 OK\r\n)?(content-length: [0-9]{1,30}\r\n)?(transfer-encoding: chunked\r\n)?\r\n[0-9a-f]{0,20}\r\n") {
        let mut decoder = Decoder::default();
        decoder.begin(false);
        let _ = decoder.feed(tail.as_bytes(), 1, &mut |_| {});
        let _ = decoder.feed(&bytes, 1, &mut |_| {});
    }
}
