//! What `run.json` says of the server, the machine and the program, held against each of them.

use crate::support::{Run, chat_spec, dir, root, server};
use crate::tls::Authority;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::sha256_hex;
use mock_llm::Server;
use serde_json::{Value, json};

fn url(server: &Server) -> String {
    format!("http://{}", server.addr())
}

fn run(url: &str, flags: &str) -> Run {
    let run = Run::new(&chat_spec(50, "200ms"), url, flags);
    run.assert_all_ok();
    run
}

/// A count that is there.
#[track_caller]
fn count(value: &Value, pointer: &str) -> u64 {
    let found = value.pointer(pointer).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("{pointer} is no count"))
}

#[test]
fn the_server_is_asked_for_its_models_once_and_beside_the_load() {
    let flags = "--workers 1 --max-in-flight 1 --connections 1";
    let asked = server(0, 0);
    let run_asked = run(&url(&asked), flags);
    let target = &run_asked.run["targets"][0];
    assert_eq!(target["models"], json!(["mock"]));
    assert_eq!(target["models_error"], Value::Null);
    assert_eq!(target["headers"], json!({}), "it does not name itself");
    assert_eq!(target["tls"], Value::Null);
    let left_alone = server(0, 0);
    let run_quiet = run(&url(&left_alone), &format!("{flags} --no-models"));
    let target = &run_quiet.run["targets"][0];
    assert_eq!(target["models"], Value::Null);
    assert_eq!(target["models_error"], "not asked");
    assert_eq!(run_asked.run["effective"], run_quiet.run["effective"]);
    // Beside the load: one connection more, and no more of the load's.
    let opened = [&asked, &left_alone].map(|server| server.stats().connections_opened);
    assert_eq!(opened, [3, 2]);
    for (run, server) in [(run_asked, asked), (run_quiet, left_alone)] {
        assert_eq!(count(&run.run, "/end/connections_opened"), 1);
        assert_eq!(server.arrivals().len(), 10);
    }
}

#[test]
fn what_tls_agreed_on_is_told_whatever_the_load_speaks() {
    let authority = Authority::new("ours");
    let config = authority.config("127.0.0.1", false);
    let certificate = config
        .tls
        .as_ref()
        .expect("it speaks TLS")
        .certificate
        .clone();
    let pem = std::fs::read_to_string(certificate).expect("a certificate");
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    let der = STANDARD.decode(lines.collect::<String>()).expect("base64");
    let server = Server::start(config).expect("a free port");
    let url = format!("https://{}", server.addr());
    for flags in ["", "--http2"] {
        let run = run(&url, &format!("{} {flags}", authority.ca()));
        let target = &run.run["targets"][0];
        let tls = &target["tls"];
        assert_eq!(tls["version"], "TLSv1.3");
        assert_eq!(tls["alpn"], "http/1.1");
        assert_eq!(tls["certificate_sha256"], sha256_hex(&der));
        let suites = [
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
        ];
        assert!(suites.iter().any(|suite| tls["cipher"] == *suite), "{tls}");
        assert_eq!(target["models"], json!(["mock"]), "{flags}");
    }
}

#[test]
fn the_machine_and_the_program_are_those_that_fired() {
    let server = server(0, 0);
    let before = replay::host::counters();
    let run = run(&url(&server), "");
    let after = replay::host::counters();
    let found = &run.run;
    let program = std::fs::read(run.dir.program()).expect("the program");
    assert_eq!(found["engine"]["binary_sha256"], sha256_hex(&program));
    let end = &found["end"];
    let ended_ns = count(end, "/ended_ns");
    assert_eq!(count(end, "/monotonic_ns"), run.t0_ns() + ended_ns);
    // Both clocks were read twice: they went equally far, but for what the wall clock was set by.
    let by_wall_ns = count(end, "/unix_ns") - count(found, "/clock/t0_unix_ns");
    assert!(
        by_wall_ns.abs_diff(ended_ns) < 1_000_000_000,
        "{by_wall_ns}"
    );
    let before = serde_json::to_value(before).expect("JSON");
    let after = serde_json::to_value(after).expect("JSON");
    for (key, least) in before.as_object().expect("counters") {
        let counts = [
            least,
            &found["counters"][key],
            &end["counters"][key],
            &after[key],
        ];
        if *least == Value::Null {
            assert_eq!(counts, [&Value::Null; 4], "{key}");
            continue;
        }
        let counts = counts.map(|value| value.as_u64().expect("a count"));
        assert!(counts.is_sorted(), "{key}: {counts:?}");
    }
    let steal = ["/counters/steal_ns", "/end/counters/steal_ns"].map(|at| count(found, at));
    assert_eq!(count(end, "/steal_ns"), steal[1] - steal[0]);
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").expect("Linux");
    let is_guest = cpuinfo.contains(" hypervisor ");
    let told = found["host"]["virtualisation"].as_str();
    assert_eq!(
        told.is_some_and(|told| told.starts_with("hypervisor")),
        is_guest
    );
}

#[test]
fn a_run_that_was_killed_has_what_was_known_before_t0() {
    let server = server(0, 0);
    let dir = dir();
    crate::support::compile(&dir, "w", &chat_spec(10, "30s"), "");
    let running = dir
        .replay(&format!("run w.wlc --url {} --out results", url(&server)))
        .start();
    crate::support::await_arrivals(1, || server.arrivals().len());
    running.kill();
    let _ = running.wait();
    let found = dir.json("results/run.json");
    assert_eq!(found["end"], Value::Null);
    assert_eq!(found["engine"]["binary_sha256"], Value::Null);
    assert_eq!(found["counters"]["steal_ns"], Value::Null);
    assert_eq!(found["targets"][0]["models"], json!(["mock"]));
}

/// See tests/golden/README.md.
#[test]
fn a_result_of_format_2_is_reported_as_it_was() {
    let golden = root().join("tests/golden/run-format-2");
    let report = dir().replay("report --format json").arg(&golden).run().ok();
    let kept = std::fs::read_to_string(golden.join("summary.json")).expect("a summary");
    assert_eq!(report.stdout, kept);
    let run = std::fs::read(golden.join("run.json")).expect("a description");
    let run: Value = serde_json::from_slice(&run).expect("JSON");
    assert_eq!(run["format"], 2);
    // Control: of an unknown format nothing is read.
    let dir = dir();
    for (name, format) in [("new", 4), ("old", 0)] {
        let mut run = run.clone();
        run["format"] = json!(format);
        dir.write(&format!("{name}/run.json"), run.to_string());
        let records = std::fs::read(golden.join("records.wlr")).expect("records");
        dir.write(&format!("{name}/records.wlr"), records);
        let told = dir.replay(&format!("report {name}")).run().expect(2).stderr;
        assert!(
            told.contains(&format!("is too {name} for this program")),
            "{told}"
        );
    }
}
