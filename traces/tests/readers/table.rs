//! The generic table.

use traces::table::{TableFormat, TableKind, TimeUnit, read, read_file};
use traces::{Event, NONE};

use crate::{event, sample};

fn csv(time_unit: TimeUnit) -> TableFormat {
    TableFormat {
        kind: TableKind::Csv,
        timestamp: "t".to_owned(),
        time_unit,
        input_tokens: "i".to_owned(),
        output_tokens: "o".to_owned(),
        session: None,
        model: None,
    }
}

#[test]
fn a_csv_table_may_have_quotes_sessions_and_models() {
    let format = TableFormat {
        timestamp: "when_ms".to_owned(),
        input_tokens: "prompt, tokens".to_owned(),
        output_tokens: "answer".to_owned(),
        session: Some("user".to_owned()),
        model: Some("model".to_owned()),
        ..csv(TimeUnit::Ms)
    };
    let trace = read_file(&sample("table_sample.csv"), &format).unwrap();
    assert_eq!(
        trace.events,
        [
            event(1, 0, 11, 2),
            event(0, 1_499_999, 10, 1),
            event(2, 1_999_999_999, 12, 3),
        ]
    );
    assert_eq!(trace.columns.models.names, ["llama \"8b\", chat", "small"]);
    assert_eq!(trace.columns.models.of_row, [0, NONE, 1]);
    assert_eq!(trace.columns.sessions, [0, 1, 0]);
    assert_eq!(trace.columns.previous, [NONE, NONE, 0]);
}

#[test]
fn a_jsonl_table_may_lack_a_key_in_some_rows_but_not_in_all() {
    let mut format = TableFormat {
        kind: TableKind::Jsonl,
        timestamp: "at".to_owned(),
        input_tokens: "in".to_owned(),
        output_tokens: "out".to_owned(),
        session: Some("chat".to_owned()),
        model: Some("model".to_owned()),
        ..csv(TimeUnit::Iso8601)
    };
    let trace = read_file(&sample("table_sample.jsonl"), &format).unwrap();
    assert_eq!(
        trace.events,
        [event(0, 0, 10, 1), event(1, 1_000_000_001, 11, 2)]
    );
    assert_eq!(trace.columns.sessions, [0, NONE]);
    assert_eq!(trace.columns.models.names, ["größe"]);
    assert_eq!(trace.accounting.ignored_columns, ["extra"]);

    format.model = Some("modell".to_owned());
    let error = read_file(&sample("table_sample.jsonl"), &format).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(": no row has field modell\n  help: "),
        "{error}"
    );
}

#[test]
fn the_same_digits_are_other_times_in_other_units() {
    let text = "t,i,o\n0,1,1\n12,1,1\n";
    for (unit, ns) in [
        (TimeUnit::Ns, 12),
        (TimeUnit::Us, 12_000),
        (TimeUnit::Ms, 12_000_000),
        (TimeUnit::S, 12_000_000_000),
    ] {
        let events = read(text.as_bytes(), "t", &csv(unit)).unwrap().events;
        assert_eq!(
            events[1],
            Event {
                at_ns: ns,
                ..event(1, 0, 1, 1)
            }
        );
    }
    assert!(read(text.as_bytes(), "t", &csv(TimeUnit::Iso8601)).is_err());
}

#[test]
fn a_table_rounds_nothing() {
    let fine = "t,i,o\n0.0000000010,1,1\n";
    assert!(read(fine.as_bytes(), "t", &csv(TimeUnit::S)).is_ok());
    let finer = "t,i,o\n0.00000000101,1,1\n";
    let error = read(finer.as_bytes(), "t", &csv(TimeUnit::S))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("has digits below a nanosecond\n  help: check the time unit"),
        "{error}"
    );
}

#[test]
fn a_column_stands_for_one_thing() {
    for (input, said) in [
        ("t", "column t stands for two things\n  help: "),
        (
            "",
            "a column is called \"\", which no header can name\n  help: ",
        ),
        (
            " i",
            "a column is called \" i\", which no header can name\n  help: ",
        ),
    ] {
        let mut format = csv(TimeUnit::S);
        format.input_tokens = input.to_owned();
        let error = read(&b"t,i,o\n"[..], "t", &format).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
}
