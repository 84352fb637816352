//! Row accounting: what became of every data row of a trace.

/// How many rows are named for each reason; the rest are only counted.
pub const MAX_NAMED_ROWS: usize = 5;

/// Why a row that parses is not replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// An empty prompt: servers reject it.
    ZeroInputTokens,
    /// No answer tokens: servers reject `max_tokens: 0`.
    ZeroOutputTokens,
}

impl DropReason {
    /// Every reason, in the order of [`Accounting::drops`].
    pub const ALL: [Self; 2] = [Self::ZeroInputTokens, Self::ZeroOutputTokens];

    /// The name under which reports and manifests count it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ZeroInputTokens => "zero_input_tokens",
            Self::ZeroOutputTokens => "zero_output_tokens",
        }
    }
}

/// The rows dropped for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drops {
    /// Why they were dropped.
    pub reason: DropReason,
    /// How many.
    pub count: u64,
    /// The first [`MAX_NAMED_ROWS`] of them, by data row number from 0.
    pub first_rows: Vec<u64>,
}

/// The whole account: `rows_read = emitted + dropped()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounting {
    /// Data rows in the file; the header and blank lines are not rows.
    pub rows_read: u64,
    /// Rows that became events.
    pub emitted: u64,
    /// One entry for each [`DropReason`], also where the count is 0.
    pub drops: Vec<Drops>,
    /// Events whose time lies before that of the event just above them in the
    /// file; where this is not 0, the events were sorted.
    pub inversions: u64,
    /// Columns of the file that this reader does not use.
    pub ignored_columns: Vec<String>,
}

impl Accounting {
    pub(crate) fn new(ignored_columns: Vec<String>) -> Self {
        let none = |reason| Drops {
            reason,
            count: 0,
            first_rows: Vec::new(),
        };
        Self {
            rows_read: 0,
            emitted: 0,
            drops: DropReason::ALL.map(none).into(),
            inversions: 0,
            ignored_columns,
        }
    }

    /// Rows that did not become events, over all reasons.
    pub fn dropped(&self) -> u64 {
        self.drops.iter().map(|drops| drops.count).sum()
    }

    pub(crate) fn drop_row(&mut self, reason: DropReason, row: u64) {
        for drops in self.drops.iter_mut().filter(|d| d.reason == reason) {
            drops.count += 1;
            if drops.first_rows.len() < MAX_NAMED_ROWS {
                drops.first_rows.push(row);
            }
        }
    }
}
