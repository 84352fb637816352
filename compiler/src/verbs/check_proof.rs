//! `wlc check-proof`: the proof alone, without the workload.

use super::stdout_failure;
use crate::cli::CheckProofArgs;
use crate::exit::{self, Failure};
use crate::proof::{Proof, ProofError, Proven, check, read_digest};
use schemas::{hex, regular_file};
use serde_json::json;
use std::io::{self, ErrorKind, Write};

/// Longest proof that is read, in bytes: half a gibibyte of header fields and labels, in hexadecimal.
const MAX_PROOF_BYTES: u64 = 1 << 30;

/// Runs the verb; gives the exit status: 1 for a proof that claims what is not so, 2 for what is no
/// proof.
pub fn run(args: &CheckProofArgs) -> Result<u8, Failure> {
    let asked = args.content_hash.as_deref().map(|text| {
        read_digest(text).ok_or_else(|| {
            let message = format!(
                "--content-hash {text}: not 64 lower-case hexadecimal digits, as `wlc verify` prints them"
            );
            Failure::new(exit::WRONG_INPUT, message)
        })
    });
    let asked = asked.transpose()?;
    let bytes = read(args)?;
    match Proof::from_json(&bytes).and_then(|proof| check(&proof, asked)) {
        Ok(proven) => print(args, &proven),
        Err(error) => Err(failure(args, &error)),
    }
}

fn read(args: &CheckProofArgs) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| {
        let status = match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidInput
            | ErrorKind::FileTooLarge => exit::WRONG_INPUT,
            _ => exit::WORLD_FAILED,
        };
        Failure::new(status, format!("{}: {error}", args.proof.display()))
    };
    regular_file::read(&args.proof, MAX_PROOF_BYTES).map_err(failed)
}

fn print(args: &CheckProofArgs, proven: &Proven) -> Result<u8, Failure> {
    let (root, leaf, body) = (
        hex(&proven.content_hash),
        hex(&proven.leaf),
        hex(&proven.body_sha256),
    );
    let mut out = io::stdout().lock();
    let printed = if args.json {
        let object = json!({
            "valid": true,
            "content_hash": root,
            "index": proven.index,
            "requests": proven.requests,
            "leaf": leaf,
            "method": proven.method,
            "path": proven.path,
            "model": proven.model,
            "body_bytes": proven.body_bytes,
            "body_sha256": body,
        });
        writeln!(out, "{object}")
    } else {
        let whose = match args.content_hash {
            Some(_) => "of the workload asked for, whose content hash is",
            None => "of the workload whose content hash is",
        };
        writeln!(
            out,
            "proven         request {} of {} {whose}\n               {root}\n\
             leaf           {leaf}\nsent           {} {}\nmodel          {}\n\
             body           {} bytes, SHA-256 {body}",
            proven.index,
            proven.requests,
            proven.method,
            proven.path,
            proven.model,
            proven.body_bytes
        )
    };
    printed.map_or_else(|error| stdout_failure(&error), |()| Ok(exit::DONE))
}

/// Status 1 for a false claim; with --json also said on stdout.
fn failure(args: &CheckProofArgs, error: &ProofError) -> Failure {
    let message = format!("{}: {error}", args.proof.display());
    if !error.is_false_claim() {
        return Failure::new(exit::WRONG_INPUT, message);
    }
    if args.json {
        // The status tells the same where stdout is gone.
        let object = json!({"valid": false, "error": error.to_string()});
        let _ = writeln!(io::stdout(), "{object}");
    }
    Failure::new(exit::CHECK_FAILED, message)
}
