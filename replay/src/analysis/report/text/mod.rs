//! One screen for a reader: what was fired, whether to believe it, what came back.
//!
//! Units stand on every line; no line is longer than [`MAX_COLUMNS`]. Refuses to show more
//! figures than a reader compares: the rest is in the JSON.

pub mod audit;
mod figures;
pub mod sweep;
mod tables;
mod verdict;

pub use verdict::words;

use crate::analysis::summary::Summary;
use crate::analysis::verdict::Level;
use crate::run_info::RunInfo;
use std::io::{self, Write};

/// Longest line in characters, colour not counted.
pub const MAX_COLUMNS: usize = 100;
/// Most lines of the screen.
pub const MAX_LINES: usize = 45;
/// Most targets that are named.
const MAX_TARGETS: usize = 2;
/// What is said of a run with `--insecure`, on stderr and in the report.
pub const NOT_CHECKED: &str = "TLS certificates were not checked (--insecure)";
/// What stands for a figure that is not known.
const UNKNOWN: &str = "-";

/// Writes the screen; `colour` marks the verdict with ANSI colours.
pub fn write(
    info: &RunInfo,
    summary: &Summary,
    colour: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut screen = Screen {
        out,
        colour,
        lines: 0,
    };
    headline(&mut screen, info, summary)?;
    verdict::write(&mut screen, summary)?;
    figures::write(&mut screen, summary)?;
    tables::write(&mut screen, summary)
}

/// Lines in two columns, cut to the width and counted.
struct Screen<'a> {
    out: &'a mut dyn Write,
    colour: bool,
    lines: usize,
}

impl Screen<'_> {
    /// Lines so far.
    fn lines(&self) -> usize {
        self.lines
    }

    fn line(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.plain(&format!("{label:<14}{text}"))
    }

    /// A line whose label is marked.
    fn marked(&mut self, label: &str, level: Level, text: &str) -> io::Result<()> {
        self.lines += 1;
        let line = clip(&format!("{label:<14}{text}"));
        let rest = line.strip_prefix(label).filter(|_| self.colour);
        match rest {
            Some(rest) => writeln!(self.out, "\x1b[1;{}m{label}\x1b[0m{rest}", ansi(level)),
            None => writeln!(self.out, "{line}"),
        }
    }

    fn plain(&mut self, text: &str) -> io::Result<()> {
        self.lines += 1;
        writeln!(self.out, "{}", clip(text.trim_end()))
    }

    fn gap(&mut self) -> io::Result<()> {
        self.plain("")
    }
}

fn ansi(level: Level) -> u8 {
    match level {
        Level::Note => 32,
        Level::Degraded => 33,
        Level::Invalid => 31,
    }
}

/// A label and a text, in as many lines as it takes.
fn labelled(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    let mut line = format!("{label:<15}");
    let mut is_first = true;
    for word in text.split_whitespace() {
        if !is_first && line.chars().count() + 1 + word.chars().count() > MAX_COLUMNS {
            writeln!(out, "{}", clip(&line))?;
            line = " ".repeat(15);
            is_first = true;
        }
        if !is_first {
            line.push(' ');
        }
        line.push_str(word);
        is_first = false;
    }
    writeln!(out, "{}", clip(line.trim_end()))
}

/// Cuts a line that is too long, visibly; control characters, which a name from a workload may
/// contain, become `?`.
pub(in crate::analysis) fn clip(line: &str) -> String {
    let printable = |c: char| if c.is_control() { '?' } else { c };
    if line.chars().count() <= MAX_COLUMNS {
        return line.chars().map(printable).collect();
    }
    let kept = line.chars().take(MAX_COLUMNS - 1).map(printable);
    kept.chain(['…']).collect()
}

fn headline(screen: &mut Screen<'_>, info: &RunInfo, summary: &Summary) -> io::Result<()> {
    let fired = summary.workload.fired;
    let requests = match summary.workload.requests {
        all if all == fired => format!("{all} requests"),
        all => format!("the first {fired} of {all} requests"),
    };
    screen.line("workload", &requests)?;
    screen.line("content hash", &summary.workload.content_hash)?;
    for target in info.targets.iter().take(MAX_TARGETS) {
        screen.line("target", &format!("{} ({})", target.url, target.address))?;
    }
    if info.targets.len() > MAX_TARGETS {
        let more = info.targets.len() - MAX_TARGETS;
        screen.line("", &format!("and {more} more, see run.json"))?;
    }
    if info.effective.insecure {
        screen.line("note", NOT_CHECKED)?;
    }
    screen.line("speed", &speed(info, summary))?;
    let host = &info.host;
    let processors = match &host.cpu {
        Some(model) => format!("{} × {model}", host.cpus),
        None => format!("{} processors", host.cpus),
    };
    screen.line("host", &format!("{processors}, {}", host.kernel))?;
    if let Some(window) = &summary.window {
        let to = seconds(window.to_s);
        let text = format!(
            "only what was due from {} to {to}; {} requests left out",
            seconds(Some(window.from_s)),
            window.left_out
        );
        screen.line("window", &text)?;
    }
    screen.gap()
}

fn speed(info: &RunInfo, summary: &Summary) -> String {
    let speed = summary.speed.map_or(UNKNOWN.into(), |s| s.to_string());
    match &info.effective.salt {
        Some(salt) => format!("{speed} ×, salt {} ({})", salt.text, salt.words.join(" ")),
        None => format!("{speed} ×"),
    }
}

/// A name and five figures, right-aligned.
fn row(name: &str, [a, b, c, d, e]: [String; 5]) -> String {
    format!("{name:<24}{a:>13}{b:>13}{c:>13}{d:>13}{e:>13}")
}

/// Four significant digits or all whole ones.
fn digits(value: f64) -> String {
    match value.abs() {
        small if small < 9.9995 => format!("{value:.3}"),
        middle if middle < 99.995 => format!("{value:.2}"),
        large if large < 999.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn millis(seconds: f64) -> String {
    format!("{} ms", digits(seconds * 1e3))
}

fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or(UNKNOWN.into(), |seconds| format!("{} s", digits(seconds)))
}

fn percent(share: f64) -> String {
    format!("{} %", digits(share * 100.0))
}

fn rate(per_second: Option<f64>) -> String {
    per_second.map_or(UNKNOWN.into(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_four_digits() {
        let shown = [0.00005, 9.9996, 12.3456, 123.456, 999.96, 12345.6, -0.17].map(digits);
        let expected = [
            "0.000", "10.00", "12.35", "123.5", "1000", "12346", "-0.170",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_long_line_is_cut_visibly_and_never_inside_a_character() {
        assert_eq!(clip(&"é".repeat(100)), "é".repeat(100));
        assert_eq!(clip(&"é".repeat(101)), "é".repeat(99) + "…");
        assert_eq!(clip("a\x1b[2Jb"), "a?[2Jb");
    }
}
