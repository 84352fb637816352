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
    /// A ServeGen window without a pattern, at rate 0.
    Idle,
    /// A ServeGen window with a rate, but without the pattern to draw from.
    NoPattern,
    /// A ServeGen window with a pattern whose rate is 0 in requests per 10^6 seconds.
    ZeroRate,
    /// A ServeGen histogram without a length of at least 1 token.
    EmptyHistogram,
}

impl DropReason {
    /// Why a request is dropped, in the order of [`Accounting::drops`].
    pub const OF_REQUESTS: [Self; 2] = [Self::ZeroInputTokens, Self::ZeroOutputTokens];
    /// Why a ServeGen window is dropped.
    pub const OF_WINDOWS: [Self; 3] = [Self::Idle, Self::NoPattern, Self::ZeroRate];
    /// Why a ServeGen histogram is dropped.
    pub const OF_HISTOGRAMS: [Self; 1] = [Self::EmptyHistogram];

    /// The name under which reports and manifests count it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ZeroInputTokens => "zero_input_tokens",
            Self::ZeroOutputTokens => "zero_output_tokens",
            Self::Idle => "idle",
            Self::NoPattern => "no_pattern",
            Self::ZeroRate => "zero_rate",
            Self::EmptyHistogram => "empty_histogram",
        }
    }
}

/// Rows of one fate: how many, and which were the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// The first [`MAX_NAMED_ROWS`] of them in the file, by data row number from 0.
    pub first_rows: Vec<u64>,
}

impl Counted {
    pub(crate) fn add(&mut self, row: u64) {
        self.count += 1;
        if self.first_rows.len() < MAX_NAMED_ROWS {
            self.first_rows.push(row);
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
    /// One entry for each [`DropReason`] that the format knows, also where the count is 0.
    pub drops: Vec<Drops>,
    /// Events whose time lies before that of the event just above them in the
    /// file; where this is not 0, the events were sorted.
    pub inversions: u64,
    /// Events that name a turn before them and are a first turn all the same: that turn is not
    /// in the file, comes later, or was dropped like all those before it. Always 0 in a format
    /// without parents.
    pub unlinked: Counted,
    /// Columns of the file that this reader does not use: CSV columns in the order of the
    /// header, JSON keys by name.
    pub ignored_columns: Vec<String>,
}

impl Accounting {
    pub(crate) fn new(reasons: &[DropReason]) -> Self {
        let none = |&reason| Drops {
            reason,
            count: 0,
            first_rows: Vec::new(),
        };
        Self {
            rows_read: 0,
            emitted: 0,
            drops: reasons.iter().map(none).collect(),
            inversions: 0,
            unlinked: Counted::default(),
            ignored_columns: Vec::new(),
        }
    }

    /// Rows that did not become events, over all reasons.
    pub fn dropped(&self) -> u64 {
        self.drops.iter().map(|drops| drops.count).sum()
    }

    pub(crate) fn drop_row(&mut self, reason: DropReason, row: u64) {
        let drops = self.drops.iter_mut().find(|drops| drops.reason == reason);
        let drops = drops.expect("a reader drops rows for its format's reasons only");
        drops.count += 1;
        if drops.first_rows.len() < MAX_NAMED_ROWS {
            drops.first_rows.push(row);
        }
    }
}
