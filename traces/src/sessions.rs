//! Conversations: which row is the turn after which. Some formats name the conversation of a row
//! ([`by_name`]), others the turn before it ([`by_parent`]).

use crate::columns::{Columns, NONE};
use crate::{Event, Trace};

/// Links the turns of named conversations: `sessions` has the conversation of each row, and the
/// turns follow each other in order of (time, row).
pub fn by_name(trace: &mut Trace, sessions: Vec<u32>) {
    let count = sessions.iter().filter(|&&session| session != NONE).max();
    let mut last_rows = vec![NONE; count.map_or(0, |&last| last as usize + 1)];
    let columns = &mut trace.columns;
    columns.previous = vec![NONE; sessions.len()];
    columns.turns = vec![NONE; sessions.len()];
    for &Event { row, .. } in &trace.events {
        let mut before = NONE;
        if let Some(last) = last_rows.get_mut(sessions[row as usize] as usize) {
            before = std::mem::replace(last, row);
        }
        link(columns, row, before);
    }
    columns.sessions = sessions;
}

/// What each row of the file says of itself and of the turn before it.
#[derive(Default)]
pub struct Lineage {
    /// Time of each row, in ns.
    pub times: Vec<u64>,
    /// Whether the row became an event.
    pub emitted: Vec<bool>,
    /// Row of the turn before; [`NONE`] if the file does not have it, or if none is named.
    pub parents: Vec<u32>,
    /// Whether the row names a turn before it.
    pub names_parent: Vec<bool>,
}

/// Links each row to its nearest ancestor that was not dropped. A parent that comes later in
/// order of (time, row) is none, so no chain can be a circle. Conversations are trees: several
/// rows may follow one.
pub fn by_parent(trace: &mut Trace, lineage: &Lineage) {
    let rows = lineage.times.len();
    let key = |row: u32| (lineage.times[row as usize], row);
    let mut in_order: Vec<u32> = (0..rows as u32).collect();
    in_order.sort_unstable_by_key(|&row| key(row));

    let mut columns = std::mem::take(&mut trace.columns);
    columns.previous = vec![NONE; rows];
    columns.turns = vec![NONE; rows];
    // For each row the nearest row, from itself upwards, that was not dropped.
    let mut nearest = vec![NONE; rows];
    let mut roots = vec![NONE; rows];
    for row in in_order {
        let parent = lineage.parents[row as usize];
        let before = match parent {
            NONE => NONE,
            parent if key(parent) >= key(row) => NONE,
            parent => nearest[parent as usize],
        };
        nearest[row as usize] = before;
        if lineage.emitted[row as usize] {
            nearest[row as usize] = row;
            link(&mut columns, row, before);
            roots[row as usize] = roots.get(before as usize).copied().unwrap_or(row);
        }
    }
    columns.sessions = numbered(&roots);
    for row in 0..rows {
        let first_turn = columns.turns[row] == 0;
        if first_turn && lineage.names_parent[row] {
            trace.accounting.unlinked.add(row as u64);
        }
    }
    trace.columns = columns;
}

fn link(columns: &mut Columns, row: u32, before: u32) {
    columns.previous[row as usize] = before;
    // No row is `NONE`, so a first turn finds nothing here.
    let turns_before = columns.turns.get(before as usize);
    columns.turns[row as usize] = turns_before.map_or(0, |turn| turn + 1);
}

/// Numbers the roots in order of first appearance by row.
fn numbered(roots: &[u32]) -> Vec<u32> {
    let mut numbers = vec![NONE; roots.len()];
    let mut next = 0;
    let number = |&root: &u32| {
        let Some(number) = numbers.get_mut(root as usize) else {
            return NONE;
        };
        if *number == NONE {
            *number = next;
            next += 1;
        }
        *number
    };
    roots.iter().map(number).collect()
}
