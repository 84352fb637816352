//! Every rule of strings, pairs, pair lists and segments.

use crate::craft::{Change, Craft, assert_refused, check};
use schemas::layout::{MAX_PAIRS, MAX_STRING_BYTES, PairListRecord, Section, StringRecord};

#[test]
fn every_rule_of_a_string_is_checked_even_if_nothing_refers_to_it() {
    let added = Craft::good().strings.len() as u64;
    let cases: [(u64, &str, Change); 7] = [
        (added, "more than the limit", |file| {
            file.bytes(&vec![b'x'; MAX_STRING_BYTES as usize + 1]);
        }),
        (added, "not UTF-8", |file| {
            file.bytes(b"a\xff");
        }),
        (added, "not UTF-8", |file| {
            // A surrogate, which UTF-8 does not have.
            file.bytes(b"\xed\xa0\x80");
        }),
        (added, "reaches past STRING_BYTES", |file| {
            file.strings.push(StringRecord {
                offset: (file.string_bytes.len() as u32).into(),
                length: 1.into(),
            });
        }),
        (added, "reaches past STRING_BYTES", |file| {
            file.strings.push(StringRecord {
                offset: u32::MAX.into(),
                length: 0.into(),
            });
        }),
        (0, "reaches past STRING_BYTES", |file| {
            file.strings[0].length = u32::MAX.into();
        }),
        (2, "reaches past STRING_BYTES", |file| {
            file.strings[2].offset = u32::MAX.into();
        }),
    ];
    for (record, words, change) in cases {
        assert_refused(Section::Strings, record, words, change);
    }
}

#[test]
fn every_rule_of_a_pair_list_is_checked_even_if_nothing_refers_to_it() {
    let cases: [(u64, &str, Change); 7] = [
        (2, "0 pairs", |file| {
            file.pair_list(&[]);
        }),
        (0, "0 pairs", |file| file.pair_lists[0].count = 0.into()),
        (2, "1025 pairs", |file| {
            file.pair_list(&vec![("a", "b"); MAX_PAIRS as usize + 1]);
        }),
        (2, "reaches past PAIRS", |file| {
            file.pair_lists.push(PairListRecord {
                first: (file.pairs.len() as u32).into(),
                count: 1.into(),
            });
        }),
        (1, "reaches past PAIRS", |file| {
            file.pair_lists[1].first = u32::MAX.into();
        }),
        (0, "string id", |file| file.pairs[0].name = u32::MAX.into()),
        (0, "string id", |file| {
            file.pairs[2].value = (file.strings.len() as u32).into();
        }),
    ];
    for (record, words, change) in cases {
        assert_refused(Section::PairLists, record, words, change);
    }
}

#[test]
fn every_rule_of_a_segment_is_checked() {
    let cases: [(u64, Change); 5] = [
        (0, |file| file.segments[0].length = 0.into()),
        (3, |file| {
            file.segments[3].offset = (file.blob.len() as u64 - 3).into();
        }),
        (11, |file| file.segments[11].offset = (u64::MAX - 1).into()),
        (6, |file| file.segments[6].length = u64::MAX.into()),
        (4, |file| {
            // The sum wraps to a place in the blob.
            file.segments[4].offset = (u64::MAX - 1).into();
            file.segments[4].length = 4.into();
        }),
    ];
    for (record, change) in cases {
        assert_refused(
            Section::Segments,
            record,
            "empty, or reaches past BLOB",
            change,
        );
    }
}

#[test]
fn longest_string_and_list_and_unused_records_are_good() {
    let mut craft = Craft::good();
    craft.bytes(&vec![b'x'; MAX_STRING_BYTES as usize]);
    craft.pair_list(&vec![("a", "b"); MAX_PAIRS as usize]);
    craft.pairs.push(schemas::layout::PairRecord {
        name: u32::MAX.into(),
        value: u32::MAX.into(),
    });
    craft.segments.push(schemas::layout::SegmentRecord {
        offset: 0.into(),
        length: 0.into(),
    });
    check(&craft.file().0, 2).unwrap();
}
