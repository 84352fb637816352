//! `replay`: a shell over [`replay::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    replay::run(std::env::args_os())
}
