//! What holds for every input.

use std::collections::BTreeMap;

use proptest::prelude::*;
use traces::table::{TableFormat, TableKind, TimeUnit};
use traces::{Trace, TraceError, azure, bailian, burstgpt, mooncake, servegen, table};

use crate::gzip;

fn format(kind: TableKind) -> TableFormat {
    TableFormat {
        kind,
        timestamp: "t".to_owned(),
        time_unit: TimeUnit::S,
        input_tokens: "i".to_owned(),
        output_tokens: "o".to_owned(),
        session: Some("s".to_owned()),
        model: Some("m".to_owned()),
    }
}

/// Every reader of one file.
fn read_all(bytes: &[u8]) -> [Result<Trace, TraceError>; 6] {
    [
        azure::read(bytes, "t"),
        mooncake::read(bytes, "t", 512),
        burstgpt::read(bytes, "t"),
        bailian::read(bytes, "t", 16),
        table::read(bytes, "t", &format(TableKind::Csv)),
        table::read(bytes, "t", &format(TableKind::Jsonl)),
    ]
}

/// What every trace promises of itself.
fn check(trace: &Trace) {
    let account = &trace.accounting;
    assert_eq!(account.rows_read, account.emitted + account.dropped());
    assert_eq!(account.emitted, trace.events.len() as u64);
    assert_eq!({ trace.events[0].at_ns }, 0);
    let order: Vec<(u64, u32)> = trace.events.iter().map(|e| (e.at_ns, e.row)).collect();
    assert!(order.is_sorted_by(|a, b| a < b));
    for column in [
        &trace.columns.sessions,
        &trace.columns.previous,
        &trace.columns.turns,
    ] {
        assert!(column.is_empty() || column.len() as u64 == account.rows_read);
    }
    if trace.columns.previous.is_empty() {
        return;
    }
    let times: BTreeMap<u32, u64> = trace.events.iter().map(|e| (e.row, e.at_ns)).collect();
    for (&row, &at_ns) in &times {
        let columns = &trace.columns;
        let (before, turn) = (columns.previous[row as usize], columns.turns[row as usize]);
        assert_eq!(before == traces::NONE, turn == 0);
        if turn > 0 {
            assert!((times[&before], before) < (at_ns, row));
            assert_eq!(columns.turns[before as usize] + 1, turn);
            assert_eq!(
                columns.sessions[before as usize],
                columns.sessions[row as usize]
            );
        }
    }
}

/// (chat, parent, time in tenths of a second, input, output), the chats distinct.
fn chats() -> impl Strategy<Value = Vec<(u64, u64, u64, u32, u32)>> {
    let chat = (0..30_u64, 0..20_u64, 0..40_u32, 0..3_u32);
    prop::collection::btree_map(0..30_u64, chat, 1..30).prop_map(|chats| {
        let row = |(chat, (parent, at, input, output))| (chat, parent, at, input, output);
        chats.into_iter().map(row).collect()
    })
}

fn bailian_line(&(chat, parent, at, input, output): &(u64, u64, u64, u32, u32)) -> String {
    let ids: Vec<u32> = (0..input.div_ceil(16)).collect();
    // Chat 0 is nobody's parent: -1 stands for none.
    let parent = if parent == 0 {
        "-1".to_owned()
    } else {
        parent.to_string()
    };
    format!(
        "{{\"chat_id\":{chat},\"parent_chat_id\":{parent},\"timestamp\":{}.{},\"type\":\"t\",\"input_length\":{input},\"output_length\":{output},\"hash_ids\":{ids:?}}}\n",
        at / 10,
        at % 10,
    )
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for trace in read_all(&bytes).iter().flatten() {
            check(trace);
        }
        for trace in read_all(&gzip(&bytes)).iter().flatten() {
            check(trace);
        }
        let magic = [&[0x1f, 0x8b][..], &bytes].concat();
        for read in read_all(&magic) {
            prop_assert!(read.is_err());
        }
    }

    #[test]
    fn arbitrary_bytes_in_a_population_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        text in "[-0-9.,eGamWeibul\n{}:\" ]{0,60}",
    ) {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| {
            std::fs::write(directory.path().join(name), content).unwrap();
        };
        let dataset = serde_json::json!({"0": {"input_tokens": text, "output_tokens": text}});
        for (trace, dataset) in [
            (&bytes[..], &b"{}"[..]),
            (&[], &bytes),
            (text.as_bytes(), b"{}"),
            (&[], dataset.to_string().as_bytes()),
        ] {
            write("chunk-0-trace.csv", trace);
            write("chunk-0-dataset.json", dataset);
            if let Ok(population) = servegen::read_directory(directory.path()) {
                let account = &population.accounting;
                prop_assert_eq!(account.rows_read, account.emitted + account.dropped());
            }
        }
    }

    #[test]
    fn almost_right_rows_are_read_or_named_but_never_lost(
        rows in prop::collection::vec("[0-9]{1,3}(\\.[0-9]{1,11})?,[0-3],[0-3],[ab]?,[xy]?|[-0-9.,x]{0,9}", 1..6),
    ) {
        let text = format!("t,i,o,s,m\n{}", rows.join("\n"));
        let whole = rows.iter().filter(|row| !row.is_empty()).count() as u64;
        match table::read(text.as_bytes(), "t", &format(TableKind::Csv)) {
            Ok(trace) => {
                check(&trace);
                prop_assert_eq!(trace.accounting.rows_read, whole);
            }
            Err(error) => prop_assert!(error.to_string().contains("\n  help: ")),
        }
    }

    #[test]
    fn the_order_of_the_lines_changes_numbers_and_nothing_else(
        (chats, order) in chats().prop_flat_map(|chats| {
            let order: Vec<usize> = (0..chats.len()).collect();
            (Just(chats), Just(order).prop_shuffle())
        }),
    ) {
        // Distinct times, so that no tie is left to the row.
        let distinct = |(index, chat): (usize, &(u64, u64, u64, u32, u32))| {
            (chat.0, chat.1, chat.2 * 100 + index as u64, chat.3, chat.4)
        };
        let chats: Vec<_> = chats.iter().enumerate().map(distinct).collect();
        let lines: Vec<String> = chats.iter().map(bailian_line).collect();
        let shuffled: String = order.iter().map(|&index| lines[index].as_str()).collect();
        let straight = bailian::read(lines.concat().as_bytes(), "t", 16);
        let shuffled = bailian::read(shuffled.as_bytes(), "t", 16);
        prop_assert_eq!(straight.is_ok(), shuffled.is_ok());
        let (Ok(straight), Ok(shuffled)) = (straight, shuffled) else {
            return Ok(());
        };
        check(&straight);
        check(&shuffled);
        // Row r of the shuffled file is line order[r] of the other.
        let original = |row: u32| match row {
            traces::NONE => traces::NONE,
            row => order[row as usize] as u32,
        };
        prop_assert_eq!(straight.events.len(), shuffled.events.len());
        for (before, after) in straight.events.iter().zip(&shuffled.events) {
            prop_assert_eq!(*before, traces::Event { row: original(after.row), ..*after });
            let parents = [(&straight, before.row), (&shuffled, after.row)]
                .map(|(trace, row)| trace.columns.previous[row as usize]);
            prop_assert_eq!(parents[0], original(parents[1]));
            let turns = [(&straight, before.row), (&shuffled, after.row)]
                .map(|(trace, row)| trace.columns.turns[row as usize]);
            prop_assert_eq!(turns[0], turns[1]);
        }
        let (before, after) = (&straight.accounting, &shuffled.accounting);
        prop_assert_eq!(before.unlinked.count, after.unlinked.count);
        prop_assert_eq!(before.dropped(), after.dropped());
    }

    #[test]
    fn bailian_chains_hold_whatever_the_parents(chats in chats()) {
        let text: String = chats.iter().map(bailian_line).collect();
        if let Ok(trace) = bailian::read(text.as_bytes(), "t", 16) {
            check(&trace);
            let roots = chats.iter().filter(|chat| chat.1 == 0 && chat.3 > 0 && chat.4 > 0).count();
            let first_turns = trace.columns.turns.iter().filter(|&&turn| turn == 0).count();
            prop_assert_eq!(first_turns as u64, roots as u64 + trace.accounting.unlinked.count);
        }
    }
}
