//! Tests of the programs as a user meets them: command lines, real files, real sockets.
//!
//! One binary with a module for each concern. Every child has a time limit, every server is on a
//! free port, every test has a directory of its own. Nothing asserts that anything is fast.

mod answers;
mod architecture;
mod bad_files;
mod bad_input;
mod demo;
mod determinism;
mod golden;
mod hints;
mod isolation;
mod made;
mod real_trace;
mod records;
mod replay_limits;
mod replay_run;
mod secrets;
mod sending;
mod support;
mod text;
mod trace;
mod trouble;
mod unfireable;
