//! Holds `WORKLOAD.md` and `RESULTS.md` against the program: a table, a hash or a byte that is
//! changed on one side only fails here. Tables are found by the `<!-- … -->` line above them.

use schemas::frames::{push_leb128, records_header};
use schemas::layout::*;
use schemas::leaf::{BodyDigest, BodyHasher, encode_request, stages_leaf};
use schemas::manifest::{Manifest, TraceSource};
use schemas::merkle::{RootBuilder, leaf_hash};
use schemas::reader::Workload;
use schemas::records::*;
use schemas::tables::TablesBuilder;
use schemas::{Digest, hex};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use zerocopy::IntoBytes;

#[path = "../examples/tiny.rs"]
mod tiny;

const WORKLOAD: &str = include_str!("../WORKLOAD.md");
const RESULTS: &str = include_str!("../RESULTS.md");

/// The rows of the table under `<!-- marker -->`, without its two head lines.
fn table(document: &'static str, marker: &str) -> Vec<Vec<&'static str>> {
    let line = format!("<!-- {marker} -->\n");
    let (_, rest) = document
        .split_once(&line)
        .unwrap_or_else(|| panic!("no table {marker:?}"));
    let rows = rest.lines().take_while(|line| line.starts_with('|'));
    rows.skip(2)
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// The lines of the code block that `opening` opens or stands right above.
fn block(document: &'static str, opening: &str) -> Vec<&'static str> {
    let (_, rest) = document
        .split_once(opening)
        .unwrap_or_else(|| panic!("no block {opening:?}"));
    rest.lines()
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .collect()
}

fn field_size<T, F>(_: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// Compares a record's table with the type: every field, in order, without a gap.
fn check_record(document: &'static str, name: &str, size: usize, fields: &[(&str, usize, usize)]) {
    let rows = table(document, &format!("record: {name}"));
    let said: Vec<_> = rows
        .iter()
        .map(|row| (row[3], row[0].parse().unwrap(), row[1].parse().unwrap()))
        .collect();
    assert_eq!(said, fields, "{name}: (field, offset, size)");
    for row in &rows {
        let expected = match row[1] {
            "1" => "u8".to_owned(),
            "2" => "u16".to_owned(),
            "4" => "u32".to_owned(),
            size if row[2].starts_with("bytes") => format!("bytes[{size}]"),
            _ => "u64".to_owned(),
        };
        assert_eq!(row[2], expected, "{name}.{}", row[3]);
    }
    let covered: usize = fields.iter().map(|(_, _, size)| size).sum();
    assert_eq!(covered, size, "{name}: fields that this test does not name");
}

macro_rules! check_records {
    ($($document:ident $name:ident { $($field:ident)* })*) => {{
        $(check_record($document, stringify!($name), size_of::<$name>(), &[
            $((stringify!($field), std::mem::offset_of!($name, $field), field_size(|record: &$name| &record.$field)),)*
        ]);)*
        BTreeSet::from([$(stringify!($name)),*])
    }};
}

#[test]
fn record_tables_are_the_record_types() {
    let checked = check_records! {
        WORKLOAD FileHeader { magic major minor zero }
        WORKLOAD SectionEntry { kind stride offset length sha256 }
        WORKLOAD Trailer {
            content_hash footer_hash file_bytes table_offset section_count zero magic
        }
        WORKLOAD SegmentRecord { offset length }
        WORKLOAD StringRecord { offset length }
        WORKLOAD PairRecord { name value }
        WORKLOAD PairListRecord { first count }
        WORKLOAD StageRecord {
            name kind flags zero start_ns duration_ns rate_microhertz request_count concurrency
            zero2
        }
        WORKLOAD RequestRecord {
            start_kind flags response_format zero stage start_ns after_request cancel_after_ns
            first_segment segment_count input_tokens body_bytes output_tokens session turn model
            adapter method path headers labels zero2
        }
        RESULTS RecordsHeader { magic major minor zero content_hash request_count crc32c zero2 }
        RESULTS FrameHeader { kind length items crc32c }
        RESULTS ResultRecord {
            index scheduled_ns sent_ns body_written_ns first_byte_ns first_token_ns last_token_ns
            end_ns response_bytes leaf stage session turn model adapter events token_count
            input_tokens output_tokens usage_input usage_output connection worker http_status
            outcome error_class flags zero token_time_bytes zero2
        }
    };
    let marked: BTreeSet<_> = [WORKLOAD, RESULTS]
        .iter()
        .flat_map(|document| document.lines())
        .filter_map(|line| line.strip_prefix("<!-- record: ")?.strip_suffix(" -->"))
        .collect();
    assert_eq!(marked, checked);
}

#[test]
fn magic_bytes_and_versions_are_those_of_the_program() {
    let first_code = |document, record: &str, field: &str| {
        let rows = table(document, &format!("record: {record}"));
        let row = rows.iter().find(|row| row[3] == field).expect("the field");
        row[4].split('`').nth(1).map(str::to_owned)
    };
    let spaced = |bytes: [u8; 8]| Some(bytes.map(|byte| format!("{byte:02x}")).join(" "));
    assert_eq!(first_code(WORKLOAD, "FileHeader", "magic"), spaced(MAGIC));
    assert_eq!(first_code(WORKLOAD, "Trailer", "magic"), spaced(END_MAGIC));
    assert_eq!(
        first_code(RESULTS, "RecordsHeader", "magic"),
        spaced(RECORDS_MAGIC)
    );
    let title = format!("# The workload file, version {VERSION_MAJOR}.{VERSION_MINOR}\n");
    assert!(WORKLOAD.starts_with(&title));
    let (major, minor) = RECORDS_VERSION;
    assert!(RESULTS.starts_with(&format!(
        "# The results of a run, version {major}.{minor}\n"
    )));
    for (document, record, numbers) in [
        (WORKLOAD, "FileHeader", (VERSION_MAJOR, VERSION_MINOR)),
        (RESULTS, "RecordsHeader", RECORDS_VERSION),
    ] {
        let rows = table(document, &format!("record: {record}"));
        assert!(
            rows[1][4].starts_with(&format!("{}.", numbers.0)),
            "{record} major"
        );
        assert!(
            rows[2][4].starts_with(&format!("{}.", numbers.1)),
            "{record} minor"
        );
    }
}

#[test]
fn the_section_table_is_the_enumeration() {
    let said: Vec<_> = table(WORKLOAD, "sections")
        .iter()
        .map(|row| (row[0].to_owned(), row[1], row[2].to_owned()))
        .collect();
    let actual: Vec<_> = Section::ALL
        .iter()
        .map(|section| {
            let kind = (*section as u32).to_string();
            (kind, section.name(), section.stride().to_string())
        })
        .collect();
    assert_eq!(said, actual);
}

#[test]
fn enumerations_have_their_numbers_and_names() {
    macro_rules! check {
        ($($document:ident $name:ident)*) => {$(
            let said: Vec<_> = table($document, concat!("enum: ", stringify!($name)))
                .iter()
                .map(|row| (row[0].parse().unwrap(), row[1]))
                .collect();
            let actual: Vec<_> = $name::ALL.iter().map(|value| (*value as u8, value.name())).collect();
            assert_eq!(said, actual, stringify!($name));
        )*};
    }
    check! {
        WORKLOAD StageKind WORKLOAD StartKind WORKLOAD ResponseFormat
        RESULTS FrameKind RESULTS Outcome RESULTS ErrorClass
    }
}

#[test]
fn flag_bits_stand_at_their_place() {
    let text = |document, record: &str| {
        let rows = table(document, &format!("record: {record}"));
        rows.iter().find(|row| row[3] == "flags").expect("flags")[4]
    };
    let bit = |flag: u8, meaning: &str| format!("Bit {}: {meaning}", flag.trailing_zeros());
    assert!(text(WORKLOAD, "StageRecord").contains(&bit(STAGE_WARM_UP, "warm-up")));
    assert!(
        text(WORKLOAD, "RequestRecord").contains(&bit(REQUEST_STREAM, "the response is streamed"))
    );
    assert!(
        text(RESULTS, "ResultRecord")
            .contains(&bit(RESULT_NEW_CONNECTION, "waited for a connection"))
    );
    assert!(text(RESULTS, "ResultRecord").contains(&bit(RESULT_STREAM, "a stream was asked for")));
}

#[test]
fn limits_are_those_of_the_program() {
    let numbers = |document| -> Vec<u64> {
        table(document, "limits")
            .iter()
            .map(|row| row[1].parse().unwrap())
            .collect()
    };
    let largest_id = u64::from(NONE_U32) - 2;
    let actual = [
        MAX_STRING_BYTES.into(),
        MAX_BODY_BYTES,
        MAX_TIME_NS,
        largest_id,
        ALIGNMENT,
    ];
    assert_eq!(numbers(WORKLOAD), actual);
    assert_eq!(numbers(RESULTS), [u64::from(MAX_FRAME_BYTES)]);
}

/// Writes fields in the order of a tag table; a field without a value is left out.
fn encode_by_table(marker: &str, values: &BTreeMap<&str, Vec<u8>>) -> Vec<u8> {
    let rows = table(WORKLOAD, marker);
    let named: BTreeSet<_> = rows.iter().map(|row| row[2]).collect();
    assert!(
        values.keys().all(|name| named.contains(name)),
        "{marker}: {named:?}"
    );
    let mut out = Vec::new();
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

/// A request with every optional field set, and its values under the names of the tag table.
fn full_request(
    tables: &mut TablesBuilder,
) -> (RequestRecord, BodyDigest, BTreeMap<&'static str, Vec<u8>>) {
    let (headers, labels) = ([("a", "b"), ("c", "")], [("population", "p")]);
    let mut body = BodyHasher::default();
    body.segment(b"body");
    let body = body.finish();
    let mut record = RequestRecord::at(77);
    record.stage = 3.into();
    record.flags = REQUEST_STREAM;
    record.response_format = 1;
    record.cancel_after_ns = 5.into();
    record.input_tokens = 6.into();
    record.output_tokens = 7.into();
    record.turn = 8.into();
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
        ("body", [&4u64.to_le_bytes()[..], &body.sha256].concat()),
    ]);
    (record, body, values)
}

fn encoded(record: &RequestRecord, body: &BodyDigest, tables: &TablesBuilder) -> Vec<u8> {
    let mut out = Vec::new();
    encode_request(record, body, &tables.view(), &mut out).unwrap();
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
        record.after_request = 9.into();
        values.insert(name, value);
        assert_eq!(
            encoded(&record, &body, &tables),
            encode_by_table("tags: request", &values)
        );
        values.remove(name);
    }
}

#[test]
fn absent_request_fields_are_those_that_the_tag_table_calls_optional() {
    let mut tables = TablesBuilder::default();
    let (full, body, mut values) = full_request(&mut tables);
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
        flags: STAGE_WARM_UP,
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
    ]);
    let leaf = |values: &BTreeMap<_, _>| {
        let fields = encode_by_table("tags: stage", values);
        let mut data = [&4u64.to_le_bytes()[..], &1u32.to_le_bytes()].concat();
        data.extend_from_slice(&(fields.len() as u32).to_le_bytes());
        data.extend_from_slice(&fields);
        leaf_hash(&data)
    };
    assert_eq!(
        stages_leaf(&[stage], 4, &tables.view()).unwrap(),
        leaf(&values)
    );
    (stage.name, stage.flags, stage.concurrency) = (NONE_U32.into(), 0, NONE_U32.into());
    (stage.duration_ns, stage.rate_microhertz) = (NONE_U64.into(), NONE_U64.into());
    for row in table(WORKLOAD, "tags: stage") {
        if row[3] != "always" {
            assert!(values.remove(row[2]).is_some(), "{}", row[2]);
        }
    }
    assert_eq!(
        stages_leaf(&[stage], 4, &tables.view()).unwrap(),
        leaf(&values)
    );
}

/// The digest in the line of a block that begins with `name`.
fn digest(lines: &[&str], name: &str) -> String {
    let line = lines
        .iter()
        .find_map(|line| line.strip_prefix(name))
        .expect(name);
    line.split_whitespace().next().expect("a digest").to_owned()
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
    // The section's warning: leaf 2 of 3 also passes as leaf 1 of 2, with another neighbour.
    assert_eq!(root(&[root(&leaves[..2]), leaves[2]]), root(&leaves));
}

fn bytes_of(hexes: &str) -> Vec<u8> {
    let digits = hexes.split_whitespace();
    digits
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

#[test]
fn the_hex_dump_is_the_file_that_the_writer_makes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.wlc");
    let finished = tiny::write(&path);
    let lines = block(WORKLOAD, "```hexdump");
    let mut said = Vec::new();
    for line in lines.iter().filter(|line| !line.starts_with(';')) {
        let (offset, rest) = line.split_once(": ").unwrap();
        assert_eq!(
            usize::from_str_radix(offset, 16).unwrap(),
            said.len(),
            "{line}"
        );
        let (hexes, _) = rest.split_once("  ").unwrap();
        said.extend(bytes_of(hexes));
    }
    let advice = "run `cargo run -p schemas --example tiny -- FILE` and paste its output";
    assert_eq!(said, std::fs::read(&path).unwrap(), "{advice}");
    assert_eq!(
        lines.join("\n"),
        tiny::dump(&path).trim_end(),
        "annotations; {advice}"
    );
    let hashes = block(WORKLOAD, "```hashes");
    assert_eq!(digest(&hashes, "content_hash"), hex(&finished.content_hash));
    assert_eq!(digest(&hashes, "file_hash"), hex(&finished.file_hash));
}

#[test]
fn the_worked_encodings_are_those_of_the_example_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.wlc");
    tiny::write(&path);
    let workload = Workload::open(&path).unwrap();
    let said = |opening: &str| -> Vec<u8> {
        let lines = block(WORKLOAD, opening);
        let values = lines
            .iter()
            .map(|line| line.trim_start().split("  ").next().unwrap());
        values.flat_map(bytes_of).collect()
    };
    let mut body = BodyHasher::default();
    body.segment(&workload.body_bytes(0).unwrap());
    let mut request = Vec::new();
    encode_request(
        &workload.requests()[0],
        &body.finish(),
        &workload.tables(),
        &mut request,
    )
    .unwrap();
    assert_eq!(said("```encoding-request"), request);
    let hashes = block(WORKLOAD, "```hashes");
    assert_eq!(
        digest(&hashes, "leaf of request 0"),
        hex(&leaf_hash(&request))
    );
    assert_eq!(workload.leaves()[0], leaf_hash(&request));
    let stages = stages_leaf(workload.stages(), 1, &workload.tables()).unwrap();
    assert_eq!(leaf_hash(&said("```encoding-stages")), stages);
    assert_eq!(digest(&hashes, "leaf of the stage table"), hex(&stages));
}

/// `a.b` for objects, `a[].b` for arrays of objects; other values are ends.
fn keys(value: &serde_json::Value, path: &str, open: &[&str], out: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) if !open.contains(&path) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                keys(value, &format!("{path}{dot}{name}"), open, out);
            }
        }
        serde_json::Value::Array(items) if items.first().is_some_and(|item| item.is_object()) => {
            keys(&items[0], &format!("{path}[]"), open, out);
        }
        _ => {
            out.insert(path.to_owned());
        }
    }
}

#[test]
fn the_manifest_table_has_every_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.wlc");
    tiny::write(&path);
    let mut manifest: Manifest = Workload::open(&path).unwrap().manifest().unwrap();
    manifest.traces = vec![TraceSource {
        file: "t.csv".into(),
        format: "azure".into(),
        sha256: String::new(),
        bytes: 1,
        rows_read: 1,
        emitted: 1,
        dropped: BTreeMap::new(),
        inversions: 0,
    }];
    let value: serde_json::Value = serde_json::from_slice(&manifest.to_canonical_json()).unwrap();
    let mut actual = BTreeSet::new();
    keys(&value, "", &["traces[].dropped"], &mut actual);
    let said: Vec<_> = table(WORKLOAD, "manifest keys")
        .iter()
        .map(|row| row[0].to_owned())
        .collect();
    assert_eq!(said, actual.into_iter().collect::<Vec<_>>());
}

#[test]
fn the_token_time_example_is_right() {
    let lines = block(RESULTS, "<!-- token times example -->\n");
    let line = |name: &str| {
        lines
            .iter()
            .find_map(|line| line.strip_prefix(name))
            .expect(name)
    };
    let mut previous: u64 = line("sent_ns").trim().parse().unwrap();
    let mut bytes = Vec::new();
    for time in line("token_ns").split_whitespace() {
        let time: u64 = time.parse().unwrap();
        push_leb128(&mut bytes, time - previous);
        previous = time;
    }
    assert_eq!(bytes, bytes_of(line("bytes")));
}

#[test]
fn the_checksum_is_the_named_one_over_the_named_bytes() {
    assert!(RESULTS.contains(&format!(
        "of `123456789`: {:08x}",
        crc32c::crc32c(b"123456789")
    )));
    let header = records_header([7; 32], 9);
    assert_eq!(
        header.crc32c.get(),
        crc32c::crc32c(&header.as_bytes()[..56])
    );
    assert_eq!(std::mem::offset_of!(RecordsHeader, crc32c), 56);
}

/// Field names of a `pub struct` and variants of a `pub enum` in a source file of `replay`, which
/// this crate cannot depend on.
fn members(file: &str, item: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../replay/src")
        .join(file);
    let source = std::fs::read_to_string(&path).unwrap();
    let start = source
        .find(&format!("pub struct {item} {{"))
        .or_else(|| source.find(&format!("pub enum {item} {{")))
        .unwrap_or_else(|| panic!("{file} has no {item}"));
    let body = source[start..]
        .lines()
        .skip(1)
        .take_while(|line| *line != "}");
    let lines = body
        .map(str::trim)
        .filter(|line| !line.starts_with("//") && !line.is_empty());
    let mut renamed = None;
    let mut names = Vec::new();
    for line in lines {
        match (
            line.strip_prefix("#[serde(rename = \""),
            line.starts_with('#'),
        ) {
            (Some(rest), _) => renamed = rest.split('"').next().map(str::to_owned),
            (None, true) => {}
            (None, false) => {
                let name = line
                    .trim_start_matches("pub ")
                    .split([':', ','])
                    .next()
                    .unwrap();
                names.push(renamed.take().unwrap_or_else(|| name.to_owned()));
            }
        }
    }
    names
}

fn prefixed(prefix: &str, file: &str, item: &str, but: &[&str]) -> Vec<String> {
    let names = members(file, item).into_iter();
    names
        .filter(|name| !but.contains(&name.as_str()))
        .map(|name| format!("{prefix}{name}"))
        .collect()
}

fn assert_keys(marker: &str, parts: &[Vec<String>]) {
    let rows = table(RESULTS, marker);
    let said: BTreeSet<_> = rows.iter().map(|row| row[0].to_owned()).collect();
    let actual: BTreeSet<_> = parts.iter().flatten().cloned().collect();
    assert_eq!(
        said, actual,
        "{marker}: left RESULTS.md, right replay's types"
    );
    assert_eq!(said.len(), rows.len(), "{marker}: a key stands twice");
}

#[test]
fn run_json_keys_are_those_of_the_program() {
    let file = "run_info.rs";
    let objects = ["workload", "effective", "target", "stages", "clock", "host"];
    assert_keys(
        "run keys",
        &[
            prefixed("", file, "RunInfo", &objects),
            prefixed("workload.", file, "WorkloadInfo", &[]),
            prefixed("effective.", file, "Settings", &[]),
            prefixed("target.", file, "Target", &[]),
            prefixed("stages[].", file, "StageInfo", &[]),
            prefixed("clock.", file, "ClockInfo", &["timer"]),
            prefixed("clock.timer.", file, "TimerCalibration", &[]),
            prefixed("host.", file, "HostInfo", &[]),
            prefixed("end.", file, "RunEnd", &[]),
        ],
    );
}

#[test]
fn summary_json_keys_are_those_of_the_program() {
    let (summary, measures) = ("analysis/summary.rs", "analysis/measures.rs");
    let objects = [
        "workload",
        "verdict",
        "accounting",
        "overall",
        "stages",
        "connections",
    ];
    assert_keys(
        "summary keys",
        &[
            prefixed("", summary, "Summary", &objects),
            prefixed("workload.", summary, "Fired", &[]),
            prefixed("stages[].", summary, "StageSummary", &["measures"]),
            prefixed("connections.", summary, "Connections", &[]),
            prefixed(
                "",
                measures,
                "Measures",
                &["load_summary", "throughput", "usage"],
            ),
            prefixed("load_summary.", measures, "LoadSummary", &[]),
            prefixed("throughput.", measures, "Throughput", &[]),
            prefixed("usage.", measures, "Usage", &[]),
            prefixed("accounting.", "analysis/accounting.rs", "Accounting", &[]),
            prefixed("verdict.", "analysis/verdict.rs", "Verdict", &[]),
        ],
    );
    for name in members("analysis/stats.rs", "Stats") {
        assert!(
            RESULTS.contains(&format!("`{name}`")),
            "distribution key {name}"
        );
    }
}

#[test]
fn verdict_checks_are_those_of_the_program() {
    let snake = |name: String| {
        let parts = name.char_indices().map(|(at, letter)| match letter {
            upper if upper.is_ascii_uppercase() && at > 0 => {
                format!("_{}", upper.to_ascii_lowercase())
            }
            other => other.to_ascii_lowercase().to_string(),
        });
        parts.collect::<String>()
    };
    let actual = members("analysis/verdict.rs", "Check")
        .into_iter()
        .map(snake)
        .collect();
    assert_keys("verdict checks", &[actual]);
    for name in members("analysis/verdict.rs", "Thresholds") {
        assert!(
            RESULTS.contains(&format!("`{name}`")),
            "threshold key {name}"
        );
    }
}

/// The value of a `pub const` number in `replay/src/analysis/verdict.rs`.
fn verdict_constant(name: &str) -> f64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../replay/src/analysis/verdict.rs");
    let source = std::fs::read_to_string(path).unwrap();
    let (_, rest) = source
        .split_once(&format!("pub const {name}: "))
        .expect(name);
    let (_, value) = rest.split_once("= ").expect(name);
    value.split(';').next().unwrap().parse().unwrap()
}

#[test]
fn verdict_thresholds_are_those_of_the_program() {
    let rows = table(RESULTS, "verdict checks");
    for (check, constants) in [
        (
            "schedule_delay_p99",
            &["DELAY_P99_DEGRADED_S", "DELAY_P99_INVALID_S"][..],
        ),
        (
            "achieved_rate",
            &["RATE_ERROR_DEGRADED", "RATE_ERROR_INVALID"],
        ),
        ("achieved_rate_too_few_requests", &["RATE_MIN_REQUESTS"]),
        ("achieved_rate_short_span", &["RATE_MIN_SPAN_S"]),
        ("involuntary_context_switches", &["SWITCHES_PER_S_NOTE"]),
    ] {
        let row = rows.iter().find(|row| row[0] == check).expect(check);
        let words = row[3]
            .split([' ', ',', ':'])
            .filter_map(|word| word.parse::<f64>().ok());
        let actual: Vec<_> = constants
            .iter()
            .map(|name| verdict_constant(name))
            .collect();
        assert_eq!(words.collect::<Vec<_>>(), actual, "{check}");
    }
}
