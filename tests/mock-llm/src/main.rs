//! The `mock-llm` program: a shell over [`mock_llm::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    mock_llm::run(std::env::args_os())
}
