//! `replay sign`: puts an SSH signature beside the statement of a result directory.

use crate::bundle;
use crate::cli::sign::SignArgs;
use crate::exit::{self, Failure};

/// Runs the verb; gives the exit status.
pub fn sign(args: &SignArgs) -> Result<u8, Failure> {
    let signed = bundle::sign(&args.directory, &args.key)?;
    eprintln!(
        "signed by {} ({}): {}",
        signed.key,
        signed.algorithm,
        args.directory.join(bundle::SIGNATURE_FILE).display()
    );
    Ok(exit::DONE)
}
