//! The good file, hashes that do not fit, and the zero fields of header and trailer.

use crate::craft::{Craft, check};
use schemas::error::FormatError;
use schemas::layout::Section;
use schemas::merkle::leaf_hash;

#[test]
fn the_file_that_the_others_are_altered_from_is_good() {
    check(&Craft::good().file().0, 2).unwrap();
}

#[test]
fn a_file_without_requests_and_stages_is_good() {
    let mut craft = Craft::good();
    craft.requests.clear();
    craft.stages.clear();
    check(&craft.file().0, 1).unwrap();
}

#[test]
fn zero_fields_of_header_and_trailer_are_checked_on_opening() {
    let mut header = Craft::good();
    header.header_zero = 1;
    let mut trailer = Craft::good();
    trailer.trailer_zero = 1 << 31;
    for (craft, from_end, named) in [(header, None, "HEADER"), (trailer, Some(12), "TRAILER")] {
        let (bytes, _) = craft.file();
        let expected = from_end.map_or(12, |back| bytes.len() as u64 - back);
        match check(&bytes, 1) {
            Err(FormatError::NotZero { part, offset }) => {
                assert_eq!((part, offset), (named, expected))
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_leaf_that_is_not_its_requests_is_named() {
    let craft = Craft::good();
    let mut leaves = craft.leaves();
    leaves[3] = leaf_hash(b"another");
    let (bytes, begins) = craft.file_with(&leaves);
    let place = begins[Section::Leaves.position()] as u64 + 3 * 32;
    match check(&bytes, 2) {
        Err(FormatError::Leaf { request: 3, offset }) => assert_eq!(offset, place),
        other => panic!("{other:?}"),
    }
}

#[test]
fn equal_requests_at_other_places_have_other_leaves() {
    let mut craft = Craft::good();
    craft.requests[5] = craft.requests[4];
    let leaves = craft.leaves();
    assert_ne!(leaves[4], leaves[5]);
    check(&craft.file().0, 1).unwrap();
    // The leaf of one does not pass as that of the other.
    let mut swapped = leaves;
    swapped.swap(4, 5);
    assert!(matches!(
        check(&craft.file_with(&swapped).0, 1),
        Err(FormatError::Leaf { request: 4, .. })
    ));
}

#[test]
fn a_stage_flag_that_moves_the_load_moves_the_content_hash() {
    let root = |craft: &Craft| {
        let (bytes, _) = craft.file();
        bytes[bytes.len() - 96..][..32].to_vec()
    };
    let mut craft = Craft::good();
    craft.stages[2].flags = 0;
    assert_ne!(root(&Craft::good()), root(&craft));
}

#[test]
fn a_hint_that_cannot_be_followed_is_named() {
    let mut craft = Craft::good();
    let text = String::from_utf8(craft.manifest).unwrap();
    craft.manifest = text.replace(r#""workers":null"#, r#""workers":0"#).into();
    let error = check(&craft.file().0, 1).unwrap_err().to_string();
    assert!(error.ends_with("hints.workers is zero"), "{error}");
}

#[test]
fn a_manifest_that_is_not_canonical_is_named() {
    let mut craft = Craft::good();
    craft.manifest.push(b'\n');
    let (bytes, begins) = craft.file();
    match check(&bytes, 1) {
        Err(FormatError::Manifest { offset, .. }) => {
            assert_eq!(offset, begins[Section::Manifest.position()] as u64);
        }
        other => panic!("{other:?}"),
    }
}
