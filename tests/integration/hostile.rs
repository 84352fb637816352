//! Text that breaks whatever is not escaped, from the spec and its files to the bytes that a server
//! receives.

use crate::recorder::{Recorder, header, received_body};
use crate::support::{compile, dir};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A corpus, and a run of it that no cut falls into.
const CORPUS: &str = "He said: \"C:\\dir\\new\" and left.\n\tTabs, \u{1} \u{7f} \u{1f}controls; \u{2028}\u{2029} separators,\r\n\
                      caf\u{e9} na\u{ef}ve \u{1F980}\u{200d}\u{1F525} \u{202e}reversed, \u{feff}marks, {{prompt}} %s ${x} <|endoftext|> </s>\n";
/// As YAML writes it in double quotes, and as it is.
const YAML: &str = r#""\"}],\\ \x01\x7f\n\t{{x}} é 🦀 \u2028 <|endoftext|>""#;
const TEXT: &str = "\"}],\\ \u{1}\u{7f}\n\t{{x}} é 🦀 \u{2028} <|endoftext|>";
/// A model's name; names hold no control characters.
const MODEL: &str = "org/\"m\\{{x}}\" é 🦀 \u{2028}";

fn spec(api: &str) -> String {
    format!(
        "seed: 6\nmodels: [{{name: {}}}]\napi: {{{api}}}\n\
         data: {{type: random, corpus: corpus.txt, input_distribution: 'uniform(1, 200)', output_distribution: 2, \
         system_prompt: {{length: 40}}, salt: true}}\n\
         load: {{type: constant, stages: [{{rate: 40, duration: 1}}]}}\n",
        json!(MODEL)
    )
}

/// Everything that a spec says of a text is received as it was, whatever it holds.
#[test]
fn hostile_text_arrives_as_it_was_written() {
    let dir = dir();
    dir.write("corpus.txt", CORPUS.repeat(30));
    let extra = format!(r#"extra: {{user: {YAML}, 'k"\é': [{YAML}]}}"#);
    let api = format!(r#"type: completion, {extra}, headers: {{x-route: 'a "b\ {{}}'}}"#);
    compile(&dir, "w", &spec(&api), "");
    let received = Recorder::start().fired(&dir, "results", "--salt 'a\"b' --speed 20");
    assert_eq!(received.len(), 40);
    let mut said = String::new();
    for request in &received {
        let body: Value = serde_json::from_slice(received_body(request)).expect("a body is JSON");
        assert_eq!(body["model"], MODEL);
        assert_eq!(body["user"], TEXT);
        assert_eq!(body["k\"\\é"], json!([TEXT]));
        assert_eq!(header(request, "x-route").as_deref(), Some("a \"b\\ {}"));
        said += body["prompt"].as_str().expect("a prompt");
    }
    let known: BTreeSet<char> = CORPUS.chars().collect();
    let strange = |c: &char| !known.contains(c) && !c.is_ascii_alphabetic();
    assert_eq!(
        said.chars().find(strange),
        None,
        "characters of the corpus and of words only"
    );
    for line in CORPUS.lines() {
        assert!(said.contains(line.trim()), "{line:?}");
    }
}

#[test]
fn hostile_text_around_the_slots_of_a_template_stays_as_it_is() {
    let dir = dir();
    dir.write("corpus.txt", CORPUS.repeat(30));
    let template = json!({"say": format!("{TEXT}{{{{prompt}}}}{TEXT}"), TEXT: "{{model}}", "n": 7, "choices": []});
    // What is no slot is no slot.
    let template = template.to_string().replace("{{x}}", "{ {x} }");
    dir.write("t.json", &template);
    compile(
        &dir,
        "w",
        &spec("type: template, path: /any, template: t.json"),
        "",
    );
    let text = TEXT.replace("{{x}}", "{ {x} }");
    for request in Recorder::start().fired(&dir, "results", "--speed 20") {
        let body: Value = serde_json::from_slice(received_body(&request)).expect("a body is JSON");
        assert_eq!(body[&text], MODEL);
        let say = body["say"].as_str().expect("a text");
        let prompt = say
            .strip_prefix(&text)
            .and_then(|say| say.strip_suffix(&text));
        assert!(prompt.is_some_and(|prompt| prompt.len() > 100), "{say}");
    }
}
