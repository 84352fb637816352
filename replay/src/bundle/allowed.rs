//! Files of allowed signers, as ssh-keygen(1) describes them: on each line principals, options, a key.
//!
//! Refuses to use lines whose options it cannot hold a signature against (`cert-authority`,
//! `valid-after`, `valid-before`), and tells which.

use ssh_key::PublicKey;
use ssh_key::public::KeyData;
use std::path::{Path, PathBuf};

/// The lines of such files.
#[derive(Debug, Default)]
pub struct AllowedSigners {
    lines: Vec<Line>,
    /// Places of lines that cannot be used, and why.
    unused: Vec<String>,
}

#[derive(Debug)]
struct Line {
    place: String,
    /// Patterns that name somebody, without those that exclude (`!…`); at least one.
    principals: Vec<String>,
    options: Vec<(String, Option<String>)>,
    key: KeyData,
}

impl AllowedSigners {
    /// Reads all files. A line that cannot be read is passed over, and told if no other fits.
    pub fn read(files: &[PathBuf]) -> Result<Self, String> {
        let mut signers = AllowedSigners::default();
        for file in files {
            let text = std::fs::read(file)
                .map_err(|error| format!("allowed signers {}: {error}", file.display()))?;
            signers.add(file, &String::from_utf8_lossy(&text));
        }
        Ok(signers)
    }

    fn add(&mut self, file: &Path, text: &str) {
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = format!("{}:{number}", file.display());
            match parse(line, &place) {
                Ok(line) => self.lines.push(line),
                Err(why) => self.unused.push(format!("{place}: {why}")),
            }
        }
    }

    /// Principals that a key may sign for in a namespace; an error says why there is none.
    pub fn principals(&self, key: &KeyData, namespace: &str) -> Result<Vec<String>, String> {
        let mut principals: Vec<String> = Vec::new();
        let mut unused = Vec::new();
        for line in self.lines.iter().filter(|line| line.key == *key) {
            match line.refuses(namespace) {
                Some(why) => unused.push(format!("{}: {why}", line.place)),
                None => principals.extend(line.principals.iter().cloned()),
            }
        }
        if !principals.is_empty() {
            return Ok(principals);
        }
        unused.extend(self.unused.iter().cloned());
        Err(match unused.is_empty() {
            true => "is none of the allowed signers".to_owned(),
            false => format!(
                "is none of the allowed signers; not used were {}",
                unused.join("; ")
            ),
        })
    }
}

impl Line {
    /// Why this line cannot vouch for a signature in a namespace.
    fn refuses(&self, namespace: &str) -> Option<String> {
        self.options
            .iter()
            .find_map(|(name, value)| match name.as_str() {
                "namespaces" => {
                    let patterns = value.as_deref().unwrap_or_default();
                    (!is_listed(namespace, patterns))
                        .then(|| format!("its namespaces are {patterns:?}"))
                }
                other => Some(format!("{other} is not understood here")),
            })
    }
}

fn parse(line: &str, place: &str) -> Result<Line, String> {
    let (principals, rest) = word(line);
    let principals: Vec<String> = principals
        .trim_matches('"')
        .split(',')
        .filter(|principal| !principal.is_empty() && !principal.starts_with('!'))
        .map(str::to_owned)
        .collect();
    let (first, rest) = word(rest);
    let (second, rest) = word(rest);
    let key = |kind: &str, base64: &str| PublicKey::from_openssh(&format!("{kind} {base64}"));
    // What is no key begins with options.
    let (options, key) = match key(first, second) {
        Ok(key) => (Vec::new(), key),
        Err(_) => {
            let key = key(second, word(rest).0).map_err(|_| "no key is read in it")?;
            (options(first), key)
        }
    };
    if principals.is_empty() {
        return Err("names no principal".to_owned());
    }
    Ok(Line {
        place: place.to_owned(),
        principals,
        options,
        key: key.key_data().clone(),
    })
}

/// The text up to the first blank outside quotes, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let end = unquoted(text, |c| c.is_ascii_whitespace()).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// Place of the first character outside quotes that `is_wanted`.
fn unquoted(text: &str, is_wanted: impl Fn(char) -> bool) -> Option<usize> {
    let mut is_quoted = false;
    text.char_indices().find_map(|(place, c)| {
        is_quoted ^= c == '"';
        (!is_quoted && is_wanted(c)).then_some(place)
    })
}

/// Options with their values, split at commas outside quotes; names are not case-sensitive.
fn options(mut text: &str) -> Vec<(String, Option<String>)> {
    let mut options = Vec::new();
    while !text.is_empty() {
        let end = unquoted(text, |c| c == ',').unwrap_or(text.len());
        let (name, value) = match text[..end].split_once('=') {
            Some((name, value)) => (name, Some(value.trim_matches('"').to_owned())),
            None => (&text[..end], None),
        };
        options.push((name.to_ascii_lowercase(), value));
        text = text.get(end + 1..).unwrap_or_default();
    }
    options
}

/// Whether a list of patterns names something: one does, and none with a `!` in front does (PATTERNS in
/// ssh_config(5)).
fn is_listed(name: &str, patterns: &str) -> bool {
    let mut is_listed = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(pattern.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => is_listed |= matches(pattern.as_bytes(), name.as_bytes()),
        }
    }
    is_listed
}

/// `*` stands for any characters, `?` for one.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            matches(rest, name) || name.split_first().is_some_and(|(_, n)| matches(pattern, n))
        }
        (Some((b'?', rest)), Some((_, name))) => matches(rest, name),
        (Some((wanted, rest)), Some((found, name))) => wanted == found && matches(rest, name),
        _ => false,
    }
}
