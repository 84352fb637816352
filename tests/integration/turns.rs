//! Conversations as the server sees them: the order of turns, the delays between them, and which
//! connections they come on.

use crate::fired::Fired;
use crate::lines::{Lines, number, text};
use crate::support::{await_arrivals, dir, server};
use harness::peak;
use mock_llm::{Arrival, Server};
use std::collections::{BTreeMap, BTreeSet};

const SPEC: &str = "\
seed: 302
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(20, 30)', output_distribution: 'uniform(1, 8)'}
load: {type: poisson, stages: [{rate: 80, duration: 500ms}]}
sessions: {turns: 'uniform(1, 5)', delay: 'uniform(0, 20ms)'}
";

fn fire(spec: &str, server: &mut Server, arguments: &str) -> (Fired, Vec<Arrival>) {
    let url = format!("http://{}", server.addr());
    let fired = Fired::new(spec, &url, arguments);
    server.stop();
    fired.assert_all_ok();
    (fired, server.arrivals())
}

/// The arrivals of each session, in the order of its turns.
fn by_session<'a>(fired: &Fired, arrivals: &'a [Arrival]) -> BTreeMap<String, Vec<&'a Arrival>> {
    let mut sessions: BTreeMap<String, BTreeMap<u64, &Arrival>> = BTreeMap::new();
    for (line, arrival) in fired.lines.iter().zip(fired.seen(arrivals)) {
        let turns = sessions
            .entry(text(line, "session").to_owned())
            .or_default();
        turns.insert(number(line, "turn"), arrival.expect("it was sent"));
    }
    let in_order = |turns: BTreeMap<u64, _>| turns.into_values().collect();
    let sessions = sessions.into_iter();
    sessions
        .map(|(name, turns)| (name, in_order(turns)))
        .collect()
}

#[track_caller]
fn assert_conducted(fired: &Fired, arrivals: &[Arrival]) {
    let seen = fired.seen(arrivals);
    let sessions = by_session(fired, arrivals);
    assert_eq!(
        fired.assert_delays_kept(&seen),
        fired.lines.len() - sessions.len()
    );
    assert!(sessions.len() > 20 && fired.lines.len() > 2 * sessions.len());
    for (session, turns) in &sessions {
        let order = turns.windows(2).all(|pair| {
            let answered_ns = pair[0].answered_ns.expect("answered whole");
            pair[0].seq < pair[1].seq && answered_ns < pair[1].arrival_ns
        });
        assert!(order, "{session}");
        // A session stays with its worker.
        let records = fired.records.iter().filter(|r| r["session"] == **session);
        let workers: BTreeSet<u64> = records.map(|r| number(r, "worker")).collect();
        assert_eq!(workers.len(), 1, "{session}");
    }
}

/// The connections that each session came on.
fn connections(fired: &Fired, arrivals: &[Arrival]) -> Vec<BTreeSet<u64>> {
    let sessions = by_session(fired, arrivals).into_values();
    let of = |turns: Vec<&Arrival>| turns.iter().map(|turn| turn.connection).collect();
    sessions.map(of).collect()
}

fn distinct(connections: &[BTreeSet<u64>]) -> usize {
    let all: BTreeSet<u64> = connections.iter().flatten().copied().collect();
    all.len()
}

#[test]
fn turns_keep_their_order_and_delays_with_one_to_three_workers() {
    for workers in 1..=3 {
        let mut server = server(3, 1);
        let (fired, arrivals) = fire(SPEC, &mut server, &format!("--workers {workers}"));
        assert_conducted(&fired, &arrivals);
    }
}

#[test]
fn turns_keep_their_order_and_delays_over_http2() {
    let mut server = server(3, 1);
    let (fired, arrivals) = fire(SPEC, &mut server, "--workers 2 --http2");
    assert_conducted(&fired, &arrivals);
    let connections = connections(&fired, &arrivals);
    assert!(distinct(&connections) <= 2, "one for each worker");
}

#[test]
fn turns_without_a_delay_and_conversations_in_slots_keep_their_order() {
    let spec = SPEC.replace(", delay: 'uniform(0, 20ms)'", "").replace(
        "{type: poisson, stages: [{rate: 80, duration: 500ms}]}",
        "{type: concurrent, stages: [{num_requests: 30, concurrency_level: 4}]}",
    );
    for workers in 1..=3 {
        let mut server = server(3, 0);
        let url = format!("http://{}", server.addr());
        let fired = Fired::new(&spec, &url, &format!("--workers {workers}"));
        server.stop();
        fired.assert_all_ok();
        let arrivals = server.arrivals();
        assert!(server.stats().peak_in_flight <= 4);
        for (session, turns) in by_session(&fired, &arrivals) {
            let order = turns.windows(2);
            assert!(
                order
                    .into_iter()
                    .all(|p| p[0].answered_ns < Some(p[1].arrival_ns)),
                "{session}"
            );
        }
    }
}

#[test]
fn with_reuse_session_every_session_has_one_connection_of_its_own() {
    for workers in 1..=2 {
        let mut server = server(3, 1);
        let arguments = format!("--workers {workers} --reuse session");
        let (fired, arrivals) = fire(SPEC, &mut server, &arguments);
        assert_conducted(&fired, &arrivals);
        let connections = connections(&fired, &arrivals);
        assert!(connections.iter().all(|of| of.len() == 1));
        assert_eq!(distinct(&connections), connections.len());
    }
}

#[test]
fn with_reuse_never_every_turn_has_a_connection_of_its_own() {
    let mut server = server(3, 1);
    let (fired, arrivals) = fire(SPEC, &mut server, "--reuse never");
    assert_conducted(&fired, &arrivals);
    assert_eq!(distinct(&connections(&fired, &arrivals)), fired.lines.len());
}

#[test]
fn pooled_connections_serve_whoever_comes_and_are_no_more_than_were_in_flight() {
    let mut server = server(3, 1);
    let (fired, arrivals) = fire(SPEC, &mut server, "--reuse pooled");
    assert_conducted(&fired, &arrivals);
    let connections = connections(&fired, &arrivals);
    let span = |record| (number(record, "scheduled_ns"), number(record, "end_ns"));
    let most = peak(fired.records.iter().map(span));
    assert!(distinct(&connections) as i64 <= most, "{most} at once");
    assert!(distinct(&connections) < connections.len(), "sessions share");
}

/// Connections that are open while the last of several sessions is served, more than a second
/// after all others were over.
fn open_at_the_end(reuse: &str) -> u64 {
    let spec = SPEC.replace("'uniform(1, 5)', delay: 'uniform(0, 20ms)'", "2").replace(
        "{type: poisson, stages: [{rate: 80, duration: 500ms}]}",
        "{type: constant, interval: 1500ms, stages: [{rate: 40, duration: 500ms}, {rate: 1, duration: 1}]}",
    );
    let server = server(200, 0);
    let dir = dir();
    let Lines { lines, .. } = Lines::with(&dir, &spec, "");
    let command = format!(
        "run lines.wlc --url http://{} --out results --connections 1 --reuse {reuse}",
        server.addr()
    );
    let running = dir.replay(&command).start();
    await_arrivals(lines.len(), || server.arrivals().len());
    let open = server.stats().connections_open;
    running.wait().ok();
    open
}

#[test]
fn the_connection_of_a_session_is_closed_when_the_session_is_over() {
    assert_eq!(open_at_the_end("session"), 1);
    assert!(open_at_the_end("pooled") > 1, "control");
}

/// Which of the servers each request reached, by what they have logged.
fn reached(fired: &Fired, servers: &[Server]) -> Vec<usize> {
    let arrivals: Vec<Arrival> = servers.iter().flat_map(Server::arrivals).collect();
    let counts = servers.iter().map(|server| server.arrivals().len());
    let ends: Vec<usize> = counts
        .scan(0, |end, count| {
            *end += count;
            Some(*end)
        })
        .collect();
    let seen = fired.seen(&arrivals).into_iter();
    let place = |arrival: Option<&Arrival>| {
        let arrival = arrival.expect("it was sent");
        let at = arrivals
            .iter()
            .position(|other| std::ptr::eq(other, arrival));
        ends.partition_point(|end| *end <= at.expect("one of them"))
    };
    seen.map(place).collect()
}

/// How many of the groups are spread over several servers.
fn spread<K: Ord>(groups: impl Iterator<Item = K>, reached: &[usize]) -> usize {
    let mut of: BTreeMap<K, BTreeSet<usize>> = BTreeMap::new();
    for (group, server) in groups.zip(reached) {
        of.entry(group).or_default().insert(*server);
    }
    of.values().filter(|servers| servers.len() > 1).count()
}

#[test]
fn all_turns_of_a_session_reach_one_server_however_the_load_is_balanced() {
    // Who is least loaded changes from turn to turn: one server is ten times slower.
    let live = SPEC.replace("'uniform(0, 20ms)'}", "'uniform(0, 20ms)', history: live}");
    for (spec, flags) in [
        (SPEC, "--balance least-loaded"),
        (SPEC, "--balance least-loaded --workers 3"),
        (SPEC, "--balance least-loaded --workers 2 --http2"),
        (&live, "--balance least-loaded --reuse session"),
        (SPEC, ""),
    ] {
        let mut servers = [server(3, 1), server(30, 10), server(3, 1)];
        let url = servers.each_ref().map(|s| format!("http://{}", s.addr()));
        let more = format!("--url {} --url {} {flags}", url[1], url[2]);
        let fired = Fired::new(spec, &url[0], &more);
        servers.iter_mut().for_each(Server::stop);
        fired.assert_all_ok();
        let reached = reached(&fired, &servers);
        let used: BTreeSet<&usize> = reached.iter().collect();
        assert_eq!(used.len(), 3, "{flags}");
        let sessions = fired.lines.iter().map(|line| text(line, "session"));
        assert_eq!(spread(sessions, &reached), 0, "{flags}");
        // The control: groups that are no sessions are not together.
        assert!(
            spread((0..reached.len()).map(|i| i / 3), &reached) > 0,
            "{flags}"
        );
        let said: Vec<usize> = fired
            .records
            .iter()
            .map(|r| number(r, "target") as usize)
            .collect();
        assert_eq!(said, reached, "{flags}: the records agree");
    }
}
