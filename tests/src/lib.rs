//! What the demo, the tests and the benchmark share: a directory to work in, child processes
//! that cannot hang, the server as a child, and a workload as its reader sees it.
//!
//! Everything is driven as a user drives it: arguments in, files and exit status out. Refuses to
//! assert anything about the programs; that is for the tests.

mod call;
mod dir;
mod inspected;
mod server;

pub use call::{Call, DEFAULT_LIMIT, Outcome, Running};
pub use dir::Dir;
pub use inspected::{Inspected, Schedule, inspected, sha256_hex};
pub use server::ServerProcess;
