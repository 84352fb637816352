//! What `wlc schema --rng` prints is the registry.

use compiler::rng::Component;
use serde_json::Value;
use std::process::Command;

fn printed(flags: &[&str]) -> String {
    let wlc = Command::new(env!("CARGO_BIN_EXE_wlc"))
        .arg("schema")
        .args(flags)
        .output()
        .unwrap();
    assert!(wlc.status.success() && wlc.stderr.is_empty(), "{wlc:?}");
    String::from_utf8(wlc.stdout).unwrap()
}

#[test]
fn the_table_has_a_row_for_each_component_in_order() {
    let text = printed(&["--rng"]);
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let columns = ["identifier", "AIPerf", "stream index", "drawn from"];
    let at = columns.map(|column| header.find(column).unwrap());
    let rows: Vec<[&str; 4]> = lines
        .map(|line| {
            let cell = |i: usize| line[at[i]..*at.get(i + 1).unwrap_or(&line.len())].trim();
            [0, 1, 2, 3].map(cell)
        })
        .collect();
    let expected = Component::ALL.map(|c| {
        let aiperf = if c.is_aiperfs() { "yes" } else { "-" };
        [c.identifier(), aiperf, c.index_counts(), c.draws()]
    });
    assert_eq!(rows, expected);
}

#[test]
fn the_json_has_the_same() {
    let rows: Vec<Value> = serde_json::from_str(&printed(&["--rng", "--json"])).unwrap();
    assert_eq!(rows.len(), Component::ALL.len());
    for (row, component) in rows.iter().zip(Component::ALL) {
        assert_eq!(row["identifier"], component.identifier());
        assert_eq!(row["stream_index"], component.index_counts());
        assert_eq!(row["draws"], component.draws());
        assert_eq!(row["aiperf"], component.is_aiperfs());
    }
}

#[test]
fn without_a_flag_it_is_the_schema_of_a_spec() {
    assert_eq!(printed(&[]), compiler::verbs::schema::SPEC);
    assert_eq!(printed(&["--json"]), compiler::verbs::schema::SPEC);
}
