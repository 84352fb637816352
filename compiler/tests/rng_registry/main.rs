//! The registry of what is drawn from: it has AIPerf's names, everything in it is drawn from by some
//! spec, and nothing else in the compiler draws.

mod exercised;
mod features;
mod names;
mod printed;
mod sources;
