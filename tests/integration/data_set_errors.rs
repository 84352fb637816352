//! Wrong data sets: the exit status, the place, a remedy, and nothing left behind.

use crate::data_sets::{each_second, spec};
use crate::support::dir;
use std::fs::File;

/// A data set, what the spec says of it, and what the message must hold.
struct Wrong {
    set: &'static str,
    api: &'static str,
    data: &'static str,
    words: &'static [&'static str],
}

const fn wrong(
    set: &'static str,
    api: &'static str,
    data: &'static str,
    words: &'static [&'static str],
) -> Wrong {
    Wrong {
        set,
        api,
        data,
        words,
    }
}

const SINGLE: &str = "type: single_turn";
const MULTI: &str = "type: multi_turn";

#[rustfmt::skip]
const WRONG: &[Wrong] = &[
    wrong("{\"text\": \"a\"}\n{\"text\": \"b\", \"image\": \"none.png\"}\n", "chat", SINGLE, &["d.jsonl:2:24: ", "none.png"]),
    wrong("{\"text\": \"a\"}\n{\"image\": \"d.jsonl\"}\n", "chat", SINGLE, &["d.jsonl:2:11: ", "PNG, JPEG, WebP or GIF"]),
    wrong("{\"text\": \"a\\ud800b\"}\n", "chat", SINGLE, &["d.jsonl:1:", "surrogate"]),
    wrong("{\"text\": \"a\"}\n{\"text\": \"b\", \"model\": \"n\"}\n", "chat", SINGLE, &["d.jsonl:2: ", "the model \"n\" is not among"]),
    wrong("{\"text\": \"a\", \"image\": \"a.png\"}\n", "completion", SINGLE, &["d.jsonl:1: ", "no place for images"]),
    wrong("{\"text\": \"a\", \"extra\": {\"max_tokens\": 3}}\n", "chat", SINGLE, &["d.jsonl:1: ", "`extra.max_tokens`"]),
    wrong("{\"text\": \"a\", \"image\": \"a.png\", \"extra\": {\"stream\": true}}\n", "chat", SINGLE, &["d.jsonl:1: ", "`extra.stream`"]),
    wrong("{\"text\": \"a\", \"audio\": \"https://example.org/a.wav\"}\n", "chat", SINGLE, &["d.jsonl:1: ", "this is an address"]),
    wrong("{\"text\": \"a\", \"image\": \"https://example.org/a.png\"}\n", "messages", SINGLE, &["d.jsonl:1: ", "sent as data here"]),
    wrong("{\"text\": \"a\"}\n", "rerank", SINGLE, &["d.jsonl:1: ", "a query needs documents"]),
    wrong("{\"text\": \"a\", \"timestamp\": 1, \"delay\": 2}\n", "chat", SINGLE, &["d.jsonl:1:40: ", "`timestamp` says already"]),
    wrong("{\"txet\": \"a\"}\n", "chat", SINGLE, &["d.jsonl:1:2: ", "did you mean `text`"]),
    wrong("{\"text\": \"\"}\n", "chat", SINGLE, &["d.jsonl:1:10: ", "the text is empty"]),
    wrong("{\"text\": \"a\", \"headers\": {\"Authorization\": \"x\"}}\n", "chat", SINGLE, &["d.jsonl:1:", "authorization", "--api-key-env"]),
    wrong("{\"text\": \"a\"}\n", "chat", MULTI, &["d.jsonl:1:2: ", "set `data.type: single_turn`"]),
    wrong("{\"turns\": []}\n", "chat", MULTI, &["d.jsonl:1:11: ", "there is no turn"]),
    wrong("{\"turns\": [{\"text\": \"a\"}, {\"role\": \"system\", \"text\": \"b\"}]}\n", "chat", MULTI, &["d.jsonl:1:27: ", "no turn of a user stands behind it"]),
    wrong("{\"turns\": [{\"text\": \"a\"}, {\"role\": \"system\", \"text\": \"b\"}, {\"text\": \"c\"}]}\n", "messages", MULTI, &["d.jsonl:1: ", "what the system says behind a message"]),
    wrong("{\"turns\": [{\"role\": \"system\", \"text\": \"b\"}, {\"text\": \"c\"}]}\n", "messages", "type: multi_turn, user_context: {length: 3}", &["d.jsonl:1: ", "what the system says behind a message"]),
    wrong("{\"turns\": [{\"role\": \"assistant\", \"text\": \"b\"}, {\"text\": \"c\"}]}\n", "messages", MULTI, &["d.jsonl:1: ", "an answer in front of every question"]),
    wrong("{\"turns\": [{\"text\": \"a\"}, {\"text\": \"b\"}]}\n", "embeddings", MULTI, &["no place for earlier turns", "single_turn"]),
    wrong("{\"text\": \"a\"}\n", "chat", "type: sharegpt", &["d.jsonl:1:1: ", "expected `[`"]),
    wrong("[{\"conversations\": [{\"from\": \"gpt\", \"value\": \"a\"}]}]", "chat", "type: sharegpt", &["all 1 conversations are left out"]),
    wrong("", "chat", SINGLE, &["d.jsonl", "empty"]),
    wrong("\n\n", "chat", "type: random_pool", &["d.jsonl", "empty"]),
    wrong("{\"text\": \"a\"}\n", "chat", "type: random_pool, sampling: shuffle", &["w.yaml:4:", "drawn from with replacement"]),
    wrong("{\"text\": \"a\"}\n", "chat", "type: raw_payload, salt: true", &["w.yaml:4:", "sent as they are"]),
    wrong("[1]\n", "raw, path: /v1/x", "type: raw_payload", &["d.jsonl:1:1: ", "expected an object"]),
    wrong("{\"stream\": 1}\n", "raw, path: /v1/x", "type: raw_payload", &["d.jsonl:1:12: ", "true or false"]),
];

#[test]
fn wrong_data_sets_are_refused_with_place_and_remedy() {
    for Wrong {
        set,
        api,
        data,
        words,
    } in WRONG
    {
        let dir = dir();
        dir.write("d.jsonl", set);
        let data = format!("{data}, path: ./d.jsonl");
        dir.write(
            "w.yaml",
            spec(&format!("type: {api}"), &data, &each_second(1)),
        );
        let outcome = dir.wlc("compile w.yaml -o w.wlc").run();
        assert_eq!(outcome.status, Some(2), "{set}: {}", outcome.stderr);
        for word in words.iter().chain(&["help: "]) {
            assert!(
                outcome.stderr.contains(word),
                "{set}: no {word:?} in {}",
                outcome.stderr
            );
        }
        assert_eq!(outcome.stdout, "");
        assert_eq!(dir.list("."), ["d.jsonl", "w.yaml"], "{set}");
    }
}

/// Refuses what lies at `sets`.
#[track_caller]
fn refused(dir: &harness::Dir, data: &str, words: &[&str]) {
    dir.write("w.yaml", spec("type: chat", data, &each_second(1)));
    let outcome = dir.wlc("compile w.yaml -o w.wlc").run().expect(2);
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "no {word:?} in {}",
            outcome.stderr
        );
    }
    assert_eq!(dir.list("."), ["sets", "w.yaml"]);
}

#[test]
fn a_line_of_2_gb_is_refused_before_it_is_read() {
    let dir = dir();
    dir.write("sets/d.jsonl", "");
    let file = File::create(dir.path("sets/d.jsonl")).expect("a file");
    file.set_len(2 << 30).expect("a file with a hole");
    let words = ["sets/d.jsonl:1", "67108864 bytes", "help: "];
    refused(&dir, "type: single_turn, path: sets/d.jsonl", &words);
    let words = ["sets/d.jsonl:1:1: ", "help: "];
    refused(&dir, "type: sharegpt, path: sets/d.jsonl", &words);
}

#[test]
fn what_is_not_there_or_no_pool_is_refused() {
    let dir = dir();
    dir.write("sets/empty/.hidden", "");
    refused(
        &dir,
        "type: random_pool, path: sets/none",
        &["w.yaml:4:", "sets/none"],
    );
    refused(
        &dir,
        "type: random_pool, path: sets/empty",
        &["sets/empty", "no file in this directory ends in .jsonl"],
    );
    refused(
        &dir,
        "type: single_turn, path: sets",
        &["w.yaml:4:", "sets"],
    );
    dir.write("sets/empty/a.txt", "x");
    refused(
        &dir,
        "type: random_pool, path: sets/empty",
        &["sets/empty/a.txt", "does not end in .jsonl"],
    );
    dir.write("sets/pools/a.jsonl", "{\"text\": \"a\"}\n")
        .write("sets/pools/b.jsonl", "");
    refused(
        &dir,
        "type: random_pool, path: sets/pools",
        &["sets/pools/b.jsonl"],
    );
}

#[test]
fn a_schedule_without_times_is_refused() {
    let dir = dir();
    dir.write(
        "sets/d.jsonl",
        "{\"text\": \"a\", \"timestamp\": 1}\n{\"text\": \"b\"}\n",
    );
    let spec = spec(
        "type: chat",
        "type: single_turn, path: sets/d.jsonl",
        "type: fixed_schedule",
    );
    dir.write("w.yaml", spec);
    let outcome = dir.wlc("compile w.yaml -o w.wlc").run().expect(2);
    assert!(
        outcome.stderr.contains("sets/d.jsonl:2: "),
        "{}",
        outcome.stderr
    );
    assert_eq!(dir.list("."), ["sets", "w.yaml"]);
}
