//! The salt slot: a fixed-width place in bodies that a replay fills with words of its user's salt,
//! so that a second run of the same workload does not hit a server's prefix cache.
//!
//! The slot stands at the beginning of BLOB. What is in no file and no hash is the salt itself:
//! hashes are over the bodies as they stand, unsalted.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Most words in a slot: SHA-256 of a salt gives a number of 16 bits for each.
pub const MAX_SALT_COUNT: u32 = 16;
/// Most words to choose from: as many as 16 bits tell apart.
pub const MAX_SALT_WORDS: usize = 1 << 16;

/// What the slot of a workload may be filled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Salt {
    /// Words in the slot, with one space between two.
    pub count: u32,
    /// What each is chosen from: distinct words of equal length, their number a power of two.
    pub words: Vec<String>,
}

impl Salt {
    /// The rules of `WORKLOAD.md`, section 9. Errors name the key.
    pub fn check(&self) -> Result<(), String> {
        let (words, width) = (self.words.len(), self.word_bytes());
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let broken = match () {
            _ if !(1..=MAX_SALT_COUNT).contains(&self.count) => {
                format!("count is not of 1 to {MAX_SALT_COUNT}")
            }
            _ if !(2..=MAX_SALT_WORDS).contains(&words) || !words.is_power_of_two() => {
                format!("has {words} words, no power of two of 2 to {MAX_SALT_WORDS}")
            }
            _ if width == 0 || self.words.iter().any(|word| word.len() != width) => {
                "has words that are empty or not equally long".to_owned()
            }
            _ if !self.words.iter().all(|word| word.bytes().all(plain)) => {
                "has words of more than visible ASCII without quote and backslash".to_owned()
            }
            _ if self.words.iter().collect::<BTreeSet<_>>().len() != words => {
                "has a word twice".to_owned()
            }
            _ => return Ok(()),
        };
        Err(format!("salt {broken}"))
    }

    /// Length of each word in bytes.
    fn word_bytes(&self) -> usize {
        self.words.first().map_or(0, String::len)
    }

    /// The slot as it stands in BLOB: the first word throughout.
    pub fn unsalted(&self) -> String {
        let word = self.words.first().map_or("", String::as_str);
        vec![word; self.count as usize].join(" ")
    }

    /// The words that this text fills the slot with; joined by single spaces they are as long as
    /// [`Salt::unsalted`]. The salt has passed [`Salt::check`].
    pub fn chosen(&self, text: &str) -> Vec<&str> {
        let hash = Sha256::digest(text);
        hash.chunks_exact(2)
            .take(self.count as usize)
            .map(|pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])))
            .map(|number| &*self.words[number % self.words.len()])
            .collect()
    }

    /// What the leaf of the stage table says of it, appended to `out`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let numbers = [
            self.count,
            self.words.len() as u32,
            self.word_bytes() as u32,
        ];
        let numbers = numbers.into_iter().flat_map(u32::to_le_bytes);
        out.extend(numbers);
        self.words
            .iter()
            .for_each(|word| out.extend_from_slice(word.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salt(count: u32, words: &[&str]) -> Salt {
        Salt {
            count,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    #[test]
    fn every_salt_fills_the_slot_to_its_width() {
        let salt = salt(16, &["aa", "bb", "cc", "dd"]);
        salt.check().unwrap();
        let unsalted = salt.unsalted();
        assert_eq!(unsalted.len(), 16 * 2 + 15);
        let filled: BTreeSet<String> = (0..100)
            .map(|number| salt.chosen(&number.to_string()).join(" "))
            .collect();
        assert_eq!(filled.len(), 100);
        assert!(filled.iter().all(|text| text.len() == unsalted.len()));
        assert!(!filled.contains(&unsalted));
    }

    #[test]
    fn each_broken_rule_is_named() {
        salt(1, &["a", "b"]).check().unwrap();
        for (count, words, named) in [
            (0, &["a", "b"][..], "count is not of 1 to 16"),
            (17, &["a", "b"], "count is not of 1 to 16"),
            (1, &[], "0 words"),
            (1, &["a"], "1 words"),
            (1, &["a", "b", "c"], "3 words"),
            (1, &["a", "bc"], "equally long"),
            (1, &["", ""], "empty"),
            (1, &["a", "\""], "visible ASCII"),
            (1, &["a", "\\"], "visible ASCII"),
            (1, &["a", " "], "visible ASCII"),
            (1, &["a", "\u{7f}"], "visible ASCII"),
            (1, &["ä", "bb"], "visible ASCII"),
            (1, &["a", "a"], "twice"),
        ] {
            let error = salt(count, words).check().unwrap_err();
            assert!(error.contains(named), "{words:?}: {error}");
        }
    }
}
