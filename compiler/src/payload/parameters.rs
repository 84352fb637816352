//! Sampling parameters as fields of a body, named as OpenAI and vLLM do.

use crate::plan::sampling::Sampled;
use std::fmt::Write;

/// Millionths in one.
pub const MICRO: u64 = 1_000_000;

/// Appends the fields, each with a comma in front; nothing if there are none.
pub fn append(sampled: &Sampled, out: &mut String) {
    let decimals = [
        ("temperature", sampled.temperature),
        ("top_p", sampled.top_p),
    ];
    for (name, millionths) in decimals {
        if let Some(millionths) = millionths {
            append_decimal(name, millionths, out);
        }
    }
    if let Some(tokens) = sampled.top_k {
        write!(out, r#","top_k":{tokens}"#).expect("a String takes everything");
    }
    if let Some(seed) = sampled.seed {
        write!(out, r#","seed":{seed}"#).expect("a String takes everything");
    }
}

/// `1500000` as `1.5`, `0` as `0.0`: a decimal number, so that no reader takes it for an integer.
fn append_decimal(name: &str, millionths: u64, out: &mut String) {
    let (whole, rest) = (millionths / MICRO, millionths % MICRO);
    let digits = format!("{rest:06}");
    let digits = digits.trim_end_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    write!(out, r#","{name}":{whole}.{digits}"#).expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_what_is_absent_is_not_sent() {
        let mut text = String::new();
        append(&Sampled::default(), &mut text);
        assert_eq!(text, "");
        let sampled = Sampled {
            temperature: Some(700_000),
            top_p: Some(1_000_000),
            top_k: Some(40),
            seed: Some(9_007_199_254_740_991),
        };
        append(&sampled, &mut text);
        assert_eq!(
            text,
            r#","temperature":0.7,"top_p":1.0,"top_k":40,"seed":9007199254740991"#
        );
        text.clear();
        let all = Sampled {
            top_k: Some(-1),
            ..Sampled::default()
        };
        append(&all, &mut text);
        assert_eq!(text, r#","top_k":-1"#);
        text.clear();
        append_decimal("temperature", 1, &mut text);
        append_decimal("temperature", 2_000_010, &mut text);
        append_decimal("temperature", 0, &mut text);
        assert_eq!(
            text,
            r#","temperature":0.000001,"temperature":2.00001,"temperature":0.0"#
        );
    }
}
