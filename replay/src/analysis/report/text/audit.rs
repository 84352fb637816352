//! What an audit shows: a line for each property, the first counter-example of each that fails,
//! what follows from it, and the outcome.
//!
//! What the server said is quoted, with its control characters written out: it is never a command
//! to the terminal.

use super::{ansi, clip, labelled, percent};
use crate::analysis::audit::property::{CounterExample, PropertyRow, Word};
use crate::analysis::audit::{Audit, Kept};
use crate::analysis::verdict::Level;
use std::io::{self, Write};

/// Writes it; `colour` marks words with ANSI colours.
pub fn write(audit: &Audit, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    labelled(out, "content hash", &audit.content_hash)?;
    labelled(out, "probes", &probes(audit))?;
    labelled(out, "requests", &requests(audit))?;
    writeln!(
        out,
        "\n{:<18}  {:<7}{:>7}{:>7}{:>13}  of such comparisons (95 %)",
        "property", "", "passed", "failed", "inconclusive"
    )?;
    for row in &audit.properties {
        write_row(row, colour, out)?;
    }
    for row in &audit.properties {
        if let Some(example) = &row.counter_example {
            writeln!(out, "\n{}", clip(&heading(row, example)))?;
            for line in difference(example) {
                writeln!(out, "{}", clip(&format!("  {line}")))?;
            }
        }
    }
    if !audit.findings.is_empty() {
        writeln!(out)?;
    }
    for finding in &audit.findings {
        let text = format!("{}: {}", finding.id, finding.text);
        labelled(out, "finding", &text)?;
    }
    let (word, level) = outcome(audit.outcome);
    let word = marked(word, level, colour);
    writeln!(out, "\n{word}: {}", meaning(audit))
}

fn write_row(row: &PropertyRow, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let (word, level) = word(row.word);
    let rest = format!(
        "{:>7}{:>7}{:>13}  {}",
        row.passes,
        row.failures,
        row.inconclusive.total(),
        bound(row)
    );
    let word = marked(&format!("{word:<7}"), level, colour);
    writeln!(out, "{:<18}  {word}{rest}", row.name())
}

fn marked(word: &str, level: Level, colour: bool) -> String {
    match colour {
        true => format!("\x1b[1;{}m{word}\x1b[0m", ansi(level)),
        false => word.to_owned(),
    }
}

fn word(word: Word) -> (&'static str, Level) {
    match word {
        Word::Holds => ("holds", Level::Note),
        Word::Fails => ("FAILS", Level::Invalid),
        Word::Unknown => ("unknown", Level::Degraded),
    }
}

fn outcome(outcome: Kept) -> (&'static str, Level) {
    match outcome {
        Kept::Kept => ("KEPT", Level::Note),
        Kept::Broken => ("BROKEN", Level::Invalid),
        Kept::Unproven => ("UNPROVEN", Level::Degraded),
    }
}

/// How many probes of each kind.
pub fn probes(audit: &Audit) -> String {
    let kinds = audit.probes.iter();
    let kinds: Vec<String> = kinds
        .map(|(kind, count)| format!("{count} {}", kind.name()))
        .collect();
    kinds.join(", ")
}

/// How many requests, neighbours included.
pub fn requests(audit: &Audit) -> String {
    let requests = audit.requests;
    format!("{} sent, {} answered as asked", requests.sent, requests.ok)
}

/// What the sample allows to say, and what says nothing.
pub fn bound(row: &PropertyRow) -> String {
    let bound = match row.failure_rate_at_most {
        Some(rate) => format!("at most {} break it", percent(rate)),
        None => "nothing is claimed".to_owned(),
    };
    let silent = row.inconclusive.named();
    let silent = silent.iter().filter(|(_, count)| *count > 0);
    let silent = silent.map(|(why, count)| format!("; {count} × {why}"));
    silent.fold(bound, |text, why| text + &why)
}

/// What a counter-example is of.
pub fn heading(row: &PropertyRow, example: &CounterExample) -> String {
    let (name, probe, a) = (row.name(), &example.probe, example.index_a);
    match (example.index_b, example.at) {
        (None, _) => format!("{name}: {probe}, request {a}"),
        (Some(b), Some(at)) => {
            format!("{name}: {probe}, requests {a} (-) and {b} (+), from token {at} on")
        }
        (Some(b), None) => format!("{name}: {probe}, requests {a} and {b} are answered alike"),
    }
}

/// A counter-example in lines: what both answers begin with, then the first with `-` and the second
/// with `+`.
pub fn difference(example: &CounterExample) -> Vec<String> {
    if let Some(repeats) = &example.repeats {
        let (count, of) = (repeats.count, repeats.of);
        let probability = repeats.probability;
        return vec![
            format!(
                "{count} of {of} tokens are one of the 16 before; by chance: {probability:.1e}"
            ),
            format!("most often {}", quoted(&example.a)),
        ];
    }
    let line = |mark: char, text: &str| format!("{mark} {}", quoted(text));
    if example.at.is_none() {
        return vec![line('=', &example.a)];
    }
    let before = example.before.as_deref().filter(|text| !text.is_empty());
    let mut lines: Vec<String> = before.map(|text| line(' ', text)).into_iter().collect();
    lines.push(line('-', &example.a));
    lines.extend(example.b.as_deref().map(|text| line('+', text)));
    lines
}

/// A server's text within quotation marks, on one line of printable characters.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// The outcome in words.
pub fn meaning(audit: &Audit) -> String {
    let of = |word: Word| {
        audit
            .properties
            .iter()
            .filter(|row| row.word == word)
            .count()
    };
    let all = audit.properties.len();
    match (audit.outcome, of(Word::Fails)) {
        (Kept::Kept, _) => {
            let bounds = audit
                .properties
                .iter()
                .filter_map(|row| row.failure_rate_at_most);
            let weakest = percent(bounds.fold(0.0, f64::max));
            format!(
                "all {all} properties were seen kept; the least sure: at most {weakest} break it"
            )
        }
        (Kept::Broken, 0) => "the server refuses seeds".to_owned(),
        (Kept::Broken, failed) => format!("{failed} of {all} properties were seen broken"),
        (Kept::Unproven, _) => format!(
            "none of {all} properties was seen broken, but of {} nothing was seen",
            of(Word::Unknown)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::audit::made::broken;

    fn shown(audit: &Audit, colour: bool) -> String {
        let mut out = Vec::new();
        write(audit, colour, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_audit_is_a_table_diffs_findings_and_the_outcome() {
        let expected = "\
content hash   c0ffee
probes         2 flat, 2 greedy
requests       20 sent, 19 answered as asked

property                    passed failed inconclusive  of such comparisons (95 %)
reproducibility     holds        2      0            0  at most 77.64 % break it
isolation, 5        FAILS        0      1            0  at most 100.0 % break it
continuity          FAILS        0      1            0  at most 100.0 % break it
id reuse            unknown      0      0            1  nothing is claimed; 1 × no answer to compare

isolation, 5: flat-0, requests 0 (-) and 9 (+), from token 1 on
    \" so\"
  - \" so\"
  + \" so so\"

continuity: flat-0, request 0
  17 of 31 tokens are one of the 16 before; by chance: 1.2e-20
  most often \" so\"

finding        errors: 1 of 20 requests: so

BROKEN: 2 of 4 properties were seen broken
";
        assert_eq!(shown(&broken(" so"), false), expected);
    }

    #[test]
    fn nothing_that_a_server_says_is_a_command_to_the_terminal() {
        let hostile = "a\u{1b}[2J\nKEPT: all\r\u{9b}2J\u{202e}\"b";
        let text = shown(&broken(hostile), false);
        let is_plain = |c: char| c == '\n' || !c.is_control();
        assert!(text.chars().all(is_plain), "{text}");
        assert!(text.contains("- \"a\\u{1b}[2J\\nKEPT: all\\r"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("KEPT")), "{text}");
    }

    #[test]
    fn colour_marks_words_and_moves_nothing() {
        let coloured = shown(&broken(" so"), true);
        assert!(coloured.contains("\x1b[1;31mFAILS  \x1b[0m"), "{coloured}");
        let codes = ["\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m", "\x1b[0m"];
        let plain = codes
            .iter()
            .fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(plain, shown(&broken(" so"), false));
    }
}
