//! Every rule of the salt slot: in the manifest, in BLOB and in a body; and what of it is hashed.

use crate::craft::{Change, Craft, SLOT, assert_refused, check};
use schemas::error::FormatError;
use schemas::layout::{REQUEST_SALTED, Section};
use schemas::leaf::stages_leaf;
use schemas::manifest::Salt;
use schemas::tables::TablesBuilder;
use std::collections::BTreeSet;

/// Requires that verifying names the manifest as wrong, in these words.
#[track_caller]
fn assert_manifest_refused(words: &str, change: Change) {
    let mut craft = Craft::good();
    change(&mut craft);
    let (bytes, begins) = craft.file();
    match check(&bytes, 2) {
        Err(FormatError::Manifest { offset, what, .. }) => {
            assert_eq!(offset, begins[Section::Manifest.position()] as u64);
            assert!(what.contains(words), "expected {words}, got {what}");
        }
        other => panic!("{words}: {other:?}"),
    }
}

#[test]
fn every_rule_of_the_manifests_salt_is_checked() {
    let cases: [(&str, Change); 12] = [
        ("salt count is not of 1 to 16", |file| {
            file.manifest_with(r#""count":2"#, r#""count":0"#);
        }),
        ("salt count is not of 1 to 16", |file| {
            file.manifest_with(r#""count":2"#, r#""count":17"#);
        }),
        ("no power of two", |file| {
            file.manifest_with(r#"["ab","!~"]"#, r#"["ab"]"#);
        }),
        ("no power of two", |file| {
            file.manifest_with(r#"["ab","!~"]"#, r#"["ab","!~","cd"]"#);
        }),
        ("not equally long", |file| {
            file.manifest_with(r#"["ab","!~"]"#, r#"["ab","!~~"]"#);
        }),
        ("are empty", |file| {
            file.manifest_with(r#"["ab","!~"]"#, r#"["",""]"#);
        }),
        ("without quote and backslash", |file| {
            file.manifest_with("!~", "! ");
        }),
        ("without quote and backslash", |file| {
            file.manifest_with("!~", r#"!\""#);
        }),
        ("without quote and backslash", |file| {
            file.manifest_with("!~", r"!\\");
        }),
        ("without quote and backslash", |file| {
            file.manifest_with("!~", "ü");
        }),
        ("a word twice", |file| file.manifest_with("!~", "ab")),
        ("BLOB does not begin with its slot", |file| {
            file.manifest_with(r#"["ab","!~"]"#, r#"["!~","ab"]"#);
        }),
    ];
    for (words, change) in cases {
        assert_manifest_refused(words, change);
    }
    assert_manifest_refused("BLOB does not begin with its slot", |file| {
        file.blob[4] = b'c';
    });
    assert_manifest_refused("BLOB does not begin with its slot", |file| {
        file.blob.truncate(4);
    });
    assert_manifest_refused("unknown field", |file| {
        file.manifest_with(r#","words":["#, r#","text":"","words":["#);
    });
}

#[test]
fn every_rule_of_a_body_with_a_salt_slot_is_checked() {
    let cases: [(&str, Change); 5] = [
        ("the manifest has no salt", |file| {
            file.manifest_with(r#"{"count":2,"words":["ab","!~"]}"#, "null");
        }),
        ("no segment is the salt slot", |file| {
            file.salt(4, &[(1, 4)]);
        }),
        ("more than one salt slot", |file| {
            file.salt(4, &[SLOT, (7, 3), SLOT]);
        }),
        ("has 4 bytes, that of the manifest 5", |file| {
            file.salt(4, &[(0, 4)]);
        }),
        ("has 6 bytes, that of the manifest 5", |file| {
            file.salt(4, &[(0, 6)]);
        }),
    ];
    for (words, change) in cases {
        assert_refused(Section::Requests, 4, words, change);
    }
}

#[test]
fn a_slot_may_stand_anywhere_in_a_body_and_be_unused() {
    let changes: [Change; 5] = [
        |file| file.salt(4, &[SLOT]),
        |file| file.salt(4, &[SLOT, (7, 11)]),
        |file| {
            file.cut_in_answers(6, &[0, 1]);
            let request = &mut file.requests[6];
            // The slot instead of the literal text in front of the answers.
            let first = request.first_segment.get() as usize;
            (request.body_bytes, request.flags) = (5.into(), request.flags | REQUEST_SALTED);
            file.segments[first].offset = SLOT.0.into();
            file.segments[first].length = SLOT.1.into();
        },
        // The same bytes as text that no replay salts.
        |file| file.requests[4].flags &= !REQUEST_SALTED,
        |file| {
            file.requests[4].flags &= !REQUEST_SALTED;
            file.manifest_with(r#"{"count":2,"words":["ab","!~"]}"#, "null");
        },
    ];
    for change in changes {
        let mut craft = Craft::good();
        change(&mut craft);
        check(&craft.file().0, 1).unwrap();
    }
}

#[test]
fn the_leaf_says_whether_and_where_a_body_is_salted() {
    let leaf = |change: Change| {
        let mut craft = Craft::good();
        change(&mut craft);
        craft.leaves()[4]
    };
    let changes: [Change; 3] = [
        |file| file.salt(4, &[SLOT]),
        // The same bytes, but salted one slot further, or not at all.
        |file| {
            file.blob[20..25].copy_from_slice(b"ab ab");
            file.salt(4, &[SLOT, (20, 5)]);
        },
        |file| {
            file.blob[20..25].copy_from_slice(b"ab ab");
            file.salt(4, &[(20, 5), SLOT]);
        },
    ];
    let mut leaves: BTreeSet<_> = changes.map(leaf).into_iter().collect();
    leaves.insert(leaf(|file| {
        file.blob[20..25].copy_from_slice(b"ab ab");
        file.salt(4, &[SLOT, (20, 5)]);
        file.requests[4].flags = 0;
    }));
    assert_eq!(leaves.len(), 4);
    // How the body is cut beside the slot is layout.
    let whole: Change = |file| file.salt(4, &[SLOT, (7, 11)]);
    let cut: Change = |file| file.salt(4, &[SLOT, (7, 4), (11, 7)]);
    assert_eq!(leaf(whole), leaf(cut));
}

#[test]
fn each_part_of_the_salt_moves_the_leaf_of_the_stage_table() {
    let salt = |count, words: &[&str]| Salt {
        count,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    let salts = [
        None,
        Some(salt(2, &["ab", "cd"])),
        Some(salt(3, &["ab", "cd"])),
        Some(salt(2, &["cd", "ab"])),
        Some(salt(2, &["a", "b", "c", "d"])),
    ];
    let tables = TablesBuilder::default();
    let leaf = |salt: &Option<Salt>| stages_leaf(&[], 0, salt.as_ref(), &tables.view()).unwrap();
    let leaves: BTreeSet<_> = salts.iter().map(leaf).collect();
    assert_eq!(leaves.len(), salts.len());
}
