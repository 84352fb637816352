//! Workload files that are cut, altered or none, and targets and flags that are wrong: `wlc
//! verify`, `wlc inspect` and `replay run` say so and leave nothing behind.

use crate::support::{chat_spec, compile, dir, server};
use harness::Dir;
use serde_json::Value;

/// What ends a workload (WORKLOAD.md, section 2).
const TABLE_BYTES: usize = 560;
const TRAILER_BYTES: usize = 96;

/// A directory with a good workload `w.wlc`.
fn with_workload() -> Dir {
    let dir = dir();
    compile(&dir, "w", &chat_spec(20, "1"), "");
    dir
}

/// `replay run` of a file must end with this status, say all of `words`, and create nothing.
#[track_caller]
fn not_fired(dir: &Dir, arguments: &str, status: i32, words: &[&str]) {
    let before = dir.list(".");
    let outcome = dir
        .replay(&format!("run {arguments} --out results"))
        .run()
        .expect(status);
    assert_eq!(outcome.stdout, "");
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "no {word:?} in: {}",
            outcome.stderr
        );
    }
    assert_eq!(
        dir.list("."),
        before,
        "no result directory: {}",
        outcome.stderr
    );
}

/// Name, offset and length of every section.
fn sections(dir: &Dir) -> Vec<(String, usize, usize)> {
    let summary = dir.wlc("inspect w.wlc --json").run().json();
    let number = |value: &Value| value.as_u64().expect("a number") as usize;
    let sections = summary["sections"].as_array().expect("a list");
    sections
        .iter()
        .map(|s| {
            (
                s["name"].as_str().expect("a name").to_owned(),
                number(&s["offset"]),
                number(&s["bytes"]),
            )
        })
        .collect()
}

#[test]
fn a_byte_altered_in_any_section_is_found_before_anything_is_sent() {
    let dir = with_workload();
    let good = dir.read("w.wlc");
    let mut server = server(0, 0);
    let url = format!("http://{}", server.addr());
    for (name, offset, bytes) in sections(&dir) {
        assert!(bytes > 0, "{name} is empty: nothing to alter");
        let mut bad = good.clone();
        bad[offset + bytes / 2] ^= 0x01;
        dir.write("bad.wlc", bad);
        let outcome = dir.wlc("verify bad.wlc").run().expect(1);
        assert!(outcome.stderr.contains("bad.wlc"), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains(&name),
            "{name} is not named: {}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains("offset"), "{}", outcome.stderr);
        not_fired(
            &dir,
            &format!("bad.wlc --url {url}"),
            2,
            &["bad.wlc", &name, "offset"],
        );
    }
    server.stop();
    assert_eq!(server.arrivals(), []);
}

#[test]
fn an_altered_header_table_or_trailer_is_found() {
    let dir = with_workload();
    let good = dir.read("w.wlc");
    let last = sections(&dir)
        .last()
        .map(|(_, offset, bytes)| offset + bytes)
        .expect("sections");
    let end = good.len();
    for (what, at) in [
        ("minor version", 10),
        ("section table", last + 40),
        ("trailer", end - 90),
        ("end mark", end - 3),
    ] {
        let mut bad = good.clone();
        bad[at] ^= 0x04;
        dir.write("bad.wlc", bad);
        let outcome = dir.wlc("verify bad.wlc").run();
        assert!(matches!(outcome.status, Some(1 | 2)), "{what}: {outcome:?}");
        assert!(
            outcome.stderr.contains("offset"),
            "{what}: {}",
            outcome.stderr
        );
        not_fired(
            &dir,
            "bad.wlc --url http://127.0.0.1:9",
            2,
            &["bad.wlc", "offset"],
        );
    }
}

/// `wlc verify --json` of these bytes: its status, and what it printed on stdout.
#[track_caller]
fn verify_json(dir: &Dir, bytes: &[u8]) -> (Option<i32>, String) {
    dir.write("bad.wlc", bytes);
    let outcome = dir.wlc("verify bad.wlc --json").run();
    assert!(outcome.stderr.contains("bad.wlc"), "{}", outcome.stderr);
    (outcome.status, outcome.stdout)
}

/// An altered workload: status 1, and one JSON object that says what is wrong.
#[track_caller]
fn is_told_apart(what: &str, (status, stdout): (Option<i32>, String), words: &[&str]) {
    assert_eq!(status, Some(1), "{what}: {stdout}");
    assert_eq!(stdout.lines().count(), 1, "{what}: {stdout}");
    let said: Value = serde_json::from_str(&stdout).expect("one JSON object");
    assert_eq!(said["verified"], false, "{what}");
    let error = said["error"].as_str().expect("a text");
    for word in words {
        assert!(error.contains(word), "{what}: no {word:?} in {error}");
    }
    let section = said["section"].as_str().expect("a name");
    assert!(error.starts_with(section), "{what}: {said}");
    assert!(
        said["offset"].as_u64() < said["end"].as_u64(),
        "{what}: {said}"
    );
    assert_eq!(said.as_object().map(serde_json::Map::len), Some(5));
}

#[test]
fn verify_says_in_json_that_a_workload_was_altered() {
    let dir = with_workload();
    let good = dir.read("w.wlc");
    for (name, offset, bytes) in sections(&dir) {
        let mut bad = good.clone();
        bad[offset + bytes / 2] ^= 0x01;
        is_told_apart(&name, verify_json(&dir, &bad), &[&name, "offset"]);
    }
    let verified = dir.wlc("verify w.wlc --json").run().json();
    assert_eq!(verified["verified"], true);
}

#[test]
fn an_altered_section_table_or_trailer_is_a_false_claim_and_a_cut_file_no_workload() {
    let dir = with_workload();
    let good = dir.read("w.wlc");
    let end = good.len();
    let trailer = end - TRAILER_BYTES;
    let table = trailer - TABLE_BYTES;
    for (what, at) in [
        ("section table, first entry", table + 8),
        ("section table, in the middle", table + TABLE_BYTES / 2),
        ("section table, last byte", trailer - 1),
        ("trailer, content_hash", trailer),
        ("trailer, footer_hash", trailer + 32),
        ("trailer, table_offset", trailer + 72),
        ("trailer, section_count", trailer + 80),
    ] {
        let mut bad = good.clone();
        bad[at] ^= 0x04;
        is_told_apart(what, verify_json(&dir, &bad), &["offset"]);
    }
    for length in [0, 100, end / 2, trailer, end - 1] {
        let told = verify_json(&dir, &good[..length]);
        assert_eq!(told, (Some(2), String::new()), "cut to {length} bytes");
    }
}

#[test]
fn a_cut_file_or_another_file_is_not_a_workload() {
    let dir = with_workload();
    let good = dir.read("w.wlc");
    let cuts = [0, 1, 15, 100, good.len() / 2, good.len() - 1];
    let mut files: Vec<(String, Vec<u8>)> = cuts
        .map(|length| (format!("cut to {length} bytes"), good[..length].to_vec()))
        .into();
    files.push(("a text".into(), b"seed: 1\n".repeat(200)));
    files.push(("one byte more".into(), [&good[..], b"x"].concat()));
    for (what, bytes) in files {
        dir.write("bad.wlc", bytes);
        for verb in ["verify", "inspect"] {
            let outcome = dir.wlc(&format!("{verb} bad.wlc")).run();
            assert_eq!(outcome.status, Some(2), "{what}: {}", outcome.stderr);
            assert!(
                outcome.stderr.contains("bad.wlc"),
                "{what}: {}",
                outcome.stderr
            );
        }
        not_fired(&dir, "bad.wlc --url http://127.0.0.1:9", 2, &["bad.wlc"]);
    }
    not_fired(
        &dir,
        "nothing.wlc --url http://127.0.0.1:9",
        2,
        &["nothing.wlc"],
    );
    dir.wlc("verify nothing.wlc").run().expect(2);
}

#[test]
fn an_unreachable_target_is_the_worlds_fault() {
    let dir = with_workload();
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    not_fired(
        &dir,
        &format!("w.wlc --url http://{address}"),
        3,
        &[&address, "--url"],
    );
    not_fired(
        &dir,
        "w.wlc --url http://no-such-host.invalid",
        3,
        &["no-such-host.invalid"],
    );
    // A directory that was there stays.
    std::fs::create_dir(dir.path("kept")).expect("a directory");
    dir.write("kept/notes.txt", "mine");
    dir.replay(&format!("run w.wlc --url http://{address} --out kept"))
        .run()
        .expect(3);
    assert_eq!(dir.list("kept"), ["notes.txt"]);
}

/// Flags after `--url http://127.0.0.1:9` and what the message must hold.
#[rustfmt::skip]
const WRONG_FLAGS: [(&str, &[&str]); 8] = [
    ("--speed 0", &["--speed", "number"]),
    ("--speed fast", &["--speed", "number"]),
    ("--speed nan", &["--speed", "number"]),
    ("--header nocolon", &["--header", "NAME: VALUE"]),
    ("--header a@b:c", &["--header", "header name"]),
    ("--timeout 30", &["--timeout", "unit"]),
    ("--workers 0", &["--workers"]),
    ("--max-in-flight 0", &["--max-in-flight"]),
];

#[test]
fn wrong_flags_are_refused_in_terms_of_the_flag() {
    let dir = with_workload();
    for (flags, words) in WRONG_FLAGS {
        not_fired(
            &dir,
            &format!("w.wlc --url http://127.0.0.1:9 {flags}"),
            2,
            words,
        );
    }
    not_fired(&dir, "w.wlc", 2, &["--url"]);
}

#[test]
fn a_speed_that_stretches_a_schedule_beyond_ten_years_is_refused() {
    let dir = dir();
    let spec = chat_spec(1, "1").replace("rate: 1, duration: 1", "rate: 0.00002, duration: 300d");
    let compiled = compile(&dir, "w", &spec, "");
    assert!(compiled["requests"].as_u64() > Some(500), "{compiled}");
    let mut server = server(0, 0);
    let url = format!("http://{}", server.addr());
    let flags = format!("w.wlc --url {url} --speed 0.000001");
    not_fired(&dir, &flags, 2, &["--speed 0.000001", "higher speed"]);
    server.stop();
    assert_eq!(server.arrivals(), []);
}

#[test]
fn fewer_requests_in_flight_than_workers_are_refused() {
    let dir = with_workload();
    let mut server = server(0, 0);
    let url = format!("http://{}", server.addr());
    let flags = format!("w.wlc --url {url} --workers 3 --max-in-flight 2");
    not_fired(&dir, &flags, 2, &["--max-in-flight 2", "3 workers"]);
    server.stop();
    assert_eq!(server.arrivals(), []);
}

#[test]
fn wrong_urls_are_refused_and_a_password_in_one_is_not_repeated() {
    let dir = with_workload();
    for (url, words) in [
        ("127.0.0.1:9", &["--url", "http://"]),
        ("ftp://127.0.0.1:9", &["--url", "https://"]),
        ("http://me:hunter2@127.0.0.1:9", &["--url", "--api-key-env"]),
    ] {
        not_fired(&dir, &format!("w.wlc --url {url}"), 2, words);
        let outcome = dir.replay(&format!("run w.wlc --url {url}")).run();
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    }
}

#[test]
fn flags_that_do_not_go_together_are_refused_with_a_remedy_before_anything_is_sent() {
    let dir = with_workload();
    let mut server = server(0, 0);
    let url = format!("http://{}", server.addr());
    for (flags, words) in [
        ("--cert absent.pem", ["--key", "--cert"]),
        ("--insecure", ["--insecure", "help: write https://"]),
        ("--connections 2 --reuse never", ["--reuse never", "help: "]),
        ("--http2 --reuse session", ["--reuse session", "help: "]),
        (
            "--start-at 1000000000",
            ["--start-at", "help: name a later one"],
        ),
        ("--start-at 9999999999", ["--start-at", "within a year"]),
        // Milliseconds.
        ("--start-at 1896091200500", ["--start-at", "Unix seconds"]),
        (
            "--start-at 2030-01-31T12:00:00",
            ["--start-at", "Unix seconds"],
        ),
        ("--cpus 1023", ["--cpus", "help: name some of"]),
        ("--fifo 0", ["--fifo", "1..=99"]),
        ("--bind 192.0.2.1", ["--bind 192.0.2.1", "of this machine"]),
    ] {
        not_fired(&dir, &format!("w.wlc --url {url} {flags}"), 2, &words);
    }
    server.stop();
    assert_eq!(server.arrivals(), []);
}

#[test]
fn an_api_key_that_is_not_set_is_wrong_input() {
    let dir = with_workload();
    let mut server = server(0, 0);
    let url = format!("http://{}", server.addr());
    let words = ["--api-key-env NOT_SET_ANYWHERE", "not set", "export"];
    not_fired(&dir, &format!("w.wlc --url {url} {}", words[0]), 2, &words);
    server.stop();
    assert_eq!(server.arrivals(), []);
}

#[test]
fn results_are_never_replaced() {
    let dir = with_workload();
    let server = server(0, 0);
    let run = format!("run w.wlc --url http://{} --out results", server.addr());
    dir.replay(&run).run().ok();
    let files = ["bundle.json", "records.wlr", "run.json", "summary.json"];
    assert_eq!(dir.list("results"), files);
    let before = files.map(|name| dir.read(&format!("results/{name}")));
    let outcome = dir.replay(&run).run().expect(2);
    assert!(
        outcome.stderr.contains("--out results"),
        "{}",
        outcome.stderr
    );
    assert!(before == files.map(|name| dir.read(&format!("results/{name}"))));
}

#[test]
fn a_request_that_is_not_there_cannot_be_inspected() {
    let dir = with_workload();
    let outcome = dir.wlc("inspect w.wlc --request 999999").run().expect(2);
    assert!(outcome.stderr.contains("0 to 19"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    dir.wlc("inspect w.wlc --request 19").run().ok();
}

#[test]
fn a_directory_without_a_run_cannot_be_reported() {
    let dir = with_workload();
    std::fs::create_dir(dir.path("empty")).expect("a directory");
    for name in ["empty", "nowhere"] {
        let outcome = dir.replay(&format!("report {name}")).run().expect(2);
        assert!(
            outcome.stderr.contains("replay run --out"),
            "{}",
            outcome.stderr
        );
    }
}
