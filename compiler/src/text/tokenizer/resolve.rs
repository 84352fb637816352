//! From what a spec calls a tokenizer to a `tokenizer.json` on this machine.
//!
//! Looks at paths and at the local cache of the Hugging Face libraries; refuses to download.

use super::error::TokenizerError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The file in a folder or snapshot.
const FILE: &str = "tokenizer.json";

/// Looks up an environment variable.
type Env<'e> = &'e dyn Fn(&str) -> Option<OsString>;

/// Finds the file for inference-perf's `tokenizer.pretrained_model_name_or_path`: a file, a
/// folder with a `tokenizer.json` (both from the spec's folder, unless absolute), or else a
/// model in the cache as `huggingface_hub` lays it out: under `$HF_HUB_CACHE`, `$HF_HOME/hub`,
/// `$XDG_CACHE_HOME/huggingface/hub` or `$HOME/.cache/huggingface/hub`, whichever is set first.
/// There `refs/main` names the revision; without it, the only one is taken.
///
/// # Errors
/// [`TokenizerError::NotFound`] with every place looked at, or
/// [`TokenizerError::SeveralSnapshots`].
pub fn resolve(
    pretrained_model_name_or_path: &str,
    spec_directory: &Path,
    env: Env,
) -> Result<PathBuf, TokenizerError> {
    let named = pretrained_model_name_or_path;
    let mut looked = Vec::new();
    // An empty name would be the spec's own folder.
    if !named.trim().is_empty() {
        let path = spec_directory.join(named);
        for file in [path.join(FILE), path] {
            if file.is_file() {
                return Ok(file);
            }
            looked.push(file);
        }
        if let Some(hub) = hub(env)
            && let Some(model) = model_folder(named)
            && let Some(file) = cached(named, &hub.join(model), &mut looked)?
        {
            return Ok(file);
        }
    }
    Err(TokenizerError::NotFound {
        named: named.to_owned(),
        looked,
    })
}

/// The folder that the Hugging Face libraries download to.
fn hub(env: Env) -> Option<PathBuf> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let home = set("HOME").map(PathBuf::from);
    // As those libraries do, `~` is the home folder here too: no shell has seen a value that
    // comes from a service file.
    let folder = |name: &str| {
        let path = PathBuf::from(set(name)?);
        match (path.strip_prefix("~"), &home) {
            (Ok(rest), Some(home)) => Some(home.join(rest)),
            _ => Some(path),
        }
    };
    let under = |cache: PathBuf| cache.join("huggingface").join("hub");
    folder("HF_HUB_CACHE")
        .or_else(|| Some(folder("HF_HOME")?.join("hub")))
        .or_else(|| folder("XDG_CACHE_HOME").map(under))
        .or_else(|| home.as_ref().map(|home| under(home.join(".cache"))))
}

/// `org/name` or `name` as a folder of the cache; none for what can only be a path.
fn model_folder(named: &str) -> Option<String> {
    let parts: Vec<&str> = named.split('/').collect();
    let plain = |part: &&str| !part.is_empty() && !part.starts_with(['.', '~']);
    (parts.len() <= 2 && parts.iter().all(plain)).then(|| format!("models--{}", parts.join("--")))
}

/// The file of the revision that `refs/main` names, or of the only revision.
fn cached(
    named: &str,
    model: &Path,
    looked: &mut Vec<PathBuf>,
) -> Result<Option<PathBuf>, TokenizerError> {
    let snapshots = model.join("snapshots");
    if let Ok(revision) = std::fs::read_to_string(model.join("refs").join("main")) {
        let file = snapshots.join(revision.trim()).join(FILE);
        if file.is_file() {
            return Ok(Some(file));
        }
        looked.push(file);
        return Ok(None);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(&snapshots)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join(FILE)))
        .filter(|file| file.is_file())
        .collect();
    // A folder lists its entries in any order.
    files.sort_unstable();
    match files.len() {
        0 => looked.push(snapshots.join("*").join(FILE)),
        1 => return Ok(files.pop()),
        _ => {
            return Err(TokenizerError::SeveralSnapshots {
                named: named.to_owned(),
                snapshots: files,
            });
        }
    }
    Ok(None)
}
