//! What a person sees while a run goes on: one live line on a terminal, a line every few seconds
//! elsewhere. All of it on stderr, and none of it on a worker's thread.

use crate::engine::progress::Snapshot;
use crate::engine::run::FireSettings;
use crate::engine::worker::Stop;
use crate::pace::{Moment, Pace};
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// Pause between lines when stderr is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Whether colour may be used on a stream that is (not) a terminal; see no-color.org.
pub fn colour_allowed(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Says how far verification has come.
pub fn step(quiet: bool, what: &str, done: u64, total: u64) {
    if !quiet && stderr().is_terminal() {
        live(&format!("{what} {done}/{total}"));
    }
}

/// Replaces the live line. The terminal cuts what does not fit, so that it stays one line.
fn live(line: &str) {
    // Nothing to do about a terminal that is gone: the run goes on.
    let _ = write!(stderr(), "\r\x1b[K\x1b[?7l{line}\x1b[?7h");
    let _ = stderr().flush();
}

/// Prints progress lines.
pub struct Progress {
    quiet: bool,
    live: bool,
    last_line: Option<Instant>,
    pace: Pace,
    /// Requests that are fired.
    requests: u64,
    /// When the last request is due, from t0; `None` where that depends on the answers.
    last_due_ns: Option<u64>,
    grace: Duration,
    stop: Stop,
}

impl Progress {
    /// For a run with these settings.
    pub fn new(quiet: bool, pace: Pace, settings: &FireSettings) -> Self {
        Progress {
            quiet,
            live: stderr().is_terminal(),
            last_line: None,
            requests: pace.requests(),
            last_due_ns: pace.last_due_ns(),
            pace,
            grace: settings.grace,
            stop: Stop::No,
        }
    }

    /// Tells the state of the run at `elapsed_ns` from t0, and once when it is told to stop. The
    /// latter even if `quiet`: whoever presses Ctrl-C waits for an answer.
    pub fn tell(&mut self, elapsed_ns: u64, stop: Stop, now: Snapshot) {
        if stop != self.stop {
            self.stop = stop;
            let message = stopping(stop, now.in_flight(), self.grace);
            let start = if self.live { "\r\x1b[K" } else { "" };
            let _ = writeln!(stderr(), "{start}{message}");
        }
        if self.quiet {
            return;
        }
        let line_due = self
            .last_line
            .is_none_or(|last| last.elapsed() >= LINE_EVERY);
        let moment = self.pace.at(elapsed_ns, now.clone());
        if self.live {
            live(&self.line(elapsed_ns, &moment, &now));
        } else if line_due {
            let _ = writeln!(stderr(), "{}", self.line(elapsed_ns, &moment, &now));
            self.last_line = Some(Instant::now());
        }
    }

    fn line(&self, elapsed_ns: u64, moment: &Moment, now: &Snapshot) -> String {
        let s = |ns: u64| ns as f64 / 1e9;
        let total = self
            .last_due_ns
            .map_or_else(String::new, |ns| format!("/{:.1}", s(ns)));
        let asked = moment
            .asked_per_s
            .map_or_else(String::new, |asked| format!(" of {asked:.1}"));
        let lag = moment
            .lag_p99_ns
            .map_or_else(|| "-".to_owned(), |ns| format!("{:.3} ms", ns as f64 / 1e6));
        let mut line = format!(
            "{:.1}{total} s  sent {}/{}  {:.1}{asked} req/s  in flight {}  lag p99 {lag}  errors {}  {:.0} tok/s",
            s(elapsed_ns),
            now.sent,
            self.requests,
            moment.sent_per_s,
            now.in_flight(),
            now.failed,
            moment.tokens_per_s,
        );
        for (count, what) in [(now.cancelled, "cancelled"), (now.not_sent, "not sent")] {
            if count > 0 {
                line += &format!("  {what} {count}");
            }
        }
        line
    }

    /// Leaves the live line.
    pub fn end(&self) {
        if !self.quiet && self.live {
            let _ = writeln!(stderr());
        }
    }
}

fn stopping(stop: Stop, in_flight: u64, grace: Duration) -> String {
    match stop {
        _ if in_flight == 0 => "stopping: no request is in flight".to_owned(),
        Stop::Now => format!("stopping now: {in_flight} requests in flight are given up"),
        _ => format!(
            "stopping: waiting up to {grace:?} for {in_flight} requests in flight; Ctrl-C stops now"
        ),
    }
}
