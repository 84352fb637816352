//! `wlc prove`.

use super::{new_file, not_written, open, stdout_failure, wrong_input};
use crate::cli::ProveArgs;
use crate::exit::{self, Failure};
use crate::proof::prove;
use std::io::{self, Write};

/// Runs the verb; gives the exit status.
pub fn run(args: &ProveArgs) -> Result<u8, Failure> {
    let workload = open(&args.file)?;
    let count = workload.requests().len() as u64;
    if args.request >= count {
        let there = match count {
            0 => "no request".to_owned(),
            _ => format!("requests 0 to {}", count - 1),
        };
        let message = format!(
            "--request {}: {} holds {there}",
            args.request,
            args.file.display()
        );
        return Err(Failure::new(exit::WRONG_INPUT, message));
    }
    let proof = prove(&workload, args.request).map_err(|error| wrong_input(&args.file, &error))?;
    let text = serde_json::to_string(&proof).expect("texts are JSON") + "\n";
    match &args.output {
        Some(target) => {
            let mut file = new_file(target)?;
            file.write_all(text.as_bytes())
                .and_then(|()| file.keep_as(target))
                .map_err(|error| not_written(target, &error))?;
        }
        None => {
            if let Err(error) = io::stdout().write_all(text.as_bytes()) {
                return stdout_failure(&error);
            }
        }
    }
    Ok(exit::DONE)
}
