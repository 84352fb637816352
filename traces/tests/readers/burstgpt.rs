//! The BurstGPT reader.

use traces::burstgpt::{read, read_file};
use traces::{Columns, NONE, Names};

use crate::{event, sample};

const OLD_HEADER: &str = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n";

#[test]
fn seconds_become_nanoseconds_rounded_half_up_and_count_from_the_first_event() {
    let trace = read_file(&sample("burstgpt_sample.csv")).unwrap();
    assert_eq!(
        trace.events,
        [
            event(0, 0, 472, 18),
            event(1, 40_000_000_001, 1087, 230),
            event(4, 41_000_000_000, 500, 20),
            event(6, 41_050_000_000, 530, 1),
            event(3, 41_100_000_000, 417, 276),
        ]
    );
    let account = &trace.accounting;
    assert_eq!(
        (account.rows_read, account.emitted, account.dropped()),
        (7, 5, 2)
    );
    let named: Vec<_> = account
        .drops
        .iter()
        .map(|d| (d.reason.name(), &d.first_rows[..]))
        .collect();
    let expected = [
        ("zero_input_tokens", &[5][..]),
        ("zero_output_tokens", &[2][..]),
    ];
    assert_eq!(named, expected);
    assert_eq!(account.inversions, 1);
    assert_eq!(account.ignored_columns, ["Elapsed time", "Total tokens"]);

    // 5e-10 s is half a nanosecond.
    let text = format!("{OLD_HEADER}0,m,1,1,2,k\n0.0000000004999,m,1,1,2,k\n5e-10,m,1,1,2,k\n");
    let times: Vec<u64> = read(text.as_bytes(), "t")
        .unwrap()
        .events
        .iter()
        .map(|e| e.at_ns)
        .collect();
    assert_eq!(times, [0, 0, 1]);
}

#[test]
fn sessions_link_their_turns_in_time_order_over_dropped_rows() {
    let columns = read_file(&sample("burstgpt_sample.csv")).unwrap().columns;
    assert_eq!(columns.sessions, [0, NONE, NONE, 1, 0, NONE, 0]);
    assert_eq!(columns.previous, [NONE, NONE, NONE, NONE, 0, NONE, 4]);
    assert_eq!(columns.turns, [0, 0, NONE, 0, 1, NONE, 2]);
    let names = |names: &[&str], of_row: &[u32]| Names {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        of_row: of_row.to_vec(),
    };
    assert_eq!(
        columns.models,
        names(&["ChatGPT", "GPT-4"], &[0, 1, 0, 1, 1, 0, 0])
    );
    let kinds = names(&["Conversation log", "API log"], &[0, 1, 0, 0, 0, 1, 0]);
    assert_eq!(columns.kinds, kinds);
    assert_eq!(columns.models.get(3), Some("GPT-4"));
    assert_eq!(columns.models.get(7), None);
}

#[test]
fn a_session_is_numbered_where_it_first_has_a_row_that_is_not_dropped() {
    let text = "Timestamp,Session ID,Model,Request tokens,Response tokens,Log Type\n\
        1,late,m,1,0,k\n2,early,m,1,1,k\n1,late,m,1,1,k\n";
    let columns = read(text.as_bytes(), "t").unwrap().columns;
    assert_eq!(columns.sessions, [NONE, 0, 1]);
}

#[test]
fn the_older_files_have_no_sessions() {
    let text = format!("{OLD_HEADER}5,ChatGPT,472,18,490,Conversation log\n");
    let columns = read(text.as_bytes(), "t").unwrap().columns;
    let without_names = Columns {
        models: Names::default(),
        kinds: Names::default(),
        ..columns
    };
    assert_eq!(without_names, Columns::default());
}
