//! A toy language model: each context has one favourite token, all others are alike.
//!
//! So temperature alone decides how flat a distribution is: at 0.7 the favourite has 83 %, at 2.0
//! it has 4.6 % and every other token 0.37 %. A function of the prompt, the position and the last
//! token, and of nothing else: no batch, no request's parameters, no time.

use crate::generator::mix;

/// Tokens that there are; ids are 0 to 255.
pub const VOCABULARY: u32 = 256;
/// How far the favourite's logit is above all others.
const LEAD: f64 = 5.0;

/// The model. It has no weights.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToyModel;

impl ToyModel {
    /// Writes the logits of all tokens for position `position` (from 0) of the answer to a prompt,
    /// after the token `last` ([`VOCABULARY`] where there is none). `out` has [`VOCABULARY`] places.
    pub fn logits(&self, prompt_hash: u64, position: u32, last: u32, out: &mut [f64]) {
        let context = mix(u64::from(position) << 32 | u64::from(last));
        let favourite = mix(prompt_hash ^ context) % u64::from(VOCABULARY);
        out.fill(0.0);
        out[usize::try_from(favourite).expect("an id is small")] = LEAD;
    }
}

/// The text of a token. No character of it is escaped in JSON.
pub fn text(token: u32) -> String {
    format!(" w{token:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::Row;
    use crate::softmax::{argmax, softmax};

    fn logits(prompt_hash: u64, position: u32, last: u32) -> Vec<f64> {
        let mut out = vec![7.0; VOCABULARY as usize];
        ToyModel.logits(prompt_hash, position, last, &mut out);
        out
    }

    #[test]
    fn the_favourite_follows_from_prompt_position_and_last_token() {
        let favourites = |f: &dyn Fn(u32) -> Vec<f64>| {
            let found: std::collections::BTreeSet<u32> = (0..64).map(|n| argmax(&f(n))).collect();
            found.len()
        };
        assert_eq!(logits(1, 2, 3), logits(1, 2, 3));
        assert!(favourites(&|n| logits(u64::from(n), 2, 3)) > 30);
        assert!(favourites(&|n| logits(1, n, 3)) > 30);
        assert!(favourites(&|n| logits(1, 2, n)) > 30);
    }

    #[test]
    fn temperature_decides_between_peaked_and_flat() {
        let logits = logits(1, 0, VOCABULARY);
        for (temperature, favourite, other) in [(0.7, 0.832, 0.00066), (2.0, 0.0456, 0.00374)] {
            let row = Row {
                id: "a",
                logits: &logits,
                temperature,
                seed: None,
            };
            let mut out = Vec::new();
            softmax(&[row], &mut out);
            out.sort_by(f64::total_cmp);
            assert!((out[255] - favourite).abs() < favourite / 100.0);
            assert!((out[0] - other).abs() < other / 100.0);
        }
    }

    #[test]
    fn every_token_is_one_word_that_json_has_as_it_is() {
        for token in 0..VOCABULARY {
            let text = text(token);
            assert_eq!(crate::words::count(&text), 1);
            let json = serde_json::to_string(&text).expect("a string");
            assert_eq!(json, format!("\"{text}\""));
        }
    }
}
