//! Keys that come back: from a server that repeats them in what it answers, and in the messages of
//! the programs to whom they are given in the wrong way.

use crate::secrets::{KEY, Places, signing_key, use_results};
use crate::support::{chat_spec, compile, dir, read_request};
use harness::{Dir, Outcome, sha256_hex};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpListener;

const AUDIT: &str = "seed: 5\napi: {type: chat, streaming: true}\nmodels: [{name: m}]\n\
                     audit: {probes: 1, neighbours: [1], gap: 0, pause: 0}\n";

/// Answers every request with these bytes and closes the connection; lives as long as the tests.
fn server(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || {
                // A connection that asks nothing finds out whether somebody is there.
                if read_request(&stream).is_ok() {
                    let _ = (&stream).write_all(answer.as_bytes());
                }
            });
        }
    });
    url
}

/// Fires an audit with the key at a server that answers so, and looks at everything that is said
/// and written; gives the answers.
#[track_caller]
fn audited(dir: &Dir, answer: String) -> Vec<Value> {
    compile(dir, "w", AUDIT, "");
    signing_key(dir);
    let url = server(answer);
    let run = dir
        .replay(&format!("run w.wlc --url {url} --out results --no-models"))
        .words("--api-key-env TEST_API_KEY")
        .env("TEST_API_KEY", KEY)
        .run();
    let mut places = Places::default();
    places.said(&run);
    use_results(dir, "results", &mut places);
    places.assert_none_hold(&[KEY]);
    // The hashes are those of what is there.
    dir.replay("verify results --workload w.wlc").run().ok();
    let text = String::from_utf8(dir.read("results/answers.jsonl")).expect("text");
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(answers.len() > 3, "{text}");
    answers
}

#[test]
fn a_refusal_that_repeats_the_key_does_not_get_it_into_the_answers() {
    let body =
        format!(r#"{{"error": {{"message": "Incorrect API key provided: Bearer {KEY}."}}}}"#);
    let answer = format!(
        "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    for answer in audited(&dir(), answer) {
        assert_eq!(answer["error"], body.replace(KEY, "…"));
        assert_eq!(
            (&answer["pieces"], &answer["sha256"]),
            (&json!([]), &Value::Null)
        );
    }
}

/// A stream of these texts, each with the id of a token, under a name that repeats the key.
fn stream(texts: &[&str]) -> String {
    let event = |text: &&str| {
        let choice = json!({"index": 0, "delta": {"content": text}, "token_ids": [7]});
        format!(
            "data: {}\n\n",
            json!({"id": format!("for {KEY}"), "choices": [choice]})
        )
    };
    let events: String = texts.iter().map(event).collect();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}\
         data: [DONE]\n\n"
    )
}

#[test]
fn a_text_that_repeats_the_key_does_not_get_it_into_the_answers() {
    let (begin, end) = KEY.split_at(9);
    let (middle, end) = end.split_at(5);
    let cases: [(&[&str], Value); 3] = [
        (&["it is ", KEY, ", yes"], json!(["it is ", "…", ", yes"])),
        (
            &["it is ", begin, middle, &format!("{end}, yes")],
            json!(["it is ", "…", ", yes"]),
        ),
        (
            &[&format!("it is {begin}"), &format!("{middle}{end}")],
            json!(["it is …"]),
        ),
    ];
    for (texts, expected) in cases {
        for answer in audited(&dir(), stream(texts)) {
            assert_eq!(
                (&answer["pieces"], &answer["id"]),
                (&expected, &json!("for …"))
            );
            let text = expected.as_array().expect("pieces").iter();
            let text: String = text.filter_map(Value::as_str).collect();
            assert_eq!(answer["sha256"], sha256_hex(text.as_bytes()));
            assert_eq!(
                (&answer["token_ids"], &answer["error"]),
                (&Value::Null, &Value::Null)
            );
        }
    }
}

#[test]
fn a_text_that_repeats_nothing_is_kept_as_it_came() {
    let (begin, _) = KEY.split_at(9);
    let texts = ["Bearer ", begin, " …", "\u{fc}"];
    for answer in audited(&dir(), stream(&texts)) {
        assert_eq!(answer["pieces"], json!(texts));
        assert_eq!(answer["token_ids"], json!([7, 7, 7, 7]));
    }
}

/// Was refused as wrong input with these words, and without the key.
#[track_caller]
fn assert_refused(outcome: Outcome, words: &[&str]) {
    let outcome = outcome.expect(2);
    for word in words {
        assert!(outcome.stderr.contains(word), "{word}: {}", outcome.stderr);
    }
    let mut places = Places::default();
    places.said(&outcome);
    places.assert_none_hold(&[KEY]);
}

#[test]
fn a_header_that_cannot_be_sent_is_not_repeated() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(10, "1"), "");
    let forms = [
        (format!("Authorization Bearer {KEY}"), "'NAME: VALUE'"),
        (format!("Authorization Bearer {KEY}:"), "'NAME: VALUE'"),
        (format!("Authorization: Bearer {KEY}\u{7}"), "control"),
    ];
    for (header, told) in &forms {
        for verb in ["run", "sweep"] {
            let call = || dir.replay(&format!("{verb} w.wlc --url http://127.0.0.1:1"));
            assert_refused(
                call().arg("--header").arg(header).run(),
                &["--header", told],
            );
            let joined = format!("--header={header}");
            assert_refused(call().arg(joined).run(), &["--header", told]);
        }
    }
    // Nobody quoted it, and the shell took it apart.
    let call = dir.replay("run w.wlc --url http://127.0.0.1:1 --header X-Key:");
    assert_refused(call.arg(KEY).run(), &["quote", "--header"]);
    let call = dir.replay("run w.wlc --url http://127.0.0.1:1 --api-key-env");
    assert_refused(
        call.arg(KEY).run(),
        &["--api-key-env", "name of a variable"],
    );
}

#[test]
fn an_override_that_is_refused_is_named_by_its_path_alone() {
    let dir = dir();
    dir.write("s.yaml", chat_spec(10, "1"));
    for (set, told) in [
        (format!("server.api_key={KEY}"), "--set server.api_key: "),
        (format!("server.api_key:{KEY}"), "there is no `=`"),
        (format!("server.api_key: {KEY}=="), "before the `=`"),
        (
            format!("api.headers.authorization=Bearer {KEY}"),
            "--set api.headers.authorization: ",
        ),
        (
            format!("server.base_url=http://u:{KEY}@h/"),
            "--set server.base_url: ",
        ),
        (
            format!("metrics.url=http://u:1234#{KEY}@h/"),
            "a URL with a user is a secret",
        ),
        (
            format!("metrics.url=http://u:a?{KEY}@h/"),
            "a URL with a user is a secret",
        ),
    ] {
        let compile = dir.wlc("compile s.yaml -o s.wlc --set").arg(&set).run();
        assert_refused(compile, &["--set ", told]);
    }
    assert_eq!(dir.list("."), ["s.yaml"]);
}

#[test]
fn a_url_that_holds_a_secret_is_refused_and_not_repeated() {
    let dir = dir();
    compile(&dir, "w", &chat_spec(10, "1"), "");
    for (url, told) in [
        (format!("http://user:pa#{KEY}@h"), "user or password"),
        (format!("http://user:{KEY}#pa@h"), "user or password"),
        (format!("http://user:{KEY}?pa@h"), "user or password"),
        (format!("http://user:{KEY}/pa@h"), "user or password"),
        (
            format!("http://user:1234#{KEY}@127.0.0.1:1"),
            "user or password",
        ),
        (format!("http://127.0.0.1:1/#{KEY}"), "fragment"),
        (format!("http://127.0.0.1:1#{KEY}"), "fragment"),
        (format!("http://127.0.0.1:1/?key={KEY}"), "query"),
    ] {
        for verb in ["run", "sweep"] {
            let call = dir.replay(&format!("{verb} w.wlc --out {verb} --url"));
            assert_refused(call.arg(&url).run(), &["--url", told]);
        }
    }
    assert_eq!(dir.list("."), ["w.wlc", "w.yaml"]);
}
