//! `replay sign`.

use clap::Args;
use std::path::PathBuf;

const SIGN_EXAMPLES: &str = "\
Examples:
  replay sign results/fast --key ~/.ssh/id_ed25519

What it writes is what `ssh-keygen -Y sign -n replay-bundle -f KEY DIR/bundle.json` does, which also
takes keys with a passphrase, in an agent or on a token, and RSA keys. Anybody checks either with
  replay verify DIR --allowed-signers SIGNERS
  ssh-keygen -Y verify -n replay-bundle -f SIGNERS -I WHO -s DIR/bundle.json.sig < DIR/bundle.json";

/// `replay sign`.
#[derive(Debug, Args)]
#[command(after_help = SIGN_EXAMPLES)]
pub struct SignArgs {
    /// Directory that `replay run` or `replay sweep` wrote.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Private key as ssh-keygen writes it, Ed25519 or ECDSA P-256, without a passphrase.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
}
