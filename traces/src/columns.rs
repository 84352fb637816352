//! What only some formats have, one column each, indexed by [`Event::row`](crate::Event::row).
//! A column has an entry for each data row of the file, also for the dropped ones, or none at all.

/// No name, no session, no row: what stands in a column where there is nothing.
pub const NONE: u32 = u32::MAX;

/// The columns of a trace beside time and lengths.
///
/// A dropped row has no part in any conversation: it has [`NONE`] in `sessions`, `previous` and
/// `turns`, and no other row points to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Images in the request (Azure LMM `NumImages`).
    pub images: Vec<u32>,
    /// The model that was asked (BurstGPT `Model`).
    pub models: Names,
    /// The kind of request (BurstGPT `Log Type`, Bailian `type`).
    pub kinds: Names,
    /// Number of the conversation, in order of first appearance by row among the rows that
    /// were not dropped; [`NONE`] for a row without one.
    pub sessions: Vec<u32>,
    /// Row of the turn before in the same conversation; [`NONE`] for a first turn. It stands
    /// earlier than this one in order of (time, row).
    pub previous: Vec<u32>,
    /// Turn in its conversation, from 0: how many steps lead back along `previous`.
    pub turns: Vec<u32>,
    /// Which blocks of tokens the prompt is made of (Mooncake, Bailian).
    pub blocks: Option<Blocks>,
}

/// A column of names, each kept once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The names, in order of first appearance by row.
    pub names: Vec<String>,
    /// Index into `names` for each row; [`NONE`] for a row without one.
    pub of_row: Vec<u32>,
}

impl Names {
    /// The name in `row`, if it has one.
    pub fn get(&self, row: u32) -> Option<&str> {
        let index = *self.of_row.get(row as usize)?;
        self.names.get(index as usize).map(String::as_str)
    }
}

/// Prompts as sequences of blocks: equal ids stand for equal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// Tokens of a full block; the last one of a prompt may have fewer.
    pub block_tokens: u32,
    ids: Vec<u64>,
    /// Where each row's ids begin in `ids`, and after the last row their end.
    starts: Vec<u64>,
}

impl Blocks {
    pub(crate) fn new(block_tokens: u32) -> Self {
        Self {
            block_tokens,
            ids: Vec::new(),
            starts: vec![0],
        }
    }

    /// The ids of the prompt in `row`, in order; none for a row that the file does not have.
    pub fn of_row(&self, row: u32) -> &[u64] {
        let row = row as usize;
        match self.starts.get(row..).unwrap_or_default() {
            &[start, end, ..] => &self.ids[start as usize..end as usize],
            _ => &[],
        }
    }

    /// Where the ids of the next row go. Call [`Self::end_row`] behind them.
    pub(crate) fn ids(&mut self) -> &mut Vec<u64> {
        &mut self.ids
    }

    /// Ends the row; returns how many ids it has.
    pub(crate) fn end_row(&mut self) -> u64 {
        let end = self.ids.len() as u64;
        let start = self.starts.last().copied().unwrap_or_default();
        self.starts.push(end);
        end - start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_own_ids_and_an_unknown_row_has_none() {
        let mut blocks = Blocks::new(512);
        assert!(blocks.of_row(0).is_empty());
        blocks.ids().extend([7, 8]);
        assert_eq!(blocks.end_row(), 2);
        assert_eq!(blocks.end_row(), 0);
        blocks.ids().push(u64::MAX);
        assert_eq!(blocks.end_row(), 1);
        assert_eq!(blocks.of_row(0), [7, 8]);
        assert!(blocks.of_row(1).is_empty());
        assert_eq!(blocks.of_row(2), [u64::MAX]);
        assert!(blocks.of_row(3).is_empty());
        assert!(blocks.of_row(NONE).is_empty());
    }
}
