//! The canonical encoding and the Merkle tree against the program.

use super::{WORKLOAD, block, bytes_of, digest, table};
use schemas::layout::*;
use schemas::leaf::{
    BodyDigest, BodyHasher, REQUEST_PREFIX, STAGES_PREFIX, encode_request, stages_leaf,
};
use schemas::manifest::Salt;
use schemas::merkle::{RootBuilder, leaf_hash};
use schemas::tables::TablesBuilder;
use schemas::{Digest, hex};
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};

/// The bytes in front of the encoding, as the table of prefixes has them for requests; those of
/// the stage table stand in front of its counts, not of each stage.
fn prefix(marker: &str) -> Vec<u8> {
    if marker == "tags: request" {
        said_prefix("a request")
    } else {
        Vec::new()
    }
}

fn said_prefix(of: &str) -> Vec<u8> {
    let rows = table(WORKLOAD, "prefixes");
    let row = rows.iter().find(|row| row[0] == of).expect("the prefix");
    bytes_of(row[2].trim_matches('`'))
}

#[test]
fn prefixes_are_those_of_the_program() {
    assert_eq!(said_prefix("a request"), REQUEST_PREFIX);
    assert_eq!(said_prefix("the stage table"), STAGES_PREFIX);
    for row in table(WORKLOAD, "prefixes") {
        let text = row[1].trim_matches('`').replace("\\0", "\0");
        assert_eq!(text.as_bytes(), bytes_of(row[2].trim_matches('`')));
    }
}

/// Writes fields in the order of a tag table; a field without a value is left out.
fn encode_by_table(marker: &str, values: &BTreeMap<&str, Vec<u8>>) -> Vec<u8> {
    let rows = table(WORKLOAD, marker);
    let named: BTreeSet<_> = rows.iter().map(|row| row[2]).collect();
    assert!(
        values.keys().all(|name| named.contains(name)),
        "{marker}: {named:?}"
    );
    let mut out = prefix(marker);
    for row in rows {
        if let Some(value) = values.get(row[2]) {
            if let Ok(size) = row[1].parse::<usize>() {
                assert_eq!(value.len(), size, "{marker}: {}", row[2]);
            }
            out.push(u8::from_str_radix(row[0].trim_start_matches("0x"), 16).unwrap());
            out.extend_from_slice(&(value.len() as u32).to_le_bytes());
            out.extend_from_slice(value);
        }
    }
    out
}

fn encoded_pairs(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = (pairs.len() as u32).to_le_bytes().to_vec();
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

fn encoded_splices(splices: &[(u64, u64)]) -> Vec<u8> {
    let mut out = (splices.len() as u32).to_le_bytes().to_vec();
    for number in splices.iter().flat_map(|(at, request)| [at, request]) {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out
}

fn sha256(bytes: &[u8]) -> Digest {
    sha2::Sha256::digest(bytes).into()
}

/// Where the requests of these tests stand.
const INDEX: u64 = 11;

/// A request with every optional field set, and its values under the names of the tag table.
fn full_request(
    tables: &mut TablesBuilder,
) -> (RequestRecord, BodyDigest, BTreeMap<&'static str, Vec<u8>>) {
    let (headers, labels) = ([("a", "b"), ("c", "")], [("population", "p")]);
    let mut body = BodyHasher::default();
    body.segment(b"bo");
    body.splice(9);
    body.salt(b"d");
    body.segment(b"y");
    body.splice(3);
    let body = body.finish();
    let mut record = RequestRecord::at(77);
    record.stage = 3.into();
    record.flags = REQUEST_STREAM;
    record.response_format = 1;
    record.cancel_after_ns = 5.into();
    record.input_tokens = 6.into();
    record.output_tokens = 7.into();
    record.turn = 8.into();
    record.cancel_after_tokens = 4.into();
    for (field, text) in [
        (&mut record.session, "s"),
        (&mut record.model, "m"),
        (&mut record.adapter, "l"),
        (&mut record.method, "POST"),
        (&mut record.path, "/p"),
    ] {
        *field = tables.string(text).unwrap().into();
    }
    record.headers = tables.pair_list(&headers).unwrap().into();
    record.labels = tables.pair_list(&labels).unwrap().into();
    let values = BTreeMap::from([
        ("index", INDEX.to_le_bytes().to_vec()),
        ("stage", 3u32.to_le_bytes().to_vec()),
        ("session", b"s".to_vec()),
        ("turn", 8u32.to_le_bytes().to_vec()),
        ("model", b"m".to_vec()),
        ("adapter", b"l".to_vec()),
        ("method", b"POST".to_vec()),
        ("path", b"/p".to_vec()),
        ("headers", encoded_pairs(&headers)),
        ("stream", vec![1]),
        ("response_format", vec![1]),
        ("cancel_after_ns", 5u64.to_le_bytes().to_vec()),
        ("input_tokens", 6u32.to_le_bytes().to_vec()),
        ("output_tokens", 7u32.to_le_bytes().to_vec()),
        ("labels", encoded_pairs(&labels)),
        ("body", [&4u64.to_le_bytes()[..], &sha256(b"body")].concat()),
        ("cancel_after_tokens", 4u32.to_le_bytes().to_vec()),
        ("splices", encoded_splices(&[(2, 9), (4, 3)])),
        ("salt", 2u64.to_le_bytes().to_vec()),
    ]);
    (record, body, values)
}

fn encoded(record: &RequestRecord, body: &BodyDigest, tables: &TablesBuilder) -> Vec<u8> {
    let mut out = Vec::new();
    encode_request(INDEX, record, body, &tables.view(), &mut out).unwrap();
    out
}

#[test]
fn requests_are_encoded_as_the_tag_table_says() {
    let mut tables = TablesBuilder::default();
    let (mut record, body, mut values) = full_request(&mut tables);
    let after = [9u64.to_le_bytes(), 77u64.to_le_bytes()].concat();
    for (kind, name, value) in [
        (StartKind::At, "start_at", 77u64.to_le_bytes().to_vec()),
        (StartKind::After, "start_after", after),
        (StartKind::Slot, "start_slot", vec![]),
    ] {
        record.start_kind = kind as u8;
        let waits = kind == StartKind::After;
        record.after_request = if waits { 9 } else { NONE_U64 }.into();
        values.insert(name, value);
        assert_eq!(
            encoded(&record, &body, &tables),
            encode_by_table("tags: request", &values)
        );
        values.remove(name);
    }
}

#[test]
fn a_time_and_a_request_to_wait_for_are_two_fields_of_one_start() {
    let mut tables = TablesBuilder::default();
    let (mut record, body, mut values) = full_request(&mut tables);
    record.after_request = 9.into();
    values.insert("start_at", 77u64.to_le_bytes().to_vec());
    let after = [9u64.to_le_bytes(), [0; 8]].concat();
    values.insert("start_after", after);
    assert_eq!(
        encoded(&record, &body, &tables),
        encode_by_table("tags: request", &values)
    );
}

#[test]
fn too_many_splices_are_an_error_and_not_a_wrong_length() {
    let mut tables = TablesBuilder::default();
    let (record, mut body, _) = full_request(&mut tables);
    let one = body.splices[0];
    let mut encode = |count: u32| {
        body.splices = vec![one; count as usize];
        encode_request(INDEX, &record, &body, &tables.view(), &mut Vec::new())
    };
    encode(MAX_SPLICES).unwrap();
    encode(MAX_SPLICES + 1).unwrap_err();
}

#[test]
fn absent_request_fields_are_those_that_the_tag_table_calls_optional() {
    let mut tables = TablesBuilder::default();
    let (full, mut body, mut values) = full_request(&mut tables);
    (body.splices, body.salt) = (vec![], None);
    let mut record = RequestRecord::at(77);
    (record.model, record.method, record.path) = (full.model, full.method, full.path);
    values.insert("start_at", 77u64.to_le_bytes().to_vec());
    values.insert("stage", vec![0; 4]);
    values.insert("stream", vec![0]);
    values.insert("response_format", vec![0]);
    for row in table(WORKLOAD, "tags: request") {
        match row[3] {
            "unless none" => assert!(values.remove(row[2]).is_some(), "{}", row[2]),
            kind => assert!(kind == "always" || kind.starts_with("start kind"), "{kind}"),
        }
    }
    assert_eq!(
        encoded(&record, &body, &tables),
        encode_by_table("tags: request", &values)
    );
}

#[test]
fn stages_are_encoded_as_the_tag_table_says() {
    let mut tables = TablesBuilder::default();
    let mut stage = StageRecord {
        name: tables.string("warm").unwrap().into(),
        kind: 1,
        flags: STAGE_WARM_UP | STAGE_AFTER_PREVIOUS,
        zero: 0.into(),
        start_ns: 1.into(),
        duration_ns: 2.into(),
        rate_microhertz: 3.into(),
        request_count: 4.into(),
        concurrency: 5.into(),
        zero2: 0.into(),
    };
    let long = |value: u64| value.to_le_bytes().to_vec();
    let mut values = BTreeMap::from([
        ("name", b"warm".to_vec()),
        ("kind", vec![1]),
        ("warm_up", vec![1]),
        ("start_ns", long(1)),
        ("duration_ns", long(2)),
        ("rate_microhertz", long(3)),
        ("request_count", long(4)),
        ("concurrency", 5u32.to_le_bytes().to_vec()),
        ("after_previous", vec![1]),
    ]);
    let leaf = |values: &BTreeMap<_, _>, salt: &str| {
        let fields = encode_by_table("tags: stage", values);
        let mut data = said_prefix("the stage table");
        data.extend_from_slice(&4u64.to_le_bytes());
        data.extend_from_slice(&1u32.to_le_bytes());
        data.extend_from_slice(&(fields.len() as u32).to_le_bytes());
        data.extend_from_slice(&fields);
        data.extend(bytes_of(salt));
        leaf_hash(&data)
    };
    assert_eq!(
        stages_leaf(&[stage], 4, None, &tables.view()).unwrap(),
        leaf(&values, "")
    );
    // The worked example: count, number of words, length of each, words.
    assert_eq!(
        stages_leaf(&[stage], 4, Some(&example_salt()), &tables.view()).unwrap(),
        leaf(&values, &block(WORKLOAD, "```encoding-salt").join(" "))
    );
    (stage.name, stage.flags, stage.concurrency) = (NONE_U32.into(), 0, NONE_U32.into());
    (stage.duration_ns, stage.rate_microhertz) = (NONE_U64.into(), NONE_U64.into());
    for row in table(WORKLOAD, "tags: stage") {
        if row[3] != "always" {
            assert!(values.remove(row[2]).is_some(), "{}", row[2]);
        }
    }
    assert_eq!(
        stages_leaf(&[stage], 4, None, &tables.view()).unwrap(),
        leaf(&values, "")
    );
}

/// The salt that the examples in section 7 and 3 speak of, as the manifest has it.
fn example_salt() -> Salt {
    let json = block(WORKLOAD, "```salt").join("");
    serde_json::from_str(&json).unwrap()
}

#[test]
fn the_salt_example_is_right() {
    let salt = example_salt();
    salt.check().unwrap();
    let rows = table(WORKLOAD, "salt example");
    assert_eq!(rows[0][2], salt.unsalted());
    let salted = &rows[1..];
    assert!(salted.len() >= 2);
    for row in salted {
        let text = row[0].trim_matches('`');
        assert_eq!(
            row[1],
            hex(&sha256(text.as_bytes())[..2 * salt.count as usize])
        );
        assert_eq!(row[2], salt.chosen(text).join(" "));
        assert_eq!(row[2].len(), salt.unsalted().len());
    }
}

#[test]
fn the_merkle_example_is_right() {
    let lines = block(WORKLOAD, "<!-- merkle example -->\n");
    let leaves = [&b"stages"[..], b"a", b"b"].map(leaf_hash);
    let root = |leaves: &[Digest]| {
        let mut builder = RootBuilder::default();
        leaves.iter().for_each(|leaf| builder.push(*leaf));
        builder.root()
    };
    for (number, leaf) in leaves.iter().enumerate() {
        assert_eq!(digest(&lines, &format!("leaf {number}")), hex(leaf));
    }
    assert_eq!(digest(&lines, "node 01"), hex(&root(&leaves[..2])));
    assert_eq!(digest(&lines, "root"), hex(&root(&leaves)));
    // As the section says: leaf 2 of 3 also passes as leaf 1 of 2, with another neighbour.
    assert_eq!(root(&[root(&leaves[..2]), leaves[2]]), root(&leaves));
}
