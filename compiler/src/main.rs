//! `wlc`: a shell over [`compiler::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    compiler::run(std::env::args_os())
}
