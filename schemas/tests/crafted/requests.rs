//! Every rule of a request: its fields, its head, its body, its references and its order.

use crate::craft::{Change, Craft, assert_refused, check};
use schemas::layout::{
    MAX_BODY_BYTES, MAX_SPLICES, MAX_TIME_NS, NONE_U32, NONE_U64, REQUEST_LIVE,
    STAGE_AFTER_PREVIOUS, Section, StartKind,
};
use schemas::rules::FORBIDDEN_HEADERS;
use std::collections::BTreeSet;

#[track_caller]
fn assert_all_refused(cases: &[(u64, &str, Change)]) {
    for (record, words, change) in cases {
        assert_refused(Section::Requests, *record, words, *change);
    }
}

#[test]
fn every_rule_of_the_fields_is_checked() {
    assert_all_refused(&[
        (3, "its stage is past the last stage", |file| {
            file.requests[3].stage = 3.into();
        }),
        (0, "its stage is past the last stage", |file| {
            file.requests[0].stage = NONE_U32.into();
        }),
        (0, "start_kind is not defined", |file| {
            file.requests[0].start_kind = 3;
        }),
        (0, "response_format is not defined", |file| {
            file.requests[0].response_format = 9;
        }),
        (5, "flags are not defined", |file| {
            file.requests[5].flags = 8;
        }),
        (1, "must be zero", |file| file.requests[1].zero = 1),
        (7, "its start is later than the limit", |file| {
            file.requests[7].start_ns = (MAX_TIME_NS + 1).into();
        }),
        (1, "its start is later than the limit", |file| {
            file.requests[1].start_ns = NONE_U64.into();
        }),
        (3, "a slot start has a time", |file| {
            file.requests[3].start_ns = 1.into();
        }),
        (3, "waits for a slot of a stage that has none", |file| {
            file.requests[3].stage = 0.into();
        }),
        (3, "after_request is set", |file| {
            file.requests[3].after_request = 0.into();
        }),
        (1, "its cancellation is later", |file| {
            file.requests[1].cancel_after_ns = (MAX_TIME_NS + 1).into();
        }),
        (7, "cancel_after_tokens is zero", |file| {
            file.requests[7].cancel_after_tokens = 0.into();
        }),
        (7, "two cancellations", |file| {
            file.requests[7].cancel_after_ns = 0.into();
        }),
        (7, "is not streamed", |file| file.requests[7].flags = 0),
        (0, "session and turn", |file| {
            file.requests[0].turn = NONE_U32.into();
        }),
        (2, "session and turn", |file| {
            file.requests[2].turn = 0.into();
        }),
    ]);
}

#[test]
fn every_rule_of_the_order_is_checked() {
    assert_all_refused(&[
        (2, "starts before the request in front of it", |file| {
            file.requests[2].start_ns = 999.into();
        }),
        (5, "starts before the request in front of it", |file| {
            // Within the time base of stage 2.
            file.requests[4].start_ns = 6.into();
        }),
        (4, "starts before the request in front of it", |file| {
            // Without the flag stage 2 shares the time base of stage 0.
            file.stages[2].flags = 0;
        }),
        (1, "does not come before it", |file| {
            file.requests[1].after_request = 1.into();
        }),
        (1, "does not come before it", |file| {
            file.requests[1].after_request = 2.into();
        }),
        (1, "does not come before it", |file| {
            file.requests[1].after_request = NONE_U64.into();
        }),
        (0, "does not come before it", |file| {
            // `at` and after another.
            file.requests[0].after_request = 0.into();
        }),
        (6, "does not come before it", |file| {
            file.requests[6].after_request = 7.into();
        }),
        (6, "waits for a request of a later stage", |file| {
            file.requests[6].after_request = 5.into();
            file.requests[6].stage = 0.into();
            file.requests[6].start_ns = 1_000.into();
        }),
        (6, "starts before the request in front of it", |file| {
            // A request to wait for does not free its time from the order.
            file.requests[6].start_ns = 4.into();
        }),
    ]);
}

#[test]
fn two_stages_that_follow_have_a_time_base_each() {
    let mut craft = Craft::good();
    craft.stages[1].flags = STAGE_AFTER_PREVIOUS;
    let slot = &mut craft.requests[3];
    slot.start_kind = StartKind::At as u8;
    slot.start_ns = 500.into();
    check(&craft.file().0, 1).unwrap();
}

#[test]
fn every_rule_of_the_head_is_checked() {
    fn method(file: &mut Craft, text: &str) {
        file.requests[4].method = file.string(text).into();
    }
    fn path(file: &mut Craft, text: &str) {
        file.requests[4].path = file.string(text).into();
    }
    assert_all_refused(&[
        (4, "is not an HTTP method", |file| method(file, "")),
        (4, "is not an HTTP method", |file| method(file, "PO ST")),
        (4, "is not an HTTP method", |file| method(file, "POST\r\n")),
        (4, "is not an HTTP method", |file| method(file, "PÖST")),
        (4, "is not a path", |file| path(file, "")),
        (4, "is not a path", |file| path(file, "v1")),
        (4, "is not a path", |file| path(file, "/a b")),
        (4, "is not a path", |file| path(file, "/a#b")),
        (4, "is not a path", |file| path(file, "/ü")),
        (4, "is not a path", |file| path(file, "/a\x7f")),
        (4, "is not a path", |file| path(file, "/ HTTP/1.1\r\nx: y")),
        (0, "is not a header name", |file| file.headers(&[("", "v")])),
        (0, "is not a header name", |file| {
            file.headers(&[("Accept", "v")]);
        }),
        (0, "is not a header name", |file| {
            file.headers(&[("a", "v"), ("a:", "v")]);
        }),
        (0, "is not a header name", |file| {
            file.headers(&[("é", "v")]);
        }),
        (0, "the value of header a", |file| {
            file.headers(&[("a", "b\r\nc: d")]);
        }),
        (0, "the value of header a", |file| {
            file.headers(&[("a", "\0")]);
        }),
        (0, "the value of header a", |file| {
            file.headers(&[("a", "é")]);
        }),
        (0, "stands twice", |file| {
            let labels = file.pair_list(&[("a", "1"), ("b", "2"), ("a", "1")]);
            file.requests[0].labels = labels.into();
        }),
    ]);
}

#[test]
fn every_forbidden_header_field_is_refused() {
    for name in FORBIDDEN_HEADERS {
        let mut craft = Craft::good();
        craft.headers(&[("accept", "a"), (name, "v")]);
        let (bytes, begins) = craft.file();
        let error = check(&bytes, 1).expect_err(name).to_string();
        let offset = begins[Section::Requests.position()];
        let expected = format!("REQUESTS record 0 at offset {offset}: header {name} does not");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn every_rule_of_the_body_is_checked() {
    assert_all_refused(&[
        (2, "body_bytes is 14, its segments have 15", |file| {
            file.requests[2].body_bytes = 14.into();
        }),
        (2, "body_bytes is 15, its segments have 0", |file| {
            file.requests[2].segment_count = 0.into();
        }),
        (2, "its body is longer than the limit", |file| {
            file.requests[2].body_bytes = (MAX_BODY_BYTES + 1).into();
        }),
        (2, "its body is longer than the limit", |file| {
            file.requests[2].body_bytes = u64::MAX.into();
        }),
        (5, "its body reaches past SEGMENTS", |file| {
            file.requests[5].first_segment = (file.segments.len() as u64 - 1).into();
        }),
        (5, "its body reaches past SEGMENTS", |file| {
            file.requests[5].segment_count = u32::MAX.into();
        }),
        (0, "its body reaches past SEGMENTS", |file| {
            file.requests[0].first_segment = u64::MAX.into();
        }),
        (0, "its body reaches past SEGMENTS", |file| {
            // With no segments, too, the place must exist.
            file.requests[0].first_segment = (file.segments.len() as u64 + 1).into();
            file.requests[0].segment_count = 0.into();
        }),
    ]);
}

#[test]
fn every_rule_of_an_answer_in_a_body_is_checked() {
    assert_all_refused(&[
        (6, "does not come before it", |file| {
            file.cut_in_answers(6, &[0, 7]);
        }),
        (6, "does not come before it", |file| {
            file.cut_in_answers(6, &[6]);
        }),
        (6, "does not come before it", |file| {
            file.cut_in_answers(6, &[u64::MAX]);
        }),
        (6, "of another session", |file| {
            let other = file.string("another");
            file.requests[4].session = other.into();
            file.requests[4].turn = 0.into();
            file.cut_in_answers(6, &[4]);
        }),
        (6, "of another session", |file| {
            file.cut_in_answers(6, &[2]);
        }),
        (6, "has no session", |file| {
            file.requests[6].session = NONE_U32.into();
            file.requests[6].turn = NONE_U32.into();
        }),
        (6, "not an earlier one", |file| {
            file.requests[6].turn = 1.into();
        }),
        (6, "the answer of a later stage", |file| {
            let session = file.requests[0].session;
            (file.requests[5].session, file.requests[5].turn) = (session, 1.into());
            file.requests[6].stage = 0.into();
            file.requests[6].start_ns = 1_000.into();
            file.cut_in_answers(6, &[5]);
        }),
        (5, "its live flag is set, but no answer", |file| {
            file.requests[5].flags = REQUEST_LIVE;
        }),
        (6, "its live flag is not set", |file| {
            file.requests[6].flags = 0;
        }),
        (6, "body_bytes is 5, its segments have 4", |file| {
            file.requests[6].body_bytes = 5.into();
        }),
        (6, "more than the limit of 4096", |file| {
            file.cut_in_answers(6, &[0; MAX_SPLICES as usize + 1]);
        }),
    ]);
}

#[test]
fn the_most_answers_and_a_session_by_another_id_are_good() {
    let mut craft = Craft::good();
    craft.requests[6].session = craft.string("s").into();
    craft.cut_in_answers(6, &[1; MAX_SPLICES as usize]);
    check(&craft.file().0, 1).unwrap();
}

#[test]
fn each_part_of_an_answer_moves_the_leaf() {
    let leaf = |change: Change| {
        let mut craft = Craft::good();
        change(&mut craft);
        craft.leaves()[6]
    };
    let changes: [Change; 6] = [
        |_| (),
        |file| file.cut_in_answers(6, &[1, 0]),
        |file| file.cut_in_answers(6, &[0]),
        |file| file.cut_in_answers(6, &[0, 0]),
        |file| {
            // The answers in front of the literal text instead of behind it.
            let first = file.requests[6].first_segment.get() as usize;
            file.segments[first..first + 3].rotate_left(1);
        },
        |file| file.requests[6].after_request = NONE_U64.into(),
    ];
    let leaves: BTreeSet<_> = changes.map(leaf).into_iter().collect();
    assert_eq!(leaves.len(), changes.len());
}

#[test]
fn every_reference_is_checked() {
    assert_all_refused(&[
        (4, "string id", |file| {
            file.requests[4].model = (file.strings.len() as u32).into();
        }),
        (4, "string id", |file| {
            file.requests[4].model = NONE_U32.into();
        }),
        (4, "string id", |file| {
            file.requests[4].method = NONE_U32.into();
        }),
        (4, "string id", |file| {
            file.requests[4].path = NONE_U32.into();
        }),
        (0, "string id", |file| {
            file.requests[0].session = (file.strings.len() as u32).into();
        }),
        (1, "string id", |file| {
            file.requests[1].adapter = (NONE_U32 - 1).into();
        }),
        (0, "pair-list id", |file| {
            file.requests[0].headers = (file.pair_lists.len() as u32).into();
        }),
        (0, "pair-list id", |file| {
            file.requests[0].labels = (NONE_U32 - 1).into();
        }),
    ]);
}
