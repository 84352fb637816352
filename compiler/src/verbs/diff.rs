//! `wlc diff`.

use super::{open_verified, stdout_failure, wrong_input};
use crate::cli::DiffArgs;
use crate::diff::{Diff, diff};
use crate::exit::{self, Failure};
use std::io::{self, BufWriter, Write};

/// Runs the verb; gives the exit status. A damaged file is wrong input: its stored leaves, by
/// which requests are told apart, would say nothing.
pub fn run(args: &DiffArgs) -> Result<u8, Failure> {
    let a = open_verified(&args.a)?;
    let b = open_verified(&args.b)?;
    let found = diff(&a, &b).map_err(|error| wrong_input(&args.a, &error))?;
    let printed = match args.json {
        true => print_json(&found),
        false => {
            let names = [&args.a, &args.b].map(|path| path.display().to_string());
            print_text(&found, [&names[0], &names[1]])
        }
    };
    let status = match found.equal {
        true => exit::DONE,
        false => exit::CHECK_FAILED,
    };
    printed.map_or_else(|error| stdout_failure(&error), |()| Ok(status))
}

fn print_json(found: &Diff) -> io::Result<()> {
    let object = serde_json::to_string(found).expect("a difference is JSON");
    writeln!(io::stdout(), "{object}")
}

/// In words, on stdout.
pub(super) fn print_text(found: &Diff, names: [&str; 2]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    found.text(names, &mut out)?;
    out.flush()
}
