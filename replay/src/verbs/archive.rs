//! `replay archive`: packs a result directory and its workload into one file.

use crate::bundle;
use crate::cli::archive::ArchiveArgs;
use crate::exit::{self, Failure};

/// Runs the verb; gives the exit status.
pub fn archive(args: &ArchiveArgs) -> Result<u8, Failure> {
    let beside = args.directory.join(bundle::WORKLOAD_FILE);
    let workload = match &args.workload {
        Some(workload) => workload,
        None if beside.exists() => &beside,
        None => {
            return Err(Failure::wrong_input(format!(
                "an archive holds the workload, and {} is not there\n  help: name the file that was fired \
                 with --workload",
                beside.display()
            )));
        }
    };
    bundle::archive(&args.directory, workload, &args.output)?;
    eprintln!("archive: {}", args.output.display());
    Ok(exit::DONE)
}
