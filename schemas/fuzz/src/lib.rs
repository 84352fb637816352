//! What no input may do to the readers of workload and records files.
//!
//! `cargo +nightly fuzz run workload` and `… run records`, from `schemas`, look for an input that
//! breaks a promise of [`checks`]. What they have found interesting is kept in `corpus` and goes
//! through the same checks in `cargo test -p schemas`, without nightly.

pub mod checks;
pub mod seal;
pub mod seal_records;
