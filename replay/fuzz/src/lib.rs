//! What no file of a result directory may do to `replay verify`.
//!
//! `cargo +nightly fuzz run bundle`, from `replay`, looks for an input that breaks a promise of
//! [`checks`]. What it has found interesting is kept in `corpus` and goes through the same checks in
//! `cargo test -p replay --test fuzz_corpus`, without nightly.

pub mod checks;
#[path = "../../../schemas/fuzz/src/seal_records.rs"]
pub mod seal_records;
