//! Tests of the programs as a user meets them: command lines, real files, real sockets.
//!
//! One binary with a module for each concern. Every child has a time limit, every server is on a
//! free port, every test has a directory of its own. Nothing asserts that anything is fast.

mod answers;
mod architecture;
mod bad_files;
mod bad_input;
mod blocks;
mod cancellation;
mod data_set_errors;
mod data_set_media;
mod data_set_order;
mod data_set_runs;
mod data_sets;
mod demo;
mod determinism;
mod endpoint_answers;
mod endpoint_flow;
mod endpoints;
mod endpoints_docs;
mod exact;
mod golden;
mod hints;
mod hostile;
mod isolation;
mod isolation_table;
mod lengths;
mod lines;
mod loads;
mod made;
/// The tokenizers that the compiler's own tests use.
#[allow(dead_code)]
#[path = "../../compiler/tests/tokenizer_files/make.rs"]
mod made_tokenizers;
mod media;
mod mooncake;
mod populations;
mod prefixes;
mod real_trace;
mod recorder;
mod records;
mod replay_limits;
mod replay_run;
mod said;
mod salt;
mod salted;
mod sampling;
mod secrets;
mod sending;
mod session_header;
mod sessions;
/// The statistics that the compiler's own tests use.
#[path = "../../compiler/tests/statistics/mod.rs"]
mod statistics;
mod support;
mod text;
mod tokenizer_files;
mod trace;
mod trace_options;
mod trouble;
mod unfireable;
mod unique;
mod who;
mod wrong_files;
