//! What a reader accepts at most, in one place. Each limit lies far beyond every published
//! trace; what crosses it is a damaged file or another format, and is refused by name.

/// Most tokens that one row may ask for, in or out.
pub const MAX_TOKENS: u32 = 16_777_216;
/// Most images that one row may carry.
pub const MAX_IMAGES: u32 = 65_536;
/// Longest timestamp or number, in bytes.
pub const MAX_FIELD_BYTES: usize = 64;
/// Longest name of a model, a kind or a session, in bytes.
pub const MAX_NAME_BYTES: usize = 1024;
/// Most different models, and most different kinds.
pub const MAX_NAMES: usize = 65_536;
/// Most data rows; four times the longest trace that Azure has published.
pub const MAX_ROWS: u32 = 100_000_000;
/// Longest line of a CSV file, in bytes.
pub const MAX_CSV_LINE_BYTES: usize = 64 * 1024;
/// Longest line of a JSONL file, in bytes: some 100,000 block ids.
pub const MAX_JSON_LINE_BYTES: usize = 1024 * 1024;
/// Most unused keys of a JSONL file that the account names.
pub const MAX_IGNORED_NAMES: usize = 256;
/// Largest `chunk-<i>-dataset.json`, in bytes; a published one of 7 MB is the longest seen.
pub const MAX_DATASET_BYTES: u64 = 256 * 1024 * 1024;

// `NONE` in a column is never a row, and a row fits an event.
const _: () = assert!(MAX_ROWS < u32::MAX);
