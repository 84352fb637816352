//! Signatures, held against the real `ssh-keygen` in both directions.

use crate::bundle::{closed_run, closed_sweep};
use harness::{Call, Dir, Outcome, is_installed};
use replay::bundle::{NAMESPACE, check_signature};
use std::path::PathBuf;

/// Runs a line of a shell in the directory; `ssh-keygen` reads what it checks from stdin.
#[track_caller]
fn shell(dir: &Dir, line: &str) -> Outcome {
    assert!(
        is_installed("ssh-keygen"),
        "ssh-keygen is missing: apt-get install openssh-client"
    );
    Call::new("sh").arg("-c").arg(line).cwd(dir.path(".")).run()
}

/// Makes a key in the file of that name, and a line for it in `signers` that vouches for NAME@example.
#[track_caller]
fn key(dir: &Dir, name: &str, kind: &str) {
    let comment = format!("ssh-keygen -q -N '' -C {name} -f {name} {kind}");
    shell(dir, &comment).ok();
    shell(
        dir,
        &format!("echo \"{name}@example $(cat {name}.pub)\" >> signers"),
    )
    .ok();
}

/// What `ssh-keygen` says of the signature beside the statement.
#[track_caller]
fn checked_by_ssh_keygen(dir: &Dir, who: &str, namespace: &str) -> Outcome {
    let sig = "-s results/bundle.json.sig < results/bundle.json";
    shell(
        dir,
        &format!("ssh-keygen -Y verify -f signers -I {who} -n {namespace} {sig}"),
    )
}

fn signers(dir: &Dir) -> [PathBuf; 1] {
    [dir.path("signers")]
}

const KINDS: [(&str, &str); 2] = [
    ("-t ed25519", "ssh-ed25519"),
    ("-t ecdsa -b 256", "ecdsa-sha2-nistp256"),
];

#[test]
fn ssh_keygen_takes_our_signatures_and_we_take_its_own() {
    let dir = closed_run(5);
    let results = dir.path("results");
    assert_eq!(check_signature(&results, &[]), Ok(None));
    let missing = {
        dir.write("signers", "");
        check_signature(&results, &signers(&dir)).expect_err("nobody signed")
    };
    assert!(missing.contains("nobody signed"), "{missing}");
    for (number, (kind, algorithm)) in KINDS.into_iter().enumerate() {
        let name = format!("signer{number}");
        key(&dir, &name, kind);
        let who = format!("{name}@example");
        let ours = dir.replay(&format!("sign results --key {name}")).run().ok();
        let first = dir.read("results/bundle.json.sig");
        checked_by_ssh_keygen(&dir, &who, NAMESPACE).ok();
        let ours_found = check_signature(&results, &signers(&dir)).unwrap().unwrap();
        // The control: it does not take everything.
        checked_by_ssh_keygen(&dir, &who, "file").expect(255);
        checked_by_ssh_keygen(&dir, "other@example", NAMESPACE).expect(255);
        std::fs::remove_file(dir.path("results/bundle.json.sig")).unwrap();
        let line = format!("ssh-keygen -q -Y sign -n {NAMESPACE} -f {name} results/bundle.json");
        shell(&dir, &line).ok();
        let found = check_signature(&results, &signers(&dir)).unwrap().unwrap();
        assert_eq!(found, ours_found);
        assert_eq!(found.algorithm, algorithm);
        assert_eq!(found.principals, [who.as_str()]);
        assert!(ours.stderr.contains(&found.key), "{}", ours.stderr);
        let fingerprint = shell(&dir, &format!("ssh-keygen -l -f {name}.pub")).ok();
        assert!(fingerprint.stdout.contains(&found.key));
        if kind == "-t ed25519" {
            // The algorithm leaves no choice, so the file may not differ either.
            assert_eq!(dir.read("results/bundle.json.sig"), first);
        }
        let unvouched = check_signature(&results, &[]).unwrap().unwrap();
        assert!(unvouched.principals.is_empty());
    }
    assert_eq!(
        dir.list("results"),
        [
            "bundle.json",
            "bundle.json.sig",
            "records.wlr",
            "run.json",
            "summary.json"
        ]
    );
}

#[test]
fn every_altered_byte_of_a_statement_or_its_signature_is_found() {
    let dir = closed_run(5);
    let results = dir.path("results");
    for (number, (kind, _)) in KINDS.into_iter().enumerate() {
        let name = format!("signer{number}");
        key(&dir, &name, kind);
        dir.replay(&format!("sign results --key {name}")).run().ok();
        check_signature(&results, &signers(&dir)).expect("unaltered");
        let original = dir.read("results/bundle.json.sig");
        for place in 0..original.len() {
            for flip in [1, 0x20] {
                let mut altered = original.clone();
                altered[place] ^= flip;
                dir.write("results/bundle.json.sig", &altered);
                let found = check_signature(&results, &signers(&dir));
                assert!(
                    found.is_err(),
                    "{kind}: byte {place} with {flip}: {found:?}"
                );
            }
            dir.write("results/bundle.json.sig", &original[..place]);
            assert!(check_signature(&results, &[]).is_err(), "cut at {place}");
        }
        dir.write("results/bundle.json.sig", &original);
        let statement = dir.read("results/bundle.json");
        for place in (0..statement.len()).step_by(97) {
            let mut altered = statement.clone();
            altered[place] ^= 1;
            dir.write("results/bundle.json", &altered);
            let found = check_signature(&results, &[]).expect_err("altered");
            assert!(found.contains("is not that of bundle.json"), "{found}");
        }
        dir.write("results/bundle.json", &statement);
    }
}

#[test]
fn a_signature_for_something_else_or_by_somebody_else_is_refused() {
    let dir = closed_run(5);
    let results = dir.path("results");
    key(&dir, "signer", KINDS[0].0);
    key(&dir, "other", KINDS[0].0);
    let line = shell(&dir, "cat signer.pub").ok().stdout;
    let allowed = |text: &str| {
        dir.write("some", text);
        check_signature(&results, &[dir.path("some")])
    };
    shell(
        &dir,
        "ssh-keygen -q -Y sign -n file -f signer results/bundle.json",
    )
    .ok();
    let found = allowed(&format!("a@b {line}")).expect_err("for files");
    assert!(found.contains("made for \"file\""), "{found}");
    std::fs::remove_file(dir.path("results/bundle.json.sig")).unwrap();
    dir.replay("sign results --key signer").run().ok();
    let principals = |text: &str| allowed(text).unwrap().unwrap().principals;
    assert_eq!(
        principals(&format!("# who\n\n a@b,c@d\t{line}")),
        ["a@b", "c@d"]
    );
    assert_eq!(
        principals(&format!("a@b namespaces=\"file,replay-*\" {line}")),
        ["a@b"]
    );
    assert_eq!(
        principals(&format!("x namespaces=file {line}\ny {line}")),
        ["y"]
    );
    for (text, why) in [
        (String::new(), "is none of the allowed signers"),
        (
            format!("a@b namespaces=\"file\" {line}"),
            "some:1: its namespaces are \"file\"",
        ),
        (
            format!("a@b namespaces=\"*,!replay-bundle\" {line}"),
            "its namespaces",
        ),
        (
            format!("a@b cert-authority {line}"),
            "cert-authority is not understood",
        ),
        (
            format!("a@b VALID-AFTER=\"20200101\" {line}"),
            "valid-after is not understood",
        ),
        (
            format!("# c\na@b nonsense {line}"),
            "some:2: nonsense is not understood",
        ),
        (
            "a@b ssh-ed25519 AAAA".to_owned(),
            "some:1: no key is read in it",
        ),
    ] {
        let found = allowed(&text).expect_err(&text);
        assert!(found.contains(why), "{text}: {found}");
    }
    let other = shell(&dir, "cat other.pub").ok().stdout;
    let found = allowed(&format!("signer@example {other}")).expect_err("another key");
    assert!(found.contains("is none of the allowed signers"), "{found}");
    let found = check_signature(&results, &[dir.path("nowhere")]).expect_err("no such file");
    assert!(found.contains("nowhere"), "{found}");
}

#[test]
fn whom_a_line_excludes_is_not_vouched_for() {
    let dir = closed_run(5);
    key(&dir, "signer", KINDS[0].0);
    let line = shell(&dir, "cat signer.pub").ok().stdout;
    dir.replay("sign results --key signer").run().ok();
    let excluded = "!signer@example";
    for (patterns, vouched) in [
        (excluded, None),
        ("!signer@example,!*", None),
        ("!signer@example,a@b", Some("a@b")),
        ("a@b", Some("a@b")),
    ] {
        dir.write("signers", format!("{patterns} {line}"));
        let found = check_signature(&dir.path("results"), &signers(&dir));
        for who in [excluded, "signer@example", "a@b"] {
            let status = if vouched == Some(who) { 0 } else { 255 };
            checked_by_ssh_keygen(&dir, who, NAMESPACE).expect(status);
        }
        match vouched {
            Some(who) => assert_eq!(found.unwrap().unwrap().principals, [who]),
            None => {
                let why = found.expect_err("nobody is named");
                assert!(why.contains("signers:1: names no principal"), "{why}");
            }
        }
    }
}

#[test]
fn keys_that_cannot_sign_here_are_refused_with_the_command_that_can() {
    let dir = closed_run(5);
    let results = dir.path("results");
    key(&dir, "rsa", "-t rsa -b 2048");
    key(&dir, "p384", "-t ecdsa -b 384");
    shell(
        &dir,
        "ssh-keygen -q -t ed25519 -N secret-words -f encrypted",
    )
    .ok();
    dir.write("nonsense", "hunter2-is-no-key");
    for name in ["rsa", "p384", "encrypted", "rsa.pub", "nonsense"] {
        let refused = dir
            .replay(&format!("sign results --key {name}"))
            .run()
            .expect(2);
        let line = format!("ssh-keygen -Y sign -n replay-bundle -f {name} results/bundle.json");
        assert!(refused.stderr.contains(&line), "{name}: {}", refused.stderr);
        assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
        assert!(!dir.list("results").contains(&"bundle.json.sig".to_owned()));
    }
    dir.replay("sign results --key nowhere").run().expect(2);
    // The command that is named does it, and what is not checked here says so.
    for name in ["rsa", "p384"] {
        let line = format!("ssh-keygen -q -Y sign -n {NAMESPACE} -f {name} results/bundle.json");
        shell(&dir, &line).ok();
        checked_by_ssh_keygen(&dir, &format!("{name}@example"), NAMESPACE).ok();
        let found = check_signature(&results, &signers(&dir)).expect_err(name);
        assert!(found.contains("is not checked here"), "{name}: {found}");
        std::fs::remove_file(dir.path("results/bundle.json.sig")).unwrap();
    }
}

#[test]
fn nothing_is_signed_that_is_not_true() {
    let dir = closed_run(5);
    key(&dir, "signer", KINDS[0].0);
    let run = dir.read("results/run.json");
    dir.write("results/run.json", [&run[..], b"\n"].concat());
    let refused = dir.replay("sign results --key signer").run().expect(1);
    assert!(
        refused.stderr.contains("is not what the files give"),
        "{}",
        refused.stderr
    );
    assert!(!dir.list("results").contains(&"bundle.json.sig".to_owned()));
    std::fs::remove_file(dir.path("results/bundle.json")).unwrap();
    let refused = dir.replay("sign results --key signer").run().expect(2);
    assert!(refused.stderr.contains("not closed"), "{}", refused.stderr);
}

#[test]
fn one_signature_of_a_sweep_covers_all_of_it() {
    let dir = closed_sweep();
    key(&dir, "signer", KINDS[0].0);
    dir.replay("sign results --key signer").run().ok();
    checked_by_ssh_keygen(&dir, "signer@example", NAMESPACE).ok();
    let records = dir.read("results/step-01/records.wlr");
    dir.write("results/step-01/records.wlr", &records[..records.len() - 1]);
    let refused = dir.replay("sign results --key signer").run().expect(1);
    assert!(
        refused.stderr.contains("step-01: bundle.json: "),
        "{}",
        refused.stderr
    );
}
