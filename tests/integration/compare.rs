//! `replay compare` on real runs.

use crate::made;
use crate::support::{dir, server};

#[test]
fn runs_are_compared_as_they_lie_on_disk() {
    let server = server(0, 0);
    let dir = dir();
    made::write(&dir.path("w.wlc"), |_| ());
    let url = format!("http://{}", server.addr());
    for (out, speed) in [("a", 1), ("b", 1), ("c", 2)] {
        let call = format!("run w.wlc --url {url} --out {out} --speed {speed}");
        dir.replay(&call).run().ok();
    }
    let two = dir.replay("compare a c --json").run().json();
    let told = two["differences"].as_array().unwrap().iter();
    assert!(
        told.clone().any(|it| it["what"] == "effective.speed"),
        "{two}"
    );
    assert!(
        two["pair"]["changes"].as_array().unwrap().len() > 20,
        "{two}"
    );
    assert!(two.get("spread").is_none());
    let three = dir.replay("compare a b c --json").run().json();
    assert_eq!(three["spread"][0]["values"].as_array().unwrap().len(), 3);
    assert!(three.get("pair").is_none());
    let text = dir.replay("compare a c").run().ok().stdout;
    assert!(text.starts_with("DIFFERENT SPEED: "), "{text}");
    // A script can rely on the same answer from the same files.
    assert_eq!(text, dir.replay("compare a c").run().ok().stdout);
}

#[test]
fn what_cannot_be_compared_is_wrong_input() {
    let dir = dir();
    for (call, says) in [
        ("compare a", "2 values required"),
        ("compare none nor", "none/run.json"),
    ] {
        let outcome = dir.replay(call).run().expect(2);
        assert!(outcome.stderr.contains(says), "{call}: {}", outcome.stderr);
    }
}
