//! What a person sees while a run goes on: one live line on a terminal, a line every few seconds
//! elsewhere. All of it on stderr.

use crate::engine::progress::Snapshot;
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// Pause between lines when stderr is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Whether colour may be used on a stream that is (not) a terminal; see no-color.org.
pub fn colour_allowed(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints progress lines.
pub struct Progress {
    quiet: bool,
    live: bool,
    last_line: Option<Instant>,
    requests: u64,
    duration_ns: u64,
}

impl Progress {
    /// For a run of `requests` that are due within `duration_ns`.
    pub fn new(quiet: bool, requests: u64, duration_ns: u64) -> Self {
        Progress {
            quiet,
            live: stderr().is_terminal(),
            last_line: None,
            requests,
            duration_ns,
        }
    }

    /// Says how far an earlier step has come.
    pub fn step(&self, what: &str, done: u64, total: u64) {
        if !self.quiet && self.live {
            eprint!("\r\x1b[K{what} {done}/{total}");
        }
    }

    /// Tells the state of the run at `elapsed_ns` from t0.
    pub fn tell(&mut self, elapsed_ns: u64, now: Snapshot) {
        if self.quiet {
            return;
        }
        let line = self.line(elapsed_ns, now);
        if self.live {
            eprint!("\r\x1b[K{line}");
            let _ = stderr().flush();
        } else if self
            .last_line
            .is_none_or(|last| last.elapsed() >= LINE_EVERY)
        {
            eprintln!("{line}");
            self.last_line = Some(Instant::now());
        }
    }

    fn line(&self, elapsed_ns: u64, now: Snapshot) -> String {
        let s = |ns: u64| ns as f64 / 1e9;
        format!(
            "{:.1}/{:.1} s  sent {}/{}  in flight {}  ok {}  failed {}  not sent {}  tokens {}  worst lag {:.3} ms",
            s(elapsed_ns),
            s(self.duration_ns),
            now.sent,
            self.requests,
            now.in_flight(),
            now.ok,
            now.failed,
            now.not_sent,
            now.tokens,
            now.worst_lag_ns as f64 / 1e6,
        )
    }

    /// Leaves the live line.
    pub fn end(&self) {
        if !self.quiet && self.live {
            eprintln!();
        }
    }
}
