//! Tables: names to the left, figures to the right, everything from files as plain text.

use super::escape::Escaped;
use std::fmt::Write;

/// Most rows of a table; the rest is in `summary.json`.
pub const MOST_ROWS: usize = 200;

/// A column's head.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// What stands above it.
    pub text: &'static str,
    /// What a pointer is told about it; may be empty.
    pub hint: &'static str,
}

/// A head without a hint.
pub const fn head(text: &'static str) -> Head {
    Head { text, hint: "" }
}

/// One row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its class in the page's style; may be empty.
    pub class: &'static str,
    /// What a pointer is told about its first cell; may be empty.
    pub hint: &'static str,
    /// One for each head.
    pub cells: Vec<String>,
}

impl From<Vec<String>> for Row {
    fn from(cells: Vec<String>) -> Self {
        Row {
            cells,
            ..Row::default()
        }
    }
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its columns; the first holds names.
    pub heads: Vec<Head>,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// As HTML; beyond [`MOST_ROWS`] rows are counted only.
    pub fn html(&self) -> String {
        let mut out = String::from("<div class=\"wide\"><table><thead><tr>");
        for head in &self.heads {
            let _ = write!(out, "<th{}>{}</th>", hint(head.hint), Escaped(head.text));
        }
        out.push_str("</tr></thead><tbody>");
        for row in self.rows.iter().take(MOST_ROWS) {
            let _ = write!(out, "<tr class=\"{}\">", row.class);
            for (place, cell) in row.cells.iter().enumerate() {
                let (cell, hint) = (Escaped(cell), hint(row.hint));
                let _ = match place {
                    0 => write!(out, "<th scope=\"row\"{hint}>{cell}</th>"),
                    _ => write!(out, "<td>{cell}</td>"),
                };
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div>");
        if self.rows.len() > MOST_ROWS {
            let _ = write!(
                out,
                "<p class=\"note\">{MOST_ROWS} of {} rows shown; summary.json has all.</p>",
                self.rows.len()
            );
        }
        out
    }
}

fn hint(text: &str) -> String {
    match text {
        "" => String::new(),
        _ => format!(" title=\"{}\"", Escaped(text)),
    }
}

/// Names and what they stand for, as HTML; pairs without a value are left out.
pub fn facts(pairs: &[(&str, String)]) -> String {
    let mut out = String::from("<dl class=\"facts\">");
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let (name, value) = (Escaped(name), Escaped(value));
        let _ = write!(out, "<dt>{name}</dt><dd>{value}</dd>");
    }
    out.push_str("</dl>");
    out
}
