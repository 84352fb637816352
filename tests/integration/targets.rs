//! Where requests go: several servers, addresses to come from, header fields and keys, when it
//! begins.

use crate::answers;
use crate::support::{Run, chat_spec, compile, dir, server};
use mock_llm::Server;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn url(server: &Server) -> String {
    format!("http://{}", server.addr())
}

/// Which target each request went to, by its index.
fn targets(run: &Run) -> Vec<u64> {
    let targets = run.column("target");
    targets
        .iter()
        .filter_map(|target| target.as_u64())
        .collect()
}

/// Fires at these servers; the servers' own counts agree with the records.
#[track_caller]
fn fire(spec: &str, servers: &mut [Server], flags: &str) -> Run {
    let before: Vec<usize> = servers.iter().map(|s| s.arrivals().len()).collect();
    let more: String = servers[1..]
        .iter()
        .map(|server| format!(" --url {}", url(server)))
        .collect();
    let dir = dir();
    compile(&dir, "w", spec, "");
    let first = url(&servers[0]);
    let call = format!("run w.wlc --out results --url {first} {more} {flags}");
    let outcome = dir.replay(&call).run().ok();
    let run = Run::read(dir, Vec::new(), outcome);
    assert_eq!(run.count("outcome", "ok"), run.records.len());
    assert_eq!(run.summary["accounting"]["scheduled"], run.records.len());
    for (number, server) in servers.iter().enumerate() {
        assert_eq!(run.run["targets"][number]["url"], url(server));
        let sent = targets(&run)
            .iter()
            .filter(|t| **t == number as u64)
            .count();
        assert_eq!(
            server.arrivals().len() - before[number],
            sent,
            "target {number}"
        );
    }
    run
}

#[test]
fn round_robin_sends_a_request_to_the_same_server_in_every_run() {
    let mut servers = [server(1, 0), server(1, 0), server(1, 0)];
    let expected: Vec<u64> = (0..60).map(|index| index % 3).collect();
    for flags in ["", "--workers 2 --speed 3", "--http2"] {
        let run = fire(&chat_spec(100, "600ms"), &mut servers, flags);
        assert_eq!(targets(&run), expected, "{flags}");
    }
}

#[test]
fn the_turns_of_a_session_go_to_one_server() {
    let mut servers = [server(1, 0), server(1, 0)];
    let spec = chat_spec(40, "500ms") + "sessions: {turns: 3, delay: 5ms, history: live}\n";
    for flags in ["", "--balance least-loaded", "--workers 3"] {
        let run = fire(&spec, &mut servers, flags);
        let mut of: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for record in &run.records {
            let session = record["session"].as_str().expect("a session");
            of.entry(session).or_default().push(&record["target"]);
        }
        assert_eq!(of.len(), 20, "{flags}");
        for (session, targets) in &of {
            assert_eq!(targets.len(), 3);
            assert!(
                targets.iter().all(|t| *t == targets[0]),
                "{session}: {targets:?}"
            );
        }
        assert!(
            targets(&run).contains(&0) && targets(&run).contains(&1),
            "{flags}"
        );
    }
}

#[test]
fn least_loaded_spares_a_server_that_is_slow() {
    let spec = chat_spec(100, "500ms");
    // Whatever is sent to the first stays there until the last request is long gone.
    let sent_to_slow = |flags: &str| {
        let mut servers = [server(3_000, 0), server(0, 0)];
        let run = fire(&spec, &mut servers, flags);
        targets(&run).iter().filter(|target| **target == 0).count()
    };
    // The control: half of them.
    assert_eq!(sent_to_slow(""), 25);
    let least = sent_to_slow("--balance least-loaded");
    assert!((1..25).contains(&least), "{least} of 50 at the slow one");
}

/// A server that notes where connections come from, and answers each request well.
fn noting() -> (String, Arc<Mutex<Vec<IpAddr>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let peers: Arc<Mutex<Vec<IpAddr>>> = Arc::default();
    let noted = Arc::clone(&peers);
    std::thread::spawn(move || {
        while let Ok((stream, peer)) = listener.accept() {
            noted.lock().expect("no thread panics").push(peer.ip());
            std::thread::spawn(move || answer_all(&stream).ok());
        }
    });
    (url, peers)
}

fn answer_all(mut stream: &std::net::TcpStream) -> io::Result<()> {
    let body =
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n"
    );
    // A client that has gone before it asked for anything.
    while stream.peek(&mut [0])? > 0 {
        crate::support::read_request(stream)?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
    }
    Ok(())
}

#[test]
fn connections_leave_from_the_address_that_was_asked_for() {
    for (flags, from) in [("--bind 127.0.0.9", "127.0.0.9"), ("", "127.0.0.1")] {
        let (url, peers) = noting();
        let run = Run::new(&chat_spec(20, "250ms"), &url, flags);
        run.assert_all_ok();
        let from: IpAddr = from.parse().expect("an address");
        let peers = peers.lock().expect("no thread panics");
        assert!(peers.len() >= 2, "{peers:?}");
        assert!(peers.iter().all(|peer| *peer == from), "{flags}: {peers:?}");
    }
}

#[test]
fn keys_and_header_fields_arrive_over_both_protocols() {
    for flags in ["", "--http2"] {
        let dir = dir();
        compile(&dir, "w", &chat_spec(50, "200ms"), "");
        for (credentials, arrives) in [
            ("--api-key-env TEST_KEY", true),
            ("--header authorization:x", true),
            ("--header x-other:x", false),
        ] {
            let mut server = server(0, 0);
            let out = format!("{arrives}-{}", credentials.len());
            let call = format!(
                "run w.wlc --url {} --out {out} {credentials} {flags}",
                url(&server)
            );
            dir.replay(&call).env("TEST_KEY", "k").run().ok();
            server.stop();
            let arrivals = server.arrivals();
            assert_eq!(arrivals.len(), 10);
            for arrival in arrivals {
                assert_eq!(arrival.authorization, arrives, "{credentials} {flags}");
            }
            std::fs::remove_dir_all(dir.path(&out)).expect("results");
        }
    }
}

#[test]
fn a_header_field_arrives_as_it_was_given() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&heads);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = [0; 8192];
            let count = stream.read(&mut bytes).unwrap_or(0);
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            kept.lock().expect("no thread panics").push(text);
        }
    });
    let run = Run::new(
        &chat_spec(20, "200ms"),
        &url,
        "--no-models --reuse never --header x-tenant:blue --header user-agent:probe/2",
    );
    run.assert_accounted();
    let heads = heads.lock().expect("no thread panics");
    let posts: Vec<&String> = heads
        .iter()
        .filter(|head| head.starts_with("POST "))
        .collect();
    assert_eq!(posts.len(), 4);
    for head in posts {
        assert!(head.contains("\r\nx-tenant: blue\r\n"), "{head}");
        // It replaces the workload's own, if there is one.
        assert_eq!(head.matches("user-agent:").count(), 1, "{head}");
        assert!(head.contains("\r\nuser-agent: probe/2\r\n"), "{head}");
    }
}

#[test]
fn without_reuse_every_request_has_a_connection_of_its_own() {
    for flags in ["", "--workers 2", "--http2"] {
        let mut server = server(1, 0);
        let run = Run::new(
            &chat_spec(100, "300ms"),
            &url(&server),
            &format!("--reuse never {flags}"),
        );
        server.stop();
        run.assert_all_ok();
        assert_eq!(run.count("new_connection", true), 30, "{flags}");
        assert_eq!(run.run["end"]["connections_opened"], 30, "{flags}");
        assert_eq!(run.summary["connections"]["new_during_run"], 30);
        let arrivals = server.arrivals();
        let mut carried: HashMap<u64, u32> = HashMap::new();
        arrivals
            .iter()
            .for_each(|a| *carried.entry(a.connection).or_default() += 1);
        assert_eq!(
            carried.len(),
            30,
            "{flags}: requests by connection {carried:?}"
        );
        // And the one that asks whether anybody listens, and the one that asks for the models.
        assert_eq!(server.stats().connections_opened, 32, "{flags}");
    }
}

#[test]
fn a_run_begins_at_the_time_that_was_asked_for_and_not_a_request_before() {
    let mut server = server(0, 0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let start = now + Duration::from_millis(2_500);
    let start_at = format!("{}.{:09}", start.as_secs(), start.subsec_nanos());
    let run = Run::new(
        &chat_spec(50, "300ms"),
        &url(&server),
        &format!("--start-at {start_at}"),
    );
    server.stop();
    run.assert_all_ok();
    let asked_ns = start.as_nanos() as u64;
    assert_eq!(run.run["clock"]["t0_unix_ns"], asked_ns);
    assert_eq!(run.run["effective"]["start_at_unix_ns"], asked_ns);
    assert!(
        run.outcome.stderr.contains("starting in "),
        "{}",
        run.outcome.stderr
    );
    let t0_ns = run.t0_ns();
    for arrival in server.arrivals() {
        assert!(
            arrival.arrival_ns >= t0_ns,
            "{} ns early",
            t0_ns - arrival.arrival_ns
        );
    }
}

#[test]
fn a_server_that_closes_after_each_answer_without_saying_so_fails_nothing() {
    // Its end comes with the answer, or right behind it.
    let body =
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let run = Run::new(
        &chat_spec(20, "1"),
        &answers::server(answer),
        "--connections 2",
    );
    run.assert_all_ok();
}
