//! Signatures of a statement, as `ssh-keygen -Y` makes and checks them (SSHSIG).
//!
//! Refuses keys that would need a passphrase, an agent, a token or random numbers: `ssh-keygen` signs
//! with those, and its signature is checked here like any other.

use crate::bundle::allowed::AllowedSigners;
use crate::bundle::{BUNDLE_FILE, NAMESPACE, SIGNATURE_FILE, check};
use crate::exit::{self, Failure};
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use schemas::temporary::TemporaryFile;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Longest signature that is read, in bytes; that of a large RSA key has some thousand.
const MAX_SIGNATURE_BYTES: u64 = 1 << 20;

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Signed {
    /// Fingerprint of the key, as `ssh-keygen -l` prints it.
    pub key: String,
    /// Its algorithm, e.g. `ssh-ed25519`.
    pub algorithm: String,
    /// As whom the allowed signers know the key; empty where none were given.
    pub principals: Vec<String>,
}

/// Signs the statement of a directory, which must still be true, and puts the signature beside it in
/// place of any other. The key's text enters no message.
pub fn sign(directory: &Path, key: &Path) -> Result<Signed, Failure> {
    check(directory).map_err(|wrong| not_true(directory, &wrong))?;
    let private = private_key(directory, key)?;
    let world = |what: &str, error: io::Error| {
        Failure::world(format!("cannot {what} in {}: {error}", directory.display()))
    };
    let statement = regular_file::read(&directory.join(BUNDLE_FILE), MAX_DOCUMENT_BYTES);
    let statement = statement.map_err(|error| world("read the statement", error))?;
    let pem = private
        .sign(NAMESPACE, HashAlg::Sha512, &statement)
        .and_then(|signature| signature.to_pem(LineEnding::LF))
        .map_err(|error| refused(directory, key, &error.to_string()))?;
    let target = directory.join(SIGNATURE_FILE);
    TemporaryFile::beside(&target)
        .and_then(|mut file| {
            file.write_all(pem.as_bytes())?;
            file.keep_as(&target)
        })
        .map_err(|error| world("write the signature", error))?;
    Ok(signed(private.public_key(), Vec::new()))
}

/// Checks the signature of a directory's statement. `None` where there is none and none was asked for;
/// without allowed signers it is held against its own key, whom nobody vouched for.
pub fn check_signature(directory: &Path, allowed: &[PathBuf]) -> Result<Option<Signed>, String> {
    let signers = AllowedSigners::read(allowed)?;
    let text = match regular_file::read(&directory.join(SIGNATURE_FILE), MAX_SIGNATURE_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match allowed.is_empty() {
                true => Ok(None),
                false => Err("not there: nobody signed these results".to_owned()),
            };
        }
        Err(error) => return Err(error.to_string()),
    };
    let statement = regular_file::read(&directory.join(BUNDLE_FILE), MAX_DOCUMENT_BYTES);
    let statement = statement.map_err(|error| format!("{BUNDLE_FILE}: {error}"))?;
    let text = String::from_utf8(text).map_err(|_| "no SSH signature: no text")?;
    let signature =
        SshSig::from_pem(&text).map_err(|error| format!("no SSH signature: {error}"))?;
    // One signature, one spelling: no byte of the file may be altered unnoticed.
    if signature.to_pem(LineEnding::LF).as_deref() != Ok(&text) {
        return Err("not spelled as ssh-keygen spells it".to_owned());
    }
    if signature.namespace() != NAMESPACE {
        return Err(format!(
            "made for {:?}, not for {NAMESPACE:?}",
            signature.namespace()
        ));
    }
    let key = PublicKey::from(signature.public_key().clone());
    if !is_checked_here(&key.algorithm()) {
        return Err(format!(
            "{}: this algorithm is not checked here; check it with `ssh-keygen -Y verify -n {NAMESPACE} \
             -f SIGNERS -I WHO -s {SIGNATURE_FILE} < {BUNDLE_FILE}`",
            key.algorithm()
        ));
    }
    key.verify(NAMESPACE, &statement, &signature)
        .map_err(|_| format!("is not that of {BUNDLE_FILE} by the key it names"))?;
    if allowed.is_empty() {
        return Ok(Some(signed(&key, Vec::new())));
    }
    let fingerprint = key.fingerprint(HashAlg::Sha256);
    let principals = signers
        .principals(key.key_data(), NAMESPACE)
        .map_err(|why| format!("the key {fingerprint}, which signed, {why}"))?;
    Ok(Some(signed(&key, principals)))
}

fn signed(key: &PublicKey, principals: Vec<String>) -> Signed {
    Signed {
        key: key.fingerprint(HashAlg::Sha256).to_string(),
        algorithm: key.algorithm().to_string(),
        principals,
    }
}

/// Whether signatures by such a key can be checked without random numbers and big integers of RSA.
fn is_checked_here(algorithm: &Algorithm) -> bool {
    use EcdsaCurve::NistP256;
    matches!(
        algorithm,
        Algorithm::Ed25519
            | Algorithm::SkEd25519
            | Algorithm::SkEcdsaSha2NistP256
            | Algorithm::Ecdsa { curve: NistP256 }
    )
}

fn private_key(directory: &Path, key: &Path) -> Result<PrivateKey, Failure> {
    let text = std::fs::read(key)
        .map_err(|error| Failure::wrong_input(format!("--key {}: {error}", key.display())))?;
    let private = PrivateKey::from_openssh(&text)
        .map_err(|error| refused(directory, key, &error.to_string()))?;
    match private.is_encrypted() {
        true => Err(refused(directory, key, "has a passphrase")),
        false => Ok(private),
    }
}

/// What this program cannot sign with, `ssh-keygen` can.
fn refused(directory: &Path, key: &Path, why: &str) -> Failure {
    Failure::wrong_input(format!(
        "--key {key}: cannot sign with it: {why}\n  help: only Ed25519 and ECDSA P-256 keys as ssh-keygen \
         writes them, without a passphrase; with any other: ssh-keygen -Y sign -n {NAMESPACE} -f {key} \
         {bundle}",
        key = key.display(),
        bundle = directory.join(BUNDLE_FILE).display()
    ))
}

/// The files do not give their statement any more.
pub(crate) fn not_true(directory: &Path, wrong: &[String]) -> Failure {
    Failure {
        status: match directory.join(BUNDLE_FILE).exists() {
            true => exit::CHECK_FAILED,
            false => exit::WRONG_INPUT,
        },
        message: format!(
            "{}: {}\n  help: `replay verify` names every fault",
            directory.display(),
            wrong.join("; ")
        ),
    }
}
