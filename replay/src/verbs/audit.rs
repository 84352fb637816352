//! `replay audit`: says whether a server kept its promise about seeds.

use crate::analysis::audit::{Kept, audit as judge};
use crate::analysis::report::{html, text};
use crate::cli::audit::{AuditArgs, AuditFormat};
use crate::exit::{self, Failure};
use crate::terminal::colour_allowed;
use crate::verbs::deliver;
use std::io::{self, IsTerminal};

/// Runs the verb; gives the exit status.
pub fn audit(args: &AuditArgs) -> Result<u8, Failure> {
    let format = format(args)?;
    let audit = judge(&args.directory).map_err(|error| failed(&error))?;
    let output = args.output.as_deref();
    match format {
        AuditFormat::Html => deliver::one(output, |out| html::write_audit(&audit, out)),
        AuditFormat::Json => deliver::one(output, |out| audit.write_json(out)),
        AuditFormat::Text => {
            let colour = output.is_none() && colour_allowed(io::stdout().is_terminal());
            deliver::one(output, |out| text::audit::write(&audit, colour, out))
        }
    }?;
    Ok(match audit.outcome {
        Kept::Kept => exit::DONE,
        // A check that could show nothing must not look as one that was passed.
        Kept::Broken | Kept::Unproven => exit::CHECK_FAILED,
    })
}

fn format(args: &AuditArgs) -> Result<AuditFormat, Failure> {
    match (args.format, args.json) {
        (None | Some(AuditFormat::Json), true) => Ok(AuditFormat::Json),
        (Some(_), true) => Err(Failure::wrong_input(
            "--json: another --format is asked for, too\n  help: leave one of them out",
        )),
        (format, false) => Ok(format.unwrap_or(AuditFormat::Text)),
    }
}

/// What is not there, or damaged, is wrong input; what cannot be read is the world's fault.
fn failed(error: &anyhow::Error) -> Failure {
    use io::ErrorKind::{InvalidData, InvalidInput, IsADirectory, NotADirectory, NotFound};
    let kind = error
        .chain()
        .find_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()));
    match kind {
        Some(NotFound | NotADirectory) => Failure::wrong_input(format!(
            "{error:#}\n  help: this is no finished run of an audit workload; write `audit: {{}}` in \
             the spec, and name the directory that `replay run --out` wrote"
        )),
        None | Some(InvalidData | InvalidInput | IsADirectory) => {
            Failure::wrong_input(format!("{error:#}"))
        }
        Some(_) => Failure::world(format!("{error:#}")),
    }
}
