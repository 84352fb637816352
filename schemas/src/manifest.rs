//! How a workload came to be: everything that `wlc reproduce` needs and an auditor asks for.
//!
//! Canonical JSON: UTF-8, keys sorted by code point, no white space, integers only. Refuses on
//! purpose what would break "same inputs, same bytes": host name, wall time, user, path of the
//! working directory.

pub use crate::hints::{Hints, Progression, SloHint, SweepHints};
pub use crate::salt::Salt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The MANIFEST section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The program that wrote the file.
    pub compiler: Compiler,
    /// The seed that was used, whether given or drawn from the operating system.
    pub seed: u64,
    /// What was asked for.
    pub spec: SpecSource,
    /// The server family whose extensions the bodies use, if any: `vllm`, `sglang`, `tgi`.
    pub server: Option<String>,
    /// Names of the spec's populations, in its order; empty when it has none.
    pub populations: Vec<String>,
    /// What the spec recommends to the replay.
    pub hints: Hints,
    /// Every other file that the spec or a data set names.
    pub inputs: Vec<InputFile>,
    /// Every trace that was read.
    pub traces: Vec<TraceSource>,
    /// Every data set that was read, each once.
    pub data_sets: Vec<DataSetSource>,
    /// What token counts mean.
    pub tokenizer: Tokenizer,
    /// The texts that prompts are cut from, each once.
    pub corpora: Vec<Corpus>,
    /// The encoders of images and audio and their versions, if any are sent.
    pub media: Option<String>,
    /// The randomness that was used.
    pub rng: Rng,
    /// What the salt slot may be filled with; null when the workload has none.
    pub salt: Option<Salt>,
}

/// The program that wrote the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compiler {
    /// Program name.
    pub name: String,
    /// Release of the program.
    pub version: String,
    /// Version of the algorithms: programs with equal numbers make equal bytes.
    pub algorithm: u32,
}

/// The spec, verbatim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecSource {
    /// The YAML text as it was read.
    pub text: String,
    /// SHA-256 of `text`, hexadecimal.
    pub sha256: String,
    /// `--set` overrides, in order.
    pub sets: Vec<String>,
}

/// A trace, by content and with every row accounted for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceSource {
    /// The file as the spec names it.
    pub file: String,
    /// The format as the spec names it.
    pub format: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Data rows read; `rows_read = emitted + sum of dropped`.
    pub rows_read: u64,
    /// Rows that were used: each became a request in each pass.
    pub emitted: u64,
    /// Times that the rows were played, one pass behind the other; 1 is once.
    pub passes: u64,
    /// Rows left out, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Rows that stood before an earlier one and were sorted.
    pub inversions: u64,
    /// Rows used that name an earlier one which was not used: their conversation begins with them.
    pub unlinked: u64,
    /// Columns of the file that nothing was made of, in its order.
    pub ignored_columns: Vec<String>,
}

/// A data set with every row accounted for. Its files are among the inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSetSource {
    /// The file or directory as the spec names it.
    pub path: String,
    /// The format as the spec names it.
    #[serde(rename = "type")]
    pub kind: String,
    /// Lines, or elements of the array; `rows = kept + sum of left_out`.
    pub rows: u64,
    /// Rows that became requests or parts of them.
    pub kept: u64,
    /// Rows left out, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// Conversations, or lines of pools, that requests can be made of.
    pub conversations: u64,
}

/// A file that the spec or a data set names and that is no trace, such as a histogram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputFile {
    /// The file as the spec names it; one that a data set names, seen from the same place.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Length of the file in bytes.
    pub bytes: u64,
}

/// What token counts mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokenizer {
    /// Name of the vocabulary.
    pub name: String,
    /// Library and version that counted.
    pub library: String,
    /// SHA-256 of the tokenizer file, hexadecimal; null for a vocabulary inside the library.
    pub sha256: Option<String>,
    /// Tokens that the server's chat template is taken to add; counted as input tokens.
    pub template_overhead: TemplateOverhead,
}

/// Tokens beside the text of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateOverhead {
    /// Once to a request.
    pub request: u32,
    /// To each message.
    pub message: u32,
}

/// A text that prompts are cut from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpus {
    /// `words`, `random`, `code`, or the file as the spec names it.
    pub name: String,
    /// Places at which prompts are cut: of `words` each word, which is one token; of `random` none.
    pub parts: u64,
    /// Distinct one-token words of the tokenizer.
    pub vocabulary_words: u64,
    /// SHA-256 of the corpus text, hexadecimal.
    pub sha256: String,
}

/// The randomness that was used (RANDOMNESS.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rng {
    /// Generator and key rule.
    pub algorithm: String,
    /// Identifiers that were drawn from, sorted.
    pub identifiers: Vec<String>,
}

impl Manifest {
    /// The canonical bytes.
    pub fn to_canonical_json(&self) -> Vec<u8> {
        // serde_json's `Value` keeps its keys in a BTreeMap: sorted by code point.
        let value = serde_json::to_value(self).expect("a manifest holds only JSON types");
        value.to_string().into_bytes()
    }

    /// Reads canonical bytes; any other spelling of the same JSON is refused, as are hints that
    /// cannot be followed and salts that do not fill their slot.
    pub fn from_canonical_json(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Manifest =
            serde_json::from_slice(bytes).map_err(|error| format!("not a manifest: {error}"))?;
        if manifest.to_canonical_json() != bytes {
            let what = "not canonical JSON: keys out of order, white space or another spelling";
            return Err(what.into());
        }
        manifest.hints.check()?;
        manifest.salt.as_ref().map_or(Ok(()), Salt::check)?;
        Ok(manifest)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn example() -> Manifest {
        Manifest {
            compiler: Compiler {
                name: "wlc".into(),
                version: "0.1.0".into(),
                algorithm: 1,
            },
            seed: 42,
            spec: SpecSource {
                text: "seed: 42\n".into(),
                sha256: "00".into(),
                sets: vec![],
            },
            server: None,
            populations: vec![],
            hints: Hints::default(),
            inputs: vec![],
            traces: vec![],
            data_sets: vec![],
            tokenizer: Tokenizer {
                name: "o200k_base".into(),
                library: "x".into(),
                sha256: None,
                template_overhead: TemplateOverhead::default(),
            },
            corpora: vec![Corpus {
                name: "words".into(),
                parts: 1,
                vocabulary_words: 1,
                sha256: "00".into(),
            }],
            media: None,
            rng: Rng {
                algorithm: "chacha12".into(),
                identifiers: vec![],
            },
            salt: None,
        }
    }

    #[test]
    fn canonical_bytes_are_sorted_and_come_back_equal() {
        let bytes = example().to_canonical_json();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.starts_with(
            r#"{"compiler":{"algorithm":1,"name":"wlc","version":"0.1.0"},"corpora":"#
        ));
        assert_eq!(Manifest::from_canonical_json(&bytes).unwrap(), example());
    }

    #[test]
    fn an_absent_hint_is_written_as_null_and_may_not_be_left_out() {
        let text = String::from_utf8(example().to_canonical_json()).unwrap();
        let hint = r#","workers":null"#;
        assert!(text.contains(hint));
        Manifest::from_canonical_json(text.replace(hint, "").as_bytes()).unwrap_err();
    }

    #[test]
    fn a_hint_that_cannot_be_followed_is_refused() {
        let mut manifest = example();
        manifest.hints.workers = Some(0);
        let error = Manifest::from_canonical_json(&manifest.to_canonical_json()).unwrap_err();
        assert_eq!(error, "hints.workers is zero");
    }

    #[test]
    fn another_spelling_of_the_same_json_is_refused() {
        let spaced = String::from_utf8(example().to_canonical_json())
            .unwrap()
            .replace(":42", ": 42");
        assert!(
            Manifest::from_canonical_json(spaced.as_bytes())
                .unwrap_err()
                .contains("canonical")
        );
    }
}
