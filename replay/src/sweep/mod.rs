//! Looks for a server's limit: which rate saturates it, how it behaves on the way there, and up to
//! which rate it keeps its promises.
//!
//! All but [`conduct`] is arithmetic over rates and results: each search says what it wants fired and
//! is given what came of it, so a simulated server can stand in for a real one. The workload stays as it
//! is; only how fast its schedule is walked changes.

pub mod conduct;
pub mod estimate;
pub mod goal;
pub mod knee;
pub mod loads;
pub mod measure;
pub mod probe;
pub mod rescale;
pub mod result;
#[cfg(test)]
mod simulated;
pub mod steps;
