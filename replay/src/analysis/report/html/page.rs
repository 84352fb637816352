//! The page around charts and tables: one file that asks nothing of any network.

use super::chart::Chart;
use super::escape::{Escaped, json};
use super::tables::Table;
use crate::analysis::verdict::Word;
use serde_json::Value;
use std::fmt::Write;
use std::io;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Nothing is fetched from anywhere; style and script are those of the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// A page in the making.
#[derive(Debug, Default)]
pub struct Page {
    body: String,
    charts: Vec<Value>,
    lanes: Option<Value>,
}

/// One figure that is read from afar.
#[derive(Clone, Debug)]
pub struct Tile {
    /// What it is.
    pub name: &'static str,
    /// The figure with its unit.
    pub value: String,
    /// What it is held against or made of; may be empty.
    pub beside: String,
}

impl Page {
    /// Begins a page: what was measured, and where and when.
    pub fn new(title: &str, beside: &str) -> Page {
        let mut page = Page::default();
        let (title, beside) = (Escaped(title), Escaped(beside));
        let _ = write!(
            page.body,
            "<header><h1>{title}</h1><p>{beside}</p></header>"
        );
        page
    }

    /// Adds what is HTML already.
    pub fn push(&mut self, html: &str) {
        self.body.push_str(html);
    }

    /// Adds the band of a verdict: its word, what it means, and reasons with their weights.
    pub fn band(&mut self, word: Word, meaning: &str, reasons: &[(&'static str, String)]) {
        self.named_band(word_name(word), word, meaning, reasons);
    }

    /// Adds a band with a word that decides, in the colour of a verdict, what it means, and reasons
    /// with their names.
    pub fn named_band(
        &mut self,
        name: &str,
        colour: Word,
        meaning: &str,
        reasons: &[(&'static str, String)],
    ) {
        let (class, meaning) = (word_name(colour).to_lowercase(), Escaped(meaning));
        let _ = write!(
            self.body,
            "<section id=\"verdict\" class=\"band {class}\"><p><b>{name}</b> {meaning}</p>"
        );
        if !reasons.is_empty() {
            self.body.push_str("<ul>");
            for (level, reason) in reasons {
                let reason = Escaped(reason);
                let _ = write!(
                    self.body,
                    "<li><span class=\"level {level}\">{level}</span> {reason}</li>"
                );
            }
            self.body.push_str("</ul>");
        }
        self.body.push_str("</section>");
    }

    /// Adds figures in a row.
    pub fn tiles(&mut self, tiles: &[Tile]) {
        self.body.push_str("<section class=\"tiles\">");
        for tile in tiles {
            let (name, value) = (Escaped(tile.name), Escaped(&tile.value));
            let beside = Escaped(&tile.beside);
            let _ = write!(
                self.body,
                "<div class=\"card tile\"><h3>{name}</h3><b>{value}</b><small>{beside}</small></div>"
            );
        }
        self.body.push_str("</section>");
    }

    /// Adds charts side by side; `beside` is HTML that stands before them.
    pub fn row(&mut self, beside: &str, charts: &[Chart]) {
        let across = charts.len() + usize::from(!beside.is_empty());
        let _ = write!(self.body, "<section class=\"row of{across}\">{beside}");
        for chart in charts {
            self.body.push_str(&chart.html());
            self.charts.extend(chart.hover());
        }
        self.body.push_str("</section>");
    }

    /// Adds the lanes and what the script needs to enlarge them.
    pub fn lanes(&mut self, html: &str, data: Value) {
        self.push(html);
        self.lanes = Some(data);
    }

    /// Adds a table under a title, with a remark.
    pub fn table(&mut self, title: &str, note: &str, table: &Table) {
        let (title, note) = (Escaped(title), Escaped(note));
        let _ = write!(
            self.body,
            "<section class=\"card\"><h3>{title}</h3><p class=\"note\">{note}</p>{}</section>",
            table.html()
        );
    }

    /// Adds HTML that is folded away under a title.
    pub fn folded(&mut self, title: &str, html: &str) {
        let title = Escaped(title);
        let _ = write!(
            self.body,
            "<details class=\"card\"><summary>{title}</summary>{html}</details>"
        );
    }

    /// Writes the whole page.
    pub fn write(self, title: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let title = Escaped(title);
        let data = json(&serde_json::json!({ "charts": self.charts, "lanes": self.lanes }));
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
        )?;
        out.write_all(self.body.as_bytes())?;
        write!(
            out,
            "\n</main>\n<div id=\"tip\" hidden></div>\n\
             <script type=\"application/json\" id=\"data\">{data}</script>\n\
             <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }
}

/// As files have it.
pub fn word_name(word: Word) -> &'static str {
    match word {
        Word::Valid => "VALID",
        Word::Degraded => "DEGRADED",
        Word::Invalid => "INVALID",
    }
}
