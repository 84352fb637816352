//! Every format of a data set, read from real files, and every way in which one can be wrong.

use compiler::dataset::{Content, DataError, DataSet, LeftOut, MediumKind, Raw, Said, Turn};
use compiler::payload::Role;
use compiler::spec::SetKind;
use compiler::text::tokenizer::Tokenizer;
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;

fn read_at(kind: SetKind, path: &Path) -> Result<DataSet, DataError> {
    DataSet::read(kind, path, &Tokenizer::o200k_base())
}

fn read_bytes(kind: SetKind, bytes: &[u8]) -> Result<DataSet, DataError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d");
    std::fs::write(&path, bytes).unwrap();
    read_at(kind, &path)
}

fn read(kind: SetKind, text: &str) -> DataSet {
    read_bytes(kind, text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn said(turn: &Turn) -> &Said {
    match &turn.content {
        Content::Said(said) => said,
        Content::Raw(_) => panic!("a raw body"),
    }
}

fn raw(turn: &Turn) -> &Raw {
    match &turn.content {
        Content::Raw(raw) => raw,
        Content::Said(_) => panic!("no raw body"),
    }
}

fn texts(set: &DataSet, turn: &Turn) -> Vec<String> {
    let texts = said(turn).texts.iter();
    texts.map(|text| set.texts.plain(text.id)).collect()
}

fn before(set: &DataSet, turn: &Turn) -> Vec<(Role, String)> {
    let before = said(turn).before.iter();
    before
        .map(|(role, id)| (*role, set.texts.plain(*id)))
        .collect()
}

fn tokens(text: &str) -> u32 {
    Tokenizer::o200k_base().count(text).unwrap() as u32
}

fn ids(set: &DataSet) -> Vec<Option<&str>> {
    let conversations = set.conversations.iter();
    conversations.map(|c| c.session_id.as_deref()).collect()
}

#[test]
fn single_turn_lines_are_requests_and_sessions() {
    let set = read(
        SetKind::SingleTurn,
        concat!(
            r#"{"text": "What is deep learning?", "output_length": 7, "role": "user"}"#,
            "\n\n",
            r#"{"session_id": "a", "text": "first", "timestamp": 1500.25}"#,
            "\r\n",
            r#"{"type": "single_turn", "texts": ["x", "y"], "images": ["/p/1.png", "/p/1.png"], "audio": "/p/1.wav"}"#,
        ),
    );
    assert_eq!((set.account.rows, set.account.kept), (3, 3));
    assert_eq!(ids(&set), [None, Some("a"), None]);
    let [first, second, third] = &set.turns[..] else {
        panic!("{:?}", set.turns)
    };
    assert_eq!(texts(&set, first), ["What is deep learning?"]);
    assert_eq!((first.output_tokens, first.line), (Some(7), 1));
    assert_eq!((second.at_ns, second.line), (Some(1_500_250_000), 3));
    assert_eq!(texts(&set, third), ["x", "y"]);
    assert_eq!(
        (&said(third).images[..], &said(third).audios[..]),
        (&[0, 0][..], &[1][..])
    );
    let media = set.media.iter().map(|m| (m.kind, &*m.reference, m.place));
    let expected = [
        (MediumKind::Image, "/p/1.png", (0, 4, 57)),
        (MediumKind::Audio, "/p/1.wav", (0, 4, 91)),
    ];
    assert_eq!(media.collect::<Vec<_>>(), expected);
    let id = said(first).texts[0].id;
    assert_eq!(set.texts.tokens(id), tokens("What is deep learning?"));
}

#[test]
fn lines_of_one_session_follow_one_another_wherever_they_stand() {
    let line =
        |session: &str, text: &str| format!("{{{session}\"text\": \"{text}\", \"delay\": 0.5}}\n");
    let a = "\"session_id\": \"a\", ";
    let file = [line(a, "1"), line("", "2"), line(a, "3")].concat();
    let set = read(SetKind::SingleTurn, &file);
    assert_eq!(ids(&set), [Some("a"), None]);
    let turns = set.turns_of(0);
    assert_eq!(
        (texts(&set, &turns[0]), texts(&set, &turns[1])),
        (vec!["1".into()], vec!["3".into()])
    );
    assert_eq!(turns[1].delay_ns, Some(500_000));
    assert!(said(&turns[1]).before.is_empty());
}

#[test]
fn what_goes_along_with_a_turn_is_kept() {
    let set = read(
        SetKind::SingleTurn,
        r#"{"texts": [{"name": "query", "contents": ["q"]}, {"name": "passages", "contents": ["p1", "p2"]}], "extra": {"top_k": 5, "a": {"b":[1.50 , "é"]}}, "headers": {"X-Route": "blue"}, "model": "m"}"#,
    );
    let turn = &set.turns[0];
    assert_eq!(texts(&set, turn), ["q", "p1", "p2"]);
    let queries: Vec<bool> = said(turn).texts.iter().map(|t| t.is_query).collect();
    assert_eq!(queries, [true, false, false]);
    let extra: Vec<_> = said(turn).extra.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(extra, [("top_k", "5"), ("a", "{\"b\":[1.50 , \"é\"]}")]);
    assert_eq!(turn.headers, [("x-route".into(), "blue".into())]);
    assert_eq!(turn.model.as_deref(), Some("m"));
}

#[test]
fn multi_turn_conversations_have_context_turns_and_recorded_answers() {
    let set = read(
        SetKind::MultiTurn,
        concat!(
            r#"{"session_id": "s", "turns": [{"role": "system", "text": "Be brief."}, {"text": "Hello", "delay": 0}, {"role": "assistant", "text": "Hi there, friend"}, {"role": "user", "text": "Why?", "delay": 1000, "output_length": 3}]}"#,
            "\n",
            r#"{"turns": [{"text": "alone"}]}"#,
            "\n",
            r#"{"session_id": "s", "turns": [{"role": "system", "text": "Now long."}, {"text": "And?"}]}"#,
        ),
    );
    assert_eq!(ids(&set), [Some("s"), None]);
    let [hello, why, and] = set.turns_of(0) else {
        panic!("{:?}", set.turns)
    };
    assert_eq!(before(&set, hello), [(Role::System, "Be brief.".into())]);
    let answer = said(hello).answer.map(|id| set.texts.plain(id));
    assert_eq!(answer.as_deref(), Some("Hi there, friend"));
    assert_eq!(hello.output_tokens, Some(tokens("Hi there, friend")));
    assert_eq!(
        (why.output_tokens, why.delay_ns),
        (Some(3), Some(1_000_000_000))
    );
    assert_eq!(before(&set, and), [(Role::System, "Now long.".into())]);
    assert_eq!(and.output_tokens, None);
}

#[test]
fn a_directory_has_a_pool_for_each_file_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("queries.jsonl", "{\"text\": \"q1\"}\n{\"text\": \"q2\"}\n");
    write("passages.jsonl", "{\"texts\": [\"p1\", \"p2\"]}\n");
    write(".hidden", "not read");
    std::fs::create_dir(directory.path().join("images")).unwrap();
    let set = read_at(SetKind::RandomPool, directory.path()).unwrap();
    assert_eq!(set.pools, [0..1, 1..3]);
    let names: Vec<&str> = set
        .files
        .iter()
        .map(|f| f.file.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, ["passages.jsonl", "queries.jsonl"]);
    assert_eq!(texts(&set, &set.turns[0]), ["p1", "p2"]);
    assert!(said(&set.turns[2]).texts[0].is_query);
    assert!(!said(&set.turns[0]).texts[0].is_query);

    write("other.txt", "x");
    let error = read_at(SetKind::RandomPool, directory.path()).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("other.txt: the name does not end in .jsonl"),
        "{error}"
    );
}

#[test]
fn sharegpt_conversations_are_turns_with_recorded_answers() {
    let set = read(
        SetKind::ShareGpt,
        r#"[
  {"id": "QWJhYvA_0", "conversations": [
    {"from": "human", "value": "Summarise \"x\" 😀"},
    {"from": "gpt", "value": "It is a letter."},
    {"from": "human", "value": "Thanks"}
  ]},
  {"id": "b", "conversations": []},
  {"id": "c", "conversations": [{"from": "gpt", "value": "I begin"}]},
  {"id": "d", "conversations": [{"from": "human", "value": " "}, {"from": "gpt", "value": "?"}]},
  {"id": "e", "conversations": [{"from": "human", "value": "2+2"}, {"from": "function_call", "value": "add"}]},
  {"id": "f", "model": "GPT-4", "conversations": [
    {"from": "system", "value": "Be kind"},
    {"from": "chatgpt", "value": "Welcome", "markdown": null},
    {"from": "user", "value": "Hi"},
    {"from": "assistant", "value": "Hi!"}, {"from": "gpt", "value": "again"}
  ]}
]
"#,
    );
    assert_eq!((set.account.rows, set.account.kept), (6, 2));
    let left_out = |why: LeftOut| {
        let place = LeftOut::ALL
            .iter()
            .position(|reason| *reason == why)
            .unwrap();
        (
            &set.account.left_out[place].first_lines[..],
            set.account.left_out[place].count,
        )
    };
    assert_eq!(left_out(LeftOut::NoHuman), (&[7, 8][..], 2));
    assert_eq!(left_out(LeftOut::EmptyMessage), (&[9][..], 1));
    assert_eq!(left_out(LeftOut::Tools), (&[10][..], 1));
    assert_eq!(ids(&set), [Some("QWJhYvA_0"), Some("f")]);
    let [first, second] = set.turns_of(0) else {
        panic!("{:?}", set.turns)
    };
    assert_eq!(texts(&set, first), ["Summarise \"x\" 😀"]);
    assert_eq!(
        (first.output_tokens, first.line),
        (Some(tokens("It is a letter.")), 3)
    );
    assert_eq!((second.output_tokens, second.line), (None, 5));
    let [hi] = set.turns_of(1) else {
        panic!("{:?}", set.turns)
    };
    let context = [
        (Role::System, "Be kind".into()),
        (Role::Assistant, "Welcome".into()),
    ];
    assert_eq!(before(&set, hi), context);
    assert_eq!(hi.output_tokens, Some(tokens("Hi!")));
}

#[test]
fn raw_bodies_are_kept_to_the_byte() {
    let one = r#"{"model":"m",  "messages":[{"role":"user","content":[{"type":"text","text":"hé\u006co"},{"type":"image_url","image_url":{"url":"data:,x"}}]}], "max_tokens": 12,"stream" :true}"#;
    let two = r#"{"prompt":[[1,2,3],[4]],"temperature":0.10}"#;
    let three = r#"{"inputs":"hello","parameters":{"max_new_tokens":5}}"#;
    let set = read(
        SetKind::RawPayload,
        &format!("  {one} \r\n{two}\n{three}\n{two}\n"),
    );
    let bodies: Vec<&[u8]> = set
        .turns
        .iter()
        .map(|t| set.bodies.get(raw(t).body))
        .collect();
    assert_eq!(bodies, [one, two, three, two].map(str::as_bytes));
    assert_eq!(set.bodies.len(), 3);
    let seen: Vec<_> = set
        .turns
        .iter()
        .map(|t| (t.output_tokens, raw(t).streams, raw(t).input_tokens))
        .collect();
    let expected = [
        (Some(12), true, tokens("hélo")),
        (None, false, 4),
        (Some(5), false, tokens("hello")),
        (None, false, 4),
    ];
    assert_eq!(seen, expected);
    assert_eq!(set.turns[0].model.as_deref(), Some("m"));

    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("b.jsonl", format!("{one}\n{two}")),
        ("a.jsonl", three.to_owned()),
    ] {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let set = read_at(SetKind::RawPayload, directory.path()).unwrap();
    assert_eq!(ids(&set), [Some("a"), Some("b")]);
    assert_eq!((set.turns_of(0).len(), set.turns_of(1).len()), (1, 2));
    assert_eq!(set.conversations[1].file, 1);
}

#[test]
fn inputs_json_keeps_its_sessions() {
    let set = read(
        SetKind::InputsJson,
        r#"{
  "data": [
    {"session_id": "a", "payloads": [
      {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_completion_tokens": 9},
      {"messages": []}
    ]},
    {"session_id": "b", "payloads": [{"prompt": "x"}]}
  ]
}"#,
    );
    assert_eq!(ids(&set), [Some("a"), Some("b")]);
    let [first, second] = set.turns_of(0) else {
        panic!("{:?}", set.turns)
    };
    assert_eq!((first.output_tokens, first.line), (Some(9), 4));
    assert_eq!(set.bodies.get(raw(second).body), br#"{"messages": []}"#);
    assert!(!set.kind.accumulates());
}

#[test]
fn what_only_looks_like_a_secret_is_sent() {
    let extra = r#"{"max_tokens": 5, "api_key": null, "password": ""}"#;
    let row = format!(r#"{{"text": "http://me@host", "extra": {extra}}}"#);
    assert_eq!(
        said(&read(SetKind::SingleTurn, &row).turns[0]).extra.len(),
        3
    );
    read(
        SetKind::RawPayload,
        r#"{"prompt": "http://me@host", "token": ""}"#,
    );
}

#[test]
fn a_name_is_any_text_or_number() {
    let row = |id: &str| format!(r#"{{"session_id": {id}, "text": "a"}}"#);
    let long = "x".repeat(256);
    let rows = [
        row("7"),
        row("\" \u{fc}ber \""),
        row(&format!("\"{long}\"")),
    ];
    let set = read(SetKind::SingleTurn, &rows.join("\n"));
    assert_eq!(ids(&set), [Some("7"), Some(" \u{fc}ber "), Some(&*long)]);
    let error = read_bytes(SetKind::SingleTurn, row(&format!("\"{long}x\"")).as_bytes());
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("d:1:16: session_id: the name has 257 bytes"),
        "{message}"
    );

    let row = |id: &str| {
        let said = r#"[{"from": "human", "value": "a"}]"#;
        format!(r#"{{"id": {id}, "conversations": {said}}}"#)
    };
    let names = [r#""a\n""#, "12", "true", "\"\"", "null"]
        .map(row)
        .join(",");
    let set = read(SetKind::ShareGpt, &format!("[{names}]"));
    assert_eq!(
        ids(&set),
        [Some("a\n"), Some("12"), Some("true"), None, None]
    );
}

#[test]
fn a_batch_names_path_and_request() {
    let line = |id: &str, url: &str| {
        format!(
            r#"{{"custom_id": "{id}", "method": "POST", "url": "{url}", "body": {{"input": "hello world"}}}}"#
        )
    };
    let file = format!(
        "{}\n{}\n",
        line("r-1", "/v1/responses"),
        line("r-2", "/v1/embeddings")
    );
    let set = read(SetKind::OpenAiBatch, &file);
    assert_eq!(ids(&set), [Some("r-1"), Some("r-2")]);
    let paths: Vec<_> = set
        .turns
        .iter()
        .map(|turn| raw(turn).path.as_deref())
        .collect();
    assert_eq!(paths, [Some("/v1/responses"), Some("/v1/embeddings")]);
    assert_eq!(raw(&set.turns[0]).input_tokens, tokens("hello world"));
}

#[test]
fn packing_marks_and_line_ends_change_nothing() {
    let text = "{\"text\": \"a\"}\n{\"text\": \"b\"}\n";
    let plain = read(SetKind::SingleTurn, text);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    for bytes in [
        packed.finish().unwrap(),
        format!("\u{feff}{text}").into_bytes(),
        text.replace('\n', "\r\n").into_bytes(),
        text.trim_end().replace('\n', "\n\n \n").into_bytes(),
    ] {
        let set = read_bytes(SetKind::SingleTurn, &bytes).unwrap();
        let said = |set: &DataSet| set.turns.iter().map(|t| texts(set, t)).collect::<Vec<_>>();
        assert_eq!(said(&set), said(&plain));
        assert_eq!(set.files[0].bytes, bytes.len() as u64);
    }
}

#[test]
fn hostile_text_comes_through_whole() {
    let hostile = "\"quotes\" \\back\\slashes\\ \u{0}\u{1}\u{1f}\u{7f} \n\r\t </script> 😀👩‍👩‍👧 \u{202e}\u{2028} <|endoftext|>";
    let set = read(
        SetKind::SingleTurn,
        &serde_json::json!({ "text": hostile }).to_string(),
    );
    assert_eq!(texts(&set, &set.turns[0]), [hostile]);
    assert_eq!(
        set.texts.tokens(said(&set.turns[0]).texts[0].id),
        tokens(hostile)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_text_a_file_has_is_what_is_sent(lines in prop::collection::vec("(?s).{1,40}", 1..8)) {
        let row = |text: &String| serde_json::json!({ "text": text }).to_string() + "\n";
        let file: String = lines.iter().map(row).collect();
        let set = read(SetKind::SingleTurn, &file);
        for (turn, line) in set.turns.iter().zip(&lines) {
            let escaped = format!("\"{}\"", set.texts.escaped(said(turn).texts[0].id));
            prop_assert_eq!(&serde_json::from_str::<String>(&escaped).unwrap(), line);
        }
        prop_assert_eq!(set.turns.len(), lines.len());
    }
}

/// What is wrong, where, and what to do next.
#[test]
fn wrong_files_are_refused_with_their_place() {
    use SetKind::{
        InputsJson, MultiTurn, OpenAiBatch, RandomPool, RawPayload, ShareGpt, SingleTurn,
    };
    let cases: &[(SetKind, &str, &str, &str)] = &[
        (SingleTurn, "", ": the file is empty", "a JSONL file"),
        (
            SingleTurn,
            " \n\n\t\n",
            ": the file is empty",
            "a JSONL file",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\"}\n{\"text\": \"é\\ud800\"}",
            ":2:12: \\ud800 is half of a surrogate pair",
            "both halves",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\u{0}b\"}",
            ":1:12: an unescaped control character, U+0000",
            "\\u00XX",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\"}{}",
            ":1:14: expected the end, found \"{\"",
            "one JSON value",
        ),
        (
            SingleTurn,
            "prompt,length\n",
            ":1:1: expected a JSON value, found \"p\"",
            "one JSON value",
        ),
        (
            SingleTurn,
            "[1]",
            ":1:1: the row: expected an object, found a list",
            "{..}",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"text\": \"b\"}",
            ":1:15: the key \"text\" stands twice",
            "keep the one",
        ),
        (
            SingleTurn,
            "{\"text\": 5}",
            ":1:10: text: expected text, found a number",
            "in quotes",
        ),
        (
            SingleTurn,
            "{\"text\": \"\"}",
            ":1:10: text: the text is empty",
            "write something",
        ),
        (
            SingleTurn,
            "{\"text\": null}",
            ":1:1: the turn has no content",
            "`texts`",
        ),
        (
            SingleTurn,
            "{\"texts\": []}",
            ":1:1: the turn has no content",
            "`texts`",
        ),
        (
            SingleTurn,
            "{\"texts\": \"a\"}",
            ":1:11: texts: expected a list, found text",
            "[..]",
        ),
        (
            SingleTurn,
            "{\"texts\": [\"a\", 1]}",
            ":1:17: texts: expected text, found a number",
            "quotes",
        ),
        (
            SingleTurn,
            "{\"texts\": [{\"name\": \"q\"}]}",
            ":1:12: there is no `contents`",
            "contents: [..]",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"texts\": [\"b\"]}",
            ":1:24: texts: `text` says it already",
            "one of the two",
        ),
        (
            SingleTurn,
            "{\"txt\": \"a\"}",
            ":1:2: unknown key `txt`",
            "did you mean `text`?",
        ),
        (
            SingleTurn,
            "{\"video\": \"a.mp4\"}",
            ":1:2: `video`: video is not sent",
            "`images`",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"max_tokens\": 5}",
            ":1:15: `max_tokens`: the length of an answer",
            "`output_length`",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"output_length\": 0}",
            ":1:32: output_length: 0 is no count",
            "from 1 to",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"output_length\": 1.5}",
            ":1:32: output_length: 1.5 is no count",
            "from 1 to",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"timestamp\": 1, \"delay\": 2}",
            ":1:40: delay: `timestamp` says already",
            "one of the two",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"delay\": -1}",
            ":1:24: delay: a time before the beginning",
            "milliseconds",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"delay\": \"1s\"}",
            ":1:24: delay: expected a number of milliseconds, found text",
            "digits",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"timestamp\": 1e300}",
            ":1:28: timestamp: more milliseconds than fit",
            "another unit",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"role\": \"assistant\"}",
            ":1:23: role: a line of a single_turn data set is what a user asks",
            "multi_turn",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"role\": \"usr\"}",
            ":1:23: role: unknown role \"usr\"",
            "user, system",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"type\": \"multi_turn\"}",
            ":1:23: type: the row is of type multi_turn",
            "`data.type`",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"session_id\": \"a\\nb\"}",
            ":1:29: session_id: a name holds no control characters",
            "another name",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"extra\": 5}",
            ":1:24: extra: expected an object, found a number",
            "{..}",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"headers\": {\"Authorization\": \"x\"}}",
            ":1:27: header authorization is set when firing",
            "--api-key-env",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"headers\": {\"Content-Type\": \"x\"}}",
            ":1:27: header content-type is set by `api.type`",
            "remove it",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"headers\": {\"X-Auth-Token\": \"x\"}}",
            ":1:27: X-Auth-Token: secrets never enter",
            "--api-key-env",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"headers\": {\"x-a\": \"http://me:pw@host/\"}}",
            ":1:34: headers: a URL with a user",
            "--api-key-env",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"extra\": {\"api_key\": \"x\"}}",
            ":1:25: api_key: secrets never enter",
            "--api-key-env",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"extra\": {\"a\": [{\"token\": 5}]}}",
            ":1:32: token: secrets never enter",
            "--api-key-env",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"extra\": {\"a\": [\"http://me@host\"]}}",
            ":1:31: extra: a URL with a user",
            "--api-key-env",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"image\": \"https://me:pw@host/a.png\"}",
            ":1:24: image: a URL with a user",
            "--api-key-env",
        ),
        (
            RawPayload,
            "{\"prompt\": \"a\", \"password\": \"x\"}",
            ":1:17: password: secrets never enter",
            "--api-key-env",
        ),
        (
            SingleTurn,
            "{\"text\": \"a\", \"headers\": {\"x-a\": \"b\\r\\nc\"}}",
            ":1:34: header x-a:",
            "visible ASCII",
        ),
        (
            MultiTurn,
            "{\"turns\": []}",
            ":1:11: turns: there is no turn",
            "at least one",
        ),
        (
            MultiTurn,
            "{\"session_id\": \"a\"}",
            ":1:1: there is no `turns`",
            "turns: [{text: ..}",
        ),
        (
            MultiTurn,
            "{\"text\": \"a\"}",
            ":1:2: `text`: a line of a multi_turn",
            "single_turn",
        ),
        (
            MultiTurn,
            "{\"turns\": [{\"text\": \"a\"}, {\"role\": \"system\", \"text\": \"b\"}]}",
            ":1:27: turn: no turn of a user stands behind it",
            "remove it",
        ),
        (
            MultiTurn,
            "{\"turns\": [{\"role\": \"system\", \"text\": \"b\", \"delay\": 5}, {\"text\": \"a\"}]}",
            ":1:53: delay: the turn of the system is no request",
            "text only",
        ),
        (
            MultiTurn,
            "{\"turns\": [{\"text\": \"a\", \"session_id\": \"x\"}]}",
            ":1:40: session_id: a session is a whole line",
            "beside `turns`",
        ),
        (
            RandomPool,
            "{\"text\": \"a\", \"delay\": 5}",
            ":1:15: `delay`: a line of a pool is a part",
            "single_turn",
        ),
        (RandomPool, "", ": the file is empty", "a JSONL file"),
        (ShareGpt, "", ": the file is empty", "one array"),
        (ShareGpt, "[]", ": the array is empty", "one array"),
        (
            ShareGpt,
            "{\"conversations\": []}",
            ":1:1: expected `[`, found \"{\"",
            "one array",
        ),
        (
            ShareGpt,
            "[{\"conversations\": []}",
            ":2:1: expected `,`, found the end of the file",
            "one array",
        ),
        (
            ShareGpt,
            "[{\"conversations\": [}]",
            ":1:21: expected a JSON value",
            "one JSON value",
        ),
        (
            ShareGpt,
            "[\n {\"conversations\": []},\n]",
            ":3:1: expected a JSON value, but the text ends here",
            "trailing commas",
        ),
        (
            ShareGpt,
            "[{\"conversations\": []}] x",
            ":1:25: something stands behind the end",
            "one array",
        ),
        (
            ShareGpt,
            "[{\"conversations\": []}, {\"conversations\": []}]",
            ": all 2 conversations are left out",
            "a human says",
        ),
        (
            ShareGpt,
            "[\n{\"conversations\":\n[{\"from\": \"humn\", \"value\": \"x\"}]}]",
            ":3:11: from: nobody is called \"humn\"",
            "did you mean \"human\"?",
        ),
        (
            ShareGpt,
            "[{\"conversations\": [{\"from\": \"human\"}]}]",
            ":1:21: there is no `value`",
            "the message",
        ),
        (
            ShareGpt,
            "[{\"conversations\": [{\"from\": \"human\", \"value\": \"\\udfff\"}]}]",
            ":1:49: \\udfff is half",
            "both halves",
        ),
        (
            RawPayload,
            "\"just text\"",
            ":1:1: body: expected an object, found text",
            "{..}",
        ),
        (
            RawPayload,
            "{\"stream\": \"yes\"}",
            ":1:12: stream: expected true or false",
            "without quotes",
        ),
        (
            RawPayload,
            "{\"max_tokens\": -1}",
            ":1:16: max_tokens: -1 is no count",
            "from 1 to",
        ),
        (
            RawPayload,
            "{\"messages\": [{\"content\": \"\\ud83d\"}]}",
            ":1:28: \\ud83d is half",
            "both halves",
        ),
        (
            RawPayload,
            "{\"a\": {\"b\": 1, \"b\": 2}}",
            ":1:16: the key \"b\" stands twice",
            "keep the one",
        ),
        (
            InputsJson,
            "[]",
            ":1:1: expected `{`, found \"[\"",
            "an inputs.json is",
        ),
        (
            InputsJson,
            "{\"dat\": []}",
            ":1:2: expected the key \"data\"",
            "an inputs.json is",
        ),
        (
            InputsJson,
            "{\"data\": []}",
            ": there is no session in `data`",
            "an inputs.json is",
        ),
        (
            InputsJson,
            "{\"data\": [{\"session_id\": \"a\", \"payloads\": []}]}",
            ":1:43: payloads: there is no payload",
            "at least one",
        ),
        (
            InputsJson,
            "{\"data\": [{\"payloads\": [{}]}]}",
            ":1:11: there is no `session_id`",
            "name",
        ),
        (
            InputsJson,
            "{\"data\": [{\"session_id\": \"a\", \"payloads\": [{}]},\n{\"session_id\": \"a\", \"payloads\": [{}]}]}",
            ":2:16: session_id: there is a session \"a\" already",
            "its own name",
        ),
        (
            InputsJson,
            "{\"data\": [{\"session_id\": \"a\", \"payloads\": [5]}]}",
            ":1:44: payload: expected an object",
            "{..}",
        ),
        (
            InputsJson,
            "{\"data\": [{\"session_id\": \"a\", \"payloads\": [{}]}], \"x\": 1}",
            ":1:49: expected `}`, found \",\"",
            "an inputs.json is",
        ),
        (
            OpenAiBatch,
            "{\"custom_id\": \"a\", \"method\": \"GET\", \"url\": \"/v1\", \"body\": {}}",
            ":1:30: method: a batch is made of POST",
            "write POST",
        ),
        (
            OpenAiBatch,
            "{\"custom_id\": \"a\", \"method\": \"POST\", \"url\": \"http://x/v1\", \"body\": {}}",
            ":1:45: url: \"http://x/v1\" is no path",
            "behind the host",
        ),
        (
            OpenAiBatch,
            "{\"custom_id\": \"a\", \"method\": \"POST\", \"url\": \"/v1#a\", \"body\": {}}",
            ":1:45: url: \"/v1#a\" is no path",
            "without #",
        ),
        (
            OpenAiBatch,
            "{\"custom_id\": \"a\", \"method\": \"POST\", \"url\": \"/v1\"}",
            ":1:1: there is no `body`",
            "the body",
        ),
    ];
    let mut wrong = String::new();
    for (kind, file, what, remedy) in cases {
        let error = read_bytes(*kind, file.as_bytes()).unwrap_err();
        let message = error.to_string();
        let found = message.split_once("/d").map_or("", |(_, rest)| rest);
        let help = message
            .split_once("\n  help: ")
            .map_or("", |(_, help)| help);
        if !error.is_users_fault() || !found.starts_with(what) || !help.contains(remedy) {
            wrong += &format!("{file}\nexpected {what} .. {remedy}\nfound    {found}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let file = b"{\"text\": \"a\"}\n{\"text\": \"\xc3\xa9\xff\"}\n";
    let error = read_bytes(SetKind::SingleTurn, file)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("/d:2:12: the byte 0xff is not UTF-8 here"),
        "{error}"
    );
    let error = read_bytes(SetKind::SingleTurn, b"\x1f\x8bnot gzip").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the gzip data is cut off or damaged"),
        "{error}"
    );
    let marks = "\u{feff}\u{feff}{\"text\": \"a\"}";
    let error = read_bytes(SetKind::SingleTurn, marks.as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("two byte order marks"),
        "{error}"
    );
}

#[test]
fn what_is_no_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for kind in [SetKind::SingleTurn, SetKind::ShareGpt, SetKind::RandomPool] {
        let missing = read_at(kind, &directory.path().join("none.jsonl")).unwrap_err();
        assert!(missing.is_users_fault());
        assert!(
            missing.to_string().contains("help: check the path"),
            "{missing}"
        );
    }
    let error = read_at(SetKind::MultiTurn, directory.path()).unwrap_err();
    assert!(error.is_users_fault());
    assert!(
        error.to_string().contains("name the file itself"),
        "{error}"
    );
    let error = read_at(SetKind::RandomPool, directory.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no file in this directory ends in .jsonl"),
        "{error}"
    );
}

#[test]
fn a_line_without_an_end_is_given_up_at_the_limit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d");
    let file = std::fs::File::create(&path).unwrap();
    // 2 GB of zeros that take no room on the disk.
    file.set_len(2 << 30).unwrap();
    let error = read_at(SetKind::SingleTurn, &path).unwrap_err().to_string();
    assert!(
        error.contains("d:1: the line is longer than the limit of 67108864 bytes"),
        "{error}"
    );
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"[\n  \"").unwrap();
    file.set_len(2 << 30).unwrap();
    let error = read_at(SetKind::ShareGpt, &path).unwrap_err().to_string();
    assert!(
        error.contains("d:2:3: this value is longer than the limit of 67108864 bytes"),
        "{error}"
    );
}

#[test]
fn a_session_has_an_end() {
    let turn = "{\"text\": \"a\"}";
    let turns = |count: usize| format!("{{\"turns\": [{}]}}", vec![turn; count].join(", "));
    assert_eq!(read(SetKind::MultiTurn, &turns(4096)).turns.len(), 4096);
    let error = read_bytes(SetKind::MultiTurn, turns(4097).as_bytes()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the session has more than 4096 turns"),
        "{error}"
    );
}
