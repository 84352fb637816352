//! The words that a salt slot can be filled with: of equal length, each one token wherever it
//! stands, so that no salt moves a byte or a count.

use schemas::salt::Salt;

/// Words in a slot.
pub const SALT_TOKENS: u32 = 4;
/// Words to choose each from, at most.
const CHOICES: usize = 256;

/// The slot for a vocabulary of one-token words, from frequent to rare: the most frequent words of
/// the length, in letters, that has most of them up to `CHOICES`, the shorter if two do. None if
/// no two words are equally long.
pub fn salt(words: &[String]) -> Option<Salt> {
    let longest = words.iter().map(String::len).max()?;
    let of_length = |length: usize| words.iter().filter(move |word| word.len() == length);
    let best = (1..=longest).rev().max_by_key(|&length| {
        // Four letters are the length of a word; shorter ones are syllables.
        (
            of_length(length).count().min(CHOICES),
            length >= 4,
            std::cmp::Reverse(length),
        )
    })?;
    let choices = of_length(best).count().min(CHOICES);
    let choices = choices.checked_ilog2().filter(|bits| *bits > 0)?;
    Some(Salt {
        count: SALT_TOKENS,
        words: of_length(best).take(1 << choices).cloned().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_equally_long_and_their_number_a_power_of_two() {
        let words = ["an", "tree", "of", "lake", "rock", "to", "is", "banana"];
        let words = words.map(str::to_owned);
        let slot = salt(&words).unwrap();
        assert_eq!(slot.words, ["an", "of", "to", "is"]);
        slot.check().unwrap();
        assert_eq!(salt(&words[..2]), None);
        assert_eq!(salt(&[]), None);
    }
}
