//! The Azure reader against good, odd and wrong files.

use std::io::{self, Read};

use traces::azure::{read, read_file};
use traces::limits::{MAX_FIELD_BYTES, MAX_TOKENS};
use traces::{Columns, DropReason, Trace, TraceError};

use crate::{event, hex, sample};

const HEADER: &str = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
const GOOD_ROW: &str = "2023-11-16 18:17:03.9799600,4808,10\n";

fn parse(text: &str) -> Result<Trace, TraceError> {
    read(text.as_bytes(), "t.csv")
}

/// The message of the error that `text` causes.
fn message(text: &str) -> String {
    let error = parse(text).expect_err(text);
    assert!(error.is_users_fault(), "{error}");
    error.to_string()
}

#[test]
fn the_sample_reads_row_by_row() {
    let path = sample("azure_code_sample.csv");
    let trace = read_file(&path).unwrap();
    assert_eq!(trace.events.len(), 20);
    assert_eq!(trace.events[0], event(0, 0, 512, 64));
    assert_eq!(trace.events[1], event(1, 3_700, 1800, 12));
    assert_eq!(trace.events[19], event(19, 7_700_249_800, 7000, 22));
    assert_eq!(trace.accounting.rows_read, 20);
    assert_eq!(trace.accounting.emitted, 20);
    assert_eq!(trace.accounting.dropped(), 0);
    assert_eq!(trace.accounting.inversions, 0);
    assert_eq!(
        hex(&trace.sha256),
        "3c41a652043c404dc0f34c348caa9e1bbf2a7dcd8da478cc21f404c1c8478598"
    );
    assert_eq!(trace.bytes, std::fs::metadata(&path).unwrap().len());
}

#[test]
fn every_layout_of_the_same_rows_reads_the_same() {
    let events = vec![event(0, 0, 3, 4), event(1, 500_000_000, 5, 6)];
    for text in [
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-01-01 00:00:00,3,4\n2023-01-01 00:00:00.5,5,6\n",
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-01-01 00:00:00,3,4\r\n2023-01-01 00:00:00.5,5,6",
        "\u{feff}TIMESTAMP, ContextTokens, GeneratedTokens\n2023-01-01 00:00:00.000, 3, 4\n2023-01-01 00:00:00.500, 5, 6\n",
        " TIMESTAMP ,ContextTokens ,GeneratedTokens \n2023-01-01T00:00:00Z,3,4\n2023-01-01T00:00:00.5Z,5,6",
        "GeneratedTokens,TIMESTAMP,ContextTokens\n4,2023-01-01 00:00:00+00:00,3\n6,2023-01-01 00:00:00.5+00:00,5\n",
        "\n\nTIMESTAMP,ContextTokens,GeneratedTokens\n\n2023-01-01 00:00:00,3,4\n\r\n\n2023-01-01 00:00:00.5,5,6\n\n",
        "TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n2023-01-01 00:00:00,9,3,4\n2023-01-01 00:00:00.5,9,5,6\n",
    ] {
        let trace = parse(text).expect(text);
        assert_eq!(trace.events, events, "{text:?}");
        assert_eq!(trace.accounting.rows_read, 2, "{text:?}");
        assert_eq!(trace.bytes, text.len() as u64);
    }
}

#[test]
fn unused_columns_are_named_in_the_account() {
    let text = "TIMESTAMP,Cost,ContextTokens,GeneratedTokens,\n2023-01-01 00:00:00,9,3,4,\n";
    let trace = parse(text).unwrap();
    assert_eq!(trace.accounting.ignored_columns, ["Cost", ""]);
    assert_eq!(trace.columns, Columns::default());
}

#[test]
fn the_week_of_2024_has_a_zone_and_no_fraction_where_it_is_zero() {
    let trace = read_file(&sample("azure_2024_sample.csv")).unwrap();
    assert_eq!(
        trace.events,
        [
            event(0, 0, 2162, 5),
            event(1, 990_070_000, 2399, 6),
            event(3, 990_070_000, 76, 15),
            event(2, 1_990_070_001, 76, 15),
        ]
    );
    assert_eq!(trace.accounting.inversions, 1);
}

#[test]
fn images_have_a_place_for_each_row_also_for_the_dropped_ones() {
    let trace = read_file(&sample("azure_lmm_sample.csv.gz")).unwrap();
    assert_eq!(
        trace.events,
        [event(0, 0, 853, 39), event(2, 4_000_000, 240, 7)]
    );
    assert_eq!(trace.columns.images, [1, 0, 12]);
    assert!(trace.accounting.ignored_columns.is_empty());
    assert_eq!(trace.accounting.rows_read, 3);
    // Of the file as it is stored: what sha256sum prints.
    let stored = std::fs::read(sample("azure_lmm_sample.csv.gz")).unwrap();
    assert_eq!(trace.sha256, crate::sha256(&stored));
    assert_eq!(trace.bytes, stored.len() as u64);
}

#[test]
fn rows_out_of_order_are_sorted_and_keep_their_number() {
    let text = format!(
        "{HEADER}2023-01-01 00:00:02,1,1\n2023-01-01 00:00:01,2,2\n2023-01-01 00:00:02,3,3\n2023-01-01 00:00:01,4,4\n"
    );
    let trace = parse(&text).unwrap();
    let second = 1_000_000_000;
    assert_eq!(
        trace.events,
        [
            event(1, 0, 2, 2),
            event(3, 0, 4, 4),
            event(0, second, 1, 1),
            event(2, second, 3, 3),
        ]
    );
    assert_eq!(trace.accounting.inversions, 2);
}

#[test]
fn zero_token_rows_are_dropped_under_a_name_and_counted() {
    let mut text = format!("{HEADER}2022-12-31 00:00:00,0,7\n{GOOD_ROW}");
    for _ in 0..7 {
        text.push_str("2023-11-16 18:17:04,7,0\n");
    }
    text.push_str("2023-11-16 18:17:05,0,0\n");
    let trace = parse(&text).unwrap();
    let account = &trace.accounting;
    assert_eq!(trace.events, [event(1, 0, 4808, 10)]);
    assert_eq!(account.rows_read, account.emitted + account.dropped());
    let [inputs, outputs] = &account.drops[..] else {
        panic!("two reasons expected");
    };
    assert_eq!(inputs.reason.name(), "zero_input_tokens");
    assert_eq!((inputs.count, &inputs.first_rows[..]), (2, &[0, 9][..]));
    assert_eq!(outputs.reason, DropReason::ZeroOutputTokens);
    assert_eq!(outputs.reason.name(), "zero_output_tokens");
    assert_eq!(outputs.count, 7);
    assert_eq!(outputs.first_rows, [2, 3, 4, 5, 6]);
}

#[test]
fn wrong_rows_name_line_row_column_and_text() {
    const TIME_HELP: &str =
        "help: write it like 2023-11-16 18:17:03.9799600, in UTC, with 0 to 9 digits of fraction";
    const COUNT_HELP: &str = "help: write a token count in digits only, like 4808";
    for (row, said, help) in [
        (
            "16/11/2023,1,1",
            "TIMESTAMP: \"16/11/2023\" is not of the form YYYY-MM-DD HH:MM:SS[.fraction]",
            TIME_HELP,
        ),
        (
            "2023-02-30 00:00:00,1,1",
            "TIMESTAMP: \"2023-02-30 00:00:00\" names a day or a time of day that does not exist",
            TIME_HELP,
        ),
        (
            "2023-11-16 18:17:03.12345678901,1,1",
            "TIMESTAMP: \"2023-11-16 18:17:03.12345678901\" needs 1 to 9 digits after the point",
            TIME_HELP,
        ),
        (
            "2023-11-16 18:17:03+01:00,1,1",
            "TIMESTAMP: \"2023-11-16 18:17:03+01:00\" ends in something other than Z or +00:00; only UTC is read",
            TIME_HELP,
        ),
        (
            "1912-06-23 00:00:00,1,1",
            "TIMESTAMP: \"1912-06-23 00:00:00\" lies outside the years 1970 to 2500",
            TIME_HELP,
        ),
        (
            "\"2023-11-16 18:17:03\",1,1",
            "TIMESTAMP: \"\\\"2023-11-16 18:17:03\\\"\" is not of the form YYYY-MM-DD HH:MM:SS[.fraction]",
            TIME_HELP,
        ),
        (
            ",1,1",
            "TIMESTAMP: \"\" is not of the form YYYY-MM-DD HH:MM:SS[.fraction]",
            TIME_HELP,
        ),
        (
            "2023-11-16 18:17:03,12x,1",
            "ContextTokens: \"12x\" is not a whole number",
            COUNT_HELP,
        ),
        (
            "2023-11-16 18:17:03,1,",
            "GeneratedTokens: \"\" is not a whole number",
            COUNT_HELP,
        ),
        (
            "2023-11-16 18:17:03,1,-4",
            "GeneratedTokens: \"-4\" is not a whole number",
            COUNT_HELP,
        ),
        (
            "2023-11-16 18:17:03,1.0,4",
            "ContextTokens: \"1.0\" is not a whole number",
            COUNT_HELP,
        ),
        (
            "2023-11-16 18:17:03,16777217,1",
            "ContextTokens: \"16777217\" is more than the limit of 16777216 tokens",
            "help: check the column for a shifted or damaged row",
        ),
        (
            "2023-11-16 18:17:03,1,99999999999999999999",
            "GeneratedTokens: \"99999999999999999999\" is more than the limit of 16777216 tokens",
            "help: check the column for a shifted or damaged row",
        ),
    ] {
        // LF and CRLF, blank lines included: the line number is the editor's.
        let text = format!("{HEADER}{GOOD_ROW}\n{row}\n{GOOD_ROW}");
        let expected = format!("t.csv:4: row 1, column {said}\n  {help}");
        assert_eq!(message(&text), expected);
        assert_eq!(message(&text.replace('\n', "\r\n")), expected);
        let last_without_newline = format!("{HEADER}{GOOD_ROW}\n{row}");
        assert_eq!(message(&last_without_newline), expected);
    }
}

#[test]
fn wrong_files_say_what_and_what_next() {
    let twice = "TIMESTAMP,ContextTokens,ContextTokens,GeneratedTokens\n";
    for (text, expected) in [
        (
            String::new(),
            "t.csv: the file is empty\n  help: give a CSV file whose first line names TIMESTAMP, ContextTokens and GeneratedTokens",
        ),
        ("\n\r\n".into(), "t.csv: the file is empty"),
        (
            HEADER.into(),
            "t.csv: a header, but no data rows\n  help: give a trace with",
        ),
        (
            GOOD_ROW.into(),
            "t.csv:1: no column TIMESTAMP; the header names: 2023-11-16 18:17:03.9799600, 4808, 10\n  help: the first line must name",
        ),
        (
            "TIMESTAMP,ContextTokens\n".into(),
            "t.csv:1: no column GeneratedTokens; the header names: TIMESTAMP, ContextTokens\n",
        ),
        ("\nTIMESTAMP\n".into(), "t.csv:2: no column ContextTokens"),
        (
            twice.into(),
            "t.csv:1: the header names column ContextTokens more than once\n  help: keep the one",
        ),
        (
            format!("{HEADER}{GOOD_ROW}2023-11-16 18:17:04,1"),
            "t.csv:3: row 1 has 2 fields, but the header has 3\n  help: ",
        ),
        (
            format!("{HEADER}{GOOD_ROW}2023-11-16 18:17:04,1,1,\n"),
            "t.csv:3: row 1 has 4 fields, but the header has 3\n  help: ",
        ),
        (
            format!("{HEADER}2023-11-16 18:17:04,0,1\n"),
            "t.csv: all 1 rows have zero input or zero output tokens",
        ),
        (
            format!("{HEADER}{GOOD_ROW}{}", "x".repeat(100_000)),
            "t.csv:3: the line is longer than the limit of 65536 bytes\n  help: ",
        ),
    ] {
        let said = message(&text);
        assert!(said.starts_with(expected), "{said}\nis not\n{expected}");
    }
}

#[test]
fn an_overlong_field_is_refused_and_quoted_short() {
    let digits = "1".repeat(MAX_FIELD_BYTES + 1);
    let said = message(&format!("{HEADER}2023-11-16 18:17:04,{digits},1\n"));
    let expected = format!(
        "t.csv:2: row 0, column ContextTokens: \"{}…\" is 65 bytes long, more than the limit of 64\n",
        "1".repeat(64)
    );
    assert!(said.starts_with(&expected), "{said}");
}

#[test]
fn bytes_that_are_not_utf8_are_quoted_not_trusted() {
    let mut text = format!("{HEADER}2023-11-16 18:17:04,").into_bytes();
    text.extend(b"\xff\x1b,1\n");
    let error = read(&text[..], "t.csv").unwrap_err().to_string();
    assert!(
        error.starts_with("t.csv:2: row 0, column ContextTokens: \"\u{fffd}\\u{1b}\" is not"),
        "{error}"
    );
}

#[test]
fn the_largest_count_is_accepted() {
    let trace = parse(&format!("{HEADER}2023-11-16 18:17:04,{MAX_TOKENS},1\n")).unwrap();
    assert_eq!(trace.events[0].input_tokens, MAX_TOKENS);
}

#[test]
fn a_missing_file_is_the_users_fault_and_a_failing_disk_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let missing = read_file(&directory.path().join("none.csv")).unwrap_err();
    assert!(matches!(missing, TraceError::Io { .. }));
    assert!(missing.is_users_fault());
    assert!(missing.to_string().contains("none.csv: cannot be read"));

    let not_a_file = read_file(directory.path()).unwrap_err();
    assert!(not_a_file.is_users_fault(), "{not_a_file}");

    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk fell off"))
        }
    }
    let broken = read(HEADER.as_bytes().chain(Broken), "t.csv").unwrap_err();
    assert!(!broken.is_users_fault());
    assert!(broken.to_string().contains("the disk fell off"), "{broken}");
}
