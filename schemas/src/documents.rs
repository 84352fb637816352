//! The specifications, for an archive that explains itself.

/// `WORKLOAD.md`: the workload file byte by byte.
pub const WORKLOAD: &str = include_str!("../WORKLOAD.md");
/// `RESULTS.md`: the files of a run and of a sweep.
pub const RESULTS: &str = include_str!("../RESULTS.md");
