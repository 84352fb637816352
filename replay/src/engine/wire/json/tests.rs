use super::*;
use proptest::prelude::*;

/// The last member `k` of the object itself, if the text is whole.
fn found(object: &str) -> Result<Option<String>, Broken> {
    let mut value = None;
    document(object.as_bytes(), |key, at| {
        let from = at.rest;
        at.skip()?;
        if key == b"k" {
            let passed = &from[..from.len() - at.rest.len()];
            value = Some(String::from_utf8_lossy(passed).into_owned());
        }
        Ok(())
    })?;
    Ok(value)
}

#[test]
fn a_member_is_found_in_its_own_object_and_nowhere_else() {
    for (object, expected) in [
        (r#"{"k":1}"#, Ok(Some("1"))),
        (r#" { "a" : [1,{"k":2}] , "k" : "x" } "#, Ok(Some("\"x\""))),
        (r#"[{"k":1}]"#, Ok(Some("1"))),
        (r#"{"a":{"k":1}}"#, Ok(None)),
        (r#"{"a":"\"k\":1","k":null}"#, Ok(Some("null"))),
        (r#"{"a":"\\","k":{"b":[]}}"#, Ok(Some(r#"{"b":[]}"#))),
        (r#"{"a":"}{][","k":NaN}"#, Ok(Some("NaN"))),
        (r#"{"a":["]","\"]"],"k":[[]]}"#, Ok(Some("[[]]"))),
        (r#"{}"#, Ok(None)),
        (r#"[]"#, Ok(None)),
        (r#"[1,"{",[]]"#, Ok(None)),
        (r#"{"k":1}{"k":2}"#, Err(Broken)),
        (r#"{"k":1"#, Err(Broken)),
        (r#"{"k":1]"#, Err(Broken)),
        (r#"{"k":}"#, Err(Broken)),
        (r#"{"k":1,}"#, Err(Broken)),
        (r#"{"k" 1}"#, Err(Broken)),
        (r#"{"k":1 2}"#, Err(Broken)),
        (r#"{"a":"\"#, Err(Broken)),
        (r#"{"k"#, Err(Broken)),
        (r#"{k:1}"#, Err(Broken)),
        (r#"{garbage}"#, Err(Broken)),
        (r#"[DONE]"#, Ok(None)),
        (r#""{}""#, Err(Broken)),
        ("null", Err(Broken)),
        ("<html>", Err(Broken)),
        ("", Err(Broken)),
    ] {
        let found = found(object);
        assert_eq!(
            found.as_ref().map(Option::as_deref),
            expected.as_ref().map(|e| *e),
            "{object}"
        );
    }
}

#[test]
fn values_are_what_they_are() {
    let value = |text: &'static str| Cursor::new(text.as_bytes());
    for (text, is) in [
        ("\"a\"", Text::Some),
        ("\"\"", Text::Empty),
        ("null", Text::None),
        ("[1]", Text::Some),
        ("[]", Text::None),
        ("{}", Text::None),
    ] {
        assert_eq!(value(text).text(), Ok(is), "{text}");
    }
    for (text, is) in [
        ("{}", true),
        ("\"a\"", true),
        ("\"\"", false),
        ("null", false),
        ("[]", false),
    ] {
        assert_eq!(value(text).is_report(), Ok(is), "{text}");
    }
    for (text, is) in [
        ("12,", Some(12)),
        ("4294967296", None),
        ("-1", None),
        ("1.5", None),
        ("null", None),
        ("\"1\"", None),
        ("{}", None),
    ] {
        assert_eq!(value(text).number(), Ok(is), "{text}");
    }
}

#[test]
fn the_last_object_is_taken_and_texts_are_no_keys() {
    let object = |data: &'static str| last_object(data.as_bytes(), b"\"usage\"").is_some();
    assert!(object(
        r#"tail","usage": {"a":1},"metadata":{"usage":"x"}}"#
    ));
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
    /// A parser finds the same member, or none; and a text that is cut off is never whole.
    #[test]
    fn a_parser_agrees(value in any_json(), pretty in any::<bool>(), cut in any::<prop::sample::Index>()) {
        prop_assume!(value.is_object());
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let parsed = found(&text).expect("it is whole");
        let parsed = parsed.map(|found| serde_json::from_str::<serde_json::Value>(&found).unwrap());
        prop_assert_eq!(parsed.as_ref(), value.get("k"), "{}", text);
        let cut = &text.as_bytes()[..cut.index(text.len())];
        prop_assert_eq!(document(cut, |_, at| at.skip()), Err(Broken));
    }

    /// Whatever the bytes are, there is an answer.
    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(prop::sample::select(b"{}[]\"\\:,k1 ".to_vec()), 0..40)) {
        let _ = document(&data, |_, at| at.text().map(|_| ()));
        let _ = document(&data, |_, at| at.number().map(|_| ()));
        let _ = document(&data, |_, at| at.object(|_, at| at.is_list().map(|_| ())));
    }
}

proptest! {
    #[test]
    fn the_border_of_a_string_is_the_first_quote_or_backslash(
        bytes in prop::collection::vec(prop_oneof![8 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'!'), 1 => Just(b'\\')], 0..150),
    ) {
        let naive = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        prop_assert_eq!(border(&bytes), naive);
    }

    #[test]
    fn a_border_far_away_is_found(ahead in 0usize..200, behind in 0usize..20) {
        let bytes = [vec![b'#'; ahead], vec![b'"'], vec![b'\\'; behind]].concat();
        prop_assert_eq!(border(&bytes), Some(ahead));
        prop_assert_eq!(border(&bytes[..ahead]), None);
    }
}
