//! Wrong rows and headers in every format but Azure's and ServeGen's, which have their own tables.

use traces::table::{TableFormat, TableKind, TimeUnit};
use traces::{Trace, TraceError, bailian, burstgpt, mooncake, table};

type Read = fn(&[u8]) -> Result<Trace, TraceError>;

fn read_mooncake(text: &[u8]) -> Result<Trace, TraceError> {
    mooncake::read(text, "t", mooncake::MOONCAKE_BLOCK_TOKENS)
}

fn read_bailian(text: &[u8]) -> Result<Trace, TraceError> {
    bailian::read(text, "t", bailian::BAILIAN_BLOCK_TOKENS)
}

fn read_burstgpt(text: &[u8]) -> Result<Trace, TraceError> {
    burstgpt::read(text, "t")
}

fn read_table(text: &[u8], kind: TableKind, time_unit: TimeUnit) -> Result<Trace, TraceError> {
    let format = TableFormat {
        kind,
        timestamp: "t".to_owned(),
        time_unit,
        input_tokens: "i".to_owned(),
        output_tokens: "o".to_owned(),
        session: Some("s".to_owned()),
        model: None,
    };
    table::read(text, "t", &format)
}

fn read_csv(text: &[u8]) -> Result<Trace, TraceError> {
    read_table(text, TableKind::Csv, TimeUnit::Us)
}

fn read_jsonl(text: &[u8]) -> Result<Trace, TraceError> {
    read_table(text, TableKind::Jsonl, TimeUnit::Iso8601)
}

/// Each row stands behind the good text; the message begins with the place and goes on as said.
fn check(read: Read, good: &str, place: &str, cases: &[(&str, &str)]) {
    assert!(read(good.as_bytes()).is_ok(), "{good}");
    for (row, said) in cases {
        for end in ["", "\n", "\r\n"] {
            let text = format!("{good}{row}{end}");
            let error = read(text.as_bytes()).expect_err(row);
            let expected = format!("{place}{said}");
            let message = error.to_string();
            assert!(
                message.starts_with(&expected),
                "{message}\nis not\n{expected}"
            );
            assert!(message.contains("\n  help: "), "{message}");
            assert!(error.is_users_fault());
        }
    }
}

#[test]
fn wrong_mooncake_rows() {
    let good = "{\"timestamp\":0,\"input_length\":1,\"output_length\":1,\"hash_ids\":[0]}\n\n";
    check(
        read_mooncake,
        good,
        "t:3: row 1",
        &[
            (
                "nonsense",
                " is not a JSON object: expected ident at column",
            ),
            (
                "[1]",
                " is not a JSON object: invalid type: sequence, expected an object at column",
            ),
            (
                "{\"timestamp\":1",
                " is not a JSON object: EOF while parsing an object at column 14",
            ),
            (
                "{\"timestamp\":NaN}",
                " is not a JSON object: expected value at column 14",
            ),
            (
                "{} {}",
                " is not a JSON object: trailing characters at column 4",
            ),
            (
                "{}",
                " has no field timestamp\n  help: every row must have timestamp, input_length, output_length and hash_ids",
            ),
            (
                r#"{"timestamp":1,"input_length":1,"output_length":1}"#,
                " has no field hash_ids",
            ),
            (
                r#"{"timestamp":1,"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[0]}"#,
                " has field timestamp more than once",
            ),
            (
                r#"{"timestamp":"1","input_length":1,"output_length":1,"hash_ids":[0]}"#,
                ", field timestamp: \"1\" is not a number",
            ),
            (
                r#"{"timestamp":1.5,"input_length":1,"output_length":1,"hash_ids":[0]}"#,
                ", field timestamp: \"1.5\" is not a whole number",
            ),
            (
                r#"{"timestamp":-1,"input_length":1,"output_length":1,"hash_ids":[0]}"#,
                ", field timestamp: \"-1\" is negative",
            ),
            (
                r#"{"timestamp":99999999999999999,"input_length":1,"output_length":1,"hash_ids":[0]}"#,
                ", field timestamp: \"99999999999999999\" is more than",
            ),
            (
                r#"{"timestamp":1,"input_length":"1","output_length":1,"hash_ids":[0]}"#,
                ", field input_length: \"1\" is not a number",
            ),
            (
                r#"{"timestamp":1,"input_length":1.0,"output_length":1,"hash_ids":[0]}"#,
                ", field input_length: \"1.0\" is not a whole number",
            ),
            (
                r#"{"timestamp":1,"input_length":1,"output_length":-1,"hash_ids":[0]}"#,
                ", field output_length: \"-1\" is not a whole number",
            ),
            (
                r#"{"timestamp":1,"input_length":1,"output_length":null,"hash_ids":[0]}"#,
                ", field output_length: \"null\" is not a number",
            ),
            (
                r#"{"timestamp":1,"input_length":16777217,"output_length":1,"hash_ids":[0]}"#,
                ", field input_length: \"16777217\" is more than the limit of 16777216 tokens",
            ),
            (
                r#"{"timestamp":1,"input_length":1,"output_length":1,"hash_ids":0}"#,
                ", field hash_ids: \"0\" is not a list of block ids: invalid type: integer",
            ),
            (
                r#"{"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[0.5]}"#,
                ", field hash_ids: \"[0.5]\" is not a list of block ids: ",
            ),
            (
                r#"{"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[-1]}"#,
                ", field hash_ids: \"[-1]\" is not a list of block ids: ",
            ),
            (
                r#"{"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[18446744073709551616]}"#,
                ", field hash_ids: ",
            ),
            (
                r#"{"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[]}"#,
                ", field hash_ids: 0 blocks of 512 tokens cannot hold 1 input tokens, which are 1 such blocks\n  help: no block size fits",
            ),
            (
                r#"{"timestamp":1,"input_length":513,"output_length":1,"hash_ids":[0]}"#,
                ", field hash_ids: 1 blocks of 512 tokens cannot hold 513",
            ),
        ],
    );
}

#[test]
fn wrong_bailian_rows() {
    let row = |chat: &str, parent: &str, at: &str, kind: &str| {
        format!(
            "{{\"chat_id\":{chat},\"parent_chat_id\":{parent},\"timestamp\":{at},\"type\":{kind},\"input_length\":16,\"output_length\":1,\"hash_ids\":[9]}}"
        )
    };
    let good = row("5", "-1", "61.114", "\"text\"") + "\n";
    for (row, said) in [
        (
            row("5", "-1", "1", "\"text\""),
            "chat_id: \"5\" is the id of row 0 too",
        ),
        (
            row("-1", "-1", "1", "\"text\""),
            "chat_id: \"-1\" is not a chat id",
        ),
        (
            row("1.0", "-1", "1", "\"text\""),
            "chat_id: \"1.0\" is not a chat id",
        ),
        (
            row("\"1\"", "-1", "1", "\"text\""),
            "chat_id: \"1\" is not a number",
        ),
        (
            row("18446744073709551616", "-1", "1", "\"text\""),
            "chat_id: \"18446744073709551616\" is not",
        ),
        (
            row("6", "-2", "1", "\"text\""),
            "parent_chat_id: \"-2\" is not a chat id",
        ),
        (
            row("6", "null", "1", "\"text\""),
            "parent_chat_id: \"null\" is not a number",
        ),
        (
            row("6", "-1", "-0.5", "\"text\""),
            "timestamp: \"-0.5\" is negative",
        ),
        (
            row("6", "-1", "1e99", "\"text\""),
            "timestamp: \"1e99\" is more than",
        ),
        (
            row("6", "-1", "true", "\"text\""),
            "timestamp: \"true\" is not a number",
        ),
        (
            row("6", "-1", "1", "[]"),
            "type: \"[]\" is not text or a number",
        ),
        (
            row("6", "-1", "1", "\"\\ud800\""),
            "type: \"\\\\ud800\" is not text without lone surrogates",
        ),
    ] {
        check(read_bailian, &good, "t:2: row 1, field ", &[(&row, said)]);
    }
    let short = row("6", "-1", "1", "\"text\"").replace(":16,", ":17,");
    check(
        read_bailian,
        &good,
        "t:2: row 1, field hash_ids: ",
        &[(&short, "1 blocks of 16 tokens cannot hold 17")],
    );
}

#[test]
fn wrong_burstgpt_rows_and_headers() {
    let good =
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,m,1,1,2,k\n";
    check(
        read_burstgpt,
        good,
        "t:3: row 1",
        &[
            ("5,m,1,1,2", " has 5 fields, but the header has 6"),
            (
                "NaN,m,1,1,2,k",
                ", column Timestamp: \"NaN\" is not a decimal number",
            ),
            ("-5,m,1,1,2,k", ", column Timestamp: \"-5\" is negative"),
            (
                ",m,1,1,2,k",
                ", column Timestamp: \"\" is not a decimal number",
            ),
            (
                "1e20,m,1,1,2,k",
                ", column Timestamp: \"1e20\" is more than",
            ),
            (
                "5,m,472.0,1,2,k",
                ", column Request tokens: \"472.0\" is not a whole number",
            ),
            (
                "5,m,1,-1,2,k",
                ", column Response tokens: \"-1\" is not a whole number",
            ),
            (
                "5,m,1,99999999,2,k",
                ", column Response tokens: \"99999999\" is more than the limit",
            ),
        ],
    );
    let (header, _) = good.split_once('\n').unwrap();
    for (from, to, said) in [
        (
            "Model",
            "model",
            "t:1: no column Model; the header names: Timestamp, model, Request tokens",
        ),
        (
            "Log Type",
            "Model",
            "t:1: the header names column Model more than once",
        ),
        (
            "Total tokens",
            "Session ID,Session ID",
            "t:1: the header names column Session ID more than once",
        ),
    ] {
        check(read_burstgpt, good, "", &[]);
        let error = burstgpt::read(header.replace(from, to).as_bytes(), "t").unwrap_err();
        assert!(error.to_string().starts_with(said), "{error}");
    }
    let mut text = format!("{good}5,").into_bytes();
    text.extend(b"\xff,1,1,2,k\n");
    let error = read_burstgpt(&text).unwrap_err().to_string();
    assert!(
        error.starts_with("t:3: row 1, column Model: \"\u{fffd}\" is not UTF-8\n  help: "),
        "{error}"
    );
}

#[test]
fn wrong_table_rows() {
    check(
        read_csv,
        "t,i,o,s\n1,1,1,\n",
        "t:3: row 1",
        &[
            ("\"1,1,1,x", ""),
            (
                "0.0001,1,1,x",
                ", column t: \"0.0001\" has digits below a nanosecond",
            ),
            ("0x1,1,1,x", ", column t: \"0x1\" is not a decimal number"),
            ("1,1,1,x,y", " has 5 fields, but the header has 4"),
        ],
    );
    check(
        read_jsonl,
        "{\"t\":\"2023-11-16 18:17:03\",\"i\":1,\"o\":1,\"s\":1}\n",
        "t:2: row 1",
        &[
            (
                "{\"t\":1,\"i\":1,\"o\":1}",
                ", field t: \"1\" is not text in quotes",
            ),
            (
                "{\"t\":\"yesterday\",\"i\":1,\"o\":1}",
                ", field t: \"yesterday\" is not of the form",
            ),
            ("{\"t\":\"2023-11-16 18:17:03\",\"i\":1}", " has no field o"),
            (
                "{\"t\":\"2023-11-16 18:17:03\",\"i\":1,\"o\":1,\"s\":{}}",
                ", field s: \"{}\" is not text or a number",
            ),
        ],
    );
}

#[test]
fn empty_files_say_what_is_expected() {
    for (read, said) in [
        (
            read_mooncake as Read,
            "t: the file is empty\n  help: give a JSONL file, each line an object with timestamp, ",
        ),
        (
            read_bailian,
            "t: the file is empty\n  help: give a JSONL file, ",
        ),
        (
            read_jsonl,
            "t: the file is empty\n  help: give a JSONL file, ",
        ),
        (
            read_burstgpt,
            "t: the file is empty\n  help: give a CSV file whose first line names Timestamp, ",
        ),
        (
            read_csv,
            "t: the file is empty\n  help: give a CSV file whose first line names t, ",
        ),
    ] {
        for text in ["", "\n\r\n", "\u{feff}"] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}

#[test]
fn a_line_without_end_is_refused_and_does_not_fill_the_memory() {
    let endless = |start: &'static str| {
        let long = std::io::Read::chain(start.as_bytes(), std::io::repeat(b'1'));
        std::io::Read::take(long, 1 << 30)
    };
    let text = "{\"timestamp\":0,\"input_length\":1,\"output_length\":1,\"hash_ids\":[0]}\n[";
    let error = mooncake::read(endless(text), "t", 512)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("t:2: the line is longer than the limit of 1048576 bytes\n  help: "),
        "{error}"
    );
    let error = burstgpt::read(endless("a\n"), "t").unwrap_err().to_string();
    assert!(error.starts_with("t:1: no column Timestamp"), "{error}");
}

#[test]
fn a_quote_left_open_is_refused_and_does_not_fill_the_memory() {
    let mut text = "t,i,o,s\n1,1,1,x\n1,1,1,\"x\n".to_owned();
    for _ in 0..100_000 {
        text.push_str("1,1,1,x\n");
    }
    let error = read_csv(text.as_bytes()).unwrap_err().to_string();
    assert!(
        error.starts_with("t:3: the line is longer than the limit of 65536 bytes\n  help: "),
        "{error}"
    );
}
