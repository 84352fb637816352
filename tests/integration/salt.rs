//! `replay run --salt`: what a server receives differs in the salt slots, by the words that the
//! text chooses, and in no other byte.

use crate::made::{self, Made, REQUESTS};
use crate::recorder::Recorder;
use crate::support::{dir, server};
use harness::Dir;
use schemas::body::Piece;
use schemas::layout::{RequestRecord, Section};
use schemas::manifest::Salt;
use schemas::reader::Workload;
use serde_json::{Value, json};

const UNSALTED: &[u8] = b"book book book book";
/// Two texts and what they put into the slot, as schemas/WORKLOAD.md has it.
const FIRST: (&str, &[u8]) = ("salt-0", b"line book book line");
const SECOND: (&str, &[u8]) = ("salt-1", b"road wind line line");
/// One request after the other.
const IN_ORDER: &str = "--max-in-flight 1";
/// Which requests have a slot.
const SALTED: [usize; 2] = [0, 2];

fn text(text: &'static str) -> Piece<'static> {
    Piece::Bytes(text.as_bytes())
}

/// Two bodies with a slot and one without; the bytes of the slot stand as text in all of them.
fn with_slots(made: &mut Made) {
    made.salt = Some(Salt {
        count: 4,
        words: ["book", "line", "road", "wind"].map(str::to_owned).to_vec(),
    });
    let head = text(r#"{"model":"m","max_tokens":2,"prompt":""#);
    let tail = text(r#" book book book book"}"#);
    made.bodies = [
        vec![head, Piece::Salt(UNSALTED), tail],
        vec![head, text("book book book book"), tail],
        vec![head, text("Once "), Piece::Salt(UNSALTED), tail],
    ];
}

fn made(change: impl FnOnce(&mut Made)) -> Dir {
    let dir = dir();
    made::write(&dir.path("w.wlc"), change);
    dir
}

/// Whether the second run sent what the first did, but for these words in the slots.
fn differs_by(unsalted: &[Vec<u8>], run: &[Vec<u8>], words: &[u8]) -> bool {
    let mut expected = unsalted.to_vec();
    for request in SALTED {
        let request = &mut expected[request];
        let at = request
            .windows(UNSALTED.len())
            .position(|bytes| bytes == UNSALTED);
        let at = at.expect("the slot stands in front of the same text");
        request[at..at + words.len()].copy_from_slice(words);
    }
    run == expected
}

#[test]
fn a_salt_changes_its_slots_and_no_other_byte() {
    let dir = made(with_slots);
    dir.wlc("verify w.wlc").run().ok();
    let server = Recorder::start();
    let unsalted = server.fired(&dir, "unsalted", IN_ORDER);
    let workload = Workload::open(&dir.path("w.wlc")).expect("a workload");
    for (index, request) in (0..).zip(&unsalted) {
        let body = workload.body_bytes(index).expect("a body").expect("bytes");
        assert!(request.ends_with(&body));
    }
    let first = server.fired(&dir, "first", &format!("{IN_ORDER} --salt salt-0"));
    let again = server.fired(&dir, "again", "--salt salt-0 --workers 2");
    let second = server.fired(&dir, "second", &format!("{IN_ORDER} --salt salt-1"));
    assert!(differs_by(&unsalted, &first, FIRST.1));
    assert!(differs_by(&unsalted, &second, SECOND.1));
    let sorted = |mut run: Vec<Vec<u8>>| {
        run.sort_unstable();
        run
    };
    assert_eq!(sorted(first.clone()), sorted(again));
    // Controls: the same comparison notices a slot that was left as it is, or filled otherwise.
    assert!(!differs_by(&unsalted, &unsalted, FIRST.1));
    assert!(!differs_by(&unsalted, &second, FIRST.1));
    assert!(differs_by(&unsalted, &unsalted, UNSALTED));
}

#[test]
fn control_a_body_that_hides_its_slot_is_noticed() {
    let dir = made(with_slots);
    let server = Recorder::start();
    let unsalted = server.fired(&dir, "unsalted", IN_ORDER);
    let place = Workload::open(&dir.path("w.wlc")).expect("a workload");
    let place = place.place(Section::Requests);
    let flags = std::mem::offset_of!(RequestRecord, flags);
    let mut bytes = dir.read("w.wlc");
    bytes[place.offset + 2 * size_of::<RequestRecord>() + flags] = 0;
    dir.write("w.wlc", bytes);
    let run = server.fired(
        &dir,
        "first",
        &format!("{IN_ORDER} --salt salt-0 --no-verify"),
    );
    assert!(!differs_by(&unsalted, &run, FIRST.1));
    assert_eq!(run[2], unsalted[2]);
}

#[test]
fn a_run_says_how_it_was_salted_and_of_which_load() {
    let dir = made(with_slots);
    let server = server(0, 0);
    let fire = |results: &str, flags: &str| {
        let url = format!("http://{}", server.addr());
        let call = format!("run w.wlc --out {results} --url {url} {flags}");
        let stdout = dir.replay(&call).run().ok().stdout;
        let run = dir.json(&format!("{results}/run.json"));
        (run, dir.json(&format!("{results}/summary.json")), stdout)
    };
    let (plain, summary, stdout) = fire("unsalted", "");
    for settings in ["requested", "effective"] {
        assert_eq!(plain[settings]["salt"], Value::Null);
    }
    assert_eq!(summary["salt"], Value::Null);
    assert!(!stdout.contains("salt"), "{stdout}");
    let (salted, summary, stdout) = fire("salted", "--salt salt-0");
    let said = json!({"text": "salt-0", "words": ["line", "book", "book", "line"]});
    for settings in ["requested", "effective"] {
        assert_eq!(salted[settings]["salt"], said);
    }
    assert_eq!(summary["salt"], "salt-0");
    assert!(stdout.contains("salt-0 (line book book line)"), "{stdout}");
    let report = dir.replay("report salted").run().ok().stdout;
    assert!(report.contains("salt-0 (line book book line)"), "{report}");
    assert_eq!(plain["workload"], salted["workload"]);
    let inspect = dir.wlc("inspect w.wlc").run().ok().stdout;
    assert!(inspect.contains("2 requests have a slot"), "{inspect}");
}

#[test]
fn a_salt_without_a_slot_is_refused() {
    let server = server(0, 0);
    let url = format!("http://{}", server.addr());
    let no_slot = made(|_| ());
    let unused = made(|made| {
        with_slots(made);
        made.bodies[0] = made.bodies[1].clone();
        made.bodies[2] = made.bodies[1].clone();
    });
    for dir in [no_slot, unused] {
        let call = format!("run w.wlc --out results --url {url}");
        let salted = format!("{call} --salt monday");
        let outcome = dir.replay(&salted).run().expect(2);
        let words = "--salt monday: no request of w.wlc has a place for it";
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
        let help = "help: compile the workload with `data: {salt: true}`";
        assert!(outcome.stderr.contains(help), "{}", outcome.stderr);
        assert_eq!(dir.list("."), ["w.wlc"]);
        assert!(server.arrivals().is_empty());
        let empty = dir.replay(&call).arg("--salt").arg("").run().expect(2);
        assert!(empty.stderr.contains("--salt"), "{}", empty.stderr);
    }
}

#[test]
fn a_slot_of_another_width_is_not_sent_even_unverified() {
    let dir = made(|made| {
        with_slots(made);
        made.bodies[2][2] = Piece::Salt(b"book book");
    });
    let server = server(0, 0);
    let call = format!("run w.wlc --url http://{} --salt monday", server.addr());
    dir.replay(&format!("{call} --out refused")).run().expect(2);
    assert!(server.arrivals().is_empty());
    dir.replay(&format!("{call} --out results --no-verify"))
        .run()
        .ok();
    let report = dir.replay("report results --format jsonl").run();
    let records = report.json_lines();
    assert_eq!(records[2]["outcome"], "not_sent");
    assert_eq!(records[2]["error_class"], "workload");
    assert_eq!(server.arrivals().len(), REQUESTS - 1);
}
