//! Looking into JSON without parsing it: the members of one object, found by passing over whatever
//! stands between them. Nothing is allocated and nothing is decoded.
//!
//! Strings are passed over as strings and containers as containers, so neither a text that quotes a
//! key nor a member of another object can be taken for the one that is asked for. Refuses to judge
//! whether the rest is JSON: what follows the value that was found is not looked at.

use memchr::{memchr2, memmem};

/// What stands in `object` from the value of its own member `key` on. `None` when there is no such
/// member, or when `object` is cut off or broken before it.
pub fn member<'d>(object: &'d [u8], key: &[u8]) -> Option<&'d [u8]> {
    let mut rest = object.trim_ascii_start().strip_prefix(b"{")?;
    loop {
        let (name, after) = string(rest.trim_ascii_start())?;
        let value = after_colon(after)?;
        if name == key {
            return Some(value);
        }
        rest = behind(value)?.trim_ascii_start().strip_prefix(b",")?;
    }
}

/// The member at the end of a path of members.
pub fn path<'d>(object: &'d [u8], keys: &[&[u8]]) -> Option<&'d [u8]> {
    keys.iter().try_fold(object, |at, key| member(at, key))
}

/// The last value of a member `key`, of whichever object, that `accept`s. For a response of which
/// only the end was kept: a quote inside of a string is escaped, so what this finds is a key.
pub fn last<'d>(
    data: &'d [u8],
    key_in_quotes: &[u8],
    accept: impl Fn(&[u8]) -> bool,
) -> Option<&'d [u8]> {
    memmem::rfind_iter(data, key_in_quotes)
        .filter_map(|at| after_colon(&data[at + key_in_quotes.len()..]))
        .find(|value| accept(value))
}

/// Whether a value is a string that is not empty.
pub fn is_text(value: &[u8]) -> bool {
    matches!(value, [b'"', next, ..] if *next != b'"')
}

/// Whether a value is this string, which has no character that JSON escapes.
pub fn is(value: &[u8], text: &[u8]) -> bool {
    string(value).is_some_and(|(found, _)| found == text)
}

/// What stands between the quotes of a string, escapes and all.
pub fn raw_text(value: &[u8]) -> Option<&[u8]> {
    string(value).map(|(text, _)| text)
}

/// A value that is a number of tokens.
pub fn number(value: &[u8]) -> Option<u32> {
    let end = value
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(value.len());
    std::str::from_utf8(&value[..end]).ok()?.parse().ok()
}

/// What stands behind a key and its colon.
pub fn after_colon(bytes: &[u8]) -> Option<&[u8]> {
    bytes
        .trim_ascii_start()
        .strip_prefix(b":")
        .map(<[u8]>::trim_ascii_start)
}

/// A string at the beginning of `bytes`: what is between its quotes, and what follows.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = bytes.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', &inside[at..])?;
        if inside[at] == b'"' {
            return Some((&inside[..at], &inside[at + 1..]));
        }
        // The backslash and what it escapes.
        at += 2;
        if at > inside.len() {
            return None;
        }
    }
}

/// What follows the value at the beginning of `bytes`.
fn behind(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.first()? {
        b'"' => string(bytes).map(|(_, after)| after),
        b'{' | b'[' => behind_container(bytes),
        _ => {
            let end = bytes
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']'))?;
            Some(&bytes[end..])
        }
    }
}

fn behind_container(mut bytes: &[u8]) -> Option<&[u8]> {
    let mut depth = 0usize;
    loop {
        let at = bytes
            .iter()
            .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))?;
        bytes = match bytes[at] {
            b'"' => string(&bytes[at..])?.1,
            byte => {
                // It begins with an opening bracket, so the depth is 1 or more at a closing one.
                depth = match byte {
                    b'{' | b'[' => depth + 1,
                    _ => depth - 1,
                };
                &bytes[at + 1..]
            }
        };
        if depth == 0 {
            return Some(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(object: &str, key: &str) -> Option<String> {
        let value = member(object.as_bytes(), key.as_bytes())?;
        let end = value.len() - behind(value)?.len();
        Some(String::from_utf8(value[..end].to_vec()).unwrap())
    }

    #[test]
    fn a_member_is_found_in_its_own_object_and_nowhere_else() {
        for (object, expected) in [
            (r#"{"k":1}"#, Some("1")),
            (r#" { "a" : [1,{"k":2}] , "k" : "x" } "#, Some("\"x\"")),
            (r#"{"a":{"k":1}}"#, None),
            (r#"{"a":"\"k\":1","k":null}"#, Some("null")),
            (r#"{"a":"\\","k":{"b":[]}}"#, Some(r#"{"b":[]}"#)),
            (r#"{"a":"}{][","k":true}"#, Some("true")),
            (r#"{"a":["]","\"]"],"k":[[]]}"#, Some("[[]]")),
            (r#"{"a":1}{"k":2}"#, None),
            (r#"[{"k":1}]"#, None),
            (r#"{}"#, None),
            (r#"{"a":"#, None),
            (r#"{"a":"\"#, None),
            (r#"{"k"#, None),
            ("", None),
        ] {
            assert_eq!(found(object, "k").as_deref(), expected, "{object}");
        }
    }

    #[test]
    fn the_last_value_that_fits_is_taken_and_texts_are_no_keys() {
        let object = |data: &'static str| {
            last(data.as_bytes(), b"\"usage\"", |value| {
                value.starts_with(b"{")
            })
            .is_some()
        };
        assert!(object(r#"tail","usage":{"a":1},"metadata":{"usage":"x"}}"#));
        assert!(!object(r#"tail \"usage\":{\"a\":1}"}"#));
        assert!(!object(r#"usage\":{\"a\":1}"}"#));
    }

    /// Any JSON, with texts full of what could be mistaken.
    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let text = prop::sample::select(vec![
            "k",
            "",
            "\"k\":1",
            "\\",
            "\\\"",
            "}",
            "]",
            "{\"k\":2}",
            "é\n",
        ]);
        let leaf = prop_oneof![
            text.clone().prop_map(serde_json::Value::from),
            any::<i32>().prop_map(serde_json::Value::from),
            any::<bool>().prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
        ];
        leaf.prop_recursive(3, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map(text.clone().prop_map(String::from), inner, 0..4)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        /// A parser finds the same member, or none.
        #[test]
        fn a_parser_agrees(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let parsed = found(&text, "k").map(|found| serde_json::from_str::<serde_json::Value>(found.trim()).unwrap());
            prop_assert_eq!(parsed.as_ref(), value.get("k"), "{}", text);
        }

        /// Whatever the bytes are, there is an answer.
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(prop::sample::select(b"{}[]\"\\:,k1 ".to_vec()), 0..40)) {
            let _ = member(&data, b"k");
        }
    }
}
