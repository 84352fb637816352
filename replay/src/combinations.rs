//! Settings that do not go together, or not with this workload, this machine or this moment.
//!
//! Refuses them before anything is sent, and says which flag to change; a run never quietly does
//! something else than it was told.

use crate::cli::fire::FireArgs;
use crate::engine::demand::least_in_flight;
use crate::engine::run::Reuse;
use crate::engine::schedule::Speed;
use crate::exit::Failure;
use schemas::layout::{MAX_TIME_NS, StageRecord, StartKind};
use schemas::reader::Workload;
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for `--start-at`: a date further away is a mistake.
const LONGEST_WAIT: Duration = Duration::from_secs(366 * 24 * 3600);

/// Flags against each other and against the URLs in force, any of which `has_tls` or none.
pub fn check_flags(args: &FireArgs, has_tls: bool) -> Result<(), Failure> {
    let connection = &args.connection;
    if connection.connections.is_some() && connection.reuse == Some(Reuse::Never) {
        return refuse(
            "--connections and --reuse never: no request would use a connection that was opened before",
            "leave one of them out",
        );
    }
    if connection.http2 && connection.reuse == Some(Reuse::Session) {
        return refuse(
            "--reuse session and --http2: requests share HTTP/2 connections, so no session has its own",
            "leave one of them out",
        );
    }
    let server = &args.server;
    let tls_flags = [
        ("--cacert", !server.ca_certificates.is_empty()),
        ("--cert", server.client_certificate.is_some()),
        ("--insecure", server.insecure),
    ];
    match tls_flags.iter().find(|(_, given)| *given) {
        Some((flag, _)) if !has_tls => refuse(
            &format!("{flag}: no --url begins with https://, so no certificate is seen"),
            &format!("write https:// in --url, or leave {flag} out"),
        ),
        _ => Ok(()),
    }
}

/// Files that are read before t0 exist.
pub fn check_files(args: &FireArgs) -> Result<(), Failure> {
    let server = &args.server;
    let of = |flag: &'static str, files: Vec<PathBuf>| files.into_iter().map(move |f| (flag, f));
    let client = |file: &Option<PathBuf>| file.iter().cloned().collect();
    let files = of("--cacert", server.ca_certificates.clone())
        .chain(of("--cert", client(&server.client_certificate)))
        .chain(of("--key", client(&server.client_key)));
    for (flag, file) in files {
        if let Err(error) = std::fs::File::open(&file) {
            return refuse(
                &format!("{flag} {}: {error}", file.display()),
                "name a PEM file that can be read",
            );
        }
    }
    Ok(())
}

/// A start that is still ahead, and not by mistake. Both as Unix time in ns.
pub fn check_start(start_unix_ns: u64, now_unix_ns: u64) -> Result<(), Failure> {
    let seconds = |ns: u64| ns as f64 / 1e9;
    if start_unix_ns <= now_unix_ns {
        let late_s = seconds(now_unix_ns - start_unix_ns);
        return refuse(
            &format!("--start-at: this time passed {late_s:.3} s ago by this machine's clock"),
            "name a later one; hashes are verified before (see --no-verify)",
        );
    }
    if u128::from(start_unix_ns - now_unix_ns) > LONGEST_WAIT.as_nanos() {
        let days = seconds(start_unix_ns - now_unix_ns) / 86_400.0;
        return refuse(
            &format!("--start-at: this time is {days:.0} days ahead"),
            "name one within a year; Unix times are in seconds",
        );
    }
    Ok(())
}

/// No request may be due later than times can be.
pub fn check_speed(workload: &Workload, speed: Speed) -> Result<(), Failure> {
    if speed.factor() >= 1.0 {
        // The file's own times are within the limit, and not one more page of it is read for this.
        return Ok(());
    }
    let requests = workload.requests().iter();
    let timed = requests.filter(|request| request.start_kind == StartKind::At as u8);
    let starts = workload.stages().iter().map(|stage| stage.start_ns.get());
    let last_ns = timed
        .map(|request| request.start_ns.get())
        .chain(starts)
        .max();
    if last_ns.is_some_and(|ns| speed.scale_ns(ns) > MAX_TIME_NS) {
        return Err(Failure::wrong_input(format!(
            "--speed {}: the last request would be due more than ten years from now; choose a higher speed",
            speed.factor()
        )));
    }
    Ok(())
}

/// Closed stages hold their concurrency exactly, so the cap of the run, of which each worker has a
/// share, must leave room for all that may overlap.
pub fn check_closed_stages(
    stages: &[StageRecord],
    workers: usize,
    max_in_flight: usize,
) -> Result<(), Failure> {
    let least = least_in_flight(stages, workers);
    if least <= max_in_flight {
        return Ok(());
    }
    refuse(
        &format!(
            "--max-in-flight {max_in_flight} leaves no room for what closed stages are to hold in flight together (--workers {workers})"
        ),
        &format!(
            "give --max-in-flight {least} or more; by default it follows the limit on open files (`ulimit -n`)"
        ),
    )
}

/// Processors that this process may not use.
pub fn check_cpus(asked: &[usize], allowed: &[usize]) -> Result<(), Failure> {
    match asked.iter().find(|cpu| !allowed.contains(cpu)) {
        Some(cpu) => refuse(
            &format!("--cpus: this process may not run on processor {cpu}"),
            &format!("name some of {}", ranges(allowed)),
        ),
        None => Ok(()),
    }
}

/// `0-3,6`: ascending numbers, shortened.
fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let runs = runs.map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        _ => run[0].to_string(),
    });
    runs.collect::<Vec<_>>().join(",")
}

fn refuse(what: &str, remedy: &str) -> Result<(), Failure> {
    Err(Failure::wrong_input(format!("{what}\n  help: {remedy}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::WRONG_INPUT;
    use crate::settings::tests::args;
    use schemas::layout::{STAGE_AFTER_PREVIOUS, StageKind};
    use zerocopy::FromZeros;

    #[track_caller]
    fn assert_refused(outcome: Result<(), Failure>, part: &str) {
        let failure = outcome.expect_err(part);
        assert_eq!(failure.status, WRONG_INPUT);
        assert!(failure.message.contains(part), "{}", failure.message);
        assert!(failure.message.contains("help: "), "{}", failure.message);
    }

    fn flags(flags: &str, has_tls: bool) -> Result<(), Failure> {
        check_flags(&args(flags), has_tls)
    }

    #[test]
    fn flags_that_contradict_one_another_are_refused() {
        assert_refused(
            flags("--connections 4 --reuse never", false),
            "--reuse never",
        );
        assert_refused(flags("--http2 --reuse session", false), "--reuse session");
        for good in [
            "--connections 4 --reuse session",
            "--reuse never",
            "--http2 --reuse pooled --connections 4",
        ] {
            flags(good, false).expect(good);
        }
    }

    #[test]
    fn flags_of_tls_need_a_target_with_tls() {
        for tls in ["--cacert a", "--cert c --key k", "--insecure"] {
            let flag = tls.split(' ').next().unwrap();
            assert_refused(flags(tls, false), flag);
            flags(tls, true).expect(tls);
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_before_the_run() {
        for flag in ["--cacert", "--cert", "--key"] {
            let all = "--cacert Cargo.toml --cert Cargo.toml --key Cargo.toml";
            check_files(&args(all)).unwrap();
            let broken = all.replace(&format!("{flag} Cargo.toml"), &format!("{flag} absent.pem"));
            assert_refused(check_files(&args(&broken)), &format!("{flag} absent.pem"));
        }
    }

    #[test]
    fn a_start_is_ahead_and_within_a_year() {
        let (now, second) = (1_900_000_000_000_000_000, 1_000_000_000);
        check_start(now + 1, now).unwrap();
        check_start(now + 365 * 86_400 * second, now).unwrap();
        assert_refused(check_start(now, now), "0.000 s ago");
        assert_refused(check_start(now - 5 * second, now), "5.000 s ago");
        assert_refused(check_start(now + 400 * 86_400 * second, now), "400 days");
    }

    #[test]
    fn a_cap_below_what_closed_stages_hold_together_is_refused_with_one_that_is_not() {
        let mut closed = StageRecord::new_zeroed();
        closed.kind = StageKind::Closed as u8;
        closed.concurrency = 64.into();
        closed.request_count = 1000.into();
        let mut scheduled = closed;
        scheduled.kind = StageKind::Scheduled as u8;
        let mut behind = closed;
        behind.flags = STAGE_AFTER_PREVIOUS;
        for (stages, least) in [
            (&[scheduled, closed][..], 64),
            (&[closed, closed], 128),
            (&[closed, behind, behind], 64),
        ] {
            let check = |cap| check_closed_stages(stages, 2, cap);
            check(least).unwrap();
            let remedy = format!("give --max-in-flight {least} or more");
            assert_refused(check(least - 1), &remedy);
        }
        check_closed_stages(&[scheduled], 1, 1).unwrap();
    }

    #[test]
    fn processors_are_those_that_the_process_may_use() {
        check_cpus(&[], &[]).unwrap();
        check_cpus(&[3, 0], &[0, 1, 2, 3]).unwrap();
        assert_refused(check_cpus(&[0, 7], &[0, 1, 2, 5]), "processor 7");
        assert_refused(check_cpus(&[7], &[0, 1, 2, 5]), "name some of 0-2,5");
    }
}
