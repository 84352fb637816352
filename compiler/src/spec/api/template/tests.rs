use super::*;

fn parse(text: &str) -> Result<Vec<Piece>, (u64, u64, String, String)> {
    let parsed = Template::parse(text, true);
    parsed.map(|template| template.pieces).map_err(|fault| {
        let (line, column) = position(text, fault.at);
        (line, column, fault.what, fault.remedy)
    })
}

fn fixed(text: &str) -> Piece {
    Piece::Fixed(text.to_owned())
}

#[test]
fn slots_stand_in_any_order() {
    let pieces = parse(
        r#"{"n": {{output_tokens}}, "q": "say {{prompt}}!", "m": "{{ model }}", "s": {{stream}}}"#,
    );
    let expected = [
        fixed(r#"{"n": "#),
        Piece::OutputTokens,
        fixed(r#", "q": "say "#),
        Piece::Prompt { list: false },
        fixed(r#"!", "m": ""#),
        Piece::Model,
        fixed(r#"", "s": true}"#),
    ];
    assert_eq!(pieces.unwrap(), expected);
}

#[test]
fn the_spelling_of_aiperf_is_read() {
    let list = [
        fixed(r#"{"text": [""#),
        Piece::Prompt { list: true },
        fixed(r#""]}"#),
    ];
    assert_eq!(parse(r#"{"text": {{ texts|tojson }}}"#).unwrap(), list);
    let rerank = [
        fixed(r#"{"q":""#),
        Piece::Prompt { list: false },
        fixed(r#"","p":"#),
        Piece::Documents,
        fixed("}"),
    ];
    let text = r#"{"q":{{query | tojson}},"p":{{passages|tojson}}}"#;
    assert_eq!(parse(text).unwrap(), rerank);
}

#[test]
fn a_brace_or_an_escaped_quote_is_no_slot_and_no_end() {
    let text = r#"{"a":{"b":{"c":"\"{ \\"}},"p":"{{prompt}}"}"#;
    assert_eq!(parse(text).unwrap().len(), 3);
}

#[test]
fn wrong_templates_are_refused_at_their_place() {
    let table = [
        (
            "{\"a\": 1}",
            1,
            1,
            "no slot for the prompt",
            "write `\"{{prompt}}\"`",
        ),
        (
            "{\"a\":\n {{prompt}}}",
            2,
            2,
            "outside a string",
            "`\"{{prompt}}\"`, with the quotes",
        ),
        (
            "{\"é\": \"{{promt}}\"}",
            1,
            8,
            "unknown slot `promt`",
            "`{{output_tokens}}`",
        ),
        ("{\"a\": \"{{prompt\"}", 1, 8, "`{{` is not closed", "`}}`"),
        (
            "{\"a\": \"{{prompt|upper}}\"}",
            1,
            8,
            "unknown filter `upper`",
            "`tojson`",
        ),
        (
            "{\"a\": \"{{prompt|tojson}}\"}",
            1,
            8,
            "brings its own quotes",
            "remove the quotes",
        ),
        (
            "{\"a\": \"{{texts}}\"}",
            1,
            8,
            "is a list",
            "remove the quotes",
        ),
        (
            "{\"a\": \"{{prompt}}{{prompt}}\"}",
            1,
            18,
            "stands twice",
            "keep one",
        ),
        (
            "{\"a\": \"{{prompt}}\",\n \"b\": }",
            2,
            7,
            "no JSON when its slots are filled",
            "write a JSON",
        ),
        (
            "{\"a\": \"{{prompt}}\" \"b\": 1}",
            1,
            20,
            "no JSON when its slots are filled: expected `,`",
            "write a JSON",
        ),
        (
            "{\"{{prompt}}\": 1}",
            1,
            3,
            "this slot stands in a key",
            "not as a key",
        ),
        (
            "{\"p\": \"{{prompt}}\", \"to {{model}} \" : 1}",
            1,
            25,
            "this slot stands in a key",
            "not as a key",
        ),
        (
            "{\"p\": \"{{prompt}}\",\n {{model|tojson}}: 1}",
            2,
            2,
            "this slot stands in a key",
            "not as a key",
        ),
        (
            "{\"p\": \"{{prompt}}\", \"p\": 1}",
            1,
            8,
            "the prompt is lost",
            "keep one of the two",
        ),
        (
            "{\"d\": {{documents}}, \"a\": \"{{prompt}}\"}",
            1,
            7,
            "the documents stand where",
            "behind `\"{{prompt}}\"`",
        ),
        (
            "{\"a\": \"{{prompt}}\", \"m\": \"{{model}}\", \"d\": {{documents}}}",
            1,
            27,
            "between the prompt and the documents",
            "in front of `{{prompt}}`",
        ),
        (
            "{% if a %}{\"a\": \"{{prompt}}\"}",
            1,
            1,
            "no statements",
            "one template for each form",
        ),
        (
            "{\"a\": \"{{prompt}}\", \"api_key\": \"x\"}",
            1,
            1,
            "`api_key`: secrets never enter",
            "--api-key-env",
        ),
        (
            "{\"a\": \"{{prompt}}\", \"u\": \"http://me:pw@host\"}",
            1,
            1,
            "a URL with a user",
            "--api-key-env",
        ),
        (
            "{\"a\": \"{{prompt}}\"} {}",
            1,
            21,
            "trailing characters",
            "write a JSON",
        ),
    ];
    for (text, line, column, what, remedy) in table {
        let fault = parse(text).expect_err(text);
        assert_eq!((fault.0, fault.1), (line, column), "{text}: {fault:?}");
        assert!(fault.2.contains(what), "{text}: {fault:?}");
        assert!(fault.3.contains(remedy), "{text}: {fault:?}");
    }
}

#[test]
fn a_number_glued_to_something_is_refused() {
    let glued = [
        r"1{{output_tokens}}",
        r"-{{output_tokens}}",
        r"{{output_tokens}}.5",
        r"{{output_tokens}}e1",
        r"{{output_tokens}}{{output_tokens}}",
        r"1{{stream}}",
        r#""\\\u{{output_tokens}}""#,
        r#""\u00{{max_tokens}}""#,
        r#""\u{{stream}}""#,
    ];
    for value in glued {
        for text in [
            format!(r#"{{"p": "{{{{prompt}}}}", "a": {value}}}"#),
            format!("{{\"a\": [{value}],\n\"p\": \"{{{{prompt}}}}\"}}"),
        ] {
            let (line, column, what, remedy) = parse(&text).expect_err(&text);
            let slots = text.match_indices("{{").map(|(at, _)| at);
            let place = slots.filter(|at| !text[*at..].starts_with("{{prompt"));
            let place = position(&text, { place }.next().unwrap());
            assert_eq!((line, column), place, "{text}: {what}");
            assert!(what.starts_with("this slot "), "{text}: {what}");
            assert!(!remedy.is_empty());
        }
    }
}

#[test]
fn a_number_alone_or_within_a_string_is_sent() {
    let values = [
        "{{output_tokens}}",
        " {{output_tokens}} ",
        "[{{output_tokens}},{{stream}}]",
        r#""x{{output_tokens}}y{{output_tokens}}""#,
        r#""\u0041{{output_tokens}}""#,
        r#""\\u{{output_tokens}}""#,
    ];
    for value in values {
        let text = format!(r#"{{"p": "{{{{prompt}}}}", "a": {value}}}"#);
        let pieces = parse(&text).expect(&text);
        for tokens in ["7", "1234"] {
            let body: String = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Fixed(text) => text,
                    Piece::OutputTokens => tokens,
                    _ => "x",
                })
                .collect();
            serde_json::from_str::<serde_json::Value>(&body).expect(&body);
        }
    }
}
