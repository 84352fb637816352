//! What the demo, the tests and the benchmarks share: a directory to work in, child processes
//! that cannot hang and what they cost, the server as a child, a workload as its reader sees
//! it, and what was in flight when.
//!
//! Everything is driven as a user drives it: arguments in, files and exit status out. Refuses to
//! assert anything about the programs; that is for the tests.

mod call;
mod cost;
mod dir;
mod floor;
mod in_flight;
mod inspected;
mod server;

pub use call::{Call, DEFAULT_LIMIT, Outcome, Running, is_installed};
pub use cost::Cost;
pub use dir::Dir;
pub use floor::sha256_seconds;
pub use in_flight::{in_flight, peak};
pub use inspected::{Inspected, Schedule, inspected, sha256_hex};
pub use server::ServerProcess;
