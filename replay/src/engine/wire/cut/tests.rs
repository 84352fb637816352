use super::*;
use proptest::prelude::*;

/// The events of a body that arrives in these reads, and where each lay.
fn cut(content: Content, reads: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
    let mut cutter = Cutter::default();
    cutter.reset(content);
    let mut events = Vec::new();
    for read in reads {
        let range = read.as_ptr_range();
        let fed = cutter.feed(read, |data| {
            events.push((data.to_vec(), range.contains(&data.as_ptr())));
        });
        fed.expect("small events");
    }
    let finished = cutter.finish(|data| events.push((data.to_vec(), false)));
    finished.expect("small events");
    events
}

fn texts(content: Content, reads: &[&[u8]]) -> Vec<String> {
    let events = cut(content, reads).into_iter();
    events
        .map(|(data, _)| String::from_utf8_lossy(&data).into_owned())
        .collect()
}

#[test]
fn forms_of_server_sent_events_that_servers_use_are_all_read() {
    for (stream, expected) in [
        ("data: a\n\n", vec!["a"]),
        ("data:a\n\n", vec!["a"]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", vec!["a", "b"]),
        ("data: a\r\rdata: b\r\r", vec!["a", "b"]),
        (
            "data: a\r\n\ndata: b\n\r\ndata: c\r\r\n",
            vec!["a", "b", "c"],
        ),
        ("\u{feff}data: a\n\n", vec!["a"]),
        ("\u{feff}\u{feff}data: a\n\ndata: b\n\n", vec!["b"]),
        (": comment\n\ndata: a\nid: 7\nevent: x\n\n", vec!["a"]),
        (":\n\n:\n\n", vec![]),
        ("data: a\ndata: b\n\n", vec!["a\nb"]),
        ("data: a\ndata\ndata:\ndata: b\n\n", vec!["a\n\n\nb"]),
        ("data:  two spaces\n\n", vec![" two spaces"]),
        ("database: x\n\nDATA: x\n\n data: x\n\n", vec![]),
        ("data\n\ndata:\n\ndata: \n\n", vec![]),
        ("\n\n\ndata: a\n\n\n", vec!["a"]),
        // Without a blank line at the end, and without any end.
        ("data: a\n\ndata: [DONE]\n", vec!["a", "[DONE]"]),
        ("data: a\n\ndata: [DONE]", vec!["a", "[DONE]"]),
        ("data: a\ndata: b\r", vec!["a\nb"]),
        ("data: a\n\n: bye", vec!["a"]),
        ("", vec![]),
    ] {
        let found = texts(Content::EventStream, &[stream.as_bytes()]);
        assert_eq!(found, expected, "{stream:?}");
    }
}

#[test]
fn json_lines_are_read_with_any_line_end_and_without_the_last() {
    for (body, expected) in [
        ("{\"a\":1}\n{\"b\":2}\n", vec![r#"{"a":1}"#, r#"{"b":2}"#]),
        (
            "{\"a\":1}\r\n\r\n\n  \n{\"b\":2}",
            vec![r#"{"a":1}"#, r#"{"b":2}"#],
        ),
        ("\u{feff}{}\n", vec!["{}"]),
        // A CR is white space between the parts of a value.
        ("{\"a\":\r1}\n", vec!["{\"a\":\r1}"]),
        ("data: x\n", vec!["data: x"]),
        ("\n", vec![]),
    ] {
        let found = texts(Content::JsonLines, &[body.as_bytes()]);
        assert_eq!(found, expected, "{body:?}");
    }
}

#[test]
fn a_whole_has_no_events() {
    assert!(texts(Content::Other, &[b"data: a\n\n{}\n"]).is_empty());
}

#[test]
fn an_event_within_one_read_is_not_copied_and_one_over_two_is() {
    let within = cut(
        Content::EventStream,
        &[b"data: a\n\ndata: b\n\n", b"data: c\n\n"],
    );
    assert!(within.iter().all(|(_, is_in_read)| *is_in_read));
    let split = cut(Content::EventStream, &[b"data: a\n", b"\ndata: b", b"\n\n"]);
    assert!(split.iter().all(|(_, is_in_read)| !is_in_read));
    assert_eq!((within.len(), split.len()), (3, 2));
}

#[test]
fn another_body_begins_without_anything_of_the_one_before() {
    let mut cutter = Cutter::default();
    for (content, rest, next) in [
        (Content::EventStream, "data: a\ndata: b", "data: c\n\n"),
        (Content::EventStream, "data: a\r", "\ndata: c\n\n"),
        (Content::EventStream, "\u{feff}", "\u{feff}data: c\n\n"),
        (Content::JsonLines, "{\"a\":", "c\n"),
    ] {
        cutter.reset(content);
        cutter.feed(rest.as_bytes(), |_| ()).unwrap();
        cutter.reset(content);
        let mut events = Vec::new();
        cutter
            .feed(next.as_bytes(), |data| events.push(data.to_vec()))
            .unwrap();
        assert_eq!(events, [b"c"], "{rest:?}");
    }
}

/// Feeds `piece` again and again; after how many bytes it is refused.
fn refused_after(content: Content, begin: &[u8], piece: &[u8]) -> (usize, usize) {
    let mut cutter = Cutter::default();
    cutter.reset(content);
    let mut fed = begin.len();
    let mut result = cutter.feed(begin, |_| ());
    while result.is_ok() && fed <= 1 << 30 {
        fed += piece.len();
        result = cutter.feed(piece, |_| ());
    }
    assert_eq!(result, Err(EventTooLarge));
    (
        fed,
        cutter.lines.spilled().len() + cutter.pending.data.len(),
    )
}

#[test]
fn an_endless_event_is_refused_at_the_limit_and_not_kept() {
    let piece = vec![b'x'; 60_000];
    let lines = b"data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".repeat(1000);
    for (content, begin, piece) in [
        (Content::EventStream, &b"data: "[..], &piece),
        (Content::EventStream, b": ", &piece),
        (Content::EventStream, b"", &lines),
        (Content::JsonLines, b"{\"a\":\"", &piece),
    ] {
        let (fed, kept) = refused_after(content, begin, piece);
        // Of 64 bytes a line with data, 8 are none of the event.
        assert!(fed > MAX_EVENT_BYTES, "{fed}");
        assert!(fed < MAX_EVENT_BYTES + MAX_EVENT_BYTES / 5, "{fed}");
        assert!(kept <= MAX_EVENT_BYTES, "{kept}");
    }
}

#[test]
fn the_limit_is_the_same_however_the_reads_fall_and_a_large_buffer_is_given_back() {
    let longest = [&b"data: "[..], &vec![b'x'; MAX_EVENT_BYTES - 7], b"\n\n"].concat();
    let too_long = [&b"data: "[..], &vec![b'x'; MAX_EVENT_BYTES - 5], b"\n\n"].concat();
    for reads in [1, 3] {
        let mut cutter = Cutter::default();
        let mut feed = |body: &[u8]| {
            cutter.reset(Content::EventStream);
            let mut events = 0;
            let fed = body
                .chunks(body.len().div_ceil(reads))
                .try_for_each(|read| cutter.feed(read, |_| events += 1));
            (fed, events)
        };
        assert_eq!(feed(&longest), (Ok(()), 1), "{reads}");
        assert_eq!(feed(&too_long), (Err(EventTooLarge), 0), "{reads}");
        cutter.reset(Content::EventStream);
        assert!(cutter.lines.capacity() + cutter.pending.data.capacity() <= 2 * KEPT_BUFFER_BYTES);
    }
}

proptest! {
    /// However the reads fall, the events are the same.
    #[test]
    fn reads_may_end_anywhere(
        lines in prop::collection::vec((prop::sample::select(vec![
            "data: {\"a\":1}", "data:b", "", "", ": c", "event: d", "data: ", "data", "x", "{\"a\":1}", "\u{feff}", "\u{feff}data: e",
        ]), prop::sample::select(vec!["\n", "\r\n", "\r", ""])), 0..20),
        is_lines in any::<bool>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let content = if is_lines { Content::JsonLines } else { Content::EventStream };
        let body = lines.iter().flat_map(|(line, end)| [*line, *end]).collect::<String>();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        places.extend([0, body.len()]);
        places.sort_unstable();
        let reads: Vec<&[u8]> = places.windows(2).map(|pair| &body.as_bytes()[pair[0]..pair[1]]).collect();
        let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        let whole = texts(content, &[body.as_bytes()]);
        prop_assert_eq!(&texts(content, &reads), &whole);
        prop_assert_eq!(&texts(content, &bytes), &whole);
    }

    /// Whatever the bytes are, there is an answer.
    #[test]
    fn any_bytes_are_survived(reads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6)) {
        let reads: Vec<&[u8]> = reads.iter().map(Vec::as_slice).collect();
        for content in [Content::EventStream, Content::JsonLines, Content::Other] {
            let _ = cut(content, &reads);
        }
    }
}
