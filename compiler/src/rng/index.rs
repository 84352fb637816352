//! Stream indices that are made of two numbers: a turn of a session, a row of a pass.
//!
//! Turn 0 and pass 0 have the plain number as index, so a session of one turn draws what a request
//! without sessions does, and a trace played once what it always did. Refuses numbers that would
//! reach into the next turn or pass.

/// Ordinals that a population can have.
pub const MAX_ORDINALS: u64 = 1 << 40;
/// Turns that a session can have.
pub const MAX_TURNS: u64 = 1 << 24;
/// Rows that a trace played more than once can have.
pub const MAX_LOOPED_ROWS: u64 = 1 << 28;
/// Times that a trace can be played.
pub const MAX_PASSES: u64 = MAX_ORDINALS / MAX_LOOPED_ROWS;

/// The request index of turn `turn` of the session or arrival `ordinal`: `turn * 2^40 + ordinal`.
///
/// # Panics
/// If either is not below its maximum; a spec that asks for more is refused before.
pub const fn request_index(turn: u64, ordinal: u64) -> u64 {
    assert!(turn < MAX_TURNS && ordinal < MAX_ORDINALS);
    turn * MAX_ORDINALS + ordinal
}

/// The ordinal of data row `row` in pass `pass` of a looped trace: `pass * 2^28 + row`.
///
/// # Panics
/// If either is not below its maximum; a spec that asks for more is refused before.
pub const fn looped_ordinal(pass: u64, row: u64) -> u64 {
    assert!(pass < MAX_PASSES && row < MAX_LOOPED_ROWS);
    pass * MAX_LOOPED_ROWS + row
}
