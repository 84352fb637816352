//! `replay verify`: says whether results are whole, unaltered and what they claim to be.

use crate::cli::verify::VerifyArgs;
use crate::exit::{self, Failure};
use crate::verbs::deliver;
use crate::verify::{Fault, Findings, verify as examine};
use std::io::{self, Write};

/// Runs the verb; gives the exit status.
pub fn verify(args: &VerifyArgs) -> Result<u8, Failure> {
    for file in &args.allowed_signers {
        std::fs::read(file).map_err(|error| {
            Failure::wrong_input(format!("--allowed-signers {}: {error}", file.display()))
        })?;
    }
    let workload = args.workload.as_deref();
    let findings = examine(&args.directory, workload, &args.allowed_signers)?;
    deliver::one(None, |out| match args.json {
        true => {
            serde_json::to_writer_pretty(&mut *out, &findings)?;
            writeln!(out)
        }
        false => text(&findings, out),
    })?;
    Ok(match findings.verified {
        true => exit::DONE,
        false => exit::CHECK_FAILED,
    })
}

/// A line for each fault and each note, and the outcome.
fn text(findings: &Findings, out: &mut dyn Write) -> io::Result<()> {
    for fault in &findings.faults {
        let Fault { file, place, what } = fault;
        writeln!(out, "{}: {}: {}", plain(file), plain(place), plain(what))?;
    }
    for note in &findings.notes {
        writeln!(out, "note: {}", plain(note))?;
    }
    if let Some(signed) = &findings.signature {
        let whose = match signed.principals.is_empty() {
            true => String::new(),
            false => format!(" ({})", signed.principals.join(", ")),
        };
        writeln!(out, "signed by {}{}", signed.key, plain(&whose))?;
    }
    match findings.faults.len() {
        0 => writeln!(
            out,
            "verified: {} records of {} requests{}",
            findings.records,
            findings.requests,
            match findings.workload {
                Some(_) => ", each held against its request",
                None => "",
            }
        ),
        1 => writeln!(out, "NOT verified: 1 fault"),
        count => writeln!(out, "NOT verified: {count} faults"),
    }
}

/// Text of files and of their names, without what would begin a line of its own or move the cursor.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => plain.push(c),
            _ => plain.extend(c.escape_debug()),
        }
    }
    plain
}
