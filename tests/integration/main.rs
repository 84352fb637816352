//! Tests of the programs as a user meets them: command lines, real files, real sockets.
//!
//! One binary with a module for each concern. Every child has a time limit, every server is on a
//! free port, every test has a directory of its own. Nothing asserts that anything is fast.

mod abandoned;
mod altered;
mod answers;
mod answers_kept;
mod architecture;
mod archive;
mod audit;
mod auditor;
mod bad_files;
mod bad_input;
mod blocks;
mod bundle;
mod bundle_mutations;
mod cancellation;
mod caps;
mod closed_loops;
mod compare;
mod crews;
mod data_set_errors;
mod data_set_media;
mod data_set_order;
mod data_set_runs;
mod data_sets;
mod demo;
mod determinism;
mod dialects;
mod diff;
mod endpoint_answers;
mod endpoint_flow;
mod endpoints;
mod endpoints_docs;
mod every_kind;
mod exact;
mod exports;
mod facts;
mod faults;
mod fired;
mod firing;
mod forged_results;
mod gate;
mod golden;
mod hints;
mod hostile;
mod isolation;
mod isolation_table;
mod lengths;
mod lines;
mod live_history;
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
mod progress;
mod proofs;
mod real_trace;
mod recorder;
mod records;
mod replay_limits;
mod replay_run;
mod reproduce;
mod rewritten;
mod said;
mod salt;
mod salted;
mod sampling;
mod secret_echoes;
mod secrets;
mod sending;
mod session_header;
mod sessions;
mod signing;
mod special_files;
/// The statistics that the compiler's own tests use.
#[path = "../../compiler/tests/statistics/mod.rs"]
mod statistics;
mod stopping;
mod support;
mod sweep;
mod targets;
mod text;
mod tls;
mod tokenizer_files;
mod trace;
mod trace_options;
mod trouble;
mod turn_failures;
mod turns;
mod unique;
mod verify_answers;
mod verify_archived;
mod verify_results;
mod verify_sweeps;
mod versions;
mod who;
mod wrong_files;
