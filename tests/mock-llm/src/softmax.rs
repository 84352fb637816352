//! From logits to probabilities, for all sampled rows of a batch in one pass.
//!
//! A row's probabilities depend on its own logits and temperature alone, to the last bit: what a
//! kernel on a GPU may owe to the shape of the batch, this does not.

use crate::sampler::Row;

/// Fills `out` with the probabilities of every row whose temperature is above 0, one row behind
/// the other; rows of temperature 0 are left out.
pub fn softmax(rows: &[Row<'_>], out: &mut Vec<f64>) {
    out.clear();
    for row in rows.iter().filter(|row| row.temperature > 0.0) {
        let begin = out.len();
        out.extend_from_slice(row.logits);
        normalise(&mut out[begin..], row.temperature);
    }
}

/// The greatest logit is taken off first, so that nothing overflows.
fn normalise(row: &mut [f64], temperature: f64) {
    let mut greatest = f64::NEG_INFINITY;
    for logit in row.iter() {
        if *logit > greatest {
            greatest = *logit;
        }
    }
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = libm::exp((*value - greatest) / temperature);
        sum += *value;
    }
    for value in row.iter_mut() {
        *value /= sum;
    }
}

/// The token with the greatest logit; of equal ones the lowest id.
pub fn argmax(logits: &[f64]) -> u32 {
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = token;
        }
    }
    u32::try_from(best).expect("token ids are small")
}

/// The token in whose share of [0, 1) a uniform number lies.
pub fn pick(probabilities: &[f64], uniform: f64) -> u32 {
    let mut sum = 0.0;
    let mut last = 0;
    for (token, probability) in probabilities.iter().enumerate() {
        if *probability > 0.0 {
            last = token;
            sum += probability;
            if uniform < sum {
                break;
            }
        }
    }
    // The sum can be rounded to a little less than 1: what is left is the last token's.
    u32::try_from(last).expect("token ids are small")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(logits: &[f64], temperature: f64) -> Row<'_> {
        Row {
            id: "a",
            logits,
            temperature,
            seed: None,
        }
    }

    #[test]
    fn probabilities_are_those_of_the_textbook() {
        let mut out = Vec::new();
        let high = [1000.0, 1000.0 + libm::log(3.0)];
        let rows = [
            row(&[0.0, 0.0, 0.0, 0.0], 1.0),
            row(&[1.0, 9.0], 0.0),
            row(&high, 1.0),
        ];
        softmax(&rows, &mut out);
        assert_eq!(out[..4], [0.25; 4]);
        assert_eq!(out.len(), 6, "a row of temperature 0 has none");
        assert!((out[4] - 0.25).abs() < 1e-12 && (out[5] - 0.75).abs() < 1e-12);
        softmax(&[row(&[0.0, 1.0], 1e-300)], &mut out);
        assert_eq!(out, [0.0, 1.0]);
    }

    #[test]
    fn of_equal_logits_the_lowest_token_wins() {
        assert_eq!(argmax(&[1.0, 3.0, 3.0, 2.0]), 1);
        assert_eq!(argmax(&[0.0; 4]), 0);
    }

    #[test]
    fn a_number_picks_the_token_whose_share_it_lies_in() {
        let shares = [0.25, 0.0, 0.5, 0.25, 0.0];
        for (uniform, token) in [(0.0, 0), (0.2499, 0), (0.25, 2), (0.7499, 2), (0.75, 3)] {
            assert_eq!(pick(&shares, uniform), token, "{uniform}");
        }
        assert_eq!(pick(&[0.5, 0.25, 0.0], 0.99), 1, "never one of no share");
    }
}
