//! Record tables, numbers, flags and limits against the types.

use super::{RESULTS, WORKLOAD, table};
use schemas::layout::*;
use schemas::records::*;
use schemas::rules::FORBIDDEN_HEADERS;
use schemas::salt::{MAX_SALT_COUNT, MAX_SALT_WORDS};
use std::collections::BTreeSet;

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
            adapter method path headers labels cancel_after_tokens
        }
        RESULTS RecordsHeader { magic major minor zero content_hash request_count crc32c zero2 }
        RESULTS FrameHeader { kind length items crc32c }
        RESULTS ResultRecord {
            index scheduled_ns sent_ns body_written_ns first_byte_ns first_token_ns last_token_ns
            end_ns cancel_due_ns response_bytes leaf stage session turn model adapter events token_count
            input_tokens output_tokens usage_input usage_output connection worker http_status
            outcome error_class flags zero token_time_bytes target population
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
    assert!(text(WORKLOAD, "StageRecord").contains(&bit(STAGE_AFTER_PREVIOUS, "begins after")));
    assert!(
        text(WORKLOAD, "RequestRecord").contains(&bit(REQUEST_STREAM, "the response is streamed"))
    );
    assert!(text(WORKLOAD, "RequestRecord").contains(&bit(REQUEST_LIVE, "answers are put into")));
    assert!(text(WORKLOAD, "RequestRecord").contains(&bit(REQUEST_SALTED, "the body has a salt")));
    assert!(
        text(RESULTS, "ResultRecord")
            .contains(&bit(RESULT_NEW_CONNECTION, "waited for a connection"))
    );
    assert!(text(RESULTS, "ResultRecord").contains(&bit(RESULT_STREAM, "a stream was asked for")));
    assert!(text(RESULTS, "ResultRecord").contains(&bit(RESULT_LIVE, "answers were put into")));
    assert!(text(RESULTS, "ResultRecord").contains(&bit(RESULT_CANCEL, "the workload asks")));
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
        MAX_SPLICES.into(),
        MAX_PAIRS.into(),
        MAX_TIME_NS,
        MAX_SALT_COUNT.into(),
        MAX_SALT_WORDS as u64,
        largest_id,
        ALIGNMENT,
    ];
    assert_eq!(numbers(WORKLOAD), actual);
    assert_eq!(numbers(RESULTS), [u64::from(MAX_FRAME_BYTES)]);
}

#[test]
fn forbidden_header_fields_are_those_of_the_program() {
    let rows = table(WORKLOAD, "forbidden header fields");
    let said: Vec<_> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(said, FORBIDDEN_HEADERS);
}
