//! Text as JSON holds it, and where each of its places went. Everything that is put into a body as
//! text is escaped here, once.

/// A JSON string, with its quotes.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}

/// `text` as it stands between the quotes of a JSON string.
pub fn escaped(text: &str) -> String {
    let mut quoted = quoted(text);
    quoted.pop();
    quoted.remove(0);
    quoted
}

/// Where the ascending places `at` of `text` are in [`escaped`]`(text)`.
///
/// Every character is escaped by itself, so places keep their order and slices stay slices.
pub fn places(text: &str, at: &[u32]) -> Vec<u32> {
    let bytes = text.as_bytes();
    let mut done = 0;
    let mut length = 0;
    let place = |at: &u32| {
        length += bytes[done..*at as usize]
            .iter()
            .map(|byte| width(*byte))
            .sum::<u32>();
        done = *at as usize;
        length
    };
    at.iter().map(place).collect()
}

/// Bytes that a byte becomes.
fn width(byte: u8) -> u32 {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn slices_of_escaped_text_are_the_escaped_slices(text in "(?s)[\\x00-\\x22\\\\a🚀\\x7f]{0,40}") {
            let at: Vec<u32> = text.char_indices().map(|(at, _)| at as u32).collect();
            let places = places(&text, &at);
            let all = escaped(&text);
            prop_assert_eq!(&serde_json::from_str::<String>(&format!("\"{all}\"")).unwrap(), &text);
            for i in 1..at.len() {
                let slice = escaped(&text[at[i - 1] as usize..at[i] as usize]);
                prop_assert_eq!(&all[places[i - 1] as usize..places[i] as usize], slice);
            }
        }
    }
}
