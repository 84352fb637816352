//! The bodies in `docs/endpoints.md` are those that its specs compile to; the specs of the pages about
//! texts and media compile.

use crate::support::{dir, root};

/// The blocks of a document: language and text.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block = lines.by_ref().take_while(|line| *line != "```");
            blocks.push((language, block.map(|line| format!("{line}\n")).collect()));
        }
    }
    blocks
}

#[test]
fn the_bodies_in_the_documentation_are_those_that_are_compiled() {
    let path = root().join("docs/endpoints.md");
    let text = std::fs::read_to_string(&path).expect("docs/endpoints.md");
    let blocks = blocks(&text);
    let [(_, beside), specs @ ..] = blocks.as_slice() else {
        panic!("there are no blocks");
    };
    let mut compared = 0;
    for pair in specs.windows(2) {
        let [("yaml", spec), ("json", body)] = pair else {
            continue;
        };
        let dir = dir();
        dir.write("w.yaml", format!("{beside}{spec}"));
        dir.wlc("compile w.yaml -o w.wlc").run().ok();
        let shown = dir.wlc("inspect w.wlc --request 0 --json --bodies").run();
        let compiled = &shown.json_lines()[0]["body"];
        let compiled = compiled.as_str().expect("a body is text");
        assert_eq!(body.trim_end(), compiled.trim_end(), "{spec}");
        compared += 1;
    }
    assert_eq!(compared, 12, "every endpoint but `raw` has an example");
}

#[test]
fn the_specs_in_the_pages_about_texts_and_media_compile() {
    let page = |name: &str| std::fs::read_to_string(root().join("docs").join(name)).expect(name);
    for (name, specs) in [("prompts-and-corpora.md", 6), ("images-and-audio.md", 2)] {
        let text = page(name);
        let blocks = blocks(&text);
        let [(_, beside), blocks @ ..] = blocks.as_slice() else {
            panic!("there are no blocks");
        };
        let dir = dir();
        dir.write(
            "corpus.txt",
            "Some words of a user's own, again and again. ".repeat(200),
        );
        let mut compiled = 0;
        for (_, spec) in blocks.iter().filter(|(language, _)| *language == "yaml") {
            dir.write("w.yaml", format!("{beside}{spec}"));
            dir.wlc("compile w.yaml -o w.wlc").run().ok();
            compiled += 1;
        }
        assert_eq!(compiled, specs, "{name}");
    }
}
