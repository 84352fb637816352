//! From what stands between the quotes of a server's JSON string to what a workload's bodies have
//! there (WORKLOAD.md, section 3). What is no text becomes U+FFFD: a surrogate without its other
//! half, an escape that JSON does not have, bytes that are not UTF-8.

use memchr::memchr;

/// Stands for what is no text.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a string, escaped once more.
pub fn append_escaped(mut raw: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr(b'\\', raw) {
        append_bytes(&raw[..at], out);
        let (character, passed) = unescape(&raw[at + 1..]);
        append_character(character, out);
        raw = &raw[at + 1 + passed..];
    }
    append_bytes(raw, out);
}

/// What the escape behind a backslash stands for, and how many bytes it has.
fn unescape(escape: &[u8]) -> (char, usize) {
    let character = match escape.first() {
        None => return (REPLACEMENT, 0),
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unescape_unit(escape),
        Some(_) => REPLACEMENT,
    };
    (character, 1)
}

/// A character by the number of its UTF-16 unit, or of two units, each with an escape of its own.
fn unescape_unit(escape: &[u8]) -> (char, usize) {
    let Some(unit) = unit(escape) else {
        return (REPLACEMENT, 1);
    };
    let next = escape.get(5..).and_then(|rest| rest.strip_prefix(b"\\"));
    let units = [unit, next.and_then(self::unit).unwrap_or(0)];
    match char::decode_utf16(units).next() {
        Some(Ok(character)) => (character, if character > '\u{ffff}' { 11 } else { 5 }),
        _ => (REPLACEMENT, 5),
    }
}

/// The unit of `uXXXX`.
fn unit(escape: &[u8]) -> Option<u16> {
    let digits = escape.strip_prefix(b"u")?.get(..4)?;
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let number = digits
        .iter()
        .try_fold(0, |number, digit| Some(number * 16 + value(digit)?))?;
    u16::try_from(number).ok()
}

/// Appends bytes that have no escape in them.
fn append_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            append_character(character, out);
        }
        if !chunk.invalid().is_empty() {
            append_character(REPLACEMENT, out);
        }
    }
}

fn append_character(character: char, out: &mut Vec<u8>) {
    match character {
        '"' | '\\' => out.extend([b'\\', character as u8]),
        '\0'..='\u{1f}' => {
            let byte = character as u8;
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend(digits);
        }
        _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(raw: &[u8]) -> String {
        let mut out = Vec::new();
        append_escaped(raw, &mut out);
        String::from_utf8(out).expect("an escaped text is UTF-8")
    }

    #[test]
    fn texts_are_escaped_in_the_one_way() {
        for (raw, expected) in [
            (&br"a b"[..], "a b"),
            (br#"\"\\\/"#, r#"\"\\/"#),
            (br"\b\f\n\r\t", r"\u0008\u000c\u000a\u000d\u0009"),
            (br"\u0041\u00e9\u00E9\u20ac", "A\u{e9}\u{e9}\u{20ac}"),
            (br"\u0000\u001F\u007f", "\\u0000\\u001f\u{7f}"),
            ("é€😀".as_bytes(), "é€😀"),
            (br"\ud83d\ude00", "😀"),
            // Halves, in any order, and what follows them is not lost.
            (br"\ud83d", "\u{fffd}"),
            (br"\ude00x", "\u{fffd}x"),
            (br"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (br"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (br"\ud83d\n", "\u{fffd}\\u000a"),
            (br"\ud83dA", "\u{fffd}A"),
            // What JSON has not.
            (b"a\nb\"", r#"a\u000ab\""#),
            (br"\x\u12", "\u{fffd}\u{fffd}12"),
            (br"\u+123", "\u{fffd}+123"),
            (b"\\", "\u{fffd}"),
            (b"a\xffb\xf0\x9f\x98c", "a\u{fffd}b\u{fffd}c"),
        ] {
            assert_eq!(
                escaped(raw),
                expected,
                "{:?}",
                raw.escape_ascii().to_string()
            );
        }
    }

    /// A JSON string of these units, each escaped or not as `how` says.
    fn written(units: &[u16], how: &[bool]) -> Vec<u8> {
        let mut out = String::new();
        let mut place = 0;
        for decoded in char::decode_utf16(units.iter().copied()) {
            let escape = how[place % how.len()];
            match decoded {
                Ok(character)
                    if !escape && character >= ' ' && !['"', '\\'].contains(&character) =>
                {
                    out.push(character);
                    place += character.len_utf16();
                }
                Ok(character) => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        out += &format!("\\u{unit:04x}");
                        place += 1;
                    }
                }
                Err(half) => {
                    out += &format!("\\u{:04X}", half.unpaired_surrogate());
                    place += 1;
                }
            }
        }
        out.into_bytes()
    }

    fn any_unit() -> impl Strategy<Value = u16> {
        prop_oneof![
            0..0x80u16,
            Just(u16::from(b'\\')),
            Just(u16::from(b'"')),
            0xd800..0xe000u16,
            any::<u16>(),
        ]
    }

    proptest! {
        /// However a server writes a text, a parser reads the same from what is made of it; there is
        /// one way to write it; halves of characters are replaced.
        #[test]
        fn a_parser_reads_the_same_text(
            units in prop::collection::vec(any_unit(), 0..40),
            how in prop::collection::vec(any::<bool>(), 1..8),
        ) {
            let once = escaped(&written(&units, &how));
            let text: String = serde_json::from_str(&format!("\"{once}\"")).unwrap();
            prop_assert_eq!(&text, &String::from_utf16_lossy(&units));
            prop_assert_eq!(&escaped(&written(&units, &[true])), &once);
            prop_assert_eq!(&escaped(once.as_bytes()), &once);
            let plain = once.replace("\\\\", "").replace("\\\"", "").replace("\\u00", "");
            prop_assert!(!plain.contains(['\\', '"']) && plain.chars().all(|c| c >= ' '), "{}", once);
        }

        /// What serde_json writes is read back to what it wrote.
        #[test]
        fn a_writer_is_understood(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let once = escaped(&json.as_bytes()[1..json.len() - 1]);
            prop_assert_eq!(serde_json::from_str::<String>(&format!("\"{once}\"")).unwrap(), text);
        }

        /// Whatever the bytes are, the result is within a JSON string.
        #[test]
        fn any_bytes_make_a_string(raw in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\\ud8dcD8DCn\"".to_vec())], 0..40)) {
            let once = escaped(&raw);
            let string = format!("\"{once}\"");
            prop_assert!(serde_json::from_str::<String>(&string).is_ok(), "{}", once);
        }
    }
}
